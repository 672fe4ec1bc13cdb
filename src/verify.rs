//! Verifies the signatures of an artifact in a registry or in an OCI image layout.
//!
//! Input: a reference. Output: a [`Verification`], or the reason for a refusal. The steps carry the
//! numbers of `trust-store-trust-policy.md` and `signing-and-verification-workflow.md`; one bad
//! signature never hides a good one, and nothing that could not be looked at counts as good.

mod ahead;
mod all;
mod attempts;
pub mod blob;
#[doc(hidden)]
mod count;
mod delegate;
mod error;
mod gather;
mod images;
mod index;
mod judge;
pub mod many;
mod offline;
mod platform;
#[doc(hidden)]
mod policy_case;
mod record;
mod requirement;
mod revocation;
mod setup;
mod signature_check;
#[cfg(test)]
mod testing;
mod walk;

pub use crate::allowance::Allowed;
pub use crate::aws::ArnError;
pub use crate::limits::OFFLINE_ANSWER_AGE;
pub use crate::oci::{Descriptor, Digest};
pub use crate::plugin_contract::PluginConfig;
pub use crate::registry::Target;
pub use all::{ArtifactOutcomes, SignatureOutcomes};
pub(crate) use attempts::{AnySignature, Criteria, Search, SearchResult};
#[doc(hidden)]
pub use count::{ArtifactSignatures, CountedSignature, Counts, SignatureCounter, Uncounted};
pub use error::{
    Error, ImageFinding, ImageVerification, IndexVerification, RejectedArtifact, Unseen,
};
pub use gather::{FetchProblem, GatheredArtifact, GatheredSignature};
pub(crate) use images::ListedArtifact;
pub use images::{CoveredBy, Images};
pub use index::IndexFault;
pub(crate) use index::{ENTRY_DIFFERS, images_unknown};
pub(crate) use index::{Index, IndexImage};
pub use offline::OfflineDirectory;
pub use platform::{Platform, PlatformError};
pub(crate) use policy_case::authenticity;
#[doc(hidden)]
pub use policy_case::{CaseOutcome, CaseSigner, CaseSignerError, Decision, PolicyCase};
pub use record::RecordError;
pub use requirement::{Lack, Requirement, Shortfall};
pub(crate) use setup::published_roots;
pub use setup::{Setup, SetupError, Stores};

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::allowance;
use crate::environment::Clock;
use crate::extended_validation::RevocationChecker;
use crate::limits;
use crate::notary::EnvelopeFormat;
use crate::outcome::SignatureOutcome;
use crate::plugin_host::PluginHost;
use crate::reference::{ArtifactReference, Reference, Scheme};
use crate::registry::{self, Access, LayoutRepository, Listing, Repository, SharedAnswers};
use crate::revocation::Checker;
use crate::trust_policy::{Statement, StatementName, TrustPolicies};
use crate::trust_store::TrustStores;
use signature_check::{SignatureCheck, Subject};

/// Verifies artifacts against one trust policy. A [`Setup`] makes it; [`Setup::connect`] says what it keeps.
#[derive(Debug)]
pub struct Verifier {
    policies: TrustPolicies,
    artifacts: Artifacts,
    validators: Validators,
    clock: Clock,
}

/// Where artifacts of registries are looked for.
#[derive(Debug)]
enum Artifacts {
    /// In registries, with their credentials.
    Registries(registry::Client),
    /// In what was stored before. No registry is asked.
    Stored(OfflineDirectory),
}

/// What signatures are judged with, wherever they come from.
#[derive(Debug)]
#[doc(hidden)]
pub struct Validators {
    /// The trust stores that the policy names.
    pub stores: TrustStores,
    /// Who says whether AWS Signer revoked something.
    pub aws_signer: RevocationChecker,
    /// Who is asked about the revocation of certificates.
    pub revocation: Checker,
    /// Other plugins that a signature may ask for; none is run without.
    pub plugins: Option<PluginHost>,
    /// Settings for plugins, from the command line.
    pub plugin_config: PluginConfig,
    /// Who judges AWS Signer's signatures.
    pub aws_signer_checks: AwsSignerChecks,
}

