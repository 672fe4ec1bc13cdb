//! A bar on stderr while several artifacts are signed; silent if stderr is not a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::terminal;

/// The bar.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar for `count` artifacts; none for a single one, and where the number is not known.
    pub(super) fn new(count: Option<usize>) -> Self {
        let count = count.unwrap_or_default();
        let target = if count > 1 && terminal::has_bars() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let length = u64::try_from(count).unwrap_or(u64::MAX);
        let bar = ProgressBar::with_draw_target(Some(length), target);
        if let Ok(style) = ProgressStyle::with_template("signing [{bar:40}] {pos}/{len} {elapsed}")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.tick();
        Self(bar)
    }

    /// One artifact more is done with.
    pub(super) fn advance(&self) {
        self.0.inc(1);
    }

    /// Takes the bar away while something is written.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.0.finish_and_clear();
    }
}
