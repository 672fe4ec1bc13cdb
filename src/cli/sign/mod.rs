//! `countersign sign`: signs artifacts in registries or in OCI image layouts, several at a time.

mod args;
mod claims;
mod document;
mod if_missing;
mod job;
mod outcome;
mod progress;
mod stop;
mod text;

use std::cell::RefCell;
use std::collections::BTreeMap;

use futures_util::StreamExt as _;

pub(super) use args::Args;

use super::interrupts::Interrupts;
use super::report::Report;
use crate::limits::MAX_CONCURRENT_SIGNINGS;
use args::Output;
use job::Job;
use outcome::Outcome;
use progress::Progress;

pub(super) async fn run(args: Args, emit: &mut dyn FnMut(Report)) {
    let output = args.many.output;
    let job = match Job::prepare(&args) {
        Ok(job) => job,
        Err(report) if output == Output::Json => return emit(document::unusable(report)),
        Err(report) => return emit(report),
    };
    emit(Report {
        stderr: job.notes.clone(),
        ..Report::done()
    });
    let outcomes = sign_all(&job, |report| match output {
        Output::Text => emit(report),
        Output::Json => {}
    })
    .await;
    let mut report = Report::done();
    for outcome in &outcomes {
        report.exit = report.exit.worse(outcome.end.exit());
    }
    match output {
        Output::Json => {
            let document = document::document(&job.asked, &outcomes, report.exit);
            report.stdout = format!("{document:#}\n");
        }
        // One that was tried has said everything.
        Output::Text if outcomes.len() == 1 && !outcomes.iter().any(Outcome::was_not_tried) => {}
        Output::Text => report.stderr = text::summary(&job, &outcomes),
    }
    emit(report);
}

/// Signs everything. `emit` gets what is said of each reference, in the order given, as soon as it and
/// those before it are done.
async fn sign_all(job: &Job, emit: impl FnMut(Report)) -> Vec<Outcome> {
    let emit = RefCell::new(emit);
    let progress = Progress::new(job.asked.len());
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(job.asked.len());
    let work = async {
        let mut ends = futures_util::stream::iter(job.asked.iter().enumerate())
            .map(|(index, asked)| async move { (index, Box::pin(job.sign(index, asked)).await) })
            .buffer_unordered(MAX_CONCURRENT_SIGNINGS);
        let mut early = BTreeMap::new();
        while let Some((index, outcome)) = ends.next().await {
            progress.advance();
            early.insert(index, outcome);
            while let Some(outcome) = early.remove(&outcomes.len()) {
                if let Some(asked) = job.asked.get(outcomes.len()) {
                    let report = text::report(asked, &outcome, job.asked.len() > 1);
                    progress.aside(|| (emit.borrow_mut())(report));
                }
                outcomes.push(outcome);
            }
        }
    };
    let interrupted = || progress.aside(|| (emit.borrow_mut())(text::interrupted()));
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
