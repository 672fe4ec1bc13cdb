//! Flags that all kinds of documents have.

use std::path::PathBuf;

use crate::cli::args::{MaxSignatures, PluginConfigArgs, PolicyArgs, RegistryArgs, TimeArgs};
use crate::cli::requirement::RequireArgs;

/// Flags that all kinds of documents have.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// Write the document with the verified digests in place of tags, to stdout or to the file of --out
    #[arg(long)]
    pub(super) pin: bool,
    /// File to write the document with digests to; it is replaced as a whole, and only if every image is verified
    #[arg(long, value_name = "FILE", requires = "pin")]
    pub(super) out: Option<PathBuf>,
    /// Place from which nothing runs, as a refusal names it. May be given several times
    #[arg(long, value_name = "PATH")]
    pub(super) ignore: Vec<String>,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    /// User metadata that must have been signed
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    pub(super) user_metadata: Vec<String>,
    #[command(flatten)]
    pub(super) plugin_config: PluginConfigArgs,
    /// Maximum number of signatures to check per image
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t,
        allow_negative_numbers = true
    )]
    pub(super) max_signatures: MaxSignatures,
    /// Output format: `json` is one document on stdout, see schemas/run-document.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub(super) output: Output,
    #[command(flatten)]
    pub(super) require: RequireArgs,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    #[command(flatten)]
    pub(super) time: TimeArgs,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}
