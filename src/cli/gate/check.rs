//! `countersign gate check`: decides about references.

use super::args::{GateArgs, Prepared};
use super::text;
use crate::cli::output::{CommandOutput, Exit};
use crate::cli::patience::{Progress, telling};
use crate::cli::reader;
use crate::cli::side_by_side::{InOrder, SideBySide, lane};
use crate::limits;
use crate::reference::Reference;
use crate::report::{GateResult, GateVerdictEnd, Results};

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
    /// Output format: `json` is one document on stdout, see schemas/gate-verdict.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Text,
    Json,
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
    let Prepared {
        gate,
        options,
        notes,
    } = args.gate.prepare(&references).await?;
    emit(CommandOutput {
        stderr: notes,
        ..CommandOutput::done()
    });
    let (gate, options) = (&gate, &options);
    let decide = async |number: usize| {
        let reference = references.get(number)?;
        let asked = args.references.get(number)?;
        let decision = gate.check(reference, options).await;
        Some(GateResult::new(asked, &decision, reader::current()))
    };
    let lanes = references.iter().map(|one| lane(&one.clone().into()));
    let work = SideBySide::new(lanes, limits::MAX_CONCURRENT_VERIFICATIONS, |number| {
        Box::pin(decide(number))
    });
    let mut answers = InOrder::new(work, |answer| {
        answer.as_ref().map_or(1, |answer: &GateResult| {
            let signatures = answer.images.iter().map(|image| image.signatures);
            signatures.sum::<usize>().max(1)
        })
    });
    let mut results = Results::default();
    let mut worst = Exit::Done;
    let (mut ended, mut failed) = (0, 0);
    loop {
        let progress = Progress {
            doing: "deciding",
            all: references.len(),
            ended,
            failed,
        };
        let Some(Some(answer)) = telling(progress, answers.next()).await else {
            break;
        };
        let of_answer = answer.verdict.exit();
        ended += 1;
        failed += usize::from(of_answer != Exit::Done);
        worst = worst.worse(of_answer);
        emit(match args.output {
            Output::Text => text::in_words(&answer, gate.policy().path()),
            Output::Json => CommandOutput {
                stdout: results.add(&answer),
                exit: of_answer,
                ..CommandOutput::done()
            },
        });
    }
    if args.output == Output::Json {
        emit(CommandOutput {
            stdout: results.end(&GateVerdictEnd::new(worst, gate.policy())),
            ..CommandOutput::done()
        });
    }
    Ok(())
}

/// Parses every reference before anything is done with one of them.
fn parse_references(texts: &[String]) -> Result<Vec<Reference>, CommandOutput> {
    let parse = |text: &String| {
        Reference::parse(text)
            .map_err(|error| CommandOutput::usage(&error.notation_sentence(), error.hint()))
    };
    texts.iter().map(parse).collect()
}

/// The answer in JSON where nothing could be begun with.
fn unusable(report: CommandOutput) -> CommandOutput {
    let end = GateVerdictEnd::not_begun(report.exit, report.not_begun());
    CommandOutput {
        stdout: Results::default().end(&end),
        ..report
    }
}
