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

/// `log` must be what the standard says of SARIF 2.1.0.
#[track_caller]
pub(crate) fn assert_sarif(log: &Value) {
    let schema = include_str!("../../schemas/sarif-2.1.0.schema.json");
    let mut schema: Value = serde_json::from_str(schema).unwrap();
    // The standard's own slip: a bracket without its pair, which this validator's regular expressions do not have.
    for owner in ["run", "toolComponent"] {
        let language = format!("/definitions/{owner}/properties/language");
        let language = schema.pointer_mut(&language).unwrap().as_object_mut();
        language.unwrap().remove("pattern").unwrap();
    }
    let schema = jsonschema::validator_for(&schema).unwrap();
    let problems: Vec<String> = schema.iter_errors(log).map(|e| e.to_string()).collect();
    assert!(problems.is_empty(), "{problems:#?}\n{log:#}");
}
