//! Storing what a verification without a network needs.
//!
//! The same first steps as a verification, since only an authentic signature names the sources to
//! ask; then every source that may be needed is asked, whatever the first one answers. No verdict
//! is given here.

use time::OffsetDateTime;

use super::delegate::Delegate;
use super::judge::verify_integrity;
use super::revocation::authentic_time;
use super::signature_check::{SignatureCheck, Subject};
use super::{
    Error, FetchedSignature, OfflineDirectory, Options, Unseen, Verifier, in_time, within,
};
use crate::allowance;
use crate::causes::in_one_line;
use crate::extended_validation::{DocumentError, StoredAnswers};
use crate::facts::Origin;
use crate::limits;
use crate::notary::{Action, SigningScheme, StoreType, Validation};
use crate::oci::{Descriptor, Digest};
use crate::outcome::{Failure, RevocationFact, RevocationStatus};
use crate::reference::{ArtifactReference, Reference};
use crate::registry::{self, LayoutRepository, Repository, Target};
use crate::revocation;
use crate::rules;
use crate::signer_info::SignerInfo;
use crate::trust_policy::Statement;
use crate::x509::{Certificate, Purpose};

/// What was stored for one artifact.
#[derive(Debug)]
#[non_exhaustive]
pub struct GatheredArtifact {
    /// The artifact, by digest.
    pub reference: ArtifactReference,
    /// Whether the policy has no signature of it verified, so that none is needed.
    pub is_skipped: bool,
    /// Its signatures.
    pub signatures: Vec<GatheredSignature>,
    /// Why there may be signatures that were not looked at.
    pub unseen: Option<Unseen>,
}

impl GatheredArtifact {
    /// Whether everything was stored that a verification will need, for every signature that it may
    /// accept; and there is one.
    pub fn is_complete(&self) -> bool {
        if self.is_skipped {
            return true;
        }
        let mut authentic = self.signatures.iter().filter(|one| one.refusal.is_none());
        self.unseen.is_none()
            && self.signatures.iter().any(|one| one.refusal.is_none())
            && authentic.all(|one| one.missing.is_empty())
    }
}

/// What was stored for one signature.
#[derive(Debug)]
#[non_exhaustive]
pub struct GatheredSignature {
    /// The digest of the signature manifest.
    pub digest: Digest,
    /// Why no verification here would accept it, so no request about it was sent.
    pub refusal: Option<Failure>,
    /// What was stored about revocation.
    pub facts: Vec<RevocationFact>,
    /// What could not be fetched.
    pub missing: Vec<FetchProblem>,
    /// Who gave no answer that counts, where another one's is enough. What was stored of them before is
    /// left as it is.
    pub unanswered: Vec<FetchProblem>,
}

/// Something that could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchProblem {
    /// What, and why.
    pub sentence: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl FetchProblem {
    fn new(error: &dyn std::error::Error, hint: Option<String>) -> Self {
        Self {
            sentence: in_one_line(error),
            hint,
        }
    }
}

