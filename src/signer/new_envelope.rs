//! The one check of what any signer made, AWS Signer, a key or a plugin, before it is handed on.
//!
//! Input: the payload that was to be signed, and the envelope that came. Output: a [`SignedEnvelope`],
//! which nothing else makes: its integrity was verified, it is for that payload, and `verify` finds
//! nothing in it to refuse. Whether its root is trusted is for a verification to say.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::envelope::{self, UnverifiedEnvelope, VerifiedEnvelope};
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE};
use crate::outcome::Failure;
use crate::payload::{self, Payload};
use crate::rules;
use crate::signer_info::SignerInfo;

/// An envelope that a signer made, verified.
#[derive(Debug, Clone)]
pub struct SignedEnvelope {
    bytes: Vec<u8>,
    verified: VerifiedEnvelope,
    annotations: BTreeMap<String, String>,
}

impl SignedEnvelope {
    /// The envelope's format.
    pub fn format(&self) -> EnvelopeFormat {
        self.verified.format()
    }

    /// The envelope, as it was made.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the envelope says about its signature.
    pub fn signer_info(&self) -> &SignerInfo {
        self.verified.signer_info()
    }

    /// Annotations that the signer wants on the signature manifest.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    pub(super) fn with_annotations(self, annotations: BTreeMap<String, String>) -> Self {
        Self {
            annotations,
            ..self
        }
    }
}

/// What is wrong with an envelope that a signer made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeFlaw {
    /// Not a good envelope.
    #[error("its envelope does not verify")]
    Envelope(#[source] envelope::Error),
    /// The envelope says that it holds something else.
    #[error("its envelope holds `{found}`, wanted `{PAYLOAD_MEDIA_TYPE}`")]
    ContentType {
        /// The content type found.
        found: String,
    },
    /// The envelope's payload is not one.
    #[error("its envelope's payload cannot be read")]
    Payload(#[source] payload::Error),
    /// The envelope is for another artifact.
    #[error("its envelope is for {member} `{found}`, and `{sent}` was sent")]
    OtherArtifact {
        /// Which part differs.
        member: &'static str,
        /// What was sent.
        sent: String,
        /// What was signed.
        found: String,
    },
    /// An annotation of the payload was changed or dropped.
    #[error("its envelope does not have the annotation `{name}` as it was sent")]
    Annotation {
        /// The annotation's name.
        name: String,
    },
    /// The payload has more than was sent.
    #[error("its envelope's payload has `{member}`, which was not sent")]
    UnknownMember {
        /// The member's path.
        member: String,
    },
    /// A good envelope that no verification accepts.
    #[error("`verify` would refuse its envelope")]
    Refused(#[source] Box<Failure>),
}

impl EnvelopeFlaw {
    /// What to do about it; `None` where only the signer's maker can do something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Envelope(source) => source.hint(),
            Self::Refused(failure) => failure.hint(),
            _ => None,
        }
    }
}

/// Verifies the envelope `bytes` that a signer made for the payload `sent`, as `verify` would at `now`.
pub(super) fn verify_new_envelope(
    sent: &Payload,
    format: EnvelopeFormat,
    bytes: Vec<u8>,
    now: OffsetDateTime,
) -> Result<SignedEnvelope, EnvelopeFlaw> {
    let nothing_else = |_: &SignerInfo| Ok(());
    let verified = verify_new_envelope_and(sent, format, bytes, now, nothing_else);
    verified.map(|(envelope, ())| envelope)
}

/// The same for a signer whose envelopes must say more: `own` checks that and gives what is wanted of
/// it. It is asked once the envelope is intact and for `sent`, and before the rules that hold for all,
/// because it knows the more exact reason.
pub(super) fn verify_new_envelope_and<T, E: From<EnvelopeFlaw>>(
    sent: &Payload,
    format: EnvelopeFormat,
    bytes: Vec<u8>,
    now: OffsetDateTime,
    own: impl FnOnce(&SignerInfo) -> Result<T, E>,
) -> Result<(SignedEnvelope, T), E> {
    let verified = verify_payload(sent, format, &bytes)?;
    let found = own(verified.signer_info())?;
    rules::check(verified.signer_info(), now)
        .map_err(|failure| EnvelopeFlaw::Refused(Box::new(failure)))?;
    let envelope = SignedEnvelope {
        bytes,
        verified,
        annotations: BTreeMap::new(),
    };
    Ok((envelope, found))
}

