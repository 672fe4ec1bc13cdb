//! Items that wait, each in the lane of its registry.

use std::collections::{BTreeMap, VecDeque};

use crate::limits::MAX_CONCURRENT_ARTIFACTS;

/// The lanes that have items, waiting or running.
#[derive(Debug)]
pub(super) struct Lanes<I> {
    by_name: BTreeMap<String, Lane<I>>,
    waiting: usize,
    most_of_one: usize,
}

#[derive(Debug)]
struct Lane<I> {
    waiting: VecDeque<(usize, I)>,
    running: usize,
}

/// An item whose turn it is.
pub(super) struct Turn<I> {
    pub(super) index: usize,
    pub(super) item: I,
    pub(super) lane: String,
}

impl<I> Lanes<I> {
    pub(super) fn new(most_of_one: usize) -> Self {
        Self {
            by_name: BTreeMap::new(),
            waiting: 0,
            most_of_one: most_of_one.max(1),
        }
    }

    /// How many items wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(super) fn add(&mut self, lane: String, index: usize, item: I) {
        let lane = self.by_name.entry(lane).or_insert_with(|| Lane {
            waiting: VecDeque::new(),
            running: 0,
        });
        lane.waiting.push_back((index, item));
        self.waiting = self.waiting.saturating_add(1);
    }

    /// The first item of those whose lanes have room, if it is one that may begin. The first one of all that have
    /// not ended is alone in its lane, so that it always has room.
    pub(super) fn begin(&mut self, may_begin: impl Fn(usize) -> bool) -> Option<Turn<I>> {
        // Several slow registries leave the others their part, too.
        let part = MAX_CONCURRENT_ARTIFACTS / self.by_name.len().max(1);
        let most = self.most_of_one.min(part.max(1));
        let free = self
            .by_name
            .iter_mut()
            .filter(|(_, lane)| lane.running < most);
        let first = |lane: &Lane<I>| lane.waiting.front().map(|(index, _)| *index);
        let (_, name, lane) = free
            .filter_map(|(name, lane)| Some((first(lane)?, name, lane)))
            .min_by_key(|(index, _, _)| *index)?;
        let (index, item) = lane.waiting.pop_front_if(|(index, _)| may_begin(*index))?;
        lane.running = lane.running.saturating_add(1);
        self.waiting = self.waiting.saturating_sub(1);
        let lane = name.clone();
        Some(Turn { index, item, lane })
    }

    /// An item of this lane has ended.
    pub(super) fn end(&mut self, name: &str) {
        let Some(lane) = self.by_name.get_mut(name) else {
            return;
        };
        lane.running = lane.running.saturating_sub(1);
        if lane.running == 0 && lane.waiting.is_empty() {
            self.by_name.remove(name);
        }
    }
}
