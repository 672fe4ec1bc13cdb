//! Manifests as they are read and written: what is a signature of what.

use std::collections::{BTreeMap, HashMap};

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use oci_spec::image::{ArtifactManifest, ImageManifest, MediaType};
use serde::Serialize;
use url::Url;

use super::error::Error;
use super::media_types::{
    ARTIFACT_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, EMPTY_CONFIG, IMAGE_INDEX, IMAGE_MANIFEST,
};
use super::words::clean;
use crate::http as web;
use crate::json_size::count_values;
use crate::limits;
use crate::notary::{EnvelopeFormat, SIGNATURE_ARTIFACT_TYPE};
use crate::oci::{self, Descriptor, Digest};

/// The config of a signature manifest: an empty object, as bytes and as inline data.
pub(super) const EMPTY_CONFIG_BYTES: &[u8] = b"{}";
const EMPTY_CONFIG_DATA: &str = "e30=";

/// The media type that `headers` give, without parameters and in lower case.
pub(super) fn content_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let bare = text.split(';').next().unwrap_or_default().trim();
    (!bare.is_empty()).then(|| clean(&bare.to_ascii_lowercase()))
}

/// The media type of a manifest that came from `url` with `headers`: what the registry says and
/// what the manifest says of itself must be the same, and something that can be signed.
pub(super) fn media_type(url: &Url, headers: &HeaderMap, body: &[u8]) -> Result<String, Error> {
    checked_media_type(|| web::redact(url), content_type(headers), body)
}

/// The same for a manifest of `url`, a file's path perhaps, of which was `said` to be of this type.
pub(super) fn checked_media_type(
    url: impl Fn() -> String,
    said: Option<String>,
    body: &[u8],
) -> Result<String, Error> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        media_type: Option<String>,
        manifests: Option<serde::de::IgnoredAny>,
        config: Option<serde::de::IgnoredAny>,
        layers: Option<serde::de::IgnoredAny>,
    }
    let is_known = |media_type: &str| {
        [
            IMAGE_MANIFEST,
            IMAGE_INDEX,
            DOCKER_MANIFEST,
            DOCKER_LIST,
            ARTIFACT_MANIFEST,
        ]
        .contains(&media_type)
    };
    if let Some(said) = &said
        && !is_known(said)
    {
        return Err(Error::NotAManifest {
            url: url(),
            media_type: said.clone(),
        });
    }
    let manifest: Manifest = match serde_json::from_slice(body) {
        Ok(manifest) => manifest,
        Err(source) => {
            let source = source.into();
            return Err(Error::Malformed { url: url(), source });
        }
    };
    let of_itself = manifest.media_type.as_deref().map(clean);
    if let (Some(said), Some(of_itself)) = (&said, &of_itself)
        && said != of_itself
    {
        return Err(Error::Misbehaved {
            url: url(),
            fault: format!("calls a manifest `{said}` that calls itself `{of_itself}`"),
        });
    }
    // A document that is an index to one reader and an image to another could pass for either.
    if manifest.manifests.is_some() && (manifest.config.is_some() || manifest.layers.is_some()) {
        return Err(Error::Misbehaved {
            url: url(),
            fault: "answered with a manifest that is an index as well".to_owned(),
        });
    }
    match said.or(of_itself) {
        Some(media_type) if is_known(&media_type) => Ok(media_type),
        other => Err(Error::NotAManifest {
            url: url(),
            media_type: other.unwrap_or_default(),
        }),
    }
}

/// What kind of artifact a manifest is, and of what it is a referrer.
#[derive(Debug, Default)]
pub(super) struct Relation {
    pub(super) artifact_type: Option<String>,
    pub(super) subject: Option<Subject>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Subject {
    pub(super) media_type: String,
    pub(super) digest: String,
    pub(super) size: u64,
}

/// Reads the relation of an image manifest or an artifact manifest; anything else has none. The
/// artifact type stands in `artifactType` or else in the config's media type.
pub(super) fn relation(bytes: &[u8]) -> Relation {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        artifact_type: Option<String>,
        config: Option<Config>,
        subject: Option<Subject>,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Config {
        media_type: Option<String>,
    }
    let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) else {
        return Relation::default();
    };
    let of_config = manifest.config.and_then(|config| config.media_type);
    Relation {
        artifact_type: manifest
            .artifact_type
            .filter(|artifact_type| !artifact_type.is_empty())
            .or(of_config),
        subject: manifest.subject,
    }
}

/// Whether the manifest `bytes` says that it is a signature, of whatever.
pub(super) fn is_signature(bytes: &[u8]) -> bool {
    relation(bytes).artifact_type.as_deref() == Some(SIGNATURE_ARTIFACT_TYPE)
}

/// What a signature manifest says, checked as far as it goes without its envelope.
#[derive(Debug)]
pub(super) struct SignatureManifest {
    pub(super) envelope: Descriptor,
    pub(super) format: EnvelopeFormat,
    pub(super) annotations: BTreeMap<String, String>,
}

