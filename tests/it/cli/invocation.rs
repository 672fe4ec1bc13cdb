//! When, by what and at what cost verifications were made, in the documents of `verify` and `blob verify`.

use std::time::Instant;

use countersign::oci::sha256_digest;
use countersign_emulator::{Fault, FaultKind};
use serde_json::Value;

use crate::support::document;
use crate::support::scene::Scene;

const LATENCY_MILLISECONDS: u64 = 300;

#[test]
fn a_document_says_when_by_what_and_at_what_cost() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    let faults = scene.emulator.faults();
    let late = FaultKind::Latency {
        milliseconds: LATENCY_MILLISECONDS,
    };
    faults.add(Fault::new(late).on("GetRevocationStatus"));
    faults.add(
        Fault::new(FaultKind::Throttle)
            .on("GetRevocationStatus")
            .times(1),
    );
    scene.emulator.clear_calls();
    let begun = Instant::now();
    let ran = scene.run(&["verify", "-o", "json", "--lock", "lock.json", &scene.image]);
    let most = begun.elapsed().as_millis();
    assert_eq!(ran.code, 0, "{ran:#?}");
    let document = document::document(&ran, "verdict.v1.schema.json");
    let invocation = &document["invocation"];
    assert_eq!(invocation["programVersion"], env!("CARGO_PKG_VERSION"));

    // One that was throttled is asked again, and both are counted.
    let sent = scene.operations();
    let asked = sent.iter().filter(|one| *one == "GetRevocationStatus");
    assert_eq!(asked.count(), 2, "{sent:#?}");
    assert_eq!(invocation["requests"], sent.len(), "{sent:#?}");

    let took = invocation["durationMilliseconds"].as_u64().unwrap();
    assert!(took >= LATENCY_MILLISECONDS, "{took}");
    assert!(u128::from(took) <= most, "{took} of {most}");

    let policy = scene.sandbox.config().join("trustpolicy.oci.json");
    let bytes = std::fs::read(&policy).unwrap();
    assert_eq!(invocation["policy"]["file"], policy.to_str().unwrap());
    assert_eq!(
        invocation["policy"]["sha256"],
        sha256_digest(&bytes).digest()
    );

    // The one time that AWS Signer's answer and the lock have, too.
    let time = &invocation["time"];
    let facts = &document["results"][0]["signatures"][0]["validations"][4]["facts"];
    let facts = facts.as_array().unwrap().iter();
    let answers: Vec<_> = facts
        .filter(|fact| fact["source"] == "aws-signer")
        .collect();
    assert_eq!(answers.len(), 1, "{document:#}");
    assert_eq!(answers[0]["asOf"], *time);
    let lock = std::fs::read_to_string(scene.sandbox.home().join("lock.json")).unwrap();
    let lock: Value = serde_json::from_str(&lock).unwrap();
    assert_eq!(
        (&lock["time"], &lock["policy"]),
        (time, &invocation["policy"])
    );
}

#[test]
fn without_a_policy_file_none_is_named_and_without_a_beginning_time_and_version_are_said() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = scene.verify_with(&["-o", "jsonl"], &scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let last: Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
    document::assert_valid(&last, "verdict-line.v1.schema.json");
    assert_eq!(last["invocation"]["policy"], Value::Null);
    assert!(last["invocation"]["requests"].as_u64().unwrap() > 0);
    let ran = scene.verify_with(&["-o", "json"], "app");
    let document = document::document(&ran, "verdict.v1.schema.json");
    assert_eq!(document["error"]["code"], "not-begun");
    let invocation = &document["invocation"];
    assert_eq!(invocation["programVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(invocation["requests"], 0);
    assert!(invocation["time"].is_string());
}

#[test]
fn a_policy_that_cannot_be_read_is_a_document_in_every_form() {
    let scene = Scene::new();
    scene.sandbox.write_config("trustpolicy.oci.json", "{");
    let run = |form: &str| {
        let ran = scene.run(&["verify", "--output", form, &scene.image]);
        assert_ne!(ran.code, 0, "{ran:#?}");
        ran
    };
    let found = document::document(&run("json"), "verdict.v1.schema.json");
    assert!(found["error"]["message"].is_string());
    assert_eq!(
        found["invocation"]["programVersion"],
        env!("CARGO_PKG_VERSION")
    );
    let line: Value = serde_json::from_str(run("jsonl").stdout.trim_end()).unwrap();
    document::assert_valid(&line, "verdict-line.v1.schema.json");
    let junit = run("junit").stdout;
    assert!(junit.contains("<error type=\"not-begun\""), "{junit}");
    assert!(junit.contains("name=\"programVersion\""), "{junit}");
    let log: Value = serde_json::from_str(&run("sarif").stdout).unwrap();
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!(invocation["executionSuccessful"], false);
    assert!(invocation["startTimeUtc"].is_string(), "{invocation:#}");
}

#[test]
fn gates_say_when_by_which_version_and_at_what_cost() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let rule = serde_json::json!({
        "name": "images", "scopes": [scene.repository],
        "require": { "all": [{ "name": "ci", "signingProfile": scene.profile.arn }] },
    });
    let policy = serde_json::json!({
        "version": "1.0", "rules": [rule], "awsEndpoints": [scene.emulator.endpoint()],
    });
    let home = scene.sandbox.home();
    std::fs::write(home.join("gate.json"), policy.to_string()).unwrap();
    let compose = format!("services:\n  a: {{image: '{}'}}\n", scene.image);
    std::fs::write(home.join("compose.yaml"), compose).unwrap();
    let run = |kind: &str, policy: &str, what: &str| {
        let fixed = ["--trust-anchor", "root.crt", "--output", "json", what];
        scene.run(&[&["gate", kind, "--gate-policy", policy], &fixed[..]].concat())
    };
    for (kind, what, schema) in [
        ("check", scene.image.as_str(), "gate-verdict.v1.schema.json"),
        ("compose", "compose.yaml", "run-document.v1.schema.json"),
    ] {
        scene.operations();
        let ran = run(kind, "gate.json", what);
        let sent = scene.operations().len();
        let found = document::document(&ran, schema);
        let invocation = &found["invocation"];
        assert_eq!(invocation["programVersion"], env!("CARGO_PKG_VERSION"));
        assert_eq!(invocation["requests"], sent, "{found:#}");
        let found = document::document(&run(kind, "no.json", what), schema);
        assert_eq!(found["invocation"]["requests"], 0);
        assert!(found["error"]["message"].is_string());
    }
}
