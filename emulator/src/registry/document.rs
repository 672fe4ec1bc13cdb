//! What a manifest or index says, as far as a registry must know it.
//!
//! Image specification 1.1, "Image Manifest" and "Image Index". Not checked: the configuration, platforms, and whether
//! annotations have sense.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;

use super::{error::OciError, name::Digest};

/// Bytes of a manifest or index (distribution specification, "Pushing manifests": at least 4 MiB; most take no more).
pub(crate) const MAX_MANIFEST_BYTES: usize = 4 * 1024 * 1024;

pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Retired before image specification 1.1, but there are signatures of this kind.
const OCI_ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";

/// A manifest or index that has been judged.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) media_type: String,
    /// `artifactType`, or else the media type of the configuration (distribution specification, "Listing Referrers").
    pub(crate) artifact_type: Option<String>,
    /// `config.mediaType` of a manifest.
    pub(crate) config_media_type: Option<String>,
    pub(crate) subject: Option<Digest>,
    pub(crate) annotations: BTreeMap<String, String>,
    /// Configuration and layers.
    pub(crate) blobs: Vec<Reference>,
    /// The manifests of an index.
    pub(crate) manifests: Vec<Reference>,
}

/// A descriptor, as far as a registry checks it.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) digest: Digest,
    pub(crate) size: u64,
    /// The content is elsewhere (`urls`), so it need not be here.
    pub(crate) is_foreign: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDocument {
    schema_version: Option<u32>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
    blobs: Option<Vec<RawDescriptor>>,
    manifests: Option<Vec<RawDescriptor>>,
    subject: Option<RawDescriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    urls: Vec<String>,
}

impl Document {
    /// Judges `bytes`, pushed as `content_type` (without parameters; `None` when the request did not say).
    pub(crate) fn parse(content_type: Option<&str>, bytes: &Bytes) -> Result<Self, OciError> {
        if bytes.len() > MAX_MANIFEST_BYTES {
            let message = format!(
                "manifest has {} bytes, {MAX_MANIFEST_BYTES} are allowed",
                bytes.len()
            );
            return Err(OciError::too_large(message));
        }
        let raw: RawDocument = serde_json::from_slice(bytes).map_err(|error| {
            OciError::manifest_invalid(format!("manifest is not valid: {error}"))
        })?;
        let media_type = match (content_type, &raw.media_type) {
            (Some(said), Some(own)) if said != own => {
                let message = format!("Content-Type is '{said}', the manifest says '{own}'");
                return Err(OciError::manifest_invalid(message));
            }
            (Some(media_type), _) => media_type.to_owned(),
            (None, Some(media_type)) => media_type.clone(),
            (None, None) => {
                return Err(OciError::manifest_invalid(
                    "neither Content-Type nor mediaType is given",
                ));
            }
        };
        let is_artifact = media_type == OCI_ARTIFACT;
        if !is_artifact && raw.schema_version != Some(2) {
            return Err(OciError::manifest_invalid("schemaVersion is not 2"));
        }
        let config_media_type = raw.config.as_ref().map(|config| config.media_type.clone());
        let mut document = Self {
            artifact_type: raw.artifact_type.filter(|text| !text.is_empty()),
            config_media_type,
            subject: raw
                .subject
                .map(|subject| Ok(reference(&subject)?.digest))
                .transpose()?,
            annotations: raw.annotations.unwrap_or_default(),
            blobs: Vec::new(),
            manifests: Vec::new(),
            media_type,
        };
        match document.media_type.as_str() {
            OCI_MANIFEST | DOCKER_MANIFEST => {
                let (Some(config), Some(layers)) = (raw.config, raw.layers) else {
                    return Err(OciError::manifest_invalid(
                        "manifest has no config or no layers",
                    ));
                };
                refuse(
                    raw.manifests.is_some(),
                    "manifest has `manifests`, as only an index has",
                )?;
                document.blobs = references(std::iter::once(&config).chain(&layers))?;
                let config_media_type = document.config_media_type.clone();
                document.artifact_type = document.artifact_type.or(config_media_type);
            }
            OCI_INDEX | DOCKER_LIST => {
                let Some(manifests) = raw.manifests else {
                    return Err(OciError::manifest_invalid("index has no manifests"));
                };
                let is_manifest = raw.config.is_some() || raw.layers.is_some();
                refuse(
                    is_manifest,
                    "index has `config` or `layers`, as only a manifest has",
                )?;
                document.manifests = references(&manifests)?;
            }
            OCI_ARTIFACT => document.blobs = references(raw.blobs.iter().flatten())?,
            other => {
                let message = format!("manifests of media type '{other}' are not supported");
                return Err(OciError::manifest_invalid(message));
            }
        }
        Ok(document)
    }
}

fn refuse(condition: bool, message: &str) -> Result<(), OciError> {
    if condition {
        return Err(OciError::manifest_invalid(message));
    }
    Ok(())
}

fn references<'a>(
    raw: impl IntoIterator<Item = &'a RawDescriptor>,
) -> Result<Vec<Reference>, OciError> {
    raw.into_iter().map(reference).collect()
}

fn reference(raw: &RawDescriptor) -> Result<Reference, OciError> {
    refuse(
        !raw.media_type.contains('/'),
        "a descriptor's mediaType is not a media type",
    )?;
    let digest = Digest::parse(&raw.digest).ok_or_else(|| {
        OciError::manifest_invalid(
            "a descriptor's digest is not sha256 or sha512 in lower-case hex",
        )
    })?;
    Ok(Reference {
        digest,
        size: raw.size,
        is_foreign: !raw.urls.is_empty(),
    })
}
