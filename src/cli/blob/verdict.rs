//! The JSON form of what `blob verify` found, in the document of `verify`
//! (`schemas/verdict.v1.schema.json`): one result, which has the file's path in place of a reference.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::called::Called;
use super::super::report::{Exit, Report};
use super::super::results::Results;
use super::super::sentence;
use super::super::verify::verdict::{exit_code, reasons, signature, skipped_validations};
use crate::outcome::{Failure, FailureClass};
use crate::trust_policy::StatementName;
use crate::verify::blob::{Accepted, Error, Verification};

/// The document about `file`; `warnings` are for stderr.
pub(super) fn report(
    file: &Path,
    statement: Option<&StatementName>,
    found: &Result<Verification, Error>,
    warnings: String,
) -> Report {
    let exit = match found {
        Ok(_) => Exit::Done,
        Err(error) => Exit::of(error.class()),
    };
    let mut results = Results::default();
    let mut stdout = results.add(&result(file, statement, found));
    stdout.push_str(&results.end(&exit_code(exit)));
    Report {
        stdout,
        stderr: warnings,
        exit,
        ..Report::done()
    }
}

fn result(
    file: &Path,
    statement: Option<&StatementName>,
    found: &Result<Verification, Error>,
) -> Value {
    let path = file.to_string_lossy();
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put("asked", path.clone().into());
    put("blob", path.into());
    if let Some(statement) = statement {
        put("policyStatement", statement.name.clone().into());
        if let Some(file) = &statement.file {
            put("policyFile", file.to_string_lossy().into());
        }
    }
    put("signatures", json!([]));
    match found {
        Ok(Verification::Verified(accepted)) => {
            put("verdict", "verified".into());
            put_accepted(&mut result, accepted);
        }
        Ok(Verification::Tolerated(accepted)) => {
            put("verdict", "tolerated".into());
            put_accepted(&mut result, accepted);
        }
        Ok(Verification::Skipped { .. }) => {
            put("verdict", "skipped".into());
        }
        Err(error) => {
            put(
                "verdict",
                match error.class() {
                    FailureClass::Rejected => "rejected".into(),
                    FailureClass::Inconclusive => "inconclusive".into(),
                },
            );
            let message = sentence::of_blob_verification(error, Called::Countersign);
            put("error", reasons(code(error), &message, error, error.hint()));
            if let Error::Rejected(refused) | Error::Inconclusive(refused) = error {
                put("signatures", json!([signature(&refused.outcome)]));
            }
        }
    }
    Value::Object(result)
}

fn put_accepted(result: &mut Map<String, Value>, accepted: &Accepted) {
    if let Some(skipped) = skipped_validations(&accepted.signature) {
        result.insert("skippedValidations".to_owned(), skipped);
    }
    let signatures = json!([signature(&accepted.signature)]);
    result.insert("signatures".to_owned(), signatures);
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::Policy { .. } => "policy-unusable",
        Error::Requirement { .. } => "requirement-not-met",
        Error::Rejected(refused) | Error::Inconclusive(refused) => refused
            .outcome
            .refusal()
            .map_or("signature-refused", Failure::code),
    }
}
