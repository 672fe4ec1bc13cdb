//! Outcomes in the order in which they are answered: those that came early wait.

use std::collections::BTreeMap;

use super::work::Order;
use crate::limits::MAX_HELD_SIGNATURES;

#[derive(Debug)]
pub(super) struct AnswerQueue<O> {
    order: Order,
    /// With their weights.
    early: BTreeMap<usize, (usize, O)>,
    weight: usize,
    next: usize,
}

impl<O> AnswerQueue<O> {
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            early: BTreeMap::new(),
            weight: 0,
            next: 0,
        }
    }

    /// Whether the item at `index` may begin: its outcome will find room, or need none.
    pub(super) fn may_begin(&self, index: usize) -> bool {
        self.weight < MAX_HELD_SIGNATURES || index == self.next
    }

    pub(super) fn add(&mut self, index: usize, weight: usize, outcome: O) {
        let weight = weight.max(1);
        self.weight = self.weight.saturating_add(weight);
        self.early.insert(index, (weight, outcome));
    }

    /// An outcome whose turn it is.
    pub(super) fn take(&mut self) -> Option<(usize, O)> {
        let first = self.early.first_entry()?;
        if self.order == Order::AsGiven && *first.key() != self.next {
            return None;
        }
        let (index, (weight, outcome)) = first.remove_entry();
        self.weight = self.weight.saturating_sub(weight);
        self.next = self.next.saturating_add(1);
        Some((index, outcome))
    }
}
