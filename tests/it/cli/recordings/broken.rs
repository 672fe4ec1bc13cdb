//! `<registry:broken>`: answers errors; the repository's name says which.

use serde_json::json;

use super::fixtures::{IMAGE_INDEX, digest_of};
use crate::support::hostile::{Reply, Seen};
use crate::support::layout;

const EMPTY_INDEX: &str =
    r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;

fn denied(message: &str) -> Reply {
    let error = json!({"errors": [{"code": "DENIED", "message": message}]});
    Reply::status(403).body(error.to_string())
}

pub(super) fn answer(seen: &Seen) -> Reply {
    let path = seen.path();
    let image = || {
        Reply::ok(layout::IMAGE_MANIFEST, layout::image("v1"))
            .header("Docker-Content-Digest", &digest_of("v1"))
    };
    let is_referrers = path.contains("/referrers/");
    match path.split('/').nth(2).unwrap_or_default() {
        "denied" => Reply::status(403),
        "referrersdenied" if is_referrers => denied("referrers are denied"),
        "referrersjunk" if is_referrers => Reply::ok(IMAGE_INDEX, r#"{"manifests":"x"}"#),
        "pushdenied" | "manifestdenied" | "plain" if is_referrers => {
            Reply::ok(IMAGE_INDEX, EMPTY_INDEX)
        }
        "pushdenied" if seen.method == "POST" => denied("pushes are denied"),
        "manifestdenied" if seen.method == "POST" => {
            Reply::status(202).header("Location", "/v2/manifestdenied/blobs/uploads/1")
        }
        "manifestdenied" if path.contains("/blobs/") => Reply::status(201),
        "manifestdenied" if seen.method == "PUT" => denied("manifest pushes are denied"),
        "plain" | "noreferrers" if path.ends_with(&digest_of("v1")) && !is_referrers => image(),
        "limited" => Reply::status(429).header("Retry-After", "0"),
        "failing" => Reply::status(500),
        "html" => Reply::ok("text/html", "<html></html>"),
        "lying" => Reply::ok(layout::IMAGE_MANIFEST, layout::image("v2"))
            .header("Docker-Content-Digest", &digest_of("v2")),
        "pushdenied" | "manifestdenied" | "referrersdenied" | "referrersjunk"
            if path.ends_with(&digest_of("v1")) =>
        {
            image()
        }
        _ => Reply::status(404),
    }
}