/// The envelope, if it is intact and for `sent`.
fn verify_payload(
    sent: &Payload,
    format: EnvelopeFormat,
    bytes: &[u8],
) -> Result<VerifiedEnvelope, EnvelopeFlaw> {
    let envelope = UnverifiedEnvelope::parse(format, bytes)
        .and_then(UnverifiedEnvelope::verify)
        .map_err(EnvelopeFlaw::Envelope)?;
    let found = &envelope.signer_info().signed_attributes.content_type;
    if found != PAYLOAD_MEDIA_TYPE {
        return Err(EnvelopeFlaw::ContentType {
            found: found.clone(),
        });
    }
    let found = Payload::parse(envelope.payload()).map_err(EnvelopeFlaw::Payload)?;
    check_payload(sent, &found)?;
    Ok(envelope)
}

/// The descriptor is the same, no annotation was changed or dropped, and nothing unknown was added.
fn check_payload(sent: &Payload, found: &Payload) -> Result<(), EnvelopeFlaw> {
    let (sent_target, found_target) = (&sent.target_artifact, &found.target_artifact);
    let members = [
        (
            "media type",
            sent_target.media_type.clone(),
            found_target.media_type.clone(),
        ),
        (
            "digest",
            sent_target.digest.to_string(),
            found_target.digest.to_string(),
        ),
        (
            "size",
            sent_target.size.to_string(),
            found_target.size.to_string(),
        ),
    ];
    if let Some((member, sent, found)) = members.into_iter().find(|(_, sent, found)| sent != found)
    {
        return Err(EnvelopeFlaw::OtherArtifact {
            member,
            sent,
            found,
        });
    }
    let changed = sent_target
        .annotations
        .iter()
        .find(|(name, value)| found_target.annotations.get(*name) != Some(*value));
    if let Some((name, _)) = changed {
        return Err(EnvelopeFlaw::Annotation { name: name.clone() });
    }
    let added = found
        .unknown_members()
        .iter()
        .find(|member| !sent.unknown_members().contains(member));
    match added {
        Some(member) => Err(EnvelopeFlaw::UnknownMember {
            member: member.clone(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = r#"{"targetArtifact":{"annotations":{"a":"1"},"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","mediaType":"application/vnd.oci.image.manifest.v1+json","size":7}}"#;

    fn compared(from: &str, to: &str) -> Result<(), EnvelopeFlaw> {
        let parse = |text: &str| Payload::parse(text.as_bytes()).unwrap();
        assert!(SENT.contains(from));
        check_payload(&parse(SENT), &parse(&SENT.replace(from, to)))
    }

    #[test]
    fn the_payload_that_comes_back_is_the_one_sent() {
        compared("size", "size").unwrap();
        compared(r#"{"a":"1"}"#, r#"{"a":"1","b":"2"}"#).unwrap();
        for (from, to, wanted) in [
            ("manifest.v1", "manifest.v2", "media type"),
            ("e3b0", "e3b1", "digest"),
            ("\"size\":7", "\"size\":8", "size"),
        ] {
            assert!(matches!(
                compared(from, to),
                Err(EnvelopeFlaw::OtherArtifact { member, .. }) if member == wanted
            ));
        }
        for annotations in ["{}", r#"{"a":"2"}"#, r#"{"A":"1"}"#] {
            assert!(matches!(
                compared(r#"{"a":"1"}"#, annotations),
                Err(EnvelopeFlaw::Annotation { name }) if name == "a"
            ));
        }
        assert!(matches!(
            compared("\"size\":7", "\"size\":7,\"new\":1"),
            Err(EnvelopeFlaw::UnknownMember { member }) if member == "targetArtifact.new"
        ));
        assert!(matches!(
            compared("\"size\":7}", "\"size\":7},\"new\":1"),
            Err(EnvelopeFlaw::UnknownMember { member }) if member == "new"
        ));
    }
}
