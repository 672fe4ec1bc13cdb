//! What is done with each item, and how many items share a command.

use super::stop::{NotTried, Stop};
use crate::allowance::Allowance;

/// The work on one item of many. Each item gets a clone, which is a reference or little more.
pub trait Work: Clone + Send {
    /// What is worked on.
    type Item: Send;
    /// What becomes of an item.
    type Outcome: Send;

    /// Items of one lane that are worked on at the same time, unless [`Options`] say otherwise.
    const MOST_OF_ONE_LANE: usize;

    /// What the item shares with those that one slow server would hold up together, a registry's name for example.
    fn lane(&self, item: &Self::Item) -> String;

    /// The work on the item at this position of the stream. What must not be begun any more, or is to be broken
    /// off, after a failure or at an interrupt asks its [`Stop`] itself.
    fn run(self, index: usize, item: Self::Item) -> impl Future<Output = Self::Outcome> + Send;

    /// The outcome of an item that was not begun.
    fn not_tried(&self, item: Self::Item, reason: NotTried) -> Self::Outcome;

    /// Whether the outcome is a failure, after which nothing more is begun where [`Options`] say so.
    fn is_failure(outcome: &Self::Outcome) -> bool;

    /// How much the outcome holds while it waits for those before it, in signatures; at least one counts.
    fn weight(_outcome: &Self::Outcome) -> usize {
        1
    }
}

/// In which order answers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// In the order of the items. Nothing more is begun while
    /// [`MAX_HELD_SIGNATURES`](crate::limits::MAX_HELD_SIGNATURES) wait behind the first one.
    #[default]
    AsGiven,
    /// Each as soon as it is there.
    AsTheyCome,
}

/// How many items are worked on at once, and what ends it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// In which order answers come.
    pub order: Order,
    /// Items of one lane at the same time; nothing for as many as the kind of work allows.
    pub most_of_one_lane: Option<usize>,
    /// Whether nothing more is begun after a failure.
    pub stops_at_failure: bool,
    /// Whose time ends everything: the whole command's.
    pub whole: Option<Allowance>,
    /// What ends it before. Clones of these options share it, so that what it ended stays ended.
    pub stop: Stop,
}

impl Options {
    /// The same with answers in this order.
    #[must_use]
    pub fn in_order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// The same with this many items of one lane at the same time, at least one.
    #[must_use]
    pub fn with_most_of_one_lane(self, most: usize) -> Self {
        Self {
            most_of_one_lane: Some(most),
            ..self
        }
    }

    /// The same, where nothing more is begun after a failure.
    #[must_use]
    pub fn stopping_at_failure(self, stops_at_failure: bool) -> Self {
        Self {
            stops_at_failure,
            ..self
        }
    }

    /// The same within this time.
    #[must_use]
    pub fn within(self, whole: Option<Allowance>) -> Self {
        Self { whole, ..self }
    }

    /// The same, ended by this.
    #[must_use]
    pub fn ended_by(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }
}
