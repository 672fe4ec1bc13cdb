//! Holds every variant of the documents' types to `schemas/`, and their text to what is written piece by piece.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::algorithm::SignatureAlgorithm;
use crate::allowance::Exhausted;
use crate::extended_validation::attribute;
use crate::hints::Reader;
use crate::many::NotTried;
use crate::notary::{Action, EnvelopeFormat, SigningScheme, Validation};
use crate::oci::{Descriptor, sha256_digest};
use crate::outcome::{
    self, Failure, FailureClass, Origin, RevocationFact, RevocationStatus, Said, SignatureOutcome,
    ValidationOutcome,
};
use crate::reference::{ArtifactReference, Reference};
use crate::registry::{self, Target};
use crate::revocation::Protocol;
use crate::signer_info::{
    ExtendedAttribute, LabelKind, SignedAttributes, SignerInfo, UnsignedAttributes as Unsigned,
};
use crate::trust_policy::{self, StatementName};
use crate::verify::{self, Accepted, RecordError, RejectedArtifact, Shortfall, Verification, blob};
use crate::x509::testing::Request;

mod signings;

/// The document, which must be what `schemas/NAME` says.
#[track_caller]
fn check_schema(name: &str, document: &impl Serialize) -> Value {
    let schema = format!("{}/schemas/{name}", env!("CARGO_MANIFEST_DIR"));
    let schema = crate::files::read(Path::new(&schema), 1 << 20).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let value = serde_json::to_value(document).unwrap();
    let problems: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}\n{value:#}");
    value
}

/// The same; its results must have their members in alphabetical order, and it must be what is written in pieces.
#[track_caller]
fn check<T: Serialize>(
    name: &str,
    document: &impl Serialize,
    results: &[T],
    end: &impl Serialize,
) -> Value {
    let value = check_schema(name, document);
    let mut pieces = Results::default();
    let mut text: String = results.iter().map(|result| pieces.add(result)).collect();
    text.push_str(&pieces.end(end));
    let whole = serde_json::to_string_pretty(document).unwrap();
    assert_eq!(text, whole + "\n");
    // A `Value` has its members in alphabetical order.
    for result in results {
        let sorted = serde_json::to_value(result).unwrap();
        let text = serde_json::to_string(result).unwrap();
        assert_eq!(text, sorted.to_string());
    }
    value
}

#[track_caller]
fn check_verdict(document: &VerdictV1) -> Value {
    check(
        "verdict.v1.schema.json",
        document,
        &document.results,
        &document.end,
    )
}

#[track_caller]
fn check_signing(document: &SigningV1) -> Value {
    check(
        "signing.v1.schema.json",
        document,
        &document.results,
        &document.end,
    )
}

fn reference() -> ArtifactReference {
    Reference::parse(&format!("r.test/app@{}", sha256_digest(b"artifact")))
        .unwrap()
        .into()
}

fn target() -> Target {
    Target {
        descriptor: Descriptor::new("a/b".into(), 1, sha256_digest(b"artifact")),
        reference: reference(),
    }
}

fn statement() -> StatementName {
    StatementName {
        name: "images".to_owned(),
        file: Some("trustpolicy.oci.json".into()),
    }
}

fn info() -> SignerInfo {
    let root = Request::authority("root").self_signed();
    let leaf = Request::leaf("leaf").issued_by(&root);
    let arn = |name: &str| ExtendedAttribute {
        name: name.to_owned(),
        label: LabelKind::Text,
        critical: true,
        value: json!("arn"),
    };
    SignerInfo {
        signed_attributes: SignedAttributes {
            content_type: "a/b".to_owned(),
            signing_scheme: SigningScheme::SigningAuthority,
            signing_time: datetime!(2026-11-22 01:02:03 UTC),
            expiry: Some(datetime!(2027-11-22 01:02:03 UTC)),
            verification_plugin: None,
            verification_plugin_min_version: None,
            extended: [attribute::SIGNING_PROFILE_VERSION, attribute::SIGNING_JOB]
                .map(arn)
                .to_vec(),
        },
        unsigned_attributes: Unsigned::default(),
        signature_algorithm: SignatureAlgorithm::Es256,
        certificate_chain: vec![leaf.certificate, root.certificate],
        signature: vec![1],
    }
}

