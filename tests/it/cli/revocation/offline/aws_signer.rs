//! AWS Signer's signatures: its answer is a statement that is not signed.

use std::path::Path;

use countersign::notary::rfc3339;
use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::super::{asking::job, facts};
use super::{Island, files, policy};
use crate::support::document::{assert_valid, document};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

type Change = fn(&mut Value);

/// Fetches with the profile on the command line.
pub(super) fn fetch(scene: &Scene, references: &[&str]) -> Ran {
    let fixed = [
        "revocation",
        "fetch",
        "--out",
        "facts",
        "--trust-anchor",
        "root.crt",
    ];
    let profile = ["--signing-profile", &scene.profile.arn];
    scene.run(&[&fixed[..], &profile, references].concat())
}

/// With an image that was signed just now.
pub(super) fn fetched() -> (Scene, Island) {
    fetched_of(Duration::ZERO)
}

/// With an image that was signed so long ago.
fn fetched_of(age: Duration) -> (Scene, Island) {
    let scene = Scene::new();
    scene.emulator.set_clock_offset(-age);
    scene.sign(&scene.image);
    scene.emulator.set_clock_offset(Duration::ZERO);
    let ran = fetch(&scene, &[&scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let island = Island::new(&scene, scene.digest());
    (scene, island)
}

/// Has the island trust the scene's profile by a policy with this `signatureVerification`.
pub(super) fn write_policy(scene: &Scene, island: &Island, verification: &Value) {
    let store = "signingAuthority:aws";
    let policy = policy(verification, &[store], &scene.profile.arn);
    island.sandbox.write_config("trustpolicy.oci.json", policy);
    island.sandbox.write_config(
        "truststore/x509/signingAuthority/aws/root.crt",
        scene.emulator.root_certificate_pem(),
    );
}

pub(super) fn allowed() -> Value {
    json!({ "level": "strict", "unsignedRevocationStatements": ["aws-signer"] })
}

fn change(path: &Path, change: impl FnOnce(&mut Value)) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    change(&mut document);
    std::fs::write(path, document.to_string()).unwrap();
}

#[test]
fn what_was_fetched_verifies_where_the_policy_allows_it_by_name() {
    let (scene, island) = fetched();
    write_policy(&scene, &island, &json!({ "level": "strict" }));
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(
        "revocation (enforce): failed: the signature's revocation status could not be determined",
    );
    ran.assert_says("and the trust policy does not allow unsigned answers");
    ran.assert_says(
        "add `\"unsignedRevocationStatements\": [\"aws-signer\"]` to `signatureVerification`",
    );

    write_policy(&scene, &island, &allowed());
    island.assert_verified(&[]);
    let ran = island.verify(&["-o", "json"]);
    let fact = &facts(&ran, "revocation")[0];
    assert_eq!(fact["about"], job(&scene));
    assert_eq!(
        (&fact["status"], &fact["source"], &fact["from"]),
        (&json!("good"), &json!("aws-signer"), &json!("offline"))
    );
    assert_eq!(fact["region"], "us-east-1");
    let file = fact["file"].as_str().unwrap();
    assert!(file.starts_with("facts/aws-signer/"), "{file}");
    assert!(
        fact["until"].is_string() && fact["ageSeconds"].is_u64(),
        "{fact}"
    );
    // The emulator is not an endpoint of AWS's own, and the verdict says so.
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let warnings = document["results"][0]["signatures"][0]["warnings"].to_string();
    assert!(
        warnings.contains("the stored answer was asked at `http://"),
        "{warnings}"
    );
}

#[test]
fn what_was_fetched_is_a_document_on_request() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let missing = format!("{}@sha256:{}", scene.repository, "0".repeat(64));
    let ran = fetch(&scene, &["--output", "json", &scene.image, &missing]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:#?}");
    let found = document(&ran, "gathering.v1.schema.json");
    assert_eq!(found["exitCode"], 1);
    assert!(
        found["invocation"]["requests"].as_u64() > Some(3),
        "{found}"
    );
    let [whole, absent] = found["results"].as_array().unwrap().as_slice() else {
        panic!("{found:#}");
    };
    assert_eq!(whole["asked"], scene.image.as_str());
    assert_eq!(
        (&whole["complete"], &whole["skipped"]),
        (&json!(true), &json!(false))
    );
    let [signature] = whole["signatures"].as_array().unwrap().as_slice() else {
        panic!("{whole:#}");
    };
    assert_eq!(signature["missing"], json!([]));
    let [.., fact] = signature["facts"].as_array().unwrap().as_slice() else {
        panic!("{signature:#}");
    };
    assert_eq!(
        (&fact["about"], &fact["status"], &fact["source"]),
        (&json!(job(&scene)), &json!("good"), &json!("aws-signer"))
    );
    assert_eq!(absent["asked"], missing.as_str());
    assert_eq!(absent["complete"], false);
    assert_eq!(absent["error"]["code"], "artifact-not-found");

    // AWS says nothing: what is missing has its reason.
    let denied = Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus");
    scene.emulator.faults().add(denied);
    let ran = fetch(&scene, &["--output", "json", &scene.image]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    let found = document(&ran, "gathering.v1.schema.json");
    let missing = &found["results"][0]["signatures"][0]["missing"][0];
    let message = missing["message"].as_str().unwrap();
    assert!(message.contains("GetRevocationStatus"), "{missing}");
    assert!(missing["hint"].is_string(), "{missing}");

    // Nothing could be begun.
    let ran = scene.run(&[
        "revocation",
        "fetch",
        "--out",
        "facts",
        "-o",
        "json",
        "no reference",
    ]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    let found = document(&ran, "gathering.v1.schema.json");
    assert_eq!(
        (&found["error"]["code"], &found["results"]),
        (&json!("not-begun"), &json!([]))
    );
}

#[test]
fn profiles_on_the_command_line_need_the_flag() {
    let (scene, island) = fetched();
    let profile = [
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ];
    let ran = island.verify(&profile);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("`--unsigned-revocation-statements aws-signer` with `--signing-profile`");
    let flag = ["--unsigned-revocation-statements", "aws-signer"];
    island.assert_verified(&[&profile[..], &flag].concat());
    // Never beside a trust policy, never online, and no other name.
    let ran = island.verify(&flag);
    assert_eq!(ran.code, 2, "{ran:#?}");
    let ran = scene.run(&[&["verify"], &profile[..], &flag, &[&scene.image]].concat());
    assert_eq!(ran.code, 2, "{ran:#?}");
    let other = ["--unsigned-revocation-statements", "aws"];
    let ran = island.verify(&[&profile[..], &other].concat());
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("allowed: aws-signer");
}

#[test]
fn a_stored_answer_has_its_schema_and_a_bound() {
    let (scene, island) = fetched_of(Duration::days(8));
    write_policy(&scene, &island, &allowed());
    let file = &island.files("aws-signer")[0];
    let aged = |age: Duration| {
        change(file, |document| {
            assert_valid(document, "aws-signer-revocation.v1.schema.json");
            document["askedAt"] = json!(rfc3339(OffsetDateTime::now_utc() - age));
        });
    };
    aged(Duration::hours(7 * 24 - 1));
    island.assert_verified(&[]);
    let ran = island.verify(&["--verbose"]);
    ran.assert_says("(6 days 23 hours old), until ");
    ran.assert_says(", stored in `facts/aws-signer/");
    let ran = island.verify(&[]);
    ran.assert_says(
        "Note: the oldest answer about revocation is 6 days 23 hours old (AWS Signer's, stored)",
    );
    aged(Duration::hours(7 * 24 + 1));
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("more than 604800 seconds ago");
    ran.assert_says("hint: with a network, `countersign revocation fetch REFERENCE --out DIR`");
    island.assert_verified(&["--offline-max-age", "170h"]);
    aged(Duration::hours(-1));
    let ran = island.verify(&["--offline-max-age", "170h"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("which is in the future");
    for age in ["0s", "2161h"] {
        let ran = island.verify(&["--offline-max-age", age]);
        assert_eq!(ran.code, 2, "{ran:#?}");
    }
}

#[test]
fn an_answer_from_before_the_signature_does_not_count() {
    let (scene, island) = fetched();
    write_policy(&scene, &island, &allowed());
    let file = &island.files("aws-signer")[0];
    let ago = |age: Duration| {
        let asked_at = OffsetDateTime::now_utc() - age;
        change(file, |document| {
            document["askedAt"] = json!(rfc3339(asked_at));
        });
    };
    // As far as clocks may differ.
    ago(Duration::minutes(4));
    island.assert_verified(&[]);
    ago(Duration::days(2));
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("caused by: `facts/aws-signer/");
    ran.assert_says(", before the signature was made at ");
}

#[test]
fn an_answer_that_is_missing_or_about_something_else_is_no_answer() {
    let (scene, island) = fetched();
    write_policy(&scene, &island, &allowed());
    let file = island.files("aws-signer").remove(0);
    let changes: [(Change, &str); 3] = [
        (
            |d| d["question"]["subject"]["jobArn"] = json!("x"),
            "has the answer to another question",
        ),
        (
            |d| d["question"]["place"]["partition"] = json!("aws-cn"),
            "has the answer to another question",
        ),
        (
            |d| d["more"] = json!(true),
            "is not an answer of AWS Signer",
        ),
    ];
    let good = std::fs::read(&file).unwrap();
    for (meddle, words) in changes {
        std::fs::write(&file, &good).unwrap();
        change(&file, meddle);
        let ran = island.verify(&[]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        ran.assert_says(words);
    }
    std::fs::remove_file(&file).unwrap();
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("no answer of AWS Signer about `");
}

#[test]
fn a_stored_revocation_is_a_revocation() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let job = job(&scene);
    scene.emulator.revoke_signature(&job).unwrap();
    let ran = fetch(&scene, &[&scene.image]);
    assert_eq!(ran.code, 0, "a fetch gives no verdict: {ran:#?}");
    ran.assert_says(&format!("revoked: `{job}`, by AWS Signer in `us-east-1`"));
    let island = Island::new(&scene, scene.digest());
    write_policy(&scene, &island, &allowed());
    let ran = island.verify(&[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(&format!("signing job `{job}` was revoked"));
}

#[test]
fn what_is_not_stored_a_tag_and_no_directory_are_said() {
    let (scene, island) = fetched();
    write_policy(&scene, &island, &allowed());
    let (repository, _) = island.image.split_once('@').unwrap();
    let ran = island.verify_reference(&[], &format!("{repository}:v1"));
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("is a tag, which only its registry can resolve");
    ran.assert_says("hint: name it by its digest");
    let other = format!("{repository}@sha256:{}", "0".repeat(64));
    let ran = island.verify_reference(&[], &other);
    ran.assert_refused(3, &format!("Error: `{other}` is not stored in `facts`"));
    ran.assert_says(&format!("countersign revocation fetch --out facts {other}"));
    let ran = island
        .sandbox
        .run(&["verify", "--offline", "nowhere", &island.image]);
    ran.assert_refused(2, "Error: `nowhere` of `--offline` is not a directory");
    for flag in [
        "--use-installed-plugin",
        "--revocation-cache-ttl=1h",
        "--plugin-config=a=b",
        // No registry is asked.
        "--username=u",
        "--password=p",
        "--insecure-registry",
    ] {
        let ran = island.verify(&[flag]);
        assert_eq!(ran.code, 2, "{ran:#?}");
        ran.assert_says("the argument '--offline <DIR>' cannot be used with '--");
    }
    // What the environment says for all commands does not contradict `--offline`.
    let sandbox = island.sandbox.with("NOTATION_USERNAME", "u");
    let sandbox = sandbox.with("NOTATION_PASSWORD", "p");
    let ran = sandbox.run(&["verify", "--offline", "facts", &island.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn a_signature_of_another_is_refused_offline_as_online() {
    let (scene, island) = fetched();
    let other = scene.emulator.create_signing_profile("other").unwrap();
    let ran = island.verify(&[
        "--signing-profile",
        &other.arn,
        "--trust-anchor",
        "root.crt",
    ]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says("is not a trusted identity");
    // Without the emulator's root nothing of it is trusted.
    let ran = island.verify(&["--signing-profile", &scene.profile.arn]);
    assert_eq!(ran.code, 1, "{ran:#?}");
}

#[test]
fn several_artifacts_share_a_directory_and_a_skipped_one_needs_no_signature() {
    let scene = Scene::new();
    let second = scene.emulator.push_test_image("app", "v2").unwrap();
    let second = format!("{}@{second}", scene.repository);
    scene.sign(&scene.image);
    scene.sign(&second);
    let ran = fetch(&scene, &[&scene.image, &second, &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(ran.stdout.lines().count(), 3, "{ran:#?}");
    ran.assert_says("note: AWS Signer's answer is not signed");
    let island = Island::new(&scene, scene.digest());
    write_policy(&scene, &island, &allowed());
    for image in [&scene.image, &second] {
        let (_, digest) = image.split_once('@').unwrap();
        let there = format!("{}/app@{digest}", island.tripwire.host());
        assert_eq!(island.verify_reference(&[], &there).code, 0);
    }

    let scene = Scene::new();
    let policy = json!({ "version": "1.0", "trustPolicies": [ {
        "name": "s", "registryScopes": [ scene.repository ],
        "signatureVerification": { "level": "skip" },
    } ] });
    let policy = policy.to_string();
    scene.sandbox.write_config("trustpolicy.oci.json", &policy);
    let ran = scene.run(&["revocation", "fetch", "--out", "facts", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let island = Island::new(&scene, scene.digest());
    island.sandbox.write_config("trustpolicy.oci.json", &policy);
    let ran = island.verify_reference(&[], &scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("configured to skip"), "{ran:#?}");
}

#[test]
fn a_fetch_says_what_is_missing() {
    let scene = Scene::new();
    let ran = fetch(&scene, &[&scene.image]);
    ran.assert_refused(
        1,
        &format!(
            "Error: signature verification failed: no signature is associated with \"{}\", make \
             sure the artifact was signed successfully",
            scene.image
        ),
    );
    scene.sign(&scene.image);
    let fault = Fault::new(FaultKind::AccessDenied).on("GetRevocationStatus");
    scene.emulator.faults().add(fault.times(1));
    let ran = fetch(&scene, &[&scene.image]);
    ran.assert_refused(
        3,
        &format!(
            "Error: could not store everything that is needed to verify {}",
            scene.image
        ),
    );
    ran.assert_says("missing: ");
    ran.assert_says("AccessDeniedException");
    // By tag it says the digest that is to be verified.
    let ran = fetch(&scene, &[&format!("{}:v1", scene.repository)]);
    let stdout = format!("Stored what is needed to verify {}\n", scene.image);
    assert_eq!((ran.code, ran.stdout), (0, stdout), "{}", ran.stderr);
    assert_eq!(
        files(&scene.sandbox.home().join("facts/aws-signer")).len(),
        1
    );
}

#[test]
fn nobody_is_asked_about_a_signature_that_is_not_trusted() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.operations();
    let profile = &scene.profile.arn;
    let ran = scene.run(&[
        "revocation",
        "fetch",
        "--out",
        "facts",
        "--signing-profile",
        profile,
        &scene.image,
    ]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("not asked about: ");
    let operations = scene.operations();
    assert!(
        !operations.contains(&"GetRevocationStatus".to_owned()),
        "{operations:?}"
    );
}
