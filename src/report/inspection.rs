//! What signatures say, in the document of `inspect` and `blob inspect`, with notation's members. Nothing is
//! verified.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::go::{Times, go_value};
use super::sentence;
use crate::envelope::{self, UnverifiedEnvelope};
use crate::json;
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE, attribute};
use crate::oci::Digest;
use crate::payload::{self, Payload};
use crate::printable;
use crate::signer_info::{SignedAttributes, SignerInfo};
use crate::timestamp::UnverifiedTimestamp;
use crate::x509;

/// Why an envelope cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be parsed.
    #[error("the signature envelope is malformed")]
    Envelope(#[source] envelope::Error),
    /// It has another payload than a target artifact's.
    #[error("payload content type {0:?} not supported")]
    ContentType(String),
    /// Its payload names no target artifact.
    #[error("failed to unmarshall the payload content to Payload")]
    Payload(#[source] payload::Error),
    /// Its payload is not an object.
    #[error("failed to unmarshall the payload content to Payload")]
    PayloadJson(#[source] json::Error),
}

/// What the signatures of an artifact say.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Inspection {
    /// The media type of the artifact.
    pub media_type: String,
    /// Each signature, in the order of the repository's list.
    pub signatures: Vec<SignatureInspection>,
}

impl Inspection {
    /// What `signatures` say about an artifact of this media type.
    pub fn new(media_type: String, signatures: Vec<SignatureInspection>) -> Self {
        Self {
            media_type,
            signatures,
        }
    }
}

/// One signature of an artifact.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum SignatureInspection {
    /// What it says.
    Readable(Box<SignatureDetails>),
    /// In the place of a signature that cannot be shown.
    Unreadable {
        /// The digest of the signature manifest.
        digest: String,
        /// Why, in a sentence.
        error: String,
    },
}

/// What one signature says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignatureDetails {
    /// The digest of the signature manifest; a signature in a file has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The signature's algorithm, by its name in the plugin contract.
    pub signature_algorithm: &'static str,
    /// The envelope's media type.
    pub signature_envelope_type: &'static str,
    /// The signed attributes.
    pub signed_attributes: Attributes,
    /// The user metadata; `null` without any, as in notation.
    pub user_defined_attributes: Option<BTreeMap<String, String>>,
    /// The unsigned attributes.
    pub unsigned_attributes: UnsignedAttributes,
    /// The signer's certificate, then each issuer.
    pub certificates: Vec<CertificateDetails>,
    /// The artifact that was signed, by the envelope's word.
    pub signed_artifact: SignedArtifact,
}

/// The signed attributes, in notation's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes(pub Vec<Attribute>);

/// One signed attribute. The specification's have a name for each output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attribute {
    /// Its name in a tree.
    pub in_tree: String,
    /// Its name in JSON.
    pub in_json: String,
    /// Its value, as Go prints it.
    pub value: String,
}

/// The unsigned attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnsignedAttributes {
    /// The program that made the signature, by its own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_agent: Option<String>,
    /// The countersignature of a timestamping authority.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp_signature: Option<TimestampDetails>,
}

/// What a countersignature says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum TimestampDetails {
    /// What it says.
    Readable {
        /// The earliest and the latest time that it stands for.
        timestamp: String,
        /// The authority's certificate, then each issuer.
        certificates: Vec<CertificateDetails>,
    },
    /// In the place of one that cannot be shown.
    Unreadable {
        /// Why, in a sentence.
        error: String,
    },
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CertificateDetails {
    /// The SHA-256 digest of the certificate, in hexadecimal digits.
    #[serde(rename = "SHA256Fingerprint")]
    pub fingerprint: String,
    /// Its subject.
    pub issued_to: String,
    /// Its issuer.
    pub issued_by: String,
    /// When it ends.
    pub expiry: String,
}

/// The artifact that was signed, by the envelope's word. Its annotations are the user's attributes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SignedArtifact {
    /// Its media type.
    pub media_type: String,
    /// Its digest.
    pub digest: String,
    /// Its size in bytes.
    pub size: u64,
    /// The descriptor's `urls`, as it has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub urls: Option<Value>,
    /// The descriptor's `data`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// The descriptor's `platform`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Value>,
    /// The descriptor's `artifactType`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<Value>,
}

