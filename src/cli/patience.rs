//! A line on stderr while nothing else is said: what a command waits for in a pipeline's log.

use std::io::IsTerminal as _;
use std::pin::pin;

use tokio::time::{Instant, interval_at};

use super::{output, terminal};
use crate::limits::PROGRESS_INTERVAL;
use crate::many::Progress;

/// How far a command is that is `doing` this, for example `signing`.
fn line(doing: &str, progress: Progress) -> String {
    let (ended, failed) = (progress.ended, progress.failed);
    let done = ended.saturating_sub(failed);
    match progress.all {
        Some(all) => {
            let waiting = all.saturating_sub(ended);
            format!("{doing}: {done} of {all} done, {failed} failed, waiting for {waiting}\n")
        }
        None => format!("{doing}: {done} done, {failed} failed, waiting for more\n"),
    }
}

/// The result of `work`. Where stderr is not a terminal, it is said every [`PROGRESS_INTERVAL`] how far the
/// command is that is `doing` this.
pub(super) async fn telling<T>(
    doing: &str,
    progress: Progress,
    work: impl Future<Output = T>,
) -> T {
    if std::io::stderr().is_terminal() || terminal::is_quiet() {
        return work.await;
    }
    telling_by(work, || {
        output::write_stderr(&line(doing, progress));
    })
    .await
}

async fn telling_by<T>(work: impl Future<Output = T>, mut tell: impl FnMut()) -> T {
    let mut work = pin!(work);
    let mut ticks = interval_at(Instant::now() + PROGRESS_INTERVAL, PROGRESS_INTERVAL);
    loop {
        tokio::select! {
            biased;
            result = &mut work => return result,
            _ = ticks.tick() => tell(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_line_is_said_for_each_interval_without_a_result() {
        for (intervals, lines) in [(0.9, 0), (1.5, 1), (3.5, 3)] {
            let mut told = 0;
            let work = tokio::time::sleep(PROGRESS_INTERVAL.mul_f64(intervals));
            telling_by(work, || told += 1).await;
            assert_eq!(told, lines, "{intervals}");
        }
    }

    #[test]
    fn the_line_says_what_is_done_failed_and_waited_for() {
        let mut progress = Progress::default();
        (progress.all, progress.ended, progress.failed) = (Some(10), 4, 1);
        assert_eq!(
            line("signing", progress),
            "signing: 3 of 10 done, 1 failed, waiting for 6\n"
        );
        progress.all = None;
        assert_eq!(
            line("signing", progress),
            "signing: 3 done, 1 failed, waiting for more\n"
        );
    }
}
