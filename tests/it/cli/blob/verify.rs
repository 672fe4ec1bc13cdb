//! Verifying files: which statement, which signature, what is said.

use std::fs;

use serde_json::json;

use super::{TRUST, assert_signed, assert_verified, scene, sign, verify, write, write_policy};
use crate::support::scene::Scene;

/// A scene with the file `f` and its signature `f.jws.sig`.
fn signed() -> Scene {
    let scene = scene("ec-256");
    write(&scene, "f", "hello\n");
    assert_signed(&sign(&scene, &["f"]), "f", "f.jws.sig");
    scene
}

#[test]
fn a_file_that_was_changed_is_refused_and_the_difference_is_said() {
    let scene = signed();
    write(&scene, "f", "jello\n");
    let ran = verify(&scene, &["-s", "f.jws.sig", "f"]);
    ran.assert_refused(
        1,
        "Error: signature verification failed: integrity check failed. signature does not match the given blob",
    );
    ran.assert_says("caused by: signature is for digest `sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03`");
    // As long as the level verifies at all.
    write_policy(&scene, "audit");
    assert_eq!(verify(&scene, &["-s", "f.jws.sig", "f"]).code, 1);
}

#[test]
fn where_nothing_is_verified_nothing_is_read() {
    let scene = signed();
    scene.sandbox.write_config(
        "trustpolicy.blob.json",
        format!(
            r#"{{ "version": "1.0", "trustPolicies": [
                {{ "name": "files", "signatureVerification": {{ "level": "strict" }}, {TRUST}, "globalPolicy": true }},
                {{ "name": "unsigned", "signatureVerification": {{ "level": "skip" }} }}
            ] }}"#
        ),
    );
    fs::write(scene.sandbox.home().join("junk.jws.sig"), "junk").unwrap();
    for signature in ["f.jws.sig", "junk.jws.sig", "none.jws.sig"] {
        let ran = verify(&scene, &["--policy-name", "unsigned", "-s", signature, "f"]);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (
                0,
                "Trust policy is configured to skip signature verification for f\n",
                ""
            )
        );
    }
    assert_verified(
        &verify(&scene, &["--policy-name", "files", "-s", "f.jws.sig", "f"]),
        "f",
    );
    verify(&scene, &["-s", "junk.jws.sig", "f"]).assert_refused(
        1,
        "Error: signature verification failed: unable to verify the integrity of the signature envelope",
    );

    // The statement for everything must verify something.
    write_policy(&scene, "skip");
    let policy = scene.sandbox.config().join("trustpolicy.blob.json");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace(&format!("{TRUST},"), "")).unwrap();
    verify(&scene, &["-s", "f.jws.sig", "f"]).assert_refused(
        1,
        "Error: global blob trust policy statement cannot have verification level set to skip",
    );
}

#[test]
fn a_name_that_is_empty_or_unknown_is_never_the_global_statement() {
    let scene = signed();
    verify(&scene, &["--policy-name", "", "-s", "f.jws.sig", "f"]).assert_refused(
        2,
        "Error: a value is required for '--policy-name <NAME>' but none was supplied",
    );
    verify(&scene, &["--policy-name", "nope", "-s", "f.jws.sig", "f"]).assert_refused(
        1,
        "Error: signature verification failed: no applicable blob trust policy with name \"nope\"",
    );
}

#[test]
fn the_policy_for_images_says_nothing_about_files() {
    let scene = signed();
    fs::remove_file(scene.sandbox.config().join("trustpolicy.blob.json")).unwrap();
    scene.write_policy("audit");
    verify(&scene, &["-s", "f.jws.sig", "f"]).assert_refused(
        1,
        "Error: trust policy is not present. To create a trust policy, see: \
         https://notaryproject.dev/docs/quickstart/#create-a-trust-policy",
    );
}