fn facts() -> Vec<RevocationFact> {
    let authority = |protocol| Said::Authority {
        protocol,
        url: "http://a.test/".to_owned(),
    };
    let aws = |endpoint_url: Option<&str>| Said::AwsSigner {
        region: "us-east-1".to_owned(),
        endpoint_url: endpoint_url.map(str::to_owned),
    };
    let source = |said, origin| outcome::FactSource {
        said,
        origin,
        as_of: datetime!(2026-11-22 01:02:03 UTC),
        until: Some(datetime!(2026-11-23 01:02:03 UTC)),
        age_seconds: 1,
    };
    let sources = [
        source(authority(Protocol::Ocsp), Origin::Asked),
        source(authority(Protocol::Crl), Origin::Kept("c/x".into())),
        source(aws(None), Origin::Stored("d/x".into())),
        source(aws(Some("http://e.test/")), Origin::Asked),
    ];
    let fact = |status, source| RevocationFact {
        about: "CN=leaf".to_owned(),
        status,
        source,
    };
    let told = sources.into_iter().enumerate().map(|(number, source)| {
        let is_good = number % 2 == 0;
        let status = if is_good {
            RevocationStatus::Good
        } else {
            RevocationStatus::Revoked
        };
        fact(status, Some(source))
    });
    let untold = [RevocationStatus::NotRevokable, RevocationStatus::Unknown];
    told.chain(untold.map(|status| fact(status, None)))
        .collect()
}

/// A signature with everything that one can have; `action` is what failures lead to.
fn outcome(action: Action) -> SignatureOutcome {
    let mut outcome = SignatureOutcome::new(sha256_digest(b"signature"));
    outcome.format = Some(EnvelopeFormat::Jws);
    outcome.signer_info = Some(info());
    outcome.user_metadata = vec![("key".to_owned(), "value".to_owned())];
    outcome.left_out_metadata = 1;
    outcome.warnings = vec!["w".to_owned()];
    outcome.skipped = vec![Validation::Revocation];
    for validation in Validation::ALL {
        let failures = [None, Some(Failure::NoTimestamp)];
        outcome
            .validations
            .extend(failures.map(|failure| ValidationOutcome {
                validation,
                action,
                failure,
                facts: facts(),
            }));
    }
    outcome
}

fn refused_outcome() -> SignatureOutcome {
    SignatureOutcome {
        failure: Some(Failure::CertificateRevocationUnknown {
            offline: false,
            purpose: crate::x509::Purpose::CodeSigning,
            subject: "CN=leaf".to_owned(),
            details: vec!["no answer".to_owned()],
        }),
        ..outcome(Action::Enforce)
    }
}

fn throttled() -> registry::Error {
    registry::Error::RateLimited {
        registry: "r.test".to_owned(),
        retry_after: None,
        said: registry::Words::default(),
    }
}

fn exhausted() -> [Exhausted; 2] {
    [
        Exhausted::Time {
            limit: Duration::from_secs(1),
            whole: true,
        },
        Exhausted::Bytes { max: 1 },
    ]
}

fn accepted() -> Box<Accepted> {
    Box::new(Accepted {
        reference: reference(),
        target: target(),
        statement: statement(),
        signature: SignatureOutcome {
            failure: None,
            ..outcome(Action::Log)
        },
        others: vec![refused_outcome()],
    })
}

fn refused(unseen: Option<verify::Unseen>) -> Box<RejectedArtifact> {
    Box::new(RejectedArtifact {
        reference: reference(),
        statement: statement(),
        outcomes: vec![refused_outcome()],
        unseen,
    })
}

fn unseen() -> Vec<Option<verify::Unseen>> {
    let [time, _] = exhausted();
    vec![
        None,
        Some(verify::Unseen::Limit(1)),
        Some(verify::Unseen::Listing(throttled())),
        Some(verify::Unseen::Record(RecordError::Missing {
            path: "x".into(),
        })),
        Some(verify::Unseen::Exhausted {
            source: time,
            not_tried: 2,
        }),
    ]
}

fn no_statement() -> trust_policy::Error {
    trust_policy::Error::BlankName
}

