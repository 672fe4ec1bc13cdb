//! `countersign lambda verify` of what is in AWS: objects, functions, versions of layers.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::document::stdout;
use crate::support::sandbox::Ran;
use crate::support::stage::Stage;

fn verify(stage: &Stage, words: &[&str]) -> Ran {
    let begin = ["lambda", "verify", "--trust-anchor", "package-root.crt"];
    stage.run(&[&begin[..], words].concat())
}

fn by_profile<'s>(stage: &'s Stage, more: &[&'s str]) -> Vec<&'s str> {
    [&["--signing-profile", &stage.profile.version_arn], more].concat()
}

/// The SHA-256 of a package as AWS Lambda shows it.
pub(super) fn code_sha256(package: &[u8]) -> String {
    STANDARD.encode(digest(&SHA256, package))
}

#[track_caller]
fn verdict(ran: &Ran) -> Value {
    stdout(ran, "package-verdict.v1.schema.json")["results"][0].clone()
}

#[test]
fn packages_in_aws_are_verified_as_files_are() {
    let stage = Stage::new();
    let signed = stage.signed_in_job("x");
    let bucket = "packages";
    let emulator = &stage.scene.emulator;
    emulator.create_bucket(bucket, Some(true)).unwrap();
    let version = emulator.put_object(bucket, "app.zip", &signed).unwrap();
    let newer = emulator.put_object(bucket, "app.zip", b"newer").unwrap();
    let function = stage.function("api", &signed, &json!({}));
    let layer = stage.layer("tools", &signed);
    let object = format!("s3://{bucket}/app.zip?versionId={version}");
    let sha256 = code_sha256(&signed);
    for name in [&object, "api", &function, &layer] {
        let ran = verify(&stage, &by_profile(&stage, &[name]));
        assert_eq!(ran.code, 0, "{name}: {ran:#?}");
        let version = if *name == object {
            format!("  object version: {version}\n")
        } else {
            String::new()
        };
        let first =
            format!("Successfully verified package {name}\n{version}  CodeSha256: {sha256}\n");
        assert!(ran.stdout.starts_with(&first), "{ran:#?}");
    }
    // The newest version is not a zip file.
    let ran = verify(
        &stage,
        &by_profile(&stage, &["s3://packages/app.zip", "--output", "json"]),
    );
    assert_eq!(ran.code, 1);
    let newest = verdict(&ran);
    assert_eq!(newest["verdict"], "rejected");
    // The version is reported, although the user did not name it.
    assert_eq!(newest["objectVersion"], newer);
    let ran = verify(
        &stage,
        &by_profile(&stage, &[&function, "--output", "json"]),
    );
    let of_function = verdict(&ran);
    assert_eq!(of_function["objectVersion"], Value::Null);
    assert_eq!(of_function["codeSha256"], sha256);
}

#[test]
fn a_configuration_says_who_may_have_signed() {
    let stage = Stage::new();
    let signed = stage.signed_in_job("x");
    stage.function("api", &signed, &json!({}));
    let config = stage.config(&[&stage.profile.version_arn], "Warn");
    let ran = verify(&stage, &["--code-signing-config", &config, "api"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let other = stage
        .scene
        .emulator
        .create_package_profile("other")
        .unwrap();
    let config = stage.config(&[&other.version_arn], "Warn");
    let ran = verify(
        &stage,
        &["--code-signing-config", &config, "api", "--output", "json"],
    );
    assert_eq!(ran.code, 1, "{ran:#?}");
    let verdict = verdict(&ran);
    assert_eq!(
        verdict["checks"][1]["reason"]["code"],
        "profile-not-allowed"
    );
}

#[test]
fn what_cannot_be_fetched_is_not_verified_and_the_others_are() {
    let stage = Stage::new();
    let signed = stage.signed_in_job("x");
    std::fs::write(stage.scene.sandbox.home().join("app.zip"), &signed).unwrap();
    let words = by_profile(&stage, &["nothing", "./app.zip", "--output", "json"]);
    let ran = verify(&stage, &words);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let document = stdout(&ran, "package-verdict.v1.schema.json");
    assert_eq!(document["results"][0]["verdict"], "failed");
    assert_eq!(
        document["results"][0]["error"]["code"],
        "function-not-found"
    );
    assert_eq!(document["results"][1]["verdict"], "verified");
    let ran = verify(&stage, &by_profile(&stage, &["s3://packages/app.zip"]));
    assert_eq!(ran.code, 3, "{ran:#?}");
    let first = "Error: AWS found no such resource for `s3:GetObject` on `s3://packages/app.zip` in region `us-east-1`: ";
    assert!(ran.stderr.starts_with(first), "{ran:#?}");
    let ran = verify(&stage, &by_profile(&stage, &["s3://packages"]));
    ran.assert_refused(
        2,
        "Error: `s3://packages` does not have a key, wanted `s3://BUCKET/KEY`",
    );
}

#[test]
fn each_source_is_asked_for_once() {
    let stage = Stage::new();
    let signed = stage.signed_in_job("x");
    stage.function("api", &signed, &json!({}));
    let layer = stage.layer("tools", &signed);
    for (name, asked) in [
        ("api", "GetFunction"),
        (layer.as_str(), "GetLayerVersionByArn"),
    ] {
        stage.scene.operations();
        verify(&stage, &by_profile(&stage, &[name]));
        assert_eq!(
            stage.scene.operations(),
            [
                asked,
                "lambda:code",
                "DescribeSigningJob",
                "GetSigningProfile"
            ]
        );
    }
}

#[test]
fn code_that_does_not_come_whole_is_not_verified() {
    let stage = Stage::new();
    let signed = stage.signed_in_job("x");
    stage.function("api", &signed, &json!({}));
    let half = Fault::new(FaultKind::TruncatedBody).on("lambda:code");
    stage.scene.emulator.faults().add(half);
    let ran = verify(&stage, &by_profile(&stage, &["api"]));
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(!ran.stderr.contains("X-Amz-"), "{ran:#?}");
    assert!(STANDARD.encode(&signed).len() > 100);
}
