//! One verification: signature after signature, until one is accepted.

use time::OffsetDateTime;

use super::ahead::Ahead;
use super::walk::{Entry, Walk};
use super::{
    Accepted, Error, FetchedSignature, Options, RejectedArtifact, Unseen, Validators, Verification,
};
use crate::allowance::{self, Exhausted};
use crate::oci::Descriptor;
use crate::outcome::{Acceptance, Failure, FailureClass, SignatureOutcome, Standing};
use crate::reference::ArtifactReference;
use crate::registry::{self, Listing, Repository, Signature, Target};
use crate::trust_policy::{Statement, StatementName};

/// Which signature is looked for, beyond that the policy accepts it.
pub(crate) trait Criteria: std::fmt::Debug + Sync {
    /// Whether it may be this one. If it cannot be, it is not judged, and no request is sent about it.
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
pub(crate) struct AnySignature;

impl Criteria for AnySignature {}

/// A search that found what it looked for.
#[derive(Debug)]
pub(crate) struct SearchResult {
    /// The signature that was accepted.
    pub(crate) accepted: SignatureOutcome,
    /// The other signatures that were looked at: refused, or only tolerated; with [`Options::all_signatures`] also
    /// verified ones.
    pub(crate) others: Vec<SignatureOutcome>,
    /// Why there may be signatures that were not looked at, where [`Options::all_signatures`] asked for all.
    pub(crate) unseen: Option<Unseen>,
}

impl SearchResult {
    /// The answer about `target`, which `statement` judged.
    pub(super) fn answer(
        self,
        target: Target,
        statement: StatementName,
    ) -> Result<Verification, Error> {
        let acceptance = match self.accepted.acceptance() {
            Ok(acceptance) => acceptance,
            // A search does not find what is refused; should it, nothing is accepted.
            Err(failure) => {
                let class = failure.class();
                let outcomes = std::iter::once(self.accepted).chain(self.others);
                let refused = RejectedArtifact {
                    reference: target.reference,
                    statement,
                    outcomes: outcomes.collect(),
                    unseen: self.unseen,
                };
                return Err(Error::of_refused(refused, class));
            }
        };
        let accepted = Box::new(Accepted {
            reference: target.reference.clone(),
            target,
            statement,
            signature: self.accepted,
            others: self.others,
            unseen: self.unseen,
        });
        Ok(match acceptance {
            Acceptance::Verified => Verification::Verified(accepted),
            Acceptance::Tolerated => Verification::Tolerated(accepted),
        })
    }
}

/// What a search goes by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    /// Where the artifact and its signatures are.
    pub(crate) repository: &'a Repository,
    /// The artifact.
    pub(crate) target: &'a Target,
    /// The policy statement that applies; its level is not `skip`.
    pub(crate) statement: &'a Statement,
    /// What is asked for beyond the policy.
    pub(crate) options: &'a Options,
    /// Which of the signatures that are accepted is looked for.
    pub(crate) criteria: &'a dyn Criteria,
    /// The time of the verification.
    pub(crate) now: OffsetDateTime,
}

impl Validators {
    /// Judges the signatures that `listing` has, and then those of the tag schema, until one is
    /// verified and is the one looked for. Without such a one, the first one that is tolerated is
    /// found.
    ///
    /// # Errors
    ///
    /// [`Error::List`], [`Error::NoSignature`], [`Error::Rejected`] and [`Error::Inconclusive`].
    pub(crate) async fn find(
        &self,
        search: Search<'_>,
        listing: Result<Listing, registry::Error>,
    ) -> Result<SearchResult, Error> {
        let listing = listing.map_err(|source| Error::List {
            reference: search.target.reference.clone(),
            source,
        })?;
        let Search {
            repository,
            target,
            options,
            ..
        } = search;
        let mut attempts = Attempts {
            validators: self,
            search,
            walk: Walk::new(repository, target, options.max_signatures, listing),
            ahead: Ahead::new(repository, target),
            goes_ahead: options.all_signatures,
            refused: Vec::new(),
            tolerated: Vec::new(),
            verified: Vec::new(),
        };
        while let Some(entry) = attempts.walk.next().await {
            if let Some(accepted) = attempts.attempt(&entry).await {
                return Ok(attempts.found(accepted));
            }
            // Most artifacts have one signature, which costs no request more. Where it is not the one, others follow.
            attempts.goes_ahead = true;
        }
        attempts.end()
    }
}

/// A search on its way.
struct Attempts<'a> {
    validators: &'a Validators,
    search: Search<'a>,
    walk: Walk<'a>,
    ahead: Ahead<'a>,
    /// Whether the next signatures are fetched while one is judged.
    goes_ahead: bool,
    refused: Vec<SignatureOutcome>,
    /// Signatures that the policy accepts, and that are not verified.
    tolerated: Vec<SignatureOutcome>,
    /// Signatures that are verified, where all are looked at.
    verified: Vec<SignatureOutcome>,
}

