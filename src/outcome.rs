//! What was found when one signature was judged: every validation, its action and its result.
//!
//! Input: the results of the stages that `verify` runs. Output: one [`SignatureOutcome`] for each
//! signature looked at (`trust-store-trust-policy.md`, "Signature Verification details"). Nothing
//! here decides a validation; it only keeps what was decided, and ranks it.

use std::sync::Arc;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::extended_validation::attribute::SIGNING_PROFILE_VERSION;
use crate::notary::{Action, EnvelopeFormat, Validation};
use crate::oci::Digest;
use crate::plugin_contract::Capability;
use crate::signer_info::SignerInfo;
use crate::trust_policy::IdentityError;
use crate::trust_store::AuthenticityError;
use crate::x509::Purpose;
use crate::{
    blob, envelope, extended_validation, payload, plugin_host, registry, revocation, timestamp,
    trust_store,
};

/// Everything that was found about one signature.
#[derive(Debug)]
pub struct SignatureOutcome {
    /// The digest of the signature manifest.
    pub manifest_digest: Digest,
    /// The envelope's format, once it was fetched.
    pub format: Option<EnvelopeFormat>,
    /// What the envelope says, once its integrity was verified; never before.
    pub signer_info: Option<SignerInfo>,
    /// The user metadata that was signed, once the payload was compared.
    pub user_metadata: Vec<(String, String)>,
    /// What is worth knowing and changes nothing, in sentences.
    pub warnings: Vec<String>,
    /// The validations that were carried out, in order; a skipped one is not among them.
    pub validations: Vec<ValidationOutcome>,
    /// A failure that no verification level can turn into a warning.
    pub failure: Option<Failure>,
}

impl SignatureOutcome {
    /// An outcome in which nothing was found yet.
    pub fn new(manifest_digest: Digest) -> Self {
        Self {
            manifest_digest,
            format: None,
            signer_info: None,
            user_metadata: Vec::new(),
            warnings: Vec::new(),
            validations: Vec::new(),
            failure: None,
        }
    }

    /// Forgets what a report of a refusal does not show: a registry may list many signatures, and
    /// each may be as large as is allowed.
    pub fn forget_details(&mut self) {
        if let Some(info) = &mut self.signer_info {
            let attributes = &mut info.signed_attributes.extended;
            attributes.retain(|attribute| attribute.name == SIGNING_PROFILE_VERSION);
            info.certificate_chain.truncate(1);
            info.unsigned_attributes.timestamp_signature = None;
        }
    }

    /// Why the signature is not accepted; `None` if it is.
    pub fn refusal(&self) -> Option<&Failure> {
        self.failure.as_ref().or_else(|| {
            self.validations
                .iter()
                .filter(|outcome| outcome.action == Action::Enforce)
                .find_map(|outcome| outcome.failure.as_ref())
        })
    }

    /// Failures that the verification level only logs, each with its validation.
    pub fn logged(&self) -> impl Iterator<Item = (Validation, &Failure)> {
        self.validations
            .iter()
            .filter(|outcome| outcome.action == Action::Log)
            .filter_map(|outcome| {
                outcome
                    .failure
                    .as_ref()
                    .map(|failure| (outcome.validation, failure))
            })
    }
}

/// What one validation gave.
#[derive(Debug)]
pub struct ValidationOutcome {
    /// The validation.
    pub validation: Validation,
    /// What its failure leads to at the policy's level.
    pub action: Action,
    /// Why it failed; `None` if it passed.
    pub failure: Option<Failure>,
}

/// What a failure says about the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The signature was looked at and is not trusted.
    Rejected,
    /// It could not be decided: not allowed to look, not reachable, throttled.
    Inconclusive,
}

