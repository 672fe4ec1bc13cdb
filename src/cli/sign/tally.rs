//! What is kept of the references that are done with: numbers, and for a list of unknown length nothing else.

use std::fmt::Write as _;

use super::rerun::{Left, Rerun};
use super::text;
use crate::cli::output::Exit;
use crate::report::{SigningState, Summary};
use crate::sign::many::Outcome;

/// What became of all references so far.
pub(super) struct Tally {
    pub(super) counts: Summary,
    pub(super) exit: Exit,
    left: Left,
    /// How many there are, if that is known.
    count: Option<usize>,
    /// The summary's lines; empty for a list of unknown length, whose failures were printed as they came.
    lines: String,
}

impl Tally {
    pub(super) fn new(count: Option<usize>) -> Self {
        Self {
            counts: Summary::default(),
            exit: Exit::Done,
            left: Left::default(),
            count,
            lines: String::new(),
        }
    }

    /// Adds what became of one.
    pub(super) fn add(&mut self, outcome: &Outcome) {
        self.counts.count(SigningState::from(&outcome.end));
        self.exit = self.exit.worse(Exit::of_signing(&outcome.end));
        self.left.add(&outcome.end);
        if self.count.is_some() {
            let _ = writeln!(self.lines, "  {}", text::summary_line(outcome));
        }
    }

    /// The summary in words; nothing for a single one that was tried, which has said everything.
    pub(super) fn summary(&self, rerun: &Rerun) -> String {
        if self.count == Some(1) && self.counts.not_tried == 0 {
            return String::new();
        }
        let advice = rerun.advice(self.left);
        text::summary(self.counts, &self.lines, advice.as_deref())
    }

    /// Whether there are several references, as far as is known.
    pub(super) fn is_of_several(&self) -> bool {
        self.count != Some(1)
    }
}
