//! `countersign profile` and `countersign signature`: AWS Signer as its administrator uses it.

mod count;
mod denials;
mod grants;
mod profiles;
mod signatures;

use std::path::Path;

use countersign_emulator::{AccessKey, Emulator};
use serde_json::Value;

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// Another account, which has keys of its own.
const OTHER: &str = "444455556666";

/// A scene and the key of a user of another account.
fn two_accounts() -> (Scene, AccessKey) {
    let own = AccessKey::generate("111122223333", "admin");
    let other = AccessKey::generate(OTHER, "ci");
    let builder = Emulator::builder()
        .access_key(own)
        .access_key(other.clone());
    (Scene::with(builder), other)
}

/// Runs the program with these keys.
fn run_as(scene: &Scene, key: &AccessKey, arguments: &[&str]) -> Ran {
    let mut command = scene
        .sandbox
        .command(Path::new(env!("CARGO_BIN_EXE_countersign")));
    command
        .env("AWS_ACCESS_KEY_ID", &key.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", &key.secret_access_key);
    Ran::of(command.args(arguments)).plain()
}

/// Runs the program with a terminal, on which `answer` is typed.
fn at_a_terminal(scene: &Scene, arguments: &[&str], answer: &str) -> Ran {
    let mut command = scene
        .sandbox
        .command(Path::new(env!("CARGO_BIN_EXE_countersign")));
    Ran::at_a_terminal(command.args(arguments), answer)
}

/// The document of a run with `--output json`.
#[track_caller]
fn document(ran: &Ran) -> Value {
    crate::support::document::document(ran, "management.v1.schema.json")
}

/// The profile as AWS has it now.
#[track_caller]
fn profile(scene: &Scene, name: &str) -> Value {
    let ran = scene.run(&["profile", "show", name, "--output", "json"]);
    let document = document(&ran);
    assert_eq!(ran.code, 0, "{document:#}");
    document["profiles"][0].clone()
}

/// The ARN of the job of the only signature of the scene's image.
pub(super) fn job(scene: &Scene) -> String {
    let ran = scene.run(&["inspect", "--output", "json", &scene.image]);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let attributes = &document["signatures"][0]["signedAttributes"];
    attributes["com.amazonaws.signer.signingJob"]
        .as_str()
        .unwrap()
        .to_owned()
}
