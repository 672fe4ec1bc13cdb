//! What was found when one signature was judged: every validation, its action and its result.
//!
//! Input: the results of the stages that `verify` runs. Output: one [`SignatureOutcome`] for each
//! signature looked at (`trust-store-trust-policy.md`, "Signature Verification details"). Nothing
//! here decides a validation; it only keeps what was decided, and ranks it.

mod advice;
mod fact;
mod failure;

pub use crate::facts::Origin;
pub use crate::signer_info::{
    ExtendedAttribute, LabelKind, SignedAttributes, SignerInfo, UnsignedAttributes,
};
pub use fact::{FactSource, Responder, RevocationFact, RevocationStatus};
pub use failure::Failure;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::allowance;
use crate::extended_validation::attribute::SIGNING_PROFILE_VERSION;
use crate::limits::MAX_REFUSED_METADATA_BYTES;
use crate::notary::{Action, EnvelopeFormat, Validation};
use crate::oci::Digest;

/// Everything that was found about one signature.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignatureOutcome {
    /// The digest of the signature manifest.
    pub manifest_digest: Digest,
    /// The envelope's format, once it was fetched.
    pub format: Option<EnvelopeFormat>,
    /// What the envelope says, once its integrity was verified; never before.
    pub signer_info: Option<SignerInfo>,
    /// The user metadata that was signed, once the payload was compared.
    pub user_metadata: Vec<(String, String)>,
    /// How many entries of it were left out of a refused signature's.
    pub left_out_metadata: usize,
    /// What is worth knowing and changes nothing, in sentences.
    pub warnings: Vec<String>,
    /// The validations that were carried out, in order; a skipped one is not among them.
    pub validations: Vec<ValidationOutcome>,
    /// The validations that the policy has skipped.
    pub skipped: Vec<Validation>,
    /// A failure that no verification level can turn into a warning.
    pub failure: Option<Failure>,
    /// When it was signed, at the earliest: the time that a signing authority vouches for, or that of a verified
    /// timestamp. Only once `authenticTimestamp` has passed, and never the signer's own claim.
    pub authentic_time: Option<OffsetDateTime>,
}

impl SignatureOutcome {
    /// An outcome in which nothing was found yet.
    #[doc(hidden)]
    pub fn new(manifest_digest: Digest) -> Self {
        Self {
            manifest_digest,
            format: None,
            signer_info: None,
            user_metadata: Vec::new(),
            left_out_metadata: 0,
            warnings: Vec::new(),
            validations: Vec::new(),
            skipped: Vec::new(),
            failure: None,
            authentic_time: None,
        }
    }

    /// Forgets what a report of a refusal does not show: a registry may list many signatures, and
    /// each may be as large as is allowed.
    #[doc(hidden)]
    pub fn forget_details(&mut self) {
        let mut room = MAX_REFUSED_METADATA_BYTES;
        let all = self.user_metadata.len();
        self.user_metadata.retain(|(key, value)| {
            let fits = key.len() + value.len() <= room;
            if fits {
                room -= key.len() + value.len();
            }
            fits
        });
        // What is left out of a list leaves its room behind, which may be as large as the envelope.
        self.user_metadata.shrink_to_fit();
        self.left_out_metadata += all - self.user_metadata.len();
        let validations = self.validations.iter_mut();
        let failures = validations.filter_map(|one| one.failure.as_mut());
        failures.chain(&mut self.failure).for_each(Failure::shorten);
        if let Some(info) = &mut self.signer_info {
            let attributes = &mut info.signed_attributes.extended;
            attributes.retain(|attribute| attribute.name == SIGNING_PROFILE_VERSION);
            attributes.shrink_to_fit();
            info.certificate_chain.truncate(1);
            info.certificate_chain.shrink_to_fit();
            info.unsigned_attributes.timestamp_signature = None;
        }
    }

    /// Leaves open where the signature stands, if what the verification may use was used up before that was
    /// found: what could not be asked any more says nothing against it, or for it.
    #[doc(hidden)]
    pub fn undecided_if_exhausted(&mut self) {
        if self.standing() != Standing::Verified
            && let Err(source) = allowance::check()
        {
            self.failure = Some(Failure::Unfinished { source });
        }
    }

    /// Says what failed, where the signature of `artifact` stands, and why where it is refused.
    pub(crate) fn tell(&self, artifact: Option<&Digest>) {
        for one in &self.validations {
            if let Some(failure) = &one.failure {
                tracing::info!(
                    signature = %self.manifest_digest,
                    validation = %one.validation,
                    set_to = one.action.as_str(),
                    failure = %failure,
                    "validation failed"
                );
            }
        }
        tracing::info!(
            artifact = artifact.map(tracing::field::display),
            signature = %self.manifest_digest,
            standing = self.standing().as_str(),
            failure = self.refusal().map(tracing::field::display),
            "signature judged"
        );
    }

    /// Where the signature stands with the policy.
    pub fn standing(&self) -> Standing {
        match self.acceptance() {
            Ok(Acceptance::Verified) => Standing::Verified,
            Ok(Acceptance::Tolerated) => Standing::Tolerated,
            Err(_) => Standing::Refused,
        }
    }

