//! `countersign gate check`: decides about references.

use super::args::{GateArgs, Prepared};
use super::text;
use super::wait::{Bound, remark};
use crate::cli::args::Output;
use crate::cli::bar::Bar;
use crate::cli::context::environment;
use crate::cli::not_a_reference;
use crate::cli::output::{CommandOutput, Exit};
use crate::cli::patience::telling;
use crate::cli::reader;
use crate::many;
use crate::reference::Reference;
use crate::report::{GateResult, GateVerdictEnd, Invocation, Results};

/// Flags of `gate check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign gate check --gate-policy gate.json registry.example/team/app@sha256:...\n  \
    countersign gate check --gate-policy gate.json --output json REFERENCE    (for programs)")]
pub(in crate::cli) struct Args {
    /// Images to decide about: registry/repository@digest; :tag where the rule resolves tags
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    #[command(flatten)]
    gate: GateArgs,
    /// Wait at most this long until Amazon ECR has signed the images (managed signing), at most 1h; the signatures
    /// alone decide [default: no wait]
    #[arg(long, value_name = "DURATION")]
    wait_for_signature: Option<String>,
    /// Output format: `json` is one document on stdout, see schemas/gate-verdict.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
}

pub(super) async fn run(args: &Args, emit: &mut dyn FnMut(CommandOutput)) {
    if let Err(report) = check(args, emit).await {
        emit(match args.output {
            Output::Text => report,
            Output::Json => unusable(report),
        });
    }
}

async fn check(args: &Args, emit: &mut dyn FnMut(CommandOutput)) -> Result<(), CommandOutput> {
    let references = parse_references(&args.references)?;
    let bound = match &args.wait_for_signature {
        Some(text) => Some(Bound::parse(text, &references)?),
        None => None,
    };
    let mut prepared = args.gate.read()?.connect(&references).await?;
    emit(CommandOutput {
        stderr: std::mem::take(&mut prepared.notes),
        ..CommandOutput::done()
    });
    let Prepared { gate, options, .. } = &prepared;
    let wait = bound.map(|bound| bound.begin(prepared.aws.clone()));
    let mut waited = Vec::new();
    if let Some(wait) = &wait {
        let progress = many::Progress {
            all: Some(references.len()),
            ..many::Progress::default()
        };
        let waiting = telling(
            "waiting for signatures",
            progress,
            wait.for_all(&references),
        );
        // What the whole command has no time for, is not decided either, which the answers say.
        waited = match &options.allowed.whole {
            Some(whole) => whole.run(waiting).await.unwrap_or_default(),
            None => waiting.await,
        };
    }
    let asked = futures_util::stream::iter(references.clone());
    let mut deciding = gate.check_many(asked, options, many::Options::default());
    let bar = Bar::new("deciding", Some(references.len()));
    let mut results = Results::default();
    let mut worst = Exit::Done;
    for (index, asked) in args.references.iter().enumerate() {
        let Some(answer) = bar.answer("deciding", &mut deciding).await else {
            break;
        };
        let mut answer = GateResult::new(asked, &answer.outcome, reader::current());
        match (&wait, waited.get(index), references.get(index)) {
            (Some(wait), Some(Ok(())), Some(reference)) => {
                let image = (asked.as_str(), reference);
                answer = wait.again((gate, options), image, answer).await;
            }
            (_, Some(Err(error)), _) => bar.aside(|| {
                emit(CommandOutput {
                    stderr: remark(error),
                    ..CommandOutput::done()
                });
            }),
            _ => {}
        }
        let of_answer = answer.verdict.exit();
        worst = worst.worse(of_answer);
        let report = match args.output {
            Output::Text => {
                let mut report = text::in_words(&answer, gate.policy().path());
                report.stderr.insert_str(0, &text::tag(&answer));
                report
            }
            Output::Json => CommandOutput {
                stdout: results.add(&answer),
                exit: of_answer,
                ..CommandOutput::done()
            },
        };
        bar.aside(|| emit(report));
    }
    bar.end();
    if args.output == Output::Json {
        emit(CommandOutput {
            stdout: results.end(
                &GateVerdictEnd::new(worst, gate.policy()).with_invocation(prepared.invocation()),
            ),
            ..CommandOutput::done()
        });
    }
    Ok(())
}

/// Parses every reference before anything is done with one of them.
fn parse_references(texts: &[String]) -> Result<Vec<Reference>, CommandOutput> {
    let parse =
        |text: &String| Reference::parse(text).map_err(|error| not_a_reference(text, &error));
    texts.iter().map(parse).collect()
}

/// The answer in JSON where nothing could be begun with.
fn unusable(report: CommandOutput) -> CommandOutput {
    let end = GateVerdictEnd::not_begun(report.exit, report.not_begun())
        .with_invocation(Invocation::begun(environment().now()));
    CommandOutput {
        stdout: Results::default().end(&end),
        ..report
    }
}
