//! The payload that is signed (`signature-specification.md`, "Payload"): which artifact.
//!
//! Input: the bytes inside an envelope, or a descriptor to sign. Output: the target artifact, or the
//! bytes that notation would write for it. Whether they are signed is not decided here.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::json;
use crate::limits;
use crate::notary::EnvelopeFormat;
use crate::oci::{self, Descriptor, Digest};

/// Members of a target artifact that the specifications define and that are not compared.
const OTHER_MEMBERS: [&str; 4] = ["urls", "data", "platform", "artifactType"];

/// Why bytes are not a payload, or a payload is not for an artifact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not an object in strict JSON.
    #[error("payload cannot be read")]
    Json {
        /// What is wrong with it.
        source: json::Error,
    },
    /// A member that must be there.
    #[error("payload has no `{member}`")]
    Missing {
        /// The member's path.
        member: &'static str,
    },
    /// A member of another kind.
    #[error("payload member `{member}` is {found}, wanted {wanted}")]
    WrongKind {
        /// The member's path.
        member: String,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// An empty media type.
    #[error("payload member `targetArtifact.mediaType` is empty")]
    EmptyMediaType,
    /// A digest that cannot be checked.
    #[error("payload member `targetArtifact.digest` cannot be used")]
    Digest {
        /// What is wrong with it.
        source: oci::Error,
    },
    /// The signature is for something else.
    #[error("signature is for {member} `{signed}`, but the artifact has `{found}`")]
    OtherArtifact {
        /// Which of media type, digest and size differs.
        member: &'static str,
        /// What was signed.
        signed: String,
        /// What the artifact has.
        found: String,
    },
    /// The signature is for an image, and a file is verified.
    #[error("signature is for an image of media type `{media_type}`, not for a blob")]
    ImageNotBlob {
        /// The media type that was signed.
        media_type: String,
    },
    /// A size that notation would sign as another one.
    #[error("size {size} is above {limit}, the largest that a JWS payload carries exactly")]
    SizeNotExact {
        /// The artifact's size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

impl Error {
    /// What the reader may do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::OtherArtifact { .. } => {
                Some("the signature may have been copied from another artifact".to_owned())
            }
            Self::ImageNotBlob { media_type } => Some(format!(
                "verify the image itself; or, if the file is meant as one, give the setting `media-type {media_type}`"
            )),
            Self::SizeNotExact { .. } => Some("sign in the format COSE".to_owned()),
            _ => None,
        }
    }
}

/// The artifact that a payload names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetArtifact {
    /// Media type of the artifact's manifest.
    pub media_type: String,
    /// Digest of the artifact's manifest.
    pub digest: Digest,
    /// Size of the artifact's manifest in bytes.
    pub size: u64,
    /// The user's metadata, by name.
    pub annotations: BTreeMap<String, String>,
}

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The artifact.
    pub target_artifact: TargetArtifact,
    /// Paths of members that the specifications do not define.
    unknown_members: Vec<String>,
}

impl Payload {
    /// The payload for an artifact, with the user's metadata.
    pub fn new(artifact: &Descriptor, metadata: BTreeMap<String, String>) -> Self {
        Self {
            target_artifact: TargetArtifact {
                media_type: artifact.media_type().to_string(),
                digest: artifact.digest().clone(),
                size: artifact.size(),
                annotations: metadata,
            },
            unknown_members: Vec::new(),
        }
    }

    /// Parses the payload of an envelope: one JSON object with a `targetArtifact`. Members that are
    /// not known are allowed, variants of known ones in letter case are not.
    ///
    /// # Errors
    ///
    /// Every [`Error`] but [`Error::OtherArtifact`], [`Error::ImageNotBlob`] and [`Error::SizeNotExact`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        const TARGET: &str = "targetArtifact";
        const KNOWN: [&str; 4] = ["mediaType", "digest", "size", "annotations"];

        let bad_json = |source| Error::Json { source };
        let members = json::parse_object(bytes).map_err(bad_json)?;
        json::check_case(&members, &[TARGET]).map_err(bad_json)?;
        let target = match members.get(TARGET) {
            Some(Value::Object(target)) => target,
            Some(other) => return Err(wrong_kind(TARGET, other, "an object")),
            None => return Err(Error::Missing { member: TARGET }),
        };
        json::check_case(target, &KNOWN).map_err(bad_json)?;
        json::check_case(target, &OTHER_MEMBERS).map_err(bad_json)?;

