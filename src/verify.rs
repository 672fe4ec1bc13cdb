//! Verifies the signatures of an artifact in a registry or in an OCI image layout.
//!
//! Input: a reference. Output: a [`Verification`], or why there is none. The steps carry the
//! numbers of `trust-store-trust-policy.md` and `signing-and-verification-workflow.md`; one bad
//! signature never hides a good one, and nothing that could not be looked at counts as good.

mod delegate;
mod judge;
mod revocation;

use std::collections::BTreeMap;

use time::OffsetDateTime;

use crate::extended_validation::RevocationChecker;
use crate::limits;
use crate::notary::EnvelopeFormat;
use crate::oci::{Descriptor, Digest};
use crate::outcome::{Failure, FailureClass, SignatureOutcome};
use crate::plugin_contract::PluginConfig;
use crate::plugin_host::PluginHost;
use crate::reference::{ArtifactReference, LayoutReference, Reference};
use crate::registry::{self, Access, LayoutRepository, Repository, Target};
use crate::revocation::Checker;
use crate::trust_policy::{self, Statement, TrustPolicies};
use crate::trust_store::TrustStores;

/// What every verification of a process shares: policies, stores, connections.
#[derive(Debug)]
pub struct Verifier {
    /// The trust policy document.
    pub policies: TrustPolicies,
    /// Registries and their credentials.
    pub registry: registry::Client,
    /// What signatures are judged with.
    pub judges: Judges,
}

/// What signatures are judged with, wherever they come from.
#[derive(Debug)]
pub struct Judges {
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
    /// Whether an installed plugin goes before the rules in process for AWS Signer's signatures.
    pub use_installed_plugin: bool,
}

impl Judges {
    /// Judges one signature of `target` against a policy statement, at the time `now`.
    ///
    /// `envelope` are the bytes that `manifest_digest` names; the caller has checked that. The
    /// outcome says whether the signature is accepted: [`SignatureOutcome::refusal`].
    pub async fn judge(
        &self,
        signature: FetchedSignature<'_>,
        target: &Descriptor,
        statement: &Statement,
        user_metadata: &BTreeMap<String, String>,
        now: OffsetDateTime,
    ) -> SignatureOutcome {
        let bench = judge::Bench {
            judges: self,
            target,
            statement,
            user_metadata,
            now,
        };
        let mut outcome = SignatureOutcome::new(signature.manifest_digest.clone());
        bench
            .judge(signature.format, signature.envelope, &mut outcome)
            .await;
        outcome
    }
}

/// A signature's bytes, as they came.
#[derive(Debug, Clone, Copy)]
pub struct FetchedSignature<'a> {
    /// The digest of the signature manifest, or of the envelope where there is no manifest.
    pub manifest_digest: &'a Digest,
    /// The envelope's format.
    pub format: EnvelopeFormat,
    /// The envelope.
    pub envelope: &'a [u8],
}

/// What one verification asks for beyond the policy.
#[derive(Debug, Clone)]
pub struct Options {
    /// How many signatures are judged at most.
    pub max_signatures: usize,
    /// User metadata that must have been signed.
    pub user_metadata: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_signatures: limits::MAX_SIGNATURES,
            user_metadata: BTreeMap::new(),
        }
    }
}

/// The answer to a verification that did not fail.
#[derive(Debug)]
pub enum Verification {
    /// A signature was accepted.
    Verified(Box<Verified>),
    /// The policy says that this artifact's signatures are not verified.
    Skipped {
        /// The artifact, by digest.
        reference: ArtifactReference,
        /// The policy statement that says so.
        statement: String,
    },
}

/// An artifact and the signature that was accepted for it.
#[derive(Debug)]
pub struct Verified {
    /// The artifact, by digest.
    pub reference: ArtifactReference,
    /// What it is.
    pub target: Target,
    /// The policy statement that applied.
    pub statement: String,
    /// The signature that was accepted.
    pub accepted: SignatureOutcome,
    /// Signatures that were looked at before it, and refused.
    pub refused: Vec<SignatureOutcome>,
}

/// Why an artifact is not verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No statement of the policy applies, or the policy is unusable.
    #[error("no trust policy statement for `{reference}`")]
    Policy {
        /// The artifact.
        reference: ArtifactReference,
        /// What is wrong.
        #[source]
        source: trust_policy::Error,
    },
    /// The OCI image layout could not be opened.
    #[error("failed to open the OCI image layout of `{reference}`")]
    Open {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// The artifact's descriptor could not be had.
    #[error("failed to resolve `{reference}`")]
    Resolve {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// The list of its signatures could not be had.
    #[error("failed to list the signatures of `{reference}`")]
    List {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// There is no signature.
    #[error("no signature is associated with `{reference}`")]
    NoSignature {
        /// The artifact, by digest.
        reference: ArtifactReference,
    },
    /// There are signatures, and none is accepted.
    #[error("no signature of `{}` is trusted", .0.reference)]
    Rejected(Box<Refused>),
    /// No signature is accepted, and some could not be judged.
    #[error("the signatures of `{}` could not be judged", .0.reference)]
    Inconclusive(Box<Refused>),
}

/// An artifact none of whose signatures is accepted.
#[derive(Debug)]
pub struct Refused {
    /// The artifact, by digest.
    pub reference: ArtifactReference,
    /// The policy statement that applied.
    pub statement: String,
    /// Every signature that was looked at; the one that came furthest first.
    pub outcomes: Vec<SignatureOutcome>,
    /// Why there may be signatures that were not looked at.
    pub unseen: Option<Unseen>,
}

/// Why there may be signatures that were not looked at.
#[derive(Debug)]
pub enum Unseen {
    /// There are more than may be looked at; this many may.
    Limit(usize),
    /// The list of signatures broke off.
    Listing(registry::Error),
}

impl Error {
    /// Whether the artifact was refused, or could not be judged.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Open { source, .. }
            | Self::Resolve { source, .. }
            | Self::List { source, .. }
                if source.kind() == registry::Kind::CouldNotLook =>
            {
                FailureClass::Inconclusive
            }
            Self::Inconclusive(_) => FailureClass::Inconclusive,
            _ => FailureClass::Rejected,
        }
    }

    /// What to do about it; a rejected signature's own hint is with its outcome.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Policy { source, .. } => source.hint(),
            Self::Open { source, .. }
            | Self::Resolve { source, .. }
            | Self::List { source, .. } => source.hint(),
            Self::NoSignature { reference } => {
                let flag = match reference {
                    ArtifactReference::Registry(_) => "",
                    ArtifactReference::Layout(_) => "--oci-layout ",
                };
                Some(format!(
                    "sign it: `countersign sign --signing-profile ARN {flag}{reference}`"
                ))
            }
            Self::Rejected(_) | Self::Inconclusive(_) => None,
        }
    }
}

