//! Every way in which a plugin command fails, and the contract's code for it.

use std::io;

use super::Face;
use crate::aws::{ArnError, CallErrorKind, KmsKeyIdError, SettingsError};
use crate::hints::Reader;
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE};
use crate::plugin_contract::{self, Command, ErrorCode};
use crate::signer::certificate_chain::CertificateChainError;
use crate::signer::{aws_kms, aws_signer};
use crate::{causes, extended_validation, http, x509};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The executable has the name of a plugin that this program is not.
    #[error("this program does not implement plugin `{0}`")]
    UnknownPlugin(String),
    /// No argument.
    #[error("no command was given")]
    NoCommand,
    /// An argument that is not a command.
    #[error("`{0}` is not a command of the plugin contract")]
    UnknownCommand(String),
    /// More than one argument.
    #[error("unexpected argument `{0}` after the command")]
    ExtraArgument(String),
    /// The request could not be read.
    #[error("the request could not be read from stdin")]
    Read(#[source] io::Error),
    /// The answer could not be written.
    #[error("the answer could not be written to stdout")]
    Write(#[source] io::Error),
    /// The request is not one.
    #[error("the request of `{command}` is not valid")]
    Request {
        /// The command.
        command: Command,
        /// What is wrong with it.
        #[source]
        source: plugin_contract::Error,
    },
    /// AWS Signer makes whole envelopes only.
    #[error(
        "AWS Signer makes whole envelopes and no raw signatures, so `generate-signature` is not supported"
    )]
    RawSignature,
    /// AWS KMS makes mere signatures.
    #[error("AWS KMS makes raw signatures and nothing else, so `{0}` is not supported")]
    RawOnly(Command),
    /// The settings cannot be followed.
    #[error("the plugin's settings cannot be used")]
    Settings(#[source] SettingsError),
    /// The settings of a key of AWS KMS cannot be followed.
    #[error("the plugin's settings cannot be used")]
    KmsSettings(#[source] aws_kms::SettingsError),
    /// The environment's HTTP settings cannot be followed.
    #[error("the HTTP settings in the environment are invalid")]
    Http(#[source] http::Error),
    /// The key is not a signing profile.
    #[error("the key is not a signing profile, or a version of one, of AWS Signer")]
    KeyId(#[source] ArnError),
    /// The key is not one of AWS KMS.
    #[error("the key is not one of AWS KMS")]
    KmsKeyId(#[source] KmsKeyIdError),
    /// The certificates cannot be used.
    #[error(transparent)]
    CertificateChain(CertificateChainError),
    /// The algorithm asked for does not fit the certificate's key.
    #[error("`{field}` is `{found}`, but the certificate's key needs `{wanted}`")]
    OtherKeySpec {
        /// The field of the request.
        field: &'static str,
        /// What it says.
        found: String,
        /// What it must say.
        wanted: String,
    },
    /// AWS KMS did not sign, or would not.
    #[error(transparent)]
    Kms(aws_kms::Error),
    /// An envelope that AWS Signer does not make.
    #[error("AWS Signer does not make envelopes of the type `{0}`, only `{jws}`", jws = EnvelopeFormat::Jws.media_type())]
    EnvelopeType(String),
    /// A payload that AWS Signer does not sign.
    #[error("AWS Signer does not sign payloads of the type `{0}`, only `{PAYLOAD_MEDIA_TYPE}`")]
    PayloadType(String),
    /// An expiry, which only the signing profile can set.
    #[error("AWS Signer accepts no expiry from the caller, but {seconds} seconds were requested")]
    Expiry {
        /// The expiry asked for.
        seconds: u64,
    },
    /// Nothing to verify.
    #[error("the request names no capability in `trustPolicy.signatureVerification`")]
    NoCapability,
    /// A capability that this plugin does not have.
    #[error("`{0}` is not a verification capability of this plugin")]
    Capability(String),
    /// A certificate in the request.
    #[error("certificate {index} of `signature.certificateChain` cannot be read")]
    Certificate {
        /// Its place in the chain, from 0.
        index: usize,
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// The asynchronous runtime does not start.
    #[error("the asynchronous runtime cannot be started")]
    Runtime(#[source] io::Error),
    /// AWS Signer did not sign, or would not.
    #[error(transparent)]
    Sign(aws_signer::Error),
    /// This plugin cannot judge the signature, or the policy does not accept it.
    #[error(transparent)]
    Validation(extended_validation::Error),
}

impl Error {
    /// The contract's code for this failure.
    #[expect(clippy::too_many_lines, reason = "a table")]
    pub(super) fn code(&self) -> ErrorCode {
        match self {
            Self::NoCommand
            | Self::UnknownCommand(_)
            | Self::ExtraArgument(_)
            | Self::Request {
                source:
                    plugin_contract::Error::TooLarge
                    | plugin_contract::Error::TooManyValues
                    | plugin_contract::Error::NotJson { .. }
                    | plugin_contract::Error::Field { .. },
                ..
            }
            | Self::RawSignature
            | Self::RawOnly(_)
            | Self::Settings(_)
            | Self::KmsSettings(_)
            | Self::KeyId(_)
            | Self::KmsKeyId(_)
            | Self::CertificateChain(_)
            | Self::OtherKeySpec { .. }
            | Self::Kms(
                aws_kms::Error::Settings(_)
                | aws_kms::Error::NoRegion { .. }
                | aws_kms::Error::OtherRegion { .. }
                | aws_kms::Error::Usage { .. }
                | aws_kms::Error::KeySpec { .. }
                | aws_kms::Error::Algorithm { .. }
                | aws_kms::Error::Mismatch { .. },
            )
            | Self::EnvelopeType(_)
            | Self::PayloadType(_)
            | Self::Expiry { .. }
            | Self::NoCapability
            | Self::Capability(_)
            | Self::Certificate { .. }
            | Self::Sign(
                aws_signer::Error::Payload(_)
                | aws_signer::Error::PayloadTooLong { .. }
                | aws_signer::Error::Settings(_)
                | aws_signer::Error::NotActive { .. }
                | aws_signer::Error::OtherPlatform { .. }
                | aws_signer::Error::NotCurrent { .. },
            )
            | Self::Validation(
                extended_validation::Error::Scheme { .. }
                | extended_validation::Error::NoSigningTime
                | extended_validation::Error::NoAttribute { .. }
                | extended_validation::Error::AttributeType { .. }
                | extended_validation::Error::Attribute { .. }
                | extended_validation::Error::PartitionsDiffer { .. }
                | extended_validation::Error::Wildcard
                | extended_validation::Error::Untrusted { .. }
                | extended_validation::Error::Settings(_)
                | extended_validation::Error::Revoked { .. }
                | extended_validation::Error::NotStored { .. }
                | extended_validation::Error::Stored { .. }
                | extended_validation::Error::UnsignedNotAllowed { .. }
                | extended_validation::Error::UnexpectedEntity { .. }
                | extended_validation::Error::ChainLength { .. },
            ) => ErrorCode::ValidationError,
            Self::Request {
                source: plugin_contract::Error::ContractVersion { .. },
                ..
            } => ErrorCode::UnsupportedContractVersion,
            Self::Sign(aws_signer::Error::Call(call))
            | Self::Kms(aws_kms::Error::Call(call))
            | Self::Validation(extended_validation::Error::RevocationUnknown(call)) => {
                match call.kind() {
                    CallErrorKind::Denied
                    | CallErrorKind::NoCredentials
                    | CallErrorKind::BadCredentials => ErrorCode::AccessDenied,
                    CallErrorKind::Throttled => ErrorCode::Throttled,
                    CallErrorKind::TimedOut => ErrorCode::Timeout,
                    CallErrorKind::Invalid | CallErrorKind::NotFound => ErrorCode::ValidationError,
                    CallErrorKind::Unreachable
                    | CallErrorKind::ServiceFailure
                    | CallErrorKind::Malformed
                    | CallErrorKind::NotAws
                    | CallErrorKind::NotSent => ErrorCode::Error,
                }
            }
            Self::UnknownPlugin(_)
            | Self::Read(_)
            | Self::Write(_)
            | Self::Http(_)
            | Self::Runtime(_)
            | Self::Kms(
                aws_kms::Error::PublicKey { .. }
                | aws_kms::Error::NotGenerated { .. }
                | aws_kms::Error::Signature { .. },
            )
            | Self::Sign(aws_signer::Error::UnusableAnswer { .. } | aws_signer::Error::NotAsked) => {
                ErrorCode::Error
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCommand | Self::UnknownCommand(_) | Self::ExtraArgument(_) => Some(format!(
                "Notation calls this program with one of the commands {}, and a request on stdin",
                names(Command::ALL.map(Command::as_str))
            )),
            Self::RawSignature => Some(
                "use `generate-envelope`; raw signatures with your own AWS KMS key come from the plugin `aws-kms`"
                    .to_owned(),
            ),
            Self::UnknownPlugin(_) => {
                let names = Face::ALL.map(|face| format!("`notation-{}`", face.name()));
                Some(format!("name the executable {}", names.join(" or ")))
            }
            Self::RawOnly(_) => Some(
                "it supports `describe-key` and `generate-signature` only; Notation builds and verifies the \
                 envelope"
                    .to_owned(),
            ),
            Self::Settings(source) => source.hint(),
            Self::KmsSettings(source) => source.hint(),
            Self::KmsKeyId(source) => source.hint(),
            Self::CertificateChain(source) => source.hint(),
            Self::Kms(source) => source.hint(),
            Self::Http(source) => source.hint(),
            Self::KeyId(source) => source.hint(),
            Self::EnvelopeType(_) => {
                Some("sign with the setting `signature-format jws`, or set it in `config.json`".to_owned())
            }
            Self::Expiry { .. } => Some(
                "omit the setting `expiry`; the signing profile's signature validity period sets the expiry"
                    .to_owned(),
            ),
            Self::Sign(source) => source.hint(),
            Self::Validation(source) => source.hint(),
            Self::Read(_)
            | Self::Write(_)
            | Self::Request { .. }
            | Self::PayloadType(_)
            | Self::OtherKeySpec { .. }
            | Self::NoCapability
            | Self::Capability(_)
            | Self::Certificate { .. }
            | Self::Runtime(_) => None,
        }
    }
}

/// The settings that are flags of `notation sign` and `notation verify` too.
const OF_NOTATION: [&str; 7] = [
    "plugin-config",
    "signature-format",
    "expiry",
    "user-metadata",
    "id",
    "plugin",
    "key",
];

/// An error, its causes and the advice, as one line.
pub(super) fn in_one_line(error: &dyn std::error::Error, hint: Option<String>) -> String {
    let mut line = causes::in_one_line(error);
    // The reader runs notation.
    let reader = Reader::with_flags(OF_NOTATION);
    if let Some(hint) = hint.and_then(|hint| reader.fitting(&hint)) {
        line.push_str(" (");
        line.push_str(&hint);
        line.push(')');
    }
    line
}

fn names<const N: usize>(names: [&str; N]) -> String {
    names.map(|name| format!("`{name}`")).join(", ")
}
