//! Whether the signature that would be made is there already.
//!
//! A signature counts if a verification would accept it from this very signer, revocation included, and it
//! has the same format and user metadata, and is good for long enough. One that was looked at and
//! refused is not there; what could not be looked at is an error, since neither is known then.

use std::time::Duration;

use time::OffsetDateTime;

use super::own_trust::OwnTrust;
use super::signature::SignatureInfo;
use crate::limits::MAX_SIGNATURES;
use crate::notary::EnvelopeFormat;
use crate::oci::Digest;
use crate::outcome::Failure;
use crate::reference::ArtifactReference;
use crate::registry::{self, Storage};
use crate::sign;
use crate::verify::{self, Verifier};

/// What counts as the signature that would be made.
#[derive(Debug)]
pub struct IfMissing {
    pub(super) verifier: Verifier,
    pub(super) trust: OwnTrust,
    pub(super) format: EnvelopeFormat,
    pub(super) options: verify::Options,
    /// Whether the signature is to be listed by the referrers API or not at all.
    pub(super) only_referrers_api: bool,
    /// Until when it must be good.
    until: OffsetDateTime,
    pub(super) now: OffsetDateTime,
}

/// A signature that counts.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExistingSignature {
    /// The digest of the signature manifest.
    pub manifest: Digest,
    /// The signature.
    pub signature: SignatureInfo,
}

/// What was found where everything could be looked at.
#[derive(Debug)]
#[non_exhaustive]
pub enum Presence {
    /// The signature is there.
    There(Box<ExistingSignature>),
    /// It is not.
    Missing {
        /// Why those that are there do not count, if any was refused.
        refusals: Option<Box<Refusals>>,
    },
}

/// Signatures that were there, and do not count as the one that would be made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refusals {
    /// How many there are.
    pub count: usize,
    /// Why the one does not count that came furthest.
    pub best: Failure,
}

/// Why it is not known whether the signature is there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IfMissingError {
    /// The list of signatures could not be read.
    #[error(
        "the signatures of `{reference}` could not be listed; cannot tell whether a signature is missing"
    )]
    List {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// A signature could not be judged.
    #[error(
        "the signature `{manifest}` of `{reference}` could not be judged; cannot tell whether a signature is missing"
    )]
    Judge {
        /// The artifact.
        reference: ArtifactReference,
        /// The digest of the signature manifest.
        manifest: Digest,
        /// Why.
        #[source]
        source: Box<Failure>,
    },
    /// The search could not be carried out.
    #[error("cannot tell whether a signature is missing")]
    Find {
        /// Why.
        #[source]
        source: Box<verify::Error>,
    },
    /// There are more signatures than are looked at.
    #[error(
        "`{reference}` has more than {MAX_SIGNATURES} signatures, and none of the first ones counts; cannot tell whether a signature is missing"
    )]
    TooMany {
        /// The artifact.
        reference: ArtifactReference,
    },
    /// A new signature would be listed nowhere.
    #[error(
        "the registry of `{reference}` has no referrers API and the referrers tag schema is not allowed, so the next run would not find the signature"
    )]
    NeverListed {
        /// The artifact.
        reference: ArtifactReference,
    },
}

impl IfMissingError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::List { source, .. } => source.hint(),
            Self::Judge { source, .. } => source.hint(),
            Self::Find { source } => source.hint(),
            Self::NeverListed { .. } => Some(
                "omit the setting `force-referrers-tag=false`, or the setting `if-missing`"
                    .to_owned(),
            ),
            Self::TooMany { .. } => Some(
                "remove signatures that no policy trusts, or sign without the setting `if-missing`"
                    .to_owned(),
            ),
        }
    }
}

impl IfMissing {
    /// What counts for a signer that makes signatures with these options: what `verifier`, one of
    /// [`OwnTrust::setup`], accepts and what is good for `remaining` longer.
    #[doc(hidden)]
    pub fn new(
        trust: OwnTrust,
        verifier: Verifier,
        options: &sign::Options,
        remaining: Duration,
    ) -> Self {
        let now = options.terms.now;
        let remaining = remaining.try_into().unwrap_or(time::Duration::MAX);
        Self {
            verifier,
            trust,
            format: options.terms.format,
            options: verify::Options {
                user_metadata: options.user_metadata.clone(),
                ..verify::Options::default()
            },
            only_referrers_api: options.storage == Storage::OnlyReferrersApi,
            until: now.saturating_add(remaining),
            now,
        }
    }

    /// Whether a signature good until `expiry` would soon be made again.
    pub(super) fn is_too_short(&self, expiry: Option<OffsetDateTime>) -> bool {
        expiry.is_some_and(|expiry| expiry < self.until)
    }
}