/// A failure of every variant.
fn errors() -> Vec<verify::Error> {
    use verify::Error;
    let [time, bytes] = exhausted();
    let mut errors = vec![
        Error::Policy {
            reference: reference(),
            source: no_statement(),
        },
        Error::Requirement {
            reference: reference(),
            statement: statement(),
            source: Shortfall(vec![verify::Lack::Wildcard]),
        },
        Error::Open {
            reference: reference(),
            source: throttled(),
        },
        Error::Resolve {
            reference: reference(),
            source: throttled(),
        },
        Error::TagOffline {
            reference: reference(),
        },
        Error::NotStored {
            reference: reference(),
            directory: "d".into(),
        },
        Error::Store {
            reference: reference(),
            source: throttled(),
        },
        Error::List {
            reference: reference(),
            source: throttled(),
        },
        Error::NoSignature {
            reference: reference(),
        },
        Error::NotTried {
            reference: reference(),
            source: time,
        },
        Error::Unfinished {
            reference: reference(),
            source: bytes,
        },
        Error::Stopped {
            reference: reference(),
            reason: NotTried::Interrupted,
        },
        Error::Rejected(refused(None)),
    ];
    errors.extend(unseen().into_iter().map(refused).map(Error::Inconclusive));
    let number = |error: &Error| match error {
        Error::Policy { .. } => 0,
        Error::Requirement { .. } => 1,
        Error::Open { .. } => 2,
        Error::Resolve { .. } => 3,
        Error::TagOffline { .. } => 4,
        Error::NotStored { .. } => 5,
        Error::Store { .. } => 6,
        Error::List { .. } => 7,
        Error::NoSignature { .. } => 8,
        Error::NotTried { .. } => 9,
        Error::Unfinished { .. } => 10,
        Error::Rejected(_) => 11,
        Error::Inconclusive(_) => 12,
        Error::Stopped { .. } => 13,
    };
    let numbers: BTreeSet<usize> = errors.iter().map(number).collect();
    assert!(numbers.into_iter().eq(0..14), "a variant is missing");
    errors
}

/// The words that stand under `member` anywhere in `value`.
fn words(value: &Value, member: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|one| words(one, member, found)),
        Value::Object(members) => {
            found.extend(
                members
                    .get(member)
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            members.values().for_each(|one| words(one, member, found));
        }
        _ => {}
    }
}

#[track_caller]
fn assert_words(document: &Value, member: &str, wanted: &[&str]) {
    let mut found = BTreeSet::new();
    words(document, member, &mut found);
    let wanted: BTreeSet<String> = wanted.iter().map(|&word| word.to_owned()).collect();
    assert_eq!(found, wanted, "{member}");
}

#[test]
fn every_verdict_is_what_its_schema_says() {
    let statement = statement();
    let asked = Asked {
        text: "r.test/app:v1",
        scope: "local/layout",
        statement: Some(&statement),
    };
    let reader = Reader::any();
    let answers = [
        Ok(Verification::Verified(accepted())),
        Ok(Verification::Tolerated(accepted())),
        Ok(Verification::Skipped {
            reference: reference(),
            statement: statement.clone(),
        }),
    ];
    let answers = answers.into_iter().chain(errors().into_iter().map(Err));
    let results: Vec<_> = answers
        .map(|answer| ArtifactVerdict::new(&asked, &answer, &reader))
        .collect();
    let document = check_verdict(&VerdictV1::new(results));
    assert_words(
        &document,
        "verdict",
        &[
            "verified",
            "tolerated",
            "skipped",
            "unsigned",
            "rejected",
            "inconclusive",
        ],
    );
    assert_words(&document, "source", &["ocsp", "crl", "aws-signer"]);
    assert_words(&document, "from", &["network", "cache", "offline"]);
    assert_words(
        &document,
        "status",
        &["good", "revoked", "not-revokable", "unknown"],
    );
    assert_words(&document, "result", &["passed", "failed"]);
    let unseen: Vec<&Value> = document["results"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|result| result.get("unseen"))
        .map(|unseen| &unseen["code"])
        .collect();
    assert_eq!(
        unseen,
        [
            "limit-reached",
            "list-broke-off",
            "signatures-withheld",
            "out-of-time"
        ]
    );
    assert_eq!(document["exitCode"], 1, "a refusal outweighs");
}

