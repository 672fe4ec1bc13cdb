//! The JSON form of what `blob verify` found, in the document of `verify`
//! (`schemas/verdict.v1.schema.json`): one result, which has the file's path in place of a reference.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::report::{self, Exit, Report};
use super::super::sentence;
use super::super::verify::verdict::{document, reasons, signature};
use crate::outcome::{Failure, FailureClass};
use crate::verify::blob::{Error, Verification};

/// The document about `file`; `warnings` are for stderr.
pub(super) fn report(file: &Path, found: &Result<Verification, Error>, warnings: String) -> Report {
    let exit = match found {
        Ok(_) => Exit::Done,
        Err(error) => Exit::of(error.class()),
    };
    let document = document(&[result(file, found)], exit);
    Report {
        stdout: report::document(&document),
        stderr: warnings,
        exit,
        ..Report::done()
    }
}

fn result(file: &Path, found: &Result<Verification, Error>) -> Value {
    let path = file.to_string_lossy();
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put("asked", path.clone().into());
    put("blob", path.into());
    match found {
        Ok(Verification::Verified(verified)) => {
            put("verdict", "verified".into());
            put("policyStatement", verified.statement.clone().into());
            put("signatures", json!([signature(&verified.accepted)]));
        }
        Ok(Verification::Skipped { statement }) => {
            put("verdict", "skipped".into());
            put("policyStatement", statement.clone().into());
            put("signatures", json!([]));
        }
        Err(error) => {
            put(
                "verdict",
                match error.class() {
                    FailureClass::Rejected => "rejected".into(),
                    FailureClass::Inconclusive => "inconclusive".into(),
                },
            );
            let sentence = sentence::of_blob_verification(error);
            put(
                "error",
                reasons(code(error), &sentence, error, error.hint()),
            );
            match error {
                Error::Rejected(refused) | Error::Inconclusive(refused) => {
                    put("policyStatement", refused.statement.clone().into());
                    put("signatures", json!([signature(&refused.outcome)]));
                }
                Error::Policy { .. } => {
                    put("signatures", json!([]));
                }
            }
        }
    }
    Value::Object(result)
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::Policy { .. } => "policy-unusable",
        Error::Rejected(refused) | Error::Inconclusive(refused) => refused
            .outcome
            .refusal()
            .map_or("signature-refused", Failure::code),
    }
}
