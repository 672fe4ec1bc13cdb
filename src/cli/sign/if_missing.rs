//! `sign --if-missing`: whether the signature that would be made is there already.
//!
//! A signature counts if `verify` would accept it from this very signer, revocation included, and it
//! has the same format and user metadata, and is good for long enough. One that was looked at and
//! refused is not there; what could not be looked at is an error, since neither is known then.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use time::OffsetDateTime;

use crate::causes;
use crate::cli::context::{Context, roots_of};
use crate::cli::output::{CommandOutput, Exit};
use crate::config::StoreName;
use crate::envelope::UnverifiedEnvelope;
use crate::limits::MAX_SIGNATURES;
use crate::notary::{EnvelopeFormat, StoreType};
use crate::oci::Digest;
use crate::outcome::{Failure, FailureClass, SignatureOutcome, Standing};
use crate::reference::ArtifactReference;
use crate::registry::{self, Repository, Signature, Source, Storage, Target};
use crate::sign;
use crate::signer::Signer;
use crate::trust_policy::{
    BlobUse, Level, Statement, TrustPolicies, TrustedIdentity, VerificationLevel, VerifyTimestamp,
};
use crate::trust_store::{NamedStore, TrustedCertificate};
use crate::verify::{self, Criteria, RejectedArtifact, Search, Setup, Unseen, Verifier};
use crate::x509::Certificate;

/// What counts as the signature that would be made.
#[derive(Debug)]
pub(super) struct IfMissing {
    verifier: Verifier,
    statement: Statement,
    /// The signer's certificate; nothing where the statement names a signing profile.
    leaf: Option<Certificate>,
    format: EnvelopeFormat,
    options: verify::Options,
    /// Whether the signature is to be listed by the referrers API or not at all.
    only_referrers_api: bool,
    /// Until when it must be good.
    until: OffsetDateTime,
    now: OffsetDateTime,
}

/// A signature that counts.
#[derive(Debug)]
pub(super) struct ExistingSignature {
    pub(super) manifest: Digest,
    pub(super) signature: super::signature::Signature,
}

/// What was found where everything could be looked at.
#[derive(Debug)]
pub(super) enum Presence {
    /// The signature is there.
    There(Box<ExistingSignature>),
    /// It is not.
    Missing {
        /// Why those that are there do not count, in a sentence, if any was refused.
        refused: Option<String>,
    },
}

/// Why it is not known whether the signature is there.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(
        "the signatures of `{reference}` could not be listed; cannot tell whether a signature is missing"
    )]
    List {
        reference: ArtifactReference,
        #[source]
        source: registry::Error,
    },
    #[error(
        "the signature `{manifest}` of `{reference}` could not be judged; cannot tell whether a signature is missing"
    )]
    Judge {
        reference: ArtifactReference,
        manifest: Digest,
        #[source]
        source: Box<Failure>,
    },
    #[error("cannot tell whether a signature is missing")]
    Find {
        #[source]
        source: Box<verify::Error>,
    },
    #[error(
        "`{reference}` has more than {MAX_SIGNATURES} signatures, and none of the first ones counts; cannot tell whether a signature is missing"
    )]
    TooMany { reference: ArtifactReference },
    #[error(
        "the registry of `{reference}` has no referrers API and `--force-referrers-tag=false` forbids the tag, so that the next run would not find the signature"
    )]
    NeverListed { reference: ArtifactReference },
}

