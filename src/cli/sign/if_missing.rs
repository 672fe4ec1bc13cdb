//! `sign --if-missing`: whether the signature that would be made is there already.
//!
//! A signature counts if `verify` would accept it from this very signer, revocation included, and it
//! has the same format and user metadata, and is good for long enough. One that was looked at and
//! refused is not there; what could not be looked at is an error, since neither is known then.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;

use crate::cli::context::{Context, roots_of};
use crate::cli::report::{Exit, Report};
use crate::config::StoreName;
use crate::envelope::UnverifiedEnvelope;
use crate::limits::MAX_SIGNATURES;
use crate::notary::{Action, EnvelopeFormat, StoreType};
use crate::oci::{Descriptor, Digest};
use crate::outcome::{Failure, FailureClass, SignatureOutcome};
use crate::reference::ArtifactReference;
use crate::registry::{self, Repository, Signature, Target};
use crate::sign;
use crate::signer::Signer;
use crate::trust_policy::{
    BlobUse, Level, Statement, TrustPolicies, TrustedIdentity, VerificationLevel, VerifyTimestamp,
};
use crate::trust_store::{NamedStore, TrustStores, TrustedCertificate};
use crate::verify::{FetchedSignature, Judges};
use crate::x509::Certificate;

/// What counts as the signature that would be made.
pub(super) struct IfMissing {
    judges: Judges,
    statement: Statement,
    /// The signer's certificate; nothing where the statement names a signing profile.
    leaf: Option<Certificate>,
    format: EnvelopeFormat,
    user_metadata: BTreeMap<String, String>,
    /// Until when it must be good.
    until: OffsetDateTime,
    now: OffsetDateTime,
}

/// A signature that counts.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) manifest: Digest,
    pub(super) signature: super::outcome::Signature,
}

/// Why it is not known whether the signature is there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(
        "the signatures of `{reference}` could not be listed, so that it is not known whether one is missing"
    )]
    List {
        reference: ArtifactReference,
        #[source]
        source: registry::Error,
    },
    #[error(
        "the signature `{manifest}` of `{reference}` could not be judged, so that it is not known whether one is missing"
    )]
    Judge {
        reference: ArtifactReference,
        manifest: Digest,
        #[source]
        source: Box<Failure>,
    },
    #[error(
        "`{reference}` has more than {MAX_SIGNATURES} signatures, and none of the first ones counts, so that it is not known whether one is missing"
    )]
    TooMany { reference: ArtifactReference },
}

impl Error {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::List { source, .. } => source.hint(),
            Self::Judge { source, .. } => source.hint(),
            Self::TooMany { .. } => Some(
                "remove signatures that nobody trusts, or sign without `--if-missing`".to_owned(),
            ),
        }
    }
}

impl IfMissing {
    /// What counts for `signer` and what `options` ask it for. AWS Signer's roots are those of
    /// `trust_anchor`, else the published ones.
    pub(super) fn new(
        context: &Context,
        signer: &Signer,
        options: &sign::Options,
        trust_anchor: Option<&Path>,
        remaining: Duration,
    ) -> Result<Self, Report> {
        let remaining = remaining.try_into().unwrap_or(time::Duration::MAX);
        let until = context.now.saturating_add(remaining);
        let (statement, stores, leaf) = match (signer, signer.certificate_chain()) {
            (Signer::AwsSigner(by), _) => {
                let profile = [by.profile.to_string()];
                let stores = roots_of(&profile, trust_anchor)?;
                let names = stores.iter().map(|store| store.name.clone()).collect();
                let policies = TrustPolicies::of_signing_profiles(&profile, names)
                    .map_err(|error| Report::usage(&error.to_string(), error.hint()))?;
                let statement = policies.statements().first().cloned();
                let statement =
                    statement.ok_or_else(|| Report::usage("no signing profile", None))?;
                (statement, stores, None)
            }
            (_, Some([leaf, ..])) if trust_anchor.is_some() => {
                return Err(Report::usage(
                    &format!(
                        "`--trust-anchor` is about AWS Signer's roots, and `{}` signs",
                        leaf.subject()
                    ),
                    Some("leave it out: a key's own certificates are known".to_owned()),
                ));
            }
            (_, Some([leaf, issuers @ ..])) => {
                let root = issuers.last().unwrap_or(leaf);
                let timestamping = options.terms.timestamping.as_ref();
                let stores = [
                    Some((StoreType::Ca, root)),
                    timestamping.map(|authority| (StoreType::Tsa, &authority.root)),
                ];
                let stores: Vec<NamedStore> = stores
                    .into_iter()
                    .flatten()
                    .map(|(kind, root)| own_store(kind, root))
                    .collect::<Result<_, _>>()?;
                (own_statement(&stores), stores, Some(leaf.clone()))
            }
            (_, Some([]) | None) => {
                return Err(Report::usage(
                    "`--if-missing` does not work with this plugin: which certificate it will sign \
                     with is not known before",
                    Some(
                        "it works with AWS Signer, AWS KMS and a key in a file; leave it out, and sign \
                         what `countersign verify` refuses"
                            .to_owned(),
                    ),
                ));
            }
        };
        Ok(Self {
            judges: context.judges(TrustStores::in_memory(stores)),
            statement,
            leaf,
            format: options.terms.format,
            user_metadata: options.user_metadata.clone(),
            until,
            now: context.now,
        })
    }

