//! The command line: one file for each command.
//!
//! This layer alone prints, and reads the clock and the environment. A
//! command takes what it needs from `context::Context` and gives back a `CommandOutput`.

mod args;
mod bar;
mod blob;
mod cert;
mod code_signing;
mod completion;
mod confirm;
mod context;
mod credentials;
mod descriptors;
mod doctor;
mod duration;
mod envelope;
#[cfg(test)]
mod examples;
mod experimental;
mod exposure;
mod gate;
mod image_verifier;
mod inspect;
mod interrupts;
mod key;
#[cfg(feature = "lambda")]
pub mod lambda;
mod lazy;
mod line;
mod list;
mod listing;
mod login;
mod logout;
mod management;
mod manual;
mod messages;
mod output;
mod passphrase;
mod password;
mod patience;
mod plugin;
mod policy;
mod policy_files;
mod profile;
mod reader;
mod references;
mod requirement;
mod revocation;
mod setup;
mod sign;
mod signature;
mod signatures;
mod signer;
mod switches;
mod table;
mod terminal;
mod tree;
mod usage;
mod verify;
mod version;
mod wait;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::{FromArgMatches as _, Parser, Subcommand};

use crate::reference::{self, ArtifactReference, LayoutReference, Reference};
use crate::registry::{LayoutRepository, Target};
use crate::report::{Called, sentence};
pub use image_verifier::{is_image_verifier, run as verify_for_containerd};
use lazy::Lazy;
use line::Line;
use output::{CommandOutput, Exit};

/// Signs and verifies container images with AWS Signer, in the Notary Project format.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = false,
    after_help = "Examples:\n  \
                  countersign sign --signing-profile ARN registry.example/app@sha256:...\n  \
                  countersign verify --signing-profile ARN registry.example/app@sha256:...\n\n\
                  Exit codes: 0 verified or done, 1 rejected or unsigned, 2 usage, 3 could not be decided.\n\
                  Run under the name `notation`, it exits with 0 or 1 only, as notation does."
)]
struct Cli {
    #[command(flatten)]
    messages: args::MessageArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set this machine up: AWS's roots, a strict trust policy, the plugins of notation
    Setup(Lazy<setup::Args>),
    /// Check whether this machine can sign and verify, and say why not
    Doctor(Lazy<doctor::Args>),
    /// Sign artifacts in a registry or in an OCI image layout
    Sign(Lazy<sign::Args>),
    /// Verify artifacts in a registry or in an OCI image layout
    Verify(Lazy<Box<verify::Args>>),
    /// Wait until Amazon ECR has signed what was pushed, then verify it
    Wait(Lazy<wait::Args>),
    /// Decide what may run: images, and the images of deployment documents
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign gate check --gate-policy gate.json registry.example/team/app@sha256:...\n  \
        countersign gate task-definition --gate-policy gate.json taskdef.json"
    )]
    Gate(Lazy<gate::Command>),
    /// Store revocation information for verification without a network
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign revocation fetch --out ./facts registry.example/app:v1"
    )]
    Revocation(Lazy<revocation::Command>),
    /// Sign and verify files
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign blob sign --signing-profile ARN app.tar.gz\n  \
        countersign blob verify --signing-profile ARN app.tar.gz"
    )]
    Blob(Lazy<blob::Command>),
    /// Sign packages of AWS Lambda, verify them as AWS Lambda does, and decide whose packages functions take
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign lambda sign --signing-profile release --bucket zips app.zip\n  \
        countersign lambda verify --signing-profile VERSION_ARN app.signed.zip\n  \
        countersign lambda explain FUNCTION --zip app.signed.zip\n  \
        countersign lambda audit"
    )]
    Lambda(Lazy<code_signing::Command>),
    /// Manage, check and explain trust policies
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign policy init --signing-profile ARN\n  \
        countersign policy lint trustpolicy.json"
    )]
    Policy(Lazy<policy::Command>),
    /// Manage the certificates of the trust stores, and make test certificates
    #[command(
        subcommand,
        visible_alias = "certificate",
        after_help = "Examples:\n  \
        countersign cert add --type ca --store acme acme-root.crt\n  \
        countersign cert list"
    )]
    Cert(Lazy<cert::Command>),
    /// Manage the names of signing keys
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign key add --plugin com.amazonaws.signer.notation.plugin --id ARN --default release\n  \
        countersign key list"
    )]
    Key(Lazy<key::Command>),
    /// Install, list and remove plugins of notation
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign plugin install --self\n  \
        countersign plugin list"
    )]
    Plugin(Lazy<plugin::Command>),
    /// Log in to a registry, and have a credential helper keep the password
    Login(Lazy<login::Args>),
    /// Have the credential of a registry forgotten
    Logout(Lazy<logout::Args>),
    /// Manage signing profiles of AWS Signer
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign profile create release\n  \
        countersign profile list"
    )]
    Profile(Lazy<profile::Command>),
    /// Look at and revoke signatures that AWS Signer made
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign signature show JOB_ARN\n  \
        countersign signature revoke JOB_ARN --reason \"the key leaked\" --dry-run"
    )]
    Signature(Lazy<signature::Command>),
    /// List the signatures of an artifact
    #[command(visible_alias = "ls")]
    List(Lazy<list::Args>),
    /// Show what the signatures of an artifact say, without verifying them
    Inspect(Lazy<inspect::Args>),
    /// Show the version of this program
    #[command(after_help = "Examples:\n  countersign version")]
    Version,
    /// Write a script by which a shell completes commands and flags
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign completion bash > /etc/bash_completion.d/countersign\n  \
        countersign completion zsh > \"${fpath[1]}/_countersign\""
    )]
    Completion(Lazy<completion::Command>),
    /// Write the manual pages
    Man(Lazy<manual::Args>),
}

