//! `countersign list`: the signatures of an artifact, by digest.

use std::fmt::Write as _;

use super::args::RegistryArgs;
use super::report::Report;
use super::signatures;
use super::tree::Tree;
use crate::limits;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;

/// Flags of `list`, as notation has them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Artifact: registry/repository@digest, or :tag
    reference: String,
    /// Signatures that are listed at most
    #[arg(long, value_name = "NUMBER", default_value_t = i64::try_from(limits::MAX_SIGNATURES).unwrap_or(i64::MAX), allow_negative_numbers = true)]
    max_signatures: i64,
    #[command(flatten)]
    registry: RegistryArgs,
}

pub(super) async fn run(args: &Args) -> Report {
    let found =
        signatures::find(&args.reference, &args.registry, args.max_signatures, "list").await;
    let found = match found {
        Ok(found) => found,
        Err(report) => return report,
    };
    let reference = &found.target.reference;
    let mut stdout = String::new();
    if found.signatures.is_empty() {
        let _ = writeln!(stdout, "{reference} has no associated signatures");
    } else {
        let signatures = found.signatures.iter().map(|signature| {
            let digest = signature.digest();
            Tree::new(digest)
        });
        let tree = Tree::new(reference.to_string())
            .with(Tree::new(SIGNATURE_ARTIFACT_TYPE).with_all(signatures));
        stdout = tree.draw();
    }
    Report {
        stdout,
        stderr: found.warnings,
        exit: found.exit,
    }
}
