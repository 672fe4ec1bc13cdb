//! `countersign policy`: trust policies for artifacts in registries, written, checked and explained.

mod document;
mod explain;
mod gate_explain;
mod init;
mod lint;
mod stores;
mod test;

use std::ffi::OsString;
use std::path::Path;

pub(super) use document::{PolicyDocument, Writing};

use super::args::Output;
use super::listing::not_shown;
use super::output::CommandOutput;
use crate::trust_policy::DocumentKind;

/// Commands of `policy`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Write a trust policy with one statement of level `strict`
    Init(init::Args),
    /// Import a trust policy from a file if it is valid
    Import(ImportArgs),
    /// Show the trust policy
    #[command(after_help = "Examples:\n  \
        countersign policy show\n  \
        countersign policy show --output json    (for programs)")]
    Show(ShowArgs),
    /// Find what is wrong in trust policies and gate policies, or probably not meant
    Lint(lint::Args),
    /// Explain which statement, or which rule of a gate policy, applies to an artifact, and what it asks
    Explain(explain::Args),
    /// Compare what a trust policy decides with a table of what it should; no registry is asked
    Test(test::Args),
}

/// Flags of `policy show`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ShowArgs {
    /// Output format: `json` is one document on stdout, see schemas/policy-document.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub(in crate::cli) output: Output,
}

/// Flags of `policy import`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign policy import policy.json\n  \
    countersign policy import --force --keep-v1 policy.json    (for notation 1.x too)")]
pub(super) struct ImportArgs {
    /// File with the trust policy
    #[arg(value_name = "FILE")]
    file: OsString,
    #[command(flatten)]
    writing: WritingArgs,
}

/// How a policy is written.
#[derive(Debug, clap::Args)]
struct WritingArgs {
    /// Overwrite an existing trust policy, of which no copy is kept
    #[arg(long)]
    force: bool,
    /// Write `trustpolicy.json` too, which notation 1.x reads, instead of deleting it
    #[arg(long)]
    keep_v1: bool,
}

impl WritingArgs {
    const fn writing(&self) -> Writing {
        Writing {
            force: self.force,
            keep_v1: self.keep_v1,
        }
    }
}

pub(super) fn run(command: &Command) -> CommandOutput {
    let oci = || PolicyDocument::of(DocumentKind::Oci);
    let done = match command {
        Command::Init(args) => oci().and_then(|document| init::run(&document, args)),
        Command::Import(args) => oci()
            .and_then(|document| document.import(Path::new(&args.file), args.writing.writing())),
        Command::Show(args) => {
            let shown = oci().and_then(|document| document.show(args.output));
            return shown.unwrap_or_else(|report| not_shown(args.output, report));
        }
        Command::Lint(args) => lint::run(args),
        Command::Explain(args) => {
            return match &args.gate_policy {
                Some(gate_policy) => gate_explain::run(args, gate_policy),
                None => explain::run(args),
            };
        }
        Command::Test(args) => test::run(args),
    };
    done.unwrap_or_else(|report| report)
}
