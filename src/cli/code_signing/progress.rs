//! Progress on a package, on a terminal; silent if stderr is not one.

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::output::one_line;
use crate::cli::terminal;
use crate::code_signing::signing::Step;
use crate::limits::PROGRESS_TICK;

/// A line for each package.
#[derive(Debug)]
pub(super) struct Lines(MultiProgress);

impl Lines {
    pub(super) fn new() -> Self {
        let target = if terminal::has_bars() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self(MultiProgress::with_draw_target(target))
    }

    /// The line of a package.
    pub(super) fn line(&self, package: &str) -> Line {
        let bar = self.0.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_prefix(one_line(package));
        if terminal::has_bars() {
            bar.enable_steady_tick(PROGRESS_TICK);
        }
        Line(bar)
    }

    /// Takes the lines away while something is written.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }
}

/// The line of a package, which goes with it.
#[derive(Debug)]
pub(super) struct Line(ProgressBar);

impl Line {
    pub(super) fn show(&self, step: Step) {
        self.0.set_message(match step {
            Step::Uploading => "uploading",
            Step::Signing => "waiting for AWS Signer",
            Step::Fetching => "fetching the signed package",
        });
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
