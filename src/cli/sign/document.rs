//! The JSON form of what `sign` did: each outcome as an element of the document.

use super::job::Asked;
use super::outcome::{self, End, Error, NotTried, Outcome};
use super::signature::Signature;
use super::text::{same_as, sentence_of};
use crate::cli::output::CommandOutput;
use crate::cli::reader;
use crate::registry::Warning;
use crate::report::{ArtifactSigning, Pushed, Reason, Results, SigningEnd, SigningSignature};

/// The answer where nothing could be begun with: the document has no results, and what the report
/// says as its error.
pub(super) fn unusable(report: CommandOutput) -> CommandOutput {
    let end = SigningEnd::not_begun(report.exit, report.not_begun());
    CommandOutput {
        stdout: Results::default().end(&end),
        ..report
    }
}

/// What became of one reference.
pub(super) fn result(asked: &Asked, outcome: &Outcome) -> ArtifactSigning {
    let (text, target) = (asked.text.as_str(), outcome.target.as_ref());
    match &outcome.end {
        End::Signed {
            reference,
            signature: Signature { format, info },
            warnings,
            notes,
            refused,
        } => {
            let signature = SigningSignature::stored(*format, info, reference);
            let warnings = warnings.iter().map(warning);
            let warnings = warnings.chain(notes.iter().chain(refused).cloned());
            ArtifactSigning::signed(text, target, signature, warnings.collect())
        }
        End::AlreadySigned {
            reference,
            signature: Signature { format, info },
        } => {
            let signature = SigningSignature::stored(*format, info, reference);
            let message = format!("`{text}` is signed already");
            let reason = Reason::plain("already-signed", message, false);
            ArtifactSigning::skipped(text, target, Some(signature), reason)
        }
        End::SameAs { other } => {
            let reason = Reason::plain("given-twice", same_as(asked, other), false);
            ArtifactSigning::skipped(text, target, None, reason)
        }
        End::Failed { error, signature } => {
            let signature = signature.as_ref().map(|made| unlisted(made, error));
            let reason = Reason::new(
                error.code(),
                error.sentence(),
                error.as_error(),
                error.hint(),
                reader::current(),
            );
            let is_interrupted = matches!(
                **error,
                Error::Interrupted { .. } | Error::InterruptedPush { .. }
            );
            let reason = reason.retryable_if(is_interrupted);
            ArtifactSigning::failed(text, target, signature, reason)
        }
        End::NotTried(why) => {
            let message = match why {
                NotTried::AfterFailure => "another one failed first",
                NotTried::Interrupted => "the command was interrupted first",
                NotTried::OutOfTime => "the time for the command was over before",
            };
            let reason = Reason::plain(why.code(), message.to_owned(), true);
            ArtifactSigning::not_tried(text, target, reason)
        }
    }
}

/// A signature that was made, and whose storing failed with `error`.
fn unlisted(made: &Signature, error: &Error) -> SigningSignature {
    let Signature { format, info } = made;
    match error.pushed() {
        outcome::Pushed::No => SigningSignature::unstored(*format, info, Pushed::No),
        outcome::Pushed::Unknown => SigningSignature::unstored(*format, info, Pushed::Unknown),
        outcome::Pushed::NotListed { manifest } => {
            SigningSignature::not_listed(*format, info, &manifest)
        }
    }
}

fn warning(warning: &Warning) -> String {
    match warning {
        Warning::OldIndexNotDeleted { index, source } => {
            format!("the outdated referrers index `{index}` could not be removed: {source}")
        }
        Warning::NotListed | Warning::IndexContended => sentence_of(warning).to_owned(),
    }
}
