//! AWS Signer signs files as it signs images.

use super::{assert_signed, inspect, names, sign, verify, write};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

fn sign_by_profile(scene: &Scene, more: &[&str]) -> Ran {
    let profile = ["--signing-profile", &scene.profile.arn];
    sign(scene, &[&profile[..], more, &["f"]].concat())
}

fn verify_by_profile(scene: &Scene, arn: &str) -> Ran {
    verify(
        scene,
        &[
            "--signing-profile",
            arn,
            "--trust-anchor",
            "root.crt",
            "-s",
            "f.jws.sig",
            "f",
        ],
    )
}

#[test]
fn a_profile_signs_and_verifies_a_file() {
    let scene = Scene::new();
    write(&scene, "f", "hello\n");
    assert_signed(&sign_by_profile(&scene, &["-m", "a=b"]), "f", "f.jws.sig");
    assert_eq!(scene.operations(), ["SignPayload"]);
    let shown = inspect(&scene, "f.jws.sig");
    let digest = shown["signedArtifact"]["digest"].as_str().unwrap();
    assert!(digest.starts_with("sha384:"), "{digest}");

    let ran = verify_by_profile(&scene, &scene.profile.arn);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(
        ran.stdout
            .starts_with("Successfully verified signature for f\n")
    );
    assert_eq!(scene.operations(), ["GetRevocationStatus"]);

    // By Notation's policy, too.
    let policy = format!(
        r#"{{ "version": "1.0", "trustPolicies": [ {{
            "name": "files", "signatureVerification": {{ "level": "strict" }},
            "trustStores": ["signingAuthority:aws-signer-ts"], "trustedIdentities": ["{}"]
        }} ] }}"#,
        scene.profile.arn
    );
    scene.sandbox.write_config("trustpolicy.blob.json", policy);
    scene.sandbox.write_config(
        "truststore/x509/signingAuthority/aws-signer-ts/root.crt",
        scene.emulator.root_certificate_pem(),
    );
    let ran = verify(&scene, &["--policy-name", "files", "-s", "f.jws.sig", "f"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
}

#[test]
fn another_profile_and_another_file_are_refused() {
    let scene = Scene::new();
    write(&scene, "f", "hello\n");
    assert_signed(&sign_by_profile(&scene, &[]), "f", "f.jws.sig");
    let other = scene.emulator.create_signing_profile("other").unwrap();
    verify_by_profile(&scene, &other.arn).assert_refused(
        1,
        "Error: signature verification failed: the signature's AWS Signer profile is not a trusted identity",
    );
    write(&scene, "f", "other\n");
    scene.emulator.clear_calls();
    verify_by_profile(&scene, &scene.profile.arn).assert_refused(
        1,
        "Error: signature verification failed: integrity check failed. signature does not match the given blob",
    );
    // A signature of something else does not cause a request to AWS.
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn what_aws_signer_does_not_do_is_said_before_it_is_asked() {
    let scene = Scene::new();
    write(&scene, "f", "hello\n");
    for (arguments, sentence) in [
        (
            &["--signature-format", "cose"][..],
            "Error: AWS Signer makes JWS envelopes only; leave out `--signature-format cose`",
        ),
        (
            &["--expiry", "1h"],
            "Error: AWS Signer takes the expiry from the signing profile",
        ),
    ] {
        sign_by_profile(&scene, arguments).assert_refused(2, sentence);
    }
    sign_by_profile(&scene, &["--expiry", "1h"]).assert_says("\nhint: leave out `--expiry`\n");
    let ran = sign_by_profile(&scene, &["-m", &format!("a={}", "x".repeat(4_096))]);
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    assert_eq!(scene.operations(), [""; 0]);
    assert_eq!(names(scene.sandbox.home()), ["f"]);
}

#[test]
fn no_signature_is_spent_on_a_place_that_cannot_be_written_to() {
    let scene = Scene::new();
    write(&scene, "f", "hello\n");
    write(&scene, "other", "precious");
    let link = scene.sandbox.home().join("f.jws.sig");
    std::os::unix::fs::symlink("other", &link).unwrap();
    let refused = |more: &[&str], found: &str, hint: &str| {
        let ran = sign_by_profile(&scene, more);
        let sentence = format!("Error: failed to write signature to file: {found}");
        ran.assert_refused(2, &sentence);
        ran.assert_says(&format!("\nhint: {hint}"));
        assert_eq!(scene.operations(), [""; 0], "{found}");
        assert_eq!(names(scene.sandbox.home()), ["f", "f.jws.sig", "other"]);
    };
    let in_the_way = "remove the file that is in the way, or name another directory";
    refused(&["--force"], "`f.jws.sig` is a symbolic link", in_the_way);
    let elsewhere = "name a writable directory with `--signature-directory DIRECTORY`";
    refused(
        &["--signature-directory", "/proc/nope"],
        "`/proc/nope` does not exist",
        elsewhere,
    );
    refused(
        &["--signature-directory", "/proc"],
        "`/proc/f.jws.sig` does not exist",
        elsewhere,
    );
}