#[test]
fn what_is_asked_for_wrongly_is_said_in_notations_words() {
    let scene = signed();
    let home = scene.sandbox.home();
    fs::copy(home.join("f.jws.sig"), home.join("x.JWS.SIG")).unwrap();
    assert_verified(&verify(&scene, &["-s", "x.JWS.SIG", "f"]), "f");
    for (arguments, code, sentence) in [
        (
            &["-s", "", "f"][..],
            2,
            "Error: filepath of the signature cannot be empty",
        ),
        (
            &["-s", "f.sig", "f"],
            2,
            "Error: invalid signature filename f.sig. A valid signature file name must contain signature format and .sig file extension",
        ),
        (
            &["-s", "none.jws.sig", "f"],
            2,
            "Error: open none.jws.sig: no such file or directory",
        ),
        (
            &["-s", "f.jws.sig", "none"],
            2,
            "Error: open none: no such file or directory",
        ),
        (
            &["-s", "f.jws.sig", "."],
            2,
            "Error: read .: is a directory",
        ),
        (
            &["--media-type", "", "-s", "f.jws.sig", "f"],
            2,
            "Error: --media-type is set but with empty value",
        ),
        (
            &["--media-type", "text/plain", "-s", "f.jws.sig", "f"],
            1,
            "Error: signature verification failed: integrity check failed. signature does not match the given blob",
        ),
        (
            &["-m", "a=b", "-s", "f.jws.sig", "f"],
            1,
            "Error: signature verification failed: unable to find specified metadata in the signature",
        ),
    ] {
        verify(&scene, arguments).assert_refused(code, sentence);
    }
}

#[test]
fn a_signature_without_end_is_not_read_to_it() {
    let scene = signed();
    let limit = countersign::limits::MAX_ENVELOPE_BYTES;
    let long = fs::File::create(scene.sandbox.home().join("long.jws.sig")).unwrap();
    long.set_len(limit).unwrap();
    verify(&scene, &["-s", "long.jws.sig", "f"]).assert_refused(
        1,
        "Error: signature verification failed: unable to verify the integrity of the signature envelope",
    );
    long.set_len(limit + 1).unwrap();
    verify(&scene, &["-s", "long.jws.sig", "f"]).assert_refused(
        2,
        &format!("Error: `long.jws.sig` is larger than {limit} bytes"),
    );
}

#[test]
fn what_is_only_logged_is_warned_about() {
    let scene = signed();
    fs::remove_dir_all(scene.sandbox.config().join("truststore")).unwrap();
    let other = crate::support::local_keys::certificate("rsa-2048");
    scene
        .sandbox
        .write_config("truststore/x509/ca/local/other.crt", other);
    write_policy(&scene, "audit");
    let ran = verify(&scene, &["-s", "f.jws.sig", "f"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "\nTolerated, not verified: f\nfailed, and only logged by the trust policy: \
             `authenticity`, `revocation`\n"
        ),
        "{ran:#?}"
    );
    ran.assert_says("Warning: authenticity was set to \"log\" and failed with error: the signature's certificate chain does not contain any trusted certificate");
}