#[test]
fn every_verdict_about_a_file_is_what_its_schema_says() {
    let statement = statement();
    let accepted = || {
        Box::new(blob::Accepted {
            statement: statement.clone(),
            signature: outcome(Action::Log),
        })
    };
    let refused = || {
        Box::new(blob::RejectedBlob {
            path: "file".into(),
            statement: statement.clone(),
            outcome: refused_outcome(),
        })
    };
    let results: Vec<_> = [
        Ok(blob::Verification::Verified(accepted())),
        Ok(blob::Verification::Tolerated(accepted())),
        Ok(blob::Verification::Skipped {
            statement: statement.clone(),
        }),
        Err(blob::Error::Policy {
            path: "file".into(),
            source: no_statement(),
        }),
        Err(blob::Error::Requirement {
            path: "file".into(),
            statement: statement.clone(),
            source: Shortfall(vec![verify::Lack::Global]),
        }),
        Err(blob::Error::Rejected(refused())),
        Err(blob::Error::Inconclusive(refused())),
    ]
    .iter()
    .map(|answer| {
        ArtifactVerdict::of_blob(Path::new("file"), Some(&statement), answer, &Reader::any())
    })
    .collect();
    let document = check_verdict(&VerdictV1::new(results));
    assert_words(
        &document,
        "verdict",
        &[
            "verified",
            "tolerated",
            "skipped",
            "rejected",
            "inconclusive",
        ],
    );
}

#[test]
fn every_signing_is_what_its_schema_says() {
    let (target, info) = (target(), info());
    let stored = || SigningSignature::stored(EnvelopeFormat::Cose, &info, &reference());
    let unstored = |pushed| SigningSignature::unstored(EnvelopeFormat::Jws, &info, pushed);
    let error = || {
        let hint = Some("sign again".to_owned());
        let message = "failed".to_owned();
        Reason::new("push-failed", message, &throttled(), hint, &Reader::any())
    };
    let plain = || Reason::plain("already-signed", "signed already".to_owned(), false);
    let (asked, target) = ("r.test/app:v1", Some(&target));
    let warnings = vec!["w".to_owned()];
    let not_listed = SigningSignature::not_listed(EnvelopeFormat::Jws, &info, "sha256:x");
    let results = vec![
        ArtifactSigning::signed(asked, target, stored(), warnings),
        ArtifactSigning::skipped(asked, target, Some(stored()), plain()),
        ArtifactSigning::skipped(asked, None, None, plain()),
        ArtifactSigning::failed(asked, None, None, error()),
        ArtifactSigning::failed(asked, target, Some(unstored(Pushed::No)), error()),
        ArtifactSigning::failed(asked, target, Some(unstored(Pushed::Unknown)), error()),
        ArtifactSigning::failed(asked, target, Some(not_listed), error().retryable_if(true)),
        ArtifactSigning::not_tried(asked, None, plain()),
    ];
    let document = check_signing(&SigningV1::new(results, Exit::Rejected));
    assert_words(
        &document,
        "state",
        &["signed", "skipped", "failed", "not-tried"],
    );
    assert_words(&document, "pushed", &["yes", "no", "unknown"]);
    assert_eq!(
        document["summary"],
        json!({ "signed": 1, "skipped": 2, "failed": 4, "notTried": 1 })
    );
}

#[test]
fn every_exit_and_cause_is_what_the_schemas_say() {
    let exits = [Exit::Done, Exit::Rejected, Exit::Usage, Exit::Inconclusive];
    for exit in exits {
        let reason = || Reason::not_begun("m".to_owned(), vec!["c".to_owned()], None);
        let verdict = check_verdict(&VerdictV1::not_begun(exit, reason()));
        let signing = check_signing(&SigningV1::not_begun(exit, reason()));
        for document in [verdict, signing] {
            assert_eq!(document["exitCode"], exit.code());
            assert_eq!(document["error"]["code"], "not-begun");
        }
    }
    for cause in Cause::ALL {
        let reason = Reason::plain("x", "m".to_owned(), false);
        let reason = reason.with_cause(Some(cause), cause.is_retryable());
        let document = check_verdict(&VerdictV1::not_begun(Exit::Usage, reason));
        assert_eq!(document["error"]["cause"], cause.code());
        assert_eq!(document["error"]["retryable"], cause.is_retryable());
    }
    assert_eq!(Verdict::from(FailureClass::Rejected).exit(), Exit::Rejected);
    let inconclusive = Verdict::from(FailureClass::Inconclusive);
    assert_eq!(inconclusive.exit(), Exit::Inconclusive);
}

