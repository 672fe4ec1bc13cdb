//! Signing files with a key in a file: what is signed, and where the signature goes.

use std::fs;
use std::os::unix::fs::symlink;

use countersign::algorithm::HashAlgorithm;
use countersign::oci::digest_with;
use serde_json::json;

use super::write;
use super::{
    add, assert_signed, assert_verified, inspect, mode, names, scene, sign, trust, verify,
};
use crate::support::scene::Scene;

#[test]
fn the_key_decides_on_the_digest_and_both_formats_verify() {
    let scene = scene("rsa-2048");
    write(&scene, "f", "hello\n");
    for (key, hash) in [
        ("rsa-2048", HashAlgorithm::Sha256),
        ("rsa-3072", HashAlgorithm::Sha384),
        ("rsa-4096", HashAlgorithm::Sha512),
        ("ec-256", HashAlgorithm::Sha256),
        ("ec-384", HashAlgorithm::Sha384),
        ("ec-521", HashAlgorithm::Sha512),
    ] {
        if key != "rsa-2048" {
            add(&scene, key, &[]);
        }
        trust(&scene, key);
        for format in ["jws", "cose"] {
            let signature = format!("{key}/f.{format}.sig");
            let ran = sign(
                &scene,
                &[
                    "--key",
                    key,
                    "--signature-format",
                    format,
                    "--signature-directory",
                    key,
                    "f",
                ],
            );
            assert_signed(&ran, "f", &signature);
            assert_eq!(
                inspect(&scene, &signature)["signedArtifact"],
                json!({
                    "mediaType": "application/octet-stream",
                    "digest": digest_with(hash, b"hello\n"),
                    "size": 6,
                })
            );
            assert_verified(&verify(&scene, &["-s", &signature, "f"]), "f");
        }
    }
}

#[test]
fn what_was_asked_for_is_signed() {
    let scene = scene("ec-256");
    write(&scene, "f", "hello\n");
    let ran = sign(
        &scene,
        &[
            "--media-type",
            "text/plain; charset=utf-8",
            "-m",
            "b=2",
            "-m",
            "a=1",
            "-e",
            "1h",
            "f",
        ],
    );
    assert_signed(&ran, "f", "f.jws.sig");
    let shown = inspect(&scene, "f.jws.sig");
    assert_eq!(
        shown["signedArtifact"]["mediaType"],
        "text/plain; charset=utf-8"
    );
    assert_eq!(shown["userDefinedAttributes"], json!({"a": "1", "b": "2"}));
    assert!(shown["signedAttributes"]["expiry"].is_string());
    assert!(shown.get("digest").is_none());
    let ran = verify(
        &scene,
        &[
            "--media-type",
            "text/plain; charset=utf-8",
            "-m",
            "a=1",
            "-s",
            "f.jws.sig",
            "f",
        ],
    );
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            "Successfully verified signature for f\n\nThe artifact was signed with the following user \
             metadata.\n\nKEY   VALUE   \na     1       \nb     2       \n"
        )
    );
}

#[test]
fn the_signature_lies_beside_the_file_or_in_the_directory() {
    let scene = scene("ec-256");
    let home = scene.sandbox.home();
    fs::create_dir(home.join("d")).unwrap();
    write(&scene, "d/f", "");
    let absolute = home.join("d/f");
    let absolute = absolute.to_str().unwrap();
    assert_signed(&sign(&scene, &["./d/f"]), "./d/f", "d/f.jws.sig");
    assert_eq!(mode(&home.join("d/f.jws.sig")), 0o600);
    fs::remove_file(home.join("d/f.jws.sig")).unwrap();
    assert_signed(
        &sign(&scene, &[absolute]),
        absolute,
        &format!("{absolute}.jws.sig"),
    );
    assert_signed(
        &sign(&scene, &["--signature-directory", "new/one", "d/f"]),
        "d/f",
        "new/one/f.jws.sig",
    );
    assert_eq!(mode(&home.join("new")), 0o700);
    assert_eq!(names(&home.join("new/one")), ["f.jws.sig"]);
    assert_eq!(names(&home.join("d")), ["f", "f.jws.sig"]);

    sign(&scene, &["--signature-directory", "d/f", "d/f"]).assert_refused(
        2,
        "Error: failed to write signature to file: `d/f` is a regular file, not a directory",
    );
}

