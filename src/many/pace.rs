//! How fast somebody is asked, AWS Signer for example: within a quota, evenly, and slower while it says that it is
//! too much.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::stop::stopped;
use crate::{http, limits};

/// One pace for everything that a process asks of one API, AWS Signer's `SignPayload` for example; clones share it.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    interval: Duration,
    /// Held by the one whose turn is next; who comes later waits behind.
    queue: tokio::sync::Mutex<()>,
    next: Mutex<Option<Instant>>,
}

/// Nobody gets a turn any more, because the work was stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoTurn;

impl Default for Pace {
    /// The pace of AWS's default quota for `SignPayload`.
    fn default() -> Self {
        let rate = NonZeroU32::new(limits::SIGN_PAYLOAD_PER_SECOND);
        Self::per_second(rate.unwrap_or(NonZeroU32::MIN))
    }
}

impl Pace {
    /// At most `rate` calls in a second, each as long after the one before.
    pub fn per_second(rate: NonZeroU32) -> Self {
        Self(Arc::new(Inner {
            interval: Duration::from_secs(1) / rate.get(),
            queue: tokio::sync::Mutex::new(()),
            next: Mutex::new(None),
        }))
    }

    /// Waits until the next question may be asked, as long as the work that this is part of may begin something
    /// new: see [`Stop`](super::Stop).
    ///
    /// # Errors
    ///
    /// [`NoTurn`].
    pub async fn turn(&self) -> Result<(), NoTurn> {
        tokio::select! {
            biased;
            () = stopped() => Err(NoTurn),
            () = self.wait() => Ok(()),
        }
    }

    async fn wait(&self) {
        let _first_in_line = self.0.queue.lock().await;
        loop {
            let now = Instant::now();
            let next = {
                let mut next = self.next();
                match *next {
                    Some(later) if later > now => later,
                    _ => {
                        *next = Some(now + self.0.interval);
                        return;
                    }
                }
            };
            // It may be put off in the meantime.
            tokio::time::sleep_until(next).await;
        }
    }

    /// There was no answer the `attempt`th time: whoever is next waits, twice as long each
    /// time. The quota is everybody's.
    pub fn back_off(&self, attempt: u32) {
        let wait = http::backoff(attempt, limits::RETRY_DELAY, limits::MAX_RETRY_DELAY);
        let later = Instant::now() + wait;
        let mut next = self.next();
        *next = Some(next.map_or(later, |next| next.max(later)));
    }

    fn next(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::stop::Stop;
    use super::*;

    fn pace(rate: u32) -> Pace {
        Pace::per_second(NonZeroU32::new(rate).unwrap())
    }

    /// Milliseconds after which each of `count` turns came, all waited for at once.
    async fn turns(pace: &Pace, count: usize) -> Vec<u128> {
        let start = Instant::now();
        let turn = |_| async {
            pace.turn().await.unwrap();
            (Instant::now() - start).as_millis()
        };
        futures_util::future::join_all((0..count).map(turn)).await
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_evenly_spaced() {
        assert_eq!(turns(&Pace::default(), 4).await, [0, 100, 200, 300]);
        assert_eq!(turns(&pace(4), 3).await, [0, 250, 500]);
        // Time in which nobody asked is not made up for.
        let pace = pace(10);
        turns(&pace, 1).await;
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(turns(&pace, 3).await, [0, 100, 200]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_throttled_makes_everybody_wait_and_longer_each_time() {
        let pace = pace(1_000);
        for (attempt, most) in [(1, 250), (2, 500), (3, 1_000), (6, 5_000), (40, 5_000)] {
            turns(&pace, 1).await;
            pace.back_off(attempt);
            let waited = turns(&pace, 2).await;
            assert!(
                (most / 2..=most + 1).contains(&waited[0]),
                "{attempt}: {waited:?}"
            );
            assert!(waited[1] > waited[0], "{waited:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_has_begun_is_put_off_too() {
        let pace = pace(1);
        turns(&pace, 1).await;
        let (waited, ()) = futures_util::future::join(turns(&pace, 1), async {
            tokio::time::sleep(Duration::from_millis(900)).await;
            pace.back_off(5);
        })
        .await;
        assert!(waited[0] >= 900 + 2_000, "{waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_stop_nobody_gets_a_turn_in_its_work() {
        let interrupt = |stop: &Stop| {
            stop.interrupt();
        };
        for end in [Stop::after_failure, interrupt] {
            let (pace, stop) = (pace(1), Stop::default());
            pace.turn().await.unwrap();
            let work = stop.lend(async { (pace.turn().await, pace.turn().await) });
            let (turns, ()) = futures_util::future::join(work, async { end(&stop) }).await;
            assert_eq!(turns, (Err(NoTurn), Err(NoTurn)));
            // Others of the same pace go on.
            assert_eq!(pace.turn().await, Ok(()));
            assert_eq!(Stop::default().lend(pace.turn()).await, Ok(()));
        }
    }
}
