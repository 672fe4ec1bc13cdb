//! `countersign policy test`: what a trust policy or a gate policy decides, compared with a table of what it should.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::super::args::{NonEmptyPath, Output, PolicyFileArgs, parse_pairs, parse_sha256};
use super::super::context::{environment, no_directory};
use super::super::duration::parse_span;
use super::super::gate::load_gate_policy;
use super::super::output::{CommandOutput, Exit, one_line, short_line};
use super::super::policy_files;
use super::explain::{parse_repository, scheme_of};
use crate::causes;
use crate::document::{Document, Kind};
use crate::files;
use crate::gate::{CaseSignature, GateCase, GateRoots, GateSetup};
use crate::limits::{MAX_CASE_AGE, MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT};
use crate::oci::Digest;
use crate::reference::Reference;
use crate::report::{PolicyCaseResult, PolicyTestEnd, Results, sentence};
use crate::trust_policy::DocumentKind;
use crate::verify::{CaseSigner, Decision, PolicyCase, Setup, Stores};

/// What every answer says of itself.
const JUDGED: &str = "the policy was judged, not signatures: no registry, signature, certificate or revocation was examined";

/// Flags of `policy test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign policy test --policy policy.json cases.json\n  \
    countersign policy test --user-metadata env=prod cases.json\n  \
    countersign policy test --gate-policy gate.json cases.json    (what a gate decides)\n\n\
    A case: {\"reference\": \"registry.example/app\", \"signer\": \"arn:aws:signer:...\", \"expected\": \"accept\"}\n\
    Expected is `accept`, `tolerate`, `reject` or `skip`; see schemas/policy-cases.v1.schema.json.\n\n\
    Exit codes: 0 every case is as expected, 1 one is not or the policy cannot be used, 2 usage.")]
pub(in crate::cli) struct Args {
    /// File with the cases
    #[arg(value_name = "CASES.json")]
    cases: PathBuf,
    #[command(flatten)]
    file: PolicyFileArgs,
    /// Gate policy: test what its rules decide; `-` is standard input, with `--gate-policy-sha256`
    #[arg(long, value_name = "FILE", value_parser = NonEmptyPath)]
    gate_policy: Option<PathBuf>,
    /// SHA-256 digest that the gate policy's bytes must have
    #[arg(long, value_name = "DIGEST", value_parser = parse_sha256, requires = "gate_policy")]
    gate_policy_sha256: Option<Digest>,
    /// User metadata that must have been signed, as the gate's `verify` asks for it
    #[arg(
        short = 'm',
        long,
        value_name = "KEY=VALUE",
        conflicts_with = "gate_policy"
    )]
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
    /// With a gate policy alone, as the rest.
    signatures: Option<Vec<RowSignature>>,
    rule: Option<String>,
}

