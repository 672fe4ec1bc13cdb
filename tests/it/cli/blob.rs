//! `countersign blob`.

mod aws_signer;
mod interrupt;
mod memory;
mod pipes;
mod plugin;
mod policy;
mod progress;
mod rules;
mod sign;
mod timestamping;
mod verdict;
mod verify;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::sign::local_key::add;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// What every trust policy of these tests has for a statement that is not about skipping.
const TRUST: &str =
    r#""trustStores": ["ca:local"], "trustedIdentities": ["x509.subject: C=US, ST=WA, O=Notary"]"#;

/// A scene with the key of this name as the default, trusted by the global statement.
fn scene(key: &str) -> Scene {
    let scene = Scene::new();
    add(&scene, key, &["--default"]);
    trust(&scene, key);
    write_policy(&scene, "strict");
    scene
}

/// Trusts the certificate of `key`.
fn trust(scene: &Scene, key: &str) {
    let file = scene.sandbox.config().join(format!("localkeys/{key}.crt"));
    let certificate = fs::read(file).unwrap();
    scene
        .sandbox
        .write_config(&format!("truststore/x509/ca/local/{key}.crt"), certificate);
}

/// Writes a blob policy whose global statement has this level.
fn write_policy(scene: &Scene, level: &str) {
    let policy = format!(
        r#"{{ "version": "1.0", "trustPolicies": [ {{
            "name": "files", "signatureVerification": {{ "level": "{level}" }},
            {TRUST}, "globalPolicy": true
        }} ] }}"#
    );
    scene.sandbox.write_config("trustpolicy.blob.json", policy);
}

/// Writes a file in the current directory of the scene's programs.
fn write(scene: &Scene, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = scene.sandbox.home().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn sign(scene: &Scene, arguments: &[&str]) -> Ran {
    scene.run(&[&["blob", "sign"], arguments].concat())
}

fn verify(scene: &Scene, arguments: &[&str]) -> Ran {
    scene.run(&[&["blob", "verify"], arguments].concat())
}

/// Asserts that `file` was signed, into this file.
#[track_caller]
fn assert_signed(ran: &Ran, file: &str, signature: &str) {
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            0,
            format!("Successfully signed {file}\nSignature file written to {signature}\n").as_str(),
            ""
        )
    );
}

#[track_caller]
fn assert_verified(ran: &Ran, file: &str) {
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            0,
            format!("Successfully verified signature for {file}\n").as_str(),
            ""
        )
    );
}

/// What is in a directory, by name; without what begins with a dot.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".config" && name != "root.crt")
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The JSON of `blob inspect`, which must be what the schema says of a signature.
#[track_caller]
fn inspect(scene: &Scene, signature: &str) -> serde_json::Value {
    let ran = scene.run(&["blob", "inspect", "--output", "json", signature]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let signature: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let document = serde_json::json!({ "mediaType": "", "signatures": [signature] });
    crate::support::document::assert_valid(&document, "inspection.schema.json");
    signature
}