        let media_type = string(target, "mediaType", "targetArtifact.mediaType")?;
        if media_type.is_empty() {
            return Err(Error::EmptyMediaType);
        }
        let digest = string(target, "digest", "targetArtifact.digest")?;
        let digest = oci::parse_digest(digest).map_err(|source| Error::Digest { source })?;
        let size = required(target, "size", "targetArtifact.size")?;
        let size = size.as_u64().ok_or_else(|| {
            wrong_kind(
                "targetArtifact.size",
                size,
                "a whole number from 0 to 2^64 - 1",
            )
        })?;
        let unknown = members
            .keys()
            .filter(|name| *name != TARGET)
            .cloned()
            .chain(
                target
                    .keys()
                    .filter(|name| !KNOWN.contains(&name.as_str()))
                    .filter(|name| !OTHER_MEMBERS.contains(&name.as_str()))
                    .map(|name| format!("{TARGET}.{name}")),
            );
        Ok(Self {
            target_artifact: TargetArtifact {
                media_type: media_type.to_owned(),
                digest,
                size,
                annotations: annotations(target)?,
            },
            unknown_members: unknown.collect(),
        })
    }

    /// Paths of the members that the specifications do not define, for example
    /// `targetArtifact.extra`. A signer that was asked to sign a payload must not add any.
    pub fn unknown_members(&self) -> &[String] {
        &self.unknown_members
    }

    /// The bytes to sign, exactly as notation writes them: compact, with the characters `<`, `>`,
    /// `&`, U+2028 and U+2029 escaped; in a JWS with sorted members, in COSE in the specification's
    /// order.
    ///
    /// # Errors
    ///
    /// [`Error::SizeNotExact`] for a JWS of an artifact larger than 2^53 bytes.
    pub fn to_bytes(&self, format: EnvelopeFormat) -> Result<Vec<u8>, Error> {
        let TargetArtifact {
            media_type,
            digest,
            size,
            annotations,
        } = &self.target_artifact;
        let annotations = Some(annotations).filter(|annotations| !annotations.is_empty());
        let text = match format {
            EnvelopeFormat::Jws if *size > limits::MAX_EXACT_INTEGER => {
                return Err(Error::SizeNotExact {
                    size: *size,
                    limit: limits::MAX_EXACT_INTEGER,
                });
            }
            EnvelopeFormat::Jws => to_json(&Sorted {
                annotations,
                digest: digest.as_ref(),
                media_type,
                size: *size,
            }),
            EnvelopeFormat::Cose => to_json(&Ordered {
                media_type,
                digest: digest.as_ref(),
                size: *size,
                annotations,
            }),
        };
        Ok(text.into_bytes())
    }

    /// Checks that the payload is for `artifact`: media type, digest and size, as notation compares
    /// them. Annotations are the user's.
    ///
    /// # Errors
    ///
    /// [`Error::OtherArtifact`] with the first difference.
    pub fn matches(&self, artifact: &Descriptor) -> Result<(), Error> {
        let target = &self.target_artifact;
        let members = [
            (
                "digest",
                target.digest.to_string(),
                artifact.digest().to_string(),
            ),
            ("size", target.size.to_string(), artifact.size().to_string()),
            (
                "media type",
                target.media_type.clone(),
                artifact.media_type().to_string(),
            ),
        ];
        match members
            .into_iter()
            .find(|(_, signed, found)| signed != found)
        {
            None => Ok(()),
            Some((member, signed, found)) => Err(Error::OtherArtifact {
                member,
                signed,
                found,
            }),
        }
    }
}

/// A target artifact with its members sorted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sorted<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
    digest: &'a str,
    media_type: &'a str,
    size: u64,
}

/// A target artifact with its members in the specification's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ordered<'a> {
    media_type: &'a str,
    digest: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
}

/// The whole payload's JSON.
fn to_json<T: Serialize>(target: &T) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Whole<'a, T> {
        target_artifact: &'a T,
    }
    json::to_text(&Whole {
        target_artifact: target,
    })
}

fn annotations(target: &Map<String, Value>) -> Result<BTreeMap<String, String>, Error> {
    const MEMBER: &str = "targetArtifact.annotations";
    let members = match target.get("annotations") {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(members)) => members,
        Some(other) => return Err(wrong_kind(MEMBER, other, "an object")),
    };
    let pairs = members.iter().map(|(name, value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        other => Err(wrong_kind(&format!("{MEMBER}.{name}"), other, "a string")),
    });
    pairs.collect()
}

fn required<'a>(
    target: &'a Map<String, Value>,
    name: &str,
    member: &'static str,
) -> Result<&'a Value, Error> {
    target.get(name).ok_or(Error::Missing { member })
}

fn string<'a>(
    target: &'a Map<String, Value>,
    name: &str,
    member: &'static str,
) -> Result<&'a str, Error> {
    let value = required(target, name, member)?;
    value
        .as_str()
        .ok_or_else(|| wrong_kind(member, value, "a string"))
}

fn wrong_kind(member: &str, found: &Value, wanted: &'static str) -> Error {
    Error::WrongKind {
        member: member.to_owned(),
        found: json::kind(found),
        wanted,
    }
}

#[cfg(test)]
mod tests;