impl SignatureDetails {
    /// Reads an envelope; times are written as `times` says.
    ///
    /// # Errors
    ///
    /// Why it cannot be shown.
    pub fn read(format: EnvelopeFormat, bytes: &[u8], times: Times) -> Result<Self, Error> {
        let envelope = UnverifiedEnvelope::parse(format, bytes).map_err(Error::Envelope)?;
        let info = envelope.signer_info();
        let content_type = &info.signed_attributes.content_type;
        if content_type != PAYLOAD_MEDIA_TYPE {
            return Err(Error::ContentType(content_type.clone()));
        }
        let payload = Payload::parse(envelope.payload()).map_err(Error::Payload)?;
        let members = json::parse_object(envelope.payload()).map_err(Error::PayloadJson)?;
        let target = payload.target_artifact;
        Ok(Self {
            digest: None,
            signature_algorithm: info.signature_algorithm.contract_name(),
            signature_envelope_type: format.media_type(),
            signed_attributes: Attributes::new(&info.signed_attributes, times),
            user_defined_attributes: Some(target.annotations)
                .filter(|annotations| !annotations.is_empty()),
            unsigned_attributes: UnsignedAttributes::new(info, times),
            certificates: certificates(&info.certificate_chain, times),
            signed_artifact: SignedArtifact::new(
                target.media_type,
                &target.digest,
                target.size,
                members,
            ),
        })
    }

    /// The same with the digest of the signature manifest.
    #[must_use]
    pub fn with_digest(self, digest: &Digest) -> Self {
        Self {
            digest: Some(digest.to_string()),
            ..self
        }
    }
}

impl Attributes {
    fn new(attributes: &SignedAttributes, times: Times) -> Self {
        let mut all = Vec::new();
        let mut add = |in_tree: &str, in_json: &str, value: String| {
            all.push(Attribute {
                in_tree: in_tree.to_owned(),
                in_json: in_json.to_owned(),
                value,
            });
        };
        add(
            "content type",
            "contentType",
            attributes.content_type.clone(),
        );
        let scheme = attributes.signing_scheme.to_string();
        add("signing scheme", "signingScheme", scheme);
        let signing_time = times.write(attributes.signing_time);
        add("signing time", "signingTime", signing_time);
        if let Some(expiry) = attributes.expiry {
            add("expiry", "expiry", times.write(expiry));
        }
        let mut extended: BTreeMap<&str, String> = attributes
            .extended
            .iter()
            .map(|attribute| (attribute.name.as_str(), go_value(&attribute.value)))
            .collect();
        let plugin = [
            (
                attribute::VERIFICATION_PLUGIN,
                &attributes.verification_plugin,
            ),
            (
                attribute::VERIFICATION_PLUGIN_MIN_VERSION,
                &attributes.verification_plugin_min_version,
            ),
        ];
        for (name, value) in plugin {
            if let Some(value) = value {
                extended.insert(name, value.clone());
            }
        }
        for (name, value) in extended {
            add(name, name, value);
        }
        Self(all)
    }
}

impl Serialize for Attributes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sorted: BTreeMap<&str, &str> = self
            .0
            .iter()
            .map(|attribute| (attribute.in_json.as_str(), attribute.value.as_str()))
            .collect();
        sorted.serialize(serializer)
    }
}

impl UnsignedAttributes {
    fn new(info: &SignerInfo, times: Times) -> Self {
        let unsigned = &info.unsigned_attributes;
        let timestamp_signature = unsigned.timestamp_signature.as_ref().map(|token| {
            match UnverifiedTimestamp::parse(token, &info.signature) {
                Ok(read) => TimestampDetails::Readable {
                    timestamp: format!(
                        "[{}, {}]",
                        times.write(read.earliest),
                        times.write(read.latest)
                    ),
                    certificates: certificates(&read.certificates, times),
                },
                Err(error) => TimestampDetails::Unreadable {
                    error: format!(
                        "failed to parse timestamp countersignature: {}",
                        printable::one_line(&sentence::of_unreadable_timestamp(&error))
                    ),
                },
            }
        });
        Self {
            signing_agent: unsigned
                .signing_agent
                .clone()
                .filter(|agent| !agent.is_empty()),
            timestamp_signature,
        }
    }
}

fn certificates(chain: &[x509::Certificate], times: Times) -> Vec<CertificateDetails> {
    let show = |certificate: &x509::Certificate| CertificateDetails {
        fingerprint: certificate.sha256_fingerprint(),
        issued_to: certificate.subject().to_string(),
        issued_by: certificate.issuer().to_string(),
        expiry: times.write(certificate.not_after()),
    };
    chain.iter().map(show).collect()
}

impl SignedArtifact {
    /// `payload` is the payload's object, for the members that are only shown.
    fn new(
        media_type: String,
        digest: &Digest,
        size: u64,
        mut payload: Map<String, Value>,
    ) -> Self {
        let mut artifact = match payload.remove("targetArtifact") {
            Some(Value::Object(artifact)) => artifact,
            _ => Map::new(),
        };
        Self {
            media_type,
            digest: digest.to_string(),
            size,
            urls: artifact.remove("urls"),
            data: artifact.remove("data"),
            platform: artifact.remove("platform"),
            artifact_type: artifact.remove("artifactType"),
        }
    }
}
