//! Why a validation, or the check of a signature as a whole, failed: what happened, in sentences.

use std::sync::Arc;

use time::OffsetDateTime;

use super::rfc1123z;
use crate::allowance::Exhausted;
use crate::limits::{MAX_TOLD_CHARS, MAX_TOLD_VALUES};
use crate::oci::Digest;
use crate::plugin_contract::Capability;
use crate::trust_policy::IdentityError;
use crate::trust_store::AuthenticityError;
use crate::x509::Purpose;
use crate::{
    blob, envelope, extended_validation, payload, plugin_host, registry, revocation, timestamp,
    trust_store,
};

/// Why a validation, or the check of a signature as a whole, failed.
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
    /// What the verification may use was used up before the signature was judged.
    #[error("the signature was not judged to the end")]
    Unfinished {
        /// What was used up.
        #[source]
        source: Exhausted,
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
    /// The signing certificate has none of the policy's identities.
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
    /// The signing authority's time is not there yet.
    #[error("the signature was produced at \"{}\", which is in the future", rfc1123z(*.at))]
    SignedInTheFuture {
        /// When the signature says it was made.
        at: OffsetDateTime,
        /// When it is verified.
        now: OffsetDateTime,
    },
    /// AWS Signer says that something the signature rests on was revoked, or did not answer.
    #[error("{}", revocation_sentence(.source))]
    Revocation {
        /// What AWS Signer said.
        #[source]
        source: extended_validation::Error,
    },
    /// A certificate is not valid now, and no timestamp says that it was when it signed.
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
    /// The policy requires a timestamp, and the signature has no timestamp.
    #[error("no timestamp countersignature was found in the signature envelope")]
    NoTimestamp,
    /// A trust store of timestamping authorities cannot be used.
    #[error("failed to load tsa trust store")]
    TimestampStore {
        /// Why.
        #[source]
        source: Arc<trust_store::Error>,
    },
    /// The timestamp does not hold.
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
    /// No accepted source said whether a certificate was revoked.
    #[error("{} with subject \"{subject}\" revocation status is unknown", role(*.purpose))]
    CertificateRevocationUnknown {
        /// Whether only stored answers could count.
        offline: bool,
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
    /// The plugin that the signature names is not run, because it may use a network.
    #[error("plugin `{name}`, which the signature names, is not run offline")]
    PluginNotRun {
        /// The plugin.
        name: String,
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
    /// The plugin does not trust the signer. "identify" is how notation spells it.
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

impl Failure {
    /// Cuts the texts whose length the signature's author decides to the length that is printed.
    pub(super) fn shorten(&mut self) {
        let texts: Vec<&mut String> = match self {
            Self::UserMetadata {
                found: Some(found), ..
            } => vec![found],
            Self::UntrustedByPlugin { reason, .. } | Self::RevokedByPlugin { reason, .. } => {
                vec![reason]
            }
            Self::UnprocessedAttributes(names) => {
                names.truncate(MAX_TOLD_VALUES);
                names.shrink_to_fit();
                names.iter_mut().collect()
            }
            _ => Vec::new(),
        };
        for text in texts {
            if let Some((end, _)) = text.char_indices().nth(MAX_TOLD_CHARS) {
                text.truncate(end);
                text.shrink_to_fit();
            }
        }
    }
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
