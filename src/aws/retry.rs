//! Asking AWS again where that may help, at a pace that all share.
//!
//! The SDK asks again by itself in most calls (`context.rs`). It must not where a quota counts every
//! attempt, or where the attempts and their waits together have a time limit: there each attempt is
//! one call of the SDK without its own retries, and it is here that another one is made.

use tokio::time::{Instant, sleep, timeout_at};

use super::pace::Pace;
use super::{Call, CallError, CallErrorKind};
use crate::http::backoff;
use crate::limits;
use crate::many::unless_stopped;

/// What it means to ask twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Nothing: the call only reads. All attempts and all waits together take so long at most, and a
    /// wait is the asker's own.
    Harmless {
        /// The time for everything.
        within: std::time::Duration,
    },
    /// Another one is made: it is not asked for again where it may be done and only the answer is
    /// missing. Each attempt uses up a quota, so that while one waits all wait; where the work that it is part of was
    /// stopped, there is no other attempt.
    MakesAnother,
    /// It fails where the first one was done after all, which would hide that: it is asked for again only
    /// where AWS did not take it up.
    Fails,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The work that it is part of was stopped before the first attempt.
    NotAsked,
    /// The last attempt failed.
    Failed(CallError),
}

/// Makes attempts at `call`, each when `pace` allows it, until one is answered, another one would not
/// help, or there is no more time: up to [`limits::MAX_THROTTLED_ATTEMPTS`] while AWS answers that there
/// are too many requests, and up to [`limits::MAX_ATTEMPTS`] where it fails otherwise. The waits become
/// longer each time.
///
/// # Errors
///
/// [`NoAnswer`], with the number of attempts in it.
pub(crate) async fn insist<A, F: Future<Output = Result<A, CallError>>>(
    pace: &Pace,
    repeat: Repeat,
    call: &Call,
    attempt: impl Fn() -> F,
) -> Result<A, NoAnswer> {
    let start = Instant::now();
    let mut count = 1;
    let mut last = None;
    loop {
        let paced = async {
            match repeat {
                Repeat::MakesAnother | Repeat::Fails => unless_stopped(pace.turn()).await?,
                Repeat::Harmless { .. } => pace.turn().await,
            }
            Some(attempt().await)
        };
        let error = match in_time(start, repeat, call, paced).await {
            Ok(Some(Ok(answer))) => return Ok(answer),
            Ok(Some(Err(error))) => error,
            Ok(None) => return Err(last.map_or(NoAnswer::NotAsked, NoAnswer::Failed)),
            Err(timed_out) => return Err(NoAnswer::Failed(timed_out.after(count))),
        };
        let error = error.after(count);
        if count >= attempts(&error, repeat) {
            return Err(NoAnswer::Failed(error));
        }
        match repeat {
            Repeat::MakesAnother | Repeat::Fails => pace.back_off(count),
            Repeat::Harmless { within } => {
                let wait = backoff(count, limits::RETRY_DELAY, limits::MAX_RETRY_DELAY);
                if Instant::now() + wait >= start + within {
                    return Err(NoAnswer::Failed(error));
                }
                sleep(wait).await;
            }
        }
        tracing::debug!(
            action = call.action,
            region = call.region,
            attempt = count,
            error = %error,
            "AWS will be asked again"
        );
        last = Some(error);
        count += 1;
    }
}

/// What comes of `paced`, if it comes within the time since `start`.
async fn in_time<T>(
    start: Instant,
    repeat: Repeat,
    call: &Call,
    paced: impl Future<Output = T>,
) -> Result<T, CallError> {
    match repeat {
        Repeat::MakesAnother | Repeat::Fails => Ok(paced.await),
        Repeat::Harmless { within } => timeout_at(start + within, paced)
            .await
            .map_err(|_elapsed| CallError::timed_out(call.clone(), within)),
    }
}

