//! Each question once: who asks while the answer is awaited waits for the same one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::time::Instant;

use crate::allowance;
use crate::limits::UNANSWERED_HOLD;

type Awaited<A, E> = Shared<BoxFuture<'static, Result<A, E>>>;

/// What was asked, and the answers. An answer stays; that there was none is forgotten after
/// [`UNANSWERED_HOLD`].
#[derive(Debug)]
pub(super) struct AskedOnce<Q, A: Clone, E: Clone>(Mutex<HashMap<Q, Asked<A, E>>>);

#[derive(Debug)]
struct Asked<A: Clone, E: Clone> {
    answer: Awaited<A, E>,
    failed_at: Option<Instant>,
}

impl<Q, A: Clone, E: Clone> Default for AskedOnce<Q, A, E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Q: Clone + Eq + Hash, A: Clone + 'static, E: Clone + 'static> AskedOnce<Q, A, E> {
    /// The answer to `question`: the one that is there or awaited, or else the one that `ask` gives.
    pub(super) async fn ask(
        &self,
        question: &Q,
        ask: impl FnOnce() -> BoxFuture<'static, Result<A, E>>,
    ) -> Result<A, E> {
        let awaited = self.share(question, ask);
        let answer = awaited.clone().await;
        if answer.is_err() {
            let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(this) = asked.get_mut(question)
                && this.answer.ptr_eq(&awaited)
            {
                this.failed_at.get_or_insert_with(Instant::now);
            }
        }
        answer
    }

    fn share(
        &self,
        question: &Q,
        ask: impl FnOnce() -> BoxFuture<'static, Result<A, E>>,
    ) -> Awaited<A, E> {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(this) = asked.get(question)
            && this
                .failed_at
                .is_none_or(|at| at.elapsed() < UNANSWERED_HOLD)
        {
            return this.answer.clone();
        }
        // Whoever else waits for it is not to be without it, because the first one's time is over.
        let answer = allowance::for_all(ask()).boxed().shared();
        let this = Asked {
            answer: answer.clone(),
            failed_at: None,
        };
        asked.insert(question.clone(), this);
        answer
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
}
