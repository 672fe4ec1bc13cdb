//! `--lock`: the record of what a document's images are.

use serde_json::{Value, json};

use super::Gate;
use crate::support::document::{assert_valid, document};

const TWO: &str =
    "services:\n  a: {image: 'REPO:v1'}\n  b: {image: 'REPO:v2'}\n  c: {image: 'REPO:v1'}\n";

fn lock(gate: &Gate) -> Value {
    let lock = serde_json::from_str(&gate.read("run.lock")).unwrap();
    assert_valid(&lock, "lock.v1.schema.json");
    lock
}

#[test]
fn every_kind_of_document_can_be_locked() {
    let gate = Gate::new();
    let files = [
        ("compose", "compose.yaml", TWO.to_owned()),
        ("task-definition", "task.json", super::TASK.to_owned()),
        (
            "kubernetes",
            "pod.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - {name: a, image: 'REPO:v1'}\n  \
             - {name: b, image: 'REPO:v2'}\n"
                .to_owned(),
        ),
        (
            "image-definitions",
            "imagedefinitions.json",
            r#"[{"name":"a","imageUri":"REPO:v1"},{"name":"b","imageUri":"REPO:v2"}]"#.to_owned(),
        ),
    ];
    for (kind, name, text) in files {
        gate.write(name, &text);
        let ran = gate.run(kind, &["--lock", "run.lock", name]);
        assert_eq!(ran.code, 0, "{kind}: {ran:#?}");
        let lock = lock(&gate);
        assert_eq!(lock["gatePolicy"]["file"], "gate.json");
        let artifacts = lock["artifacts"].as_array().unwrap();
        assert_eq!(artifacts.len(), 2, "{kind}: {lock:#}");
        let images = [&gate.scene.image, &gate.second];
        for ((artifact, image), tag) in artifacts.iter().zip(images).zip(["v1", "v2"]) {
            let digest = image.split_once('@').unwrap().1;
            assert_eq!(artifact["digest"], digest);
            assert_eq!(artifact["rule"], "images");
            assert_eq!(
                artifact["asked"],
                format!("{}:{tag}", gate.scene.repository)
            );
            assert_eq!(artifact["signatures"].as_array().unwrap().len(), 1);
        }
        std::fs::remove_file(gate.scene.sandbox.home().join("run.lock")).unwrap();
    }
}

#[test]
fn what_is_not_verified_leaves_the_lock_and_the_document_as_they_were() {
    let gate = Gate::unsigned();
    gate.scene.sign(&gate.scene.image);
    gate.write("compose.yaml", TWO);
    gate.write("run.lock", "before");
    let warn = json!({ "tags": "resolve", "onFailure": "warn" });
    let enforce = json!({ "tags": "resolve" });
    for rule in [warn, enforce] {
        gate.write_rule(&gate.scene.profile.arn, &rule);
        let pinning = [
            "--pin",
            "--out",
            "out.yaml",
            "--lock",
            "run.lock",
            "compose.yaml",
        ];
        let ran = gate.run("compose", &pinning);
        assert_eq!(ran.code, 1, "{ran:#?}");
        ran.assert_says(
            "Error: the lock `run.lock` is not written, since not every reference is verified\n",
        );
        assert_eq!(gate.read("run.lock"), "before");
        assert!(!gate.exists("out.yaml"));
        let ran = gate.run(
            "compose",
            &["--output", "json", "--lock", "run.lock", "compose.yaml"],
        );
        let found = document(&ran, "run-document.v1.schema.json");
        assert_eq!(found["permitted"], false);
        assert!(
            found["error"]["message"]
                .as_str()
                .unwrap()
                .contains("run.lock")
        );
    }
    gate.scene.sign(&gate.second);
    let pinning = [
        "--pin",
        "--out",
        "out.yaml",
        "--lock",
        "run.lock",
        "compose.yaml",
    ];
    let ran = gate.run("compose", &pinning);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(gate.exists("out.yaml"));
    assert_eq!(lock(&gate)["artifacts"].as_array().unwrap().len(), 2);
}

#[test]
fn a_lock_that_cannot_be_written_is_said_before_anybody_is_asked() {
    let gate = Gate::new();
    gate.write("compose.yaml", TWO);
    gate.scene.operations();
    let ran = gate.run("compose", &["--lock", "no/such/run.lock", "compose.yaml"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    assert_eq!(gate.scene.operations(), [""; 0]);
}
