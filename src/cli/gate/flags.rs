//! Flags that all kinds of documents have.

use std::path::PathBuf;

use super::args::GateArgs;
use crate::cli::args::Output;

/// Flags that all kinds of documents have.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[command(flatten)]
    pub(super) gate: GateArgs,
    /// Write the document with the verified digests in place of tags, to stdout or to the file of --out
    #[arg(long)]
    pub(super) pin: bool,
    /// File to write the document with digests to; it is replaced as a whole, and only if every image may run
    #[arg(long, value_name = "FILE", requires = "pin")]
    pub(super) out: Option<PathBuf>,
    /// File for a record of what was verified, see schemas/lock.v1.schema.json; written only if every image is
    /// verified, otherwise the file stays as it is
    #[arg(long, value_name = "FILE")]
    pub(super) lock: Option<PathBuf>,
    /// Place from which nothing runs, as a refusal names it. May be given several times
    #[arg(long, value_name = "PATH")]
    pub(super) ignore: Vec<String>,
    /// Output format: `json` is one document on stdout, see schemas/run-document.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub(super) output: Output,
}
