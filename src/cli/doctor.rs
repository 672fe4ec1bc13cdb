//! `countersign doctor`: whether this machine can sign and verify, and why not.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::args::{Output, PluginConfigArgs, RegistryArgs, TimeArgs};
use super::context::{Context, Format, environment};
use super::output::{CommandOutput, one_line, short_line};
use super::reader;
use crate::causes;
use crate::config::Config;
use crate::doctor::{Check, Examination, Finding};
use crate::environment::Environment;
use crate::node::containerd::NodeExamination;
use crate::reference::{ArtifactReference, Reference};
use crate::report::results::whole;
use crate::report::{DoctorV1, FindingV1, Reason};
use crate::signer::aws_signer::SigningProfile;

/// Flags of `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign doctor registry.example/app@sha256:...\n  \
    countersign doctor --signing-profile ARN REFERENCE    (without a trust policy)\n  \
    countersign doctor --verify-only --output json REFERENCE\n  \
    countersign doctor --containerd    (on a node: whether containerd asks the image verifier)\n\n\
    Exit codes: 0 nothing failed and everything is known, 1 something failed, 2 usage, 3 nothing failed and something is \
    not known.")]
pub(super) struct Args {
    /// Artifact whose registry is asked: registry/repository@digest, or :tag
    reference: Option<String>,
    /// AWS Signer profile to ask about [default: those that the trust policy trusts]. May be given several times
    #[arg(long, value_name = "ARN", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    signing_profile: Vec<String>,
    /// Leave out what only signing needs
    #[arg(long)]
    verify_only: bool,
    /// Look at containerd on this node and at nothing else: each setting by which images get past the image verifier
    #[arg(
        long,
        value_name = "CONFIG",
        num_args = 0..=1,
        default_missing_value = crate::node::containerd::CONFIG,
        conflicts_with_all = ["reference", "signing_profile", "verify_only"]
    )]
    containerd: Option<PathBuf>,
    /// containerd's program, which is asked for its version [default: the one in /usr/local/bin, /usr/bin or /bin]
    #[arg(long, value_name = "FILE", requires = "containerd")]
    containerd_program: Option<PathBuf>,
    /// Output format: `json` is one document on stdout, see schemas/doctor.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[command(flatten)]
    plugin_config: PluginConfigArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    time: TimeArgs,
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    answer(examined(args).await, args.output)
}

/// The answer of findings, or why the examination failed; before the findings are lines for stderr.
pub(super) fn answer(
    found: Result<(String, Vec<Finding>), CommandOutput>,
    output: Output,
) -> CommandOutput {
    match found {
        Ok((notes, findings)) => {
            let document = DoctorV1::new(&findings, reader::current());
            let stdout = match output {
                Output::Json => whole(&document),
                Output::Text => text(&document),
            };
            CommandOutput {
                stdout,
                stderr: notes,
                exit: document.exit_code,
                ..CommandOutput::done()
            }
        }
        Err(report) if output == Output::Json => {
            let document = DoctorV1::not_begun(report.exit, report.not_begun());
            CommandOutput {
                stdout: whole(&document),
                ..report
            }
        }
        Err(report) => report,
    }
}

async fn examined(args: &Args) -> Result<(String, Vec<Finding>), CommandOutput> {
    if let Some(config) = &args.containerd {
        let examination = NodeExamination {
            config: config.clone(),
            program: args.containerd_program.clone(),
            clock: environment().clock(),
        };
        return Ok((String::new(), Box::pin(examination.findings()).await));
    }
    let reference = args.reference.as_deref().map(Reference::parse).transpose();
    let reference = reference
        .map_err(|error| CommandOutput::usage(&error.notation_sentence(), error.hint()))?;
    let profiles = profiles(&args.signing_profile)?;
    let plugin_config = args.plugin_config.parse()?;
    let allowed = args.time.allowed()?;
    let examination = |environment: Environment| Examination {
        environment,
        reference: reference.clone(),
        profiles: profiles.clone(),
        only_verifies: args.verify_only,
        program: std::env::current_exe().ok(),
    };
    // What keeps everything from being asked is a finding here, and what files say is known without it.
    if let Some(finding) = unusable(&environment()) {
        let mut findings = vec![finding];
        findings.extend(examination(environment()).of_files(true).await);
        return Ok((String::new(), findings));
    }
    let references: Vec<ArtifactReference> =
        reference.clone().map(Into::into).into_iter().collect();
    let pipes = args.time.for_pipes()?;
    let context = Context::new(
        &args.registry,
        &references,
        plugin_config,
        Format::Known,
        pipes,
    )?;
    let connections = context
        .environment
        .connections()
        .map_err(|error| super::context::unusable(&error))?;
    let examination = examination(context.environment.clone());
    let findings = Box::pin(examination.of_everything(&connections));
    Ok((context.notes, allowed.begin().lend(findings).await))
}

/// The profiles that flags name.
pub(super) fn profiles(texts: &[String]) -> Result<Vec<SigningProfile>, CommandOutput> {
    let parse = |text: &String| {
        SigningProfile::parse(text).map_err(|error| CommandOutput::unusable(&error, error.hint()))
    };
    texts.iter().map(parse).collect()
}

/// What of the surroundings cannot be used.
fn unusable(environment: &Environment) -> Option<Finding> {
    let wanted = "settings that can be used";
    if let Err(error) = environment.connections() {
        let found = causes::in_one_line(&error);
        return Some(Finding::fail(Check::Configuration, found, wanted).advising(error.hint()));
    }
    let directories = environment.notation_directories().ok()?;
    match Config::load(&directories) {
        Err(error) if !error.is_denied() => {
            let found = causes::in_one_line(&error);
            Some(Finding::fail(Check::Configuration, found, wanted).advising(error.hint()))
        }
        _ => None,
    }
}

/// One screen: a line for each finding, and under what is not as it should be, what is wanted and what to do.
fn text(document: &DoctorV1) -> String {
    let mut text = String::new();
    for finding in &document.findings {
        write_finding(&mut text, finding);
    }
    let summary = document.summary;
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "\n{} passed, {} with a warning, {} failed, {} not known",
        summary.pass, summary.warn, summary.fail, summary.unknown
    );
    text
}

/// Writes a finding.
pub(super) fn write_finding(text: &mut String, finding: &FindingV1) {
    let subject = finding
        .subject
        .as_ref()
        .map_or_else(String::new, |subject| format!(" {}", one_line(subject)));
    let (status, check) = (finding.status, finding.check);
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "{status:<7}  {check}{subject}: {}",
        short_line(&finding.found)
    );
    let indent = " ".repeat(9);
    if status == "pass" {
        return;
    }
    if let Some(wanted) = &finding.wanted {
        let _ = writeln!(text, "{indent}wanted: {}", short_line(wanted));
    }
    if let Some(hint) = &finding.hint {
        let _ = writeln!(text, "{indent}hint: {}", short_line(hint));
    }
    if let Some(statement) = &finding.statement {
        let statement = serde_json::to_string(statement).unwrap_or_default();
        let _ = writeln!(text, "{indent}statement: {}", one_line(&statement));
    }
}

/// Why a report could not be made whole, for the JSON forms.
pub(super) fn reason_of(report: &CommandOutput) -> Reason {
    report.not_begun()
}