impl Verifier {
    /// Verifies the artifact that `reference` names, at the time `now`.
    ///
    /// # Errors
    ///
    /// Every way not to be verified is an [`Error`]; [`Error::class`] tells "refused" from "could
    /// not look".
    pub async fn verify(
        &self,
        reference: &Reference,
        options: &Options,
        now: OffsetDateTime,
    ) -> Result<Verification, Error> {
        let statement = self.select(&reference.scope(), || reference.clone().into())?;
        let repository = self
            .registry
            .repository(reference, Access::Pull)
            .map_err(|source| Error::Resolve {
                reference: reference.clone().into(),
                source,
            })?;
        let repository = repository.into();
        // On the heap: it is large, and callers have several under way at once.
        Box::pin(self.verify_in(&repository, statement, options, now)).await
    }

    /// Verifies the artifact that `reference` names in an OCI image layout. A directory has no name
    /// that policies know: `scope`, of the form `local/NAME`, chooses the statement.
    ///
    /// # Errors
    ///
    /// As [`Verifier::verify`].
    pub async fn verify_layout(
        &self,
        reference: &LayoutReference,
        scope: &str,
        options: &Options,
        now: OffsetDateTime,
    ) -> Result<Verification, Error> {
        let layout = LayoutRepository::open(reference).map_err(|source| Error::Open {
            reference: reference.clone().into(),
            source,
        })?;
        let statement = self.select(scope, || reference.clone().into())?;
        let layout = layout.into();
        Box::pin(self.verify_in(&layout, statement, options, now)).await
    }

    /// 1. The statement that applies.
    fn select(
        &self,
        scope: &str,
        reference: impl Fn() -> ArtifactReference,
    ) -> Result<&Statement, Error> {
        self.policies.select(scope).map_err(|source| Error::Policy {
            reference: reference(),
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
            let target = repository.resolve().await.map_err(resolve)?;
            return Ok(Verification::Skipped {
                reference: target.reference,
                statement: statement.name.clone(),
            });
        }
        let (target, listing) = repository.resolve_and_list().await.map_err(resolve)?;
        let list = |source| Error::List {
            reference: target.reference.clone(),
            source,
        };
        let listing = listing.map_err(list)?;
        let mut trial = Trial {
            verifier: self,
            repository,
            target: &target,
            statement,
            options,
            now,
            outcomes: Vec::new(),
            unseen: None,
        };
        let tag_schema_was_read = listing.has_read_tag_schema();
        if let Some(accepted) = trial.try_signatures(listing.signatures).await {
            return Ok(trial.verified(accepted));
        }
        if let Some(error) = listing.incomplete {
            trial.unseen.get_or_insert(Unseen::Listing(error));
        }
        // Old clients wrote only the tag schema. It is read before the answer is "no": a
        // verification that succeeds pays nothing for it.
        if !tag_schema_was_read {
            match repository
                .list_by_tag_schema(target.descriptor.digest())
                .await
            {
                Ok(tagged) => {
                    if let Some(accepted) = trial.try_signatures(tagged).await {
                        return Ok(trial.verified(accepted));
                    }
                }
                Err(error) => {
                    trial.unseen.get_or_insert(Unseen::Listing(error));
                }
            }
        }
        Err(trial.refused())
    }
}

/// One verification on its way.
struct Trial<'a> {
    verifier: &'a Verifier,
    repository: &'a Repository,
    target: &'a Target,
    statement: &'a Statement,
    options: &'a Options,
    now: OffsetDateTime,
    outcomes: Vec<SignatureOutcome>,
    unseen: Option<Unseen>,
}

impl Trial<'_> {
    /// Judges signatures in the registry's order until one is accepted.
    async fn try_signatures(&mut self, signatures: Vec<Descriptor>) -> Option<SignatureOutcome> {
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

    fn verified(self, accepted: SignatureOutcome) -> Verification {
        Verification::Verified(Box::new(Verified {
            reference: self.target.reference.clone(),
            target: self.target.clone(),
            statement: self.statement.name.clone(),
            accepted,
            refused: self.outcomes,
        }))
    }

    fn refused(self) -> Error {
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