/// Why a validation, or the judgement of a signature as a whole, failed.
///
/// The words are notation's where notation has some, so that people and scripts find what they
/// know; what notation hides is in the sources.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The signature manifest or its envelope could not be fetched.
    #[error("unable to retrieve digital signature with digest \"{manifest}\"")]
    Fetch {
        /// The digest of the signature manifest.
        manifest: Digest,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// The envelope is malformed or its signature does not fit.
    #[error("unable to verify the integrity of the signature envelope")]
    Envelope {
        /// What is wrong with it.
        #[source]
        source: envelope::Error,
    },
    /// No certificate of the chain is trusted, or a trust store cannot be used.
    #[error("{}", .source.notation_sentence())]
    Authenticity {
        /// What was found.
        #[source]
        source: AuthenticityError,
    },
    /// The signing certificate is none of the policy's identities.
    #[error("{}", .source.notation_sentence())]
    UntrustedSubject {
        /// What was found and wanted.
        #[source]
        source: IdentityError,
    },
    /// AWS Signer's identity check failed.
    #[error("the signature's AWS Signer profile is not a trusted identity")]
    UntrustedProfile {
        /// What was found and wanted.
        #[source]
        source: extended_validation::Error,
    },
    /// The signature has expired.
    #[error("digital signature has expired on \"{}\"", rfc1123z(*.expiry))]
    Expired {
        /// When it expired.
        expiry: OffsetDateTime,
    },
    /// A certificate was not valid when the signature was made.
    #[error(
        "certificate \"{subject}\" was not valid when the digital signature was produced at \"{}\"",
        rfc1123z(*.at)
    )]
    CertificateNotValid {
        /// The certificate's subject.
        subject: String,
        /// Its validity.
        not_before: OffsetDateTime,
        /// Its validity.
        not_after: OffsetDateTime,
        /// When the signature was made.
        at: OffsetDateTime,
    },
    /// AWS Signer says that something the signature rests on was revoked, or did not answer.
    #[error("{}", revocation_sentence(.source))]
    Revocation {
        /// What AWS Signer said.
        #[source]
        source: extended_validation::Error,
    },
    /// A certificate is not valid now, and no time stamp says that it was when it signed.
    #[error("{}", validity_sentence(.subject, *.not_before, *.not_after, *.now))]
    CertificateNotValidNow {
        /// The certificate's subject.
        subject: String,
        /// Its validity.
        not_before: OffsetDateTime,
        /// Its validity.
        not_after: OffsetDateTime,
        /// When the signature is verified.
        now: OffsetDateTime,
    },
    /// The policy wants a time stamp, and there is none.
    #[error("no timestamp countersignature was found in the signature envelope")]
    NoTimestamp,
    /// A trust store of time-stamping authorities cannot be used.
    #[error("failed to load tsa trust store")]
    TimestampStore {
        /// Why.
        #[source]
        source: Arc<trust_store::Error>,
    },
    /// The time stamp does not hold.
    #[error("failed to verify the timestamp countersignature")]
    Timestamp {
        /// What is wrong with it.
        #[source]
        source: timestamp::Error,
    },
    /// A certificate was revoked.
    #[error("{} with subject \"{subject}\" is revoked", role(*.purpose))]
    CertificateRevoked {
        /// Whose chain it is in.
        purpose: Purpose,
        /// The certificate's subject.
        subject: String,
        /// What the sources said.
        details: Vec<String>,
    },
    /// Nobody who counts said whether a certificate was revoked.
    #[error("{} with subject \"{subject}\" revocation status is unknown", role(*.purpose))]
    CertificateRevocationUnknown {
        /// Whose chain it is in.
        purpose: Purpose,
        /// The certificate's subject.
        subject: String,
        /// What the sources said.
        details: Vec<String>,
    },
    /// The chain is not one that can be asked about.
    #[error("the revocation status cannot be checked")]
    RevocationNotChecked {
        /// Why.
        #[source]
        source: revocation::Error,
    },
    /// Revocation was not asked about, since the signature is not authentic.
    #[error("revocation was not checked, because the signature is not authentic")]
    RevocationNotAsked,
    /// The plugin that the signature names cannot be asked.
    #[error("{source}")]
    Plugin {
        /// Why.
        source: plugin_host::Error,
    },
    /// The plugin's version is not one that can be compared.
    #[error("plugin `{name}` has the version \"{found}\", which is not a semantic version")]
    PluginVersion {
        /// The plugin.
        name: String,
        /// Its version.
        found: String,
    },
    /// The signature wants a newer plugin.
    #[error("the signature wants version \"{wanted}\" of the plugin, this is \"{found}\"")]
    PluginTooOld {
        /// The lowest version that the signature accepts.
        wanted: String,
        /// The version that is there.
        found: String,
    },
    /// The plugin has none of the verifier's capabilities.
    #[error("plugin `{name}` cannot verify signatures")]
    PluginCannotVerify {
        /// The plugin.
        name: String,
    },
    /// The plugin left a question open.
    #[error("plugin `{name}` gave no result for `{capability}`")]
    PluginDidNotAnswer {
        /// The plugin.
        name: String,
        /// What it was asked for.
        capability: Capability,
    },
    /// The plugin answered what it was not asked.
    #[error("plugin `{name}` answered about `{unasked}`, which it was not asked about")]
    PluginAnsweredMore {
        /// The plugin.
        name: String,
        /// A capability or an attribute.
        unasked: String,
    },
    /// The plugin does not trust the signer.
    #[error("trusted identify verification by plugin \"{plugin}\" failed with reason \"{reason}\"")]
    UntrustedByPlugin {
        /// The plugin.
        plugin: String,
        /// Its words.
        reason: String,
    },
    /// The plugin says that something was revoked.
    #[error("revocation check by verification plugin \"{plugin}\" failed with reason \"{reason}\"")]
    RevokedByPlugin {
        /// The plugin.
        plugin: String,
        /// Its words.
        reason: String,
    },
    /// Critical attributes that nothing here knows how to judge.
    #[error("extended critical attributes `{}` were not processed", .0.join("`, `"))]
    UnprocessedAttributes(Vec<String>),
    /// The payload is not the JSON document that the specification wants.
    #[error("the signature's payload is malformed")]
    Payload {
        /// What is wrong with it.
        #[source]
        source: payload::Error,
    },
    /// The signature was made for another artifact.
    #[error("content descriptor mismatch: the signature is for another artifact")]
    AnotherArtifact {
        /// The difference.
        #[source]
        source: payload::Error,
    },
    /// The blob could not be read.
    #[error("failed to generate descriptor for given artifact")]
    Blob {
        /// What went wrong.
        #[source]
        source: blob::Error,
    },
    /// The signature asks for AWS Signer's rules and is not one of AWS Signer's.
    #[error("the signature names AWS Signer's plugin, but is not one of AWS Signer's")]
    NotAwsSigner {
        /// What it lacks.
        #[source]
        source: extended_validation::Error,
    },
    /// The user metadata asked for was not signed.
    #[error("unable to find specified metadata in the signature")]
    UserMetadata {
        /// The key.
        key: String,
        /// The value that was signed under it, if any.
        found: Option<String>,
        /// The value asked for.
        wanted: String,
    },
}

