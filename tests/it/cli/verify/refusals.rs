//! Signatures that are not accepted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use time::Duration;

use super::{JWS, refused};
use crate::support::registry_client::RepositoryClient;
use crate::support::scene::Scene;

#[test]
fn an_unsigned_image_is_refused_and_told_apart() {
    let scene = Scene::new();
    let ran = scene.verify(&scene.image);
    ran.assert_refused(
        1,
        &format!(
            "Error: signature verification failed: no signature is associated with \"{}\", make \
             sure the artifact was signed successfully",
            scene.image
        ),
    );
    ran.assert_says(
        "hint: do not run the artifact: signing it belongs in the pipeline that builds it\n",
    );
    assert!(!ran.stderr.contains("countersign sign"), "{ran:#?}");
}

#[test]
fn a_missing_artifact_is_refused_without_a_word_about_tags() {
    let scene = Scene::new();
    let reference = format!("{}:nope", scene.repository);
    let ran = scene.verify(&reference);
    ran.assert_refused(
        1,
        &format!("Error: failed to get manifest descriptor: {reference}: not found"),
    );
    assert!(!ran.stderr.contains("Warning"), "{ran:#?}");
}

#[test]
fn aws_roots_are_built_in_and_do_not_trust_the_emulator() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let ran = scene.run(&[
        "verify",
        "--signing-profile",
        &scene.profile.arn,
        &scene.image,
    ]);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says(
        "authenticity (enforce): failed: the signature's certificate chain does not contain any \
         trusted certificate",
    );
    ran.assert_says("no certificate of the chain is in `signingAuthority:aws-signer-ts`");
}