impl Verifier {
    /// Stores in `directory` what a later verification of the artifact needs with nothing else: copies of the
    /// manifest and of the signatures of one in a registry, and all that is to be known about revocation. The
    /// verifier must store what it is told: see [`super::Setup::recording`].
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`], and [`Error::Store`].
    pub async fn gather(
        &self,
        reference: &ArtifactReference,
        directory: &OfflineDirectory,
        options: &Options,
    ) -> Result<GatheredArtifact, Error> {
        let (statement, repository) = self.open(reference, options)?;
        let gathering = Gathering {
            verifier: self,
            repository: &repository,
            statement,
            directory,
            options,
            now: self.clock.now(),
        };
        // A layout needs no copy.
        let copied = match reference {
            ArtifactReference::Registry(reference) => Some(reference),
            ArtifactReference::Layout(_) => None,
        };
        let gathering = gathering.run(copied);
        within(options, || reference.clone(), Box::pin(gathering)).await
    }
}

/// One artifact on its way into the directory.
struct Gathering<'a> {
    verifier: &'a Verifier,
    repository: &'a Repository,
    statement: &'a Statement,
    directory: &'a OfflineDirectory,
    options: &'a Options,
    now: OffsetDateTime,
}

impl Gathering<'_> {
    /// `copied` is the registry's artifact that is to be copied.
    async fn run(&self, copied: Option<&Reference>) -> Result<GatheredArtifact, Error> {
        let listed = Box::pin(self.repository.resolve_and_list_all());
        let (target, listing) = in_time(self.repository.reference(), listed)
            .await?
            .map_err(|source| Error::Resolve {
                reference: self.repository.reference(),
                source,
            })?;
        let listing = listing.map_err(|source| Error::List {
            reference: target.reference.clone(),
            source,
        })?;
        let copy = match copied {
            None => None,
            Some(reference) => {
                let copying = self.copy_target(reference, &target);
                Some(in_time(target.reference.clone(), Box::pin(copying)).await??)
            }
        };
        if listing.incomplete.is_none() {
            // Before anything can fail, so that what fails is missed later.
            let signatures = listing.signatures.iter().map(Descriptor::digest);
            let records = self.directory.records();
            records
                .write(&target.reference, target.descriptor.digest(), signatures)
                .map_err(|source| Error::Store {
                    reference: target.reference.clone(),
                    source: registry::Error::File {
                        source: source.into(),
                    },
                })?;
        }
        if listing.signatures.is_empty() && !self.statement.level.is_skip() {
            return Err(match listing.incomplete {
                Some(source) => Error::List {
                    reference: target.reference,
                    source,
                },
                None => Error::NoSignature {
                    reference: target.reference,
                    wanted: self.statement.trusted_identities.clone(),
                },
            });
        }
        let mut gathered = GatheredArtifact {
            reference: target.reference.clone(),
            is_skipped: self.statement.level.is_skip(),
            signatures: Vec::new(),
            unseen: listing.incomplete.map(Unseen::Listing),
        };
        if gathered.is_skipped {
            return Ok(gathered);
        }
        if listing.signatures.len() > self.options.max_signatures {
            gathered.unseen = Some(Unseen::Limit(self.options.max_signatures));
        }
        for (position, signature) in listing.signatures.iter().enumerate() {
            if position == self.options.max_signatures {
                break;
            }
            tokio::task::yield_now().await;
            if let Err(source) = allowance::check() {
                let not_tried = listing.signatures.len().saturating_sub(position);
                gathered.unseen = Some(Unseen::Exhausted { source, not_tried });
                break;
            }
            let storing = Box::pin(self.store_signature(copy.as_ref(), &target, signature));
            match allowance::in_time(storing).await {
                Ok(stored) => gathered.signatures.push(stored?),
                Err(source) => {
                    let not_tried = listing.signatures.len().saturating_sub(position);
                    gathered.unseen = Some(Unseen::Exhausted { source, not_tried });
                    break;
                }
            }
        }
        Ok(gathered)
    }

    async fn copy_target(
        &self,
        reference: &Reference,
        target: &Target,
    ) -> Result<LayoutRepository, Error> {
        let bytes = self.repository.fetch_manifest(&target.descriptor).await;
        let bytes = bytes.map_err(|source| Error::Resolve {
            reference: target.reference.clone(),
            source,
        })?;
        let failed = |source| Error::Store {
            reference: target.reference.clone(),
            source,
        };
        let reference = reference.with_digest(target.descriptor.digest());
        let copy = self.directory.create(&reference).map_err(failed)?;
        copy.copy_manifest(&target.descriptor, &bytes)
            .await
            .map_err(failed)?;
        Ok(copy)
    }

    async fn store_signature(
        &self,
        copy: Option<&LayoutRepository>,
        target: &Target,
        signature: &Descriptor,
    ) -> Result<GatheredSignature, Error> {
        let mut gathered = GatheredSignature {
            digest: signature.digest().clone(),
            refusal: None,
            facts: Vec::new(),
            missing: Vec::new(),
            unanswered: Vec::new(),
        };
        let subject = target.descriptor.digest();
        let failed = |source| Error::Store {
            reference: target.reference.clone(),
            source,
        };
        let unfetched = |source| Failure::Fetch {
            manifest: signature.digest().clone(),
            source,
        };
        // One after the other, so that not both are in memory. Readers do not see it until the index names it.
        if let Some(copy) = copy {
            match self.repository.fetch_manifest(signature).await {
                Ok(manifest) => copy.copy_blob(signature, &manifest).map_err(failed)?,
                Err(source) => {
                    gathered.refusal = Some(unfetched(source));
                    return Ok(gathered);
                }
            }
        }
        let fetched = match self.repository.fetch_signature(subject, signature).await {
            Ok(fetched) => fetched,
            Err(source) => {
                gathered.refusal = Some(unfetched(source));
                return Ok(gathered);
            }
        };
        if let Some(copy) = copy {
            copy.copy_signature(&fetched).await.map_err(failed)?;
        }
        let check = SignatureCheck {
            validators: &self.verifier.validators,
            subject: Subject::Artifact(&target.descriptor),
            statement: self.statement,
            user_metadata: &self.options.user_metadata,
            now: self.now,
        };
        let fetched = FetchedSignature {
            manifest_digest: signature.digest(),
            format: fetched.format,
            envelope: fetched,
        };
        match check.authenticate(fetched).await {
            Err(failure) => gathered.refusal = Some(failure),
            Ok((info, delegate)) => {
                let store = self.directory.aws_signer(limits::OFFLINE_ANSWER_AGE);
                check.gather(&info, &delegate, &store, &mut gathered).await;
            }
        }
        Ok(gathered)
    }
}

impl SignatureCheck<'_> {
    /// The steps of a verification before the requests about revocation, in its order.
    async fn authenticate(
        &self,
        signature: FetchedSignature<'_, impl AsRef<[u8]>>,
    ) -> Result<(SignerInfo, Delegate), Failure> {
        let verified = verify_integrity(signature.format, signature.envelope.as_ref())?;
        drop(signature);
        self.validate_payload(&verified)?;
        let info = verified.signer_info();
        rules::check_min_version_has_plugin(&info.signed_attributes)?;
        self.validate_trust_store(info)?;
        let delegate = Delegate::choose(self.validators, info).await?;
        if self.statement.level.action(Validation::Authenticity) == Action::Enforce {
            self.validate_identity(&delegate, info)?;
        }
        Ok((info.clone(), delegate))
    }

    /// Asks everybody who may be needed about an authentic signature.
    async fn gather(
        &self,
        info: &SignerInfo,
        delegate: &Delegate,
        store: &StoredAnswers,
        gathered: &mut GatheredSignature,
    ) {
        if self.statement.level.action(Validation::Revocation) != Action::Skip {
            match delegate {
                Delegate::AwsSigner(_) => self.store_answer(info, delegate, store, gathered).await,
                Delegate::Native | Delegate::Plugin(_) => {
                    let chain = &info.certificate_chain;
                    let time = authentic_time(info);
                    self.gather_chain(chain, Purpose::CodeSigning, time, gathered)
                        .await;
                }
            }
        }
        // A timestamp may not be needed today, and be needed on the day of the verification.
        let stores = self.statement.trust_stores_of(StoreType::Tsa);
        let is_stamped = info.unsigned_attributes.timestamp_signature.is_some();
        let scheme = info.signed_attributes.signing_scheme;
        if scheme == SigningScheme::X509 && is_stamped && !stores.is_empty() {
            match self.verify_timestamp(info, &stores) {
                Err(failure) => gathered
                    .missing
                    .push(FetchProblem::new(&failure, failure.hint())),
                Ok(stamp) => {
                    self.gather_chain(stamp.chain(), Purpose::Timestamping, None, gathered)
                        .await;
                }
            }
        }
    }

    async fn store_answer(
        &self,
        info: &SignerInfo,
        delegate: &Delegate,
        store: &StoredAnswers,
        gathered: &mut GatheredSignature,
    ) {
        let Delegate::AwsSigner(claims) = delegate else {
            return;
        };
        let chain = &info.certificate_chain;
        let asked = self
            .validators
            .aws_signer
            .answer(claims, chain, self.now)
            .await;
        let (answer, result) = match asked {
            Ok(answered) => answered,
            Err(error) => {
                gathered
                    .missing
                    .push(FetchProblem::new(&error, error.hint()));
                return;
            }
        };
        if let Err(error) = store.write(&answer) {
            gathered
                .missing
                .push(FetchProblem::new(&error, hint_for_file(&error)));
            return;
        }
        let evidence = answer.into_evidence(Origin::Asked, None);
        let fact = RevocationFact::of_aws_signer(&evidence, &result, self.now);
        gathered.facts.push(fact);
    }

    async fn gather_chain(
        &self,
        chain: &[Certificate],
        purpose: Purpose,
        signing_time: Option<OffsetDateTime>,
        gathered: &mut GatheredSignature,
    ) {
        let checker = &self.validators.revocation;
        let asked = revocation::gather_chain(chain, purpose, signing_time, checker, self.now);
        let certificates = match asked.await {
            Ok(certificates) => certificates,
            Err(error) => {
                gathered
                    .missing
                    .push(FetchProblem::new(&error, error.hint()));
                return;
            }
        };
        for certificate in &certificates {
            let is_known = certificate.is_known();
            for one in [&certificate.ocsp, &certificate.crl] {
                let fact = RevocationFact::of_certificate(one, self.now);
                if matches!(
                    fact.status,
                    RevocationStatus::Good | RevocationStatus::Revoked
                ) {
                    gathered.facts.push(fact);
                }
                for failure in &one.failures {
                    let missing = FetchProblem {
                        sentence: failure.to_string(),
                        hint: failure.error.hint(),
                    };
                    // An answer that came and could not be stored may be of a revocation.
                    if is_known && !failure.error.is_of_store() {
                        gathered.unanswered.push(missing);
                    } else {
                        gathered.missing.push(missing);
                    }
                }
            }
        }
    }
}

fn hint_for_file(error: &DocumentError) -> Option<String> {
    match error {
        DocumentError::File { source } => source.hint(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