    /// Resolves what `repository` was opened with, and looks whether the signature is there.
    ///
    /// The artifact comes back with an error about its signatures too.
    pub(super) async fn look(
        &self,
        repository: &Repository,
    ) -> Result<(Target, Result<Option<Found>, Error>), sign::Error> {
        let (target, listing) =
            repository
                .resolve_and_list()
                .await
                .map_err(|source| sign::Error::Resolve {
                    reference: repository.reference(),
                    source,
                })?;
        let search = Search::new(self, repository, &target);
        // On the heap: it is large, and there are several under way at once.
        let found = Box::pin(search.run(listing)).await;
        Ok((target, found))
    }

    /// Whether a signature good until `expiry` would soon be made again.
    pub(super) fn is_too_short(&self, expiry: Option<OffsetDateTime>) -> bool {
        expiry.is_some_and(|expiry| expiry < self.until)
    }

    /// Whether an accepted signature is the one that would be made.
    ///
    /// The end of the certificates does not count: AWS Signer vouches for the time of its signatures,
    /// and a new signature by the same certificate would end at the same time.
    fn counts(&self, format: EnvelopeFormat, outcome: &SignatureOutcome) -> bool {
        let metadata: BTreeMap<String, String> = outcome.user_metadata.iter().cloned().collect();
        let expiry = outcome
            .signer_info
            .as_ref()
            .and_then(|info| info.signed_attributes.expiry);
        format == self.format && metadata == self.user_metadata && !self.is_too_short(expiry)
    }

    /// Whether the envelope says that somebody else's certificate signed it. Nobody need be asked
    /// about it then.
    fn is_anothers(&self, signature: &Signature) -> bool {
        let Some(leaf) = &self.leaf else {
            return false;
        };
        UnverifiedEnvelope::parse(signature.format, &signature.envelope)
            .is_ok_and(|envelope| envelope.signer_info().certificate_chain.first() != Some(leaf))
    }
}

fn own_store(kind: StoreType, root: &Certificate) -> Result<NamedStore, Report> {
    let name = StoreName::new(kind, "own")
        .map_err(|error| Report::failed(Exit::Usage, &error.to_string()))?;
    let trusted = TrustedCertificate {
        certificate: root.clone(),
        file: "the command line".into(),
    };
    Ok(NamedStore {
        name,
        certificates: vec![trusted],
    })
}

/// A policy of whoever has a certificate of these stores; which one is compared here.
fn own_statement(stores: &[NamedStore]) -> Statement {
    Statement {
        name: "if-missing".to_owned(),
        registry_scopes: Vec::new(),
        blob_use: BlobUse::ByName,
        level: VerificationLevel::new(Level::Strict, BTreeMap::new()),
        trust_stores: stores.iter().map(|store| store.name.clone()).collect(),
        trusted_identities: vec![TrustedIdentity::Any],
        verify_timestamp: VerifyTimestamp::Always,
        unsigned_revocation_statements: Vec::new(),
    }
}

/// One search on its way.
struct Search<'a> {
    wanted: &'a IfMissing,
    repository: &'a Repository,
    target: &'a Target,
    tried: Vec<Digest>,
    /// The first thing that could not be looked at.
    unknown: Option<Error>,
}

