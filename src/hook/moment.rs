//! Times of two clocks: a function is frozen between its invocations, and then one of them may stand still.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use crate::limits::MAX_CLOCK_LEAD;

/// One moment by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// By the wall clock, which may be set.
    pub wall: OffsetDateTime,
    /// By the monotonic clock, which may stand still while the function is frozen.
    pub steady: Instant,
}

impl Moment {
    /// How old this is at `now`: the greater of both ages; `None` where the wall clock went back.
    pub fn age(self, now: Self) -> Option<Duration> {
        let by_wall = Duration::try_from(now.wall - self.wall).ok()?;
        Some(by_wall.max(self.by_steady(now)))
    }

    /// Whether the wall clock was set back until `now`: it went back, or the monotonic clock left it behind. Whatever was
    /// dated by the wall clock is older then than it seems.
    pub fn was_set_back(self, now: Self) -> bool {
        match Duration::try_from(now.wall - self.wall) {
            Ok(by_wall) => self.by_steady(now).saturating_sub(by_wall) > MAX_CLOCK_LEAD,
            Err(_) => true,
        }
    }

    /// How much of the time until `now` only the wall clock noticed.
    pub fn frozen(self, now: Self) -> Duration {
        let by_wall = Duration::try_from(now.wall - self.wall).unwrap_or_default();
        by_wall.saturating_sub(self.by_steady(now))
    }

    /// How old this is at `now` at least: the lesser of both ages, for what must not be forgotten too early.
    pub fn least_age(self, now: Self) -> Duration {
        let by_wall = Duration::try_from(now.wall - self.wall).unwrap_or_default();
        by_wall.min(self.by_steady(now))
    }

    fn by_steady(self, now: Self) -> Duration {
        now.steady.saturating_duration_since(self.steady)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn the_greater_age_counts_and_a_clock_that_went_back_is_noticed() {
        let then = Moment {
            wall: datetime!(2026-11-29 12:00 UTC),
            steady: Instant::now(),
        };
        let later = |wall: i64, steady: u64| Moment {
            wall: then.wall + time::Duration::seconds(wall),
            steady: then.steady + Duration::from_secs(steady),
        };
        for (wall, steady, age, least, frozen, set_back) in [
            (5, 5, Some(5), 5, 0, false),
            (5, 6, Some(6), 5, 0, false),
            // Frozen, and the monotonic clock with it.
            (3_600, 1, Some(3_600), 1, 3_599, false),
            // The wall clock was set back a little within the time that passed.
            (1, 60, Some(60), 1, 0, true),
            (-1, 60, None, 0, 0, true),
        ] {
            let now = later(wall, steady);
            assert_eq!(
                then.age(now),
                age.map(Duration::from_secs),
                "{wall} {steady}"
            );
            assert_eq!(then.least_age(now), Duration::from_secs(least));
            assert_eq!(then.frozen(now), Duration::from_secs(frozen));
            assert_eq!(then.was_set_back(now), set_back, "{wall} {steady}");
        }
    }
}
