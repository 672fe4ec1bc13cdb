//! `countersign verify --output json`.

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// The document, which must be what its schema says and agree with the exit code.
#[track_caller]
pub(super) fn document(ran: &Ran) -> Value {
    crate::support::document::document(ran, "verdict.v1.schema.json")
}

fn verify(scene: &Scene, references: &[&str]) -> Ran {
    let fixed = [
        "verify",
        "--output",
        "json",
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ];
    scene.run(&[&fixed, references].concat())
}

#[test]
fn a_verified_artifact_has_every_validation() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = verify(&scene, &[&scene.image]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let document = document(&ran);
    let result = &document["results"][0];
    assert_eq!(result["verdict"], "verified");
    assert_eq!(result["reference"], scene.image.as_str());
    let signature = &result["signatures"][0];
    assert_eq!(signature["accepted"], true);
    assert_eq!(
        signature["signer"]["signingProfileVersion"],
        scene.profile.version_arn.as_str()
    );
    let validations: Vec<_> = signature["validations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["validation"].as_str().unwrap(),
                one["result"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        validations,
        [
            ("integrity", "passed"),
            ("authenticity", "passed"),
            ("expiry", "passed"),
            ("authenticTimestamp", "passed"),
            ("revocation", "passed"),
        ]
    );
}

#[test]
fn each_refusal_has_its_verdict_and_code() {
    let scene = Scene::new();
    let unsigned = scene.emulator.push_test_image("app", "v2").unwrap();
    let unsigned = format!("{}@{unsigned}", scene.repository);
    scene.sign(&scene.image);
    scene
        .emulator
        .faults()
        .add(Fault::new(FaultKind::Throttle).on("GetRevocationStatus"));
    let nowhere = format!("localhost:1/x@{}", scene.image.split('@').nth(1).unwrap());
    let missing = format!("{}:nope", scene.repository);
    let ran = verify(&scene, &[&scene.image, &unsigned, &nowhere, &missing]);
    assert_eq!(ran.code, 1);
    let document = document(&ran);
    let found: Vec<_> = document["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| json!([result["asked"], result["verdict"], result["error"]["code"]]))
        .collect();
    assert_eq!(
        found,
        [
            json!([scene.image, "inconclusive", "revocation-unknown"]),
            json!([unsigned, "unsigned", "no-signature"]),
            json!([nowhere, "inconclusive", "registry-unavailable"]),
            json!([missing, "rejected", "artifact-not-found"]),
        ]
    );
    let revocation = &document["results"][0]["signatures"][0]["validations"][4];
    assert_eq!(revocation["reason"]["code"], "revocation-unknown");
    assert!(
        revocation["reason"]["causes"]
            .to_string()
            .contains("TooManyRequestsException")
    );
}

#[test]
fn what_is_only_logged_is_in_the_document() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy_with(
        r#"{ "level": "audit" }"#,
        "arn:aws:signer:us-east-1:111122223333:/signing-profiles/other",
    );
    let ran = scene.run(&["verify", "-o", "json", &scene.image]);
    let document = document(&ran);
    assert_eq!(ran.code, 0);
    let authenticity = &document["results"][0]["signatures"][0]["validations"][1];
    assert_eq!(authenticity["action"], "log");
    assert_eq!(authenticity["reason"]["code"], "signing-profile-untrusted");
}

#[test]
fn a_policy_that_skips_is_not_called_verified() {
    let scene = Scene::new();
    let policy = json!({ "version": "1.0", "trustPolicies": [ {
        "name": "s",
        "registryScopes": [ scene.repository ],
        "signatureVerification": { "level": "skip" },
    } ] });
    scene
        .sandbox
        .write_config("trustpolicy.oci.json", policy.to_string());
    let ran = scene.run(&["verify", "--output", "json", &scene.image]);
    assert_eq!(document(&ran)["results"][0]["verdict"], "skipped");
    assert_eq!(ran.code, 0);
}

#[test]
fn what_cannot_be_begun_is_a_document_too() {
    let scene = Scene::new();
    for (arguments, code) in [
        (&["verify", "-o", "json", "localhost/app:v1"][..], 1),
        (&["verify", "-o", "json", "localhost/app"], 2),
    ] {
        let ran = scene.run(arguments);
        let document = document(&ran);
        assert_eq!(ran.code, code, "{ran:#?}");
        assert_eq!(document["results"], json!([]));
        assert_eq!(document["error"]["code"], "not-begun");
    }
}

#[test]
fn causes_are_told_apart_with_whether_they_may_pass() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    for (kind, cause, may_pass) in [
        (FaultKind::Throttle, "throttled", true),
        (FaultKind::AccessDenied, "denied", false),
        (
            FaultKind::ServerError { status: 500 },
            "service-failure",
            true,
        ),
        (FaultKind::ConnectionReset, "unreachable", true),
    ] {
        scene.emulator.faults().clear();
        scene
            .emulator
            .faults()
            .add(Fault::new(kind).on("GetRevocationStatus"));
        let ran = verify(&scene, &[&scene.image]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        let document = document(&ran);
        let result = &document["results"][0];
        let reason = &result["signatures"][0]["validations"][4]["reason"];
        for reason in [reason, &result["error"]] {
            assert_eq!(
                (&reason["cause"], &reason["retryable"]),
                (&json!(cause), &json!(may_pass)),
                "{reason:#}"
            );
        }
    }
    scene.emulator.faults().clear();
    let nowhere = format!("localhost:1/x@{}", scene.digest());
    let ran = verify(&scene, &[&nowhere]);
    let error = &document(&ran)["results"][0]["error"];
    assert_eq!(
        (&error["cause"], &error["retryable"]),
        (&json!("unreachable"), &json!(true))
    );
    // A rejection does not pass.
    let missing = format!("{}:nope", scene.repository);
    let ran = verify(&scene, &[&missing]);
    let error = &document(&ran)["results"][0]["error"];
    assert_eq!(
        (&error["cause"], &error["retryable"]),
        (&json!("not-found"), &json!(false))
    );
}
