//! Signing keys: those of files, of AWS KMS, and of AWS Signer.

use std::fs;

use countersign_emulator::{Decision, Fault, FaultKind};
use serde_json::{Value, json};

use super::{assert_found, doctor, scene};
use crate::support::kms;
use crate::support::local_keys;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// Writes a signing key list with this key, the default one.
fn list(scene: &Scene, key: &Value) {
    let list = json!({ "default": key["name"], "keys": [key] });
    scene
        .sandbox
        .write_config("signingkeys.json", list.to_string());
}

fn files(scene: &Scene, key: &str, certificate: &str) {
    let home = scene.sandbox.home();
    fs::copy(local_keys::path(key), home.join("release.key")).unwrap();
    fs::write(
        home.join("release.crt"),
        local_keys::certificate(certificate),
    )
    .unwrap();
    list(
        scene,
        &json!({
            "name": "release", "keyPath": home.join("release.key"), "certPath": home.join("release.crt"),
        }),
    );
}

#[track_caller]
fn assert_prints(ran: &Ran, text: &str) {
    assert!(ran.stdout.contains(text), "{text}: {ran:#?}");
}

fn passes(scene: &Scene, line: &str) {
    let ran = doctor(scene, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(
        ran.stdout.lines().any(|found| found.starts_with(line)),
        "{line}: {ran:#?}"
    );
}

#[test]
fn a_key_in_a_file_must_be_that_of_its_certificate() {
    let scene = scene();
    files(&scene, "ec-256", "ec-256");
    let key = scene.sandbox.home().join("release.key");
    let shown = key.display();
    passes(
        &scene,
        &format!("pass     signing-key release (default): `{shown}` is the key of its certificate"),
    );
    files(&scene, "ec-256.aes128", "ec-256");
    passes(
        &scene,
        &format!("pass     signing-key release (default): `{shown}` is encrypted"),
    );
    files(&scene, "ec-384", "ec-256");
    let ran = doctor(&scene, &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_prints(&ran, "fail     signing-key release (default): ");
    fs::remove_file(key).unwrap();
    let ran = doctor(&scene, &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_prints(&ran, "wanted: a key that can sign");
    // Who only verifies needs no key.
    assert_found(&scene, &["--verify-only"], 0, "");
}

#[test]
fn a_list_that_cannot_be_read_is_said() {
    let scene = scene();
    scene.sandbox.write_config("signingkeys.json", "{");
    let ran = doctor(&scene, &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_prints(&ran, "fail     signing-key: ");
    assert_prints(&ran, "wanted: a list of signing keys that can be read");
}

#[test]
fn a_key_of_aws_kms_is_asked_for_its_public_key_and_iam_for_the_rest() {
    let scene = scene();
    let arn = kms::import(&scene.emulator, "ec-256");
    let home = scene.sandbox.home();
    fs::write(home.join("kms.crt"), local_keys::certificate("ec-256")).unwrap();
    let key = |certificate: &str| {
        json!({
            "name": "kms", "id": arn, "pluginName": "aws-kms",
            "pluginConfig": { "certificate_chain": home.join(certificate) },
        })
    };
    list(&scene, &key("kms.crt"));
    passes(
        &scene,
        &format!("pass     signing-key kms (default): `{arn}` is the key of its certificate"),
    );
    passes(&scene, &format!("pass     permission kms:Sign on {arn}: "));
    assert!(
        !scene.operations().iter().any(|call| call == "Sign"),
        "nothing is signed"
    );
    scene.emulator.simulate("kms:Sign", Decision::ImplicitDeny);
    let ran = doctor(&scene, &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_prints(&ran, &format!("fail     permission kms:Sign on {arn}: "));
    scene.emulator.simulate("kms:Sign", Decision::Allowed);
    let faults = scene.emulator.faults();
    faults.add(Fault::new(FaultKind::AccessDenied).on("GetPublicKey"));
    let ran = doctor(&scene, &[]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert_prints(&ran, "unknown  signing-key kms (default): ");
    assert_prints(&ran, "kms:GetPublicKey");
    faults.clear();
    fs::write(home.join("other.crt"), local_keys::certificate("ec-384")).unwrap();
    list(&scene, &key("other.crt"));
    let ran = doctor(&scene, &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_prints(&ran, "fail     signing-key kms (default): ");
}

#[test]
fn a_profile_and_a_plugin_are_named_and_nonsense_is_refused() {
    let scene = scene();
    let plugin = "com.amazonaws.signer.notation.plugin";
    let of = |id: &str| json!({ "name": "release", "id": id, "pluginName": plugin });
    list(&scene, &of(&scene.profile.arn));
    passes(
        &scene,
        &format!(
            "pass     signing-key release (default): it is the signing profile `{}`",
            scene.profile.arn
        ),
    );
    list(&scene, &of("release"));
    let ran = doctor(&scene, &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_prints(&ran, "countersign profile list");
}
