//! When work ends before every item is done: after a failure, at an interrupt, or out of time.

use std::fmt;
use std::sync::{Arc, OnceLock};

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::allowance::Exhausted;
use crate::limits::INTERRUPT_GRACE;

tokio::task_local! {
    static CURRENT: Stop;
}

/// Why an item was not begun with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotTried {
    /// Another one failed first.
    AfterFailure,
    /// An interrupt came first.
    Interrupted,
    /// The time of the whole was over.
    OutOfTime(Exhausted),
}

impl NotTried {
    /// A name for programs to branch on; it does not change.
    pub const fn code(self) -> &'static str {
        match self {
            Self::AfterFailure => "stopped-after-failure",
            Self::Interrupted => "interrupted",
            Self::OutOfTime(_) => "out-of-time",
        }
    }
}

impl fmt::Display for NotTried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AfterFailure => "another one failed first",
            Self::Interrupted => "interrupted",
            Self::OutOfTime(_) => "the time for the command was over",
        })
    }
}

/// How far the end has come. Each state includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Running,
    /// Nothing new is begun; what has begun is finished.
    AfterFailure,
    /// Only what must not be left half done is finished.
    Interrupted,
    /// Nothing is waited for.
    GivenUp,
}

/// Tells everything that is under way when to end; clones are the same.
///
/// A process's signals are for its program to take, not for a library: [`Stop::interrupt`] is called for each, or
/// [`Many::interrupted_by`](super::Many::interrupted_by) gets a stream of them.
#[derive(Debug, Clone)]
pub struct Stop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: watch::Sender<State>,
    interrupted: OnceLock<Instant>,
}

impl Default for Stop {
    /// Nothing is to stop yet.
    fn default() -> Self {
        Self(Arc::new(Inner {
            state: watch::Sender::new(State::Running),
            interrupted: OnceLock::new(),
        }))
    }
}

impl Stop {
    /// Why nothing new may be begun.
    pub fn reason(&self) -> Option<NotTried> {
        match *self.0.state.borrow() {
            State::Running => None,
            State::AfterFailure => Some(NotTried::AfterFailure),
            State::Interrupted | State::GivenUp => Some(NotTried::Interrupted),
        }
    }

    /// Something failed: nothing new is begun.
    pub fn after_failure(&self) {
        self.raise(State::AfterFailure);
    }

    /// An interrupt. The first ends what leaves nothing behind, the second everything, as does
    /// [`INTERRUPT_GRACE`] after the first. Says whether it is the first.
    pub fn interrupt(&self) -> bool {
        let is_first = self.0.interrupted.set(Instant::now()).is_ok();
        self.raise(if is_first {
            State::Interrupted
        } else {
            State::GivenUp
        });
        is_first
    }

    /// Comes back when what leaves nothing behind must end.
    pub async fn interrupted(&self) {
        self.reached(State::Interrupted).await;
    }

    /// Comes back when everything must end.
    pub async fn given_up(&self) {
        self.interrupted().await;
        let since = self.0.interrupted.get().copied();
        let grace = since.unwrap_or_else(Instant::now) + INTERRUPT_GRACE;
        tokio::select! {
            biased;
            () = self.reached(State::GivenUp) => {}
            () = sleep_until(grace) => {}
        }
    }

    fn raise(&self, to: State) {
        self.0.state.send_if_modified(|state| {
            let is_further = to > *state;
            *state = to.max(*state);
            is_further
        });
    }

    /// Does `work`, whose waits by [`unless_stopped`] this ends.
    pub(crate) async fn lend<F: Future>(&self, work: F) -> F::Output {
        CURRENT.scope(self.clone(), work).await
    }

    async fn reached(&self, wanted: State) {
        let mut state = self.0.state.subscribe();
        // The sender is `self`, so that it is there as long as this runs.
        let _ = state.wait_for(|state| *state >= wanted).await;
    }
}

/// Waits for what something new has to wait for, a turn for example; nothing once the work that this is part of may
/// begin nothing new.
pub(crate) async fn unless_stopped<T>(wait: impl Future<Output = T>) -> Option<T> {
    let Ok(stop) = CURRENT.try_with(Clone::clone) else {
        return Some(wait.await);
    };
    tokio::select! {
        biased;
        () = stop.reached(State::AfterFailure) => None,
        waited = wait => Some(waited),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_end_goes_only_further() {
        let stop = Stop::default();
        assert_eq!(stop.reason(), None);
        assert!(stop.interrupt());
        stop.after_failure();
        assert_eq!(stop.reason(), Some(NotTried::Interrupted));
        stop.interrupted().await;
        assert!(stop.given_up().now_or_never().is_none());
        assert!(!stop.interrupt());
        stop.given_up().await;
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_begun_has_a_time_after_the_first_interrupt() {
        let stop = Stop::default();
        let start = Instant::now();
        stop.interrupt();
        tokio::time::advance(Duration::from_secs(1)).await;
        stop.given_up().await;
        assert_eq!(start.elapsed(), INTERRUPT_GRACE);
    }

    #[tokio::test]
    async fn after_a_stop_its_work_waits_for_nothing_new() {
        let interrupt = |stop: &Stop| {
            stop.interrupt();
        };
        for end in [Stop::after_failure, interrupt] {
            let stop = Stop::default();
            assert_eq!(stop.lend(unless_stopped(async { 1 })).await, Some(1));
            let work = stop.lend(unless_stopped(std::future::pending::<u8>()));
            let (waited, ()) = futures_util::future::join(work, async { end(&stop) }).await;
            assert_eq!(waited, None);
            assert_eq!(stop.lend(unless_stopped(async { 1 })).await, None);
            // Others go on.
            assert_eq!(unless_stopped(async { 1 }).await, Some(1));
            assert_eq!(
                Stop::default().lend(unless_stopped(async { 1 })).await,
                Some(1)
            );
        }
    }
}
