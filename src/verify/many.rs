//! Many artifacts at once: verified, or stored for verifications without a network.
//!
//! Input: a [`Verifier`] and references. Output: a [`Many`], or all verifications of a list in its order.

use futures_util::{Stream, stream};

use super::{
    Error, GatheredArtifact, ImageFinding, IndexVerification, OfflineDirectory, Options,
    Verification, Verifier,
};
use crate::limits::MAX_CONCURRENT_VERIFICATIONS;
use crate::many::{self, Many, NotTried, Stop, Work};
use crate::outcome::SignatureOutcome;
use crate::reference::ArtifactReference;
use crate::registry::SharedAnswers;
use crate::trust_policy::StatementName;

/// What became of one of many artifacts.
#[derive(Debug)]
#[non_exhaustive]
pub struct ArtifactVerification {
    /// The artifact, as it was asked for.
    pub reference: ArtifactReference,
    /// The statement of the trust policy that judged it, or would have.
    pub statement: Option<StatementName>,
    /// What was found; [`Error::Stopped`] if it was not verified because of the others or of an interrupt.
    pub found: Result<Verification, Error>,
}

impl ArtifactVerification {
    /// Every signature that was looked at.
    pub fn signatures(&self) -> Vec<&SignatureOutcome> {
        signatures(&self.found)
    }
}

fn signatures(found: &Result<Verification, Error>) -> Vec<&SignatureOutcome> {
    match found {
        Ok(found) => accepted_signatures(found),
        Err(Error::Rejected(refused) | Error::Inconclusive(refused)) => {
            refused.outcomes.iter().collect()
        }
        Err(Error::Images(images)) => of_images(images),
        Err(_) => Vec::new(),
    }
}

fn accepted_signatures(found: &Verification) -> Vec<&SignatureOutcome> {
    match found {
        Verification::Verified(accepted) | Verification::Tolerated(accepted) => {
            std::iter::once(&accepted.signature)
                .chain(&accepted.others)
                .collect()
        }
        Verification::Images(images) => of_images(images),
        Verification::Skipped { .. } => Vec::new(),
    }
}

fn of_images(images: &IndexVerification) -> Vec<&SignatureOutcome> {
    let covering = images.covering.as_deref().into_iter();
    let mut outcomes: Vec<_> = covering.flat_map(accepted_signatures).collect();
    for image in &images.images {
        if let ImageFinding::Own(found) = &image.finding {
            outcomes.extend(signatures(found));
        }
    }
    outcomes
}

/// The verification of many artifacts by one verifier.
#[derive(Debug, Clone)]
pub struct Verifications<'a> {
    verifier: &'a Verifier,
    options: &'a Options,
    stop: Stop,
    shared: SharedAnswers,
}

impl Work for Verifications<'_> {
    type Item = ArtifactReference;
    type Outcome = ArtifactVerification;

    const MOST_OF_ONE_LANE: usize = MAX_CONCURRENT_VERIFICATIONS;

    fn lane(&self, reference: &ArtifactReference) -> String {
        reference.lane()
    }

    async fn run(self, _index: usize, reference: ArtifactReference) -> ArtifactVerification {
        let verifying = self.verifier.verify_with(&reference, self.options);
        let verifying = self.shared.lend(verifying);
        let found = unless_interrupted(&self.stop, &reference, Box::pin(verifying)).await;
        self.ended(reference, found)
    }

    fn not_tried(&self, reference: ArtifactReference, reason: NotTried) -> ArtifactVerification {
        let error = self.verifier.stopped(&reference, self.options, reason);
        self.ended(reference, Err(error))
    }

    fn is_failure(outcome: &ArtifactVerification) -> bool {
        outcome.found.is_err()
    }

    fn weight(outcome: &ArtifactVerification) -> usize {
        outcome.signatures().len()
    }
}

impl Verifications<'_> {
    fn ended(
        &self,
        reference: ArtifactReference,
        found: Result<Verification, Error>,
    ) -> ArtifactVerification {
        let scope = &self.options.layout_scope;
        ArtifactVerification {
            statement: self.verifier.statement_of(&reference, scope),
            reference,
            found,
        }
    }
}

