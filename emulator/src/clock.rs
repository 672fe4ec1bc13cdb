//! The emulator's clock: the real one plus an offset, so that it can sign in the past.

use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime, macros::datetime};

/// The times the emulator's certificates cover.
const EARLIEST: OffsetDateTime = datetime!(2000-02-01 0:00 UTC);
const LATEST: OffsetDateTime = datetime!(2090-01-01 0:00 UTC);

/// Which clock the date of a request's signature is compared with (five minutes either way).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SignatureClock {
    /// The real one: what a client's clock follows.
    #[default]
    Real,
    /// The emulator's, offset included: a client whose clock is off by the offset is right.
    Emulator,
    /// None: any date is taken.
    Unchecked,
}

#[derive(Debug, Default)]
pub(crate) struct Clock {
    offset_seconds: AtomicI64,
}

impl Clock {
    /// The emulator's time, to the second.
    pub(crate) fn now(&self) -> OffsetDateTime {
        let offset = Duration::seconds(self.offset_seconds.load(Ordering::SeqCst));
        real_now()
            .checked_add(offset)
            .unwrap_or(LATEST)
            .clamp(EARLIEST, LATEST)
    }

    pub(crate) fn offset(&self) -> Duration {
        Duration::seconds(self.offset_seconds.load(Ordering::SeqCst))
    }

    /// Replaces the offset. Times outside 2000 to 2090 are cut to those bounds.
    pub(crate) fn set_offset(&self, offset: Duration) {
        self.offset_seconds
            .store(offset.whole_seconds(), Ordering::SeqCst);
    }
}

/// The machine's time, to the second.
#[expect(
    clippy::disallowed_methods,
    reason = "the emulator plays a service, whose clock is its own"
)]
pub(crate) fn real_now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_nanosecond(0).unwrap_or(now)
}