/// Who judges AWS Signer's signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AwsSignerChecks {
    /// This program.
    #[default]
    InProcess,
    /// The plugin that is installed, AWS's own for example.
    InstalledPlugin,
}

impl Validators {
    /// Judges one signature of `target` against a policy statement, at the time `now`.
    ///
    /// `envelope` are the bytes that `manifest_digest` names; the caller has checked that. The
    /// outcome says whether the signature is accepted: [`SignatureOutcome::refusal`].
    pub async fn judge(
        &self,
        signature: FetchedSignature<'_, impl AsRef<[u8]>>,
        target: &Descriptor,
        statement: &Statement,
        user_metadata: &BTreeMap<String, String>,
        now: OffsetDateTime,
    ) -> SignatureOutcome {
        let check = SignatureCheck {
            validators: self,
            subject: Subject::Artifact(target),
            statement,
            user_metadata,
            now,
        };
        let mut outcome = SignatureOutcome::new(signature.manifest_digest.clone());
        check
            .judge(signature.format, signature.envelope, &mut outcome)
            .await;
        outcome
    }
}

/// A signature's bytes, as they came. They are let go once they were read: what follows may wait for
/// others, and who holds memory must not.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub struct FetchedSignature<'a, E> {
    /// The digest of the signature manifest, or of the envelope where there is no manifest.
    pub manifest_digest: &'a Digest,
    /// The envelope's format.
    pub format: EnvelopeFormat,
    /// The envelope.
    pub envelope: E,
}

/// The scope of a layout that the user gives no scope for. Only statements about every artifact apply to it.
pub const ANY_LAYOUT_SCOPE: &str = "local/layout";

/// What one verification asks for beyond the policy.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How many signatures are judged at most.
    pub max_signatures: usize,
    /// Whether every signature is judged, and not only those up to the first that is verified.
    pub all_signatures: bool,
    /// User metadata that must have been signed.
    pub user_metadata: BTreeMap<String, String>,
    /// The time and the bytes that one artifact may use.
    pub allowed: Allowed,
    /// What the policy's statement must be like.
    pub requirement: Requirement,
    /// By which registry scope the trust policy knows an OCI image layout, which has no name of its own, for
    /// example `local/app`.
    pub layout_scope: String,
    /// What of a multi-platform image is judged.
    pub images: Images,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_signatures: limits::MAX_SIGNATURES,
            all_signatures: false,
            user_metadata: BTreeMap::new(),
            allowed: Allowed::default(),
            requirement: Requirement::default(),
            layout_scope: ANY_LAYOUT_SCOPE.to_owned(),
            images: Images::default(),
        }
    }
}

/// The answer to a verification that did not fail.
#[derive(Debug)]
#[must_use = "only `Verified` is a permission to run"]
pub enum Verification {
    /// A signature passed every validation; revocation alone may have been skipped
    /// ([`SignatureOutcome::skipped`]).
    Verified(Box<Accepted>),
    /// The policy only logs what failed or could not be decided, and no signature passed everything. This is
    /// not a permission to run the artifact.
    Tolerated(Box<Accepted>),
    /// The policy says that this artifact's signatures are not verified.
    Skipped {
        /// The artifact, by digest.
        reference: ArtifactReference,
        /// The policy statement that says so.
        statement: StatementName,
    },
    /// No image of an index failed, where [`Options::images`] asked for them. Only
    /// [`IndexVerification::is_verified`] is a permission to run.
    Images(Box<IndexVerification>),
}

/// An artifact and the signature that the policy accepts for it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted {
    /// The artifact, by digest.
    pub reference: ArtifactReference,
    /// What it is.
    pub target: Target,
    /// The policy statement that applied.
    pub statement: StatementName,
    /// The signature.
    pub signature: SignatureOutcome,
    /// The other signatures that were looked at: refused, or only tolerated; with [`Options::all_signatures`] also
    /// verified ones.
    pub others: Vec<SignatureOutcome>,
    /// Why there may be signatures that were not looked at, where [`Options::all_signatures`] asked for all.
    pub unseen: Option<Unseen>,
}