impl Attempts<'_> {
    /// Judges one signature; gives it back if it is verified and the one looked for. One that is only tolerated
    /// hides no better one behind it.
    async fn attempt(&mut self, entry: &Entry) -> Option<SignatureOutcome> {
        if self.goes_ahead {
            self.ahead.begin(&self.walk);
        }
        let tried = allowance::in_time(Box::pin(self.try_signature(entry))).await;
        let tried = tried.unwrap_or_else(|source| Some(unfinished(&entry.manifest, source)));
        let mut outcome = tried?;
        outcome.undecided_if_exhausted();
        outcome.tell(Some(self.search.target.descriptor.digest()));
        match outcome.standing() {
            Standing::Refused => {
                outcome.forget_details();
                self.refused.push(outcome);
            }
            _ if !self.search.criteria.is(&outcome) => {}
            Standing::Verified if self.search.options.all_signatures => {
                self.verified.push(outcome);
            }
            Standing::Verified => return Some(outcome),
            Standing::Tolerated => {
                // The first one may be the answer.
                if !self.tolerated.is_empty() {
                    outcome.forget_details();
                }
                self.tolerated.push(outcome);
            }
        }
        None
    }

    /// Fetches and judges one signature; nothing for one that is not looked for, or is something
    /// else. What cannot be fetched is a failed attempt, no more.
    async fn try_signature(&mut self, entry: &Entry) -> Option<SignatureOutcome> {
        let Search {
            target,
            statement,
            options,
            criteria,
            now,
            ..
        } = self.search;
        let fetched = match self.ahead.fetch(entry).await {
            Ok(Ok(fetched)) => fetched?,
            Ok(Err(source)) => return Some(not_fetched(&entry.manifest, source)),
            Err(source) => return Some(unfinished(&entry.manifest, source)),
        };
        if !criteria.may_be(&fetched) {
            return None;
        }
        let signature = FetchedSignature {
            manifest_digest: entry.manifest.digest(),
            format: fetched.format,
            envelope: fetched,
        };
        let target = &target.descriptor;
        let judged =
            self.validators
                .judge(signature, target, statement, &options.user_metadata, now);
        Some(self.ahead.during(judged).await)
    }

    fn found(self, accepted: SignatureOutcome) -> SearchResult {
        let mut others = self.verified;
        others.extend(self.tolerated);
        others.extend(self.refused);
        let unseen = self.walk.unseen;
        SearchResult {
            accepted,
            others,
            unseen: unseen.filter(|_| self.search.options.all_signatures),
        }
    }

    /// The answer once the signatures are through.
    fn end(mut self) -> Result<SearchResult, Error> {
        // One is enough, whatever the others are and however many were not seen.
        if !self.verified.is_empty() {
            let accepted = self.verified.remove(0);
            return Ok(self.found(accepted));
        }
        if self.walk.is_exhausted() {
            // A tolerated signature is not an answer while another that may be verified was not looked at.
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
        let unseen = self.walk.unseen;
        if outcomes.is_empty() {
            match unseen {
                Some(Unseen::Listing(source)) => return Error::List { reference, source },
                Some(Unseen::Limit(_) | Unseen::Record(_)) => {}
                Some(Unseen::Exhausted { source, .. }) => {
                    return Error::Unfinished { reference, source };
                }
                None => {
                    let wanted = self.search.statement.trusted_identities.clone();
                    return Error::NoSignature { reference, wanted };
                }
            }
        }
        let list_broke_off = match (&unseen, &reference) {
            // A list that was not read whole may have had a good one.
            (Some(Unseen::Record(_)), _)
            | (Some(Unseen::Listing(_)), ArtifactReference::Registry(_)) => true,
            (Some(Unseen::Listing(error)), ArtifactReference::Layout(_)) => {
                error.kind() == registry::Kind::Inconclusive
            }
            _ => false,
        };
        let is_exhausted = matches!(&unseen, Some(Unseen::Exhausted { .. }));
        let inconclusive = list_broke_off
            || is_exhausted
            || outcomes
                .iter()
                .filter_map(SignatureOutcome::refusal)
                .any(|failure| failure.class() == FailureClass::Inconclusive);
        // The signature that came furthest leads: its failure says most about what to mend.
        outcomes.sort_by_key(|outcome| std::cmp::Reverse(outcome.refusal().map(Failure::rank)));
        let refused = RejectedArtifact {
            reference,
            statement: self.search.statement.named(),
            outcomes,
            unseen,
        };
        let class = if inconclusive {
            FailureClass::Inconclusive
        } else {
            FailureClass::Rejected
        };
        Error::of_refused(refused, class)
    }
}

/// The outcome of a signature that could not be fetched: a failed attempt, no more.
pub(super) fn not_fetched(manifest: &Descriptor, source: registry::Error) -> SignatureOutcome {
    let manifest = manifest.digest().clone();
    let mut outcome = SignatureOutcome::new(manifest.clone());
    outcome.failure = Some(Failure::Fetch { manifest, source });
    outcome
}

/// The outcome of a signature that was begun, and for which nothing was left.
pub(super) fn unfinished(manifest: &Descriptor, source: Exhausted) -> SignatureOutcome {
    let mut outcome = SignatureOutcome::new(manifest.digest().clone());
    outcome.failure = Some(Failure::Unfinished { source });
    outcome
}

#[cfg(test)]
mod tests;
