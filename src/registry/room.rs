//! Room in memory for what is fetched, shared by everything that a process does at the same time.
//!
//! What is small needs none: so many of it are in memory as artifacts are looked at. What is larger has
//! room in one of two lanes, the very large in its own, so that it holds up nothing smaller. An owner, a
//! registry for example, has a share of a lane, and owners take turns. A holder of room waits for no
//! other, and no answer is under way before it has its room; an answer that has room and comes too
//! slowly is given up when another owner waits ([`Reservation::is_owed`]). What is fetched before its turn has a lane
//! of its own, which is never waited for ([`try_take_ahead`]).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::allowance;
use crate::limits::{
    MAX_BYTES_WITHOUT_ROOM, MAX_ENVELOPE_BYTES, MAX_MEDIUM_BYTES, ROOM_AHEAD_BYTES,
    ROOM_BYTES_PER_SECOND, ROOM_FOR_MEDIUM_BYTES, ROOM_GRACE,
};

/// A process has one memory.
static ROOM: LazyLock<Arc<Room>> = LazyLock::new(Arc::default);

/// Room that is taken, until this and its clones are dropped.
#[derive(Debug, Clone, Default)]
pub(super) struct Reservation(Option<Arc<Place>>);

impl PartialEq for Reservation {
    /// Where something is in memory makes it no other.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Reservation {}

impl Reservation {
    /// How many bytes may be in memory with it.
    pub(super) fn bytes(&self) -> u64 {
        self.0
            .as_ref()
            .map_or(MAX_BYTES_WITHOUT_ROOM, |place| place.bytes)
    }

    /// Comes back when no more than `came` bytes have come for longer than that takes, and another owner
    /// waits; gives how long it was held.
    pub(super) async fn is_owed(&self, came: u64) -> Duration {
        let Some(place) = &self.0 else {
            return std::future::pending().await;
        };
        sleep_until(place.since + time_for(came)).await;
        let mut changes = place.room.changes.subscribe();
        while !place.room.is_wanted_by_another(place) {
            // The sender lives as long as the room.
            let _ = changes.changed().await;
        }
        place.since.elapsed()
    }
}

/// The time after which more than so many bytes must have come, if others wait.
fn time_for(bytes: u64) -> Duration {
    ROOM_GRACE + Duration::from_millis(bytes.saturating_mul(1_000) / ROOM_BYTES_PER_SECOND)
}

/// A place in the queue, and then in the room; left when this is dropped.
#[derive(Debug)]
struct Place {
    room: Arc<Room>,
    id: u64,
    owner: String,
    lane: Lane,
    bytes: u64,
    since: Instant,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.waiting.retain(|waiting| waiting.entry.id != self.id);
        state.held.retain(|held| held.id != self.id);
        state.settle();
        drop(state);
        self.room.changes.send_replace(());
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    /// For what is up to [`MAX_MEDIUM_BYTES`] long.
    Medium,
    /// For what is longer: one envelope of the greatest size.
    Large,
    /// For what is small and fetched before its turn.
    Ahead,
}

impl Lane {
    const ALL: [Self; 3] = [Self::Medium, Self::Large, Self::Ahead];

    const fn of(bytes: u64) -> Self {
        if bytes <= MAX_MEDIUM_BYTES {
            Self::Medium
        } else {
            Self::Large
        }
    }

    const fn bytes(self) -> u64 {
        match self {
            Self::Medium => ROOM_FOR_MEDIUM_BYTES,
            Self::Large => MAX_ENVELOPE_BYTES,
            Self::Ahead => ROOM_AHEAD_BYTES,
        }
    }

    /// What one owner may hold beside another thing of its own.
    const fn share(self) -> u64 {
        match self {
            Self::Medium => self.bytes() / 4,
            Self::Large | Self::Ahead => self.bytes() / 2,
        }
    }
}

#[derive(Debug, Default)]
struct Room {
    state: Mutex<State>,
    changes: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct State {
    held: Vec<Entry>,
    /// In the order in which they came.
    waiting: Vec<Waiting>,
    /// When each owner last got room.
    turns: HashMap<String, u64>,
    count: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    id: u64,
    owner: String,
    lane: Lane,
    bytes: u64,
}

#[derive(Debug)]
struct Waiting {
    entry: Entry,
    granted: oneshot::Sender<()>,
}

impl State {
    fn next_number(&mut self) -> u64 {
        self.count = self.count.saturating_add(1);
        self.count
    }

    fn taken(&self, lane: Lane, owner: Option<&str>) -> u64 {
        self.held
            .iter()
            .filter(|held| held.lane == lane && owner.is_none_or(|owner| held.owner == owner))
            .map(|held| held.bytes)
            .sum()
    }

    /// Whether its owner may hold it beside what it holds.
    fn is_in_share(&self, entry: &Entry) -> bool {
        let own = self.taken(entry.lane, Some(&entry.owner));
        own == 0 || own.saturating_add(entry.bytes) <= entry.lane.share()
    }

