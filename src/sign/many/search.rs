//! The search for the signature that would be made.

use std::collections::BTreeMap;

use super::if_missing::{ExistingSignature, IfMissing, IfMissingError, Presence, Refusals};
use super::signature::SignatureInfo;
use crate::envelope::UnverifiedEnvelope;
use crate::outcome::{FailureClass, SignatureOutcome, Standing};
use crate::registry::{Repository, Signature, Source, Target};
use crate::sign;
use crate::verify::{self, Criteria, RejectedArtifact, Search, Unseen};

impl IfMissing {
    /// Resolves what `repository` was opened with, and looks whether the signature is there.
    ///
    /// The artifact comes back with an error about its signatures too.
    pub(super) async fn look(
        &self,
        repository: &Repository,
    ) -> Result<(Target, Result<Presence, IfMissingError>), sign::Error> {
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
            statement: &self.trust.statement,
            options: &self.options,
            criteria: self,
            now: self.now,
        };
        // On the heap: it is large, and there are several under way at once.
        let found = Box::pin(self.verifier.find(search, listing)).await;
        let looked = match found.map_or_else(unless_refused, |it| Ok(existing(it.accepted))) {
            // Every run would add a signature that the next one cannot find.
            Ok(Presence::Missing { .. }) if self.only_referrers_api && !has_api => {
                Err(IfMissingError::NeverListed {
                    reference: target.reference.clone(),
                })
            }
            looked => looked,
        };
        Ok((target, looked))
    }
}

impl Criteria for IfMissing {
    /// False if the envelope says that another certificate signed it.
    fn may_be(&self, signature: &Signature) -> bool {
        let Some(leaf) = &self.trust.leaf else {
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

/// What is known of the signature that was found.
fn existing(accepted: SignatureOutcome) -> Presence {
    let (Some(format), Some(info)) = (accepted.format, accepted.signer_info) else {
        // What was accepted has both.
        return Presence::Missing { refusals: None };
    };
    Presence::There(Box::new(ExistingSignature {
        manifest: accepted.manifest_digest,
        signature: SignatureInfo::new(format, info),
    }))
}

/// Why signatures do not count, the one first that came furthest. Where this is said on every run,
/// every run signs again.
fn refusals(outcomes: Vec<SignatureOutcome>) -> Option<Box<Refusals>> {
    let count = outcomes.len();
    let best = outcomes.into_iter().next()?.into_refusal()?;
    Some(Box::new(Refusals { count, best }))
}

/// What was looked at and refused is not there; all else is not known.
fn unless_refused(error: verify::Error) -> Result<Presence, IfMissingError> {
    match error {
        verify::Error::NoSignature { .. } => Ok(Presence::Missing { refusals: None }),
        verify::Error::Rejected(refused) | verify::Error::Inconclusive(refused) => {
            none_counts(*refused)
        }
        verify::Error::List { reference, source } => {
            Err(IfMissingError::List { reference, source })
        }
        source => Err(IfMissingError::Find {
            source: Box::new(source),
        }),
    }
}

/// What that means for the signature.
fn none_counts(refused: RejectedArtifact) -> Result<Presence, IfMissingError> {
    let RejectedArtifact {
        reference,
        mut outcomes,
        unseen,
        ..
    } = refused;
    let is_unknown = |outcome: &SignatureOutcome| {
        let class = outcome.refusal().map(crate::outcome::Failure::class);
        class == Some(FailureClass::Inconclusive)
    };
    if let Some(unknown) = outcomes.iter().position(is_unknown) {
        let outcome = outcomes.swap_remove(unknown);
        let manifest = outcome.manifest_digest.clone();
        if let Some(failure) = outcome.into_refusal() {
            return Err(IfMissingError::Judge {
                reference,
                manifest,
                source: Box::new(failure),
            });
        }
    }
    match unseen {
        None => Ok(Presence::Missing {
            refusals: refusals(outcomes),
        }),
        Some(Unseen::Listing(source)) => Err(IfMissingError::List { reference, source }),
        // Nothing is signed in a directory for verifications without a network.
        Some(Unseen::Limit(_) | Unseen::Record(_)) => Err(IfMissingError::TooMany { reference }),
        Some(Unseen::Exhausted { source, .. }) => Err(IfMissingError::Find {
            source: Box::new(verify::Error::Unfinished { reference, source }),
        }),
    }
}
