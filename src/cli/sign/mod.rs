//! `countersign sign`: signs artifacts in registries or in OCI image layouts, several at a time.

mod args;
mod claims;
mod document;
mod if_missing;
mod job;
mod outcome;
mod progress;
mod signature;
mod stop;
mod text;

use std::cell::RefCell;
use std::collections::BTreeMap;

pub(super) use args::Args;

use super::interrupts::Interrupts;
use super::output::{CommandOutput, Exit};
use super::patience;
use super::side_by_side::{SideBySide, lane};
use crate::limits::MAX_CONCURRENT_SIGNINGS;
use crate::report::{Results, SigningEnd};
use args::Output;
use job::{Asked, Job};
use outcome::Outcome;
use progress::Progress;

pub(super) async fn run(args: Args, emit: &mut dyn FnMut(CommandOutput)) {
    let output = args.many.output;
    let job = match Job::prepare(&args) {
        Ok(job) => job,
        Err(report) if output == Output::Json => return emit(document::unusable(report)),
        Err(report) => return emit(report),
    };
    emit(CommandOutput {
        stderr: job.notes.clone(),
        ..CommandOutput::done()
    });
    let mut results = Results::default();
    let outcomes = sign_all(&job, |told| match (told, output) {
        (Event::Outcome(asked, outcome), Output::Text) => {
            emit(text::report(asked, outcome, job.asked.len() > 1));
        }
        (Event::Outcome(asked, outcome), Output::Json) => emit(CommandOutput {
            stdout: results.add(&document::result(asked, outcome)),
            ..CommandOutput::done()
        }),
        (Event::Interrupted, Output::Text) => emit(text::interrupted()),
        (Event::Interrupted, Output::Json) => {}
    })
    .await;
    let mut report = CommandOutput::done();
    for outcome in &outcomes {
        report.exit = report.exit.worse(outcome.end.exit());
    }
    match output {
        Output::Json => {
            let end = SigningEnd::new(text::counts(&outcomes), report.exit);
            report.stdout = results.end(&end);
        }
        // One that was tried has said everything.
        Output::Text if outcomes.len() == 1 && !outcomes.iter().any(Outcome::was_not_tried) => {}
        Output::Text => report.stderr = text::summary(&job, &outcomes),
    }
    emit(report);
}

/// Something that is told while the command runs.
enum Event<'a> {
    /// What became of a reference.
    Outcome(&'a Asked, &'a Outcome),
    /// An interrupt came.
    Interrupted,
}

/// Signs everything. `emit` gets what became of each reference, in the order given, as soon as it and
/// those before it are done.
async fn sign_all(job: &Job, emit: impl FnMut(Event<'_>)) -> Vec<Outcome> {
    let emit = RefCell::new(emit);
    let progress = Progress::new(job.asked.len());
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(job.asked.len());
    let work = async {
        let lanes = job.asked.iter().map(|asked| lane(&asked.reference));
        let mut ends = SideBySide::new(lanes, MAX_CONCURRENT_SIGNINGS, |index| {
            Box::pin(job.sign_nth(index))
        });
        let mut early = BTreeMap::new();
        let mut failed = 0;
        for ended in 0.. {
            let far = patience::Progress {
                doing: "signing",
                all: job.asked.len(),
                ended,
                failed,
            };
            let Some((index, Some(outcome))) = patience::telling(far, ends.next()).await else {
                break;
            };
            failed += usize::from(outcome.end.exit() != Exit::Done);
            progress.advance();
            early.insert(index, outcome);
            while let Some(outcome) = early.remove(&outcomes.len()) {
                if let Some(asked) = job.asked.get(outcomes.len()) {
                    progress.aside(|| (emit.borrow_mut())(Event::Outcome(asked, &outcome)));
                }
                outcomes.push(outcome);
            }
        }
    };
    let interrupted = || progress.aside(|| (emit.borrow_mut())(Event::Interrupted));
    match Interrupts::new() {
        Ok(interrupts) => tokio::select! {
            biased;
            () = job.stop.listen(interrupts, interrupted) => {}
            () = work => {}
        },
        // An interrupt then ends the program at once, as it does by default.
        Err(_) => work.await,
    }
    progress.end();
    outcomes
}
