//! Which signatures of an artifact AWS Signer made with one profile: what a revocation would end, and what a job signed.
//!
//! A signature counts if its integrity and its authenticity are verified under the roots and the profile that the count
//! trusts. No request about revocation is sent, and an expired signature counts, marked as such: the question is who
//! signed, not what may run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use futures_util::Stream;
use time::OffsetDateTime;

use super::{Criteria, Error, Options, Search, Setup, Verifier, in_time, within};
use crate::aws::SigningProfileArn;
use crate::causes::in_one_line;
use crate::environment::{self, Environment};
use crate::extended_validation::Claims;
use crate::limits::MAX_CONCURRENT_VERIFICATIONS;
use crate::many::{self, Many, NotTried, Work};
use crate::notary::{Action, Validation};
use crate::oci::Digest;
use crate::outcome::{Failure, SignatureOutcome};
use crate::reference::ArtifactReference;
use crate::trust_policy::{
    BlobUse, Level, Statement, TrustedIdentity, VerificationLevel, VerifyTimestamp,
};
use crate::trust_store::NamedStore;

/// A signature that AWS Signer made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedSignature {
    /// The digest of the signature manifest.
    pub manifest: Digest,
    /// The profile, the job and the time, as the signature says.
    pub claims: Claims,
    /// Whether it has expired.
    pub is_expired: bool,
}

/// The signatures of one artifact by the profile that was asked about.
#[derive(Debug)]
pub struct ArtifactSignatures {
    /// The artifact, by digest once it was resolved.
    pub reference: ArtifactReference,
    /// Those that were verified.
    pub signatures: Vec<CountedSignature>,
    /// Why each of the others does not count, unless it is certain that another signer made it.
    pub uncounted: Vec<Uncounted>,
    /// Why there may be more.
    pub incomplete: Option<Box<Error>>,
}

/// Why a signature that was found does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncounted {
    /// The reason, with its causes.
    pub reason: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Counts the signatures of one signing profile. What it accepts is not a permission to run anything.
#[derive(Debug)]
pub struct SignatureCounter(Verifier);

impl SignatureCounter {
    /// A counter of the signatures of `profile` under these roots, which runs in `environment`. No request is sent yet.
    ///
    /// # Errors
    ///
    /// [`environment::Error`].
    pub fn new(
        profile: &SigningProfileArn,
        roots: Vec<NamedStore>,
        environment: &Environment,
    ) -> Result<Self, environment::Error> {
        let lenient = BTreeMap::from([
            (Validation::Revocation, Action::Skip),
            (Validation::Expiry, Action::Log),
        ]);
        let statement = Statement {
            name: "signing-profile".to_owned(),
            file: None,
            registry_scopes: vec!["*".to_owned()],
            blob_use: BlobUse::ByName,
            level: VerificationLevel::new(Level::Strict, lenient),
            trust_stores: roots.iter().map(|store| store.name.clone()).collect(),
            trusted_identities: vec![TrustedIdentity::Other(profile.to_string())],
            verify_timestamp: VerifyTimestamp::Always,
            unsigned_revocation_statements: Vec::new(),
        };
        let setup = Setup::of_statement(statement, roots).without_plugins();
        setup.connect(environment).map(Self)
    }

    /// The signatures of each of these artifacts, several at the same time; `many` says in which order the counts come
    /// and what ends the rest.
    pub fn count_many<'a>(
        &'a self,
        references: impl Stream<Item = ArtifactReference> + Send + 'a,
        options: &'a Options,
        many: many::Options,
    ) -> Many<'a, Counts<'a>> {
        let work = Counts {
            counter: &self.0,
            options,
        };
        Many::new(work, references, many.within(options.allowed.whole.clone()))
    }
}

/// The counts of many artifacts by one counter.
#[derive(Debug, Clone)]
pub struct Counts<'a> {
    counter: &'a Verifier,
    options: &'a Options,
}

