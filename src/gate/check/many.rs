//! Decisions about many references.

use futures_util::Stream;

use super::{Decision, Gate, Refusal, Ruling};
use crate::limits::MAX_CONCURRENT_VERIFICATIONS;
use crate::many::{self, Many, NotTried, Work};
use crate::reference::{ArtifactReference, Reference};
use crate::registry::SharedAnswers;
use crate::verify::{Error, Options};

/// The decisions of one gate about many references.
#[derive(Debug, Clone)]
pub struct Decisions<'a> {
    gate: &'a Gate,
    options: &'a Options,
    shared: SharedAnswers,
}

impl Work for Decisions<'_> {
    type Item = Reference;
    type Outcome = Decision;

    const MOST_OF_ONE_LANE: usize = MAX_CONCURRENT_VERIFICATIONS;

    fn lane(&self, reference: &Reference) -> String {
        ArtifactReference::from(reference.clone()).lane()
    }

    async fn run(self, _index: usize, reference: Reference) -> Decision {
        let deciding = self.gate.check(&reference, self.options);
        self.shared.lend(deciding).await
    }

    fn not_tried(&self, reference: Reference, reason: NotTried) -> Decision {
        let scheme = self.gate.verifier.scheme(&reference);
        let rule = match self.gate.rule(&reference, scheme) {
            Ok(rule) => rule,
            Err(answer) => return Decision::new(&reference, None, *answer),
        };
        let artifact = ArtifactReference::from(reference.clone());
        let answer = match reason {
            NotTried::OutOfTime(source) => {
                let source = Error::NotTried {
                    reference: artifact,
                    source,
                };
                Ruling::of(rule.on_failure, Err(Refusal::Artifact { source }))
            }
            // Who interrupts a gate opens it no way, whatever the rule only warns of.
            NotTried::AfterFailure | NotTried::Interrupted => {
                let source = Error::Stopped {
                    reference: artifact,
                    reason,
                };
                Ruling::Refused(Box::new(Refusal::Artifact { source }))
            }
        };
        Decision::new(&reference, Some(rule), answer)
    }

    fn is_failure(decision: &Decision) -> bool {
        matches!(decision.ruling, Ruling::Refused(_))
    }

    fn weight(decision: &Decision) -> usize {
        let images = decision.ruling.examination().map(|found| &found.images);
        images.map_or(1, |images| {
            images.iter().map(|image| image.signatures.len()).sum()
        })
    }
}

impl Gate {
    /// Decides about references as they are named, several at the same time, each as [`Gate::check`] does; `many` says
    /// in which order the decisions come and what ends the rest.
    pub fn check_many<'a>(
        &'a self,
        references: impl Stream<Item = Reference> + Send + 'a,
        options: &'a Options,
        many: many::Options,
    ) -> Many<'a, Decisions<'a>> {
        let work = Decisions {
            gate: self,
            options,
            shared: SharedAnswers::default(),
        };
        Many::new(work, references, many.within(options.allowed.whole.clone()))
    }
}
