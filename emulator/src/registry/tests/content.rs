//! Manifests and blobs: push, pull, delete.

use super::*;

#[test]
fn an_image_is_pushed_and_pulled() {
    let server = Server::new();
    assert_eq!(server.send("GET", "/v2/").status(), 200);
    let digest = server.push_image("team/app", "v1");
    for method in ["GET", "HEAD"] {
        for reference in [
            "v1".to_owned(),
            digest.to_string(),
            digest.to_string().replace(':', "%3A"),
        ] {
            let response = server.send(method, &format!("/v2/team/app/manifests/{reference}"));
            assert_eq!(response.status(), 200);
            assert_eq!(
                text(response.headers(), "Content-Type"),
                document::OCI_MANIFEST
            );
            assert_eq!(
                text(response.headers(), "Docker-Content-Digest"),
                digest.to_string()
            );
            assert!(digest.matches(response.body()));
        }
    }
    let tags = json(&server.send("GET", "/v2/team/app/tags/list"));
    assert_eq!(
        tags,
        serde_json::json!({ "name": "team/app", "tags": ["v1"] })
    );
}

#[test]
fn a_blob_is_redirected_to_an_address_without_credentials() {
    let server = Server::new();
    let digest = server.push_blob("app", b"0123456789");
    let head = server.send("HEAD", &format!("/v2/app/blobs/{digest}"));
    assert_eq!((head.status().as_u16(), head.body().len()), (200, 10));
    let response = server.send("GET", &format!("/v2/app/blobs/{digest}"));
    assert_eq!(response.status(), 307);
    assert!(response.body().is_empty());
    let target = location(&response);
    assert!(target.starts_with("/_registry/blobs/sha256:"), "{target}");
    assert_eq!(server.send("GET", target).body().as_ref(), b"0123456789");

    let leaked = server.send_with("GET", target, &[("Authorization", "Basic QVdTOng=")], b"");
    assert_eq!(leaked.status(), 400);
    assert!(String::from_utf8_lossy(leaked.body()).contains("Only one auth mechanism allowed"));
    let forged = target.replace("signature=", "signature=0");
    assert_eq!(server.send("GET", &forged).status(), 403);
    let other = target.replace(digest.hex(), Digest::sha256(b"x").hex());
    assert_eq!(server.send("GET", &other).status(), 403);
    assert_eq!(server.send("POST", target).status(), 405);
    let later = Server {
        now: NOW + Duration::hours(1),
        ..server
    };
    let expired = later.send("GET", target);
    assert_eq!(expired.status(), 403);
    assert!(String::from_utf8_lossy(expired.body()).contains("Request has expired"));
}

#[test]
fn blobs_are_delivered_at_once_and_in_parts_where_options_say_so() {
    let server = Server::with(|options| options.blobs = BlobDelivery::Direct);
    let digest = server.push_blob("app", b"0123456789");
    let target = format!("/v2/app/blobs/{digest}");
    assert_eq!(server.send("GET", &target).body().as_ref(), b"0123456789");
    for (range, status, body, content_range) in [
        ("bytes=2-4", 206, "234", "bytes 2-4/10"),
        ("bytes=8-", 206, "89", "bytes 8-9/10"),
        ("bytes=8-99999999999999999999", 200, "0123456789", ""),
        ("bytes=10-", 416, "", "bytes */10"),
        ("bytes=5-4", 416, "", "bytes */10"),
        ("bytes=-3", 200, "0123456789", ""),
        ("lines=1-2", 200, "0123456789", ""),
    ] {
        let response = server.send_with("GET", &target, &[("Range", range)], b"");
        assert_eq!(response.status(), status, "{range}");
        assert_eq!(response.body(), body, "{range}");
        assert_eq!(
            text(response.headers(), "Content-Range"),
            content_range,
            "{range}"
        );
    }
}

#[test]
fn manifests_that_do_not_fit_are_refused() {
    let server = Server::new();
    let good = server.image("app", b"layer");
    let put = |change: &dyn Fn(&mut Value)| {
        let mut manifest = good.clone();
        change(&mut manifest);
        refusal(&server.put_manifest("app", "v1", document::OCI_MANIFEST, &manifest))
    };
    let missing = Digest::sha256(b"missing").to_string();
    let invalid = refused(400, "MANIFEST_INVALID");
    assert_eq!(put(&|m| m["schemaVersion"] = 1.into()), invalid);
    assert_eq!(
        put(&|m| m["mediaType"] = document::OCI_INDEX.into()),
        invalid
    );
    assert_eq!(put(&|m| m["layers"] = Value::Null), invalid);
    assert_eq!(put(&|m| m["manifests"] = serde_json::json!([])), invalid);
    assert_eq!(
        put(&|m| m["config"]["digest"] = "sha256:AB".into()),
        invalid
    );
    assert_eq!(put(&|m| m["config"]["size"] = (-1).into()), invalid);
    assert_eq!(put(&|m| m["config"]["mediaType"] = "".into()), invalid);
    assert_eq!(
        put(&|m| m["subject"] = serde_json::json!({ "digest": missing })),
        invalid
    );
    assert_eq!(
        put(&|m| m["annotations"] = serde_json::json!({ "a": 1 })),
        invalid
    );
    assert_eq!(
        put(&|m| m["config"]["size"] = 3.into()),
        refused(400, "SIZE_INVALID")
    );
    assert_eq!(
        put(&|m| m["layers"][0]["digest"] = missing.as_str().into()),
        refused(400, "MANIFEST_BLOB_UNKNOWN")
    );

    let target = "/v2/app/manifests/v1";
    for body in [&b""[..], b"[]", b"null", b"{", b"\xff"] {
        let headers = [("Content-Type", document::OCI_MANIFEST)];
        assert_eq!(
            refusal(&server.send_with("PUT", target, &headers, body)),
            invalid
        );
    }
    let headers = [("Content-Type", "text/plain")];
    assert_eq!(
        refusal(&server.send_with("PUT", target, &headers, b"{\"schemaVersion\":2}")),
        invalid
    );
    assert_eq!(
        refusal(&server.send("GET", target)),
        refused(404, "MANIFEST_UNKNOWN")
    );

    let wrong = server.put_manifest("app", &missing, document::OCI_MANIFEST, &good);
    assert_eq!(refusal(&wrong), refused(400, "DIGEST_INVALID"));
    let index = serde_json::json!({
        "schemaVersion": 2,
        "manifests": [{ "mediaType": document::OCI_MANIFEST, "digest": missing, "size": 1 }],
    });
    let response = server.put_manifest("app", "v1", document::OCI_INDEX, &index);
    assert_eq!(refusal(&response), refused(400, "MANIFEST_BLOB_UNKNOWN"));
}

