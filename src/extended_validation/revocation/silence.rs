//! Who does not answer: not every question waits for the same silence again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::question::{Place, Question};
use crate::aws::{CallError, CallErrorKind};
use crate::limits::{AWS_SILENCE, UNANSWERED_HOLD};

/// Places where questions were lost. Once [`AWS_SILENCE`] was spent in vain, nothing more is asked there
/// for [`UNANSWERED_HOLD`]: signatures are judged one after another, and each would have its whole time.
#[derive(Debug, Default)]
pub(super) struct Silence(Mutex<HashMap<Place, Lost>>);

/// What was lost since the last answer.
#[derive(Debug)]
struct Lost {
    time: Duration,
    /// When the last question was lost, and why.
    at: Instant,
    error: CallError,
}

impl Silence {
    /// Why `question` need not be asked, if its place is silent.
    pub(super) fn about(&self, question: &Question) -> Option<CallError> {
        let places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = places.get(&question.place)?;
        let is_silent = lost.time >= AWS_SILENCE && lost.at.elapsed() < UNANSWERED_HOLD;
        is_silent.then(|| lost.error.also_for(question.call()))
    }

    /// Takes note of what came of `question`, which took so long. A refusal is an answer.
    pub(super) fn note(&self, question: &Question, took: Duration, error: Option<&CallError>) {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            Some(error) if error.code().is_none() => {
                let is_silence = matches!(
                    error.kind(),
                    CallErrorKind::TimedOut | CallErrorKind::Unreachable
                );
                if is_silence {
                    let before = places.get(&question.place).map(|lost| lost.time);
                    let lost = Lost {
                        time: before.unwrap_or_default().saturating_add(took),
                        at: Instant::now(),
                        error: error.clone(),
                    };
                    places.insert(question.place.clone(), lost);
                }
            }
            _ => {
                places.remove(&question.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::super::question::tests::question;
    use super::*;

    const TICK: Duration = Duration::from_millis(1);

    fn other_job() -> Question {
        let mut other = question();
        other.subject.job_arn = "other".to_owned();
        other
    }

    fn timed_out() -> CallError {
        CallError::timed_out(question().call(), Duration::from_secs(30))
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_does_not_answer_is_left_alone_for_a_while() {
        let silence = Silence::default();
        let lose = |time| silence.note(&question(), time, Some(&timed_out()));
        lose(AWS_SILENCE.checked_sub(TICK).unwrap());
        assert!(silence.about(&other_job()).is_none());
        lose(TICK);
        advance(UNANSWERED_HOLD.checked_sub(TICK).unwrap()).await;
        let error = silence.about(&other_job()).unwrap();
        assert_eq!(error.kind(), CallErrorKind::TimedOut);
        assert_eq!(
            error.to_string(),
            "AWS did not answer in time to `signer:GetRevocationStatus` on `other` in region \
             `us-west-2`: not asked, because another question had no answer: not within 30 seconds"
        );
        for change in [
            |place: &mut Place| place.region.push('x'),
            |place: &mut Place| place.endpoint_url = Some("http://127.0.0.1:1/".to_owned()),
        ] {
            let mut elsewhere = other_job();
            change(&mut elsewhere.place);
            assert!(silence.about(&elsewhere).is_none(), "{elsewhere:?}");
        }
        advance(TICK).await;
        assert!(silence.about(&other_job()).is_none());
        // Nothing has changed since: that one more was lost says enough.
        lose(TICK);
        assert!(silence.about(&other_job()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_ends_the_silence_and_a_refusal_is_one() {
        use CallErrorKind::{Denied, NotSent, Throttled, TimedOut, Unreachable};

        let silence = Silence::default();
        let code = Some("DependencyTimeoutException");
        let answers = [
            None,
            Some(CallError::of_kind(TimedOut, code)),
            Some(CallError::of_kind(Denied, Some("AccessDeniedException"))),
            Some(CallError::of_kind(
                Throttled,
                Some("TooManyRequestsException"),
            )),
        ];
        for answer in &answers {
            let lost = CallError::of_kind(Unreachable, None);
            silence.note(&question(), AWS_SILENCE, Some(&lost));
            assert!(silence.about(&question()).is_some());
            silence.note(&question(), AWS_SILENCE, answer.as_ref());
            assert!(silence.about(&question()).is_none(), "{answer:?}");
        }
        // That nothing could be sent says nothing about the place.
        let not_sent = CallError::of_kind(NotSent, None);
        silence.note(&question(), AWS_SILENCE, Some(&not_sent));
        assert!(silence.about(&question()).is_none());
    }
}
