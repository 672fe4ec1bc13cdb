//! The distribution API, request by request.

use http::{HeaderMap, Request};
use serde_json::Value;
use time::{Duration, OffsetDateTime, macros::datetime};

use super::*;

const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// A registry and the requests that tests send to it.
struct Server {
    shared: Shared,
    now: OffsetDateTime,
    host: &'static str,
    authorization: Option<String>,
}

impl Server {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut RegistryOptions)) -> Self {
        let mut options = RegistryOptions::default();
        change(&mut options);
        Self::on(Registry::new(options))
    }

    fn on(registry: Registry) -> Self {
        Self {
            shared: Shared {
                account: "111122223333".to_owned(),
                region: "eu-west-1".to_owned(),
                registry,
            },
            now: NOW,
            host: "127.0.0.1",
            authorization: None,
        }
    }

    fn send_with(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response<Bytes> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let origin = match self.host {
            "127.0.0.1" => "http://127.0.0.1:4570".to_owned(),
            host => format!("https://{host}"),
        };
        let call = Call {
            request: request.body(Bytes::copy_from_slice(body)).unwrap(),
            host: self.host.to_owned(),
            origin,
            now: self.now,
        };
        handle(&self.shared, &call)
    }

    fn send(&self, method: &str, target: &str) -> Response<Bytes> {
        self.send_with(method, target, &[], b"")
    }

    fn push_blob(&self, name: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::sha256(bytes);
        let target = format!("/v2/{name}/blobs/uploads/?digest={digest}");
        let response = self.send_with("POST", &target, &[], bytes);
        assert_eq!(response.status(), 201, "{response:?}");
        digest
    }

    fn put_manifest(
        &self,
        name: &str,
        reference: &str,
        media_type: &str,
        manifest: &Value,
    ) -> Response<Bytes> {
        let headers = [("Content-Type", media_type)];
        let body = manifest.to_string();
        self.send_with(
            "PUT",
            &format!("/v2/{name}/manifests/{reference}"),
            &headers,
            body.as_bytes(),
        )
    }

    /// Pushes an image and returns its digest.
    fn push_image(&self, name: &str, tag: &str) -> Digest {
        let manifest = self.image(name, tag.as_bytes());
        let response = self.put_manifest(name, tag, document::OCI_MANIFEST, &manifest);
        assert_eq!(response.status(), 201, "{response:?}");
        Digest::sha256(manifest.to_string().as_bytes())
    }

    /// The manifest of an image whose blobs are pushed.
    fn image(&self, name: &str, layer: &[u8]) -> Value {
        let config = b"{\"os\":\"linux\"}";
        serde_json::json!({
            "schemaVersion": 2,
            "mediaType": document::OCI_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": self.push_blob(name, config).to_string(),
                "size": config.len(),
            },
            "layers": [{
                "mediaType": "application/vnd.oci.image.layer.v1.tar",
                "digest": self.push_blob(name, layer).to_string(),
                "size": layer.len(),
            }],
        })
    }

    /// Pushes a signature of `subject`, and returns its manifest's digest.
    fn push_referrer(
        &self,
        name: &str,
        subject: &Digest,
        artifact_type: &str,
        number: usize,
    ) -> Digest {
        let manifest = self.referrer(name, subject, artifact_type, number);
        let digest = Digest::sha256(manifest.to_string().as_bytes());
        let response =
            self.put_manifest(name, &digest.to_string(), document::OCI_MANIFEST, &manifest);
        assert_eq!(response.status(), 201, "{response:?}");
        digest
    }

    fn referrer(&self, name: &str, subject: &Digest, artifact_type: &str, number: usize) -> Value {
        let mut manifest = self.image(name, b"envelope");
        manifest["subject"] = serde_json::json!({
            "mediaType": document::OCI_MANIFEST, "digest": subject.to_string(), "size": 1,
        });
        manifest["artifactType"] = artifact_type.into();
        manifest["annotations"] = serde_json::json!({ "number": number.to_string() });
        manifest
    }
}

