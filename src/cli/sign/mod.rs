//! `countersign sign`: signs artifacts in registries or in OCI image layouts, several at a time.

mod args;
mod job;
mod progress;
mod rerun;
mod text;

use futures_util::stream;

pub(super) use args::Args;

use super::interrupts::Interrupts;
use super::output::{CommandOutput, Exit};
use super::patience::telling;
use super::reader;
use crate::many::{self, Event};
use crate::report::{ArtifactSigning, Results, SigningEnd};
use crate::sign::many::{Batch, End, Outcome};
use args::Output;
use job::Job;
use progress::Bar;
use rerun::Rerun;

pub(super) async fn run(args: Args, emit: &mut dyn FnMut(CommandOutput)) {
    let output = args.many.output;
    let job = match Job::prepare(&args) {
        Ok(job) => job,
        Err(report) if output == Output::Json => return emit(unusable(report)),
        Err(report) => return emit(report),
    };
    let rerun = job.rerun;
    emit(CommandOutput {
        stderr: job.notes,
        ..CommandOutput::done()
    });
    let batch = Batch::new(&job.signer, job.registry, job.options)
        .if_missing(job.if_missing)
        .allowing(job.allowed);
    let is_one_of_several = job.references.len() > 1;
    let bar = Bar::new(job.references.len());
    let options = many::Options::default().stopping_at_failure(!job.keeps_going);
    let mut signing = batch.sign(stream::iter(job.references), options);
    // Without them an interrupt ends the program at once, as it does by default.
    if let Ok(interrupts) = Interrupts::new() {
        signing = signing.interrupted_by(interrupts.into_stream());
    }
    let mut results = Results::default();
    let mut outcomes = Vec::new();
    while let Some(event) = telling("signing", signing.progress(), signing.next()).await {
        match (event, output) {
            (Event::Ended, _) => bar.advance(),
            (Event::Interrupted, Output::Text) => bar.aside(|| emit(text::interrupted())),
            (Event::Interrupted, Output::Json) => {}
            (Event::Answer(answer), output) => {
                let report = match output {
                    Output::Text => text::report(&answer.outcome, is_one_of_several),
                    Output::Json => CommandOutput {
                        stdout: results
                            .add(&ArtifactSigning::new(&answer.outcome, reader::current())),
                        ..CommandOutput::done()
                    },
                };
                bar.aside(|| emit(report));
                outcomes.push(answer.outcome);
            }
        }
    }
    bar.end();
    emit(end(output, &outcomes, results, &rerun));
}

/// What is said once every reference has its outcome.
fn end(output: Output, outcomes: &[Outcome], results: Results, rerun: &Rerun) -> CommandOutput {
    let exits = outcomes
        .iter()
        .map(|outcome| Exit::of_signing(&outcome.end));
    let mut report = CommandOutput {
        exit: exits.fold(Exit::Done, Exit::worse),
        ..CommandOutput::done()
    };
    let was_tried = |outcome: &Outcome| !matches!(outcome.end, End::NotTried(_));
    match (output, outcomes) {
        (Output::Json, _) => {
            let end = SigningEnd::new(text::counts(outcomes), report.exit);
            report.stdout = results.end(&end);
        }
        // One that was tried has said everything.
        (Output::Text, [one]) if was_tried(one) => {}
        (Output::Text, _) => {
            report.stderr = text::summary(outcomes, rerun.advice(outcomes).as_deref());
        }
    }
    report
}

/// The answer where nothing could be begun with: the document has no results, and what the report
/// says as its error.
fn unusable(report: CommandOutput) -> CommandOutput {
    let end = SigningEnd::not_begun(report.exit, report.not_begun());
    CommandOutput {
        stdout: Results::default().end(&end),
        ..report
    }
}
