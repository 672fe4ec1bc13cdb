//! OCI image layouts on disk.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use countersign::oci::{Digest, sha256_digest};

pub(crate) const IMAGE_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Copies the directory `from` into `to`, which is there.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::write(&target, fs::read(entry.path()).unwrap()).unwrap();
        }
    }
}

/// Makes a layout at `path` with images under these tags; gives their digests.
pub(crate) fn make(path: &Path, tags: &[&str]) -> Vec<Digest> {
    let blobs = path.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    fs::write(path.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let mut entries = Vec::new();
    let mut digests = Vec::new();
    for tag in tags {
        let manifest = image(tag);
        let digest = sha256_digest(manifest.as_bytes());
        let hex = digest.as_ref().strip_prefix("sha256:").unwrap().to_owned();
        fs::write(blobs.join(hex), &manifest).unwrap();
        entries.push(json!({
            "mediaType": IMAGE_MANIFEST,
            "digest": digest,
            "size": manifest.len(),
            "annotations": { "org.opencontainers.image.ref.name": tag },
        }));
        digests.push(digest);
    }
    let index = json!({ "schemaVersion": 2, "manifests": entries });
    fs::write(path.join("index.json"), index.to_string()).unwrap();
    digests
}

/// The layout's index.
pub(crate) fn index(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path.join("index.json")).unwrap()).unwrap()
}

/// An image manifest of 410 bytes, another for each name.
pub(crate) fn image(name: &str) -> String {
    let with = |padding: usize| {
        json!({
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": sha256_digest(b"{}"),
                "size": 2,
            },
            "layers": [],
            "annotations": { "name": name, "padding": "x".repeat(padding) },
        })
        .to_string()
    };
    let manifest = with(410 - with(0).len());
    assert_eq!(manifest.len(), 410);
    manifest
}

/// Adds an index with these entries to the layout at `path`, under this tag; gives its digest.
pub(crate) fn add_index(path: &Path, tag: &str, entries: &[Value]) -> Digest {
    let media_type = "application/vnd.oci.image.index.v1+json";
    let document = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": entries });
    let document = document.to_string();
    let digest = sha256_digest(document.as_bytes());
    let hex = digest.as_ref().strip_prefix("sha256:").unwrap();
    fs::write(path.join("blobs/sha256").join(hex), &document).unwrap();
    let mut all = index(path);
    all["manifests"].as_array_mut().unwrap().push(json!({
        "mediaType": media_type, "digest": digest, "size": document.len(),
        "annotations": { "org.opencontainers.image.ref.name": tag },
    }));
    fs::write(path.join("index.json"), all.to_string()).unwrap();
    digest
}