#[test]
fn every_inspection_is_what_its_schema_says() {
    let certificate = || CertificateDetails {
        fingerprint: "00".to_owned(),
        issued_to: "CN=leaf".to_owned(),
        issued_by: "CN=root".to_owned(),
        expiry: "2027-11-22T01:02:03Z".to_owned(),
    };
    let timestamps = [
        None,
        Some(TimestampDetails::Readable {
            timestamp: "[a, b]".to_owned(),
            certificates: vec![certificate()],
        }),
        Some(TimestampDetails::Unreadable {
            error: "malformed".to_owned(),
        }),
    ];
    let attribute = |name: &str| Attribute {
        in_tree: name.to_owned(),
        in_json: name.to_owned(),
        value: "v".to_owned(),
    };
    let attributes = ["contentType", "signingScheme", "signingTime", "other"];
    let details = |timestamp_signature: Option<TimestampDetails>| SignatureDetails {
        digest: Some("sha256:x".to_owned()),
        signature_algorithm: SignatureAlgorithm::Es256.contract_name(),
        signature_envelope_type: EnvelopeFormat::Cose.media_type(),
        signed_attributes: Attributes(attributes.map(attribute).to_vec()),
        user_defined_attributes: timestamp_signature
            .is_some()
            .then(|| BTreeMap::from([("k".to_owned(), "v".to_owned())])),
        unsigned_attributes: UnsignedAttributes {
            signing_agent: Some("agent".to_owned()),
            timestamp_signature,
        },
        certificates: vec![certificate()],
        signed_artifact: SignedArtifact {
            media_type: "a/b".to_owned(),
            digest: "sha256:y".to_owned(),
            size: 1,
            urls: Some(json!(["https://r.test"])),
            data: Some(json!("AA==")),
            platform: Some(json!({ "os": "linux" })),
            artifact_type: Some(json!("a/b")),
        },
    };
    let readable = timestamps
        .map(details)
        .map(|details| SignatureInspection::Readable(Box::new(details)));
    let unreadable = SignatureInspection::Unreadable {
        digest: "sha256:z".to_owned(),
        error: "malformed".to_owned(),
    };
    let signatures = readable.into_iter().chain([unreadable]).collect();
    let document = Inspection::new("a/b".to_owned(), signatures);
    check_schema("inspection.schema.json", &document);
}

#[test]
fn every_finding_is_what_its_schema_says() {
    use crate::doctor::{Check, Finding};
    let hint = || Some("give `--verify-only`; or wait".to_owned());
    let findings: Vec<Finding> = Check::ALL
        .iter()
        .flat_map(|check| {
            [
                Finding::pass(*check, "found"),
                Finding::warn(*check, "found", "wanted")
                    .about("this")
                    .advising(hint()),
                Finding::fail(*check, "found", "wanted"),
                Finding::unknown(*check, "found", "wanted"),
            ]
        })
        .collect();
    let codes = |findings: &[Finding]| {
        let document = DoctorV1::new(findings, &Reader::with_flags([]));
        check_schema("doctor.v1.schema.json", &document)
    };
    let document = codes(&findings);
    assert_eq!(document["exitCode"], 1);
    assert_eq!(document["findings"][1]["hint"], "or wait");
    assert_eq!(
        document["summary"],
        json!({ "fail": 19, "pass": 19, "unknown": 19, "warn": 19 })
    );
    let text = serde_json::to_string(&DoctorV1::new(&findings, &Reader::any()).findings).unwrap();
    assert_eq!(
        text,
        serde_json::to_value(&DoctorV1::new(&findings, &Reader::any()).findings)
            .unwrap()
            .to_string()
    );
    let of = |count| &findings[..count];
    assert_eq!(codes(of(1))["exitCode"], 0);
    assert_eq!(codes(of(2))["exitCode"], 0);
    assert_eq!(
        codes(&[findings[0].clone(), findings[3].clone()])["exitCode"],
        3
    );
    let reason = || Reason::not_begun("message".to_owned(), Vec::new(), None);
    let document = DoctorV1::not_begun(Exit::Usage, reason());
    assert_eq!(
        check_schema("doctor.v1.schema.json", &document)["exitCode"],
        2
    );
    let document = SetupV1::not_done(true, Vec::new(), Exit::Usage, reason());
    assert_eq!(
        check_schema("setup.v1.schema.json", &document)["exitCode"],
        2
    );
}

#[test]
fn a_policy_for_files_is_what_its_schema_says() {
    let stores = ["ca:acme".to_owned()];
    let identities = ["x509.subject: C=US, ST=WA, O=acme".to_owned()];
    for is_global in [true, false] {
        let policy = BlobPolicy::strict("files", &stores, &identities, is_global);
        let document = check_schema("trustpolicy.blob.schema.json", &policy);
        let global = document["trustPolicies"][0].get("globalPolicy");
        assert_eq!(global, is_global.then_some(&json!(true)));
    }
}

