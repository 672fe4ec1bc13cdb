//! How fast AWS is asked: within a quota, and slower while AWS says that it is too much.

use std::collections::VecDeque;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{http, limits};

const SECOND: Duration = Duration::from_secs(1);

/// One pace for everything that a process asks under one quota; clones share it. To be awaited in a Tokio
/// runtime with its timers enabled.
#[derive(Debug, Clone)]
pub struct Pace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Turns in any period.
    count: usize,
    period: Duration,
    /// Held by the one whose turn is next; who comes later waits behind.
    queue: tokio::sync::Mutex<()>,
    turns: Mutex<Turns>,
}

#[derive(Debug, Default)]
struct Turns {
    /// The last ones, as many as there may be in a period at most, earliest first.
    last: VecDeque<Instant>,
    /// There is no turn before this.
    put_off: Option<Instant>,
}

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
        Self::new(1, SECOND / rate.get())
    }

    /// At most `most` calls in any second, all at once where there were none before; zero counts as one.
    pub fn in_any_second(most: usize) -> Self {
        Self::new(most.max(1), SECOND)
    }

    fn new(count: usize, period: Duration) -> Self {
        Self(Arc::new(Inner {
            count,
            period,
            queue: tokio::sync::Mutex::new(()),
            turns: Mutex::default(),
        }))
    }

    /// Waits until AWS may be asked.
    pub(crate) async fn turn(&self) {
        let _first_in_line = self.0.queue.lock().await;
        // It may be put off in the meantime.
        while let Some(later) = self.take() {
            tokio::time::sleep_until(later).await;
        }
    }

    /// Takes the turn that there is now; else when there may be one.
    fn take(&self) -> Option<Instant> {
        let now = Instant::now();
        let mut turns = self.turns();
        let is_full = turns.last.len() >= self.0.count;
        let oldest = turns.last.front().filter(|_| is_full);
        let free = oldest.map(|oldest| *oldest + self.0.period);
        let next = free.max(turns.put_off).filter(|next| *next > now);
        if next.is_none() {
            if is_full {
                turns.last.pop_front();
            }
            turns.last.push_back(now);
        }
        next
    }

    /// AWS could not answer the `attempt`th time: the next call waits, twice as long each time. All
    /// calls share the quota.
    pub(super) fn back_off(&self, attempt: u32) {
        let wait = http::backoff(attempt, limits::RETRY_DELAY, limits::MAX_RETRY_DELAY);
        let later = Instant::now() + wait;
        let mut turns = self.turns();
        turns.put_off = turns.put_off.max(Some(later));
    }

    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(rate: u32) -> Pace {
        Pace::per_second(NonZeroU32::new(rate).unwrap())
    }

    /// Milliseconds after which each of `count` turns came, all waited for at once.
    async fn turns(pace: &Pace, count: usize) -> Vec<u128> {
        let start = Instant::now();
        let turn = |_| async {
            pace.turn().await;
            (Instant::now() - start).as_millis()
        };
        futures_util::future::join_all((0..count).map(turn)).await
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_evenly_spaced() {
        assert_eq!(turns(&Pace::default(), 4).await, [0, 100, 200, 300]);
        assert_eq!(turns(&pace(4), 3).await, [0, 250, 500]);
        // Time without requests is not made up for.
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
    async fn no_second_has_more_than_the_limit() {
        let pace = Pace::in_any_second(100);
        let start = Instant::now();
        let mut passed = Vec::new();
        for count in 0..350 {
            // Not all at once: half a second after the first fifty.
            if count == 50 {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            pace.turn().await;
            passed.push(start.elapsed());
        }
        for (first, last) in passed.iter().zip(passed.iter().skip(100)) {
            assert!(*last >= *first + SECOND, "{first:?} {last:?}");
        }
        // And no call waits longer than that: 50 each at 0, 0.5, 1, 1.5, 2, 2.5 and 3 seconds.
        assert_eq!(passed.last().unwrap().as_millis(), 3_000);
        assert_eq!(passed[99].as_millis(), 500);
        assert_eq!(turns(&Pace::in_any_second(0), 2).await, [0, 1_000]);
    }
}
