//! What was found when one signature was judged: every validation, its action and its result.
//!
//! Input: the results of the stages that `verify` runs. Output: one [`SignatureOutcome`] for each
//! signature looked at (`trust-store-trust-policy.md`, "Signature Verification details"). Nothing
//! here decides a validation; it only keeps what was decided, and ranks it.

mod advice;
mod fact;
mod failure;

pub use fact::{FactSource, Held, RevocationFact, RevocationStatus, Said};
pub use failure::Failure;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::allowance;
use crate::extended_validation::attribute::SIGNING_PROFILE_VERSION;
use crate::notary::{Action, EnvelopeFormat, Validation};
use crate::oci::Digest;
use crate::signer_info::SignerInfo;

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

    /// Leaves open whether the signature is refused, if what the verification may use was used up before
    /// that was found: what could not be asked any more says nothing against it.
    pub fn undecided_if_exhausted(&mut self) {
        if self.refusal().is_some()
            && let Err(source) = allowance::check()
        {
            self.failure = Some(Failure::Unfinished { source });
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

/// What one validation gave.
#[derive(Debug)]
pub struct ValidationOutcome {
    /// The validation.
    pub validation: Validation,
    /// What its failure leads to at the policy's level.
    pub action: Action,
    /// Why it failed; `None` if it passed.
    pub failure: Option<Failure>,
    /// What is known about revocation and was looked at for it: about the signer's certificates for
    /// revocation, about a time-stamping authority's for the authentic time stamp.
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
pub fn rfc1123z(time: OffsetDateTime) -> String {
    time.format(&Rfc2822).unwrap_or_else(|_| time.to_string())
}
