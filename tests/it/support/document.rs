//! JSON that the program writes, held to its schema.

use serde_json::Value;

use super::sandbox::Ran;

/// What was written to stdout, which must be what `schemas/NAME` says and agree with the exit code.
#[track_caller]
pub(crate) fn document(ran: &Ran, name: &str) -> Value {
    let document = stdout(ran, name);
    assert_eq!(document["exitCode"], ran.code, "{document:#}");
    document
}

/// What was written to stdout, which must be what `schemas/NAME` says.
#[track_caller]
pub(crate) fn stdout(ran: &Ran, name: &str) -> Value {
    let document = serde_json::from_str(&ran.stdout);
    let document = document.unwrap_or_else(|error| panic!("{error}: {ran:#?}"));
    assert_valid(&document, name);
    document
}

/// What `schemas/NAME` says.
pub(crate) fn schema(name: &str) -> jsonschema::Validator {
    let schema = format!("{}/schemas/{name}", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// `document` must be what `schemas/NAME` says.
#[track_caller]
pub(crate) fn assert_valid(document: &Value, name: &str) {
    let validator = schema(name);
    let problems: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}\n{document:#}");
}
