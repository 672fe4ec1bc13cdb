//! Every signature of an artifact, judged: not only to the first that is accepted.
//!
//! Input: an artifact, and the statements to judge by. Output: an outcome for each signature and statement. Who
//! needs several signers, or wants to see all of them, asks here; nothing is decided.

use time::OffsetDateTime;

use super::ahead::Ahead;
use super::attempts::{not_fetched, unfinished};
use super::judge::verify_integrity;
use super::signature_check::{SignatureCheck, Subject};
use super::walk::{Entry, Walk};
use super::{Error, Options, Unseen, Validators, Verifier, in_time, within};
use crate::allowance;
use crate::envelope::VerifiedEnvelope;
use crate::notary::EnvelopeFormat;
use crate::oci::{Descriptor, Digest};
use crate::outcome::{Failure, SignatureOutcome, Standing};
use crate::reference::ArtifactReference;
use crate::registry::{self, Listing, Repository, Target};
use crate::trust_policy::Statement;

/// An artifact with all of its signatures, as many as may be looked at.
#[derive(Debug)]
#[non_exhaustive]
pub struct ArtifactOutcomes {
    /// What the reference stands for.
    pub target: Target,
    /// The signatures, in the registry's order. Listed manifests that are not signatures are not among them.
    pub signatures: Vec<SignatureOutcomes>,
    /// Why there may be signatures that were not looked at.
    pub unseen: Option<Unseen>,
}

/// One signature, judged by each statement.
#[derive(Debug)]
pub struct SignatureOutcomes {
    /// The digest of the signature manifest.
    pub manifest_digest: Digest,
    /// What each statement says of it, in the order of the statements; shorter where the rest was not judged.
    outcomes: Vec<SignatureOutcome>,
    /// What holds for the statements that have no outcome: it could not be fetched, is broken, or time was over.
    /// Never an acceptance.
    rest: Option<SignatureOutcome>,
}

impl SignatureOutcomes {
    /// What the statement of this number says of the signature.
    pub fn outcome(&self, statement: usize) -> Option<&SignatureOutcome> {
        self.outcomes.get(statement).or(self.rest.as_ref())
    }

    /// A signature with these outcomes.
    #[cfg(test)]
    pub(crate) fn of(outcomes: Vec<SignatureOutcome>) -> Self {
        Self {
            manifest_digest: outcomes[0].manifest_digest.clone(),
            outcomes,
            rest: None,
        }
    }

    /// Everything that was found: one outcome for each statement, or fewer where one holds for several.
    pub fn outcomes(&self) -> impl Iterator<Item = &SignatureOutcome> {
        self.outcomes.iter().chain(&self.rest)
    }
}

impl Verifier {
    /// Judges every signature of the artifact that `reference` names by the statement of the trust policy that
    /// applies, up to [`Options::max_signatures`]. A statement that skips verification leaves them all unjudged: there
    /// are no signatures in the result then.
    ///
    /// # Errors
    ///
    /// If no statement applies, or the artifact or the list of its signatures could not be read. It is not an
    /// error if no signature is accepted.
    pub async fn judge_all(
        &self,
        reference: &ArtifactReference,
        options: &Options,
    ) -> Result<ArtifactOutcomes, Error> {
        let (statement, repository) = self.open(reference, options)?;
        let statements = if statement.level.is_skip() {
            Vec::new()
        } else {
            vec![statement.clone()]
        };
        let checks = async {
            let resolve = |source| Error::Resolve {
                reference: repository.reference(),
                source,
            };
            let listed = in_time(
                repository.reference(),
                Box::pin(repository.resolve_and_list()),
            );
            let (target, listing) = listed.await?.map_err(resolve)?;
            self.judge_listed(&repository, target, listing, &statements, options)
                .await
        };
        within(options, || reference.clone(), Box::pin(checks)).await
    }

    /// Judges the signatures of an artifact that was resolved and whose signatures were listed, on the allowance of
    /// the caller.
    pub(crate) async fn judge_listed(
        &self,
        repository: &Repository,
        target: Target,
        listing: Result<Listing, registry::Error>,
        statements: &[Statement],
        options: &Options,
    ) -> Result<ArtifactOutcomes, Error> {
        let checks = SignatureChecks {
            validators: &self.validators,
            statements,
            options,
            now: self.clock.now(),
        };
        checks.judge_all(repository, target, listing).await
    }
}