#[test]
fn another_profile_is_refused_by_name() {
    let mut scene = Scene::new();
    scene.sign(&scene.image);
    let signed_by = scene.profile.version_arn.clone();
    scene.profile = scene.emulator.create_signing_profile("other").unwrap();
    let ran = scene.verify(&scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says(&format!(
        "signed with `{signed_by}`, which is not a trusted identity"
    ));
}

#[test]
fn an_expired_signature_is_refused_and_at_permissive_warned_about() {
    // Signed so long ago that the profile's validity is over.
    let scene = Scene::new();
    scene.sign_at(Duration::days(-12 * 366));
    let ran = scene.verify(&scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    ran.assert_says("expiry (enforce): failed: digital signature has expired on \"");

    scene.write_policy("permissive");
    let ran = scene.run(&["verify", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        ran.stdout,
        format!(
            "\nTolerated, not verified: {}\nfailed, and only logged by the trust policy: `expiry`\n",
            scene.image
        )
    );
    assert!(
        ran.stderr.starts_with(
            "Warning: expiry was set to \"log\" and failed with error: digital signature has \
             expired on \""
        ),
        "{ran:#?}"
    );
}

#[test]
fn a_signature_of_another_image_does_not_count() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let client = RepositoryClient::new(&scene.repository);
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    client.push_signature(&other, JWS, &client.envelope(&signature));
    let other = format!("{}@{other}", scene.repository);
    let ran = scene.verify(&other);
    ran.assert_refused(1, &refused(&other));
    ran.assert_says("refused: content descriptor mismatch: the signature is for another artifact");
}

#[test]
fn a_changed_byte_anywhere_is_an_integrity_failure() {
    let scene = Scene::new();
    let signature = scene.sign(&scene.image);
    let client = RepositoryClient::new(&scene.repository);
    let digest = scene.image.split('@').nth(1).unwrap().to_owned();
    let good: Value = serde_json::from_slice(&client.envelope(&signature)).unwrap();
    client.delete(&signature);
    for member in ["payload", "protected", "signature"] {
        let mut bad = good.clone();
        let mut bytes = URL_SAFE_NO_PAD
            .decode(bad[member].as_str().unwrap())
            .unwrap();
        // Inside a value: the JSON of payload and header stays JSON.
        let at = match member {
            "payload" => find(&bytes, b"sha256:") + 10,
            "protected" => find(&bytes, b"/signing-jobs/") + 16,
            _ => 10,
        };
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        bad[member] = URL_SAFE_NO_PAD.encode(bytes).into();
        let pushed = client.push_signature(&digest, JWS, bad.to_string().as_bytes());
        let ran = scene.verify(&scene.image);
        ran.assert_refused(1, &refused(&scene.image));
        ran.assert_says("integrity (enforce): failed");
        client.delete(pushed.as_ref());
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> usize {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
        .unwrap()
}

#[test]
fn a_bad_signature_does_not_hide_a_good_one() {
    let scene = Scene::new();
    let client = RepositoryClient::new(&scene.repository);
    let digest = scene.image.split('@').nth(1).unwrap().to_owned();
    client.push_signature(&digest, JWS, b"{}");
    client.push_signature(&digest, "application/octet-stream", b"x");
    scene.sign(&scene.image);
    let ran = scene.verify(&scene.image);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn more_signatures_than_allowed_are_not_looked_at() {
    let scene = Scene::new();
    let client = RepositoryClient::new(&scene.repository);
    let digest = scene.image.split('@').nth(1).unwrap().to_owned();
    for number in 0..3 {
        client.push_signature(&digest, JWS, format!("{{\"n\":{number}}}").as_bytes());
    }
    let ran = scene.verify_with(&["--max-signatures", "2"], &scene.image);
    ran.assert_refused(1, &refused(&scene.image));
    assert_eq!(
        ran.stderr.matches("\nsignature sha256:").count(),
        2,
        "{ran:#?}"
    );
    ran.assert_says("The configured limit of 2 signatures to verify per artifact exceeded");
    let ran = scene.verify_with(&["--max-signatures", "3"], &scene.image);
    assert!(!ran.stderr.contains("limit"), "{ran:#?}");
    for value in ["0", "-1"] {
        scene
            .verify_with(&["--max-signatures", value], &scene.image)
            .assert_refused(
                2,
                &format!("Error: max-signatures value {value} must be a positive number"),
            );
    }
}

#[test]
fn what_keeps_from_an_answer_has_its_advice() {
    let scene = Scene::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = listener.local_addr().unwrap();
    drop(listener);
    let ran = scene.verify(&format!("{nobody}/app:v1"));
    ran.assert_refused(
        3,
        &format!(
            "Error: failed to get manifest descriptor: no usable answer from registry `{nobody}`"
        ),
    );
    let advice =
        "\nhint: nothing listens there: check the host and the port, and that the server runs\n";
    ran.assert_says(advice);
    let ran = scene.verify(&format!("{}:none", scene.repository));
    ran.assert_says("\nhint: check the repository, and the tag or digest\n");

    let sandbox = scene
        .sandbox
        .with("AWS_ENDPOINT_URL", format!("http://{nobody}"));
    let ran = sandbox.run(&[
        "sign",
        "--signing-profile",
        &scene.profile.arn,
        &scene.image,
    ]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says(advice);
    let profile = ["verify", "--signing-profile", &scene.profile.arn];
    let anchor = ["--trust-anchor", "none.crt", &scene.image];
    let ran = sandbox.run(&[&profile[..], &anchor].concat());
    ran.assert_refused(
        2,
        "Error: the file of `--trust-anchor` cannot be read: `none.crt`",
    );
    ran.assert_says(
        "\ncaused by: `none.crt` does not exist\nhint: name the file with the root of AWS Signer's certificates\n",
    );
}

/// Only profiles are named, so there is no policy that the reader could change.
#[test]
fn a_signature_by_a_key_of_its_own_is_said_to_be_one() {
    let scene = Scene::new();
    let said = "caused by: signed by a key of its own, `CN=trial,O=Notary,L=Seattle,ST=WA,C=US`, and not by AWS Signer\n";
    let hint = "hint: do not run the artifact unless you trust that key; docs/keys.md shows how a policy trusts a key of your own\n";
    let ran = scene.run(&["cert", "generate-test", "--default", "trial"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = scene.run(&["sign", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let ran = scene.verify(&scene.image);
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(said);
    ran.assert_says(hint);
    std::fs::write(scene.sandbox.home().join("f"), "hello\n").unwrap();
    let ran = scene.run(&["blob", "sign", "f"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let trust = [
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ];
    let ran = scene.run(&[&["blob", "verify"], &trust[..], &["f"]].concat());
    assert_eq!(ran.code, 1, "{ran:#?}");
    ran.assert_says(said);
    ran.assert_says(hint);
}

/// What is missing is fetched with the same flags.
#[test]
fn what_is_not_stored_is_fetched_with_the_flags_that_are_here() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    let facts = ["revocation", "fetch", "--out", "facts"];
    let trust = [
        "--signing-profile",
        &scene.profile.arn,
        "--trust-anchor",
        "root.crt",
    ];
    let ran = scene.run(&[&facts[..], &trust, &[&scene.image]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    let unsigned = ["--unsigned-revocation-statements", "aws-signer"];
    let offline = [&["--offline", "facts"], &unsigned[..]].concat();
    assert_eq!(scene.verify_with(&offline, &scene.image).code, 0);
    for entry in std::fs::read_dir(scene.sandbox.home().join("facts/aws-signer")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    let ran = scene.verify_with(&offline, &scene.image);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("; repeat `--signing-profile` and `--trust-anchor` as they are here\n");
}
