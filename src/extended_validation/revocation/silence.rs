//! Who did not answer: not every question waits for the same silence again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use super::question::{Place, Question};
use crate::aws::{CallError, CallErrorKind};
use crate::limits::UNANSWERED_HOLD;

/// Places that did not answer a question at all, and the error of that question. For
/// [`UNANSWERED_HOLD`] nothing more is asked there: signatures are judged one after another, and each
/// would have its whole time.
#[derive(Debug, Default)]
pub(super) struct Silence(Mutex<HashMap<Place, (Instant, CallError)>>);

impl Silence {
    /// Why `question` need not be asked, if its place is silent.
    pub(super) fn about(&self, question: &Question) -> Option<CallError> {
        let silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, error) = silent.get(&question.place)?;
        (since.elapsed() < UNANSWERED_HOLD).then(|| error.also_for(question.call()))
    }

    /// Takes note of why `question` has no answer. A refusal is one, of this question alone.
    pub(super) fn note(&self, question: &Question, error: &CallError) {
        let is_answer = error.code().is_some();
        let is_silence = matches!(
            error.kind(),
            CallErrorKind::TimedOut | CallErrorKind::Unreachable
        );
        if is_silence && !is_answer {
            let mut silent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            silent.insert(question.place.clone(), (Instant::now(), error.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::super::question::tests::question;
    use super::*;
    use crate::aws::CallErrorKind;

    fn timed_out(question: &Question) -> CallError {
        CallError::timed_out(question.call(), Duration::from_secs(30))
    }

    fn other_job() -> Question {
        let mut other = question();
        other.subject.job_arn = "other".to_owned();
        other
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_did_not_answer_is_left_alone_for_a_while() {
        let silence = Silence::default();
        assert!(silence.about(&question()).is_none());
        silence.note(&question(), &timed_out(&question()));
        let tick = Duration::from_millis(1);
        advance(UNANSWERED_HOLD.checked_sub(tick).unwrap()).await;
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
        advance(tick).await;
        assert!(silence.about(&other_job()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_no_silence() {
        use CallErrorKind::*;

        let silence = Silence::default();
        for kind in [
            Denied,
            Throttled,
            Invalid,
            NotFound,
            NoCredentials,
            BadCredentials,
            ServiceFailure,
            Malformed,
            NotSent,
        ] {
            silence.note(&question(), &CallError::of_kind(kind, None));
            assert!(silence.about(&question()).is_none(), "{kind:?}");
        }
        for kind in [TimedOut, Unreachable] {
            let said = CallError::of_kind(kind, Some("DependencyTimeoutException"));
            silence.note(&question(), &said);
            assert!(silence.about(&question()).is_none(), "{kind:?}");
            silence.note(&question(), &CallError::of_kind(kind, None));
            assert!(silence.about(&question()).is_some(), "{kind:?}");
            advance(UNANSWERED_HOLD).await;
        }
    }
}