impl Command {
    /// Whether `--verbose` is the command's own to answer: it has words for what it found.
    const fn says_what_it_found(&self) -> bool {
        matches!(
            self,
            Self::Verify(_) | Self::Blob(Lazy(blob::Command::Verify(_)))
        )
    }
}

/// Whether a program started by this name answers as `notation`.
pub fn is_notation(program: &OsStr) -> bool {
    Called::by(program).is_notation()
}

/// Runs the command line and returns the process's exit code.
///
/// `arguments` begins with the name that the program was started by.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    context::environment().remember_secrets();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let called = arguments
        .first()
        .map_or(Called::Countersign, |program| Called::by(program));
    let mut exit = Exit::Done;
    let mut write = |report: CommandOutput| {
        output::write_stderr(&report.beside_the_answer());
        let mut stdout = std::io::stdout().lock();
        let written = output::write_text(&mut stdout, &report.stdout)
            .and_then(|()| output::write_document(&mut stdout, &report.document));
        exit = exit.worse(report.exit);
        // A reader that went away has what it wanted; a full disk has not.
        if let Err(error) = written
            && error.kind() != std::io::ErrorKind::BrokenPipe
        {
            let report = CommandOutput::failed_with_hint(
                Exit::Inconclusive,
                &format!("cannot write the answer: {error}"),
                "check where standard output leads; only the answer is lost, what the command did is done"
                    .to_owned(),
            );
            output::write_stderr(&report.stderr);
            exit = exit.worse(report.exit);
        }
    };
    // The one answer for which no flag has to be described.
    if matches!(arguments.as_slice(), [_, word] if word == "version") {
        messages::begin(args::MessageArgs::default(), called, false);
        write(version::run());
    } else if called.is_notation() && completion::asked::is_question(&arguments) {
        write(completion::asked::answer(&line::all_commands(), &arguments));
    } else {
        answer(&arguments, called, &mut write);
    }
    if called.is_notation() {
        u8::from(exit != Exit::Done)
    } else {
        exit.code()
    }
}

