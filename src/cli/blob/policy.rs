//! `countersign blob policy`: the trust policy for files, `trustpolicy.blob.json`.

use std::ffi::OsString;
use std::path::Path;

use super::super::listing::not_shown;
use super::super::output::CommandOutput;
use super::super::policy::{PolicyDocument, ShowArgs, Writing};
use crate::report::{BlobPolicy, go};
use crate::trust_policy::DocumentKind;

/// Commands of `blob policy`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Write a trust policy with one statement of level `strict`
    Init(InitArgs),
    /// Import a trust policy from a file if it is valid
    Import(ImportArgs),
    /// Show the trust policy
    #[command(after_help = "Examples:\n  \
        countersign blob policy show\n  \
        countersign blob policy show --output json    (for programs)")]
    Show(ShowArgs),
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
    /// Overwrite an existing trust policy, of which no copy is kept
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
    /// Overwrite an existing trust policy, of which no copy is kept
    #[arg(long)]
    force: bool,
}

pub(super) fn run(command: &Command) -> Result<CommandOutput, CommandOutput> {
    if let Command::Show(args) = command {
        let document = PolicyDocument::of(DocumentKind::Blob);
        let shown = document.and_then(|document| document.show(args.output));
        return shown.map_err(|report| not_shown(args.output, report));
    }
    let document = PolicyDocument::of(DocumentKind::Blob)?;
    let writing = |force| Writing {
        force,
        ..Writing::default()
    };
    match command {
        Command::Init(args) => {
            let policy = BlobPolicy::strict(
                &args.name,
                &args.trust_store,
                &args.trusted_identity,
                args.global,
            );
            let (report, _) = document.init(go::json(&policy).trim_end(), writing(args.force))?;
            Ok(report)
        }
        Command::Import(args) => document.import(Path::new(&args.file), writing(args.force)),
        Command::Show(args) => document.show(args.output),
    }
}
