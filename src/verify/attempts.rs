//! One verification: signature after signature, until one is accepted.

use time::OffsetDateTime;

use super::{Error, FetchedSignature, Options, RejectedArtifact, Unseen, Validators};
use crate::allowance;
use crate::oci::Descriptor;
use crate::outcome::{Failure, FailureClass, SignatureOutcome, Standing};
use crate::reference::ArtifactReference;
use crate::registry::{self, Listing, Repository, Signature, Target};
use crate::trust_policy::Statement;

/// Which signature is looked for, beyond that the policy accepts it.
pub trait Criteria: std::fmt::Debug + Sync {
    /// Whether it may be this one. What cannot be is not judged: nobody is asked about it.
    fn may_be(&self, _signature: &Signature) -> bool {
        true
    }

    /// Whether it is this one, which is accepted.
    fn is(&self, _accepted: &SignatureOutcome) -> bool {
        true
    }
}

/// Any signature that the policy accepts.
#[derive(Debug, Clone, Copy)]
pub struct AnySignature;

impl Criteria for AnySignature {}

/// A search that found what it looked for.
#[derive(Debug)]
pub struct SearchResult {
    /// The signature that was accepted.
    pub accepted: SignatureOutcome,
    /// The other signatures that were looked at: refused, or only tolerated.
    pub others: Vec<SignatureOutcome>,
}

/// What a search goes by.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// Where the artifact and its signatures are.
    pub repository: &'a Repository,
    /// The artifact.
    pub target: &'a Target,
    /// The policy statement that applies; its level is not `skip`.
    pub statement: &'a Statement,
    /// What is asked for beyond the policy.
    pub options: &'a Options,
    /// Which of the signatures that are accepted is looked for.
    pub criteria: &'a dyn Criteria,
    /// The time of the verification.
    pub now: OffsetDateTime,
}

impl Validators {
    /// Validators the signatures that `listing` has, and then those of the tag schema, until one is
    /// verified and is the one looked for. If there is none, the first one that is tolerated is found.
    ///
    /// # Errors
    ///
    /// [`Error::List`], [`Error::NoSignature`], [`Error::Rejected`] and [`Error::Inconclusive`].
    pub async fn find(
        &self,
        search: Search<'_>,
        listing: Result<Listing, registry::Error>,
    ) -> Result<SearchResult, Error> {
        let listing = listing.map_err(|source| Error::List {
            reference: search.target.reference.clone(),
            source,
        })?;
        let tag_schema_was_read = listing.has_read_tag_schema();
        let mut attempts = Attempts {
            validators: self,
            search,
            tried: Vec::new(),
            refused: Vec::new(),
            tolerated: Vec::new(),
            unseen: listing.incomplete.map(Unseen::Listing),
        };
        let mut candidates = listing.candidates;
        let found = attempts.try_all(listing.signatures, Says::Signature).await;
        if let Some(accepted) = found {
            return Ok(attempts.found(accepted));
        }
        // Old clients wrote only the tag schema. It is read before the answer is "no": a
        // verification that succeeds pays nothing for it.
        attempts.note_exhaustion(0);
        if !tag_schema_was_read && !attempts.is_exhausted() {
            let digest = search.target.descriptor.digest();
            let listing = allowance::in_time(search.repository.list_by_tag_schema(digest)).await;
            let listing = match listing {
                Ok(listing) => listing,
                Err(source) => {
                    let not_tried = 0;
                    attempts.unseen = Some(Unseen::Exhausted { source, not_tried });
                    return attempts.end();
                }
            };
            match listing {
                Ok(tagged) => {
                    if attempts.unseen.is_none() {
                        attempts.unseen = tagged.incomplete.map(Unseen::Listing);
                    }
                    candidates.extend(tagged.candidates);
                    let found = attempts.try_all(tagged.signatures, Says::Signature).await;
                    if let Some(accepted) = found {
                        return Ok(attempts.found(accepted));
                    }
                }
                Err(error) => {
                    attempts.unseen.get_or_insert(Unseen::Listing(error));
                }
            }
        }
        // Last what may be a signature, however much of it there is.
        if let Some(accepted) = attempts.try_all(candidates, Says::Nothing).await {
            return Ok(attempts.found(accepted));
        }
        attempts.end()
    }
}

/// What a list says of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Signature,
    /// It may be one.
    Nothing,
}

/// A search on its way.
struct Attempts<'a> {
    validators: &'a Validators,
    search: Search<'a>,
    tried: Vec<Descriptor>,
    refused: Vec<SignatureOutcome>,
    /// Signatures that the policy accepts, and that are not verified.
    tolerated: Vec<SignatureOutcome>,
    /// Why there may be signatures that were not looked at.
    unseen: Option<Unseen>,
}

