//! The JSON form of what `verify` found: one versioned document for a command
//! (`schemas/verdict.v1.schema.json`). Names and codes do not change within version 1; more may come.

use std::error::Error as StdError;

use serde_json::{Map, Value, json};

use super::text::RECORD_HINT;
use crate::cli::called::Called;
use crate::cli::cause::Cause;
use crate::cli::reader::fitting;
use crate::cli::report::{Exit, Report, Told};
use crate::cli::results::Results;
use crate::cli::sentence;
use crate::extended_validation::attribute;
use crate::limits;
use crate::notary::{Action, rfc3339};
use crate::outcome::{
    Failure, FailureClass, RevocationFact, Said, SignatureOutcome, Standing, ValidationOutcome,
};
use crate::registry::Kind;
use crate::revocation::Protocol;
use crate::signer_info::SignerInfo;
use crate::trust_policy::StatementName;
use crate::verify::{Accepted, Error, Refused, Unseen, Verification};

/// The answer where nothing could be begun with: the document has no results, and what the report
/// says as its error.
pub(in crate::cli) fn unusable(report: Report) -> Report {
    let mut end = exit_code(report.exit);
    end.insert("error".to_owned(), not_begun(&report));
    Report {
        stdout: Results::default().end(&end),
        ..report
    }
}

/// The member that every document ends with.
pub(in crate::cli) fn exit_code(exit: Exit) -> Map<String, Value> {
    Map::from_iter([("exitCode".to_owned(), exit.code().into())])
}

/// Why nothing could be begun with.
pub(in crate::cli) fn not_begun(report: &Report) -> Value {
    let Told {
        sentence,
        causes,
        hint,
        ..
    } = &report.told;
    let mut error = json!({
        "code": "not-begun", "message": sentence, "causes": causes, "retryable": false,
    });
    if let (Some(hint), Some(error)) = (hint, error.as_object_mut()) {
        error.insert("hint".to_owned(), hint.as_str().into());
    }
    error
}

/// What was found about one reference, `asked` for in these words. `statement` is the one that judged it, or
/// would have.
pub(super) fn result(
    asked: &str,
    scope: &str,
    statement: Option<&StatementName>,
    answer: &Result<Verification, Error>,
) -> Value {
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put("asked", asked.into());
    if let Some(statement) = statement {
        put("policyStatement", statement.name.clone().into());
        if let Some(file) = &statement.file {
            put("policyFile", file.to_string_lossy().into());
        }
    }
    put("signatures", json!([]));
    match answer {
        Ok(Verification::Verified(accepted)) => {
            put("verdict", "verified".into());
            put_accepted(&mut result, accepted);
        }
        Ok(Verification::Tolerated(accepted)) => {
            put("verdict", "tolerated".into());
            put_accepted(&mut result, accepted);
        }
        Ok(Verification::Skipped { reference, .. }) => {
            put("verdict", "skipped".into());
            put("reference", reference.to_string().into());
        }
        Err(error) => {
            put("verdict", verdict(error).into());
            let message = sentence::of_verification(error, scope, Called::Countersign);
            let mut reason = reasons(code(error), &message, error, error.hint());
            if let Error::Rejected(refused) | Error::Inconclusive(refused) = error {
                // Its signatures have the causes.
                let (cause, may_pass) = Cause::of_refused(refused);
                put_cause(&mut reason, cause, may_pass);
            }
            put("error", reason);
            match error {
                Error::Rejected(refused) | Error::Inconclusive(refused) => {
                    put("reference", refused.reference.to_string().into());
                    put(
                        "signatures",
                        refused.outcomes.iter().map(signature).collect(),
                    );
                    if let Some(unseen) = &refused.unseen {
                        put("unseen", unseen_signatures(unseen));
                    }
                }
                Error::NoSignature { reference } => {
                    put("reference", reference.to_string().into());
                }
                Error::Policy { .. }
                | Error::Requirement { .. }
                | Error::Open { .. }
                | Error::Resolve { .. }
                | Error::TagOffline { .. }
                | Error::NotStored { .. }
                | Error::Store { .. }
                | Error::NotTried { .. }
                | Error::Unfinished { .. }
                | Error::List { .. } => {}
            }
        }
    }
    Value::Object(result)
}

fn put_accepted(result: &mut Map<String, Value>, accepted: &Accepted) {
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put("reference", accepted.reference.to_string().into());
    let descriptor = &accepted.target.descriptor;
    put("mediaType", descriptor.media_type().to_string().into());
    if let Some(skipped) = skipped_validations(&accepted.signature) {
        put("skippedValidations", skipped);
    }
    let signatures = std::iter::once(&accepted.signature).chain(&accepted.others);
    put("signatures", signatures.map(signature).collect());
}

