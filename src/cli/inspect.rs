//! `countersign inspect`: what the signatures of an artifact say. Nothing is verified.

pub(super) mod tree;

use std::error::Error as StdError;
use std::fmt::Write as _;

use super::args::{LookArgs, MaxSignaturesArgs};
use super::output::{CommandOutput, Exit, one_line};
use super::signatures::{self, Artifacts, SignatureList};
use super::terminal;
use super::tree::Tree;
use crate::allowance::{self, Exhausted};
use crate::causes;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::{Descriptor, Digest};
use crate::reference::ArtifactReference;
use crate::report::{
    Inspection, InspectionError, SignatureDetails, SignatureInspection, Times, go, go_envelope,
};

/// Flags of `inspect`, as notation has them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign inspect registry.example/app:v1\n  \
    countersign inspect --output json registry.example/app@sha256:...")]
pub(super) struct Args {
    /// Artifacts: registry/repository@digest, or :tag; with --oci-layout directory@digest, or :tag
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    /// Output format: tree, of which `text` is the older name, or json, one document for each artifact
    #[arg(short, long, value_name = "FORMAT", default_value = "tree")]
    output: String,
    #[command(flatten)]
    max_signatures: MaxSignaturesArgs,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Output {
    Tree,
    Json,
}

/// Each artifact in its turn: that one cannot be looked at hides no other.
pub(super) async fn run(args: &Args, emit: &mut dyn FnMut(CommandOutput)) {
    let begun = args.look.time.allowed().and_then(|allowed| {
        let output = parse_output(&args.output)?;
        let artifacts = Artifacts::new(&args.references, &args.look)?;
        Ok((allowed, output, artifacts))
    });
    let (allowed, output, mut artifacts) = match begun {
        Ok(begun) => begun,
        Err(report) => return emit(report),
    };
    let mut notes = artifacts.take_notes();
    for reference in &artifacts.references {
        let inspected = Box::pin(inspect(&artifacts, reference, args.max_signatures, output));
        let inspected = allowed.begin().lend(inspected).await;
        let mut report = inspected.unwrap_or_else(|report| report);
        report.stderr.insert_str(0, &std::mem::take(&mut notes));
        emit(report);
    }
}

/// `text` is what notation 1.3 calls the tree.
fn parse_output(text: &str) -> Result<Output, CommandOutput> {
    match text {
        "tree" | "text" => Ok(Output::Tree),
        "json" => Ok(Output::Json),
        other => {
            let sentence = format!("invalid format: {:?}", one_line(other));
            Err(CommandOutput::failed(Exit::Usage, &sentence))
        }
    }
}

async fn inspect(
    artifacts: &Artifacts,
    reference: &ArtifactReference,
    max_signatures: MaxSignaturesArgs,
    output: Output,
) -> Result<CommandOutput, CommandOutput> {
    let repository = artifacts.open(reference)?;
    let found = signatures::find(repository, max_signatures, "inspect").await?;
    Ok(show(found, output).await)
}

async fn show(found: SignatureList, output: Output) -> CommandOutput {
    let mut stderr = found.warnings.clone();
    let mut exit = found.exit;
    let mut read = Vec::new();
    for signature in &found.signatures {
        let digest = signature.digest();
        // A digest may be listed twice, once wrongly.
        let is_read = |(known, shown): &(&Digest, Result<_, _>)| *known == digest && shown.is_ok();
        if !read.iter().any(is_read) {
            let shown = allowance::in_time(self::read(&found, signature, output)).await;
            let shown = shown.unwrap_or_else(|source| Err(Skip::unfinished(signature, source)));
            if shown.is_ok() {
                read.retain(|(known, _)| *known != digest);
            }
            read.push((digest, shown));
        }
    }
    let mut skipped = false;
    let mut shown = Vec::new();
    for (digest, read) in read {
        shown.push(read.unwrap_or_else(|skip: Skip| {
            let _ = writeln!(stderr, "Warning: {}", skip.warning);
            exit = exit.worse(skip.exit);
            skipped = true;
            SignatureInspection::Unreadable {
                digest: digest.to_string(),
                error: skip.error,
            }
        }));
    }
    if skipped {
        stderr.push_str("Error: at least one signature could not be read\n");
    }
    let stdout = match output {
        Output::Tree => as_tree(&found, shown),
        Output::Json => {
            let media_type = found.target.descriptor.media_type().to_string();
            go::json(&Inspection::new(media_type, shown))
        }
    };
    CommandOutput {
        stdout,
        stderr,
        exit,
        ..CommandOutput::done()
    }
}

/// Why a signature cannot be shown.
struct Skip {
    warning: String,
    error: String,
    exit: Exit,
}

impl Skip {
    fn unfinished(signature: &Descriptor, source: Exhausted) -> Self {
        Self {
            warning: format!("signature {} was not read: {source}", signature.digest()),
            error: source.to_string(),
            exit: Exit::Inconclusive,
        }
    }
}

async fn read(
    found: &SignatureList,
    signature: &Descriptor,
    output: Output,
) -> Result<SignatureInspection, Skip> {
    let digest = signature.digest();
    let subject = found.target.descriptor.digest();
    let fetched = found.repository.fetch_signature(subject, signature).await;
    let fetched = fetched.map_err(|error| {
        let exit = signatures::exit_of(&error);
        let error = sentence(&error);
        Skip {
            warning: format!("unable to fetch signature {digest} due to error: {error}"),
            error,
            exit,
        }
    })?;
    let times = match output {
        Output::Tree => Times::Ansic,
        Output::Json => Times::Rfc3339,
    };
    let details = SignatureDetails::read(fetched.format, &fetched.envelope, times);
    let details = details.map_err(|error| {
        let words = match &error {
            InspectionError::Envelope(source) if terminal::is_notations() => {
                go_envelope::of_shown(fetched.format, &fetched.envelope, source)
            }
            _ => None,
        };
        let error = sentence(&error);
        let words = words.map_or_else(|| error.clone(), |words| one_line(&words));
        Skip {
            warning: format!("Skipping signature {digest} because of error: {words}"),
            error,
            exit: Exit::Rejected,
        }
    })?;
    Ok(SignatureInspection::Readable(Box::new(
        details.with_digest(digest),
    )))
}

fn as_tree(found: &SignatureList, shown: Vec<SignatureInspection>) -> String {
    let reference = found.target.reference.to_string();
    if shown.is_empty() {
        return format!("{} has no associated signature\n", one_line(&reference));
    }
    let signatures = shown.into_iter().map(|signature| match signature {
        SignatureInspection::Readable(details) => {
            tree::of_signature(&details, details.digest.as_deref().unwrap_or_default())
        }
        SignatureInspection::Unreadable { digest, error } => {
            Tree::new(digest).with(Tree::pair("unreadable", &error))
        }
    });
    let whole = Tree::new(reference).with(Tree::new(SIGNATURE_ARTIFACT_TYPE).with_all(signatures));
    format!(
        "Inspecting all signatures for signed artifact\n{}",
        whole.draw()
    )
}

/// An error with its causes, on one line.
fn sentence(error: &dyn StdError) -> String {
    one_line(&causes::in_one_line(error))
}