/// Reads `bytes`, which have been compared with `manifest`, as a signature of `subject`.
///
/// Read are the two generations of image manifests (the artifact type stands in `artifactType`, or
/// in the config's media type) and the retired artifact manifest.
pub(super) fn parse_signature(
    manifest: &Descriptor,
    bytes: &[u8],
    subject: &Digest,
) -> Result<SignatureManifest, Error> {
    let wrong = |reason: String| Error::NotASignature {
        digest: manifest.digest().to_string(),
        reason,
    };
    check_values(bytes).map_err(wrong)?;
    let document = Document::read(manifest.media_type().as_ref(), bytes).map_err(wrong)?;
    let read = document.members();
    read.check_type(manifest.media_type().as_ref())
        .map_err(wrong)?;
    read.check_subject(subject).map_err(wrong)?;
    let (envelope, format) = only_envelope(read.layers).map_err(wrong)?;
    if envelope.size() > limits::MAX_ENVELOPE_BYTES {
        return Err(Error::TooLarge {
            what: format!("the envelope of signature `{}`", manifest.digest()),
            size: envelope.size(),
            max: limits::MAX_ENVELOPE_BYTES,
        });
    }
    Ok(SignatureManifest {
        envelope,
        format,
        annotations: bounded(read.annotations).map_err(wrong)?,
    })
}

/// A manifest of a kind that signatures have.
enum Document {
    Image(Box<ImageManifest>),
    Artifact(Box<ArtifactManifest>),
}

impl Document {
    /// Reads `bytes` as a manifest of this type, or says why they are not those of a signature.
    fn read(media_type: &str, bytes: &[u8]) -> Result<Self, String> {
        let malformed = |error: serde_json::Error| format!("it is malformed: {error}");
        match media_type {
            IMAGE_MANIFEST => serde_json::from_slice(bytes)
                .map(Self::Image)
                .map_err(malformed),
            ARTIFACT_MANIFEST => serde_json::from_slice(bytes)
                .map(Self::Artifact)
                .map_err(malformed),
            other => Err(format!("its media type is `{}`", clean(other))),
        }
    }

    fn members(&self) -> Members<'_> {
        match self {
            Self::Image(image) => {
                let of_config = image.config().media_type();
                Members {
                    media_type: image.media_type().as_ref().map(MediaType::as_ref),
                    artifact_type: image.artifact_type().as_ref().unwrap_or(of_config).as_ref(),
                    subject: image.subject().as_ref(),
                    layers: image.layers(),
                    annotations: image.annotations().as_ref(),
                }
            }
            Self::Artifact(artifact) => Members {
                media_type: Some(artifact.media_type().as_ref()),
                artifact_type: artifact.artifact_type().as_ref(),
                subject: artifact.subject().as_ref(),
                layers: artifact.blobs(),
                annotations: artifact.annotations().as_ref(),
            },
        }
    }
}

/// What a signature manifest of any kind has.
struct Members<'a> {
    /// The media type that it gives itself.
    media_type: Option<&'a str>,
    artifact_type: &'a str,
    subject: Option<&'a Descriptor>,
    layers: &'a [Descriptor],
    annotations: Option<&'a HashMap<String, String>>,
}

impl Members<'_> {
    /// Checks that it is of the media type that it is listed with, and a signature.
    fn check_type(&self, listed: &str) -> Result<(), String> {
        if let Some(of_itself) = self.media_type
            && of_itself != listed
        {
            return Err(format!(
                "it is listed as `{listed}` and calls itself `{}`",
                clean(of_itself)
            ));
        }
        if self.artifact_type != SIGNATURE_ARTIFACT_TYPE {
            return Err(format!(
                "its artifact type is `{}`, not `{SIGNATURE_ARTIFACT_TYPE}`",
                clean(self.artifact_type)
            ));
        }
        Ok(())
    }

    /// Checks that it is a signature of `subject`.
    fn check_subject(&self, subject: &Digest) -> Result<(), String> {
        match self.subject {
            Some(found) if found.digest() == subject => Ok(()),
            Some(found) => Err(format!(
                "it belongs to `{}`, not to `{subject}`",
                clean(found.digest().as_ref())
            )),
            None => Err("it names no subject".to_owned()),
        }
    }
}

/// The descriptor of the one envelope among `layers`, and its format.
fn only_envelope(layers: &[Descriptor]) -> Result<(Descriptor, EnvelopeFormat), String> {
    let [envelope] = layers else {
        let count = layers.len();
        return Err(format!("it has {count} envelopes, not one"));
    };
    let media_type = envelope.media_type();
    let format = EnvelopeFormat::from_media_type(media_type.as_ref()).ok_or_else(|| {
        format!(
            "its envelope's media type is `{}`",
            clean(media_type.as_ref())
        )
    })?;
    // Nothing else that is said of it is needed, and it may be long.
    let envelope = Descriptor::new(
        media_type.clone(),
        envelope.size(),
        envelope.digest().clone(),
    );
    Ok((envelope, format))
}