/// The validations that the policy has skipped, if any.
pub(in crate::cli) fn skipped_validations(outcome: &SignatureOutcome) -> Option<Value> {
    let names = outcome.skipped.iter().map(|one| Value::from(one.as_str()));
    (!outcome.skipped.is_empty()).then(|| names.collect())
}

/// `verdict` and the exit code say the same in fewer words.
fn verdict(error: &Error) -> &'static str {
    match error {
        Error::NoSignature { .. } => "unsigned",
        _ => match error.class() {
            FailureClass::Rejected => "rejected",
            FailureClass::Inconclusive => "inconclusive",
        },
    }
}

fn code(error: &Error) -> &'static str {
    match error {
        Error::Policy { .. } => "policy-unusable",
        Error::Requirement { .. } => "requirement-not-met",
        Error::Resolve { source, .. } => match source.kind() {
            Kind::NotFound => "artifact-not-found",
            Kind::Lying => "registry-misbehaved",
            Kind::CouldNotLook => "registry-unavailable",
        },
        Error::Open { .. } => "layout-unusable",
        Error::TagOffline { .. } => "tag-offline",
        Error::NotStored { .. } => "not-stored",
        Error::NotTried { .. } => "not-tried",
        Error::Unfinished { source, .. } => source.code(),
        Error::Store { .. } => "not-storable",
        Error::List { .. } => "signatures-not-listed",
        Error::NoSignature { .. } => "no-signature",
        Error::Rejected(refused) | Error::Inconclusive(refused) => leading_code(refused),
    }
}

/// The code of the signature that came furthest.
fn leading_code(refused: &Refused) -> &'static str {
    let leading = refused.outcomes.first().and_then(SignatureOutcome::refusal);
    match (leading, &refused.unseen) {
        (Some(failure), _) => failure.code(),
        (None, Some(Unseen::Record(_))) => "signatures-withheld",
        (None, _) => "no-signature",
    }
}

fn unseen_signatures(unseen: &Unseen) -> Value {
    match unseen {
        Unseen::Limit(limit) => json!({ "code": "limit-reached", "limit": limit }),
        Unseen::Listing(error) => {
            reasons("list-broke-off", &error.to_string(), error, error.hint())
        }
        Unseen::Record(error) => reasons(
            "signatures-withheld",
            &error.to_string(),
            error,
            Some(RECORD_HINT.to_owned()),
        ),
        Unseen::Exhausted { source, not_tried } => {
            json!({ "code": source.code(), "message": source.to_string(), "notTried": not_tried })
        }
    }
}

/// What was found about one signature.
pub(in crate::cli) fn signature(outcome: &SignatureOutcome) -> Value {
    let mut signature = Map::new();
    let mut put = |name: &str, value: Value| signature.insert(name.to_owned(), value);
    put("digest", outcome.manifest_digest.to_string().into());
    put("accepted", outcome.refusal().is_none().into());
    put(
        "verified",
        (outcome.standing() == Standing::Verified).into(),
    );
    if let Some(format) = outcome.format {
        put("envelopeMediaType", format.media_type().into());
    }
    if let Some(info) = &outcome.signer_info {
        put("signer", signer(info));
    }
    if !outcome.user_metadata.is_empty() {
        let metadata: Map<String, Value> = outcome
            .user_metadata
            .iter()
            .map(|(key, value)| (key.clone(), value.clone().into()))
            .collect();
        put("userMetadata", Value::Object(metadata));
    }
    if !outcome.warnings.is_empty() {
        put("warnings", outcome.warnings.clone().into());
    }
    put(
        "validations",
        outcome.validations.iter().map(validation).collect(),
    );
    if let Some(failure) = &outcome.failure {
        put("refusal", reasons_of(failure));
    }
    if outcome.left_out_metadata > 0 {
        put("userMetadataLeftOut", outcome.left_out_metadata.into());
    }
    let signature = Value::Object(signature);
    if outcome.refusal().is_some() {
        shortened(signature)
    } else {
        signature
    }
}

/// What is told of a refused signature, with long texts and lists cut off: whoever may push decides on their
/// length.
fn shortened(value: Value) -> Value {
    match value {
        Value::String(text) => crate::printable::shorten(&text, limits::MAX_TOLD_CHARS).into(),
        Value::Array(values) => {
            let kept = values.into_iter().take(limits::MAX_TOLD_VALUES);
            kept.map(shortened).collect()
        }
        Value::Object(values) => {
            let values = values.into_iter();
            values
                .map(|(name, value)| (name, shortened(value)))
                .collect()
        }
        value => value,
    }
}

