//! The JSON form of what `sign` did: one versioned document for a command
//! (`schemas/signing.v1.schema.json`). Names and codes do not change within version 1; more may come.

use serde_json::{Map, Value, json};

use super::job::Asked;
use super::outcome::{End, Error, NotTried, Outcome, Pushed, Signature};
use super::text::{Counts, same_as, sentence_of};
use crate::cli::report::{Exit, Report};
use crate::cli::results::Results;
use crate::cli::verify::verdict;
use crate::reference::ArtifactReference;
use crate::registry::Warning;

/// The text of the next result, with what stands before it.
pub(super) fn add(results: &mut Results, asked: &Asked, outcome: &Outcome) -> String {
    results.add(&result(asked, outcome))
}

/// The text of the document's end.
pub(super) fn end(results: Results, counts: Counts, exit: Exit) -> String {
    results.end(&members(counts, exit))
}

fn members(counts: Counts, exit: Exit) -> Map<String, Value> {
    let mut members = verdict::exit_code(exit);
    let summary = json!({
        "signed": counts.signed,
        "skipped": counts.skipped,
        "failed": counts.failed,
        "notTried": counts.not_tried,
    });
    members.insert("summary".to_owned(), summary);
    members
}

/// The answer where nothing could be begun with: the document has no results, and what the report
/// says as its error.
pub(super) fn unusable(report: Report) -> Report {
    let mut members = members(Counts::default(), report.exit);
    members.insert("error".to_owned(), verdict::not_begun(&report));
    Report {
        stdout: Results::default().end(&members),
        ..report
    }
}

fn result(asked: &Asked, outcome: &Outcome) -> Value {
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put("asked", asked.text.clone().into());
    if let Some(target) = &outcome.target {
        put("reference", target.reference.to_string().into());
        put(
            "mediaType",
            target.descriptor.media_type().to_string().into(),
        );
    }
    match &outcome.end {
        End::Signed {
            reference,
            signature: made,
            warnings,
            notes,
            refused,
        } => {
            put("state", "signed".into());
            put("signature", signature(made, Some(reference), "yes"));
            let warnings: Vec<Value> = warnings
                .iter()
                .map(warning)
                .chain(notes.iter().chain(refused).cloned().map(Value::from))
                .collect();
            if !warnings.is_empty() {
                put("warnings", warnings.into());
            }
        }
        End::AlreadySigned {
            reference,
            signature: found,
        } => {
            put("state", "skipped".into());
            put("signature", signature(found, Some(reference), "yes"));
            let message = format!("`{}` is signed already", asked.text);
            put("reason", reason("already-signed", &message, false));
        }
        End::SameAs { other } => {
            put("state", "skipped".into());
            put(
                "reason",
                reason("given-twice", &same_as(asked, other), false),
            );
        }
        End::Failed {
            error,
            signature: made,
        } => {
            put("state", "failed".into());
            if let Some(made) = made {
                let signature = match error.pushed() {
                    Pushed::No => signature(made, None, "no"),
                    Pushed::Unknown => signature(made, None, "unknown"),
                    Pushed::NotListed { manifest } => {
                        let mut value = signature(made, None, "yes");
                        if let Some(members) = value.as_object_mut() {
                            members.insert("digest".to_owned(), manifest.into());
                        }
                        value
                    }
                };
                put("signature", signature);
            }
            let reasons = verdict::reasons(
                error.code(),
                &error.sentence(),
                error.as_error(),
                error.hint(),
            );
            let may_pass = matches!(
                **error,
                Error::Interrupted { .. } | Error::InterruptedPush { .. }
            );
            put("error", verdict::retryable_if(reasons, may_pass));
        }
        End::NotTried(why) => {
            put("state", "not-tried".into());
            let message = match why {
                NotTried::AfterFailure => "another one failed first",
                NotTried::Interrupted => "the command was interrupted first",
                NotTried::OutOfTime => "the time for the command was over before",
            };
            put("reason", reason(why.code(), message, true));
        }
    }
    Value::Object(result)
}

/// `reference` is where it is stored, if it is.
fn signature(made: &Signature, reference: Option<&ArtifactReference>, pushed: &str) -> Value {
    let mut value = json!({
        "pushed": pushed,
        "envelopeMediaType": made.format.media_type(),
        "signer": verdict::signer(&made.info),
    });
    if let (Some(reference), Some(value)) = (reference, value.as_object_mut()) {
        if let Some(digest) = reference.digest() {
            value.insert("digest".to_owned(), digest.into());
        }
        value.insert("reference".to_owned(), reference.to_string().into());
    }
    value
}

fn reason(code: &str, message: &str, may_pass: bool) -> Value {
    json!({ "code": code, "message": message, "causes": [], "retryable": may_pass })
}

fn warning(warning: &Warning) -> Value {
    match warning {
        Warning::OldIndexNotDeleted { index, source } => {
            format!("the outdated referrers index `{index}` could not be removed: {source}").into()
        }
        Warning::NotListed | Warning::IndexContended => sentence_of(warning).into(),
    }
}