#[test]
fn only_a_refused_signature_is_cut_short() {
    let long = "x".repeat(crate::limits::MAX_TOLD_CHARS + 1);
    let texts = |mut outcome: SignatureOutcome| {
        outcome.warnings = vec![long.clone(); crate::limits::MAX_TOLD_VALUES + 1];
        outcome.user_metadata = vec![("key".to_owned(), long.clone())];
        let verdict = SignatureVerdict::new(&outcome, &Reader::any());
        let metadata: &BTreeMap<String, String> = &verdict.user_metadata;
        (verdict.warnings, metadata["key"].clone())
    };
    let (warnings, value) = texts(outcome(Action::Log));
    assert_eq!(warnings.len(), crate::limits::MAX_TOLD_VALUES + 1);
    assert_eq!((&warnings[0], &value), (&long, &long));
    let (warnings, value) = texts(refused_outcome());
    assert_eq!(warnings.len(), crate::limits::MAX_TOLD_VALUES);
    assert!(warnings[0].ends_with("x... (2049 bytes in all)"));
    assert_eq!(warnings[0], value);
}

#[test]
fn a_document_of_images_is_what_its_schema_says() {
    use crate::gate::documents::Kind;
    use crate::gate::policy::GatePolicy;
    use crate::gate::{Answer, Decision, Refusal};
    let place = || ImagePlace {
        column: 1,
        line: 2,
        pointer: "/services/app/image".to_owned(),
    };
    let text = r#"{ "version": "1.0", "rules": [ { "name": "r", "scopes": ["r.test/*"], "require": { "all": [ {
        "name": "ci", "signingProfile": "arn:aws:signer:us-east-1:111122223333:/signing-profiles/pp" } ] } } ] }"#;
    let now = time::OffsetDateTime::UNIX_EPOCH;
    let policy = GatePolicy::parse(Path::new("gate.json"), text.as_bytes(), now).unwrap();
    let asked = "r.test/app:1";
    let verdict = |answer| {
        let decision = Decision {
            reference: Reference::parse(asked).unwrap(),
            rule: Some("r".to_owned()),
            answer,
        };
        ImageVerdict::new(
            vec![place()],
            GateResult::new(asked, &decision, &Reader::any()),
        )
    };
    let end = |exit, verdict| {
        RunDocumentEnd::new(
            "compose.yaml".to_owned(),
            Kind::Compose,
            (exit, verdict),
            &policy,
        )
    };
    let document = |results: Vec<ImageVerdict>, end| RunDocumentV1::new(results, end);
    let reason = || Reason::plain("x", "y".to_owned(), false);
    let not_begun = RunDocumentEnd::not_begun("-".to_owned(), Kind::Compose);
    let mut documents = vec![
        document(vec![], not_begun.with_error(Exit::Usage, reason())),
        document(
            vec![],
            end(Exit::Done, GateVerdict::Verified).with_error(Exit::Usage, reason()),
        ),
    ];
    for error in errors() {
        let refusal = Box::new(Refusal::Artifact { source: error });
        let refused = verdict(Answer::Refused(refusal));
        let exit = refused.exit();
        assert_ne!(exit, Exit::Done);
        let word = refused.image.verdict;
        documents.push(document(vec![refused], end(exit, word)));
    }
    let name = "run-document.v1.schema.json";
    for document in documents {
        let value = check(name, &document, &document.results, &document.end);
        assert_eq!(value["permitted"], false);
    }
    let source = errors().pop().unwrap();
    let tolerated = verdict(Answer::Tolerated(Box::new(Refusal::Artifact { source })));
    let tolerated = document(
        vec![tolerated],
        end(
            Exit::Done,
            GateVerdict::Verified.worse(GateVerdict::Tolerated),
        ),
    );
    let value = check(name, &tolerated, &tolerated.results, &tolerated.end);
    assert_eq!(
        (&value["permitted"], &value["verdict"]),
        (&true.into(), &"tolerated".into())
    );
    for kind in Kind::ALL {
        let end = RunDocumentEnd::not_begun("-".to_owned(), kind);
        let end = end.with_error(Exit::Rejected, reason());
        check_schema(name, &RunDocumentV1::new(vec![], end));
    }
}