#[test]
fn a_manifest_may_have_four_mebibytes_and_no_more() {
    let server = Server::new();
    let put = |bytes: usize| {
        let mut manifest = server.image("app", b"layer").to_string();
        manifest.push_str(&" ".repeat(bytes - manifest.len()));
        server.send_with("PUT", "/v2/app/manifests/v1", &[], manifest.as_bytes())
    };
    assert_eq!(put(document::MAX_MANIFEST_BYTES).status(), 201);
    let response = put(document::MAX_MANIFEST_BYTES + 1);
    assert_eq!(refusal(&response), refused(413, "SIZE_INVALID"));
}

#[test]
fn names_tags_and_digests_are_judged() {
    let server = Server::new();
    let long = "a".repeat(300);
    for name in ["UPPER", "a..b", "a%2Fb%00", "..", long.as_str()] {
        let response = server.send("GET", &format!("/v2/{name}/tags/list"));
        assert_eq!(refusal(&response), refused(400, "NAME_INVALID"), "{name}");
    }
    let manifest = server.image("app", b"layer");
    for tag in ["-a", "a%20b", "a%2Fb", &"t".repeat(129)] {
        let response = server.put_manifest("app", tag, document::OCI_MANIFEST, &manifest);
        assert_eq!(refusal(&response), refused(400, "TAG_INVALID"), "{tag}");
    }
    for digest in ["sha256:abc", "latest", "sha256:%00"] {
        let response = server.send("GET", &format!("/v2/app/blobs/{digest}"));
        assert_eq!(
            refusal(&response),
            refused(400, "DIGEST_INVALID"),
            "{digest}"
        );
        let response = server.send("GET", &format!("/v2/app/referrers/{digest}"));
        assert_eq!(
            refusal(&response),
            refused(400, "DIGEST_INVALID"),
            "{digest}"
        );
    }
    assert_eq!(
        refusal(&server.send("GET", "/v2/none/tags/list")),
        refused(404, "NAME_UNKNOWN")
    );
    assert_eq!(
        refusal(&server.send("GET", "/v2/app/manifests/none")),
        refused(404, "MANIFEST_UNKNOWN")
    );
    assert_eq!(
        refusal(&server.send("GET", "/v2/_catalog")),
        refused(404, "UNSUPPORTED")
    );
    assert_eq!(
        refusal(&server.send("POST", "/v2/app/tags/list")),
        refused(405, "UNSUPPORTED")
    );
}

#[test]
fn manifests_and_blobs_are_deleted() {
    let server = Server::new();
    let digest = server.push_image("app", "v1");
    server.put_manifest(
        "app",
        "v2",
        document::OCI_MANIFEST,
        &server.image("app", b"v1"),
    );
    assert_eq!(server.send("DELETE", "/v2/app/manifests/v2").status(), 202);
    assert_eq!(
        server
            .send("GET", &format!("/v2/app/manifests/{digest}"))
            .status(),
        200
    );
    assert_eq!(
        server
            .send("DELETE", &format!("/v2/app/manifests/{digest}"))
            .status(),
        202
    );
    assert_eq!(server.send("GET", "/v2/app/manifests/v1").status(), 404);
    let again = server.send("DELETE", &format!("/v2/app/manifests/{digest}"));
    assert_eq!(refusal(&again), refused(404, "MANIFEST_UNKNOWN"));
    let blob = Digest::sha256(b"v1");
    assert_eq!(
        server
            .send("DELETE", &format!("/v2/app/blobs/{blob}"))
            .status(),
        202
    );
    assert_eq!(
        refusal(&server.send("GET", &format!("/v2/app/blobs/{blob}"))),
        refused(404, "BLOB_UNKNOWN")
    );
}

#[test]
fn immutable_tags_stay_where_they_are() {
    let server = Server::new();
    let first = server.push_image("app", "v1");
    let key = RepositoryKey::new(&id(), "app");
    server
        .registry
        .state()
        .repository_mut(&key)
        .unwrap()
        .mutability = TagMutability {
        is_immutable: true,
        exclusions: vec!["sha256-*".to_owned()],
    };
    let other = server.image("app", b"other");
    let response = server.put_manifest("app", "v1", document::OCI_MANIFEST, &other);
    assert_eq!(refusal(&response), refused(400, "TAG_INVALID"));
    let message = "The image tag 'v1' already exists in the 'app' repository and cannot be overwritten because the tag is immutable.";
    assert_eq!(json(&response)["errors"][0]["message"], message);
    assert_eq!(server.push_image("app", "v1"), first);
    server.push_image("app", "sha256-ab");
    let response = server.put_manifest("app", "sha256-ab", document::OCI_MANIFEST, &other);
    assert_eq!(response.status(), 201);
}