fn role(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::CodeSigning => "signing certificate",
        Purpose::Timestamping => "timestamping certificate",
    }
}

fn validity_sentence(
    subject: &str,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    now: OffsetDateTime,
) -> String {
    if now < not_before {
        format!(
            "verification time is before certificate \"{subject}\" validity period, it will be valid \
             from \"{}\"",
            rfc1123z(not_before)
        )
    } else {
        format!(
            "verification time is after certificate \"{subject}\" validity period, it was expired at \
             \"{}\"",
            rfc1123z(not_after)
        )
    }
}

fn revocation_sentence(source: &extended_validation::Error) -> &'static str {
    if source.is_inconclusive() {
        "the signature's revocation status could not be determined"
    } else {
        "the signature has been revoked"
    }
}

impl Failure {
    /// Whether the signature was refused, or could not be judged.
    pub fn class(&self) -> FailureClass {
        let inconclusive = match self {
            Self::Fetch { source, .. } => source.kind() == registry::Kind::CouldNotLook,
            Self::UntrustedProfile { source } | Self::Revocation { source } => {
                source.is_inconclusive()
            }
            Self::Plugin { source } => source.is_unanswered(),
            Self::CertificateRevocationUnknown { .. } | Self::Blob { .. } => true,
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
    pub fn rank(&self) -> u8 {
        match self {
            Self::Fetch { .. } => 0,
            Self::Envelope { .. } | Self::Payload { .. } => 2,
            Self::AnotherArtifact { .. } | Self::Blob { .. } => 3,
            Self::Plugin { .. }
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
    pub fn notation_error(&self) -> Option<String> {
        match self {
            Self::Authenticity {
                source: AuthenticityError::Store { source },
            } => Some(source.notation_error()),
            _ => None,
        }
    }

    /// A name for programs to branch on; it does not change once published.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch { .. } => "signature-not-retrievable",
            Self::Envelope { .. } => "envelope-invalid",
            Self::Authenticity {
                source: AuthenticityError::Store { .. },
            } => "trust-store-unusable",
            Self::Authenticity {
                source: AuthenticityError::NoStoreOfType { .. },
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
            Self::Plugin { .. } => "plugin-failed",
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

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Fetch { source, .. } => source.hint(),
            Self::Envelope { source } => source.hint(),
            Self::Payload { .. } => {
                Some("sign the artifact again; this was not signed as a Notary Project payload".to_owned())
            }
            Self::Authenticity { source } => source.hint(),
            Self::UntrustedSubject { source } => source.hint(),
            Self::UntrustedProfile { source }
            | Self::Revocation { source }
            | Self::NotAwsSigner { source } => source.hint(),
            Self::Expired { .. } => {
                Some("sign the artifact again, or deploy one whose signature is still good".to_owned())
            }
            Self::CertificateNotValid { .. } => Some(
                "the signer's certificate did not cover the signing time; check the signer's clock \
                 and sign again"
                    .to_owned(),
            ),
            Self::CertificateNotValidNow { .. } | Self::NoTimestamp => Some(
                "sign again with a time stamp (`--timestamp-url`), so that the signature outlives its \
                 certificate"
                    .to_owned(),
            ),
            Self::TimestampStore { source } => source.hint(),
            Self::Timestamp { source } => source.hint(),
            Self::CertificateRevoked { .. } => {
                Some("do not use this artifact; sign a good one with another key".to_owned())
            }
            Self::CertificateRevocationUnknown { .. } => Some(
                "the addresses above must be reachable from here, over plain HTTP and perhaps a proxy \
                 (`HTTP_PROXY`)"
                    .to_owned(),
            ),
            Self::RevocationNotChecked { source } => source.hint(),
            Self::Plugin { source } => source.hint(),
            Self::UnprocessedAttributes(_) => {
                Some("verify this signature with the program that knows its attributes".to_owned())
            }
            Self::PluginVersion { .. }
            | Self::PluginCannotVerify { .. }
            | Self::PluginDidNotAnswer { .. }
            | Self::PluginAnsweredMore { .. } => {
                Some("the plugin breaks Notation's plugin contract; ask its author".to_owned())
            }
            Self::UntrustedByPlugin { .. } | Self::RevokedByPlugin { .. } => None,
            Self::RevocationNotAsked => {
                Some("mend what made the signature not authentic first".to_owned())
            }
            Self::PluginTooOld { .. } => Some("install a newer version".to_owned()),
            Self::Blob { source } => source.hint(),
            Self::AnotherArtifact { source: source @ payload::Error::ImageNotBlob { .. } } => source.hint(),
            Self::AnotherArtifact { .. } => Some(
                "somebody attached a signature of something else to this artifact; sign this one"
                    .to_owned(),
            ),
            Self::UserMetadata { key, found: Some(found), .. } => {
                Some(format!("`{key}` was signed with the value `{found}`"))
            }
            Self::UserMetadata { key, found: None, .. } => {
                Some(format!("`{key}` was not signed; sign with `-m {key}=...`"))
            }
        }
    }
}

/// The time as notation prints it in sentences: `Sun, 22 Nov 2026 01:55:14 +0000`.
pub fn rfc1123z(time: OffsetDateTime) -> String {
    time.format(&Rfc2822).unwrap_or_else(|_| time.to_string())
}
