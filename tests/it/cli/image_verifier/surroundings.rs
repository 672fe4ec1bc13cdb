//! containerd's own environment and directory, which have no say; and credentials.

use std::fs;

use serde_json::json;

use super::{Node, assert_refused};
use crate::support::sandbox::Ran;

#[test]
fn variables_home_and_directory_have_no_say() {
    let Some(node) = Node::new() else { return };
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    let (name, digest) = (node.name(), node.digest());
    let home = node.gate.scene.sandbox.home();
    let stdin = home.join("descriptor");
    fs::write(&stdin, node.descriptor().to_string()).unwrap();
    // Each of these would make another command fail, or ask another server.
    fs::create_dir_all(home.join(".aws")).unwrap();
    fs::write(home.join(".aws/credentials"), "[default\n").unwrap();
    let arguments = super::usual(&name, &digest);
    let mut command = node.command(&arguments);
    command
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_ACCESS_KEY_ID", "nobody")
        .env("HTTP_PROXY", "http://127.0.0.1:9")
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("SSL_CERT_FILE", "/nowhere")
        .env("NOTATION_CONFIG", "/nowhere")
        .env("NOTATION_USERNAME", "nobody")
        .env("NOTATION_PASSWORD", "HUSH")
        .stdin(fs::File::open(&stdin).unwrap());
    let ran = Ran::of(&mut command);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    assert!(ran.stdout.starts_with("Verified: "), "{ran:#?}");
}

#[test]
fn the_instances_role_is_asked_where_no_file_is_named() {
    let Some(node) = Node::new() else { return };
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    node.gate.scene.operations();
    let endpoint = node.gate.scene.emulator.endpoint();
    node.configure(&json!({ "awsCredentials": null, "instanceMetadata": endpoint }));
    let ran = node.ask();
    assert_eq!(ran.code, 0, "{ran:#?}");
    let asked = node.gate.scene.operations();
    assert!(
        asked.iter().any(|name| name == "credentials:Imds"),
        "{asked:?}"
    );
}

#[test]
fn keys_that_aws_does_not_know_are_no_permission() {
    let Some(node) = Node::new() else { return };
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    node.write(
        "aws-credentials",
        "[default]\naws_access_key_id = AKIDUNKNOWN\naws_secret_access_key = HUSH\n",
    );
    let ran = node.ask();
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{ran:#?}");
    assert!(!ran.stdout.contains("HUSH"), "{ran:#?}");
}

/// Only a build for tests can be asked for a fault.
#[cfg(debug_assertions)]
#[test]
fn a_fault_is_a_refusal_with_a_reason() {
    let Some(node) = Node::new() else { return };
    let (name, digest) = (node.name(), node.digest());
    let mut command = node.command(&super::usual(&name, &digest));
    let ran = Ran::of(command.env("COUNTERSIGN_TEST_FAULT", "here"));
    assert_eq!((ran.code, ran.stderr.as_str()), (3, ""), "{ran:#?}");
    let wanted = "Error: countersign ended by a fault of its own at `src/main.rs:";
    assert!(ran.stdout.starts_with(wanted), "{ran:#?}");
}

#[test]
fn a_credential_helper_is_not_run() {
    let Some(node) = Node::new() else { return };
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    let helper = node
        .gate
        .scene
        .sandbox
        .home()
        .join("docker-credential-evil");
    fs::write(&helper, "#!/bin/sh\ntouch \"$0.ran\"\n").unwrap();
    node.write("registry.json", r#"{ "credsStore": "evil" }"#);
    node.configure(&json!({ "registryCredentials": "registry.json" }));
    node.ask();
    assert!(!helper.with_extension("ran").exists());
    node.configure(&json!({ "registryCredentials": "none.json" }));
    let ran = node.ask();
    let wanted = format!(
        "Error: {}: a file of the image verifier cannot be used",
        node.name()
    );
    assert_refused(&ran, 2, &wanted);
}