    /// How the policy accepts the signature.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub fn acceptance(&self) -> Result<Acceptance, &Failure> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let was_done = |wanted| self.validations.iter().any(|one| one.validation == wanted);
        let nothing_failed = self.validations.iter().all(|one| one.failure.is_none());
        let nothing_is_missing = Validation::ALL.into_iter().all(|validation| {
            let may_be_skipped = validation == Validation::Revocation;
            was_done(validation) || (may_be_skipped && self.skipped.contains(&validation))
        });
        if nothing_failed && nothing_is_missing {
            Ok(Acceptance::Verified)
        } else {
            Ok(Acceptance::Tolerated)
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

    /// The same, taken out.
    #[doc(hidden)]
    pub fn into_refusal(self) -> Option<Failure> {
        self.failure.or_else(|| {
            self.validations
                .into_iter()
                .filter(|outcome| outcome.action == Action::Enforce)
                .find_map(|outcome| outcome.failure)
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

/// How a policy accepts a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acceptance {
    /// Every validation was carried out and passed; revocation alone may have been skipped.
    Verified,
    /// A validation failed, was not decided or is missing, and the policy only logs that.
    Tolerated,
}

/// Where a signature stands with the policy that judged it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Every validation was carried out and passed; revocation alone may have been skipped.
    Verified,
    /// A validation failed, was not decided or is missing, and the policy only logs that.
    Tolerated,
    /// The policy does not accept it.
    Refused,
}

impl Standing {
    /// In one word.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Tolerated => "tolerated",
            Self::Refused => "refused",
        }
    }
}

/// What one validation gave.
#[derive(Debug)]
#[non_exhaustive]
pub struct ValidationOutcome {
    /// The validation.
    pub validation: Validation,
    /// What its failure leads to at the policy's level.
    pub action: Action,
    /// Why it failed; `None` if it passed.
    pub failure: Option<Failure>,
    /// What is known about revocation and was looked at for it: about the signer's certificates for
    /// revocation, about a timestamping authority's for the authentic timestamp.
    pub facts: Vec<RevocationFact>,
}

/// What a failure says about the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureClass {
    /// The signature was looked at and is not trusted.
    Rejected,
    /// It could not be decided: not allowed to look, not reachable, throttled.
    Inconclusive,
}

/// The time as notation prints it in sentences: `Sun, 22 Nov 2026 01:55:14 +0000`.
#[doc(hidden)]
pub fn rfc1123z(time: OffsetDateTime) -> String {
    time.format(&Rfc2822).unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::sha256_digest;

    fn outcome(validations: &[(Validation, Action, bool)]) -> SignatureOutcome {
        let mut outcome = SignatureOutcome::new(sha256_digest(b"signature"));
        for (validation, action, passes) in validations {
            outcome.validations.push(ValidationOutcome {
                validation: *validation,
                action: *action,
                failure: (!passes).then_some(Failure::NoTimestamp),
                facts: Vec::new(),
            });
        }
        outcome
    }

    #[test]
    fn only_what_passed_everything_stands_as_verified() {
        let all = Validation::ALL.map(|validation| (validation, Action::Enforce, true));
        assert_eq!(outcome(&all).standing(), Standing::Verified);
        for (index, (validation, ..)) in all.iter().enumerate() {
            let mut logged = all;
            logged[index] = (*validation, Action::Log, false);
            assert_eq!(
                outcome(&logged).standing(),
                Standing::Tolerated,
                "{validation}"
            );
            let mut refused = all;
            refused[index] = (*validation, Action::Enforce, false);
            assert_eq!(
                outcome(&refused).standing(),
                Standing::Refused,
                "{validation}"
            );
            let missing: Vec<_> = all.into_iter().filter(|one| one.0 != *validation).collect();
            let mut missing = outcome(&missing);
            assert_eq!(missing.standing(), Standing::Tolerated, "{validation}");
            missing.skipped.push(*validation);
            let standing = if *validation == Validation::Revocation {
                Standing::Verified
            } else {
                Standing::Tolerated
            };
            assert_eq!(missing.standing(), standing, "{validation}");
        }
        assert_eq!(outcome(&[]).standing(), Standing::Tolerated);
    }

    #[test]
    fn lists_that_are_cut_leave_no_room_behind() {
        let mut refused = outcome(&[(Validation::Integrity, Action::Enforce, true)]);
        let pair = |number: usize| (number.to_string(), "x".repeat(90));
        refused.user_metadata = (0..100_000).map(pair).collect();
        let names = (0..100_000).map(|number| number.to_string()).collect();
        refused.failure = Some(Failure::UnprocessedAttributes(names));
        refused.forget_details();
        assert!(!refused.user_metadata.is_empty());
        assert!(refused.user_metadata.capacity() < 1_000);
        let Some(Failure::UnprocessedAttributes(names)) = refused.failure else {
            panic!("{refused:#?}");
        };
        assert!(!names.is_empty() && names.capacity() < 1_000);
    }

    #[test]
    fn what_is_kept_of_a_refused_signature_is_bounded() {
        let mut refused = outcome(&[(Validation::Integrity, Action::Enforce, true)]);
        let long = "x".repeat(MAX_REFUSED_METADATA_BYTES);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        refused.user_metadata = vec![
            pair("long", &long),
            pair("short", "kept"),
            pair("last", &long),
        ];
        refused.failure = Some(Failure::UserMetadata {
            key: "long".to_owned(),
            found: Some(long.clone()),
            wanted: "y".to_owned(),
        });
        refused.forget_details();
        assert_eq!(refused.user_metadata, [pair("short", "kept")]);
        assert_eq!(refused.left_out_metadata, 2);
        let Some(Failure::UserMetadata { found, .. }) = refused.failure else {
            panic!("{refused:#?}");
        };
        assert_eq!(
            found.map(|found| found.len()),
            Some(crate::limits::MAX_TOLD_CHARS)
        );
    }
}