impl Verifier {
    /// Verifies the artifact that `reference` names, now, with the default [`Options`].
    ///
    /// What may run is the digest in [`Accepted::reference`] of [`Verification::Verified`], and nothing else.
    ///
    /// # Errors
    ///
    /// Every way not to be verified is an [`Error`]; [`Error::class`] tells "refused" from "could
    /// not look".
    pub async fn verify(&self, reference: &ArtifactReference) -> Result<Verification, Error> {
        self.verify_with(reference, &Options::default()).await
    }

    /// The same with these options.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`].
    pub async fn verify_with(
        &self,
        reference: &ArtifactReference,
        options: &Options,
    ) -> Result<Verification, Error> {
        let now = self.clock.now();
        // 1. The statement that applies, and what is required of it.
        let (statement, repository) = self.open(reference, options)?;
        let verifying = self.verify_in(&repository, statement, options, now);
        let verifying = SharedAnswers::join(verifying);
        within(options, || reference.clone(), Box::pin(verifying)).await
    }

    /// 1. The statement that judges the artifact, and where the artifact is. No request is sent yet.
    fn open(
        &self,
        reference: &ArtifactReference,
        options: &Options,
    ) -> Result<(&Statement, Repository), Error> {
        match reference {
            ArtifactReference::Registry(_) => {
                let statement = self.applicable(reference, options)?;
                Ok((statement, self.locate(reference)?))
            }
            ArtifactReference::Layout(_) => {
                let layout = self.locate(reference)?;
                let statement = self.applicable(reference, options)?;
                Ok((statement, layout))
            }
        }
    }

    /// Holds the statement that applies against what is required of it, and says whether it has signatures verified.
    /// No request is sent yet.
    pub(crate) fn verifies(
        &self,
        reference: &ArtifactReference,
        options: &Options,
    ) -> Result<bool, Error> {
        let (statement, _) = self.open(reference, options)?;
        Ok(!statement.level.is_skip())
    }

    /// Where the artifact is. No request is sent yet.
    pub(crate) fn locate(&self, reference: &ArtifactReference) -> Result<Repository, Error> {
        match reference {
            ArtifactReference::Registry(inside) => self.repository(inside),
            ArtifactReference::Layout(inside) => LayoutRepository::open(inside)
                .map(Repository::from)
                .map_err(|source| Error::Open {
                    reference: reference.clone(),
                    source,
                }),
        }
    }

    /// The statement that judges the artifact, which is as it must be.
    fn applicable(
        &self,
        reference: &ArtifactReference,
        options: &Options,
    ) -> Result<&Statement, Error> {
        let statement = self.select(reference, &options.layout_scope)?;
        statement.tell(reference);
        require(options, statement, reference)?;
        Ok(statement)
    }

    /// The repository of `reference`, or the copy of the artifact that was stored.
    fn repository(&self, reference: &Reference) -> Result<Repository, Error> {
        match &self.artifacts {
            Artifacts::Registries(client) => client
                .repository(reference, Access::Pull)
                .map(Repository::from)
                .map_err(|source| Error::Resolve {
                    reference: reference.clone().into(),
                    source,
                }),
            Artifacts::Stored(directory) => directory.open(reference).map(Repository::from),
        }
    }

    /// The statement that judges the artifact, if there is one; `layout_scope` is what policies call a layout.
    #[doc(hidden)]
    pub fn statement_of(
        &self,
        reference: &ArtifactReference,
        layout_scope: &str,
    ) -> Option<StatementName> {
        let selected = self.select(reference, layout_scope).ok();
        selected.map(Statement::named)
    }

    /// Judges the signatures of an artifact that was resolved and whose signatures were listed, until one is
    /// accepted that the search's criteria want.
    ///
    /// # Errors
    ///
    /// [`Error::List`], [`Error::NoSignature`], [`Error::Rejected`] and [`Error::Inconclusive`].
    pub(crate) async fn find(
        &self,
        search: Search<'_>,
        listing: Result<Listing, registry::Error>,
    ) -> Result<SearchResult, Error> {
        self.validators.find(search, listing).await
    }

    /// How the registry of `reference` is spoken to.
    pub(crate) fn scheme(&self, reference: &Reference) -> Scheme {
        match &self.artifacts {
            Artifacts::Registries(client) => client.scheme(reference),
            Artifacts::Stored(_) => Scheme::Https,
        }
    }

