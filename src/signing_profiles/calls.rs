//! One call of AWS Signer with all its attempts, within the time of the command.

use super::error::Error;
use crate::allowance;
use crate::aws::{Call, CallError, NoAnswer, Pace, Repeat, insist};
use crate::limits::ARTIFACT_TIMEOUT;

/// A call that only asks, or does the same a second time.
pub(super) const HARMLESS: Repeat = Repeat::Harmless {
    within: ARTIFACT_TIMEOUT,
};

/// Makes attempts at `call` until one is answered, or another would not help ([`insist`]).
///
/// # Errors
///
/// [`Error::Call`] and [`Error::OutOfTime`].
pub(super) async fn ask<A, F: Future<Output = Result<A, CallError>>>(
    pace: &Pace,
    repeat: Repeat,
    call: &Call,
    attempt: impl Fn() -> F,
) -> Result<A, Error> {
    let asking = Box::pin(insist(pace, repeat, call, attempt));
    let answered = allowance::in_time(asking).await.map_err(Error::OutOfTime)?;
    answered.map_err(|unanswered| match unanswered {
        NoAnswer::Failed(error) => Error::Call(error),
        NoAnswer::NotAsked => {
            let problem = "asking was stopped".to_owned();
            Error::Call(CallError::not_sent(call.clone(), problem, None))
        }
    })
}
