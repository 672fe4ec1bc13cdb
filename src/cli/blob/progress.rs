//! How much of a file was read, as a bar on a terminal's stderr, and nowhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::blob::Blob;
use crate::cli::terminal;

/// The bar; gone when it is dropped.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// A bar for reading `blob` once.
    pub(super) fn new(blob: &Blob) -> Self {
        let target = if terminal::has_bars() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(blob.size()), target);
        if let Ok(style) =
            ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows that so many bytes were read.
    pub(super) fn show(&self, bytes: u64) {
        self.0.set_position(bytes);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