/// What signatures are judged by.
struct SignatureChecks<'a> {
    validators: &'a Validators,
    statements: &'a [Statement],
    options: &'a Options,
    now: OffsetDateTime,
}

impl SignatureChecks<'_> {
    async fn judge_all(
        &self,
        repository: &Repository,
        target: Target,
        listing: Result<Listing, registry::Error>,
    ) -> Result<ArtifactOutcomes, Error> {
        let listing = listing.map_err(|source| Error::List {
            reference: target.reference.clone(),
            source,
        })?;
        let mut signatures = Vec::new();
        let mut unseen = None;
        if !self.statements.is_empty() {
            let mut walk = Walk::new(repository, &target, self.options.max_signatures, listing);
            let mut ahead = Ahead::new(repository, &target);
            while let Some(entry) = walk.next().await {
                ahead.begin(&walk);
                signatures.extend(self.judge_entry(&mut ahead, &target, &entry).await);
            }
            unseen = walk.unseen;
        }
        Ok(ArtifactOutcomes {
            target,
            signatures,
            unseen,
        })
    }

    /// Judges one signature; nothing for what is something else.
    async fn judge_entry(
        &self,
        ahead: &mut Ahead<'_>,
        target: &Target,
        entry: &Entry,
    ) -> Option<SignatureOutcomes> {
        let manifest = &entry.manifest;
        let mut outcomes = Vec::new();
        let checks = Box::pin(self.fetch_and_judge(ahead, target, entry, &mut outcomes));
        let mut rest = match allowance::in_time(checks).await {
            Ok(Fetched::SomethingElse) => return None,
            Ok(Fetched::Judged) => None,
            Ok(Fetched::Broken(outcome)) => Some(*outcome),
            Err(source) => Some(unfinished(manifest, source)),
        };
        for outcome in outcomes.iter_mut().chain(&mut rest) {
            outcome.undecided_if_exhausted();
            outcome.tell(Some(target.descriptor.digest()));
            if outcome.standing() == Standing::Refused {
                outcome.forget_details();
            }
        }
        Some(SignatureOutcomes {
            manifest_digest: manifest.digest().clone(),
            outcomes,
            rest,
        })
    }

    /// Adds an outcome for each statement.
    async fn fetch_and_judge(
        &self,
        ahead: &mut Ahead<'_>,
        target: &Target,
        entry: &Entry,
        outcomes: &mut Vec<SignatureOutcome>,
    ) -> Fetched {
        let manifest = &entry.manifest;
        let fetched = match ahead.fetch(entry).await {
            Err(source) => return Fetched::Broken(Box::new(unfinished(manifest, source))),
            Ok(Ok(Some(fetched))) => fetched,
            Ok(Ok(None)) => return Fetched::SomethingElse,
            Ok(Err(source)) => return Fetched::Broken(Box::new(not_fetched(manifest, source))),
        };
        let format = fetched.format;
        let verified = verify_integrity(format, fetched.as_ref());
        // The bytes are dropped before any request is waited for.
        drop(fetched);
        match (verified, self.statements) {
            (Ok(verified), statements) => {
                for statement in statements {
                    let judged = self.judge(manifest, statement, target, format, Ok(&verified));
                    outcomes.push(ahead.during(judged).await);
                }
                Fetched::Judged
            }
            // No statement lets that pass.
            (Err(failure), [first, ..]) => {
                let judged = self.judge(manifest, first, target, format, Err(failure));
                Fetched::Broken(Box::new(ahead.during(judged).await))
            }
            (Err(_), []) => Fetched::Judged,
        }
    }

    async fn judge(
        &self,
        manifest: &Descriptor,
        statement: &Statement,
        target: &Target,
        format: EnvelopeFormat,
        verified: Result<&VerifiedEnvelope, Failure>,
    ) -> SignatureOutcome {
        let check = SignatureCheck {
            validators: self.validators,
            subject: Subject::Artifact(&target.descriptor),
            statement,
            user_metadata: &self.options.user_metadata,
            now: self.now,
        };
        let mut outcome = SignatureOutcome::new(manifest.digest().clone());
        check.judge_envelope(format, verified, &mut outcome).await;
        outcome
    }
}

/// What came of one entry of a list.
enum Fetched {
    /// It is not a signature.
    SomethingElse,
    /// Every statement has its outcome.
    Judged,
    /// It could not be fetched or has no integrity, whatever the statement.
    Broken(Box<SignatureOutcome>),
}
