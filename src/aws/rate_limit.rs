//! No more requests in a second than AWS grants.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

/// Lets at most so many pass in any second, in the order in which they came. To be awaited in a Tokio
/// runtime with its timers enabled.
#[derive(Debug)]
pub struct RateLimit {
    per_second: usize,
    /// When the last ones passed or will pass, `per_second` at most, earliest first.
    passes: Mutex<VecDeque<Instant>>,
}

impl RateLimit {
    /// Lets at most `per_second` pass in any second; zero counts as one.
    pub fn new(per_second: usize) -> Self {
        Self {
            per_second: per_second.max(1),
            passes: Mutex::default(),
        }
    }

    /// Waits until one more may pass.
    pub async fn pass(&self) {
        let at = self.reserve();
        if at > Instant::now() {
            tokio::time::sleep_until(at).await;
        }
    }

    /// When the next one may pass. Its place is taken with that, whether or not it waits for it.
    fn reserve(&self) -> Instant {
        let now = Instant::now();
        let mut passes = self.passes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut at = passes.back().map_or(now, |last| now.max(*last));
        if passes.len() == self.per_second
            && let Some(oldest) = passes.pop_front()
        {
            at = at.max(oldest + SECOND);
        }
        passes.push_back(at);
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_second_has_more_than_the_limit() {
        let limit = RateLimit::new(100);
        let start = Instant::now();
        let mut passed = Vec::new();
        for count in 0..350 {
            // Not all at once: half a second after the first fifty.
            if count == 50 {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            limit.pass().await;
            passed.push(start.elapsed());
        }
        for (first, last) in passed.iter().zip(passed.iter().skip(100)) {
            assert!(*last >= *first + SECOND, "{first:?} {last:?}");
        }
        // And nobody waits longer than that: 50 each at 0, 0.5, 1, 1.5, 2, 2.5 and 3 seconds.
        assert_eq!(passed.last().unwrap().as_millis(), 3_000);
        assert_eq!(passed[99].as_millis(), 500);
    }
}
