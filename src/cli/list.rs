//! `countersign list`: the signatures of artifacts, by digest.

use std::collections::HashSet;

use super::args::{LookArgs, MaxSignaturesArgs};
use super::output::{CommandOutput, Exit, one_line};
use super::signatures::{self, Artifacts, SignatureList};
use super::tree::Tree;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::Descriptor;
use crate::reference::ArtifactReference;
use crate::report::{ListedArtifact, Reason, SignatureListingV1, go};

/// Flags of `list`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign list registry.example/app:v1\n  \
    countersign list --output json registry.example/app:v1 registry.example/app:v2\n  \
    countersign list --oci-layout ./app:v1")]
pub(super) struct Args {
    /// Artifacts: registry/repository@digest, or :tag; with --oci-layout directory@digest, or :tag
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    /// Output format: `json` is one document on stdout, see schemas/listing.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "tree")]
    output: Output,
    #[command(flatten)]
    max_signatures: MaxSignaturesArgs,
    #[command(flatten)]
    look: LookArgs,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    #[value(alias = "text")]
    Tree,
    Json,
}

/// Each artifact in its turn: that one cannot be looked at hides no other.
pub(super) async fn run(args: &Args, emit: &mut dyn FnMut(CommandOutput)) {
    let begun = args.look.time.allowed().and_then(|allowed| {
        let artifacts = Artifacts::new(&args.references, &args.look)?;
        Ok((allowed, artifacts))
    });
    let (allowed, mut artifacts) = match begun {
        Ok(begun) => begun,
        Err(report) => return emit(not_begun(args.output, report)),
    };
    let mut results = Vec::new();
    let mut worst = Exit::Done;
    let mut notes = artifacts.take_notes();
    for (text, reference) in args.references.iter().zip(&artifacts.references) {
        let looked = Box::pin(look(&artifacts, reference, args.max_signatures));
        let looked = allowed.begin().lend(looked).await;
        let mut report = match &looked {
            Ok(found) => CommandOutput {
                stdout: as_tree(found),
                stderr: found.warnings.clone(),
                exit: found.exit,
                ..CommandOutput::done()
            },
            Err(_) => CommandOutput::done(),
        };
        let listed = match looked {
            Ok(found) => listed(text, &found),
            Err(failed) => {
                report = failed;
                let reason = Reason {
                    code: "not-listed",
                    ..report.not_begun()
                };
                let may_pass = report.exit == Exit::Inconclusive;
                ListedArtifact::failed(text.clone(), reason.retryable_if(may_pass))
            }
        };
        worst = worst.worse(report.exit);
        report.stderr.insert_str(0, &std::mem::take(&mut notes));
        if args.output == Output::Json {
            report.stdout.clear();
            results.push(listed);
        }
        emit(report);
    }
    if args.output == Output::Json {
        emit(CommandOutput {
            stdout: go::json(&SignatureListingV1::new(results, worst)),
            exit: worst,
            ..CommandOutput::done()
        });
    }
}

fn not_begun(output: Output, report: CommandOutput) -> CommandOutput {
    match output {
        Output::Tree => report,
        Output::Json => CommandOutput {
            stdout: go::json(&SignatureListingV1::not_begun(
                report.not_begun(),
                report.exit,
            )),
            ..report
        },
    }
}

async fn look(
    artifacts: &Artifacts,
    reference: &ArtifactReference,
    max_signatures: MaxSignaturesArgs,
) -> Result<SignatureList, CommandOutput> {
    let repository = artifacts.open(reference)?;
    signatures::find(repository, max_signatures, "list").await
}

/// Each digest once: one may be listed twice, with another size for example.
fn different(found: &SignatureList) -> impl Iterator<Item = &Descriptor> {
    let mut shown = HashSet::new();
    let signatures = found.signatures.iter();
    signatures.filter(move |signature| shown.insert(signature.digest()))
}

fn as_tree(found: &SignatureList) -> String {
    let reference = found.target.reference.to_string();
    if found.signatures.is_empty() {
        return format!("{} has no associated signatures\n", one_line(&reference));
    }
    let signatures = different(found).map(|signature| Tree::new(signature.digest()));
    let list = Tree::new(SIGNATURE_ARTIFACT_TYPE).with_all(signatures);
    Tree::new(reference).with(list).draw()
}

fn listed(text: &str, found: &SignatureList) -> ListedArtifact {
    ListedArtifact::new(
        text.to_owned(),
        found.target.reference.to_string(),
        different(found).map(Into::into).collect(),
        found.is_complete,
    )
}
