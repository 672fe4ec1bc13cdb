//! Uploads.

use super::*;

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
fn a_blob_is_mounted_only_from_where_the_client_may_read() {
    let server = Server::new();
    let digest = server.push_blob("secret", b"x");
    let options = RegistryOptions {
        loopback_access: Access::Bearer {
            username: "user".to_owned(),
            password: "pass".to_owned(),
            anonymous_pull: false,
        },
        ..RegistryOptions::default()
    };
    server.registry.set_options(options);
    assert_eq!(
        server
            .send("GET", "/_registry/token?scope=repository:a:pull")
            .status(),
        401
    );
    let mount = |server: &Server, scopes: &[&str]| {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let token = server.registry.tokens.bearer(scopes, NOW);
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
fn a_blob_may_be_as_long_as_the_options_say_and_no_longer() {
    let server = Server::with(|options| options.max_blob_bytes = 4);
    server.push_blob("app", b"0123");
    let digest = Digest::sha256(b"01234");
    let target = format!("/v2/app/blobs/uploads/?digest={digest}");
    let response = server.send_with("POST", &target, &[], b"01234");
    assert_eq!(refusal(&response), refused(413, "SIZE_INVALID"));

    let start = server.send("POST", "/v2/app/blobs/uploads/");
    let upload = location(&start);
    assert_eq!(
        server.send_with("PATCH", upload, &[], b"0123").status(),
        202
    );
    let response = server.send_with("PATCH", upload, &[], b"4");
    assert_eq!(refusal(&response), refused(413, "SIZE_INVALID"));
    let response = server.send_with("PUT", &format!("{upload}?digest={digest}"), &[], b"4");
    assert_eq!(refusal(&response), refused(413, "SIZE_INVALID"));
}
