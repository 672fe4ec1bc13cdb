//! `countersign policy test`: what a trust policy decides, compared with a table of what it should.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::args::{PolicyFileArgs, parse_pairs};
use super::super::context::{environment, no_directory};
use super::super::output::{CommandOutput, Exit, one_line, short_line};
use super::super::policy_files;
use super::explain::{Output, parse_repository, scheme_of};
use crate::causes;
use crate::document::Document;
use crate::files;
use crate::limits::{MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT};
use crate::report::{PolicyCaseResult, PolicyTestEnd, Results, sentence};
use crate::trust_policy::DocumentKind;
use crate::verify::{CaseSigner, Decision, PolicyCase};

/// What every answer says of itself.
const JUDGED: &str = "the policy was judged, not signatures: no registry, signature, certificate or revocation was looked at";

/// Flags of `policy test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign policy test --policy policy.json cases.json\n  \
    countersign policy test --user-metadata env=prod cases.json\n\n\
    A case: {\"reference\": \"registry.example/app\", \"signer\": \"arn:aws:signer:...\", \"expected\": \"accept\"}\n\
    Expected is `accept`, `tolerate`, `reject` or `skip`; see schemas/policy-cases.v1.schema.json.\n\n\
    Exit codes: 0 every case is as expected, 1 one is not or the policy cannot be used, 2 usage.")]
pub(in crate::cli) struct Args {
    /// File with the cases
    #[arg(value_name = "CASES.json")]
    cases: PathBuf,
    #[command(flatten)]
    file: PolicyFileArgs,
    /// User metadata that must have been signed, as the gate's `verify` asks for it
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    user_metadata: Vec<String>,
    /// Output format: `json` is one document on stdout, see schemas/policy-test.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
}

/// The table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Table {
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    version: String,
    cases: Vec<Row>,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    name: Option<String>,
    reference: String,
    signer: Option<String>,
    #[serde(default)]
    user_metadata: BTreeMap<String, String>,
    expected: Expected,
    statement: Option<String>,
}

/// What the policy should decide.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Expected {
    Accept,
    Tolerate,
    Reject,
    Skip,
}

impl Expected {
    const fn decision(self) -> Decision {
        match self {
            Self::Accept => Decision::Accept,
            Self::Tolerate => Decision::Tolerate,
            Self::Reject => Decision::Reject,
            Self::Skip => Decision::Skip,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let done = compare(args);
    match done {
        Err(report) if args.output == Output::Json => {
            let end = PolicyTestEnd::not_begun(report.exit, report.not_begun());
            Err(CommandOutput {
                stdout: Results::default().end(&end),
                ..report
            })
        }
        done => done,
    }
}

fn compare(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let wanted = parse_pairs("user-metadata", &args.user_metadata)?;
    let rows = read(&args.cases)?;
    let cases: Result<Vec<PolicyCase>, CommandOutput> = rows
        .iter()
        .enumerate()
        .map(|(index, row)| case(&args.cases, index + 1, row))
        .collect();
    let cases = cases?;
    let dirs = environment().notation_directories();
    let config = || Ok(dirs.as_ref().map_err(no_directory)?.config.clone());
    let policies = policy_files::load(DocumentKind::Oci, &args.file, NAMED_PIPE_TIMEOUT, &config)?;
    let results: Vec<PolicyCaseResult> = rows
        .iter()
        .zip(&cases)
        .enumerate()
        .map(|(index, (row, case))| {
            PolicyCaseResult::new(
                (index + 1, row.name.as_deref()),
                &row.reference,
                (row.expected.decision(), row.statement.as_deref()),
                &case.decide(&policies, &wanted),
            )
        })
        .collect();
    let end = PolicyTestEnd::new(&results);
    let stdout = match args.output {
        Output::Text => in_words(&results, &end, policies.path()),
        Output::Json => {
            let mut document = Results::default();
            let mut text = String::new();
            for result in &results {
                text.push_str(&document.add(result));
            }
            text + &document.end(&end)
        }
    };
    Ok(CommandOutput {
        stdout,
        exit: end.exit(),
        ..CommandOutput::done()
    })
}

fn read(file: &Path) -> Result<Vec<Row>, CommandOutput> {
    let shown = file.display();
    let bytes = files::read_named(file, MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT).map_err(|error| {
        let sentence = format!("failed to read cases: {}", sentence::of_file(&error));
        CommandOutput::error(Exit::Usage, &one_line(&sentence), &error, error.hint())
    })?;
    // A name twice, and what is no JSON, with its place.
    Document::parse(&bytes).map_err(|error| {
        let sentence = format!("the cases in `{shown}` cannot be read");
        CommandOutput::error(Exit::Usage, &one_line(&sentence), &error, error.hint())
    })?;
    let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
    let table: Table = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let sentence = format!(
            "the cases in `{shown}` cannot be used: `{}`: {}",
            error.path(),
            error.inner()
        );
        CommandOutput::usage(&one_line(&sentence), Some(SCHEMA_HINT.to_owned()))
    })?;
    if table.version != "1" {
        let sentence = format!(
            "the cases in `{shown}` have version `{}`; allowed: `1`",
            table.version
        );
        return Err(CommandOutput::usage(&one_line(&sentence), None));
    }
    if table.cases.is_empty() {
        let sentence = format!("`{shown}` has no cases");
        return Err(CommandOutput::usage(&one_line(&sentence), None));
    }
    Ok(table.cases)
}

const SCHEMA_HINT: &str = "write the cases as schemas/policy-cases.v1.schema.json says";

fn case(file: &Path, number: usize, row: &Row) -> Result<PolicyCase, CommandOutput> {
    let place = |report: CommandOutput| {
        report.caused_by(vec![format!("`{}`, case {number}", file.display())])
    };
    let reference = parse_repository(&row.reference).map_err(place)?;
    let signer = match &row.signer {
        None => None,
        Some(text) => Some(CaseSigner::parse(text).map_err(|error| {
            let sentence = causes::in_one_line(&error);
            place(CommandOutput::usage(&one_line(&sentence), error.hint()))
        })?),
    };
    Ok(PolicyCase {
        scope: reference.repository_with_registry(),
        scheme: scheme_of(&reference),
        signer,
        user_metadata: row.user_metadata.clone(),
    })
}

fn in_words(results: &[PolicyCaseResult], end: &PolicyTestEnd, policy: &Path) -> String {
    let mut text = String::new();
    for result in results {
        let name = match &result.name {
            Some(name) => format!("{} ({})", result.number, one_line(name)),
            None => result.number.to_string(),
        };
        let by = |statement: &Option<String>| match statement {
            Some(statement) => format!(" by statement `{}`", one_line(statement)),
            None => String::new(),
        };
        let word = if result.passed { "ok" } else { "FAILED" };
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "{word} case {name}: {}: {}{}",
            one_line(&result.reference),
            result.found,
            by(&result.statement)
        );
        if !result.passed {
            let _ = write!(
                text,
                "; expected: {}{}",
                result.expected,
                by(&result.expected_statement)
            );
        }
        text.push('\n');
        if let (Some(reason), false) = (&result.reason, result.passed) {
            let _ = writeln!(text, "  {}", short_line(reason));
        }
    }
    let _ = writeln!(
        text,
        "{}: {} as expected, {} not; {JUDGED}",
        one_line(&policy.to_string_lossy()),
        end.passed,
        end.failed
    );
    text
}
