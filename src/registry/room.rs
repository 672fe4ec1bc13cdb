//! Room in memory for what is fetched, shared by everything that a process does at the same time.
//!
//! What is small needs none: so many of it are in memory as artifacts are looked at. What is larger waits
//! until there is room for it, in the order in which it came, and the very large by itself, so that it
//! holds up nothing smaller. Whoever holds room waits for no other, so that each gets its turn.

use std::sync::{Arc, LazyLock};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::allowance;
use crate::limits::{
    MAX_BYTES_WITHOUT_ROOM, MAX_ENVELOPE_BYTES, MAX_MEDIUM_BYTES, ROOM_FOR_MEDIUM_BYTES,
};

/// A process has one memory.
static ROOM: LazyLock<Room> = LazyLock::new(Room::default);

/// Room that is taken, until this and its clones are dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    _permit: Option<Arc<SemaphorePermit<'static>>>,
}

impl PartialEq for Held {
    /// Where something is in memory makes it no other.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Held {}

#[derive(Debug)]
struct Room {
    /// KiB for what is up to [`MAX_MEDIUM_BYTES`] long.
    medium: Semaphore,
    /// KiB for what is longer: one envelope of the greatest size.
    large: Semaphore,
}

impl Default for Room {
    fn default() -> Self {
        let lane = |bytes| Semaphore::new(usize::try_from(kibibytes(bytes)).unwrap_or(usize::MAX));
        Self {
            medium: lane(ROOM_FOR_MEDIUM_BYTES),
            large: lane(MAX_ENVELOPE_BYTES),
        }
    }
}

impl Room {
    async fn take(&self, bytes: u64) -> Option<SemaphorePermit<'_>> {
        let lane = if bytes <= MAX_BYTES_WITHOUT_ROOM {
            return None;
        } else if bytes <= MAX_MEDIUM_BYTES {
            &self.medium
        } else {
            &self.large
        };
        // What is longer than all the room is refused elsewhere.
        let permits = kibibytes(bytes.min(MAX_ENVELOPE_BYTES));
        // Nothing closes the lanes.
        lane.acquire_many(permits).await.ok()
    }
}

fn kibibytes(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX)
}

/// Waits until there is room for `bytes`, which takes no time away from the artifact that they are for.
pub(super) async fn take(bytes: u64) -> Held {
    Held {
        _permit: allowance::while_waiting(ROOM.take(bytes))
            .await
            .map(Arc::new),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const MEBIBYTE: u64 = 1024 * 1024;

    #[test]
    fn what_is_smaller_passes_what_waits() {
        let room = Room::default();
        let held = room.take(20 * MEBIBYTE).now_or_never().unwrap();
        assert!(held.is_some());
        let mut waiting = Box::pin(room.take(20 * MEBIBYTE));
        assert!(waiting.as_mut().now_or_never().is_none());
        for bytes in [1, MAX_BYTES_WITHOUT_ROOM, 200 * 1024, MAX_MEDIUM_BYTES] {
            let passed = room.take(bytes).now_or_never();
            assert!(passed.is_some(), "{bytes}");
        }
        drop(held);
        assert!(waiting.now_or_never().is_some());
    }

    #[test]
    fn the_largest_gets_its_turn() {
        let room = Room::default();
        let before = room.take(2 * MEBIBYTE).now_or_never().unwrap();
        let mut largest = Box::pin(room.take(MAX_ENVELOPE_BYTES));
        assert!(largest.as_mut().now_or_never().is_none());
        // Who comes later and would have room does not take it.
        let mut later = Box::pin(room.take(2 * MEBIBYTE));
        assert!(later.as_mut().now_or_never().is_none());
        drop(before);
        let largest = largest.now_or_never().unwrap();
        assert!(later.as_mut().now_or_never().is_none());
        drop(largest);
        assert!(later.now_or_never().is_some());
    }

    #[test]
    fn one_registry_cannot_take_all_the_room_of_the_medium() {
        let room = Room::default();
        let most = crate::limits::MAX_CONCURRENT_VERIFICATIONS;
        let held: Vec<_> = (0..most)
            .map(|_| room.take(MAX_MEDIUM_BYTES).now_or_never().unwrap())
            .collect();
        assert!(room.take(MAX_MEDIUM_BYTES).now_or_never().is_some());
        drop(held);
    }
}
