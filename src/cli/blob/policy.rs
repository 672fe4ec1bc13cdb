//! `countersign blob policy`: the trust policy for files, `trustpolicy.blob.json`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::super::confirm::confirm_overwriting;
use super::super::context::{environment, no_directory, tell_directory};
use super::super::output::{CommandOutput, Exit, one_line, write_hint};
use crate::files;
use crate::limits::{MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT};
use crate::printable;
use crate::report::{BlobPolicy, go, sentence};
use crate::trust_policy::{DocumentKind, Error, TrustPolicies};

const KIND: DocumentKind = DocumentKind::Blob;

/// Commands of `blob policy`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Write a trust policy with one statement of level `strict`
    Init(InitArgs),
    /// Import a trust policy from a file if it is valid
    Import(ImportArgs),
    /// Show the trust policy
    #[command(after_help = "Examples:\n  \
        countersign blob policy show")]
    Show,
}

/// Flags of `blob policy init`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign blob policy init --name files --global --trust-store ca:acme --trusted-identity 'x509.subject: C=US, ST=WA, O=acme'")]
pub(in crate::cli) struct InitArgs {
    /// Name of the statement
    #[arg(short, long)]
    name: String,
    /// Trust store, for example ca:acme; may be given several times
    #[arg(long, value_name = "STORE", required = true)]
    trust_store: Vec<String>,
    /// Trusted identity, for example `x509.subject: C=US, ST=WA, O=acme`; may be given several times
    #[arg(long, value_name = "IDENTITY", required = true)]
    trusted_identity: Vec<String>,
    /// Make it the statement for verifications that name none
    #[arg(long)]
    global: bool,
    /// Overwrite an existing trust policy
    #[arg(long)]
    force: bool,
}

/// Flags of `blob policy import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign blob policy import --force trustpolicy.blob.json")]
pub(in crate::cli) struct ImportArgs {
    /// File with the trust policy
    #[arg(value_name = "FILE")]
    file: OsString,
    /// Overwrite an existing trust policy
    #[arg(long)]
    force: bool,
}

pub(super) fn run(command: &Command) -> Result<CommandOutput, CommandOutput> {
    let dirs = environment()
        .notation_directories()
        .map_err(|error| no_directory(&error))?;
    tell_directory(&dirs);
    let path = dirs.config.join(KIND.file_name());
    match command {
        Command::Init(args) => init(&path, args),
        Command::Import(args) => import(&path, args),
        Command::Show => show(&path),
    }
}

fn init(path: &Path, args: &InitArgs) -> Result<CommandOutput, CommandOutput> {
    let document = BlobPolicy::strict(
        &args.name,
        &args.trust_store,
        &args.trusted_identity,
        args.global,
    );
    let document = go::json(&document);
    let document = document.trim_end();
    TrustPolicies::parse(KIND, path, document.as_bytes()).map_err(|error| {
        // What is wrong came from the command line, and has no place in a file.
        let sentence = format!("invalid blob policy: {}", error.notation_sentence(""));
        CommandOutput::usage(&one_line(&sentence), error.hint())
    })?;
    let warning = write(path, document.as_bytes(), args.force)?;
    Ok(done(
        &format!(
            "Successfully initialized blob trust policy file to {}.",
            path.display()
        ),
        warning,
    ))
}

fn import(path: &Path, args: &ImportArgs) -> Result<CommandOutput, CommandOutput> {
    let from = Path::new(&args.file);
    let document =
        files::read_named(from, MAX_POLICY_BYTES, NAMED_PIPE_TIMEOUT).map_err(|error| {
            let words = sentence::of_file(&error);
            let sentence = format!("failed to read blob trust policy file: {words}");
            CommandOutput::error(Exit::Usage, &one_line(&sentence), &error, error.hint())
        })?;
    let policies = TrustPolicies::parse(KIND, from, &document).map_err(|error| {
        let sentence = match error.broken_rule() {
            Some(sentence) => {
                format!("failed to validate blob trust policy configuration: {sentence}")
            }
            None => format!("failed to parse blob trust policy configuration: {error}"),
        };
        refused(&sentence, &error)
    })?;
    let warning = write(path, &document, args.force)?;
    let mut report = done(
        &format!(
            "Successfully imported blob trust policy configuration to {}.",
            path.display()
        ),
        warning,
    );
    for warning in policies.warnings() {
        let _ = writeln!(report.stderr, "Warning: {}", one_line(&warning.to_string()));
        write_hint(&mut report.stderr, "  ", warning.hint());
    }
    Ok(report)
}

fn show(path: &Path) -> Result<CommandOutput, CommandOutput> {
    let document = match files::read(path, MAX_POLICY_BYTES) {
        Ok(document) => document,
        Err(error) if error.is_not_found() => {
            return Err(CommandOutput::failed_in_lines(
                Exit::Rejected,
                "failed to show blob trust policy as the configuration does not exist.\nYou can import one using \
                 `countersign blob policy import <path-to-policy.json>`",
            ));
        }
        Err(error) => {
            let words = sentence::of_file(&error);
            let sentence = format!("failed to show trust policy: {words}");
            return Err(CommandOutput::error(
                Exit::Rejected,
                &one_line(&sentence),
                &error,
                error.hint(),
            ));
        }
    };
    let mut report = match TrustPolicies::parse(KIND, path, &document) {
        Ok(_) => CommandOutput::done(),
        Err(error) => {
            let mut report = refused(&error.notation_sentence(""), &error);
            report.stderr.insert_str(
                0,
                "Existing blob trust policy configuration is invalid, you may update or create a new one via \
                 `countersign blob policy import <path-to-policy.json>`. See \
                 https://notaryproject.dev/docs/quickstart/#create-a-trust-policy\n",
            );
            report
        }
    };
    // As it is, but for what would draw on a terminal.
    let text = String::from_utf8_lossy(&document);
    report.stdout = if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
        printable::json(&text).into_owned()
    } else {
        printable::lines(&text).into_owned()
    };
    Ok(report)
}

/// Writes the policy where none is, or in its place; gives the warning that it did.
fn write(path: &Path, document: &[u8], force: bool) -> Result<Option<&'static str>, CommandOutput> {
    let exists = path.symlink_metadata().is_ok();
    if exists && !force {
        confirm_overwriting("blob trust policy configuration")?;
    }
    let directory: PathBuf = path.parent().map(Path::to_owned).unwrap_or_default();
    files::create_directory(&directory)
        .and_then(|()| {
            if exists {
                files::write_atomic(path, document)
            } else {
                files::write_new(path, document, 0o600, &directory)
            }
        })
        .map_err(|error| {
            let sentence = format!("failed to write blob trust policy file: {error}");
            CommandOutput::error(Exit::Rejected, &one_line(&sentence), &error, error.hint())
        })?;
    Ok((exists && force)
        .then_some("Warning: existing blob trust policy configuration will be overwritten\n"))
}

fn done(sentence: &str, warning: Option<&str>) -> CommandOutput {
    CommandOutput {
        stdout: format!("{}\n", one_line(sentence)),
        stderr: warning.unwrap_or_default().to_owned(),
        ..CommandOutput::done()
    }
}

/// The sentence, and every problem with its place.
fn refused(sentence: &str, error: &Error) -> CommandOutput {
    let report = CommandOutput::error(Exit::Rejected, &one_line(sentence), error, error.hint());
    let problems = error.problems().iter();
    report.caused_by(problems.map(ToString::to_string).collect())
}
