//! A bar on stderr while several artifacts are worked on: how many are done and failed, how many a second, and the time
//! left. Nothing where stderr is not a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::patience::telling;
use super::terminal;
use crate::limits::FIRST_RATE_AFTER;
use crate::many::{Answer, Event, Many, Progress, Work};

/// The bar.
pub(super) struct Bar {
    bar: ProgressBar,
    begun: Instant,
}

impl Bar {
    /// A bar for a command that is `doing` this, for example `signing`, to `all` artifacts, if that is known; none for a
    /// single one.
    pub(super) fn new(doing: &str, all: Option<usize>) -> Self {
        let target = if all != Some(1) && terminal::has_bars() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(all.map(as_u64), target);
        let template = match all {
            Some(_) => format!("{doing} [{{bar:20}}] {{msg}}"),
            None => format!("{doing} {{msg}}"),
        };
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.progress_chars("=> "));
        }
        let bar = Self {
            bar,
            begun: Instant::now(),
        };
        bar.show(Progress {
            all,
            ..Progress::default()
        });
        bar
    }

    /// Shows how far the command is.
    pub(super) fn show(&self, progress: Progress) {
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_message(words(progress, self.begun.elapsed()));
        self.bar.set_position(as_u64(progress.ended));
    }

    /// The next answer of a command that is `doing` this; every item that ends before it is shown.
    pub(super) async fn answer<'a, W: Work + 'a>(
        &self,
        doing: &str,
        many: &mut Many<'a, W>,
    ) -> Option<Answer<W::Outcome>> {
        let progress = many.progress();
        let answer = async {
            loop {
                match many.next().await? {
                    Event::Answer(answer) => break Some(answer),
                    Event::Ended | Event::Interrupted => self.show(many.progress()),
                }
            }
        };
        telling(doing, progress, answer).await
    }

    /// Takes the bar away while something is written.
    pub(super) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn as_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// What is said of the progress after this time.
fn words(progress: Progress, elapsed: Duration) -> String {
    let Progress { all, ended, failed } = progress;
    let done = ended.saturating_sub(failed);
    let mut words = match all {
        Some(all) => format!("{done} of {all} done, {failed} failed"),
        None => format!("{done} done, {failed} failed"),
    };
    if ended == 0 || elapsed < FIRST_RATE_AFTER {
        return words;
    }
    let millis = elapsed.as_millis();
    let tenths = u128::from(as_u64(ended)) * 10_000 / millis;
    let _ = write!(words, ", {}.{} a second", tenths / 10, tenths % 10);
    if let Some(left) = all.map(|all| all.saturating_sub(ended)) {
        let seconds =
            (u128::from(as_u64(left)) * millis / u128::from(as_u64(ended))).div_ceil(1_000);
        let (minutes, seconds) = (seconds / 60, seconds % 60);
        let _ = match minutes {
            0 => write!(words, ", {seconds} s left"),
            _ => write!(words, ", {minutes} min {seconds} s left"),
        };
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_says_what_is_done_failed_how_fast_and_how_long_it_takes() {
        for (all, ended, failed, millis, wanted) in [
            (Some(50), 0, 0, 9_000, "0 of 50 done, 0 failed"),
            (Some(50), 10, 1, 999, "9 of 50 done, 1 failed"),
            (
                Some(50),
                10,
                1,
                4_000,
                "9 of 50 done, 1 failed, 2.5 a second, 16 s left",
            ),
            (
                Some(5_000),
                10,
                0,
                4_000,
                "10 of 5000 done, 0 failed, 2.5 a second, 33 min 16 s left",
            ),
            (
                Some(3),
                3,
                3,
                60_000,
                "0 of 3 done, 3 failed, 0.0 a second, 0 s left",
            ),
            (None, 10, 0, 4_000, "10 done, 0 failed, 2.5 a second"),
            (None, 0, 0, 0, "0 done, 0 failed"),
        ] {
            let mut progress = Progress::default();
            (progress.all, progress.ended, progress.failed) = (all, ended, failed);
            assert_eq!(words(progress, Duration::from_millis(millis)), wanted);
        }
    }
}