    /// Gives room to the next owner, the one whose turn was longest ago, as long as there is enough.
    fn settle(&mut self) {
        for lane in Lane::ALL {
            while let Some(position) = self.next_in(lane) {
                let waiting = self.waiting.remove(position);
                let turn = self.next_number();
                self.turns.insert(waiting.entry.owner.clone(), turn);
                self.held.push(waiting.entry);
                // Who does not wait any more leaves its place by itself.
                let _ = waiting.granted.send(());
            }
        }
    }

    /// The position of the next one to get room in `lane`, if there is enough; later ones do not take it meanwhile.
    fn next_in(&self, lane: Lane) -> Option<usize> {
        let turn = |entry: &Entry| self.turns.get(&entry.owner).copied().unwrap_or(0);
        let (position, next) = self
            .waiting
            .iter()
            .enumerate()
            .filter(|(_, one)| one.entry.lane == lane && self.is_in_share(&one.entry))
            .min_by_key(|(_, one)| turn(&one.entry))?;
        let taken = self.taken(lane, None);
        (taken.saturating_add(next.entry.bytes) <= lane.bytes()).then_some(position)
    }
}

impl Room {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_wanted_by_another(&self, place: &Place) -> bool {
        self.state()
            .waiting
            .iter()
            .any(|waiting| waiting.entry.lane == place.lane && waiting.entry.owner != place.owner)
    }

    /// A place in the queue, in the room at once if there is enough.
    fn enter(
        self: &Arc<Self>,
        owner: &str,
        lane: Lane,
        bytes: u64,
    ) -> (Place, oneshot::Receiver<()>) {
        // What is longer than all the room is refused elsewhere.
        let bytes = bytes.min(lane.bytes());
        let (granted, grant) = oneshot::channel();
        let mut state = self.state();
        let entry = Entry {
            id: state.next_number(),
            owner: owner.to_owned(),
            lane,
            bytes,
        };
        let place = Place {
            room: Arc::clone(self),
            id: entry.id,
            owner: entry.owner.clone(),
            lane,
            bytes,
            since: Instant::now(),
        };
        state.waiting.push(Waiting { entry, granted });
        state.settle();
        drop(state);
        self.changes.send_replace(());
        (place, grant)
    }

    fn try_take(self: &Arc<Self>, owner: &str, bytes: u64) -> Option<Reservation> {
        if bytes <= MAX_BYTES_WITHOUT_ROOM {
            return Some(Reservation::default());
        }
        self.try_enter(owner, Lane::of(bytes), bytes)
    }

    fn try_take_ahead(self: &Arc<Self>, owner: &str, bytes: u64) -> Option<Reservation> {
        if bytes > MAX_BYTES_WITHOUT_ROOM {
            return None;
        }
        self.try_enter(owner, Lane::Ahead, bytes)
    }

    fn try_enter(self: &Arc<Self>, owner: &str, lane: Lane, bytes: u64) -> Option<Reservation> {
        let (place, mut grant) = self.enter(owner, lane, bytes);
        grant
            .try_recv()
            .ok()
            .map(|()| Reservation(Some(Arc::new(place))))
    }

