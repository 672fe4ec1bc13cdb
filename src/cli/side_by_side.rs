//! Several artifacts at the same time: so many of one registry and so many in all, so that a slow registry,
//! one of many, holds up no artifact of another.

use std::collections::{BTreeMap, VecDeque};

use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::limits::{MAX_CONCURRENT_ARTIFACTS, MAX_HELD_SIGNATURES};
use crate::reference::ArtifactReference;

/// Work on items of several lanes; a lane has those of one registry.
pub(super) struct SideBySide<'a, O> {
    begin: Box<dyn Fn(usize) -> LocalBoxFuture<'a, O> + 'a>,
    lanes: Vec<Lane>,
    /// The lane of each item.
    lane_of: Vec<usize>,
    most_of_one: usize,
    running: FuturesUnordered<LocalBoxFuture<'a, (usize, O)>>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<usize>,
    running: usize,
}

/// What an artifact's registry is called, or its layout.
pub(super) fn lane(reference: &ArtifactReference) -> String {
    match reference {
        ArtifactReference::Registry(reference) => reference.registry().to_ascii_lowercase(),
        // Directories are of this machine, and are one lane.
        ArtifactReference::Layout(_) => String::new(),
    }
}

impl<'a, O: 'a> SideBySide<'a, O> {
    /// `lanes` has the lane of each item, `begin` the work on the item of a number.
    pub(super) fn new(
        lanes: impl IntoIterator<Item = String>,
        most_of_one: usize,
        begin: impl Fn(usize) -> LocalBoxFuture<'a, O> + 'a,
    ) -> Self {
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let mut all: Vec<Lane> = Vec::new();
        let mut lane_of = Vec::new();
        for (item, name) in lanes.into_iter().enumerate() {
            let lane = *known.entry(name).or_insert_with(|| {
                all.push(Lane::default());
                all.len().saturating_sub(1)
            });
            lane_of.push(lane);
            if let Some(lane) = all.get_mut(lane) {
                lane.waiting.push_back(item);
            }
        }
        // Several slow registries leave the others their part, too.
        let part = MAX_CONCURRENT_ARTIFACTS / all.len().max(1);
        Self {
            begin: Box::new(begin),
            lanes: all,
            lane_of,
            most_of_one: most_of_one.min(part.max(1)),
            running: FuturesUnordered::new(),
        }
    }

    /// Begins what may be begun, the first items first. `may_begin` has to let the first one begin that
    /// has not ended.
    fn begin(&mut self, may_begin: impl Fn(usize) -> bool) {
        while self.running.len() < MAX_CONCURRENT_ARTIFACTS {
            let most = self.most_of_one;
            let free = self.lanes.iter_mut().filter(|lane| lane.running < most);
            let first = free.min_by_key(|lane| lane.waiting.front().copied().unwrap_or(usize::MAX));
            let Some(lane) = first else { return };
            let Some(item) = lane.waiting.pop_front_if(|item| may_begin(*item)) else {
                return;
            };
            lane.running = lane.running.saturating_add(1);
            let work = (self.begin)(item);
            self.running
                .push(Box::pin(async move { (item, work.await) }));
        }
    }

    async fn next_of(&mut self, may_begin: impl Fn(usize) -> bool) -> Option<(usize, O)> {
        self.begin(may_begin);
        let (item, outcome) = self.running.next().await?;
        let lane = self.lane_of.get(item).copied().unwrap_or_default();
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.running = lane.running.saturating_sub(1);
        }
        Some((item, outcome))
    }

    /// The next item that ends, with its outcome.
    pub(super) async fn next(&mut self) -> Option<(usize, O)> {
        self.next_of(|_| true).await
    }
}

/// The same with the outcomes in the order of the items. What ends early is held, as much as is allowed.
pub(super) struct InOrder<'a, O> {
    work: SideBySide<'a, O>,
    /// How many signatures an outcome tells of.
    weigh: fn(&O) -> usize,
    early: BTreeMap<usize, O>,
    held: usize,
    next: usize,
}