/// One signature of a case for a gate.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RowSignature {
    signer: String,
    #[serde(default)]
    user_metadata: BTreeMap<String, String>,
    age: Option<String>,
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
    let rows = read(&args.cases)?;
    let (results, policy) = match &args.gate_policy {
        None => by_trust_policy(args, &rows)?,
        Some(gate_policy) => by_gate_policy(args, gate_policy, &rows)?,
    };
    let end = PolicyTestEnd::new(&results);
    let stdout = match args.output {
        Output::Text => in_words(&results, &end, &policy),
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

type Tested = (Vec<PolicyCaseResult>, PathBuf);

fn by_trust_policy(args: &Args, rows: &[Row]) -> Result<Tested, CommandOutput> {
    let wanted = parse_pairs("user-metadata", &args.user_metadata)?;
    let cases = each(args, rows, case)?;
    let dirs = environment().notation_directories();
    let config = || Ok(dirs.as_ref().map_err(no_directory)?.config.clone());
    let policies = policy_files::load(DocumentKind::Oci, &args.file, NAMED_PIPE_TIMEOUT, &config)?;
    let results = rows.iter().zip(&cases).enumerate();
    let results = results.map(|(index, (row, case))| {
        PolicyCaseResult::new(
            (index + 1, row.name.as_deref()),
            &row.reference,
            (row.expected.decision(), row.statement.as_deref()),
            &case.decide(&policies, &wanted),
        )
    });
    Ok((results.collect(), policies.path().to_owned()))
}

fn by_gate_policy(args: &Args, file: &Path, rows: &[Row]) -> Result<Tested, CommandOutput> {
    let cases = each(args, rows, gate_case)?;
    let environment = environment();
    let (sha256, now) = (args.gate_policy_sha256.as_ref(), environment.now());
    let policy = load_gate_policy(file, sha256, NAMED_PIPE_TIMEOUT, now)?;
    let trust = if policy.names_statements() {
        let dirs = environment.notation_directories();
        let config = || Ok(dirs.as_ref().map_err(no_directory)?.config.clone());
        let policies =
            policy_files::load(DocumentKind::Oci, &args.file, NAMED_PIPE_TIMEOUT, &config)?;
        // No certificate is looked at.
        Some(Setup::of_policies(policies, Stores::Given(Vec::new())))
    } else {
        None
    };
    let setup = GateSetup::new(policy, trust, &GateRoots::Published)
        .map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
    let results = rows.iter().zip(&cases).enumerate();
    let results = results.map(|(index, (row, case))| {
        PolicyCaseResult::of_gate(
            (index + 1, row.name.as_deref()),
            &row.reference,
            (row.expected.decision(), row.rule.as_deref()),
            &setup.decide(case, now),
        )
    });
    Ok((results.collect(), file.to_owned()))
}

/// Reads every row, or says which one cannot be used.
fn each<T>(
    args: &Args,
    rows: &[Row],
    read: fn(&Row) -> Result<T, CommandOutput>,
) -> Result<Vec<T>, CommandOutput> {
    let place = |index: usize, report: CommandOutput| {
        let number = index + 1;
        report.caused_by(vec![format!("`{}`, case {number}", args.cases.display())])
    };
    let rows = rows.iter().enumerate();
    rows.map(|(index, row)| read(row).map_err(|report| place(index, report)))
        .collect()
}

fn read(file: &Path) -> Result<Vec<Row>, CommandOutput> {
    let shown = file.display();
    let bytes = files::read_named(file, MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT).map_err(|error| {
        let sentence = format!("failed to read cases: {}", sentence::of_file(&error));
        CommandOutput::error(Exit::Usage, &one_line(&sentence), &error, error.hint())
    })?;
    // A name that occurs twice, and a text that is not JSON, with its place.
    let document = Document::parse(&bytes).map_err(|error| {
        let sentence = format!("the cases in `{shown}` cannot be read");
        CommandOutput::error(Exit::Usage, &one_line(&sentence), &error, error.hint())
    })?;
    let found = document.root().kind();
    if found != Kind::Object {
        let sentence = format!("`{shown}` is {found}, wanted an object with `version` and `cases`");
        return Err(CommandOutput::usage(
            &one_line(&sentence),
            Some(SCHEMA_HINT.to_owned()),
        ));
    }
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

fn case(row: &Row) -> Result<PolicyCase, CommandOutput> {
    for (member, is_there) in [
        ("signatures", row.signatures.is_some()),
        ("rule", row.rule.is_some()),
    ] {
        if is_there {
            return Err(CommandOutput::usage(
                &format!("`{member}` is about a gate policy"),
                Some("name the gate policy with `--gate-policy FILE`; or use `signer` and `statement`".to_owned()),
            ));
        }
    }
    let reference = parse_repository(&row.reference)?;
    let signer = row.signer.as_deref().map(signer).transpose()?;
    Ok(PolicyCase {
        scope: reference.repository_with_registry(),
        scheme: scheme_of(&reference),
        signer,
        user_metadata: row.user_metadata.clone(),
    })
}

fn gate_case(row: &Row) -> Result<GateCase, CommandOutput> {
    if row.statement.is_some() {
        return Err(CommandOutput::usage(
            "`statement` is about a trust policy, and a gate policy decides",
            Some("name the rule with `rule`".to_owned()),
        ));
    }
    let signatures = match (&row.signatures, &row.signer) {
        (Some(_), Some(_)) => {
            return Err(CommandOutput::usage(
                "`signer` and `signatures` both say who signed",
                Some("keep one of them".to_owned()),
            ));
        }
        (Some(signatures), None) => signatures.iter().map(signature).collect(),
        (None, Some(one)) => Ok(vec![CaseSignature {
            signer: signer(one)?,
            user_metadata: row.user_metadata.clone(),
            age: None,
        }]),
        (None, None) => Ok(Vec::new()),
    };
    let reference = parse_repository(&row.reference)?;
    Ok(GateCase {
        is_repository: Reference::parse(&row.reference).is_err(),
        scheme: scheme_of(&reference),
        reference,
        signatures: signatures?,
    })
}

fn signature(row: &RowSignature) -> Result<CaseSignature, CommandOutput> {
    let age = row.age.as_deref();
    let age = age.map(|text| parse_span("age", text, MAX_CASE_AGE));
    Ok(CaseSignature {
        signer: signer(&row.signer)?,
        user_metadata: row.user_metadata.clone(),
        age: age.transpose()?,
    })
}

fn signer(text: &str) -> Result<CaseSigner, CommandOutput> {
    CaseSigner::parse(text).map_err(|error| {
        let sentence = causes::in_one_line(&error);
        CommandOutput::usage(&one_line(&sentence), error.hint())
    })
}

fn in_words(results: &[PolicyCaseResult], end: &PolicyTestEnd, policy: &Path) -> String {
    let mut text = String::new();
    for result in results {
        let name = match &result.name {
            Some(name) => format!("{} ({})", result.number, one_line(name)),
            None => result.number.to_string(),
        };
        let by = |statement: &Option<String>, rule: &Option<String>| match (statement, rule) {
            (Some(statement), _) => format!(" by statement `{}`", one_line(statement)),
            (None, Some(rule)) => format!(" by rule `{}`", one_line(rule)),
            (None, None) => String::new(),
        };
        let word = if result.passed { "ok" } else { "FAILED" };
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "{word} case {name}: {}: {}{}",
            one_line(&result.reference),
            result.found,
            by(&result.statement, &result.rule)
        );
        if !result.passed {
            let _ = write!(
                text,
                "; expected: {}{}",
                result.expected,
                by(&result.expected_statement, &result.expected_rule)
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
