//! Asks each question once: later callers wait for the same answer. Asking uses no caller's
//! allowance, so an artifact that has used up its own does not decide the answer for the others.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::Instant;

use crate::allowance;
use crate::limits::{MAX_KNOWN_ANSWERS, MAX_UNWATCHED, UNANSWERED_HOLD};

type Asking<A, E> = BoxFuture<'static, Result<A, E>>;
type Awaited<A, E> = Shared<Asking<A, E>>;

/// What was asked, and the answers. An answer stays, unless there are [`MAX_KNOWN_ANSWERS`]; a question that got no
/// answer may be asked again after [`UNANSWERED_HOLD`]. A question that no caller awaits any more is asked again after
/// [`MAX_UNWATCHED`], as its own time may have run out meanwhile.
#[derive(Debug)]
pub(crate) struct AskedOnce<Q, A: Clone, E: Clone>(Mutex<HashMap<Q, QuestionState<A, E>>>);

#[derive(Debug)]
enum QuestionState<A: Clone, E: Clone> {
    Awaited {
        answer: Awaited<A, E>,
        askers: usize,
        /// When the last of them left.
        left: Option<Instant>,
    },
    Answered(A),
    Failed(E, Instant),
}

impl<Q, A: Clone, E: Clone> Default for AskedOnce<Q, A, E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// One who awaits an answer, until this is dropped.
struct Asker<'a, Q: Eq + Hash, A: Clone, E: Clone> {
    all: &'a AskedOnce<Q, A, E>,
    question: &'a Q,
    answer: Awaited<A, E>,
}

impl<Q: Eq + Hash, A: Clone, E: Clone> Drop for Asker<'_, Q, A, E> {
    fn drop(&mut self) {
        if let Some(QuestionState::Awaited {
            answer,
            askers,
            left,
        }) = self.all.asked().get_mut(self.question)
            && answer.ptr_eq(&self.answer)
        {
            *askers = askers.saturating_sub(1);
            *left = (*askers == 0).then(Instant::now);
        }
    }
}

impl<Q: Eq + Hash, A: Clone, E: Clone> AskedOnce<Q, A, E> {
    fn asked(&self) -> MutexGuard<'_, HashMap<Q, QuestionState<A, E>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<Q: Clone + Eq + Hash, A: Clone + 'static, E: Clone + 'static> AskedOnce<Q, A, E> {
    /// The answer to `question`: the one that is there or awaited, or else the one that `ask` gives.
    pub(crate) async fn ask(
        &self,
        question: &Q,
        ask: impl FnOnce() -> Asking<A, E>,
    ) -> Result<A, E> {
        let this_one = match self.share(question, ask) {
            Ok(answer) => return answer,
            Err(answer) => Asker {
                all: self,
                question,
                answer,
            },
        };
        let answer = this_one.answer.clone().await;
        let mut asked = self.asked();
        // Who comes back first notes what came of it.
        if let Some(QuestionState::Awaited { answer: this, .. }) = asked.get(question)
            && this.ptr_eq(&this_one.answer)
        {
            let noted = match answer.clone() {
                Ok(answer) => QuestionState::Answered(answer),
                Err(error) => QuestionState::Failed(error, Instant::now()),
            };
            asked.insert(question.clone(), noted);
        }
        drop(asked);
        answer
    }

