//! The command line: one file for each command.
//!
//! This layer alone prints, and reads the clock and the environment. A
//! command takes what it needs from `context::Context` and gives back a `CommandOutput`.

mod args;
mod blob;
mod cert;
mod confirm;
mod context;
mod credentials;
mod duration;
mod envelope;
mod exposure;
mod gate;
mod key;
mod passphrase;
mod patience;
mod inspect;
mod interrupts;
mod list;
mod reader;
mod output;
mod requirement;
mod revocation;
mod side_by_side;
mod sign;
mod signer;
mod signatures;
mod switches;
mod table;
mod tree;
mod verify;

use std::ffi::{OsStr, OsString};

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::printable;
use crate::reference::{ArtifactReference, LayoutReference, Reference};
use crate::registry::{LayoutRepository, Target};
use crate::report::{Called, sentence};
use crate::secrets;
use output::{CommandOutput, Exit};

/// Signs and verifies container images with AWS Signer, in the Notary Project format.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = false,
    after_help = "Exit codes: 0 verified or done, 1 rejected or unsigned, 2 usage, 3 could not be decided.\n\
                  Run under the name `notation`, it exits with 0 or 1 only, as notation does."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign artifacts in a registry or in an OCI image layout
    Sign(sign::Args),
    /// Verify artifacts in a registry or in an OCI image layout
    Verify(verify::Args),
    /// Verify what will run: the images of deployment documents
    #[command(subcommand)]
    Gate(gate::Command),
    /// Store revocation information for verification without a network
    #[command(subcommand)]
    Revocation(revocation::Command),
    /// Sign and verify files
    #[command(subcommand)]
    Blob(blob::Command),
    /// Manage the certificates of the trust stores, and make test certificates
    #[command(subcommand, visible_alias = "certificate")]
    Cert(cert::Command),
    /// Manage the names of signing keys
    #[command(subcommand)]
    Key(key::Command),
    /// List the signatures of an artifact
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Show what the signatures of an artifact say, without verifying them
    Inspect(inspect::Args),
}

/// Whether a program started by this name answers as `notation`.
pub fn is_notation(program: &OsStr) -> bool {
    Called::by(program).is_notation()
}

/// Runs the command line and returns the process's exit code.
///
/// `arguments` begins with the name that the program was started by.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    remember_secrets();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let called = arguments
        .first()
        .map_or(Called::Countersign, |program| Called::by(program));
    let mut exit = Exit::Done;
    let mut write = |report: CommandOutput| {
        // Nobody can be told that stderr cannot be written.
        let _ = output::write_text(&mut std::io::stderr().lock(), &report.stderr);
        let mut stdout = std::io::stdout().lock();
        let written = output::write_text(&mut stdout, &report.stdout)
            .and_then(|()| output::write_document(&mut stdout, &report.document));
        exit = exit.worse(report.exit);
        // A reader that went away has what it wanted; a full disk has not.
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            let report = CommandOutput::failed(
                Exit::Inconclusive,
                &format!("cannot write the answer: {error}"),
            );
            let _ = output::write_text(&mut std::io::stderr().lock(), &report.stderr);
            exit = exit.worse(report.exit);
        }
    };
    let arguments = switches::without_values(&Cli::command(), arguments);
    let parsed = Cli::command().try_get_matches_from(arguments);
    if let Ok(matches) = &parsed {
        reader::set(&Cli::command(), matches);
    }
    match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => execute(cli.command, called, &mut write),
        Err(error) => write(usage_report(&cleaned(error))),
    }
    if called.is_notation() {
        u8::from(exit != Exit::Done)
    } else {
        exit.code()
    }
}

/// What the environment has and nobody who repeats it, a plugin for example, has printed.
fn remember_secrets() {
    let environment = context::environment();
    for variable in [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "NOTATION_PASSWORD",
    ] {
        if let Some(secret) = environment.variable(variable) {
            secrets::remember(&secret);
        }
    }
}

/// Runs a command; each report is written as soon as it and those before it are there.
fn execute(command: Command, called: Called, emit: &mut dyn FnMut(CommandOutput)) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return emit(CommandOutput::failed(
                Exit::Inconclusive,
                &error.to_string(),
            ));
        }
    };
    runtime.block_on(async {
        match command {
            Command::Sign(args) => sign::run(args, emit).await,
            Command::Verify(args) => verify::run(args, called, emit).await,
            Command::Gate(command) => gate::run(command, emit).await,
            Command::Revocation(command) => revocation::run(command, called, emit).await,
            Command::Blob(command) => emit(blob::run(command, called).await),
            Command::Cert(command) => emit(cert::run(&command).await),
            Command::Key(command) => emit(key::run(&command).await),
            Command::List(args) => emit(list::run(&args).await),
            Command::Inspect(args) => emit(inspect::run(&args).await),
        }
    });
    // What is left, an idle connection or a name being looked up, is not worth waiting for.
    runtime.shutdown_background();
}

/// The same error with what the user wrote on one line each.
fn cleaned(mut error: clap::Error) -> clap::Error {
    let foreign: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => {
                Some((kind, ContextValue::String(output::one_line(text))))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in foreign {
        error.insert(kind, value);
    }
    // Advice on how else to write what is better not written at all.
    let tips: Vec<ContextKind> = error
        .context()
        .filter(|(_, value)| match value {
            ContextValue::StyledStrs(tips) => tips
                .iter()
                .any(|tip| tip.to_string().contains(printable::draws)),
            _ => false,
        })
        .map(|(kind, _)| kind)
        .collect();
    for kind in tips {
        error.remove(kind);
    }
    error
}

/// What clap says, in the words of the rest: help on stdout with 0, anything else on stderr with 2.
fn usage_report(error: &clap::Error) -> CommandOutput {
    let text = error.render().to_string();
    if error.use_stderr() {
        let text = text
            .strip_prefix("error: ")
            .map_or(text.clone(), |rest| format!("Error: {rest}"));
        CommandOutput {
            stderr: text,
            exit: Exit::Usage,
            ..CommandOutput::done()
        }
    } else {
        CommandOutput {
            stdout: text,
            ..CommandOutput::done()
        }
    }
}

/// Parses every reference before anything is done with one of them: into registries, or with
/// `--oci-layout` into OCI image layouts.
fn parse_references(
    texts: &[String],
    oci_layout: bool,
) -> Result<Vec<ArtifactReference>, CommandOutput> {
    texts
        .iter()
        .map(|text| parse_reference(text, oci_layout))
        .collect()
}

fn parse_reference(text: &str, oci_layout: bool) -> Result<ArtifactReference, CommandOutput> {
    if oci_layout {
        LayoutReference::parse(text)
            .map(ArtifactReference::from)
            .map_err(|error| CommandOutput::usage(&error.notation_sentence(), error.hint()))
    } else {
        Reference::parse(text)
            .map(ArtifactReference::from)
            .map_err(|error| CommandOutput::usage(&error.notation_sentence(), error.hint()))
    }
}

fn open_layout(reference: &LayoutReference) -> Result<LayoutRepository, CommandOutput> {
    LayoutRepository::open(reference).map_err(|error| {
        let sentence = output::one_line(&sentence::of_open(&error));
        CommandOutput::error(signatures::exit_of(&error), &sentence, &error, error.hint())
    })
}

/// Says that an index is one: who signs or verifies it has not looked at the images in it.
fn index_note(target: &Target, done: &str) -> String {
    if target.is_index() {
        format!(
            "Note: {} is a multi-platform index; the index itself was {done}, not the images in it.\n",
            target.reference
        )
    } else {
        String::new()
    }
}