/// The gathering of many artifacts into one directory.
#[derive(Debug, Clone)]
pub struct Gathering<'a> {
    verifier: &'a Verifier,
    directory: &'a OfflineDirectory,
    options: &'a Options,
    stop: Stop,
}

impl Work for Gathering<'_> {
    type Item = ArtifactReference;
    type Outcome = Result<GatheredArtifact, Error>;

    const MOST_OF_ONE_LANE: usize = MAX_CONCURRENT_VERIFICATIONS;

    fn lane(&self, reference: &ArtifactReference) -> String {
        reference.lane()
    }

    async fn run(
        self,
        _index: usize,
        reference: ArtifactReference,
    ) -> Result<GatheredArtifact, Error> {
        let (directory, options) = (self.directory, self.options);
        let gathering = self.verifier.gather(&reference, directory, options);
        unless_interrupted(&self.stop, &reference, Box::pin(gathering)).await
    }

    fn not_tried(
        &self,
        reference: ArtifactReference,
        reason: NotTried,
    ) -> Result<GatheredArtifact, Error> {
        Err(self.verifier.stopped(&reference, self.options, reason))
    }

    fn is_failure(outcome: &Result<GatheredArtifact, Error>) -> bool {
        !matches!(outcome, Ok(gathered) if gathered.is_complete())
    }

    fn weight(outcome: &Result<GatheredArtifact, Error>) -> usize {
        outcome
            .as_ref()
            .map_or(1, |gathered| gathered.signatures.len())
    }
}

impl Verifier {
    /// Verifies all of these artifacts, several at the same time. The verifications are in the order of the
    /// references; a failure ends none of the others.
    pub async fn verify_all(
        &self,
        references: impl IntoIterator<Item = ArtifactReference, IntoIter: Send>,
        options: &Options,
    ) -> Vec<ArtifactVerification> {
        let references = stream::iter(references);
        self.verify_many(references, options, many::Options::default())
            .outcomes()
            .await
    }

    /// Verifies artifacts as they are named, each with these options and several at the same time; `many` says in
    /// which order the verifications come and what ends the rest.
    pub fn verify_many<'a>(
        &'a self,
        references: impl Stream<Item = ArtifactReference> + Send + 'a,
        options: &'a Options,
        many: many::Options,
    ) -> Many<'a, Verifications<'a>> {
        let work = Verifications {
            verifier: self,
            options,
            stop: many.stop.clone(),
            shared: SharedAnswers::default(),
        };
        Many::new(work, references, many.within(options.allowed.whole.clone()))
    }

    /// The same for [`Verifier::gather`].
    pub fn gather_many<'a>(
        &'a self,
        references: impl Stream<Item = ArtifactReference> + Send + 'a,
        directory: &'a OfflineDirectory,
        options: &'a Options,
        many: many::Options,
    ) -> Many<'a, Gathering<'a>> {
        let work = Gathering {
            verifier: self,
            directory,
            options,
            stop: many.stop.clone(),
        };
        Many::new(work, references, many.within(options.allowed.whole.clone()))
    }

    /// Why the artifact was not verified, where it was not tried. What the policy refuses without a request is
    /// still refused.
    pub(super) fn stopped(
        &self,
        reference: &ArtifactReference,
        options: &Options,
        reason: NotTried,
    ) -> Error {
        let reference = match self.open(reference, options) {
            Err(error) => return error,
            Ok(_) => reference.clone(),
        };
        match reason {
            NotTried::OutOfTime(source) => Error::NotTried { reference, source },
            NotTried::AfterFailure | NotTried::Interrupted => Error::Stopped { reference, reason },
        }
    }
}

/// Does `work` for the artifact `reference` until an interrupt.
async fn unless_interrupted<T>(
    stop: &Stop,
    reference: &ArtifactReference,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::select! {
        biased;
        found = work => found,
        () = stop.interrupted() => Err(Error::Stopped {
            reference: reference.clone(),
            reason: NotTried::Interrupted,
        }),
    }
}
