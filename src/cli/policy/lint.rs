//! `countersign policy lint`: what is wrong in trust policies and gate policies, with its place, for people and for machines.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::super::context::environment;
use super::super::output::{CommandOutput, Exit, one_line, short_line, write_hint};
use super::super::reader;
use super::stores::StoreDirectory;
use crate::files;
use crate::gate::policy::{findings, is_gate_policy};
use crate::limits::{MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT};
use crate::report::results::whole;
use crate::report::{LintEnd, LintedPolicy, Results, Sarif, sentence};
use crate::trust_policy::DocumentKind;
use crate::trust_policy::lint::{Finding, lint};

/// Flags of `policy lint`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign policy lint policy.json\n  \
    countersign policy lint --trust-store ./truststore policies/*.json\n  \
    countersign policy lint --output sarif policy.json gate.json > policy.sarif\n\n\
    Exit codes: 0 no error, 1 an error in a policy, 2 usage or a file that cannot be read.")]
pub(in crate::cli) struct Args {
    /// Files with trust policies, or with gate policies: those that have `rules` in place of `trustPolicies`, or `gate` in
    /// the file's name
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The policies are for files, not for artifacts in registries [default: what `blob` in the
    /// file's name says]
    #[arg(long, conflicts_with = "gate")]
    blob: bool,
    /// The policies are gate policies [default: what their members, or `gate` in the file's name say]
    #[arg(long)]
    gate: bool,
    /// Directory with the trust stores (x509/TYPE/NAME); a store that is not there is an error
    /// [default: the trust stores of Notation's configuration directory; a missing one is a warning]
    #[arg(long, value_name = "DIR")]
    trust_store: Option<PathBuf>,
    /// Output format: `json`, see schemas/policy-lint.v1.schema.json, or `sarif`, SARIF 2.1.0
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Text,
    Json,
    Sarif,
}

/// Of which kind a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Trust(DocumentKind),
    Gate,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Trust(kind) => kind.as_str(),
            Self::Gate => "gate",
        }
    }
}

/// A file that was linted.
struct LintedFile<'a> {
    file: &'a Path,
    kind: Kind,
    findings: Vec<Finding>,
}

pub(super) fn run(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let done = check(args);
    match done {
        Err(report) if args.output == Output::Json => Err(CommandOutput {
            stdout: Results::default().end(&LintEnd::not_begun(report.exit, report.not_begun())),
            ..report
        }),
        done => done,
    }
}

fn check(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let stores = StoreDirectory::of(
        &environment().notation_directories(),
        args.trust_store.as_deref(),
    );
    let linted: Result<Vec<LintedFile<'_>>, CommandOutput> = args
        .files
        .iter()
        .map(|file| {
            let bytes = read(file)?;
            let kind = kind_of(file, args, &bytes);
            let fault = |store: &_| stores.as_ref()?.fault(store);
            Ok(LintedFile {
                file,
                kind,
                findings: match kind {
                    Kind::Trust(kind) => lint(kind, file, &bytes, &fault),
                    Kind::Gate => findings(file, &bytes, environment().now()),
                },
            })
        })
        .collect();
    let linted = linted?;
    let all = || linted.iter().flat_map(|one| &one.findings);
    let end = LintEnd::new(all());
    let stdout = match args.output {
        Output::Text => in_words(&linted, &end),
        Output::Json => {
            let mut results = Results::default();
            let mut text = String::new();
            for one in &linted {
                let file = one.file.display().to_string();
                text.push_str(&results.add(&LintedPolicy::new(
                    &file,
                    one.kind.as_str(),
                    &one.findings,
                    reader::current(),
                )));
            }
            text + &results.end(&end)
        }
        Output::Sarif => whole(&Sarif::of_lint(all(), reader::current())),
    };
    Ok(CommandOutput {
        stdout,
        exit: end.exit(),
        ..CommandOutput::done()
    })
}

fn read(file: &Path) -> Result<Vec<u8>, CommandOutput> {
    files::read_named(file, MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT).map_err(|error| {
        let sentence = format!("failed to read trust policy: {}", sentence::of_file(&error));
        CommandOutput::error(Exit::Usage, &one_line(&sentence), &error, error.hint())
    })
}

/// Of which kind a file is: the shipped ones and Notation's say so in their names, and a gate policy by its members.
fn kind_of(file: &Path, args: &Args, bytes: &[u8]) -> Kind {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let has = |part: &str| name.split('.').any(|one| one == part);
    if args.blob {
        Kind::Trust(DocumentKind::Blob)
    } else if args.gate || has("gate") || is_gate_policy(bytes) {
        Kind::Gate
    } else if has("blob") {
        Kind::Trust(DocumentKind::Blob)
    } else {
        Kind::Trust(DocumentKind::Oci)
    }
}

/// A line for each finding, in the form that editors and compilers share.
fn in_words(linted: &[LintedFile<'_>], end: &LintEnd) -> String {
    let mut text = String::new();
    for finding in linted.iter().flat_map(|one| &one.findings) {
        let position = finding.position;
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "{}:{}:{}: {}: {} [{}]",
            one_line(&finding.path.to_string_lossy()),
            position.line,
            position.column,
            finding.severity.as_str(),
            short_line(&finding.message),
            finding.rule
        );
        write_hint(&mut text, "  ", finding.hint.clone());
    }
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let _ = writeln!(
        text,
        "{}: {}, {}",
        match linted {
            [one] => one_line(&one.file.to_string_lossy()),
            several => count(several.len(), "file"),
        },
        count(end.errors, "error"),
        count(end.warnings, "warning")
    );
    text
}