#[test]
fn a_signature_for_an_image_is_none_for_a_file() {
    let scene = scene("rsa-2048");
    // The file is the image's manifest, so that everything that was signed is true of it.
    let path = scene.sandbox.home().join("layout");
    let manifest = crate::support::layout::image("v1");
    crate::support::layout::make(&path, &["v1"]);
    write(&scene, "manifest.json", &manifest);
    let ran = scene.run(&["sign", "--oci-layout", "layout:v1"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let blobs = fs::read_dir(path.join("blobs/sha256")).unwrap();
    let envelope = blobs
        .map(|blob| fs::read(blob.unwrap().path()).unwrap())
        .find(|blob| {
            let text = String::from_utf8_lossy(blob);
            text.contains("\"protected\"")
        });
    write(&scene, "m.jws.sig", envelope.unwrap());
    let ran = verify(&scene, &["-s", "m.jws.sig", "manifest.json"]);
    ran.assert_refused(
        1,
        "Error: signature verification failed: integrity check failed. signature does not match the given blob",
    );
    ran.assert_says("caused by: signature is for an image of media type `application/vnd.oci.image.manifest.v1+json`, not for a blob");
    let named = ["--media-type", crate::support::layout::IMAGE_MANIFEST];
    let ran = verify(
        &scene,
        &[&named[..], &["-s", "m.jws.sig", "manifest.json"]].concat(),
    );
    assert_verified(&ran, "manifest.json");
}

#[test]
fn inspect_shows_what_a_signature_says_and_judges_nothing() {
    let scene = signed();
    let ran = scene.run(&["blob", "inspect", "f.jws.sig"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(
        ran.stdout
            .starts_with("f.jws.sig\n├── signature algorithm: ECDSA-SHA-256\n"),
        "{ran:#?}"
    );
    let shown = super::inspect(&scene, "f.jws.sig");
    assert_eq!(shown["signedArtifact"]["size"], json!(6));
    write(&scene, "junk.cose.sig", "junk");
    for (arguments, code, sentence) in [
        (
            &["junk.cose.sig"][..],
            1,
            "Error: the signature envelope is malformed",
        ),
        (
            &["none.jws.sig"],
            2,
            "Error: failed to read signature file: open none.jws.sig: no such file or directory",
        ),
        (
            &["-o", "yaml", "f.jws.sig"],
            2,
            "Error: unrecognized output format yaml",
        ),
        (
            &["f"],
            2,
            "Error: invalid signature filename f. The file extension must be .sig",
        ),
    ] {
        let ran = scene.run(&[&["blob", "inspect"], arguments].concat());
        ran.assert_refused(code, sentence);
    }
}

#[test]
fn a_global_statement_is_refused_where_one_must_be_named() {
    let scene = signed();
    write_policy(&scene, "strict");
    let ran = verify(&scene, &["--require-statement", "-s", "f.jws.sig", "f"]);
    let file = scene.sandbox.config().join("trustpolicy.blob.json");
    ran.assert_refused(
        1,
        &format!(
            "Error: statement `files` of `{}` is weaker than required for `f`",
            file.display()
        ),
    );
    ran.assert_says("caused by: it is the global statement, wanted one that is chosen by its name");
    let named = [
        "--require-statement",
        "--policy-name",
        "files",
        "-s",
        "f.jws.sig",
        "f",
    ];
    assert_eq!(verify(&scene, &named).code, 0);
    write_policy(&scene, "permissive");
    let ran = verify(&scene, &["--require", "strict", "-s", "f.jws.sig", "f"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let ran = verify(&scene, &["--require", "permissive", "-s", "f.jws.sig", "f"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn each_verdict_names_statement_and_file() {
    let scene = signed();
    write_policy(&scene, "audit");
    let file = scene.sandbox.config().join("trustpolicy.blob.json");
    let line = format!("policy: statement `files` of `{}`\n", file.display());
    let arguments = ["blob", "verify", "-s", "f.jws.sig", "f"];
    let ran = scene.sandbox.run(&arguments);
    assert!(ran.stdout.ends_with(&line), "{ran:#?}");
    fs::write(scene.sandbox.home().join("f"), "changed").unwrap();
    let ran = scene.sandbox.run(&arguments);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains(&line), "{ran:#?}");
    let ran = scene
        .sandbox
        .run(&[&arguments[..], &["-o", "json"]].concat());
    let document = crate::cli::verdict::document(&ran);
    assert_eq!(document["results"][0]["policyFile"], file.to_str().unwrap());
}

#[test]
fn the_signature_beside_the_file_is_found() {
    let scene = signed();
    write_policy(&scene, "strict");
    let home = scene.sandbox.home();
    let ran = verify(&scene, &["f"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    // Two may not both be meant.
    fs::copy(home.join("f.jws.sig"), home.join("f.cose.sig")).unwrap();
    verify(&scene, &["f"]).assert_refused(2, "Error: both `f.jws.sig` and `f.cose.sig` are there");
    fs::remove_file(home.join("f.cose.sig")).unwrap();
    // A signature that is found must not be a link that leads elsewhere; one that the user names may be.
    fs::rename(home.join("f.jws.sig"), home.join("elsewhere.jws.sig")).unwrap();
    std::os::unix::fs::symlink("elsewhere.jws.sig", home.join("f.jws.sig")).unwrap();
    assert_eq!(verify(&scene, &["f"]).code, 2);
    assert_eq!(verify(&scene, &["-s", "f.jws.sig", "f"]).code, 0);
    fs::remove_file(home.join("f.jws.sig")).unwrap();
    verify(&scene, &["f"]).assert_refused(
        2,
        "Error: there is no signature beside the file: neither `f.jws.sig` nor `f.cose.sig` is there",
    );
    // A variable that is not set.
    verify(&scene, &["-s", "", "f"])
        .assert_refused(2, "Error: filepath of the signature cannot be empty");
}
