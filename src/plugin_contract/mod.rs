//! The Notation plugin contract, version 1.0 (`plugin-extensibility.md`): its messages and its
//! error codes, shared by this program as a plugin and as the host of others.
//!
//! Parsing is strict where the contract is (each field's name, letter case and type; an object is
//! an object) and lenient where it asks for it: unknown fields are ignored, and what notation sends
//! for "nothing" (`null` for an empty list, the year 1 for no expiry) is read as nothing. What the
//! values mean is judged elsewhere.

mod read;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

pub use read::{Error, parse_request, parse_response};
pub use words::{Capability, Command, ErrorCode};

/// The only version of the contract.
pub const CONTRACT_VERSION: &str = "1.0";

/// What a plugin writes to stderr when it fails, with exit status 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorResponse {
    /// The kind of failure.
    pub error_code: ErrorCode,
    /// What happened, for people.
    #[serde(default)]
    pub error_message: String,
    /// What happened, for programs.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "read::null_as_default"
    )]
    pub error_metadata: BTreeMap<String, String>,
}

/// Settings that the caller passes on to the plugin, `--plugin-config`.
pub type PluginConfig = BTreeMap<String, String>;

/// `get-plugin-metadata`: notation sends `{}`, the specification has a version too.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GetPluginMetadataRequest {
    /// The contract's version, where it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_version: Option<String>,
    /// Settings for the plugin.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "read::null_as_default"
    )]
    pub plugin_config: PluginConfig,
}

/// What a plugin is and can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PluginMetadata {
    /// The name, that of the executable without `notation-`.
    pub name: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// Its version; `SemVer` is needed for verification.
    pub version: String,
    /// Where to read about it.
    pub url: String,
    /// The contract's versions that it speaks.
    pub supported_contract_versions: Vec<String>,
    /// The names of its capabilities; unknown ones are possible.
    pub capabilities: Vec<String>,
}

impl PluginMetadata {
    /// Whether the plugin has a capability.
    pub fn can(&self, capability: Capability) -> bool {
        self.capabilities
            .iter()
            .any(|name| name == capability.as_str())
    }
}

/// `describe-key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeKeyRequest {
    /// The contract's version.
    #[serde(deserialize_with = "read::non_empty")]
    pub contract_version: String,
    /// The key, in the plugin's own terms.
    #[serde(deserialize_with = "read::non_empty")]
    pub key_id: String,
    /// Settings for the plugin.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "read::null_as_default"
    )]
    pub plugin_config: PluginConfig,
}

/// The answer to `describe-key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DescribeKeyResponse {
    /// The key that was asked about.
    pub key_id: String,
    /// Its kind, for example `EC-384`.
    pub key_spec: String,
}

/// `generate-signature`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateSignatureRequest {
    /// The contract's version.
    #[serde(deserialize_with = "read::non_empty")]
    pub contract_version: String,
    /// The key, in the plugin's own terms.
    #[serde(deserialize_with = "read::non_empty")]
    pub key_id: String,
    /// The key's kind, for example `EC-384`.
    #[serde(deserialize_with = "read::non_empty")]
    pub key_spec: String,
    /// The hash to use, for example `SHA-384`.
    #[serde(deserialize_with = "read::non_empty")]
    pub hash_algorithm: String,
    /// The bytes to sign.
    pub payload: Base64,
    /// Settings for the plugin.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "read::null_as_default"
    )]
    pub plugin_config: PluginConfig,
}

/// The answer to `generate-signature`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateSignatureResponse {
    /// The key that signed.
    pub key_id: String,
    /// The raw signature: RSASSA-PSS, or the two numbers of ECDSA at fixed width.
    pub signature: Base64,
    /// The algorithm, for example `ECDSA-SHA-384`.
    pub signing_algorithm: String,
    /// Certificates in DER, the leaf first.
    pub certificate_chain: Vec<Base64>,
}

/// `generate-envelope`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateEnvelopeRequest {
    /// The contract's version.
    #[serde(deserialize_with = "read::non_empty")]
    pub contract_version: String,
    /// The key, in the plugin's own terms.
    #[serde(deserialize_with = "read::non_empty")]
    pub key_id: String,
    /// The payload's media type.
    #[serde(deserialize_with = "read::non_empty")]
    pub payload_type: String,
    /// The media type of the envelope that is wanted.
    #[serde(deserialize_with = "read::non_empty")]
    pub signature_envelope_type: String,
    /// The payload to sign.
    pub payload: Base64,
    /// For how long the signature is to be good; nothing or 0 for no expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry_duration_in_seconds: Option<u64>,
    /// Settings for the plugin.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "read::null_as_default"
    )]
    pub plugin_config: PluginConfig,
}

