//! One call of AWS Signer with all its attempts, within the time of the command.

use tokio::time::sleep;

use super::error::Error;
use crate::allowance;
use crate::aws::{CallError, CallErrorKind};
use crate::http::backoff;
use crate::limits::{MAX_ATTEMPTS, MAX_RETRY_DELAY, MAX_THROTTLED_ATTEMPTS, RETRY_DELAY};

/// Whether a call may be made again where AWS may have done it already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It asks, or does the same a second time.
    Harmless,
    /// A second time it would fail, or do something else.
    Harmful,
}

/// Makes attempts until one is answered, or another would not help. Throttled calls are made as often as
/// `SignPayload` is: the quota is for a second.
///
/// # Errors
///
/// [`Error::Call`] and [`Error::OutOfTime`].
pub(super) async fn insist<A, F: Future<Output = Result<A, CallError>>>(
    repeat: Repeat,
    attempt: impl Fn() -> F,
) -> Result<A, Error> {
    let insisting = async {
        let mut count = 1;
        loop {
            let error = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let most = match error.kind() {
                CallErrorKind::Throttled => MAX_THROTTLED_ATTEMPTS,
                CallErrorKind::Unreachable if !error.may_be_done() => MAX_ATTEMPTS,
                kind if kind.is_transient() && repeat == Repeat::Harmless => MAX_ATTEMPTS,
                _ => 1,
            };
            if count >= most {
                return Err(error.after(count));
            }
            sleep(backoff(count, RETRY_DELAY, MAX_RETRY_DELAY)).await;
            count += 1;
        }
    };
    let answered = allowance::in_time(Box::pin(insisting)).await;
    answered.map_err(Error::OutOfTime)?.map_err(Error::Call)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// How often a call was made that fails with `kind` each time.
    async fn attempts(repeat: Repeat, kind: CallErrorKind) -> u32 {
        let count = Cell::new(0);
        let answer = insist(repeat, || async {
            count.set(count.get() + 1);
            Err::<(), _>(CallError::of_kind(kind, None))
        });
        assert!(matches!(answer.await, Err(Error::Call(error)) if error.kind() == kind));
        count.get()
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_have_been_done_is_not_done_again() {
        use CallErrorKind as K;
        for (kind, harmless, harmful) in [
            (K::Throttled, MAX_THROTTLED_ATTEMPTS, MAX_THROTTLED_ATTEMPTS),
            (K::Unreachable, MAX_ATTEMPTS, MAX_ATTEMPTS),
            (K::TimedOut, MAX_ATTEMPTS, 1),
            (K::ServiceFailure, MAX_ATTEMPTS, 1),
            (K::Denied, 1, 1),
            (K::NotFound, 1, 1),
            (K::Invalid, 1, 1),
        ] {
            assert_eq!(attempts(Repeat::Harmless, kind).await, harmless, "{kind:?}");
            assert_eq!(attempts(Repeat::Harmful, kind).await, harmful, "{kind:?}");
        }
    }
}