/// How many attempts there may be where one failed like this.
fn attempts(error: &CallError, repeat: Repeat) -> u32 {
    match error.kind() {
        CallErrorKind::Throttled => limits::MAX_THROTTLED_ATTEMPTS,
        _ if !matches!(repeat, Repeat::Harmless { .. }) && error.may_be_done() => 1,
        kind if repeat == Repeat::Fails && kind != CallErrorKind::Unreachable => 1,
        kind if kind.is_transient() => limits::MAX_ATTEMPTS,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::*;
    use crate::limits::{MAX_ATTEMPTS, MAX_THROTTLED_ATTEMPTS};
    use crate::many::Stop;

    const TIME: Duration = Duration::from_secs(30);
    const REPEAT: Repeat = Repeat::Harmless { within: TIME };

    fn call() -> Call {
        Call {
            action: "signer:GetRevocationStatus",
            resource: "job".to_owned(),
            region: "us-west-2".to_owned(),
        }
    }

    fn failed(unanswered: NoAnswer) -> CallError {
        match unanswered {
            NoAnswer::Failed(error) => error,
            NoAnswer::NotAsked => panic!("not asked"),
        }
    }

    /// What comes of attempts that each take `time` and fail with `kind`, how many there were, and how long they
    /// all took.
    async fn fails(time: Duration, kind: CallErrorKind) -> (CallError, u32, Duration) {
        let (pace, count, start) = (Pace::in_any_second(100), Cell::new(0), Instant::now());
        let asked = call();
        let answer = insist(&pace, REPEAT, &asked, || async {
            count.set(count.get() + 1);
            sleep(time).await;
            Err::<(), _>(CallError::of_kind(kind, None))
        });
        let error = failed(answer.await.unwrap_err());
        (error, count.get(), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_and_nothing_else_is() {
        use CallErrorKind as K;
        for (kind, wanted) in [
            (K::Throttled, MAX_THROTTLED_ATTEMPTS),
            (K::TimedOut, MAX_ATTEMPTS),
            (K::Unreachable, MAX_ATTEMPTS),
            (K::ServiceFailure, MAX_ATTEMPTS),
            (K::Denied, 1),
            (K::NotFound, 1),
            (K::Malformed, 1),
            (K::NotSent, 1),
        ] {
            let (error, count, took) = fails(Duration::ZERO, kind).await;
            assert_eq!((error.kind(), count), (kind, wanted));
            let says_so = error
                .to_string()
                .ends_with(&format!(", after {wanted} attempts"));
            assert_eq!(says_so, wanted > 1, "{error}");
            assert_eq!(took > Duration::ZERO, wanted > 1, "{kind:?}: {took:?}");
            assert!(took < TIME, "{kind:?}: {took:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_after_failures_is_the_answer() {
        let (pace, count) = (Pace::in_any_second(100), Cell::new(0));
        let asked = call();
        let answer = insist(&pace, REPEAT, &asked, || async {
            count.set(count.get() + 1);
            match count.get() {
                3 => Ok(7),
                _ => Err(CallError::of_kind(CallErrorKind::ServiceFailure, None)),
            }
        });
        assert_eq!(answer.await.unwrap(), 7);
        assert_eq!(count.get(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn all_attempts_and_waits_together_have_one_time_limit() {
        let tick = Duration::from_millis(10);
        // Not even the first one ends.
        let (error, count, took) = fails(Duration::MAX, CallErrorKind::Unreachable).await;
        assert_eq!((error.kind(), count), (CallErrorKind::TimedOut, 1));
        assert!(error.to_string().ends_with(": not within 30 seconds"));
        assert!(took >= TIME && took < TIME + tick);
        // The second one does not.
        let long = Duration::from_secs(20);
        let (error, count, took) = fails(long, CallErrorKind::Unreachable).await;
        assert_eq!((error.kind(), count), (CallErrorKind::TimedOut, 2));
        let words = ": not within 30 seconds, after 2 attempts";
        assert!(error.to_string().ends_with(words), "{error}");
        assert!(took >= TIME && took < TIME + tick);
        // The shortest wait would end after the time: why it failed says more than that the time is over.
        let nearly = TIME.checked_sub(tick).unwrap();
        let (error, count, took) = fails(nearly, CallErrorKind::Unreachable).await;
        assert_eq!((error.kind(), count), (CallErrorKind::Unreachable, 1));
        assert!(took < TIME, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn while_one_waits_who_makes_something_all_wait() {
        let pace = Pace::per_second(NonZeroU32::new(1_000).unwrap());
        let (start, failures) = (Instant::now(), Cell::new(0));
        let asked = call();
        let throttled = insist(&pace, Repeat::MakesAnother, &asked, || async {
            failures.set(failures.get() + 1);
            Err::<(), _>(CallError::of_kind(CallErrorKind::Throttled, None))
        });
        let other = async {
            sleep(Duration::from_millis(1)).await;
            let answer = insist(&pace, Repeat::MakesAnother, &asked, || async { Ok(()) });
            answer.await.unwrap();
            start.elapsed()
        };
        let (error, other) = futures_util::future::join(throttled, other).await;
        assert_eq!(failures.get(), MAX_THROTTLED_ATTEMPTS);
        let words = format!(", after {MAX_THROTTLED_ATTEMPTS} attempts");
        assert!(failed(error.unwrap_err()).to_string().ends_with(&words));
        assert!(other >= limits::RETRY_DELAY / 2, "{other:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_fails_a_second_time_is_asked_again_only_where_aws_did_not_take_it_up() {
        use CallErrorKind as K;
        let pace = Pace::in_any_second(100);
        for (kind, wanted) in [
            (K::Throttled, MAX_THROTTLED_ATTEMPTS),
            (K::Unreachable, MAX_ATTEMPTS),
            (K::TimedOut, 1),
            (K::ServiceFailure, 1),
            (K::Denied, 1),
        ] {
            let count = Cell::new(0);
            let asked = call();
            let answer = insist(&pace, Repeat::Fails, &asked, || async {
                count.set(count.get() + 1);
                Err::<(), _>(CallError::of_kind(kind, None))
            });
            assert_eq!(failed(answer.await.unwrap_err()).kind(), kind);
            assert_eq!(count.get(), wanted, "{kind:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_stop_there_is_the_last_failure_or_nothing_was_asked() {
        let (pace, stop) = (Pace::per_second(NonZeroU32::MIN), Stop::default());
        let stopping = || async {
            stop.after_failure();
            Err::<(), _>(CallError::of_kind(CallErrorKind::Throttled, None))
        };
        let asked = call();
        let ask = |repeat| stop.lend(insist(&pace, repeat, &asked, stopping));
        let first = ask(Repeat::MakesAnother).await;
        assert_eq!(failed(first.unwrap_err()).kind(), CallErrorKind::Throttled);
        let second = ask(Repeat::MakesAnother).await;
        assert!(matches!(second, Err(NoAnswer::NotAsked)));
        // A question is part of what has begun.
        let question = failed(ask(REPEAT).await.unwrap_err());
        assert_eq!(question.kind(), CallErrorKind::Throttled);
    }
}
