//! Progress on a package, on a terminal; silent if stderr is not one.

use std::sync::OnceLock;

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

    /// The line of a package, which is shown from its first step on.
    pub(super) fn line(&self, package: &str) -> Line {
        Line {
            lines: self.0.clone(),
            package: one_line(package),
            bar: OnceLock::new(),
        }
    }

    /// Takes the lines away while something is written.
    pub(super) fn aside(&self, write: impl FnOnce()) {
        self.0.suspend(write);
    }
}

/// The line of a package, which goes with it.
#[derive(Debug)]
pub(super) struct Line {
    lines: MultiProgress,
    package: String,
    bar: OnceLock<ProgressBar>,
}

impl Line {
    pub(super) fn show(&self, step: Step) {
        let bar = self.bar.get_or_init(|| self.begin());
        bar.set_message(match step {
            Step::Uploading => "uploading",
            Step::Signing => "waiting for AWS Signer",
            Step::Fetching => "fetching the signed package",
        });
    }

    fn begin(&self) -> ProgressBar {
        let bar = self.lines.add(ProgressBar::new_spinner());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix}: {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_prefix(self.package.clone());
        if terminal::has_bars() {
            bar.enable_steady_tick(PROGRESS_TICK);
        }
        bar
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