impl Work for Counts<'_> {
    type Item = ArtifactReference;
    type Outcome = ArtifactSignatures;

    const MOST_OF_ONE_LANE: usize = MAX_CONCURRENT_VERIFICATIONS;

    fn lane(&self, reference: &ArtifactReference) -> String {
        reference.lane()
    }

    async fn run(self, _index: usize, reference: ArtifactReference) -> ArtifactSignatures {
        self.counter.count(&reference, self.options).await
    }

    fn not_tried(&self, reference: ArtifactReference, reason: NotTried) -> ArtifactSignatures {
        let error = self.counter.stopped(&reference, self.options, reason);
        ArtifactSignatures {
            reference,
            signatures: Vec::new(),
            uncounted: Vec::new(),
            incomplete: Some(Box::new(error)),
        }
    }

    fn is_failure(counted: &ArtifactSignatures) -> bool {
        counted.incomplete.is_some()
    }

    fn weight(counted: &ArtifactSignatures) -> usize {
        counted.signatures.len()
    }
}

/// Keeps every signature that is accepted, and is content with none.
#[derive(Debug, Default)]
struct Collector(Mutex<Vec<CountedSignature>>);

impl Criteria for Collector {
    fn is(&self, accepted: &SignatureOutcome) -> bool {
        let claims = accepted.signer_info.as_ref().map(Claims::from_signer_info);
        if let Some(Ok(claims)) = claims {
            let is_expired = accepted
                .logged()
                .any(|(validation, _)| validation == Validation::Expiry);
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.push(CountedSignature {
                manifest: accepted.manifest_digest.clone(),
                claims,
                is_expired,
            });
        }
        false
    }
}

impl Verifier {
    /// Every signature of the artifact that this verifier accepts.
    async fn count(&self, reference: &ArtifactReference, options: &Options) -> ArtifactSignatures {
        let now = self.clock.now();
        let collector = Collector::default();
        let counting = self.count_in(reference, options, &collector, now);
        let counted = within(options, || reference.clone(), Box::pin(counting)).await;
        let (reference, incomplete) = match counted {
            Ok((reference, incomplete)) => (reference, incomplete),
            Err(error) => (reference.clone(), Some(error)),
        };
        let (uncounted, incomplete) = match incomplete {
            // All were looked at.
            Some(Error::Rejected(rejected)) if rejected.unseen.is_none() => {
                (uncounted(&rejected.outcomes), None)
            }
            other => (Vec::new(), other),
        };
        let signatures = collector.0.into_inner();
        ArtifactSignatures {
            reference,
            signatures: signatures.unwrap_or_else(PoisonError::into_inner),
            uncounted,
            incomplete: incomplete.map(Box::new),
        }
    }

    /// The artifact by digest, and why there may be more signatures than were collected.
    async fn count_in(
        &self,
        reference: &ArtifactReference,
        options: &Options,
        collector: &Collector,
        now: OffsetDateTime,
    ) -> Result<(ArtifactReference, Option<Error>), Error> {
        let (statement, repository) = self.open(reference, options)?;
        let listed = Box::pin(repository.resolve_and_list());
        let listed = in_time(reference.clone(), listed).await?;
        let (target, listing) = listed.map_err(|source| Error::Resolve {
            reference: reference.clone(),
            source,
        })?;
        let search = Search {
            repository: &repository,
            target: &target,
            statement,
            options,
            criteria: collector,
            now,
        };
        let found = self.validators.find(search, listing).await;
        let incomplete = match found {
            // All were looked at, and none was what is looked for.
            Ok(_) | Err(Error::NoSignature { .. }) => None,
            Err(error) => Some(error),
        };
        Ok((target.reference, incomplete))
    }
}

fn uncounted(outcomes: &[SignatureOutcome]) -> Vec<Uncounted> {
    let refusals = outcomes.iter().filter_map(SignatureOutcome::refusal);
    // Whose signature is good and whose signer is another one is not what is counted.
    let refusals = refusals.filter(|failure| {
        !matches!(
            failure,
            Failure::UntrustedProfile { .. } | Failure::UntrustedSubject { .. }
        )
    });
    let reasons = refusals.map(|failure| Uncounted {
        reason: in_one_line(failure),
        hint: failure.hint(),
    });
    reasons.collect()
}