impl Attempts<'_> {
    /// Notes it if what the verification may use is used up, and so many signatures are not begun.
    fn note_exhaustion(&mut self, not_tried: usize) {
        if self.is_exhausted() {
            return;
        }
        if let Err(source) = allowance::check() {
            self.unseen = Some(Unseen::Exhausted { source, not_tried });
        }
    }

    fn is_exhausted(&self) -> bool {
        matches!(self.unseen, Some(Unseen::Exhausted { .. }))
    }

    /// Validators signatures in the registry's order until one is verified: one that is only tolerated hides no
    /// better one behind it. One digest that is listed with another size or type is another entry: one of
    /// them may be right.
    async fn try_all(&mut self, listed: Vec<Descriptor>, says: Says) -> Option<SignatureOutcome> {
        let limit = self.search.options.max_signatures;
        let count = listed.len();
        for (position, signature) in listed.into_iter().enumerate() {
            if self.tried.contains(&signature) {
                continue;
            }
            // Whoever else is at work gets a turn, and the time is looked at.
            tokio::task::yield_now().await;
            self.note_exhaustion(count.saturating_sub(position));
            if self.is_exhausted() {
                return None;
            }
            if self.tried.len() >= limit {
                // That a list could not be read weighs more; that it is long is the same.
                let is_less = matches!(
                    &self.unseen,
                    None | Some(Unseen::Listing(registry::Error::TooManyReferrers { .. }))
                );
                if is_less {
                    self.unseen = Some(Unseen::Limit(limit));
                }
                return None;
            }
            self.tried.push(signature.clone());
            let tried = allowance::in_time(Box::pin(self.try_signature(&signature, says))).await;
            let tried = tried.unwrap_or_else(|source| {
                let mut outcome = SignatureOutcome::new(signature.digest().clone());
                outcome.failure = Some(Failure::Unfinished { source });
                Some(outcome)
            });
            let Some(mut outcome) = tried else {
                continue;
            };
            outcome.undecided_if_exhausted();
            outcome.tell();
            match outcome.standing() {
                Standing::Refused => {
                    outcome.forget_details();
                    self.refused.push(outcome);
                }
                _ if !self.search.criteria.is(&outcome) => {}
                Standing::Verified => return Some(outcome),
                Standing::Tolerated => {
                    // The first one may be the answer.
                    if !self.tolerated.is_empty() {
                        outcome.forget_details();
                    }
                    self.tolerated.push(outcome);
                }
            }
        }
        None
    }

    /// Fetches and judges one signature; nothing for one that is not looked for, or is something
    /// else. What cannot be fetched is a failed attempt, no more.
    async fn try_signature(&self, signature: &Descriptor, says: Says) -> Option<SignatureOutcome> {
        let Search {
            repository,
            target,
            statement,
            options,
            criteria,
            now,
        } = self.search;
        let target = &target.descriptor;
        let subject = target.digest();
        let fetched = match says {
            Says::Signature => {
                let fetched = repository.fetch_signature(subject, signature).await;
                fetched.map(Some)
            }
            Says::Nothing => repository.fetch_candidate(subject, signature).await,
        };
        let fetched = match fetched {
            Ok(Some(fetched)) => fetched,
            Ok(None) => return None,
            Err(source) => {
                let manifest = signature.digest().clone();
                let mut outcome = SignatureOutcome::new(manifest.clone());
                outcome.failure = Some(Failure::Fetch { manifest, source });
                return Some(outcome);
            }
        };
        if !criteria.may_be(&fetched) {
            return None;
        }
        let signature = FetchedSignature {
            manifest_digest: signature.digest(),
            format: fetched.format,
            envelope: fetched,
        };
        let judged =
            self.validators
                .judge(signature, target, statement, &options.user_metadata, now);
        Some(judged.await)
    }

    fn found(self, accepted: SignatureOutcome) -> SearchResult {
        let mut others = self.tolerated;
        others.extend(self.refused);
        SearchResult { accepted, others }
    }

    /// The answer where no signature was verified.
    fn end(mut self) -> Result<SearchResult, Error> {
        if self.is_exhausted() {
            // What is tolerated is no answer, while what may be verified was not looked at.
            self.refused.append(&mut self.tolerated);
        }
        if self.tolerated.is_empty() {
            return Err(self.into_error());
        }
        let accepted = self.tolerated.remove(0);
        Ok(self.found(accepted))
    }

    fn into_error(self) -> Error {
        let reference = self.search.target.reference.clone();
        let mut outcomes = self.refused;
        if outcomes.is_empty() {
            match self.unseen {
                Some(Unseen::Listing(source)) => return Error::List { reference, source },
                Some(Unseen::Limit(_) | Unseen::Record(_)) => {}
                Some(Unseen::Exhausted { source, .. }) => {
                    return Error::Unfinished { reference, source };
                }
                None => return Error::NoSignature { reference },
            }
        }
        let list_broke_off = match (&self.unseen, &reference) {
            // A list that was not read whole may have had a good one.
            (Some(Unseen::Record(_)), _)
            | (Some(Unseen::Listing(_)), ArtifactReference::Registry(_)) => true,
            (Some(Unseen::Listing(error)), ArtifactReference::Layout(_)) => {
                error.kind() == registry::Kind::Inconclusive
            }
            _ => false,
        };
        let is_exhausted = matches!(&self.unseen, Some(Unseen::Exhausted { .. }));
        let inconclusive = list_broke_off
            || is_exhausted
            || outcomes
                .iter()
                .filter_map(SignatureOutcome::refusal)
                .any(|failure| failure.class() == FailureClass::Inconclusive);
        // The signature that came furthest leads: its failure says most about what to mend.
        outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.refusal().map(Failure::rank)));
        let refused = Box::new(RejectedArtifact {
            reference,
            statement: self.search.statement.named(),
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

#[cfg(test)]
mod tests;
