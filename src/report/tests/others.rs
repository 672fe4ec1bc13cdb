//! Inspections, findings, policies, documents of images, and the words that all share.

use super::*;

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
    let hint = || Some("give the setting `verify-only`; or wait".to_owned());
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
        let document = DoctorV1::new(findings, &Reader::without_settings());
        check_schema("doctor.v1.schema.json", &document)
    };
    let document = codes(&findings);
    assert_eq!(document["exitCode"], 1);
    assert_eq!(document["findings"][1]["hint"], "or wait");
    let count = Check::ALL.len();
    assert_eq!(
        document["summary"],
        json!({ "fail": count, "pass": count, "unknown": count, "warn": count })
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
fn a_document_of_images_is_what_its_schema_says() {
    use crate::gate::documents::Kind;
    use crate::gate::policy::GatePolicy;
    use crate::gate::{Decision, Refusal, Ruling};
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
    let verdict = |ruling| {
        let decision = Decision {
            reference: Reference::parse(asked).unwrap(),
            rule: Some("r".to_owned()),
            ruling,
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
        let refused = verdict(Ruling::Refused(refusal));
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
    let tolerated = verdict(Ruling::Tolerated(Box::new(Refusal::Artifact { source })));
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