/// The annotations of a manifest, or why they are too many.
fn bounded(
    annotations: Option<&HashMap<String, String>>,
) -> Result<BTreeMap<String, String>, String> {
    let Some(annotations) = annotations else {
        return Ok(BTreeMap::new());
    };
    let max = limits::MAX_ANNOTATION_BYTES;
    let bytes = |(key, value): (&String, &String)| key.len() + value.len();
    if annotations.iter().map(bytes).sum::<usize>() > max {
        return Err(format!("its annotations have more than {max} bytes"));
    }
    let annotations = annotations.iter();
    Ok(annotations
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect())
}

/// Refuses what would take a hundred times its bytes.
fn check_values(bytes: &[u8]) -> Result<(), String> {
    let max = limits::MAX_SIGNATURE_MANIFEST_VALUES;
    if count_values(bytes) > max {
        return Err(format!("it has more than {max} values"));
    }
    Ok(())
}

/// A descriptor in notation's order of members.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenDescriptor<'a> {
    media_type: &'a str,
    digest: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WrittenManifest<'a> {
    schema_version: u8,
    media_type: &'a str,
    artifact_type: &'a str,
    config: WrittenDescriptor<'a>,
    layers: [WrittenDescriptor<'a>; 1],
    subject: WrittenDescriptor<'a>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: &'a BTreeMap<String, String>,
}

/// The digest of [`EMPTY_CONFIG_BYTES`].
pub(super) fn empty_config_digest() -> Digest {
    oci::sha256_digest(EMPTY_CONFIG_BYTES)
}

/// The bytes of a signature manifest, as notation writes them.
pub(super) fn write_signature(
    subject: &Descriptor,
    format: EnvelopeFormat,
    envelope: &Digest,
    envelope_size: u64,
    annotations: &BTreeMap<String, String>,
) -> Vec<u8> {
    let config = empty_config_digest();
    let written = WrittenManifest {
        schema_version: 2,
        media_type: IMAGE_MANIFEST,
        artifact_type: SIGNATURE_ARTIFACT_TYPE,
        config: WrittenDescriptor {
            media_type: EMPTY_CONFIG,
            digest: config.as_ref(),
            size: 2,
            data: Some(EMPTY_CONFIG_DATA),
        },
        layers: [WrittenDescriptor {
            media_type: format.media_type(),
            digest: envelope.as_ref(),
            size: envelope_size,
            data: None,
        }],
        subject: WrittenDescriptor {
            media_type: subject.media_type().as_ref(),
            digest: subject.digest().as_ref(),
            size: subject.size(),
            data: None,
        },
        annotations,
    };
    #[expect(clippy::expect_used, reason = "strings and numbers are always JSON")]
    serde_json::to_vec(&written).expect("a manifest is JSON")
}

#[cfg(test)]
mod tests {
    use oci_spec::image::MediaType;

    use super::*;

    /// A signature manifest that notation-go wrote.
    const WRITTEN_BY_NOTATION: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/vnd.cncf.notary.signature","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2,"data":"e30="},"layers":[{"mediaType":"application/jose+json","digest":"sha256:8eff2465c8dbbea6d702e7386cc572521a026750ce57c075ce20350c338e3ebc","size":2071}],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:b8479de3f88fb259a0a9ea82a5b2a052a1ef3c4ebbcfc61482d5ae4c831f8af9","size":517},"annotations":{"io.cncf.notary.x509chain.thumbprint#S256":"[\"7ebaf647db202a9970376bb60f2f028579b4875589c889168895e46290ee74b9\",\"fea60cf033c4033547ca350cf0b3ff7791afd187ce18b1e5a65855d6edee91ce\"]","org.opencontainers.image.created":"2024-01-02T03:04:05Z"}}"#;

    #[test]
    fn a_signature_manifest_is_notations_byte_for_byte() {
        let digest = |hex: &str| oci::parse_digest(&format!("sha256:{hex}")).unwrap();
        let subject = Descriptor::new(
            MediaType::ImageManifest,
            517,
            digest("b8479de3f88fb259a0a9ea82a5b2a052a1ef3c4ebbcfc61482d5ae4c831f8af9"),
        );
        let envelope = digest("8eff2465c8dbbea6d702e7386cc572521a026750ce57c075ce20350c338e3ebc");
        let manifest = Descriptor::new(
            MediaType::ImageManifest,
            862,
            oci::sha256_digest(WRITTEN_BY_NOTATION.as_bytes()),
        );
        let read =
            parse_signature(&manifest, WRITTEN_BY_NOTATION.as_bytes(), subject.digest()).unwrap();
        assert_eq!(
            (read.format, read.envelope.digest()),
            (EnvelopeFormat::Jws, &envelope)
        );
        let written = write_signature(&subject, read.format, &envelope, 2071, &read.annotations);
        assert_eq!(String::from_utf8(written).unwrap(), WRITTEN_BY_NOTATION);
    }
}
