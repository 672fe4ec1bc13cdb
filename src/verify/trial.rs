//! One verification: signature after signature, until one is accepted.

use time::OffsetDateTime;

use super::{Error, FetchedSignature, Options, Refused, Unseen, Verification, Verified, Verifier};
use crate::oci::{Descriptor, Digest};
use crate::outcome::{Failure, FailureClass, SignatureOutcome};
use crate::registry::{self, Repository, Target};
use crate::trust_policy::Statement;

/// One verification on its way.
pub(super) struct Trial<'a> {
    pub(super) verifier: &'a Verifier,
    pub(super) repository: &'a Repository,
    pub(super) target: &'a Target,
    pub(super) statement: &'a Statement,
    pub(super) options: &'a Options,
    pub(super) now: OffsetDateTime,
    pub(super) outcomes: Vec<SignatureOutcome>,
    pub(super) unseen: Option<Unseen>,
}

impl Trial<'_> {
    /// Judges signatures in the registry's order until one is accepted.
    pub(super) async fn try_signatures(
        &mut self,
        signatures: Vec<Descriptor>,
    ) -> Option<SignatureOutcome> {
        for signature in signatures {
            if self.was_tried(signature.digest()) {
                continue;
            }
            if self.outcomes.len() >= self.options.max_signatures {
                self.unseen = Some(Unseen::Limit(self.options.max_signatures));
                return None;
            }
            let mut outcome = self.try_signature(&signature).await;
            if outcome.refusal().is_none() {
                return Some(outcome);
            }
            outcome.forget_details();
            self.outcomes.push(outcome);
        }
        None
    }

    /// Fetches and judges one signature. What cannot be fetched is a failed attempt, no more.
    async fn try_signature(&self, signature: &Descriptor) -> SignatureOutcome {
        let target = &self.target.descriptor;
        match self
            .repository
            .fetch_signature(target.digest(), signature)
            .await
        {
            Ok(fetched) => {
                let signature = FetchedSignature {
                    manifest_digest: signature.digest(),
                    format: fetched.format,
                    envelope: &fetched.envelope,
                };
                let Options { user_metadata, .. } = self.options;
                let judges = &self.verifier.judges;
                judges
                    .judge(signature, target, self.statement, user_metadata, self.now)
                    .await
            }
            Err(source) => {
                let mut outcome = SignatureOutcome::new(signature.digest().clone());
                let manifest = signature.digest().clone();
                outcome.failure = Some(Failure::Fetch { manifest, source });
                outcome
            }
        }
    }

    fn was_tried(&self, digest: &Digest) -> bool {
        self.outcomes
            .iter()
            .any(|outcome| outcome.manifest_digest == *digest)
    }

    pub(super) fn verified(self, accepted: SignatureOutcome) -> Verification {
        Verification::Verified(Box::new(Verified {
            reference: self.target.reference.clone(),
            target: self.target.clone(),
            statement: self.statement.name.clone(),
            accepted,
            refused: self.outcomes,
        }))
    }

    pub(super) fn refused(self) -> Error {
        let reference = self.target.reference.clone();
        let mut outcomes = self.outcomes;
        if outcomes.is_empty() {
            return match self.unseen {
                Some(Unseen::Listing(source)) => Error::List { reference, source },
                _ => Error::NoSignature { reference },
            };
        }
        let list_broke_off = matches!(
            &self.unseen,
            Some(Unseen::Listing(error)) if error.kind() == registry::Kind::CouldNotLook
        );
        let inconclusive = list_broke_off
            || outcomes
                .iter()
                .filter_map(SignatureOutcome::refusal)
                .any(|failure| failure.class() == FailureClass::Inconclusive);
        // The signature that came furthest leads: its failure says most about what to mend.
        outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.refusal().map(Failure::rank)));
        let statement = self.statement.name.clone();
        let refused = Box::new(Refused {
            reference,
            statement,
            outcomes,
            unseen: self.unseen,
        });
        if inconclusive {
            Error::Inconclusive(refused)
        } else {
            Error::Rejected(refused)
        }
    }
}
