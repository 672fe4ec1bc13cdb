//! What is named may be a pipe; what is found may not.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::thread::JoinHandle;

use serde_json::json;
use time::macros::datetime;

use super::{add, assert_signed, assert_verified, scene, sign, verify, write};
use crate::support::envelopes::{Envelope, Signer};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::script_plugin::make_pipe;
use crate::support::waiting::within;

/// Makes a pipe.
fn pipe(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    make_pipe(path);
}

/// Makes a pipe into which this is written once.
fn pipe_of(path: &Path, content: Vec<u8>) -> JoinHandle<()> {
    pipe(path);
    let path = path.to_owned();
    std::thread::spawn(move || fs::write(path, content).unwrap())
}

/// Runs `countersign` with this on stdin, out of a pipe.
fn with_stdin(scene: &Scene, arguments: &[&str], content: &[u8]) -> Ran {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(content).unwrap();
    drop(writer);
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let mut command = scene.sandbox.command(program);
    let mut ran = Ran::of(command.args(arguments).stdin(reader));
    // As `Scene::run` does: which statement judged is for other tests.
    ran.stdout = ran
        .stdout
        .lines()
        .filter(|line| !line.starts_with("policy: "))
        .fold(String::new(), |text, line| text + line + "\n");
    ran
}

#[test]
fn a_blob_and_its_signature_may_come_out_of_pipes() {
    let scene = scene("ec-256");
    let home = scene.sandbox.home();
    write(&scene, "f", "hello\n");
    for format in ["jws", "cose"] {
        let ran = sign(&scene, &["--signature-format", format, "f"]);
        assert_signed(&ran, "f", &format!("f.{format}.sig"));
        let signature = fs::read(home.join(format!("f.{format}.sig"))).unwrap();
        // The name of a pipe need not say the format.
        for name in [format!("{format}.pipe"), format!("pipe.{format}.sig")] {
            let writer = pipe_of(&home.join(&name), signature.clone());
            assert_verified(&verify(&scene, &["-s", &name, "f"]), "f");
            assert!(within("the writer of a pipe", || writer.join().is_ok()));
        }
        let ran = with_stdin(
            &scene,
            &["blob", "verify", "-s", "/dev/stdin", "f"],
            &signature,
        );
        assert_verified(&ran, "f");
        let ran = with_stdin(&scene, &["blob", "inspect", "/dev/fd/0"], &signature);
        assert_eq!(ran.code, 0, "{ran:#?}");
    }
    let on_stdin = ["blob", "verify", "-s", "f.jws.sig", "/dev/stdin"];
    assert_verified(&with_stdin(&scene, &on_stdin, b"hello\n"), "/dev/stdin");
    let ran = with_stdin(&scene, &on_stdin, b"other\n");
    assert_eq!(ran.code, 1, "{ran:#?}");
    let ran = with_stdin(
        &scene,
        &["blob", "sign", "--signature-directory", "d", "/dev/stdin"],
        b"hello\n",
    );
    assert_signed(&ran, "/dev/stdin", "d/stdin.jws.sig");
    assert_verified(&verify(&scene, &["-s", "d/stdin.jws.sig", "f"]), "f");
}

#[test]
fn a_pipe_that_nobody_writes_ends_with_the_time_of_the_command() {
    let scene = scene("ec-256");
    write(&scene, "f", "hello\n");
    assert_signed(&sign(&scene, &["f"]), "f", "f.jws.sig");
    let home = scene.sandbox.home();
    pipe(&home.join("silent"));
    // Holds the pipe open, so that reading it is neither an end nor an error.
    let held = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(home.join("silent"))
        .unwrap();
    let sentence = "nothing more came out of `silent` within 1 second";
    for arguments in [
        &["-s", "silent", "f"][..],
        &["-s", "f.jws.sig", "silent"],
        &[
            "--signing-profile",
            "arn:aws:signer:us-east-1:111122223333:/signing-profiles/ContainerSigning",
            "--trust-anchor",
            "silent",
            "f",
        ],
    ] {
        let ran = verify(&scene, &[&["--timeout", "1s"][..], arguments].concat());
        assert_ne!(ran.code, 0, "{ran:#?}");
        ran.assert_says(sentence);
    }
    let ran = sign(&scene, &["--timeout", "1s", "silent"]);
    assert_ne!(ran.code, 0, "{ran:#?}");
    ran.assert_says(sentence);
    drop(held);
}

#[test]
fn certificates_and_policies_may_come_out_of_pipes() {
    let scene = scene("ec-256");
    let home = scene.sandbox.home();
    let config = scene.sandbox.config();
    let certificate = fs::read(config.join("localkeys/ec-256.crt")).unwrap();
    let ran = with_stdin(
        &scene,
        &[
            "cert",
            "add",
            "--type",
            "ca",
            "--store",
            "piped",
            "/dev/stdin",
        ],
        &certificate,
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        fs::read(config.join("truststore/x509/ca/piped/stdin")).unwrap(),
        certificate
    );
    let policy = fs::read(config.join("trustpolicy.blob.json")).unwrap();
    let writer = pipe_of(&home.join("policy"), policy);
    let ran = scene.run(&["blob", "policy", "import", "--force", "policy"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(within("the writer of a pipe", || writer.join().is_ok()));
}

#[test]
fn what_is_found_is_a_regular_file_or_refused_at_once() {
    let refused = |place: &str, arguments: &[&str]| {
        let scene = scene("ec-256");
        write(&scene, "f", "hello\n");
        assert_signed(&sign(&scene, &["f"]), "f", "f.jws.sig");
        let path = scene.sandbox.home().join(place);
        let _ = fs::remove_file(&path);
        pipe(&path);
        let ran = scene.run(arguments);
        assert_ne!(ran.code, 0, "{place}: {ran:#?}");
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(
            said.contains("a pipe, socket or device") || said.contains("not a regular file"),
            "{place}: {ran:#?}"
        );
    };
    let verify = ["blob", "verify", "-s", "f.jws.sig", "f"];
    refused(".config/notation/trustpolicy.blob.json", &verify);
    refused(".config/notation/truststore/x509/ca/local/pipe", &verify);
    refused(
        ".config/notation/signingkeys.json",
        &["blob", "sign", "--force", "f"],
    );
    refused(
        ".config/notation/localkeys/ec-256.crt",
        &["blob", "sign", "--force", "f"],
    );
}

#[test]
fn a_time_at_the_end_of_the_calendar_is_refused_and_shown_by_nobody() {
    let scene = scene("ec-256");
    add(&scene, "rsa-2048", &[]);
    let payload =
        json!({"targetArtifact": {"mediaType": "text/plain", "digest": "sha256:00", "size": 1}});
    let last = datetime!(9999-12-31 23:59:59 -23:59);
    for (signing_time, expiry) in [(last, None), (datetime!(2026-06-01 12:00 UTC), Some(last))] {
        let envelope = Envelope {
            signing_time,
            expiry,
            ..Envelope::new(&payload, "a/1")
        };
        write(&scene, "f.jws.sig", envelope.jws(&Signer::ec("leaf")));
        for output in ["tree", "json"] {
            let ran = scene.run(&["blob", "inspect", "-o", output, "f.jws.sig"]);
            ran.assert_refused(1, "Error: the signature envelope is malformed");
            ran.assert_says("has a time out of range");
        }
    }
}