    async fn take(self: &Arc<Self>, owner: &str, bytes: u64) -> Reservation {
        if bytes <= MAX_BYTES_WITHOUT_ROOM {
            return Reservation::default();
        }
        let (mut place, grant) = self.enter(owner, Lane::of(bytes), bytes);
        // The sender is in the queue until it is used.
        let _ = grant.await;
        place.since = Instant::now();
        Reservation(Some(Arc::new(place)))
    }
}

/// Room for `bytes` of `owner`, if there is enough now.
pub(super) fn try_take(owner: &str, bytes: u64) -> Option<Reservation> {
    ROOM.try_take(owner, bytes)
}

/// Room for `bytes` of `owner` that are fetched before their turn, if there is enough now and they are few.
pub(super) fn try_take_ahead(owner: &str, bytes: u64) -> Option<Reservation> {
    ROOM.try_take_ahead(owner, bytes)
}

/// Waits until there is room for `bytes` of `owner`, which takes no time away from the artifact that they
/// are for.
pub(super) async fn take(owner: &str, bytes: u64) -> Reservation {
    allowance::while_waiting(ROOM.take(owner, bytes)).await
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::time::advance;

    use super::*;

    const MEBIBYTE: u64 = 1024 * 1024;

    fn room() -> Arc<Room> {
        Arc::default()
    }

    #[tokio::test]
    async fn what_is_smaller_passes_what_waits() {
        let room = room();
        let held = room.try_take("a", 20 * MEBIBYTE).unwrap();
        let mut waiting = Box::pin(room.take("b", 20 * MEBIBYTE));
        assert!(waiting.as_mut().now_or_never().is_none());
        for bytes in [1, MAX_BYTES_WITHOUT_ROOM, 200 * 1024, MAX_MEDIUM_BYTES] {
            assert!(room.try_take("a", bytes).is_some(), "{bytes}");
        }
        drop(held);
        assert_eq!(waiting.now_or_never().unwrap().bytes(), 20 * MEBIBYTE);
    }

    #[tokio::test]
    async fn the_largest_gets_its_turn() {
        let room = room();
        let before = room.try_take("a", 2 * MEBIBYTE).unwrap();
        let mut largest = Box::pin(room.take("b", MAX_ENVELOPE_BYTES));
        assert!(largest.as_mut().now_or_never().is_none());
        // Who comes later and would have room does not take it.
        assert!(room.try_take("c", 2 * MEBIBYTE).is_none());
        let mut later = Box::pin(room.take("c", 2 * MEBIBYTE));
        assert!(later.as_mut().now_or_never().is_none());
        drop(before);
        let largest = largest.now_or_never().unwrap();
        assert!(later.as_mut().now_or_never().is_none());
        drop(largest);
        assert!(later.now_or_never().is_some());
    }

    #[tokio::test]
    async fn one_registry_leaves_room_for_the_others() {
        for (bytes, most) in [(MAX_MEDIUM_BYTES, 4), (4 * MEBIBYTE, 4), (30 * MEBIBYTE, 1)] {
            let room = room();
            let held: Vec<Reservation> = (0..64).map_while(|_| room.try_take("a", bytes)).collect();
            assert_eq!(held.len(), most, "{bytes}");
            let small = bytes.min(4 * MEBIBYTE);
            let is_alone = bytes > Lane::Large.share();
            assert_eq!(room.try_take("b", small).is_none(), is_alone, "{bytes}");
        }
    }

    #[tokio::test]
    async fn registries_take_turns() {
        let room = room();
        let held = room.try_take("a", 30 * MEBIBYTE).unwrap();
        let mut more: Vec<_> = (0..7)
            .map(|_| Box::pin(room.take("a", 30 * MEBIBYTE)))
            .collect();
        for waiting in &mut more {
            assert!(waiting.as_mut().now_or_never().is_none());
        }
        let mut other = Box::pin(room.take("b", 30 * MEBIBYTE));
        assert!(other.as_mut().now_or_never().is_none());
        drop(held);
        assert!(other.now_or_never().is_some(), "it came last, and is next");
        assert!(more.remove(0).now_or_never().is_some());
        // Who stops waiting leaves its place.
        drop(more);
        assert!(room.try_take("c", MAX_ENVELOPE_BYTES).is_some());
    }

    #[test]
    fn what_comes_before_its_turn_takes_no_room_from_others() {
        let room = room();
        assert!(
            room.try_take_ahead("a", MAX_BYTES_WITHOUT_ROOM + 1)
                .is_none()
        );
        let take = |owner| -> Vec<Reservation> {
            let each = (0..100).map_while(|_| room.try_take_ahead(owner, 64 * 1024));
            each.collect()
        };
        let (one, other) = (take("a"), take("b"));
        assert_eq!((one.len(), other.len()), (16, 16), "half for each");
        assert!(room.try_take_ahead("c", 1).is_none());
        assert!(room.try_take("c", MAX_MEDIUM_BYTES).is_some());
        assert!(room.try_take("c", MAX_ENVELOPE_BYTES).is_some());
        drop(one);
        assert!(room.try_take_ahead("c", 1).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn room_is_owed_once_it_is_late_and_another_waits() {
        let room = room();
        let held = room.try_take("a", 30 * MEBIBYTE).unwrap();
        let mut owed = Box::pin(held.is_owed(MEBIBYTE));
        assert!(owed.as_mut().now_or_never().is_none());
        advance(time_for(MEBIBYTE)).await;
        assert!(owed.as_mut().now_or_never().is_none(), "nobody waits");
        let mut own = Box::pin(room.take("a", 30 * MEBIBYTE));
        assert!(own.as_mut().now_or_never().is_none());
        assert!(
            owed.as_mut().now_or_never().is_none(),
            "only its owner waits"
        );
        let mut other = Box::pin(room.take("b", 30 * MEBIBYTE));
        assert!(other.as_mut().now_or_never().is_none());
        assert_eq!(owed.now_or_never(), Some(time_for(MEBIBYTE)));
        let on_time = held.is_owed(2 * MEBIBYTE).now_or_never();
        assert!(on_time.is_none(), "more has come");
        let small = room.try_take("a", MAX_MEDIUM_BYTES).unwrap();
        advance(Duration::from_hours(1)).await;
        assert!(small.is_owed(0).now_or_never().is_none(), "in another lane");
        assert!(Reservation::default().is_owed(0).now_or_never().is_none());
    }
}
