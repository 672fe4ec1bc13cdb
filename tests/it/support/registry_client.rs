//! A bare client for the emulator's registry: what a user with push access can do to it.

use serde_json::{Value, json};

use countersign::oci::{Digest, sha256_digest};

/// One repository at `http://localhost:PORT/v2/NAME`.
pub(crate) struct RepositoryClient {
    base: String,
}

impl RepositoryClient {
    /// For `localhost:PORT/NAME`.
    pub(crate) fn new(repository: &str) -> Self {
        let (host, name) = repository.split_once('/').unwrap();
        Self {
            base: format!("http://{host}/v2/{name}"),
        }
    }

    pub(crate) fn manifest(&self, reference: &str) -> Value {
        serde_json::from_slice(&self.manifest_bytes(reference)).unwrap()
    }

    pub(crate) fn manifest_bytes(&self, reference: &str) -> Vec<u8> {
        self.get(&format!("manifests/{reference}"))
    }

    /// The tags, sorted.
    pub(crate) fn tags(&self) -> Vec<String> {
        let list: Value = serde_json::from_slice(&self.get("tags/list")).unwrap();
        let tags = list["tags"].as_array().unwrap();
        let mut tags: Vec<String> = tags
            .iter()
            .map(|tag| tag.as_str().unwrap().to_owned())
            .collect();
        tags.sort();
        tags
    }

    pub(crate) fn blob(&self, digest: &str) -> Vec<u8> {
        self.get(&format!("blobs/{digest}"))
    }

    /// The envelope of a signature manifest.
    pub(crate) fn envelope(&self, signature: &str) -> Vec<u8> {
        let manifest = self.manifest(signature);
        self.blob(manifest["layers"][0]["digest"].as_str().unwrap())
    }

    /// The referrers of a digest, as the registry lists them.
    pub(crate) fn referrers(&self, digest: &str) -> Value {
        serde_json::from_slice(&self.get(&format!("referrers/{digest}"))).unwrap()
    }

    pub(crate) fn push_blob(&self, content: &[u8]) -> Digest {
        let digest = sha256_digest(content);
        let start = send(
            reqwest::Method::POST,
            &format!("{}/blobs/uploads/", self.base),
            &[],
            "",
        );
        let location = start.headers()["location"].to_str().unwrap().to_owned();
        let separator = if location.contains('?') { '&' } else { '?' };
        let mut url = format!("{location}{separator}digest={digest}");
        if url.starts_with('/') {
            let origin = self.base.split("/v2/").next().unwrap();
            url = format!("{origin}{url}");
        }
        send(
            reqwest::Method::PUT,
            &url,
            content,
            "application/octet-stream",
        );
        digest
    }

    pub(crate) fn put_manifest(&self, reference: &str, manifest: &Value) -> Digest {
        self.put_manifest_bytes(reference, manifest.to_string().as_bytes())
    }

    pub(crate) fn put_manifest_bytes(&self, reference: &str, bytes: &[u8]) -> Digest {
        let manifest: Value = serde_json::from_slice(bytes).unwrap();
        let media_type = manifest["mediaType"].as_str().unwrap();
        let url = format!("{}/manifests/{reference}", self.base);
        send(reqwest::Method::PUT, &url, bytes, media_type);
        sha256_digest(bytes)
    }

    /// Files `envelope` as a signature of the artifact with this digest; gives the manifest's digest.
    pub(crate) fn push_signature(
        &self,
        subject: &str,
        media_type: &str,
        envelope: &[u8],
    ) -> Digest {
        let artifact = self.get(&format!("manifests/{subject}"));
        let config = self.push_blob(b"{}");
        let layer = self.push_blob(envelope);
        let subject_type: Value = serde_json::from_slice(&artifact).unwrap();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "artifactType": "application/vnd.cncf.notary.signature",
            "config": { "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2 },
            "layers": [ { "mediaType": media_type, "digest": layer, "size": envelope.len() } ],
            "subject": {
                "mediaType": subject_type["mediaType"],
                "digest": sha256_digest(&artifact),
                "size": artifact.len(),
            },
        });
        let digest = sha256_digest(manifest.to_string().as_bytes());
        self.put_manifest(digest.as_ref(), &manifest)
    }

    /// Takes a manifest away.
    pub(crate) fn delete(&self, digest: &str) {
        let url = format!("{}/manifests/{digest}", self.base);
        send(reqwest::Method::DELETE, &url, &[], "");
    }

    fn get(&self, path: &str) -> Vec<u8> {
        let url = format!("{}/{path}", self.base);
        block_on(async move {
            let response = client()
                .get(url)
                .send()
                .await
                .unwrap()
                .error_for_status()
                .unwrap();
            #[expect(
                clippy::disallowed_methods,
                reason = "the emulator's own small answers"
            )]
            response.bytes().await.unwrap().to_vec()
        })
    }
}

/// Sends one request, which must succeed.
pub(crate) fn send(
    method: reqwest::Method,
    url: &str,
    body: &[u8],
    media_type: &str,
) -> reqwest::Response {
    let request = client()
        .request(method, url)
        .header("content-type", media_type)
        .body(body.to_vec());
    block_on(async move { request.send().await.unwrap().error_for_status().unwrap() })
}

fn client() -> reqwest::Client {
    // Roots are not needed on loopback, and loading the system's costs time.
    reqwest::Client::builder()
        .tls_certs_only([])
        .no_proxy()
        .timeout(super::waiting::LIMIT)
        .build()
        .unwrap()
}

fn block_on<T: Send>(future: impl Future<Output = T> + Send) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
