//! When a command ends before everything is signed: after a failure, or at an interrupt.

use tokio::sync::watch;

use super::outcome::NotTried;
use crate::cli::interrupts::Interrupts;
use crate::limits::INTERRUPT_GRACE;
use crate::signer::aws_signer::Pace;

/// How far the end has come. Each state includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Running,
    /// Nothing new is begun; what has begun is finished.
    AfterFailure,
    /// Only pushes that have begun are finished.
    Interrupted,
    /// Nothing is waited for.
    GivenUp,
}

/// Tells everything that is under way when to end.
#[derive(Debug)]
pub(super) struct Stop {
    state: watch::Sender<State>,
    pace: Pace,
}

impl Stop {
    /// Nothing is to stop yet; `pace` is what signatures may be waiting for.
    pub(super) fn new(pace: Pace) -> Self {
        Self {
            state: watch::Sender::new(State::Running),
            pace,
        }
    }

    /// Why nothing new may be begun.
    pub(super) fn reason(&self) -> Option<NotTried> {
        match *self.state.borrow() {
            State::Running => None,
            State::AfterFailure => Some(NotTried::AfterFailure),
            State::Interrupted | State::GivenUp => Some(NotTried::Interrupted),
        }
    }

    /// Something failed: nothing new is begun.
    pub(super) fn after_failure(&self) {
        self.raise(State::AfterFailure);
    }

    /// Comes back when what has not begun to be pushed must end.
    pub(super) async fn interrupted(&self) {
        self.reached(State::Interrupted).await;
    }

    /// Comes back when everything must end.
    pub(super) async fn given_up(&self) {
        self.reached(State::GivenUp).await;
    }

    /// Takes interrupts for as long as it is polled. The first ends what has not begun to be pushed,
    /// and is told by `tell`; the second, or a time after the first, ends everything.
    pub(super) async fn listen(&self, mut interrupts: Interrupts, tell: impl FnOnce()) {
        interrupts.next().await;
        self.raise(State::Interrupted);
        tell();
        // Either way it is over.
        let _ = tokio::time::timeout(INTERRUPT_GRACE, interrupts.next()).await;
        self.raise(State::GivenUp);
        std::future::pending::<()>().await;
    }

    fn raise(&self, to: State) {
        self.state.send_if_modified(|state| {
            let is_further = to > *state;
            *state = to.max(*state);
            is_further
        });
        self.pace.stop();
    }

    async fn reached(&self, wanted: State) {
        let mut state = self.state.subscribe();
        // The sender is `self`, so that it is there as long as this runs.
        let _ = state.wait_for(|state| *state >= wanted).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_goes_only_further() {
        let stop = Stop::new(Pace::default());
        assert_eq!(stop.reason(), None);
        stop.raise(State::Interrupted);
        stop.after_failure();
        assert_eq!(stop.reason(), Some(NotTried::Interrupted));
        stop.interrupted().await;
        let given_up = futures_util::future::select(
            Box::pin(stop.given_up()),
            std::future::ready("still waited for"),
        );
        assert!(matches!(
            given_up.await,
            futures_util::future::Either::Right(("still waited for", _))
        ));
        stop.raise(State::GivenUp);
        stop.given_up().await;
    }
}
