//! `countersign sign`: signs artifacts in registries or in OCI image layouts, several at a time.

mod args;
mod job;
mod rerun;
mod tally;
mod text;

pub(super) use args::Args;

use super::args::Output;
use super::bar::Bar;
use super::descriptors;
use super::interrupts::Interrupts;
use super::output::CommandOutput;
use super::patience::telling;
use super::reader;
use crate::many::{self, Event};
use crate::report::{ArtifactSigning, Results, SigningEnd};
use job::Job;
use tally::Tally;

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
    let batch = job.signer.batch();
    let batch = batch.if_missing(job.if_missing).allowing(job.allowed);
    let mut tally = Tally::new(job.references.count());
    let bar = Bar::new("signing", job.references.count());
    if job.references.are_several() {
        descriptors::allow_many();
    }
    let (references, reading) = job.references.stream();
    let options = many::Options::default().stopping_at_failure(!job.keeps_going);
    let mut signing = batch.sign(references, options);
    // Without them an interrupt ends the program at once, as it does by default.
    if let Ok(interrupts) = Interrupts::new() {
        signing = signing.interrupted_by(interrupts.into_stream());
    }
    let mut results = Results::default();
    while let Some(event) = telling("signing", signing.progress(), signing.next()).await {
        match (event, output) {
            (Event::Ended, _) => bar.show(signing.progress()),
            (Event::Interrupted, Output::Text) => bar.aside(|| emit(text::interrupted())),
            (Event::Interrupted, Output::Json) => {}
            (Event::Answer(answer), output) => {
                let report = match output {
                    Output::Text => text::report(&answer.outcome, tally.is_of_several()),
                    Output::Json => CommandOutput {
                        stdout: results
                            .add(&ArtifactSigning::new(&answer.outcome, reader::current())),
                        ..CommandOutput::done()
                    },
                };
                tally.add(&answer.outcome);
                bar.aside(|| emit(report));
            }
        }
    }
    bar.end();
    let fault = reading.fault();
    emit(match output {
        Output::Text => CommandOutput {
            stderr: tally.summary(&rerun),
            exit: tally.exit,
            ..CommandOutput::done()
        },
        Output::Json => {
            let worst = fault
                .iter()
                .fold(tally.exit, |worst, fault| worst.worse(fault.exit));
            let end = SigningEnd {
                error: fault.as_ref().map(CommandOutput::not_begun),
                ..SigningEnd::new(tally.counts, worst)
            };
            CommandOutput {
                stdout: results.end(&end),
                exit: worst,
                ..CommandOutput::done()
            }
        }
    });
    fault.into_iter().for_each(emit);
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