impl<'a> Search<'a> {
    fn new(wanted: &'a IfMissing, repository: &'a Repository, target: &'a Target) -> Self {
        Self {
            wanted,
            repository,
            target,
            tried: Vec::new(),
            unknown: None,
        }
    }

    async fn run(
        mut self,
        listing: Result<registry::Listing, registry::Error>,
    ) -> Result<Option<Found>, Error> {
        let reference = &self.target.reference;
        let list = |source| Error::List {
            reference: reference.clone(),
            source,
        };
        let listing = listing.map_err(list)?;
        let is_whole = listing.has_read_tag_schema();
        if let Some(found) = self.try_signatures(listing.signatures).await {
            return Ok(Some(found));
        }
        if let Some(source) = listing.incomplete {
            self.unknown.get_or_insert(list(source));
        }
        // As in a verification: old clients wrote only the tag schema.
        if !is_whole && self.unknown.is_none() {
            let digest = self.target.descriptor.digest();
            match self.repository.list_by_tag_schema(digest).await {
                Ok(tagged) => {
                    if let Some(found) = self.try_signatures(tagged).await {
                        return Ok(Some(found));
                    }
                }
                Err(source) => self.unknown = Some(list(source)),
            }
        }
        self.unknown.map_or(Ok(None), Err)
    }

    async fn try_signatures(&mut self, signatures: Vec<Descriptor>) -> Option<Found> {
        for signature in signatures {
            if self.tried.contains(signature.digest()) {
                continue;
            }
            if self.tried.len() >= MAX_SIGNATURES {
                let reference = self.target.reference.clone();
                self.unknown.get_or_insert(Error::TooMany { reference });
                return None;
            }
            self.tried.push(signature.digest().clone());
            match self.try_signature(&signature).await {
                Ok(Some(found)) => return Some(found),
                Ok(None) => {}
                Err(failure) => {
                    self.unknown.get_or_insert(Error::Judge {
                        reference: self.target.reference.clone(),
                        manifest: signature.digest().clone(),
                        source: Box::new(failure),
                    });
                }
            }
        }
        None
    }

    /// The signature if it counts, nothing if it does not, a failure if that is not known.
    async fn try_signature(&self, manifest: &Descriptor) -> Result<Option<Found>, Failure> {
        let target = &self.target.descriptor;
        let fetched = self.repository.fetch_signature(target.digest(), manifest);
        let fetched = match fetched.await {
            Ok(fetched) => fetched,
            Err(source) => {
                let manifest = manifest.digest().clone();
                return unless_refused(Failure::Fetch { manifest, source });
            }
        };
        if self.wanted.is_anothers(&fetched) {
            return Ok(None);
        }
        let signature = FetchedSignature {
            manifest_digest: manifest.digest(),
            format: fetched.format,
            envelope: &fetched.envelope,
        };
        let IfMissing {
            judges,
            statement,
            user_metadata,
            now,
            ..
        } = self.wanted;
        let judged = judges.judge(signature, target, statement, user_metadata, *now);
        let info = match accepted(judged.await) {
            Ok(outcome) if self.wanted.counts(fetched.format, &outcome) => outcome.signer_info,
            Ok(_) => None,
            Err(failure) => return unless_refused(failure),
        };
        Ok(info.map(|info| Found {
            manifest: manifest.digest().clone(),
            signature: super::outcome::Signature::new(fetched.format, info),
        }))
    }
}

/// The outcome of a signature that is accepted, or why it is not.
fn accepted(mut outcome: SignatureOutcome) -> Result<SignatureOutcome, Failure> {
    if let Some(failure) = outcome.failure.take() {
        return Err(failure);
    }
    let validations = outcome.validations.iter_mut();
    let refusal = validations
        .filter(|validation| validation.action == Action::Enforce)
        .find_map(|validation| validation.failure.take());
    refusal.map_or(Ok(outcome), Err)
}

/// What was looked at and refused is not there; all else is not known.
fn unless_refused(failure: Failure) -> Result<Option<Found>, Failure> {
    match failure.class() {
        FailureClass::Rejected => Ok(None),
        FailureClass::Inconclusive => Err(failure),
    }
}
