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
    self, Failure, FailureClass, Origin, Responder, RevocationFact, RevocationStatus,
    SignatureOutcome, ValidationOutcome,
};
use crate::reference::{ArtifactReference, Reference};
use crate::registry::{self, Target};
use crate::revocation::Protocol;
use crate::signer_info::{
    ExtendedAttribute, LabelKind, SignedAttributes, SignerInfo, UnsignedAttributes as Unsigned,
};
use crate::trust_policy::{self, StatementName};
use crate::verify::{
    self, Accepted, ImageFinding, ImageVerification, IndexVerification, RecordError,
    RejectedArtifact, Shortfall, Verification, blob,
};
use crate::x509::testing::Request;

mod others;
mod signings;
mod verdicts;

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
    let authority = |protocol| Responder::Authority {
        protocol,
        url: "http://a.test/".to_owned(),
    };
    let aws = |endpoint_url: Option<&str>| Responder::AwsSigner {
        region: "us-east-1".to_owned(),
        endpoint_url: endpoint_url.map(str::to_owned),
    };
    let source = |responder, origin| outcome::FactSource {
        responder,
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
        unseen: None,
    })
}

/// An index of one image, where the index is verified.
fn images(finding: ImageFinding) -> Box<IndexVerification> {
    Box::new(IndexVerification {
        target: target(),
        index: target(),
        statement: statement(),
        covering: Some(Box::new(Verification::Verified(accepted()))),
        images: vec![ImageVerification {
            reference: reference(),
            descriptor: target().descriptor,
            platforms: vec!["linux/amd64".parse().unwrap()],
            finding,
        }],
        uncovered: Vec::new(),
        is_index_verified: true,
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
            wanted: Vec::new(),
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
        Error::Index {
            reference: Box::new(reference()),
            source: verify::IndexFault::Empty,
        },
        Error::Entry {
            reference: Box::new(reference()),
            source: verify::IndexFault::Empty,
        },
        Error::Images(images(ImageFinding::Own(Err(Error::NoSignature {
            reference: reference(),
            wanted: Vec::new(),
        })))),
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
        Error::Index { .. } => 14,
        Error::Entry { .. } => 15,
        Error::Images(_) => 16,
    };
    let numbers: BTreeSet<usize> = errors.iter().map(number).collect();
    assert!(numbers.into_iter().eq(0..17), "a variant is missing");
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
        ArtifactSigning::failed(asked, target, Some(unstored(PushState::No)), error()),
        ArtifactSigning::failed(asked, target, Some(unstored(PushState::Unknown)), error()),
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
