//! The payload that is signed (`signature-specification.md`, "Payload"): which artifact.
//!
//! Input: the bytes inside an envelope, or a descriptor to sign. Output: the target artifact, or the
//! bytes that notation would write for it. Whether anybody signed them is not decided here.

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
                "verify the image itself; or, if the file is meant as one, give `--media-type {media_type}`"
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MEDIA_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
    const DIGEST: &str = "sha256:abababababababababababababababababababababababababababababababab";

    fn descriptor(media_type: &str, digest: &str, size: u64) -> Descriptor {
        Descriptor::new(media_type.into(), size, digest.parse::<Digest>().unwrap())
    }

    fn payload(size: u64, metadata: &[(&str, &str)]) -> Payload {
        let metadata = metadata
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Payload::new(&descriptor(MEDIA_TYPE, DIGEST, size), metadata.collect())
    }

    #[test]
    fn the_bytes_are_notations() {
        let metadata = [
            ("z", "1"),
            ("a", "<b>&\"\u{2028} é \\ /\u{8}\u{c}\u{1f}\u{7f}"),
        ];
        let escaped = r#"\u003cb\u003e\u0026\"\u2028 é \\ /\b\f\u001f"#.to_owned() + "\u{7f}";
        let jws = payload(528, &metadata)
            .to_bytes(EnvelopeFormat::Jws)
            .unwrap();
        assert_eq!(
            String::from_utf8(jws).unwrap(),
            format!(
                r#"{{"targetArtifact":{{"annotations":{{"a":"{escaped}","z":"1"}},"digest":"{DIGEST}","mediaType":"{MEDIA_TYPE}","size":528}}}}"#
            )
        );
        let cose = payload(528, &metadata)
            .to_bytes(EnvelopeFormat::Cose)
            .unwrap();
        assert_eq!(
            String::from_utf8(cose).unwrap(),
            format!(
                r#"{{"targetArtifact":{{"mediaType":"{MEDIA_TYPE}","digest":"{DIGEST}","size":528,"annotations":{{"a":"{escaped}","z":"1"}}}}}}"#
            )
        );
        let bare = payload(0, &[]).to_bytes(EnvelopeFormat::Jws).unwrap();
        assert_eq!(
            String::from_utf8(bare).unwrap(),
            format!(
                r#"{{"targetArtifact":{{"digest":"{DIGEST}","mediaType":"{MEDIA_TYPE}","size":0}}}}"#
            )
        );
    }

    #[test]
    fn a_size_that_notation_would_change_is_not_signed_as_jws() {
        let size = limits::MAX_EXACT_INTEGER + 1;
        assert!(
            payload(limits::MAX_EXACT_INTEGER, &[])
                .to_bytes(EnvelopeFormat::Jws)
                .is_ok()
        );
        assert!(payload(size, &[]).to_bytes(EnvelopeFormat::Cose).is_ok());
        let error = payload(size, &[])
            .to_bytes(EnvelopeFormat::Jws)
            .unwrap_err();
        assert!(matches!(error, Error::SizeNotExact { size: found, .. } if found == size));
    }

    fn parse(target: &str) -> Result<Payload, Error> {
        Payload::parse(format!(r#"{{"targetArtifact":{target}}}"#).as_bytes())
    }

    #[test]
    fn members_must_be_there_and_of_their_kind() {
        let message = |target: &str| parse(target).unwrap_err().to_string();
        let digest = DIGEST;
        assert_eq!(
            message(&format!(r#"{{"digest":"{digest}","size":1}}"#)),
            "payload has no `targetArtifact.mediaType`"
        );
        assert_eq!(
            message(&format!(
                r#"{{"mediaType":"","digest":"{digest}","size":1}}"#
            )),
            "payload member `targetArtifact.mediaType` is empty"
        );
        for size in ["-1", "1.0", "18446744073709551616", "\"1\"", "null"] {
            let target = format!(r#"{{"mediaType":"m","digest":"{digest}","size":{size}}}"#);
            assert!(
                message(&target).starts_with("payload member `targetArtifact.size` is "),
                "{size}"
            );
        }
        assert_eq!(
            message(r#"{"mediaType":"m","digest":"sha256:AB","size":1}"#),
            "payload member `targetArtifact.digest` cannot be used"
        );
        assert_eq!(
            message(&format!(
                r#"{{"mediaType":"m","digest":"{digest}","size":1,"annotations":{{"a":1}}}}"#
            )),
            "payload member `targetArtifact.annotations.a` is a number, wanted a string"
        );
        assert_eq!(
            message("[]"),
            "payload member `targetArtifact` is an array, wanted an object"
        );
        assert_eq!(
            Payload::parse(b"{}").unwrap_err().to_string(),
            "payload has no `targetArtifact`"
        );
    }

    #[test]
    fn one_object_without_second_meanings() {
        let good = format!(r#"{{"mediaType":"m","digest":"{DIGEST}","size":1}}"#);
        let bad_json = |text: String| match Payload::parse(text.as_bytes()) {
            Err(Error::Json { source }) => source,
            other => panic!("{other:?}"),
        };
        assert!(matches!(
            bad_json(format!(
                r#"{{"targetArtifact":{good},"targetArtifact":{good}}}"#
            )),
            json::Error::DuplicateMember { .. }
        ));
        assert!(matches!(
            bad_json(format!(r#"{{"targetArtifact":{good}}}{{}}"#)),
            json::Error::Syntax { .. }
        ));
        assert!(matches!(
            bad_json(format!(
                r#"{{"targetArtifact":{good},"TargetArtifact":{good}}}"#
            )),
            json::Error::CaseVariant { .. }
        ));
        let target = good.replace("\"size\":1", "\"size\":1,\"Size\":2");
        assert!(matches!(
            bad_json(format!(r#"{{"targetArtifact":{target}}}"#)),
            json::Error::CaseVariant { wanted: "size", .. }
        ));
    }

    #[test]
    fn unknown_members_are_kept_by_name() {
        let text = format!(
            r#"{{"targetArtifact":{{"mediaType":"m","digest":"{DIGEST}","size":1,"urls":[],"x":1}},"y":2}}"#
        );
        let payload = Payload::parse(text.as_bytes()).unwrap();
        assert_eq!(payload.unknown_members(), ["y", "targetArtifact.x"]);
    }

    #[test]
    fn every_compared_member_is_compared() {
        let signed = payload(528, &[("a", "b")]);
        let difference = |other: Descriptor| match signed.matches(&other) {
            Err(Error::OtherArtifact { member, .. }) => Some(member),
            Ok(()) => None,
            Err(other) => panic!("{other}"),
        };
        let other_digest = DIGEST.replace("ab", "cd");
        assert_eq!(difference(descriptor(MEDIA_TYPE, DIGEST, 528)), None);
        assert_eq!(
            difference(descriptor(MEDIA_TYPE, DIGEST, 529)),
            Some("size")
        );
        assert_eq!(
            difference(descriptor("x/y", DIGEST, 528)),
            Some("media type")
        );
        assert_eq!(
            difference(descriptor(MEDIA_TYPE, &other_digest, 528)),
            Some("digest")
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            size in 0..=limits::MAX_EXACT_INTEGER,
            metadata in prop::collection::btree_map(any::<String>(), any::<String>(), 0..4),
        ) {
            let payload = Payload::new(&descriptor(MEDIA_TYPE, DIGEST, size), metadata);
            for format in [EnvelopeFormat::Jws, EnvelopeFormat::Cose] {
                let bytes = payload.to_bytes(format).unwrap();
                prop_assert_eq!(&Payload::parse(&bytes).unwrap(), &payload);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = Payload::parse(&bytes);
        }
    }
}
