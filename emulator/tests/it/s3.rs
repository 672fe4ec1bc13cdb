//! Amazon S3: where buckets are, and which versions they keep.

use countersign_emulator::Emulator;
use serde_json::Value;

use crate::support::*;

const ENABLED: &[u8] =
    b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
const SUSPENDED: &[u8] =
    b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";

fn client(emulator: &Emulator, region: &str) -> Client {
    Client {
        service: "s3",
        ..Client::of(emulator).in_region(region)
    }
}

async fn put(client: &Client, path: &str, body: &[u8]) -> Answer {
    client.send_bytes("PUT", path, body).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer
        .headers
        .get(name)
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_bucket_is_in_one_region() {
    let emulator = start();
    let (first, other) = (
        client(&emulator, "us-east-1"),
        client(&emulator, "eu-west-1"),
    );
    assert_eq!(put(&first, "/here", b"").await.status, 200);
    let body = b"<CreateBucketConfiguration><LocationConstraint>eu-west-1</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(put(&other, "/there", body).await.status, 200);
    // Another region is named, or none.
    let constrained = put(&other, "/nowhere", b"").await;
    assert!(constrained.status == 400 && constrained.text().contains("IllegalLocationConstraint"));
    for (asking, bucket, region) in [
        (&first, "there", "eu-west-1"),
        (&other, "here", "us-east-1"),
    ] {
        let answer = asking.get(&format!("/{bucket}?versioning")).await;
        assert_eq!(answer.status, 301);
        assert_eq!(header(&answer, "x-amz-bucket-region"), Some(region));
        assert!(answer.text().contains("<Code>PermanentRedirect</Code>"));
    }
    let head = other.send("HEAD", "/there", &Value::Null).await;
    assert_eq!(
        (head.status, header(&head, "x-amz-bucket-region")),
        (200, Some("eu-west-1"))
    );
    let location = first.get("/there?location").await;
    assert!(location.text().contains(">eu-west-1</LocationConstraint>"));
    let unknown = first.get("/unknown?versioning").await;
    assert!(unknown.status == 404 && unknown.text().contains("NoSuchBucket"));
}

#[tokio::test]
async fn versions_are_kept_while_versioning_is_enabled() {
    let emulator = start();
    let s3 = client(&emulator, "us-east-1");
    put(&s3, "/zips", b"").await;
    let versioning = || s3.get("/zips?versioning");
    assert!(!versioning().await.text().contains("Status"));
    let never = put(&s3, "/zips/a", b"never").await;
    assert_eq!(header(&never, "x-amz-version-id"), None);

    put(&s3, "/zips?versioning", ENABLED).await;
    assert!(
        versioning()
            .await
            .text()
            .contains("<Status>Enabled</Status>")
    );
    let enabled = put(&s3, "/zips/a", b"enabled").await;
    let version = header(&enabled, "x-amz-version-id").unwrap().to_owned();
    put(&s3, "/zips?versioning", SUSPENDED).await;
    assert!(
        versioning()
            .await
            .text()
            .contains("<Status>Suspended</Status>")
    );
    put(&s3, "/zips/a", b"suspended").await;

    for (path, text) in [
        ("/zips/a".to_owned(), "suspended"),
        (format!("/zips/a?versionId={version}"), "enabled"),
        // The one without a version was replaced by the last.
        ("/zips/a?versionId=null".to_owned(), "suspended"),
    ] {
        assert_eq!(s3.get(&path).await.text(), text, "{path}");
    }
    let unknown = s3.get("/zips/a?versionId=unknown").await;
    assert!(unknown.status == 404 && unknown.text().contains("NoSuchVersion"));
    assert_eq!(put(&s3, "/zips?versioning", b"<x/>").await.status, 400);
}