    /// What is known, or what is to be awaited.
    fn share(
        &self,
        question: &Q,
        ask: impl FnOnce() -> Asking<A, E>,
    ) -> Result<Result<A, E>, Awaited<A, E>> {
        let mut asked = self.asked();
        match asked.get_mut(question) {
            Some(QuestionState::Answered(answer)) => return Ok(Ok(answer.clone())),
            Some(QuestionState::Failed(error, at)) if at.elapsed() < UNANSWERED_HOLD => {
                return Ok(Err(error.clone()));
            }
            Some(QuestionState::Awaited {
                answer,
                askers,
                left,
            }) if left.is_none_or(|left| left.elapsed() < MAX_UNWATCHED) => {
                *askers = askers.saturating_add(1);
                *left = None;
                return Err(answer.clone());
            }
            Some(QuestionState::Awaited { .. } | QuestionState::Failed(..)) | None => {}
        }
        // However many references there are: what is forgotten is asked again.
        if asked.len() >= MAX_KNOWN_ANSWERS {
            asked.retain(|_, asked| matches!(asked, QuestionState::Awaited { .. }));
        }
        let answer = allowance::for_all(ask()).boxed().shared();
        let this = QuestionState::Awaited {
            answer: answer.clone(),
            askers: 1,
            left: None,
        };
        asked.insert(question.clone(), this);
        Err(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use futures_util::future::join_all;
    use tokio::time::{advance, sleep};

    use super::*;

    /// Takes a second, counts itself, and gives `answer`.
    fn slow(
        count: &Arc<AtomicUsize>,
        answer: Result<u8, u8>,
    ) -> impl FnOnce() -> BoxFuture<'static, Result<u8, u8>> {
        let count = Arc::clone(count);
        move || {
            async move {
                sleep(Duration::from_secs(1)).await;
                count.fetch_add(1, Ordering::SeqCst);
                answer
            }
            .boxed()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_asked_for_once_and_stays() {
        let (asked, count) = (AskedOnce::default(), Arc::new(AtomicUsize::new(0)));
        let askers = (0..10).map(|_| asked.ask(&"a", slow(&count, Ok(1))));
        assert_eq!(join_all(askers).await, [Ok(1); 10]);
        assert_eq!(count.load(Ordering::SeqCst), 1);
        advance(UNANSWERED_HOLD * 100).await;
        assert_eq!(asked.ask(&"a", slow(&count, Ok(2))).await, Ok(1));
        assert_eq!(asked.ask(&"b", slow(&count, Ok(3))).await, Ok(3));
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_no_more_answers_than_so_many() {
        let (asked, count) = (AskedOnce::default(), Arc::new(AtomicUsize::new(0)));
        for question in 0..MAX_KNOWN_ANSWERS * 2 {
            let answer = asked.ask(&question, || async { Ok::<_, u8>(1_u8) }.boxed());
            assert_eq!(answer.await, Ok(1));
            assert!(asked.asked().len() <= MAX_KNOWN_ANSWERS);
        }
        // What is awaited meanwhile stays one question.
        let both = futures_util::future::join(
            asked.ask(&usize::MAX, slow(&count, Ok(2))),
            asked.ask(&usize::MAX, slow(&count, Ok(3))),
        );
        assert_eq!(both.await, (Ok(2), Ok(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_shared_and_then_forgotten() {
        let (asked, count) = (AskedOnce::default(), Arc::new(AtomicUsize::new(0)));
        let askers = (0..10).map(|_| asked.ask(&"a", slow(&count, Err(1))));
        assert_eq!(join_all(askers).await, [Err(1); 10]);
        let tick = Duration::from_millis(1);
        advance(UNANSWERED_HOLD.checked_sub(tick).unwrap()).await;
        assert_eq!(asked.ask(&"a", slow(&count, Ok(2))).await, Err(1));
        assert_eq!(count.load(Ordering::SeqCst), 1);
        advance(tick).await;
        assert_eq!(asked.ask(&"a", slow(&count, Ok(2))).await, Ok(2));
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_stops_waiting_leaves_the_others_their_answer() {
        let (asked, count) = (AskedOnce::default(), Arc::new(AtomicUsize::new(0)));
        let first = asked.ask(&"a", slow(&count, Ok(1)));
        let in_time = tokio::time::timeout(Duration::from_millis(500), first);
        let (first, second) =
            futures_util::future::join(in_time, asked.ask(&"a", slow(&count, Ok(2)))).await;
        assert!(first.is_err());
        assert_eq!(second, Ok(1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_all_stopped_waiting_for_is_asked_anew_after_a_while() {
        for (unwatched, wanted) in [(Duration::ZERO, Err(1)), (MAX_UNWATCHED, Ok(2))] {
            let (asked, count) = (AskedOnce::default(), Arc::new(AtomicUsize::new(0)));
            let first = asked.ask(&"a", slow(&count, Err(1)));
            let given_up = tokio::time::timeout(Duration::from_millis(500), first).await;
            assert!(given_up.is_err());
            advance(unwatched).await;
            assert_eq!(asked.ask(&"a", slow(&count, Ok(2))).await, wanted);
            assert_eq!(count.load(Ordering::SeqCst), 1);
        }
    }
}