fn json(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Status and code of an error answer.
fn refusal(response: &Response<Bytes>) -> (u16, String) {
    let body = json(response);
    assert!(body["errors"][0]["message"].is_string(), "{body}");
    (
        response.status().as_u16(),
        body["errors"][0]["code"].as_str().unwrap().to_owned(),
    )
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

fn location(response: &Response<Bytes>) -> &str {
    text(response.headers(), "Location")
}

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
    assert!(target.starts_with("/_blobs/sha256:"), "{target}");
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
fn redirects_of_requests_with_credentials_lead_to_another_host() {
    let mut server = Server::new();
    let digest = server.push_blob("app", b"x");
    server.authorization = Some("Basic YTpi".to_owned());
    let response = server.send("GET", &format!("/v2/app/blobs/{digest}"));
    let target = location(&response);
    assert!(
        target.starts_with("http://localhost:4570/_blobs/"),
        "{target}"
    );

    server.host = ECR;
    let password = server.shared.registry.tokens.password("eu-west-1", NOW);
    server.authorization = Some(ecr_authorization(&password));
    let response = server.send("GET", &format!("/v2/app/blobs/{digest}"));
    let bucket = "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/_blobs/";
    assert!(
        location(&response).starts_with(bucket),
        "{}",
        location(&response)
    );
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
fn blobs_are_uploaded_in_every_way_of_the_specification() {
    let server = Server::new();
    let digest = Digest::sha256(b"0123456789");
    let check = |name: &str, response: &Response<Bytes>| {
        assert_eq!(response.status(), 201, "{response:?}");
        assert_eq!(location(response), format!("/v2/{name}/blobs/{digest}"));
        assert_eq!(
            text(response.headers(), "Docker-Content-Digest"),
            digest.to_string()
        );
        assert_eq!(
            server
                .send("HEAD", &format!("/v2/{name}/blobs/{digest}"))
                .status(),
            200
        );
    };
    // POST, then PUT.
    let start = server.send("POST", "/v2/a/blobs/uploads/");
    assert_eq!(start.status(), 202);
    let response = server.send_with(
        "PUT",
        &format!("{}?digest={digest}", location(&start)),
        &[],
        b"0123456789",
    );
    check("a", &response);

    // In chunks, the last one with the PUT.
    let start = server.send("POST", "/v2/b/blobs/uploads/");
    let upload = location(&start).to_owned();
    let chunk = server.send_with("PATCH", &upload, &[("Content-Range", "0-3")], b"0123");
    assert_eq!(chunk.status(), 202);
    assert_eq!(text(chunk.headers(), "Range"), "0-3");
    let chunk = server.send_with("PATCH", &upload, &[], b"45");
    assert_eq!(text(chunk.headers(), "Range"), "0-5");
    let status = server.send("GET", &upload);
    assert_eq!(
        (status.status().as_u16(), text(status.headers(), "Range")),
        (204, "0-5")
    );
    let headers = [("Content-Range", "6-9")];
    let response = server.send_with(
        "PUT",
        &format!("{upload}?digest={digest}"),
        &headers,
        b"6789",
    );
    check("b", &response);
    assert_eq!(
        refusal(&server.send("GET", &upload)),
        refused(404, "BLOB_UPLOAD_UNKNOWN")
    );

    // Mounted; where that cannot be, an upload begins.
    let response = server.send(
        "POST",
        &format!("/v2/c/blobs/uploads/?mount={digest}&from=a"),
    );
    check("c", &response);
    let response = server.send(
        "POST",
        &format!("/v2/d/blobs/uploads/?mount={digest}&from=nowhere"),
    );
    assert_eq!(response.status(), 202);
    let response = server.send("DELETE", location(&response));
    assert_eq!(response.status(), 204);
}

#[test]
fn uploads_that_do_not_fit_are_refused() {
    let server = Server::new();
    let wrong = Digest::sha256(b"other");
    let start = server.send("POST", "/v2/a/blobs/uploads/");
    let upload = location(&start).to_owned();
    for (range, body, expected) in [
        ("1-2", "ab", refused(416, "BLOB_UPLOAD_INVALID")),
        ("0-4", "ab", refused(400, "SIZE_INVALID")),
        ("0-18446744073709551615", "ab", refused(400, "SIZE_INVALID")),
        (
            "0-99999999999999999999999",
            "ab",
            refused(400, "BLOB_UPLOAD_INVALID"),
        ),
        ("x", "ab", refused(400, "BLOB_UPLOAD_INVALID")),
        ("0--1", "ab", refused(400, "BLOB_UPLOAD_INVALID")),
    ] {
        let response = server.send_with(
            "PATCH",
            &upload,
            &[("Content-Range", range)],
            body.as_bytes(),
        );
        assert_eq!(refusal(&response), expected, "{range}");
    }
    let elsewhere = upload.replace("/v2/a/", "/v2/b/");
    assert_eq!(
        refusal(&server.send("GET", &elsewhere)),
        refused(404, "BLOB_UPLOAD_UNKNOWN")
    );
    assert_eq!(
        refusal(&server.send("PUT", &upload)),
        refused(400, "DIGEST_INVALID")
    );
    let response = server.send_with("PUT", &format!("{upload}?digest={wrong}"), &[], b"content");
    assert_eq!(refusal(&response), refused(400, "DIGEST_INVALID"));
    assert_eq!(
        server
            .send("HEAD", &format!("/v2/a/blobs/{wrong}"))
            .status(),
        404
    );
    for digest in ["", "sha256:abc", "md5:d41d8cd98f00b204e9800998ecf8427e"] {
        let response = server.send("POST", &format!("/v2/a/blobs/uploads/?digest={digest}"));
        assert_eq!(
            refusal(&response),
            refused(400, "DIGEST_INVALID"),
            "{digest}"
        );
    }
}

#[test]
fn the_oldest_of_too_many_uploads_gives_way() {
    let server = Server::new();
    let uploads: Vec<_> = (0..=state::MAX_UPLOADS)
        .map(|_| location(&server.send("POST", "/v2/a/blobs/uploads/")).to_owned())
        .collect();
    assert_eq!(
        refusal(&server.send("GET", &uploads[0])),
        refused(404, "BLOB_UPLOAD_UNKNOWN")
    );
    assert_eq!(server.send("GET", &uploads[1]).status(), 204);
    assert_eq!(
        server.send("GET", &uploads[state::MAX_UPLOADS]).status(),
        204
    );
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
fn tags_come_in_pages() {
    let server = Server::with(|options| options.page_size = 2);
    for tag in ["a", "b", "c"] {
        server.push_image("app", tag);
    }
    let first = server.send("GET", "/v2/app/tags/list");
    assert_eq!(json(&first)["tags"], serde_json::json!(["a", "b"]));
    assert_eq!(
        text(first.headers(), "Link"),
        "</v2/app/tags/list?n=2&last=b>; rel=\"next\""
    );
    let second = server.send("GET", "/v2/app/tags/list?n=2&last=b");
    assert_eq!(json(&second)["tags"], serde_json::json!(["c"]));
    assert_eq!(text(second.headers(), "Link"), "");
    assert_eq!(
        json(&server.send("GET", "/v2/app/tags/list?n=0"))["tags"],
        serde_json::json!([])
    );
    let response = server.send("GET", "/v2/app/tags/list?n=-1");
    assert_eq!(
        refusal(&response),
        refused(400, "PAGINATION_NUMBER_INVALID")
    );
}

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

#[test]
fn referrers_are_listed_in_pages_in_the_order_of_their_pushes() {
    let server = Server::with(|options| options.page_size = 2);
    let subject = server.push_image("app", "v1");
    let pushed: Vec<_> = (0..5)
        .map(|n| {
            server
                .push_referrer("app", &subject, SIGNATURE, n)
                .to_string()
        })
        .collect();
    server.push_referrer("app", &subject, "application/vnd.sbom", 9);
    let mut target = format!(
        "/v2/app/referrers/{subject}?artifactType={}",
        SIGNATURE.replace('/', "%2F")
    );
    let mut listed = Vec::new();
    for page in 0..3 {
        let response = server.send("GET", &target);
        assert_eq!(response.status(), 200);
        assert_eq!(
            text(response.headers(), "Content-Type"),
            document::OCI_INDEX
        );
        assert_eq!(
            text(response.headers(), "OCI-Filters-Applied"),
            "artifactType"
        );
        let index = json(&response);
        assert_eq!(index["schemaVersion"], 2);
        listed.extend(index["manifests"].as_array().unwrap().clone());
        let link = text(response.headers(), "Link");
        if page == 2 {
            assert_eq!(link, "");
        } else {
            target = link
                .strip_prefix('<')
                .unwrap()
                .strip_suffix(">; rel=\"next\"")
                .unwrap()
                .to_owned();
        }
    }
    let digests: Vec<_> = listed
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap())
        .collect();
    assert_eq!(digests, pushed);
    assert_eq!(listed[3]["artifactType"], SIGNATURE);
    assert_eq!(
        listed[3]["annotations"],
        serde_json::json!({ "number": "3" })
    );
    assert_eq!(listed[3]["mediaType"], document::OCI_MANIFEST);
    let size = server
        .send("GET", &format!("/v2/app/manifests/{}", pushed[3]))
        .body()
        .len();
    assert_eq!(listed[3]["size"], size);
    let bad = server.send("GET", &format!("/v2/app/referrers/{subject}?last=x"));
    assert_eq!(refusal(&bad), refused(400, "PAGINATION_NUMBER_INVALID"));
}

#[test]
fn a_page_of_referrers_is_no_longer_than_a_manifest_may_be() {
    let server = Server::new();
    let subject = server.push_image("app", "v1");
    for number in 0..3 {
        let mut manifest = server.referrer("app", &subject, SIGNATURE, number);
        manifest["annotations"]["long"] = "x".repeat(2_000_000).into();
        let response = server.put_manifest(
            "app",
            &format!("t{number}"),
            document::OCI_MANIFEST,
            &manifest,
        );
        assert_eq!(response.status(), 201);
    }
    let response = server.send("GET", &format!("/v2/app/referrers/{subject}"));
    assert_eq!(json(&response)["manifests"].as_array().unwrap().len(), 2);
    assert!(response.body().len() <= document::MAX_MANIFEST_BYTES);
    assert!(text(response.headers(), "Link").contains("last="));
}

#[test]
fn the_artifact_type_of_an_old_signature_is_its_configurations() {
    let server = Server::new();
    let subject = server.push_image("app", "v1");
    let mut manifest = server.referrer("app", &subject, SIGNATURE, 1);
    manifest.as_object_mut().unwrap().remove("artifactType");
    manifest["config"]["mediaType"] = SIGNATURE.into();
    let response = server.put_manifest("app", "old", document::OCI_MANIFEST, &manifest);
    assert_eq!(text(response.headers(), "OCI-Subject"), subject.to_string());
    let listed = json(&server.send(
        "GET",
        &format!("/v2/app/referrers/{subject}?artifactType={SIGNATURE}"),
    ));
    assert_eq!(listed["manifests"][0]["artifactType"], SIGNATURE);
}

#[test]
fn a_referrer_may_come_before_its_subject_and_nobody_has_none() {
    let server = Server::new();
    let subject = Digest::sha256(b"not pushed");
    let response = server.send("GET", &format!("/v2/app/referrers/{subject}"));
    assert_eq!(refusal(&response), refused(404, "NAME_UNKNOWN"));
    server.push_image("app", "v1");
    let none = server.send("GET", &format!("/v2/app/referrers/{subject}"));
    assert_eq!(none.status(), 200);
    assert_eq!(json(&none)["manifests"], serde_json::json!([]));
    assert_eq!(text(none.headers(), "OCI-Filters-Applied"), "");
    server.push_referrer("app", &subject, SIGNATURE, 1);
    let listed = json(&server.send("GET", &format!("/v2/app/referrers/{subject}")));
    assert_eq!(listed["manifests"].as_array().unwrap().len(), 1);
}

#[test]
fn the_referrers_api_can_be_without_filter_or_absent() {
    let server = Server::with(|options| options.referrers = ReferrersApi::Unfiltered);
    let subject = server.push_image("app", "v1");
    server.push_referrer("app", &subject, "application/vnd.sbom", 1);
    let target = format!("/v2/app/referrers/{subject}?artifactType={SIGNATURE}");
    let response = server.send("GET", &target);
    assert_eq!(json(&response)["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(text(response.headers(), "OCI-Filters-Applied"), "");

    let mut absent = RegistryOptions::default();
    absent.referrers = ReferrersApi::Absent;
    server.shared.registry.set_options(absent);
    let response = server.send("GET", &target);
    assert_eq!(response.status(), 404);
    assert_eq!(response.body(), "404 page not found\n");
    assert_eq!(
        text(response.headers(), "Content-Type"),
        "text/plain; charset=utf-8"
    );
    let manifest = server.referrer("app", &subject, SIGNATURE, 2);
    let response = server.put_manifest("app", "x", document::OCI_MANIFEST, &manifest);
    assert_eq!(response.status(), 201);
    assert_eq!(text(response.headers(), "OCI-Subject"), "");
}

#[test]
fn immutable_tags_stay_where_they_are() {
    let server = Server::new();
    let first = server.push_image("app", "v1");
    let key = RepositoryKey::new(&id(), "app");
    server
        .shared
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

fn id() -> RegistryId {
    RegistryId {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
    }
}

fn ecr_authorization(password: &str) -> String {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("AWS:{password}"));
    format!("Basic {encoded}")
}

#[test]
fn an_ecr_host_wants_its_token_and_an_existing_repository() {
    let mut server = Server {
        host: ECR,
        ..Server::new()
    };
    let response = server.send("GET", "/v2/");
    assert_eq!(response.status(), 401);
    assert_eq!(response.body(), "Not Authorized\n");
    let challenge = format!("Basic realm=\"https://{ECR}/\",service=\"ecr.amazonaws.com\"");
    assert_eq!(text(response.headers(), "WWW-Authenticate"), challenge);
    for wrong in ["Basic QVdTOng=", "Bearer x", "Basic !", "Basic"] {
        server.authorization = Some(wrong.to_owned());
        assert_eq!(server.send("GET", "/v2/").status(), 401, "{wrong}");
    }
    let password = server.shared.registry.tokens.password("eu-west-1", NOW);
    server.authorization = Some(ecr_authorization(&password));
    assert_eq!(server.send("GET", "/v2/").status(), 200);
    let response = server.send("POST", "/v2/app/blobs/uploads/");
    assert_eq!(refusal(&response), refused(404, "NAME_UNKNOWN"));
    let message =
        "The repository with name 'app' does not exist in the registry with id '111122223333'";
    assert_eq!(json(&response)["errors"][0]["message"], message);
    server.host = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    assert_eq!(server.send("GET", "/v2/").status(), 401);
    server.host = ECR;
    server.now = NOW + Duration::hours(12);
    let response = server.send("GET", "/v2/");
    assert_eq!(refusal(&response), refused(403, "DENIED"));
}

#[test]
fn the_loopback_registry_is_the_default_accounts() {
    let mut server = Server::new();
    server.push_image("app", "v1");
    server.host = ECR;
    let password = server.shared.registry.tokens.password("eu-west-1", NOW);
    server.authorization = Some(ecr_authorization(&password));
    assert_eq!(server.send("GET", "/v2/app/manifests/v1").status(), 200);
    server.host = "444455556666.dkr.ecr.eu-west-1.amazonaws.com";
    let response = server.send("GET", "/v2/app/manifests/v1");
    assert_eq!(refusal(&response), refused(404, "NAME_UNKNOWN"));
}

#[test]
fn basic_takes_one_user() {
    let mut server = Server::with(|options| {
        options.loopback_access = Access::Basic {
            username: "user".to_owned(),
            password: "pass:word".to_owned(),
        };
    });
    let response = server.send("GET", "/v2/");
    assert_eq!(refusal(&response), refused(401, "UNAUTHORIZED"));
    assert_eq!(
        text(response.headers(), "WWW-Authenticate"),
        "Basic realm=\"countersign-emulator\""
    );
    server.authorization = Some("Basic dXNlcjpwYXNzOndvcmQ=".to_owned());
    assert_eq!(server.send("GET", "/v2/").status(), 200);
    server.authorization = Some("Basic dXNlcjpwYXNz".to_owned());
    assert_eq!(server.send("GET", "/v2/").status(), 401);
}

#[test]
fn bearer_tokens_allow_what_they_were_asked_for() {
    let mut server = Server::with(|options| {
        options.loopback_access = Access::Bearer {
            username: "user".to_owned(),
            password: "pass".to_owned(),
            anonymous_pull: true,
        };
    });
    let response = server.send("PUT", "/v2/app/manifests/v1");
    let challenge = "Bearer realm=\"http://127.0.0.1:4570/_token\",service=\"countersign-emulator\",\
                     scope=\"repository:app:pull,push\"";
    assert_eq!(text(response.headers(), "WWW-Authenticate"), challenge);
    let token = |server: &Server, scope: &str| {
        let response = server.send("GET", &format!("/_token?service=x&scope={scope}"));
        assert_eq!(response.status(), 200);
        Some(format!(
            "Bearer {}",
            json(&response)["token"].as_str().unwrap()
        ))
    };
    // Nobody in particular may read, whatever was asked for.
    server.authorization = token(&server, "repository:app:pull,push");
    assert_eq!(server.send("GET", "/v2/app/tags/list").status(), 404);
    let response = server.send("POST", "/v2/app/blobs/uploads/");
    assert_eq!(response.status(), 401);
    assert!(
        text(response.headers(), "WWW-Authenticate").ends_with(",error=\"insufficient_scope\"")
    );
    // The user may do what the token is for, on the repository that it is for.
    server.authorization = Some("Basic dXNlcjpwYXNz".to_owned());
    let granted = token(&server, "repository:app:pull,push+repository:other:pull");
    server.authorization = Some("Basic dXNlcjp3cm9uZw==".to_owned());
    assert_eq!(server.send("GET", "/_token").status(), 401);
    server.authorization = granted;
    server.push_image("app", "v1");
    assert_eq!(
        server.send("POST", "/v2/other/blobs/uploads/").status(),
        401
    );
    assert_eq!(server.send("GET", "/v2/third/tags/list").status(), 401);
    server.now = NOW + Duration::minutes(5);
    let response = server.send("GET", "/v2/app/tags/list");
    assert!(text(response.headers(), "WWW-Authenticate").ends_with(",error=\"invalid_token\""));
}

#[test]
fn a_blob_is_mounted_only_from_where_the_client_may_read() {
    let mut server = Server::new();
    let digest = server.push_blob("secret", b"x");
    let mut options = RegistryOptions::default();
    options.loopback_access = Access::Bearer {
        username: "user".to_owned(),
        password: "pass".to_owned(),
        anonymous_pull: false,
    };
    server.shared.registry.set_options(options);
    assert_eq!(
        server
            .send("GET", "/_token?scope=repository:a:pull")
            .status(),
        401
    );
    let mount = |server: &Server, scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let token = server.shared.registry.tokens.bearer(scopes, NOW);
        let headers = [("Authorization", &*format!("Bearer {token}"))];
        server
            .send_with(
                "POST",
                &format!("/v2/a/blobs/uploads/?mount={digest}&from=secret"),
                &headers,
                b"",
            )
            .status()
    };
    assert_eq!(mount(&server, &["repository:a:pull,push"]), 202);
    assert_eq!(
        mount(
            &server,
            &["repository:a:pull,push", "repository:secret:pull"]
        ),
        201
    );
}

#[test]
fn everything_is_there_after_a_restart() {
    let directory = std::env::temp_dir().join(format!("countersign-registry-{}", random_id()));
    let open = || Registry::open(RegistryOptions::default(), &directory);
    let server = Server::on(open().unwrap());
    let subject = server.push_image("app", "v1");
    let pushed: Vec<_> = (0..3)
        .map(|n| {
            server
                .push_referrer("app", &subject, SIGNATURE, n)
                .to_string()
        })
        .collect();
    let server = Server::on(open().unwrap());
    let response = server.send("GET", "/v2/app/manifests/v1");
    assert!(subject.matches(response.body()));
    let listed = json(&server.send("GET", &format!("/v2/app/referrers/{subject}")));
    let digests = listed["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap());
    assert!(digests.eq(pushed.iter().map(String::as_str)));
    let blob = Digest::sha256(b"v1");
    let response = server.send("GET", &format!("/v2/app/blobs/{blob}"));
    assert_eq!(server.send("GET", location(&response)).body(), "v1");

    std::fs::write(directory.join("content/sha256").join(blob.hex()), "v2").unwrap();
    assert!(matches!(open(), Err(DiskError::Damaged { .. })));
    std::fs::write(directory.join("index.json"), "{}").unwrap();
    assert!(matches!(open(), Err(DiskError::Index { .. })));
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn test_images_are_real_images() {
    let server = Server::new();
    let registry = &server.shared.registry;
    let digest = registry
        .push_test_image(&id(), "app", "v1", TestImage::OnePlatform, NOW)
        .unwrap();
    let again = registry
        .push_test_image(&id(), "app", "v1", TestImage::OnePlatform, NOW)
        .unwrap();
    assert_eq!(digest, again);
    let response = server.send("GET", "/v2/app/manifests/v1");
    assert_eq!(text(response.headers(), "Docker-Content-Digest"), digest);
    let layer = json(&response)["layers"][0]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    let response = server.send("GET", &format!("/v2/app/blobs/{layer}"));
    let archive = server.send("GET", location(&response)).into_body();
    assert_eq!(archive.len() % 512, 0);
    assert_eq!(archive.slice(512..525), "amd64 app:v1\n");

    registry
        .push_test_image(&id(), "app", "multi", TestImage::TwoPlatforms, NOW)
        .unwrap();
    let index = json(&server.send("GET", "/v2/app/manifests/multi"));
    assert_eq!(index["manifests"][1]["platform"]["architecture"], "arm64");
    // What was put there is what a client could push.
    let response = server.put_manifest("app", "copy", document::OCI_INDEX, &index);
    assert_eq!(response.status(), 201);

    let elsewhere = "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/app";
    registry
        .push_test_image(&id(), elsewhere, "v1", TestImage::OnePlatform, NOW)
        .unwrap();
    let key = RegistryId {
        region: "cn-north-1".to_owned(),
        ..id()
    };
    assert!(
        registry
            .state()
            .repository(&RepositoryKey::new(&key, "app"))
            .is_ok()
    );
    let error = registry
        .push_test_image(&id(), "UPPER", "v1", TestImage::OnePlatform, NOW)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot push the test image `UPPER:v1`: not a repository name, or not a tag"
    );
}

#[test]
fn calls_have_names() {
    let name = |method: &str, target: &str| {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .body(Bytes::new())
            .unwrap();
        operation(&Call {
            request,
            host: String::new(),
            origin: String::new(),
            now: NOW,
        })
    };
    assert_eq!(
        name("HEAD", "/v2/a/b/manifests/latest"),
        "registry:HeadManifest"
    );
    assert_eq!(
        name("POST", "/v2/a/blobs/uploads/?digest=x"),
        "registry:StartUpload"
    );
    assert_eq!(name("GET", "/_blobs/sha256:ab?x=y"), "registry:GetLayer");
    assert_eq!(name("GET", "/v2/_catalog"), "registry:Unknown");
    assert!(serves("/v2/") && serves("/_token") && serves("/_blobs/x") && !serves("/v20/"));
}
