//! `sign --output json`.

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::sign;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// The document, which must be what its schema says and agree with the exit code.
#[track_caller]
pub(super) fn document(ran: &Ran) -> Value {
    crate::support::document::document(ran, "signing.v1.schema.json")
}

/// Signs as JSON, with `--if-missing` and the emulator's root.
fn sign_json(scene: &Scene, more: &[&str]) -> Ran {
    let fixed = [
        "-o",
        "json",
        "--if-missing",
        "--trust-anchor",
        "root.crt",
        "--keep-going",
    ];
    sign(scene, &[&fixed, more].concat())
}

#[test]
fn a_signature_is_told_with_its_job_and_signer() {
    let scene = Scene::new();
    let ran = sign(&scene, &["--output", "json", &scene.image]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let document = document(&ran);
    let stored = scene.client().referrers(scene.digest());
    let digest = &stored["manifests"][0]["digest"];
    let result = &document["results"][0];
    let signer = &result["signature"]["signer"];
    let job = signer["signingJob"].as_str().unwrap();
    assert!(
        job.starts_with("arn:aws:signer:us-east-1:111122223333:/signing-jobs/"),
        "{job}"
    );
    assert_eq!(
        signer["signingProfileVersion"],
        scene.profile.version_arn.as_str()
    );
    assert_eq!(
        *result,
        json!({
            "asked": scene.image,
            "state": "signed",
            "reference": scene.image,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "signature": {
                "pushed": "yes",
                "digest": digest,
                "reference": format!("{}@{}", scene.repository, digest.as_str().unwrap()),
                "envelopeMediaType": "application/jose+json",
                "signer": signer,
            },
        })
    );
    assert_eq!(
        document["summary"],
        json!({ "signed": 1, "skipped": 0, "failed": 0, "notTried": 0 })
    );
}

#[test]
fn every_state_has_its_reason() {
    let scene = Scene::new();
    let signed = scene.emulator.push_test_image("app", "signed").unwrap();
    let signed = format!("{}@{signed}", scene.repository);
    let first = document(&sign_json(&scene, &[&signed]));
    let base = scene.emulator.push_test_image("base", "v1").unwrap();
    let base = format!("{}/base@{base}", scene.registry());
    let missing = format!("{}:none", scene.repository);
    let denied = Fault::new(FaultKind::AccessDenied).on("registry:PutManifest");
    scene.emulator.faults().add(denied);
    let ran = sign_json(&scene, &[&signed, &missing, &base, &signed]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:#?}");
    let document = document(&ran);
    assert_eq!(
        document["summary"],
        json!({ "signed": 0, "skipped": 2, "failed": 2, "notTried": 0 })
    );
    let results = document["results"].as_array().unwrap();
    assert_eq!(
        results[0],
        json!({
            "asked": signed,
            "state": "skipped",
            "reference": signed,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "signature": first["results"][0]["signature"],
            "reason": {
                "code": "already-signed",
                "message": format!("`{signed}` is signed already"),
                "causes": [],
                "retryable": false,
            },
        })
    );
    assert_eq!(
        results[1],
        json!({
            "asked": missing,
            "state": "failed",
            "error": {
                "code": "artifact-not-found",
                "cause": "not-found",
                "retryable": false,
                "message": format!("failed to get manifest descriptor: {missing}: not found"),
                "causes": [format!("`{missing}` was not found, saying `MANIFEST_UNKNOWN: Requested image not found`")],
                "hint": "check the repository, and the tag or digest",
            },
        })
    );
    assert_eq!(results[2]["state"], "failed");
    assert_eq!(results[2]["error"]["code"], "push-failed");
    // What was signed is told although it is not there: the job can be revoked.
    let signature = &results[2]["signature"];
    assert_eq!(signature["pushed"], "no");
    assert_eq!(signature.get("digest"), None);
    assert!(signature["signer"]["signingJob"].is_string());
    assert_eq!(
        results[3],
        json!({
            "asked": signed,
            "state": "skipped",
            "reason": {
                "code": "given-twice",
                "message": format!("`{signed}` is given twice"),
                "causes": [],
                "retryable": false,
            },
        })
    );
}

#[test]
fn what_was_not_tried_is_told() {
    let scene = Scene::new();
    let images = super::many::images(&scene, 3);
    let denied = Fault::new(FaultKind::AccessDenied).on("SignPayload");
    scene.emulator.faults().add(denied);
    let flags = ["-o", "json", "--rate", "1"];
    let ran = sign(&scene, &[&flags[..], &super::many::strs(&images)].concat());
    assert_eq!(ran.code, 3, "{ran:#?}");
    let document = document(&ran);
    assert_eq!(
        document["summary"],
        json!({ "signed": 0, "skipped": 0, "failed": 1, "notTried": 2 })
    );
    let mut states: Vec<&Value> = Vec::new();
    for result in document["results"].as_array().unwrap() {
        states.push(&result["state"]);
        match result["state"].as_str() {
            Some("failed") => assert_eq!(result["error"]["code"], "signer-unavailable"),
            _ => assert_eq!(result["reason"]["code"], "stopped-after-failure"),
        }
    }
    assert!(states.contains(&&json!("failed")));
}

#[test]
fn a_key_in_a_file_has_no_job() {
    let scene = Scene::new();
    let made = scene.run(&["cert", "generate-test", "--default", "trial"]);
    assert_eq!(made.code, 0, "{made:#?}");
    let arguments = ["sign", "-o", "json", "--signature-format", "cose"];
    let ran = scene.run(&[&arguments[..], &["--expiry", "24h", &scene.image]].concat());
    let document = document(&ran);
    let signature = &document["results"][0]["signature"];
    assert_eq!(signature["envelopeMediaType"], "application/cose");
    assert_eq!(signature["signer"]["signingScheme"], "notary.x509");
    assert!(signature["signer"]["expiry"].is_string());
    assert_eq!(signature["signer"].get("signingJob"), None);
}

#[test]
fn warnings_are_in_the_document() {
    let scene = Scene::new();
    let signed = ["-o", "json", "--force-referrers-tag", &scene.image];
    assert_eq!(sign(&scene, &signed).code, 0);
    let kept = Fault::new(FaultKind::AccessDenied).on("registry:DeleteManifest");
    scene.emulator.faults().add(kept);
    let ran = sign(&scene, &signed);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let warning = document(&ran)["results"][0]["warnings"][0].clone();
    let warning = warning.as_str().unwrap();
    assert!(
        warning.starts_with("the outdated referrers index `sha256:"),
        "{warning}"
    );
}

#[test]
fn what_cannot_be_begun_is_a_document_too() {
    let scene = Scene::new();
    for arguments in [
        &["sign", "-o", "json", &scene.image][..],
        &["sign", "-o", "json", "--signing-profile", "x", &scene.image],
        &[
            "sign",
            "-o",
            "json",
            "--signing-profile",
            &scene.profile.arn,
            "x",
        ],
    ] {
        let ran = scene.run(arguments);
        assert_eq!(ran.code, 2, "{ran:#?}");
        let document = document(&ran);
        assert_eq!(document["results"], json!([]));
        assert_eq!(document["error"]["code"], "not-begun");
        assert!(ran.stderr.starts_with("Error: "), "{ran:#?}");
    }
}

#[test]
fn why_nothing_was_begun_is_told_whole() {
    let scene = Scene::new();
    let missing = ["--if-missing", "--trust-anchor", "nofile", &scene.image];
    let text = sign(&scene, &missing);
    let ran = sign(&scene, &[&["-o", "json"][..], &missing].concat());
    assert_eq!((ran.code, &ran.stderr), (2, &text.stderr), "{ran:#?}");
    let error = document(&ran)["error"].clone();
    let mut told = format!("Error: {}\n", error["message"].as_str().unwrap());
    let causes = error["causes"].as_array().unwrap();
    assert!(!causes.is_empty(), "{error:#}");
    for cause in causes {
        told.push_str(&format!("caused by: {}\n", cause.as_str().unwrap()));
    }
    told.push_str(&format!("hint: {}\n", error["hint"].as_str().unwrap()));
    assert_eq!(told, text.stderr);
}