/// The answer to `generate-envelope`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GenerateEnvelopeResponse {
    /// The envelope.
    pub signature_envelope: Base64,
    /// Its media type, the one asked for.
    pub signature_envelope_type: String,
    /// Annotations for the signature manifest.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "read::null_as_default"
    )]
    pub annotations: BTreeMap<String, String>,
}

/// `verify-signature`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifySignatureRequest {
    /// The contract's version.
    #[serde(deserialize_with = "read::non_empty")]
    pub contract_version: String,
    /// The signature, whose integrity the host has verified.
    #[serde(deserialize_with = "read::object")]
    pub signature: Signature,
    /// What the policy statement wants.
    #[serde(deserialize_with = "read::object")]
    pub trust_policy: TrustPolicy,
    /// Settings for the plugin.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "read::null_as_default"
    )]
    pub plugin_config: PluginConfig,
}

/// The signature in a `verify-signature` request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// What the signer vouches for.
    #[serde(deserialize_with = "read::object")]
    pub critical_attributes: CriticalAttributes,
    /// Names of the attributes that the plugin must process.
    #[serde(default, deserialize_with = "read::null_as_default")]
    pub unprocessed_attributes: Vec<String>,
    /// Certificates in DER, the leaf first.
    pub certificate_chain: Vec<Base64>,
}

/// The signed attributes in a `verify-signature` request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CriticalAttributes {
    /// The payload's media type.
    #[serde(deserialize_with = "read::non_empty")]
    pub content_type: String,
    /// The signing scheme's name.
    #[serde(deserialize_with = "read::non_empty")]
    pub signing_scheme: String,
    /// Until when the signature is good.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "read::optional_time"
    )]
    pub expiry: Option<OffsetDateTime>,
    /// When it was made, as the signing authority vouches for.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "read::optional_time"
    )]
    pub authentic_signing_time: Option<OffsetDateTime>,
    /// Attributes that the specification does not have.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "read::null_as_default"
    )]
    pub extended_attributes: BTreeMap<String, serde_json::Value>,
}

/// The policy statement's part in a `verify-signature` request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustPolicy {
    /// The statement's trusted identities, as they are written there.
    #[serde(default, deserialize_with = "read::null_as_default")]
    pub trusted_identities: Vec<String>,
    /// Names of the capabilities to use.
    pub signature_verification: Vec<String>,
}

/// The answer to `verify-signature`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerifySignatureResponse {
    /// One result per capability that was asked for.
    #[serde(deserialize_with = "read::null_as_default")]
    pub verification_results: BTreeMap<String, VerificationResult>,
    /// Names of the attributes that were processed.
    #[serde(deserialize_with = "read::null_as_default")]
    pub processed_attributes: Vec<String>,
}

/// The result of one capability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerificationResult {
    /// Whether the validation succeeded.
    pub success: bool,
    /// Why, or why not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Bytes that are standard base64, with padding, in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base64(pub Vec<u8>);

/// A message to a plugin.
pub trait Request {
    /// The command that it is the input of.
    const COMMAND: Command;
    /// What a plugin answers.
    type Response;

    /// The contract's version; nothing where the request may leave it out.
    fn contract_version(&self) -> Option<&str>;
}

macro_rules! versioned {
    ($($request:ident is $command:ident and is answered by $response:ident),* $(,)?) => {
        $(impl Request for $request {
            const COMMAND: Command = Command::$command;
            type Response = $response;

            fn contract_version(&self) -> Option<&str> {
                Some(&self.contract_version)
            }
        })*
    };
}

versioned!(
    DescribeKeyRequest is DescribeKey and is answered by DescribeKeyResponse,
    GenerateSignatureRequest is GenerateSignature and is answered by GenerateSignatureResponse,
    GenerateEnvelopeRequest is GenerateEnvelope and is answered by GenerateEnvelopeResponse,
    VerifySignatureRequest is VerifySignature and is answered by VerifySignatureResponse,
);

impl Request for GetPluginMetadataRequest {
    const COMMAND: Command = Command::GetPluginMetadata;
    type Response = PluginMetadata;

    fn contract_version(&self) -> Option<&str> {
        self.contract_version.as_deref()
    }
}
