//! One signature as `inspect` shows it: the same content as a tree and as JSON, with notation's
//! names.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::sentence;
use super::text::{Times, go_value};
use crate::cli::tree::Tree;
use crate::envelope::{self, UnverifiedEnvelope};
use crate::json;
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE, attribute};
use crate::oci::Digest;
use crate::payload::{self, Payload};
use crate::signer_info::{SignedAttributes, SignerInfo};
use crate::timestamp::UnverifiedTimestamp;
use crate::x509;

/// Why an envelope cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum Error {
    #[error("the signature envelope is malformed")]
    Envelope(#[source] envelope::Error),
    #[error("payload content type {0:?} not supported")]
    ContentType(String),
    #[error("failed to unmarshall the payload content to Payload")]
    Payload(#[source] payload::Error),
    #[error("failed to unmarshall the payload content to Payload")]
    PayloadJson(#[source] json::Error),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::cli) struct Details {
    /// Of the signature manifest; a signature in a file has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    signature_algorithm: &'static str,
    signature_envelope_type: &'static str,
    signed_attributes: Attributes,
    /// `null` where there are none, as in notation.
    user_defined_attributes: Option<BTreeMap<String, String>>,
    unsigned_attributes: UnsignedAttributes,
    certificates: Vec<Certificate>,
    signed_artifact: SignedArtifact,
}

/// The signed attributes. The specification's have a name for each output.
#[derive(Debug)]
struct Attributes(Vec<Attribute>);

#[derive(Debug)]
struct Attribute {
    in_tree: String,
    in_json: String,
    value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UnsignedAttributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    signing_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_signature: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Timestamp {
    Readable {
        timestamp: String,
        certificates: Vec<Certificate>,
    },
    Unreadable {
        error: String,
    },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    #[serde(rename = "SHA256Fingerprint")]
    fingerprint: String,
    issued_to: String,
    issued_by: String,
    expiry: String,
}

/// The artifact that was signed, by the envelope's word. Its annotations are the user's attributes.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedArtifact {
    media_type: String,
    digest: String,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    urls: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<Value>,
}

impl Details {
    /// Reads an envelope.
    pub(in crate::cli) fn read(
        format: EnvelopeFormat,
        bytes: &[u8],
        times: Times,
    ) -> Result<Self, Error> {
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
    pub(in crate::cli) fn with_digest(self, digest: &Digest) -> Self {
        Self {
            digest: Some(digest.to_string()),
            ..self
        }
    }

    /// The digest of the signature manifest, if there is one.
    pub(in crate::cli) fn digest(&self) -> &str {
        self.digest.as_deref().unwrap_or_default()
    }

    /// The tree below `name`, by which the signature is known.
    pub(in crate::cli) fn tree(&self, name: &str) -> Tree {
        let signed = self.signed_attributes.0.iter();
        let metadata = self.user_defined_attributes.iter().flatten();
        let metadata: Vec<Tree> = metadata
            .map(|(name, value)| Tree::pair(name, value))
            .collect();
        let artifact = &self.signed_artifact;
        Tree::new(name)
            .with(Tree::pair("signature algorithm", self.signature_algorithm))
            .with(Tree::pair(
                "signature envelope type",
                self.signature_envelope_type,
            ))
            .with(
                Tree::new("signed attributes").with_all(
                    signed.map(|attribute| Tree::pair(&attribute.in_tree, &attribute.value)),
                ),
            )
            .with(Tree::new("user defined attributes").with_all(or_empty(metadata)))
            .with(self.unsigned_attributes.tree())
            .with(
                Tree::new("certificates").with_all(self.certificates.iter().map(Certificate::tree)),
            )
            .with(
                Tree::new("signed artifact")
                    .with(Tree::pair("media type", &artifact.media_type))
                    .with(Tree::pair("digest", &artifact.digest))
                    .with(Tree::pair("size", &artifact.size.to_string())),
            )
    }
}

fn or_empty(mut branches: Vec<Tree>) -> Vec<Tree> {
    if branches.is_empty() {
        branches.push(Tree::new("(empty)"));
    }
    branches
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
                Ok(read) => Timestamp::Readable {
                    timestamp: format!(
                        "[{}, {}]",
                        times.write(read.earliest),
                        times.write(read.latest)
                    ),
                    certificates: certificates(&read.certificates, times),
                },
                Err(error) => Timestamp::Unreadable {
                    error: format!(
                        "failed to parse timestamp countersignature: {}",
                        sentence(&error)
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

    fn tree(&self) -> Tree {
        let mut branches = Vec::new();
        if let Some(agent) = &self.signing_agent {
            branches.push(Tree::pair("signing agent", agent));
        }
        match &self.timestamp_signature {
            None => {}
            Some(Timestamp::Readable {
                timestamp,
                certificates,
            }) => branches.push(
                Tree::new("timestamp signature")
                    .with(Tree::pair("timestamp", timestamp))
                    .with(
                        Tree::new("certificates")
                            .with_all(certificates.iter().map(Certificate::tree)),
                    ),
            ),
            Some(Timestamp::Unreadable { error }) => {
                branches.push(Tree::new("timestamp signature").with(Tree::pair("error", error)));
            }
        }
        Tree::new("unsigned attributes").with_all(or_empty(branches))
    }
}

fn certificates(chain: &[x509::Certificate], times: Times) -> Vec<Certificate> {
    let show = |certificate: &x509::Certificate| Certificate {
        fingerprint: certificate.sha256_fingerprint(),
        issued_to: certificate.subject().to_string(),
        issued_by: certificate.issuer().to_string(),
        expiry: times.write(certificate.not_after()),
    };
    chain.iter().map(show).collect()
}

impl Certificate {
    fn tree(&self) -> Tree {
        Tree::pair("SHA256 fingerprint", &self.fingerprint)
            .with(Tree::pair("issued to", &self.issued_to))
            .with(Tree::pair("issued by", &self.issued_by))
            .with(Tree::pair("expiry", &self.expiry))
    }
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
