//! `countersign blob policy`.

use std::fs;
use std::os::unix::fs::symlink;

use super::{mode, scene, sign, verify, write};
use crate::support::sandbox::{Ran, Sandbox};

fn policy(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["blob", "policy"], arguments].concat())
}

const INIT: [&str; 7] = [
    "init",
    "--name",
    "p",
    "--trust-store",
    "ca:local",
    "--trusted-identity",
    "x509.subject: C=US, ST=WA, O=Notary",
];

#[test]
fn a_policy_that_was_made_here_verifies() {
    let scene = scene("ec-256");
    let file = scene.sandbox.config().join("trustpolicy.blob.json");
    fs::remove_file(&file).unwrap();
    let ran = policy(&scene.sandbox, &[&INIT[..], &["--global"]].concat());
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (
            0,
            format!(
                "Successfully initialized blob trust policy file to {}.\n",
                file.display()
            )
            .as_str(),
            ""
        )
    );
    assert_eq!(mode(&file), 0o600);
    write(&scene, "f", "hello\n");
    assert_eq!(sign(&scene, &["f"]).code, 0);
    assert_eq!(verify(&scene, &["-s", "f.jws.sig", "f"]).code, 0);
    let ran = policy(&scene.sandbox, &["show"]);
    assert_eq!(ran.stdout, fs::read_to_string(&file).unwrap());
}

#[test]
fn what_is_there_is_replaced_only_by_force_and_never_through_a_link() {
    let sandbox = Sandbox::new();
    let good = r#"{"version":"1.0","trustPolicies":[{"name":"q","signatureVerification":{"level":"skip"}}]}"#;
    fs::write(sandbox.home().join("p.json"), good).unwrap();
    let file = sandbox.write_config("trustpolicy.blob.json", "{bad");
    for arguments in [&INIT[..], &["import", "p.json"]] {
        let ran = policy(&sandbox, arguments);
        ran.assert_refused(
            2,
            "Error: the blob trust policy configuration already exists: there is no terminal to ask on",
        );
        assert_eq!(fs::read(&file).unwrap(), b"{bad");
    }
    let ran = policy(&sandbox, &["import", "--force", "p.json"]);
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            0,
            "Warning: existing blob trust policy configuration will be overwritten\n"
        )
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), good);

    let other = sandbox.home().join("other");
    fs::write(&other, "precious").unwrap();
    fs::remove_file(&file).unwrap();
    symlink(&other, &file).unwrap();
    let link = format!("`{}` is a symbolic link", file.display());
    policy(&sandbox, &["import", "--force", "p.json"]).assert_refused(
        1,
        &format!("Error: failed to write blob trust policy file: {link}"),
    );
    policy(&sandbox, &["show"])
        .assert_refused(1, &format!("Error: failed to show trust policy: {link}"));
    assert_eq!(fs::read(&other).unwrap(), b"precious");
}

#[test]
fn a_policy_with_a_fault_is_not_taken_over_and_the_place_is_said() {
    let sandbox = Sandbox::new();
    fs::write(
        sandbox.home().join("p.json"),
        r#"{"version":"1.0","trustPolicies":[{"name":"q","signatureVerification":{"level":"skip"},"globalPolicy":true}]}"#,
    )
    .unwrap();
    let ran = policy(&sandbox, &["import", "p.json"]);
    ran.assert_refused(
        1,
        "Error: failed to validate blob trust policy configuration: global blob trust policy statement \
         cannot have verification level set to skip",
    );
    ran.assert_says("caused by: `p.json`, line 1, column ");
    assert!(!sandbox.config().exists());
    policy(&sandbox, &[&INIT[..], &["--trust-store", "x"]].concat()).assert_refused(
        2,
        "Error: invalid blob policy: blob trust policy: trust policy statement \"p\" has malformed trust \
         store value \"x\". The required format is <TrustStoreType>:<TrustStoreName>",
    );
    policy(&sandbox, &["show"]).assert_refused(
        1,
        "Error: failed to show blob trust policy as the configuration does not exist.",
    );
}

#[test]
fn a_policy_that_cannot_be_used_is_shown_with_its_fault() {
    let sandbox = Sandbox::new();
    sandbox.write_config("trustpolicy.blob.json", "{bad\u{1b}[31m");
    let ran = policy(&sandbox, &["show"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (1, "{bad [31m"),
        "{ran:#?}"
    );
    ran.assert_says("Existing blob trust policy configuration is invalid");
    ran.assert_says("Error: malformed trust policy.");
}
