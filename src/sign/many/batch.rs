//! The steps of one reference, and what holds for all of them.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::Stream;
use time::OffsetDateTime;

use super::claims::{ClaimResult, Claims};
use super::error::Error;
use super::if_missing::{ExistingSignature, IfMissing, IfMissingError, Presence, Refusals};
use super::outcome::{End, Note, Outcome};
use super::signature::SignatureInfo;
use crate::allowance::{self, Allowed};
use crate::limits::MAX_CONCURRENT_SIGNINGS;
use crate::many::{self, Many, NotTried, Stop, Work};
use crate::reference::ArtifactReference;
use crate::registry::{self, Repository, Target};
use crate::sign::{self, Options, UnstoredSignature};
use crate::signer::aws_signer;
use crate::signer::{self, Signer};

/// A reference to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GivenReference {
    /// As it was given: what errors call it.
    pub text: String,
    /// What it names.
    pub reference: ArtifactReference,
}

impl GivenReference {
    /// The reference that was given as `text`.
    pub const fn new(text: String, reference: ArtifactReference) -> Self {
        Self { text, reference }
    }
}

impl From<ArtifactReference> for GivenReference {
    fn from(reference: ArtifactReference) -> Self {
        Self::new(reference.to_string(), reference)
    }
}

/// How all references are signed that are signed together.
#[derive(Debug)]
pub struct Batch<'a> {
    signer: &'a Signer,
    registry: registry::Client,
    options: Options,
    if_missing: Option<IfMissing>,
    /// What each reference may use.
    allowed: Allowed,
}

/// The signing of the references of a [`Batch`].
#[derive(Debug, Clone)]
pub struct Signing<'a> {
    batch: &'a Batch<'a>,
    claims: Arc<Claims>,
    stop: Stop,
}

/// What a reference stands for.
struct Resolved {
    repository: Repository,
    target: Target,
    /// Whether the signature is there, if that was asked.
    found: Option<Result<Presence, IfMissingError>>,
}

impl Work for Signing<'_> {
    type Item = GivenReference;
    type Outcome = Outcome;

    const MOST_OF_ONE_LANE: usize = MAX_CONCURRENT_SIGNINGS;

    fn lane(&self, given: &GivenReference) -> String {
        given.reference.lane()
    }

    async fn run(self, index: usize, given: GivenReference) -> Outcome {
        self.sign_one(index, given).await
    }

    fn not_tried(&self, given: GivenReference, reason: NotTried) -> Outcome {
        let GivenReference { text, reference } = given;
        Outcome {
            text,
            reference,
            target: None,
            end: End::NotTried(reason),
        }
    }

    fn is_failure(outcome: &Outcome) -> bool {
        matches!(outcome.end, End::Failed { .. })
    }
}

impl<'a> Batch<'a> {
    /// References signed by `signer`, in these registries, with these options.
    #[doc(hidden)]
    pub fn new(signer: &'a Signer, registry: registry::Client, options: Options) -> Self {
        Self {
            signer,
            registry,
            options,
            if_missing: None,
            allowed: Allowed::default(),
        }
    }

    /// The same, where nothing is signed that has a signature which counts.
    #[must_use]
    pub fn if_missing(self, if_missing: Option<IfMissing>) -> Self {
        Self { if_missing, ..self }
    }

    /// The same, where each reference may use this much.
    #[must_use]
    pub fn allowing(self, allowed: Allowed) -> Self {
        Self { allowed, ..self }
    }

    /// Signs each of `references` once, within the time of the whole that is allowed.
    ///
    /// What was signed for one reference is not signed again for another of the same artifact, so that memory grows
    /// with the number of artifacts, by some hundred bytes each.
    pub fn sign(
        &'a self,
        references: impl Stream<Item = GivenReference> + Send + 'a,
        options: many::Options,
    ) -> Many<'a, Signing<'a>> {
        let signing = Signing {
            batch: self,
            claims: Arc::default(),
            stop: options.stop.clone(),
        };
        let options = options.within(self.allowed.whole.clone());
        Many::new(signing, references, options)
    }
}

