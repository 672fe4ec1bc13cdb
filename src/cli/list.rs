//! `countersign list`: the signatures of an artifact, by digest.

use std::collections::HashSet;

use super::args::{LookArgs, MaxSignatures};
use super::output::{CommandOutput, one_line};
use super::signatures;
use super::tree::Tree;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::Descriptor;

/// Flags of `list`, as notation has them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign list registry.example/app:v1\n  \
    countersign list --oci-layout ./app:v1")]
pub(super) struct Args {
    /// Artifact: registry/repository@digest, or :tag; with --oci-layout directory@digest, or :tag
    reference: String,
    /// Maximum number of signatures to list
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t,
        allow_negative_numbers = true
    )]
    max_signatures: MaxSignatures,
    #[command(flatten)]
    look: LookArgs,
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    let allowed = match args.look.time.allowed() {
        Ok(allowed) => allowed,
        Err(report) => return report,
    };
    let answer = allowed.begin().lend(Box::pin(list(args))).await;
    answer.unwrap_or_else(|report| report)
}

async fn list(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let repository = signatures::open(&args.reference, &args.look)?;
    let found = signatures::find(repository, args.max_signatures, "list").await?;
    let reference = found.target.reference.to_string();
    let stdout = if found.signatures.is_empty() {
        format!("{} has no associated signatures\n", one_line(&reference))
    } else {
        // A digest may be listed twice, with another size for example.
        let mut shown = HashSet::new();
        let signatures = found.signatures.iter().map(Descriptor::digest);
        let signatures = signatures
            .filter(|digest| shown.insert(*digest))
            .map(Tree::new);
        let list = Tree::new(SIGNATURE_ARTIFACT_TYPE).with_all(signatures);
        Tree::new(reference).with(list).draw()
    };
    Ok(CommandOutput {
        stdout,
        stderr: found.warnings,
        exit: found.exit,
        ..CommandOutput::done()
    })
}