impl Error {
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::List { source, .. } => source.hint(),
            Self::Judge { source, .. } => source.hint(),
            Self::Find { source } => source.hint(),
            Self::NeverListed { .. } => {
                Some("omit `--force-referrers-tag=false`, or `--if-missing`".to_owned())
            }
            Self::TooMany { .. } => Some(
                "remove signatures that no policy trusts, or sign without `--if-missing`"
                    .to_owned(),
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
    ) -> Result<Self, CommandOutput> {
        let remaining = remaining.try_into().unwrap_or(time::Duration::MAX);
        let until = context.environment.now().saturating_add(remaining);
        let (statement, stores, leaf) = match (signer, signer.certificate_chain()) {
            (Signer::AwsSigner(by), _) => {
                let profile = std::slice::from_ref(&by.profile);
                let stores = roots_of(profile, trust_anchor, context.pipes)?;
                let names = stores.iter().map(|store| store.name.clone()).collect();
                let policies = TrustPolicies::of_signing_profiles(profile, names);
                let statement = policies.statements().first().cloned();
                let statement =
                    statement.ok_or_else(|| CommandOutput::usage("no signing profile", None))?;
                (statement, stores, None)
            }
            (_, Some([leaf, ..])) if trust_anchor.is_some() => {
                return Err(CommandOutput::usage(
                    &format!(
                        "`--trust-anchor` replaces AWS Signer's roots, but `{}` signs",
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
                return Err(CommandOutput::usage(
                    "`--if-missing` does not work with this plugin: its signing certificate is not known in \
                     advance",
                    Some(
                        "it works with AWS Signer, AWS KMS and a key in a file; leave it out, and sign \
                         what `countersign verify` refuses"
                            .to_owned(),
                    ),
                ));
            }
        };
        let setup = Setup::of_statement(statement.clone(), stores);
        Ok(Self {
            verifier: context.connect(setup)?,
            statement,
            leaf,
            format: options.terms.format,
            options: verify::Options {
                user_metadata: options.user_metadata.clone(),
                ..verify::Options::default()
            },
            only_referrers_api: options.storage == Storage::OnlyReferrersApi,
            until,
            now: context.environment.now(),
        })
    }

    /// Resolves what `repository` was opened with, and looks whether the signature is there.
    ///
    /// The artifact comes back with an error about its signatures too.
    pub(super) async fn look(
        &self,
        repository: &Repository,
    ) -> Result<(Target, Result<Presence, Error>), sign::Error> {
        let (target, listing) =
            repository
                .resolve_and_list()
                .await
                .map_err(|source| sign::Error::Resolve {
                    reference: repository.reference(),
                    source,
                })?;
        let has_api = !matches!(&listing, Ok(listing) if listing.source == Source::TagSchema);
        let search = Search {
            repository,
            target: &target,
            statement: &self.statement,
            options: &self.options,
            criteria: self,
            now: self.now,
        };
        // On the heap: it is large, and there are several under way at once.
        let found = Box::pin(self.verifier.find(search, listing)).await;
        let looked = match found.map_or_else(unless_refused, |it| Ok(told(it.accepted))) {
            // Every run would add a signature that the next one cannot find.
            Ok(Presence::Missing { .. }) if self.only_referrers_api && !has_api => {
                Err(Error::NeverListed {
                    reference: target.reference.clone(),
                })
            }
            looked => looked,
        };
        Ok((target, looked))
    }

    /// Whether a signature good until `expiry` would soon be made again.
    pub(super) fn is_too_short(&self, expiry: Option<OffsetDateTime>) -> bool {
        expiry.is_some_and(|expiry| expiry < self.until)
    }
}

impl Criteria for IfMissing {
    /// Not where the envelope says that somebody else's certificate signed it.
    fn may_be(&self, signature: &Signature) -> bool {
        let Some(leaf) = &self.leaf else {
            return true;
        };
        UnverifiedEnvelope::parse(signature.format, &signature.envelope).map_or(true, |envelope| {
            envelope.signer_info().certificate_chain.first() == Some(leaf)
        })
    }

    /// The end of the certificates does not count: AWS Signer vouches for the time of its signatures,
    /// and a new signature by the same certificate would end at the same time.
    fn is(&self, accepted: &SignatureOutcome) -> bool {
        let metadata: BTreeMap<String, String> = accepted.user_metadata.iter().cloned().collect();
        let info = accepted.signer_info.as_ref();
        let expiry = info.and_then(|info| info.signed_attributes.expiry);
        // What is only tolerated is not signed: the signature would be missed where it is enforced.
        accepted.standing() == Standing::Verified
            && accepted.format == Some(self.format)
            && metadata == self.options.user_metadata
            && !self.is_too_short(expiry)
    }
}

/// What is told of the signature that was found.
fn told(accepted: SignatureOutcome) -> Presence {
    let (Some(format), Some(info)) = (accepted.format, accepted.signer_info) else {
        // What was accepted has both.
        return Presence::Missing { refused: None };
    };
    Presence::There(Box::new(ExistingSignature {
        manifest: accepted.manifest_digest,
        signature: super::signature::Signature::new(format, info),
    }))
}

/// Why signatures do not count, the one first that came furthest. Where this is said on every run,
/// every run signs again.
fn why_not(outcomes: &[SignatureOutcome]) -> Option<String> {
    let failure = outcomes.first()?.refusal()?;
    let mut reason = failure.to_string();
    for cause in causes::of(failure) {
        if !reason.contains(&cause) {
            let _ = write!(reason, ": {cause}");
        }
    }
    Some(match outcomes.len() {
        1 => format!("a signature there did not count: {reason}"),
        several => format!("{several} signatures there did not count, the best of them: {reason}"),
    })
}

/// What was looked at and refused is not there; all else is not known.
fn unless_refused(error: verify::Error) -> Result<Presence, Error> {
    match error {
        verify::Error::NoSignature { .. } => Ok(Presence::Missing { refused: None }),
        verify::Error::Rejected(refused) | verify::Error::Inconclusive(refused) => {
            let RejectedArtifact {
                reference,
                outcomes,
                unseen,
                ..
            } = *refused;
            let why_not = why_not(&outcomes);
            let unknown = outcomes.into_iter().find_map(|outcome| {
                let manifest = outcome.manifest_digest.clone();
                let failure = outcome.into_refusal()?;
                (failure.class() == FailureClass::Inconclusive).then_some((manifest, failure))
            });
            match (unknown, unseen) {
                (Some((manifest, failure)), _) => Err(Error::Judge {
                    reference,
                    manifest,
                    source: Box::new(failure),
                }),
                (None, Some(Unseen::Listing(source))) => Err(Error::List { reference, source }),
                // Nothing is signed in a directory for verifications without a network.
                (None, Some(Unseen::Limit(_) | Unseen::Record(_))) => {
                    Err(Error::TooMany { reference })
                }
                (None, Some(Unseen::Exhausted { source, .. })) => Err(Error::Find {
                    source: Box::new(verify::Error::Unfinished { reference, source }),
                }),
                (None, None) => Ok(Presence::Missing { refused: why_not }),
            }
        }
        verify::Error::List { reference, source } => Err(Error::List { reference, source }),
        source => Err(Error::Find {
            source: Box::new(source),
        }),
    }
}

fn own_store(kind: StoreType, root: &Certificate) -> Result<NamedStore, CommandOutput> {
    let name = StoreName::new(kind, "own")
        .map_err(|error| CommandOutput::failed(Exit::Usage, &error.to_string()))?;
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
        file: None,
        registry_scopes: Vec::new(),
        blob_use: BlobUse::ByName,
        level: VerificationLevel::new(Level::Strict, BTreeMap::new()),
        trust_stores: stores.iter().map(|store| store.name.clone()).collect(),
        trusted_identities: vec![TrustedIdentity::Any],
        verify_timestamp: VerifyTimestamp::Always,
        unsigned_revocation_statements: Vec::new(),
    }
}