#[test]
fn a_signature_that_is_there_is_replaced_only_by_force() {
    let scene = scene("ec-256");
    let old = write(&scene, "f.jws.sig", "old");
    write(&scene, "f", "hello\n");
    let ran = sign(&scene, &["f"]);
    ran.assert_refused(
        2,
        "Error: the signature file already exists: there is no terminal to ask on",
    );
    ran.assert_says("hint: confirm on the command line with `--force`");
    assert_eq!(fs::read(&old).unwrap(), b"old");

    let ran = sign(&scene, &["--force", "f"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (0, "Warning: existing signature file will be overwritten\n")
    );
    assert_verified(&verify(&scene, &["-s", "f.jws.sig", "f"]), "f");
    // Nothing to overwrite, nothing to say.
    fs::remove_file(&old).unwrap();
    assert_signed(&sign(&scene, &["--force", "f"]), "f", "f.jws.sig");
}

#[test]
fn nothing_is_written_through_a_link_or_into_a_directory() {
    let scene = scene("ec-256");
    let other = write(&scene, "other", "precious");
    write(&scene, "f", "hello\n");
    let signature = scene.sandbox.home().join("f.jws.sig");
    symlink(&other, &signature).unwrap();
    sign(&scene, &["f"]).assert_refused(
        2,
        "Error: the signature file already exists: there is no terminal to ask on",
    );
    sign(&scene, &["--force", "f"]).assert_refused(
        2,
        "Error: failed to write signature to file: `f.jws.sig` is a symbolic link",
    );
    assert_eq!(fs::read(&other).unwrap(), b"precious");
    fs::remove_file(&signature).unwrap();
    symlink("nowhere", &signature).unwrap();
    sign(&scene, &["--force", "f"]).assert_refused(
        2,
        "Error: failed to write signature to file: `f.jws.sig` is a symbolic link",
    );
    fs::remove_file(&signature).unwrap();
    fs::create_dir(&signature).unwrap();
    sign(&scene, &["--force", "f"]).assert_refused(
        2,
        "Error: failed to write signature to file: `f.jws.sig` is a directory, not a regular file",
    );
    assert_eq!(names(scene.sandbox.home()), ["f", "f.jws.sig", "other"]);
}

#[test]
fn a_blob_is_a_file_or_a_pipe_or_a_link_to_one() {
    let scene = scene("ec-256");
    let home = scene.sandbox.home();
    write(&scene, "f", "hello\n");
    symlink("f", home.join("link")).unwrap();
    assert_signed(&sign(&scene, &["link"]), "link", "link.jws.sig");
    assert_verified(&verify(&scene, &["-s", "link.jws.sig", "f"]), "f");

    fs::create_dir(home.join("d")).unwrap();
    for (name, sentence) in [
        ("d", "Error: read d: is a directory"),
        ("none", "Error: open none: no such file or directory"),
        ("-", "Error: open -: no such file or directory"),
        (
            "/dev/zero",
            "Error: `/dev/zero` is a device, not a regular file or a pipe",
        ),
        ("", "Error: blob path cannot be empty"),
    ] {
        sign(&scene, &["--", name]).assert_refused(2, sentence);
    }
    sign(&scene, &["/dev/zero"]).assert_says("hint: a blob is a regular file");
}

#[test]
fn what_is_asked_for_wrongly_signs_nothing() {
    let scene = scene("ec-256");
    write(&scene, "f", "hello\n");
    for (arguments, sentence) in [
        (
            &["--media-type", ""][..],
            "Error: content media-type cannot be empty",
        ),
        (
            &["--media-type", "a/b/c"],
            "Error: invalid content media-type \"a/b/c\": mime: unexpected content after media subtype",
        ),
        (
            &["--media-type", "application/vnd.oci.image.manifest.v1+json"],
            "Error: `application/vnd.oci.image.manifest.v1+json` is the media type of an image, not of a blob",
        ),
        (
            &["--signature-directory", ""],
            "Error: signature directory cannot be empty",
        ),
        (
            &["--signature-format", "pgp"],
            "Error: signature format \"pgp\" not supported",
        ),
        (
            &["-m", "io.cncf.notary.x=1"],
            "Error: error adding user metadata: metadata key io.cncf.notary.x has reserved prefix io.cncf.notary",
        ),
        (
            &["-m", "a=1", "-m", "a=2"],
            "Error: could not parse flag user-metadata: the key `a` is given twice",
        ),
        (
            &["-e", "1ms"],
            "Error: expiry duration supports minimum granularity of seconds",
        ),
        (
            &["--timestamp-url", "", "--timestamp-root-cert", "x"],
            "Error: timestamping: tsa url cannot be empty",
        ),
        (&["--key", "nope"], "Error: signing key nope not found"),
        (
            &["--plugin", "", "--id", ""],
            "Error: a value is required for '--plugin <NAME>' but none was supplied",
        ),
    ] {
        let ran = sign(&scene, &[arguments, &["f"]].concat());
        ran.assert_refused(2, sentence);
    }
    assert_eq!(names(scene.sandbox.home()), ["f"]);
}

#[test]
fn without_a_registry_its_credentials_do_not_matter() {
    let scene = scene("ec-256").with_variable("NOTATION_USERNAME", "only-half");
    write(&scene, "f", "hello\n");
    assert_signed(&sign(&scene, &["f"]), "f", "f.jws.sig");
    assert_verified(&verify(&scene, &["-s", "f.jws.sig", "f"]), "f");
}

#[test]
fn an_expired_certificate_signs_nothing() {
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    let mut params = crate::support::local_keys::params("past");
    params.not_after = time::macros::datetime!(2021-01-01 00:00 UTC);
    scene.sandbox.write_config(
        "localkeys/ec-256.crt",
        crate::support::local_keys::certificate_of("ec-256", &params),
    );
    write(&scene, "f", "hello\n");
    let ran = sign(&scene, &["f"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("Error: key `ec-256`: the certificate chain in `");
    assert_eq!(names(scene.sandbox.home()), ["f"]);
}
