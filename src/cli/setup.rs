//! `countersign setup`: this program beside Notation, AWS's roots and a strict trust policy, in one step.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::args::{Output, TimeArgs};
use super::context::{environment, no_directory, unfit_anchor};
use super::doctor::{profiles, reason_of, write_finding};
use super::output::{CommandOutput, Exit, one_line};
use super::reader;
use crate::config::{NotationDirs, StoreName};
use crate::doctor::{Check, Examination, Status};
use crate::environment::Environment;
use crate::files;
use crate::install::{Error, Place, Plan, Roots, Wish};
use crate::limits::MAX_TRUST_STORE_FILE_BYTES;
use crate::plugin_host::notation_in;
use crate::report::results::whole;
use crate::report::{FileV1, FindingV1, SetupV1};
use crate::signer::aws_signer::SigningProfile;
use crate::trust_store::NamedStore;

/// Flags of `setup`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign setup --signing-profile ARN\n  \
    countersign setup --signing-profile ARN --dry-run\n  \
    countersign setup --signing-profile ARN --for codebuild\n\n\
    It writes AWS's published root and a strict trust policy for the profiles, under the two names that notation 1.x and 2 \
    read, and copies itself as the plugins of notation if notation is here. No program is run.")]
pub(super) struct Args {
    /// AWS Signer profile, or profile version, whose signatures count. May be given several times
    #[arg(long, value_name = "ARN", required = true, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    signing_profile: Vec<String>,
    /// Certificate file that replaces AWS Signer's published roots
    #[arg(long, value_name = "FILE")]
    trust_anchor: Option<PathBuf>,
    /// Print what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Replace files that differ, and keep a copy of each in the directory `replaced`
    #[arg(long)]
    force: bool,
    /// Print the lines for another place instead: codebuild, github, image or lambda
    #[arg(long = "for", value_name = "PLACE", conflicts_with_all = ["trust_anchor", "dry_run", "force", "output"])]
    place: Option<PlaceName>,
    /// Output format: `json` is one document on stdout, see schemas/setup.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[command(flatten)]
    time: TimeArgs,
}

/// The value of `--for`.
#[derive(Debug, Clone, Copy)]
struct PlaceName(Place);

impl FromStr for PlaceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = Place::ALL.into_iter().find(|place| place.name() == text);
        place.map(Self).ok_or_else(|| {
            let names: Vec<&str> = Place::ALL.iter().map(|place| place.name()).collect();
            format!("the places are {}", names.join(", "))
        })
    }
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    let document = match set_up(args).await {
        Ok(End::Lines(stdout)) => {
            return CommandOutput {
                stdout,
                ..CommandOutput::done()
            };
        }
        Ok(End::Document(document)) => document,
        Err(report) if args.output == Output::Json => {
            let (dry_run, exit) = (args.dry_run, report.exit);
            let document = SetupV1::not_done(dry_run, Vec::new(), exit, reason_of(&report));
            return CommandOutput {
                stdout: whole(&document),
                ..report
            };
        }
        Err(report) => return report,
    };
    CommandOutput {
        exit: document.exit_code,
        stdout: match args.output {
            Output::Json => whole(&document),
            Output::Text => text(&document),
        },
        ..CommandOutput::done()
    }
}

enum End {
    Lines(String),
    Document(SetupV1),
}

async fn set_up(args: &Args) -> Result<End, CommandOutput> {
    let profiles = profiles(&args.signing_profile)?;
    if let Some(PlaceName(place)) = args.place {
        return Ok(End::Lines(place.lines(&profiles)));
    }
    let environment = environment();
    let directories = environment
        .notation_directories()
        .map_err(|error| no_directory(&error))?;
    let plan = plan(args, &profiles, &environment, &directories)?;
    if args.dry_run {
        let differs = plan.differing().next().is_some();
        let exit = if differs && !args.force {
            Exit::Rejected
        } else {
            Exit::Done
        };
        let files = FileV1::of_plan(&plan);
        return Ok(End::Document(SetupV1::new(true, files, Vec::new(), exit)));
    }
    let installed = plan
        .carry_out(args.force, environment.now())
        .map_err(|error| report(&error))?;
    let files = FileV1::of_installed(&installed);
    let examination = Examination {
        environment,
        reference: None,
        profiles,
        only_verifies: true,
        program: std::env::current_exe().ok(),
    };
    let mut findings = examination.of_files(false).await;
    // A root that is named in place of AWS's is what was asked for.
    findings.retain(|finding| {
        let is_root = finding.check == Check::Roots && finding.status == Status::Warn;
        !(is_root && args.trust_anchor.is_some())
    });
    let has_failed = findings
        .iter()
        .any(|finding| finding.status == Status::Fail);
    let exit = if has_failed {
        Exit::Rejected
    } else {
        Exit::Done
    };
    let findings = findings
        .iter()
        .map(|finding| FindingV1::new(finding, reader::current()));
    Ok(End::Document(SetupV1::new(
        false,
        files,
        findings.collect(),
        exit,
    )))
}

fn plan(
    args: &Args,
    profiles: &[SigningProfile],
    environment: &Environment,
    directories: &NotationDirs,
) -> Result<Plan, CommandOutput> {
    let roots = match &args.trust_anchor {
        None => Roots::Published,
        Some(path) => anchor(path, args)?,
    };
    let path = environment.variable("PATH");
    let is_notation_here = notation_in(Some(&directories.plugins()), path.as_deref()).is_some();
    let program = std::env::current_exe().ok().filter(|_| is_notation_here);
    let wish = Wish {
        profiles,
        roots,
        program: program.as_deref(),
    };
    Plan::new(&wish, directories).map_err(|error| report(&error))
}

/// The file in place of AWS's roots, which must be good for it.
fn anchor(path: &Path, args: &Args) -> Result<Roots, CommandOutput> {
    let wait = args.time.for_pipes()?;
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let unreadable = |error: files::Error| CommandOutput::unusable(&error, error.hint());
    let bytes = files::read_named(path, MAX_TRUST_STORE_FILE_BYTES, wait).map_err(unreadable)?;
    NamedStore::of_bytes(StoreName::trust_anchor(), path, &bytes)
        .map_err(|error| unfit_anchor(&error))?;
    Ok(Roots::File(name.to_owned(), bytes))
}

fn report(error: &Error) -> CommandOutput {
    let exit = match error {
        Error::Differs { .. } | Error::Files { .. } => Exit::Rejected,
        _ => Exit::Usage,
    };
    CommandOutput::error(exit, &error.to_string(), error, error.hint())
}

fn text(document: &SetupV1) -> String {
    let mut text = String::new();
    for file in &document.files {
        let path = one_line(&file.path);
        let kept = file.kept.as_ref().map_or_else(String::new, |kept| {
            format!(" (the old one is kept as {})", one_line(kept))
        });
        let done = match file.change {
            "created" => "Created",
            "replaced" => "Replaced",
            "missing" => "Would create",
            "differs" => "Would replace, with `--force` only:",
            _ => "Unchanged",
        };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{done} {path}{kept}");
    }
    if document.files.iter().all(|file| file.purpose != "plugin") {
        text.push_str("Notation is not here, so no plugin is installed\n");
    }
    for finding in document
        .findings
        .iter()
        .filter(|finding| finding.status != "pass")
    {
        write_finding(&mut text, finding);
    }
    if !document.dry_run {
        text.push_str("Look at the rest with `countersign doctor IMAGE`\n");
    }
    text
}
