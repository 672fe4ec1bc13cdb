//! `countersign list`: the signatures of an artifact, by digest.

use std::collections::HashSet;

use super::args::{ListingForm, LookArgs, MaxSignatures};
use super::listing::{not_shown, shown};
use super::output::{CommandOutput, one_line};
use super::signatures;
use super::tree::Tree;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::report::ListedSignatures;

/// Flags of `list`, as notation has them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign list registry.example/app:v1\n  \
    countersign list --oci-layout ./app:v1\n  \
    countersign list --output json registry.example/app:v1    (for programs)")]
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
    /// Output format: `json` is one document on stdout, see schemas/signature-list.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: ListingForm,
    #[command(flatten)]
    look: LookArgs,
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    let allowed = match args.look.time.allowed() {
        Ok(allowed) => allowed,
        Err(report) => return not_shown(args.output, report),
    };
    let answer = allowed.begin().lend(Box::pin(list(args))).await;
    answer.unwrap_or_else(|report| not_shown(args.output, report))
}

async fn list(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let repository = signatures::open(&args.reference, &args.look)?;
    let found = signatures::find(repository, args.max_signatures, "list").await?;
    let reference = found.target.reference.to_string();
    // A digest may be listed twice, with another size for example.
    let descriptors = found.signatures.iter();
    let mut known = HashSet::new();
    let descriptors = descriptors.filter(|one| known.insert(one.digest()));
    let listed = ListedSignatures::new(reference.clone(), &found.target.descriptor, descriptors);
    let stdout = if found.signatures.is_empty() {
        format!("{} has no associated signatures\n", one_line(&reference))
    } else {
        let signatures = listed.signatures.iter().map(|one| Tree::new(&one.digest));
        let list = Tree::new(SIGNATURE_ARTIFACT_TYPE).with_all(signatures);
        Tree::new(reference).with(list).draw()
    };
    let report = CommandOutput {
        stdout,
        stderr: found.warnings,
        exit: found.exit,
        ..CommandOutput::done()
    };
    Ok(shown(args.output, listed, report))
}