pub(in crate::cli) fn signer(info: &SignerInfo) -> Value {
    let attributes = &info.signed_attributes;
    let mut signer = json!({
        "signingScheme": attributes.signing_scheme.as_str(),
        "signatureAlgorithm": info.signature_algorithm.contract_name(),
        "signingTime": rfc3339(attributes.signing_time),
    });
    let mut put = |name: &str, value: Value| {
        if let Some(signer) = signer.as_object_mut() {
            signer.insert(name.to_owned(), value);
        }
    };
    if let Some(leaf) = info.certificate_chain.first() {
        put("subject", leaf.subject().to_string().into());
    }
    if let Some(expiry) = attributes.expiry {
        put("expiry", rfc3339(expiry).into());
    }
    for (name, attribute) in [
        ("signingProfileVersion", attribute::SIGNING_PROFILE_VERSION),
        ("signingJob", attribute::SIGNING_JOB),
    ] {
        let mut extended = attributes.extended.iter();
        if let Some(found) = extended.find(|one| one.name == attribute) {
            put(name, found.value.clone());
        }
    }
    signer
}

fn validation(outcome: &ValidationOutcome) -> Value {
    let mut validation = json!({
        "validation": outcome.validation.as_str(),
        "action": outcome.action.as_str(),
        "result": if outcome.failure.is_some() { "failed" } else { "passed" },
    });
    debug_assert!(
        outcome.action != Action::Skip,
        "what is skipped leaves no outcome"
    );
    if let (Some(failure), Some(validation)) = (&outcome.failure, validation.as_object_mut()) {
        validation.insert("reason".to_owned(), reasons_of(failure));
    }
    if let (false, Some(validation)) = (outcome.facts.is_empty(), validation.as_object_mut()) {
        let facts = outcome.facts.iter().map(fact).collect();
        validation.insert("facts".to_owned(), facts);
    }
    validation
}

/// What is known about revocation, and who says so.
fn fact(fact: &RevocationFact) -> Value {
    let mut value = Map::new();
    let mut put = |name: &str, text: &str| value.insert(name.to_owned(), text.into());
    put("about", &fact.about);
    put("status", fact.status.as_str());
    let Some(source) = &fact.source else {
        return Value::Object(value);
    };
    match &source.said {
        Said::Authority { protocol, url } => {
            put(
                "source",
                if *protocol == Protocol::Ocsp {
                    "ocsp"
                } else {
                    "crl"
                },
            );
            put("url", url);
        }
        Said::AwsSigner {
            region,
            endpoint_url,
        } => {
            put("source", "aws-signer");
            put("region", region);
            if let Some(url) = endpoint_url {
                put("url", url);
            }
        }
    }
    put("from", source.held.as_str());
    if let Some(path) = source.held.path() {
        put("file", &path.to_string_lossy());
    }
    put("asOf", &rfc3339(source.as_of));
    if let Some(until) = source.until {
        put("until", &rfc3339(until));
    }
    value.insert("ageSeconds".to_owned(), source.age_seconds.into());
    Value::Object(value)
}

fn reasons_of(failure: &Failure) -> Value {
    let mut value = reasons(
        failure.code(),
        &failure.to_string(),
        failure,
        failure.hint(),
    );
    let (cause, may_pass) = Cause::of_failure(failure);
    put_cause(&mut value, cause, may_pass);
    let details = failure.details();
    if let (false, Some(value)) = (details.is_empty(), value.as_object_mut()) {
        value.insert("details".to_owned(), details.into());
    }
    value
}

/// A code to branch on, a sentence, its causes, what to do.
pub(in crate::cli) fn reasons(
    code: &str,
    message: &str,
    error: &(dyn StdError + 'static),
    hint: Option<String>,
) -> Value {
    let causes = crate::causes::beyond(message, error);
    let cause = Cause::of(error);
    let mut value = json!({ "code": code, "message": message, "causes": causes });
    put_cause(&mut value, cause, cause.is_some_and(Cause::is_retryable));
    if let (Some(hint), Some(value)) = (fitting(hint), value.as_object_mut()) {
        value.insert("hint".to_owned(), hint.into());
    }
    value
}

/// Puts in what programs branch on to try again: the cause, if it is known, and whether it may pass.
fn put_cause(value: &mut Value, cause: Option<Cause>, may_pass: bool) {
    let Some(value) = value.as_object_mut() else {
        return;
    };
    if let Some(cause) = cause {
        value.insert("cause".to_owned(), cause.code().into());
    }
    value.insert("retryable".to_owned(), may_pass.into());
}

/// `reason`, which the same command may overcome if `may_pass`, whatever its cause.
pub(in crate::cli) fn retryable_if(mut reason: Value, may_pass: bool) -> Value {
    if let (true, Some(reason)) = (may_pass, reason.as_object_mut()) {
        reason.insert("retryable".to_owned(), true.into());
    }
    reason
}