impl<'a, O: 'a> InOrder<'a, O> {
    pub(super) fn new(work: SideBySide<'a, O>, weigh: fn(&O) -> usize) -> Self {
        Self {
            work,
            weigh,
            early: BTreeMap::new(),
            held: 0,
            next: 0,
        }
    }

    /// The outcome of the next item.
    pub(super) async fn next(&mut self) -> Option<O> {
        loop {
            if let Some(outcome) = self.early.remove(&self.next) {
                self.held = self.held.saturating_sub((self.weigh)(&outcome));
                self.next = self.next.saturating_add(1);
                return Some(outcome);
            }
            let (has_room, first) = (self.held < MAX_HELD_SIGNATURES, self.next);
            let may_begin = |item| has_room || item == first;
            let (item, outcome) = self.work.next_of(may_begin).await?;
            self.held = self.held.saturating_add((self.weigh)(&outcome));
            self.early.insert(item, outcome);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tokio::time::{Instant, sleep};

    use super::*;

    /// Milliseconds that the items of each lane take.
    fn work<'a>(lanes: &[(&str, u64)], begun: &'a RefCell<Vec<usize>>) -> SideBySide<'a, usize> {
        let times: Vec<u64> = lanes.iter().map(|(_, time)| *time).collect();
        let names = lanes.iter().map(|(lane, _)| (*lane).to_owned());
        SideBySide::new(names, 2, move |item| {
            begun.borrow_mut().push(item);
            let time = times[item];
            async move {
                sleep(Duration::from_millis(time)).await;
                item
            }
            .boxed_local()
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_lane_holds_up_no_other() {
        let begun = RefCell::default();
        let mut lanes = vec![("slow", 60_000); 50];
        lanes.extend([("quick", 10); 20]);
        let mut all = work(&lanes, &begun);
        let start = Instant::now();
        let mut quick = 0;
        while let Some((item, _)) = all.next().await {
            quick += usize::from(item >= 50);
            if quick == 20 {
                break;
            }
        }
        assert_eq!(start.elapsed(), Duration::from_millis(100));
        assert_eq!(begun.borrow().iter().filter(|item| **item < 50).count(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn many_slow_lanes_leave_the_others_their_part() {
        let begun = RefCell::default();
        let names: Vec<String> = (0..40).map(|lane| lane.to_string()).collect();
        let mut lanes: Vec<(&str, u64)> = Vec::new();
        for name in &names {
            lanes.extend([(name.as_str(), 60_000); 3]);
        }
        lanes.push(("quick", 10));
        let mut all = work(&lanes, &begun);
        let start = Instant::now();
        assert_eq!(all.next().await, Some((120, 120)));
        assert_eq!(start.elapsed(), Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn answers_come_in_order_and_the_first_is_always_begun() {
        let begun = RefCell::default();
        let lanes = [("a", 50), ("b", 1), ("a", 30), ("b", 20), ("c", 1)];
        let mut all = InOrder::new(work(&lanes, &begun), |_| 0);
        let mut order = Vec::new();
        while let Some(item) = all.next().await {
            order.push(item);
        }
        assert_eq!(order, [0, 1, 2, 3, 4]);
        // Each is too heavy for a second one to be held beside it.
        let begun = RefCell::default();
        let mut lanes = vec![("a", 50), ("b", 1)];
        lanes.extend([("c", 1); 5]);
        let mut all = InOrder::new(work(&lanes, &begun), |_| MAX_HELD_SIGNATURES);
        assert_eq!(all.next().await, Some(0));
        assert_eq!(*begun.borrow(), [0, 1, 2, 3]);
        let mut rest = Vec::new();
        while let Some(item) = all.next().await {
            rest.push(item);
        }
        assert_eq!(rest, [1, 2, 3, 4, 5, 6]);
    }
}
