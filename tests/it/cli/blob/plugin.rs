//! Plugins sign files: those that make signatures, and those that make envelopes for files.

use serde_json::json;

use super::super::sign::plugin::{ENVELOPE, RAW, install};
use super::{assert_signed, inspect, names, sign, write};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const ENVELOPE_FOR_BLOB: &str = "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB";

fn sign_by_plugin(scene: &Scene, more: &[&str]) -> Ran {
    write(scene, "f", "hello\n");
    sign(
        scene,
        &[&["--plugin", "p", "--id", "k"], more, &["f"]].concat(),
    )
}

#[test]
fn both_kinds_of_plugin_sign_in_both_formats() {
    for capabilities in [
        &[RAW][..],
        &[ENVELOPE, RAW],
        &[ENVELOPE_FOR_BLOB],
        &[ENVELOPE, ENVELOPE_FOR_BLOB],
    ] {
        let scene = Scene::new();
        install(&scene, capabilities, |_, _, _| {});
        for format in ["jws", "cose"] {
            let ran = sign_by_plugin(
                &scene,
                &["--signature-format", format, "-e", "1h", "-m", "a=b"],
            );
            let signature = format!("f.{format}.sig");
            assert_signed(&ran, "f", &signature);
            let shown = inspect(&scene, &signature);
            assert_eq!(shown["userDefinedAttributes"], json!({"a": "b"}));
            assert_eq!(
                shown["signedArtifact"]["digest"],
                "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
            );
        }
    }
}

#[test]
fn a_plugin_for_images_only_is_refused() {
    for capabilities in [&[ENVELOPE][..], &["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"]] {
        let scene = Scene::new();
        install(&scene, capabilities, |command, _, _| {
            assert_eq!(command, "get-plugin-metadata");
        });
        let ran = sign_by_plugin(&scene, &[]);
        ran.assert_refused(
            1,
            "Error: the plugin \"p\" lacks the signature generator capability required for blob signing",
        );
        ran.assert_says("hint: a plugin signs blobs with `SIGNATURE_GENERATOR.RAW` or `SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB`");
        assert_eq!(names(scene.sandbox.home()), ["f"]);
    }
}

#[test]
fn a_key_that_is_another_than_the_one_described_signs_nothing() {
    // A digest that the signing key has no use for could never be verified.
    let scene = Scene::new();
    install(&scene, &[ENVELOPE_FOR_BLOB], |command, _, answer| {
        if command == "describe-key" {
            answer["keySpec"] = json!("EC-384");
        }
    });
    sign_by_plugin(&scene, &[]).assert_refused(
        1,
        "Error: `f` was signed with SHA-256, but its digest was computed for SHA-384",
    );
    assert_eq!(names(scene.sandbox.home()), ["f"]);
}

#[test]
fn an_envelope_of_something_else_is_refused() {
    let scene = Scene::new();
    install(&scene, &[ENVELOPE_FOR_BLOB], |command, _, answer| {
        if command == "generate-envelope" {
            answer["signatureEnvelope"] = json!("e30=");
        }
    });
    sign_by_plugin(&scene, &[]).assert_refused(
        1,
        "Error: failed to sign with the plugin p: the envelope that plugin `p` made is refused",
    );
    assert_eq!(names(scene.sandbox.home()), ["f"]);
}