    /// The time now.
    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// The trust policy.
    pub fn policies(&self) -> &TrustPolicies {
        &self.policies
    }

    /// 1. The statement that applies.
    fn select(
        &self,
        reference: &ArtifactReference,
        layout_scope: &str,
    ) -> Result<&Statement, Error> {
        let selected = match (reference, &self.artifacts) {
            (ArtifactReference::Layout(_), _) => self.policies.select(layout_scope),
            (ArtifactReference::Registry(inside), Artifacts::Registries(client)) => {
                let scheme = client.scheme(inside);
                self.policies.select_over(&inside.scope(scheme), scheme)
            }
            // How the copy was fetched is not known.
            (ArtifactReference::Registry(inside), Artifacts::Stored(_)) => {
                self.policies.select(&inside.repository_with_registry())
            }
        };
        selected.map_err(|source| Error::Policy {
            reference: reference.clone(),
            source,
        })
    }

    async fn verify_in(
        &self,
        repository: &Repository,
        statement: &Statement,
        options: &Options,
        now: OffsetDateTime,
    ) -> Result<Verification, Error> {
        // 2. A statement may say that nothing is verified.
        let resolve = |source| Error::Resolve {
            reference: repository.reference(),
            source,
        };
        if statement.level.is_skip() {
            // Resolved only to name what was not verified, as notation does.
            let target = in_time(repository.reference(), Box::pin(repository.resolve()));
            let target = target.await?.map_err(resolve)?;
            return Ok(Verification::Skipped {
                reference: target.reference,
                statement: statement.named(),
            });
        }
        let listed = in_time(
            repository.reference(),
            Box::pin(repository.resolve_and_list()),
        );
        let (target, listing) = listed.await?.map_err(resolve)?;
        let repository = repository.clone();
        let listed = ListedArtifact {
            repository,
            target,
            listing,
        };
        match options.images {
            Images::AsNamed => self.verify_listed(listed, statement, options, now).await,
            _ => Box::pin(self.verify_images(listed, statement, options, now)).await,
        }
    }

    /// Judges the signatures of an artifact that was resolved, as far as they were listed.
    async fn verify_listed(
        &self,
        listed: ListedArtifact,
        statement: &Statement,
        options: &Options,
        now: OffsetDateTime,
    ) -> Result<Verification, Error> {
        let ListedArtifact {
            repository,
            target,
            listing,
        } = listed;
        let search = Search {
            repository: &repository,
            target: &target,
            statement,
            options,
            criteria: &AnySignature,
            now,
        };
        let listed: Vec<Digest> = match (&self.artifacts, &listing) {
            (Artifacts::Stored(_), Ok(listing)) => {
                let signatures = listing.signatures.iter();
                signatures.map(|one| one.digest().clone()).collect()
            }
            _ => Vec::new(),
        };
        let found = self.validators.find(search, listing).await;
        let found = match &self.artifacts {
            Artifacts::Registries(_) => found,
            Artifacts::Stored(directory) => {
                directory.against_record(found, &target, statement, &listed)
            }
        }?;
        found.answer(target, statement.named())
    }
}

/// Does `work` for the artifact `reference` with what `options` allow it.
pub(crate) async fn within<T>(
    options: &Options,
    reference: impl Fn() -> ArtifactReference,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let not_tried = |source| Error::NotTried {
        reference: reference(),
        source,
    };
    options.allowed.check_whole().map_err(not_tried)?;
    options.allowed.begin().lend(work).await
}

/// Does `work`, a step of the verification of `reference`, while there is time.
pub(crate) async fn in_time<T>(
    reference: ArtifactReference,
    work: impl Future<Output = T>,
) -> Result<T, Error> {
    let done = allowance::in_time(work).await;
    done.map_err(|source| Error::Unfinished { reference, source })
}

/// What is asked of the statement itself, before any registry is asked.
fn require(
    options: &Options,
    statement: &Statement,
    reference: &ArtifactReference,
) -> Result<(), Error> {
    let checked = options.requirement.check(statement);
    checked.map_err(|source| Error::Requirement {
        reference: reference.clone(),
        statement: statement.named(),
        source,
    })
}