impl Signing<'_> {
    /// Signs one of the references.
    async fn sign_one(&self, index: usize, given: GivenReference) -> Outcome {
        let mut target = None;
        let end = self.begin(index, &given, &mut target).await;
        match &end {
            End::Signed { .. } | End::AlreadySigned { .. } | End::SameAs { .. } => {
                self.claims.done(index);
            }
            // It is there, and another one would be as hard to find.
            end if end.is_not_listed() => self.claims.done(index),
            // A waiting reference looks only after this one has ended, and then finds the stop that follows from it.
            End::Failed { .. } | End::NotTried(_) => self.claims.give_up(index),
        }
        let GivenReference { text, reference } = given;
        Outcome {
            text,
            reference,
            target,
            end,
        }
    }

    /// All steps of a reference. `shown` gets what it stands for.
    async fn begin(&self, index: usize, given: &GivenReference, shown: &mut Option<Target>) -> End {
        let allowance = self.batch.allowed.begin();
        let end = allowance
            .lend(Box::pin(self.run(index, given, shown)))
            .await;
        end.unwrap_or_else(|end| *end)
    }

    async fn run(
        &self,
        index: usize,
        given: &GivenReference,
        shown: &mut Option<Target>,
    ) -> Result<End, Box<End>> {
        self.claim(index, given, given.reference.to_string())
            .await?;
        let resolved = self
            .unless_interrupted(given, Box::pin(self.resolve(given)))
            .await?;
        let Resolved {
            repository,
            target,
            found,
        } = resolved;
        *shown = Some(target.clone());
        let claimed = self.claim(index, given, target.reference.to_string()).await;
        if let Err(end) = claimed {
            self.check_not_moved(given, &repository, &target, &end)
                .await?;
            return Err(end);
        }
        let found = found.transpose();
        let refusals = match found.map_err(|error| failed(Error::IfMissing(error)))? {
            Some(Presence::There(found)) => {
                let ExistingSignature {
                    manifest,
                    signature,
                } = *found;
                let reference = target.reference.with_digest(&manifest);
                return Ok(End::AlreadySigned {
                    reference,
                    signature,
                });
            }
            Some(Presence::Missing { refusals }) => refusals,
            None => None,
        };
        // Looking has left nothing behind.
        if let Some(reason) = self.stop.reason() {
            return Ok(End::NotTried(reason));
        }
        // On the heap: it is large, and there are several under way at once.
        let making = Box::pin(async {
            let made = sign::make(target, self.batch.signer, &self.batch.options).await;
            made.map_err(Error::Sign)
        });
        let made = self.unless_interrupted(given, making).await?;
        Ok(self.store(given, &repository, made, refusals).await)
    }

    /// Does what leaves nothing behind, until an interrupt or until its time is over.
    async fn unless_interrupted<T>(
        &self,
        given: &GivenReference,
        work: Pin<Box<impl Future<Output = Result<T, Error>>>>,
    ) -> Result<T, Box<End>> {
        let done = tokio::select! {
            biased;
            done = allowance::in_time(work) => done.unwrap_or_else(|source| {
                Err(Error::Unfinished { asked: given.text.clone(), source })
            }),
            () = self.stop.interrupted() => Err(Error::Interrupted { asked: given.text.clone() }),
        };
        done.map_err(|error| match error {
            Error::Sign(error) if is_not_asked(&error) => {
                let reason = self.stop.reason().unwrap_or(NotTried::AfterFailure);
                Box::new(End::NotTried(reason))
            }
            error => failed(error),
        })
    }

    async fn resolve(&self, given: &GivenReference) -> Result<Resolved, Error> {
        let repository = sign::open(&given.reference, &self.batch.registry).map_err(Error::Sign)?;
        let (target, found) = match &self.batch.if_missing {
            Some(if_missing) => {
                let (target, found) = if_missing.look(&repository).await.map_err(Error::Sign)?;
                (target, Some(found))
            }
            None => (sign::resolve(&repository).await.map_err(Error::Sign)?, None),
        };
        Ok(Resolved {
            repository,
            target,
            found,
        })
    }

    /// Stores a signature. What has begun to be pushed is not left half done, while there is time.
    async fn store(
        &self,
        given: &GivenReference,
        repository: &Repository,
        made: UnstoredSignature,
        refusals: Option<Box<Refusals>>,
    ) -> End {
        let stored = tokio::select! {
            biased;
            stored = allowance::in_time(Box::pin(sign::store(repository, &made, self.batch.options.storage))) => {
                match stored {
                    Ok(stored) => stored.map_err(Error::Sign),
                    Err(source) => {
                        Err(Error::UnfinishedPush { asked: given.text.clone(), source })
                    }
                }
            }
            () = self.stop.given_up() => Err(Error::InterruptedPush { asked: given.text.clone() }),
        };
        let notes = self.notes(&made);
        let signature = SignatureInfo::new(made.signer.envelope.format(), made.info().clone());
        match stored {
            Ok(stored) => End::Signed {
                reference: stored.signature,
                signature,
                warnings: stored.warnings,
                notes,
                refusals,
            },
            Err(error) => End::Failed {
                error: Box::new(error),
                signature: Some(signature),
            },
        }
    }

    /// Takes `what` upon this reference. Where another one has, its end is waited for: what it has
    /// signed is not signed again, and what it has not is this one's, unless it is too late to begin.
    async fn claim(
        &self,
        index: usize,
        given: &GivenReference,
        what: String,
    ) -> Result<(), Box<End>> {
        let mut has_waited = false;
        loop {
            match self.claims.claim(what.clone(), index, &given.text) {
                ClaimResult::Own => {
                    return match self.stop.reason() {
                        Some(reason) if has_waited => Err(Box::new(End::NotTried(reason))),
                        _ => Ok(()),
                    };
                }
                ClaimResult::Done { by: other } => return Err(Box::new(End::SameAs { other })),
                ClaimResult::Wait(wait) => wait.end().await,
            }
            has_waited = true;
        }
    }

    /// A tag may have moved while the signature of its artifact was made for another reference.
    async fn check_not_moved(
        &self,
        given: &GivenReference,
        repository: &Repository,
        target: &Target,
        end: &End,
    ) -> Result<(), Box<End>> {
        let End::SameAs { other } = end else {
            return Ok(());
        };
        if given.reference.digest().is_some() {
            return Ok(());
        }
        let resolving = Box::pin(async { sign::resolve(repository).await.map_err(Error::Sign) });
        let now = self.unless_interrupted(given, resolving).await?;
        let (signed, found) = (target.descriptor.digest(), now.descriptor.digest());
        if signed == found {
            return Ok(());
        }
        Err(failed(Error::OtherMoved {
            asked: given.text.clone(),
            other: other.clone(),
            signed: signed.clone(),
            found: found.clone(),
        }))
    }

    fn notes(&self, made: &UnstoredSignature) -> Vec<Note> {
        let of_signer = made.signer.warning.clone().map(Note::OfSigner);
        let expiry = made.info().signed_attributes.expiry;
        let is_too_short = |expiry: &OffsetDateTime| {
            let if_missing = self.batch.if_missing.as_ref();
            if_missing.is_some_and(|if_missing| if_missing.is_too_short(Some(*expiry)))
        };
        let too_soon = expiry.filter(is_too_short).map(Note::ExpiresTooSoon);
        of_signer.into_iter().chain(too_soon).collect()
    }
}

fn failed(error: Error) -> Box<End> {
    Box::new(End::Failed {
        error: Box::new(error),
        signature: None,
    })
}

/// Whether signing ended before the signer was asked for anything.
fn is_not_asked(error: &sign::Error) -> bool {
    matches!(
        error,
        sign::Error::Signer {
            source: signer::Error::AwsSigner(aws_signer::Error::NotAsked),
            ..
        }
    )
}
