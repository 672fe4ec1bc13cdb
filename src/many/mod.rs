//! Work on many items at once: so many of one registry and so many in all, answered in the order of the items
//! or as the answers come.
//!
//! Input: a stream of items and the [`Work`] that one of them is. Output: a [`Many`], which gives an [`Event`] for
//! everything that happens. Items are read as they are needed, and no more than
//! [`MAX_WAITING_ITEMS`](crate::limits::MAX_WAITING_ITEMS) wait, so that memory does not grow with their number. A
//! slow registry holds up only its own items, a [`Stop`] ends the rest after a failure or at an interrupt, and
//! every item that was read has an answer, also the one that it was not tried.

mod answers;
mod engine;
mod lanes;
mod progress;
mod stop;
#[cfg(test)]
mod tests;
mod work;

pub use crate::allowance::{Allowance, Exhausted};
pub use engine::{Answer, Event, Many};
pub use progress::Progress;
pub(crate) use stop::unless_stopped;
pub use stop::{NotTried, Stop};
pub use work::{Options, Order, Work};
