//! A test convenience: small real images, put into a repository without a client.

use bytes::Bytes;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    Registry, RepositoryKey,
    document::{Document, OCI_INDEX, OCI_MANIFEST},
    error::OciError,
    is_name, is_tag,
    name::Digest,
    state::{Manifest, Repository},
};
use crate::hosts::RegistryId;

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A test image could not be put into its repository.
#[derive(Debug, thiserror::Error)]
#[error("cannot push the test image `{repository}:{tag}`: {reason}")]
#[non_exhaustive]
pub struct TestImageError {
    /// As it was asked for.
    pub repository: String,
    /// As it was asked for.
    pub tag: String,
    /// A sentence.
    pub reason: String,
}

/// What to push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestImage {
    /// An image for linux/amd64: a configuration and a layer with one file, which says repository and tag.
    OnePlatform,
    /// An index of two such images, for linux/amd64 and linux/arm64.
    TwoPlatforms,
}

impl Registry {
    /// Puts an image under `tag` of `repository`, which is made if it is not there, and returns the digest of its manifest
    /// or index. The same arguments give the same digest.
    ///
    /// `repository` is a name in the registry `default`, or in another one whose ECR host name comes before it:
    /// `111122223333.dkr.ecr.eu-west-1.amazonaws.com/app`.
    pub(crate) fn push_test_image(
        &self,
        default: &RegistryId,
        repository: &str,
        tag: &str,
        image: TestImage,
        now: OffsetDateTime,
    ) -> Result<String, TestImageError> {
        let failed = |reason: &str| TestImageError {
            repository: repository.to_owned(),
            tag: tag.to_owned(),
            reason: reason.to_owned(),
        };
        let with_host = repository
            .split_once('/')
            .and_then(|(host, name)| Some((RegistryId::of_host(host)?, name)));
        let (registry, name) = with_host.unwrap_or_else(|| (default.clone(), repository));
        if !is_name(name) || !is_tag(tag) {
            return Err(failed("not a repository name, or not a tag"));
        }
        let key = RepositoryKey::new(&registry, name);
        self.push_into(&key, tag, image, now)
            .map(|digest| digest.to_string())
            .map_err(|error| failed(error.message()))
    }

    fn push_into(
        &self,
        key: &RepositoryKey,
        tag: &str,
        image: TestImage,
        now: OffsetDateTime,
    ) -> Result<Digest, OciError> {
        let mut state = self.state();
        let mut put = |media_type: &str, content: &Value| -> Result<Digest, OciError> {
            let bytes = Bytes::from(content.to_string());
            let digest = Digest::sha256(&bytes);
            self.save_content(&digest, &bytes)?;
            let document = Document::parse(Some(media_type), &bytes)?;
            let sequence = state.next();
            let manifest = Manifest {
                bytes,
                document,
                pushed_at: now,
                sequence,
                pushed_after_lists: 0,
            };
            let repository = state.repositories.entry(key.clone());
            let repository = repository.or_insert_with(|| Repository::new(now));
            repository
                .manifests
                .entry(digest.clone())
                .or_insert(manifest);
            Ok(digest)
        };
        let name = &key.name;
        let text = format!("{name}:{tag}\n");
        let mut blobs = Vec::new();
        let digest = match image {
            TestImage::OnePlatform => put(OCI_MANIFEST, &manifest("amd64", &text, &mut blobs))?,
            TestImage::TwoPlatforms => {
                let mut entries = Vec::new();
                for architecture in ["amd64", "arm64"] {
                    let manifest = manifest(architecture, &text, &mut blobs);
                    entries.push(json!({
                        "mediaType": OCI_MANIFEST,
                        "digest": put(OCI_MANIFEST, &manifest)?.to_string(),
                        "size": manifest.to_string().len(),
                        "platform": { "architecture": architecture, "os": "linux" },
                    }));
                }
                let index =
                    json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries });
                put(OCI_INDEX, &index)?
            }
        };
        for blob in &blobs {
            self.save_content(&Digest::sha256(blob), blob)?;
        }
        let repository = state.repository_mut(key)?;
        repository.check_tag(name, tag, &digest)?;
        let blobs = blobs.into_iter().map(|blob| (Digest::sha256(&blob), blob));
        repository.blobs.extend(blobs);
        repository.tags.insert(tag.to_owned(), digest.clone());
        self.save(&state)?;
        Ok(digest)
    }
}

/// The manifest of an image, whose configuration and layer go into `blobs`.
fn manifest(architecture: &str, text: &str, blobs: &mut Vec<Bytes>) -> Value {
    let layer = Bytes::from(tar(
        "hello.txt",
        format!("{architecture} {text}").as_bytes(),
    ));
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": {},
        "rootfs": { "type": "layers", "diff_ids": [Digest::sha256(&layer).to_string()] },
    });
    let config = Bytes::from(config.to_string());
    let mut descriptor = |media_type: &str, bytes: Bytes| {
        let digest = Digest::sha256(&bytes).to_string();
        let descriptor = json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() });
        blobs.push(bytes);
        descriptor
    };
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(CONFIG, config),
        "layers": [descriptor(LAYER, layer)],
    })
}

/// A tar archive (POSIX ustar) of one file.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 512;
    let mut header = Vec::with_capacity(BLOCK);
    let mut field = |text: &str, length: usize| {
        header.extend_from_slice(text.as_bytes());
        header.resize(header.len() + length - text.len(), 0);
    };
    field(name, 100);
    field("0000644", 8);
    field("0000000", 8);
    field("0000000", 8);
    field(&format!("{:011o}", content.len()), 12);
    field("00000000000", 12);
    // The checksum is computed with blanks in its own place.
    field("        ", 8);
    field("0", 1);
    field("", 100);
    field("ustar", 6);
    field("00", 2);
    field("", BLOCK - 265);
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    let checksum = format!("{sum:06o}\0 ");
    header.splice(148..156, checksum.bytes());

    let mut archive = header;
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
    archive
}