/// Reads the command line and runs the command that it names.
fn answer(arguments: &[OsString], called: Called, write: &mut dyn FnMut(CommandOutput)) {
    let read =
        line::parse(arguments).and_then(|line| Ok((Cli::from_arg_matches(&line.matches)?, line)));
    match read {
        Ok((cli, line)) => {
            messages::begin(cli.messages, called, cli.command.says_what_it_found());
            match admitted(&line, arguments, called) {
                Ok(warning) => {
                    output::write_stderr(warning);
                    execute(cli.command, called, write);
                }
                Err(report) => write(report),
            }
        }
        Err(error) => {
            messages::begin(args::MessageArgs::default(), called, false);
            write(usage::report(error, arguments, called));
        }
    }
}

/// Lets the command know who called it. What is said before it runs, if it may.
fn admitted(
    line: &Line,
    arguments: &[OsString],
    called: Called,
) -> Result<&'static str, CommandOutput> {
    let path = reader::set(&line.root, &line.matches, called);
    if called.is_notation() {
        experimental::admitted(&path, arguments, &context::environment())
    } else {
        Ok("")
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
            Command::Setup(Lazy(args)) => emit(setup::run(&args).await),
            Command::Doctor(Lazy(args)) => emit(doctor::run(&args).await),
            Command::Sign(Lazy(args)) => sign::run(args, emit).await,
            Command::Verify(Lazy(args)) => verify::run(*args, called, emit).await,
            Command::Wait(Lazy(args)) => wait::run(&args, called, emit).await,
            Command::Gate(Lazy(command)) => gate::run(command, emit).await,
            Command::Revocation(Lazy(command)) => revocation::run(command, called, emit).await,
            Command::Blob(Lazy(command)) => emit(blob::run(command, called).await),
            Command::Lambda(Lazy(command)) => code_signing::run(&command, emit).await,
            Command::Policy(Lazy(command)) => emit(policy::run(&command)),
            Command::Cert(Lazy(command)) => emit(cert::run(&command).await),
            Command::Key(Lazy(command)) => emit(key::run(&command).await),
            Command::Plugin(Lazy(command)) => plugin::run(&command, called, emit).await,
            Command::Login(Lazy(args)) => emit(login::run(&args).await),
            Command::Logout(Lazy(args)) => emit(logout::run(&args).await),
            Command::Profile(Lazy(command)) => emit(profile::run(&command).await),
            Command::Signature(Lazy(command)) => emit(signature::run(&command).await),
            Command::List(Lazy(args)) => list::run(&args, emit).await,
            Command::Inspect(Lazy(args)) => inspect::run(&args, emit).await,
            Command::Version => emit(version::run()),
            Command::Completion(Lazy(command)) => emit(completion::run(&command, called)),
            Command::Man(Lazy(args)) => emit(manual::run(&args)),
        }
    });
    // What is left, an idle connection or a name being looked up, is not worth waiting for.
    runtime.shutdown_background();
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
            .map_err(|error| not_a_reference(text, &error))
    }
}

/// The report of `text`, which is not a reference.
fn not_a_reference(text: &str, error: &reference::Error) -> CommandOutput {
    CommandOutput::usage(&error.notation_sentence(), hint_of(text, error))
}

/// What to do about `text`, which is not a reference: a file here was probably meant.
fn hint_of(text: &str, error: &reference::Error) -> Option<String> {
    let shown = output::one_line(text);
    let path = Path::new(text);
    if path.is_file() {
        let end = path.extension().and_then(OsStr::to_str).unwrap_or_default();
        return Some(if ["json", "yaml", "yml"].contains(&end) {
            format!(
                "`{shown}` is a file: a gate decides about the images in it with `countersign gate kubernetes`, \
                 `countersign gate task-definition` or another command of `countersign gate --help`"
            )
        } else {
            format!(
                "`{shown}` is a file: `countersign blob sign` and `countersign blob verify` are for files"
            )
        });
    }
    let of_layout = LayoutReference::parse(text).ok();
    if of_layout.is_some_and(|layout| Path::new(layout.path()).is_dir()) {
        return Some(format!(
            "`{shown}` is in a directory: give `--oci-layout` too"
        ));
    }
    error.hint()
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
