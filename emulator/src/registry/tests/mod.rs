//! The distribution API, request by request.

use http::{HeaderMap, Request};
use serde_json::Value;
use time::{Duration, OffsetDateTime, macros::datetime};

use super::*;

mod access;
mod content;
mod lists;
mod uploads;

const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);
const ECR: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";

/// A registry and the requests that tests send to it.
struct Server {
    registry: Registry,
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
        Self::on(Registry::open(options, None).unwrap())
    }

    fn on(registry: Registry) -> Self {
        Self {
            registry,
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
        self.registry.handle(id(), &call)
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

const SIGNATURE: &str = "application/vnd.cncf.notary.signature";

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
fn everything_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let open = || Registry::open(RegistryOptions::default(), Some(directory));
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

    std::fs::write(
        directory.join("registry/content/sha256").join(blob.hex()),
        "v2",
    )
    .unwrap();
    assert!(matches!(
        open(),
        Err(Error::Registry(DiskError::Damaged { .. }))
    ));
    std::fs::write(directory.join("registry/index.json"), "{}").unwrap();
    assert!(matches!(
        open(),
        Err(Error::Registry(DiskError::Index { .. }))
    ));
}

#[test]
fn test_images_are_real_images() {
    let server = Server::new();
    let registry = &server.registry;
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
    assert_eq!(
        name("GET", "/_registry/blobs/sha256:ab?x=y"),
        "registry:GetLayer"
    );
    assert_eq!(name("GET", "/v2/_catalog"), "registry:Unknown");
}
