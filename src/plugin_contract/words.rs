//! The words of the contract: commands, capabilities and error codes.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A command of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// What the plugin is and what it can do.
    GetPluginMetadata,
    /// The kind of a key.
    DescribeKey,
    /// A raw signature.
    GenerateSignature,
    /// A whole signature envelope.
    GenerateEnvelope,
    /// Validations that only the plugin can carry out.
    VerifySignature,
}

impl Command {
    /// Every command.
    pub const ALL: [Self; 5] = [
        Self::GetPluginMetadata,
        Self::DescribeKey,
        Self::GenerateSignature,
        Self::GenerateEnvelope,
        Self::VerifySignature,
    ];

    /// The command's name, the plugin's only argument.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GetPluginMetadata => "get-plugin-metadata",
            Self::DescribeKey => "describe-key",
            Self::GenerateSignature => "generate-signature",
            Self::GenerateEnvelope => "generate-envelope",
            Self::VerifySignature => "verify-signature",
        }
    }

    /// The command of this exact name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|command| command.as_str() == name)
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a plugin can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Capability {
    /// Makes raw signatures.
    RawSignature,
    /// Makes whole envelopes.
    Envelope,
    /// Makes whole envelopes over files.
    EnvelopeForBlob,
    /// Decides whether the signer is one that the policy trusts.
    TrustedIdentity,
    /// Decides whether what a signature rests on was revoked.
    RevocationCheck,
}

impl Capability {
    /// Every capability.
    pub const ALL: [Self; 5] = [
        Self::RawSignature,
        Self::Envelope,
        Self::EnvelopeForBlob,
        Self::TrustedIdentity,
        Self::RevocationCheck,
    ];

    /// The capability's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RawSignature => "SIGNATURE_GENERATOR.RAW",
            Self::Envelope => "SIGNATURE_GENERATOR.ENVELOPE",
            Self::EnvelopeForBlob => "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB",
            Self::TrustedIdentity => "SIGNATURE_VERIFIER.TRUSTED_IDENTITY",
            Self::RevocationCheck => "SIGNATURE_VERIFIER.REVOCATION_CHECK",
        }
    }

    /// The capability of this exact name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|capability| capability.as_str() == name)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kind of a plugin's failure.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ErrorCode {
    /// The request is wrong: a field, or a value in it.
    ValidationError,
    /// The request is of a version that the plugin does not speak.
    UnsupportedContractVersion,
    /// The caller may not use the key or the service behind it.
    AccessDenied,
    /// Something behind the plugin took too long.
    Timeout,
    /// Something behind the plugin wants fewer requests.
    Throttled,
    /// Anything else.
    Error,
    /// A code that the contract does not have; plugins send them, and they are passed on.
    Other(String),
}

impl ErrorCode {
    pub(super) const KNOWN: [(Self, &'static str); 6] = [
        (Self::ValidationError, "VALIDATION_ERROR"),
        (
            Self::UnsupportedContractVersion,
            "UNSUPPORTED_CONTRACT_VERSION",
        ),
        (Self::AccessDenied, "ACCESS_DENIED"),
        (Self::Timeout, "TIMEOUT"),
        (Self::Throttled, "THROTTLED"),
        (Self::Error, "ERROR"),
    ];

    /// The code in a message.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(code) => code,
            known => Self::KNOWN
                .iter()
                .find(|(code, _)| code == known)
                .map_or("ERROR", |(_, name)| name),
        }
    }
}

impl From<String> for ErrorCode {
    fn from(name: String) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|(_, known)| *known == name)
            .map_or(Self::Other(name), |(code, _)| code)
    }
}

impl From<ErrorCode> for String {
    fn from(code: ErrorCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
