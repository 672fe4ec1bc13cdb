//! What a failure means: refused or inconclusive, how far the signature came, a code for programs, what to
//! do.

use super::{Failure, FailureClass, rfc1123z};
use crate::trust_store::AuthenticityError;
use crate::{extended_validation, payload, registry};

/// What the reader at a gate can do about a signature that is not good. Signing is the pipeline's task.
const DO_NOT_RUN: &str =
    "do not run the artifact: signing it again belongs in the pipeline that builds it";

impl Failure {
    /// Whether the signature was refused, or could not be judged.
    pub fn class(&self) -> FailureClass {
        let inconclusive = match self {
            Self::Fetch { source, .. } => source.kind() == registry::Kind::Inconclusive,
            Self::UntrustedProfile { source } | Self::Revocation { source } => {
                source.is_inconclusive()
            }
            Self::Plugin { source } => source.is_inconclusive(),
            Self::CertificateRevocationUnknown { .. }
            | Self::Unfinished { .. }
            | Self::PluginNotRun { .. }
            | Self::Blob { .. } => true,
            _ => false,
        };
        if inconclusive {
            FailureClass::Inconclusive
        } else {
            FailureClass::Rejected
        }
    }

    /// How much the failure tells, for choosing which of several signatures' failures leads:
    /// the further a signature came, the more its failure says about what to mend.
    #[doc(hidden)]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Fetch { .. } | Self::Unfinished { .. } => 0,
            Self::Envelope { .. } | Self::Payload { .. } => 2,
            Self::AnotherArtifact { .. } | Self::Blob { .. } => 3,
            Self::Plugin { .. }
            | Self::PluginNotRun { .. }
            | Self::NotAwsSigner { .. }
            | Self::PluginVersion { .. }
            | Self::PluginTooOld { .. }
            | Self::PluginCannotVerify { .. }
            | Self::PluginDidNotAnswer { .. }
            | Self::PluginAnsweredMore { .. }
            | Self::UnprocessedAttributes(_) => 4,
            Self::Authenticity { .. } | Self::RevocationNotAsked => 5,
            Self::UntrustedSubject { .. }
            | Self::UntrustedProfile { .. }
            | Self::UntrustedByPlugin { .. } => 6,
            Self::Expired { .. } => 7,
            Self::CertificateNotValid { .. }
            | Self::CertificateNotValidNow { .. }
            | Self::SignedInTheFuture { .. }
            | Self::NoTimestamp
            | Self::TimestampStore { .. }
            | Self::Timestamp { .. } => 8,
            Self::Revocation { .. }
            | Self::RevokedByPlugin { .. }
            | Self::CertificateRevoked { .. }
            | Self::CertificateRevocationUnknown { .. }
            | Self::RevocationNotChecked { .. } => 9,
            Self::UserMetadata { .. } => 10,
        }
    }

    /// The sentence that notation ends a whole verification with, where it does: for a trust store
    /// that cannot be used it names the store, and not the artifact.
    #[doc(hidden)]
    pub fn notation_error(&self) -> Option<String> {
        match self {
            Self::TimestampStore { source }
            | Self::Authenticity {
                source: AuthenticityError::Store { source },
            } => Some(source.notation_error()),
            _ => None,
        }
    }

    /// A name for programs to branch on; it does not change once published.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch { .. } => "signature-not-retrievable",
            Self::Unfinished { source } => source.code(),
            Self::Envelope { .. } => "envelope-invalid",
            Self::Authenticity {
                source: AuthenticityError::Store { .. },
            } => "trust-store-unusable",
            Self::Authenticity {
                source:
                    AuthenticityError::NoStoreOfType { .. } | AuthenticityError::NotByAwsSigner { .. },
            } => "no-trust-store-of-type",
            Self::Authenticity { .. } => "certificate-chain-untrusted",
            Self::UntrustedSubject { .. } => "subject-untrusted",
            Self::UntrustedProfile { .. } => "signing-profile-untrusted",
            Self::Expired { .. } => "signature-expired",
            Self::CertificateNotValid { .. } => "certificate-not-valid-at-signing",
            Self::Revocation { source } if source.is_inconclusive() => "revocation-unknown",
            Self::Revocation { .. } => "revoked",
            Self::CertificateNotValidNow { .. } => "certificate-not-valid-now",
            Self::NoTimestamp => "timestamp-missing",
            Self::TimestampStore { .. } => "timestamp-trust-store-unusable",
            Self::Timestamp { .. } => "timestamp-invalid",
            Self::CertificateRevoked { .. } => "certificate-revoked",
            Self::CertificateRevocationUnknown { .. } | Self::RevocationNotChecked { .. } => {
                "certificate-revocation-unknown"
            }
            Self::RevocationNotAsked => "revocation-not-checked",
            Self::SignedInTheFuture { .. } => "signed-in-the-future",
            Self::Plugin { .. } => "plugin-failed",
            Self::PluginNotRun { .. } => "plugin-not-run",
            Self::PluginVersion { .. } => "plugin-version-invalid",
            Self::PluginCannotVerify { .. } => "plugin-cannot-verify",
            Self::PluginDidNotAnswer { .. } => "plugin-did-not-answer",
            Self::PluginAnsweredMore { .. } => "plugin-answered-more",
            Self::UntrustedByPlugin { .. } => "identity-untrusted-by-plugin",
            Self::RevokedByPlugin { .. } => "revoked-by-plugin",
            Self::PluginTooOld { .. } => "plugin-too-old",
            Self::UnprocessedAttributes(_) => "critical-attributes-not-processed",
            Self::Payload { .. } => "payload-malformed",
            Self::AnotherArtifact { .. } => "artifact-mismatch",
            Self::Blob { .. } => "blob-not-readable",
            Self::NotAwsSigner { .. } => "aws-signer-attributes-invalid",
            Self::UserMetadata { .. } => "user-metadata-mismatch",
        }
    }

    /// What was found and what was wanted, where the sentence does not say it: a line each.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::CertificateNotValid {
                not_before,
                not_after,
                ..
            } => vec![format!(
                "valid from \"{}\" to \"{}\"",
                rfc1123z(*not_before),
                rfc1123z(*not_after)
            )],
            Self::CertificateRevoked { details, .. }
            | Self::CertificateRevocationUnknown { details, .. } => details.clone(),
            Self::SignedInTheFuture { now, .. } => {
                vec![format!("verified at \"{}\"", rfc1123z(*now))]
            }
            Self::UntrustedProfile {
                source: extended_validation::Error::Untrusted { trusted, more, .. },
            } => {
                let mut lines: Vec<String> = trusted
                    .iter()
                    .map(|one| format!("trusted: `{one}`"))
                    .collect();
                if *more > 0 {
                    lines.push(format!("trusted: {more} more"));
                }
                lines
            }
            Self::UserMetadata { key, found, wanted } => vec![
                match found {
                    Some(found) => format!("found: {key}={found}"),
                    None => format!("found: no `{key}`"),
                },
                format!("wanted: {key}={wanted}"),
            ],
            _ => Vec::new(),
        }
    }

    /// The failure with its details, in one clause.
    pub(crate) fn with_details(&self) -> String {
        let details = self.details().into_iter();
        let clauses: Vec<String> = std::iter::once(self.to_string()).chain(details).collect();
        clauses.join("; ")
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Fetch { source, .. } => source.hint(),
            Self::Unfinished { source } => Some(source.hint()),
            Self::Envelope { source } => Some(match source.hint() {
                Some(hint) => format!("{hint}; {DO_NOT_RUN}"),
                None => DO_NOT_RUN.to_owned(),
            }),
            Self::Payload { .. } => {
                Some(format!("this was not signed as a Notary Project payload; {DO_NOT_RUN}"))
            }
            Self::Authenticity { source } => source.hint(),
            Self::UntrustedSubject { source } => source.hint(),
            Self::UntrustedProfile { source }
            | Self::Revocation { source }
            | Self::NotAwsSigner { source } => source.hint(),
            Self::Expired { .. } => {
                Some(format!("deploy an artifact whose signature is still good; {DO_NOT_RUN}"))
            }
            Self::CertificateNotValid { .. } => Some(format!(
                "the signer's certificate did not cover the signing time, so check the signer's clock; \
                 {DO_NOT_RUN}"
            )),
            Self::SignedInTheFuture { .. } => {
                Some("check this machine's clock; AWS Signer's is right".to_owned())
            }
            Self::PluginNotRun { .. } => {
                Some("a plugin may use a network; verify without the setting `offline`".to_owned())
            }
            Self::CertificateNotValidNow { now, not_before, .. } if now < not_before => Some(
                "the signer's certificate is not valid yet: wait until it is, or check this machine's clock"
                    .to_owned(),
            ),
            Self::CertificateNotValidNow { .. } | Self::NoTimestamp => Some(format!(
                "a signature outlives its certificate only with a timestamp; {DO_NOT_RUN}, with a timestamp"
            )),
            Self::TimestampStore { source } => source.hint(),
            Self::Timestamp { source } => source.hint(),
            Self::CertificateRevoked { .. } => {
                Some(DO_NOT_RUN.to_owned())
            }
            Self::CertificateRevocationUnknown { offline: true, .. } => Some(
                "with a network, `countersign revocation fetch REFERENCE --out DIR` asks again and \
                 stores the answers"
                    .to_owned(),
            ),
            Self::CertificateRevocationUnknown { .. } => {
                Some(crate::revocation::REACHABLE_HINT.to_owned())
            }
            Self::RevocationNotChecked { source } => source.hint(),
            Self::Plugin { source } => source.hint(),
            Self::UnprocessedAttributes(_) => {
                Some("verify this signature with the program that knows its attributes".to_owned())
            }
            Self::PluginVersion { .. }
            | Self::PluginCannotVerify { .. }
            | Self::PluginDidNotAnswer { .. }
            | Self::PluginAnsweredMore { .. } => {
                Some("the plugin violates Notation's plugin contract; report it to its author".to_owned())
            }
            Self::UntrustedByPlugin { .. } | Self::RevokedByPlugin { .. } => None,
            Self::RevocationNotAsked => {
                Some("fix the authenticity failure first".to_owned())
            }
            Self::PluginTooOld { .. } => Some("install a newer version".to_owned()),
            Self::Blob { source } => source.hint(),
            Self::AnotherArtifact { source: source @ payload::Error::ImageNotBlob { .. } } => source.hint(),
            Self::AnotherArtifact { .. } => Some(format!(
                "the signature of another artifact was attached to this one; {DO_NOT_RUN}"
            )),
            Self::UserMetadata { key, found: Some(found), .. } => {
                Some(format!("`{key}` was signed with the value `{found}`"))
            }
            Self::UserMetadata { key, found: None, .. } => {
                Some(format!("`{key}` was not signed; {DO_NOT_RUN}, with this metadata"))
            }
        }
    }
}
