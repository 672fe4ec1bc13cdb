//! `countersign gate`: documents that say what will run.

mod answers;
mod described;
mod kinds;
mod lock;
mod writing;

use serde_json::{Value, json};

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A scene with a second image, `app:v2`, and files of documents.
pub(super) struct Gate {
    pub(super) scene: Scene,
    /// `localhost:PORT/app@sha256:...` of `v2`.
    pub(super) second: String,
}

impl Gate {
    /// Both images are signed.
    pub(super) fn new() -> Self {
        let gate = Self::unsigned();
        gate.scene.sign(&gate.scene.image);
        gate.scene.sign(&gate.second);
        gate
    }

    pub(super) fn unsigned() -> Self {
        let scene = Scene::new();
        let digest = scene.emulator.push_test_image("app", "v2").unwrap();
        let second = format!("{}@{digest}", scene.repository);
        let gate = Self { scene, second };
        gate.write_rule(&gate.scene.profile.arn, &json!({ "tags": "resolve" }));
        gate
    }

    /// Writes a gate policy with one rule: this profile must have signed.
    pub(super) fn write_rule(&self, profile: &str, more: &Value) {
        let mut rule = json!({
            "name": "images", "scopes": [self.scene.repository, "localhost:1/*"],
            "require": { "all": [ { "name": "ci", "signingProfile": profile } ] },
        });
        let members = rule.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        self.write_policy(&json!({
            "version": "1.0", "rules": [rule],
            "awsEndpoints": [self.scene.emulator.endpoint()],
        }));
    }

    pub(super) fn write_policy(&self, policy: &Value) {
        let path = self.scene.sandbox.home().join("gate.json");
        std::fs::write(path, policy.to_string()).unwrap();
    }

    /// Writes a document into the home, with the repository in place of `REPO`.
    pub(super) fn write(&self, name: &str, text: &str) -> String {
        let text = text.replace("REPO", &self.scene.repository);
        let path = self.scene.sandbox.home().join(name);
        std::fs::write(&path, &text).unwrap();
        text
    }

    pub(super) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.scene.sandbox.home().join(name)).unwrap()
    }

    pub(super) fn exists(&self, name: &str) -> bool {
        self.scene.sandbox.home().join(name).exists()
    }

    /// Runs `gate KIND` with the gate policy, the emulator's root and these arguments.
    pub(super) fn run(&self, kind: &str, more: &[&str]) -> Ran {
        let fixed = [
            "gate",
            kind,
            "--gate-policy",
            "gate.json",
            "--trust-anchor",
            "root.crt",
        ];
        self.scene.run(&[&fixed, more].concat())
    }

    /// The text with both tags in place of which there are the digests.
    pub(super) fn by_digest(&self, text: &str) -> String {
        let repository = &self.scene.repository;
        text.replace(&format!("{repository}:v1"), &self.scene.image)
            .replace(&format!("{repository}:v2"), &self.second)
    }
}

pub(super) const TASK: &str = r#"{
  "family": "app",
  "containerDefinitions": [
    { "name": "app", "image": "REPO:v1", "essential": true },
    { "name": "sidecar",   "image": "REPO:v2", "essential": false },
    { "name": "init", "image": "REPO:v1" }
  ],
  "unknown": "REPO:v1 is not an image here"
}
"#;
