//! The JSON form of what `sign` did: one versioned document for a command
//! (`schemas/signing.v1.schema.json`). Names and codes do not change within version 1; more may come.

use serde_json::{Map, Value, json};

use super::job::Asked;
use super::outcome::{End, NotTried, Outcome, Pushed, Signature};
use super::text::{Counts, same_as};
use crate::cli::report::{self, Exit, Report};
use crate::cli::verify::verdict;
use crate::reference::ArtifactReference;
use crate::registry::Warning;

/// The document for all references of a command, in the order given.
pub(super) fn document(asked: &[Asked], outcomes: &[Outcome], exit: Exit) -> Value {
    let counts = Counts::of(outcomes);
    let results: Vec<Value> = asked
        .iter()
        .zip(outcomes)
        .map(|(asked, outcome)| result(asked, outcome))
        .collect();
    json!({
        "version": "1",
        "exitCode": exit.code(),
        "summary": {
            "signed": counts.signed,
            "skipped": counts.skipped,
            "failed": counts.failed,
            "notTried": counts.not_tried,
        },
        "results": results,
    })
}

/// The answer where nothing could be begun with: the document has no results, and what the report
/// says as its error.
pub(super) fn unusable(report: Report) -> Report {
    let mut document = document(&[], &[], report.exit);
    if let Some(document) = document.as_object_mut() {
        document.insert("error".to_owned(), verdict::not_begun(&report));
    }
    Report {
        stdout: report::document(&document),
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
            put("reason", reason("already-signed", &message));
        }
        End::SameAs { other } => {
            put("state", "skipped".into());
            put("reason", reason("given-twice", &same_as(asked, other)));
        }
        End::Failed {
            error,
            signature: made,
        } => {
            put("state", "failed".into());
            if let Some(made) = made {
                let pushed = match error.pushed() {
                    Pushed::No => "no",
                    Pushed::Unknown => "unknown",
                };
                put("signature", signature(made, None, pushed));
            }
            let reasons = verdict::reasons(
                error.code(),
                &error.sentence(),
                error.as_error(),
                error.hint(),
            );
            put("error", reasons);
        }
        End::NotTried(why) => {
            put("state", "not-tried".into());
            let message = match why {
                NotTried::AfterFailure => "another one failed before",
                NotTried::Interrupted => "the command was interrupted before",
            };
            put("reason", reason(why.code(), message));
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

fn reason(code: &str, message: &str) -> Value {
    json!({ "code": code, "message": message, "causes": [] })
}

fn warning(warning: &Warning) -> Value {
    let Warning::OldIndexNotDeleted { index, source } = warning;
    format!("the outdated referrers index `{index}` could not be removed: {source}").into()
}
