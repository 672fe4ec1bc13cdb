//! What is printed cannot draw on a terminal, wherever it comes from.

use std::fs;

use serde_json::{Value, json};

use super::sign::local_key::add;
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::scene::Scene;

/// Moves the cursor, turns the direction, breaks the line.
const FOREIGN: &str =
    "a\u{1b}[2J\u{9b}1m\u{202e}\u{2066}\u{61c}\u{200f}\u{2028}\r\nError: forged\u{7f}";
const SHOWN: &str = "a [2J 1m       Error: forged ";

#[track_caller]
fn assert_clean(ran: &Ran) {
    let is_foreign = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!ran.stdout.contains(is_foreign), "{ran:#?}");
    assert!(!ran.stderr.contains(is_foreign), "{ran:#?}");
    let forged = |text: &str| text.lines().any(|line| line.starts_with("Error: forged"));
    assert!(!forged(&ran.stdout) && !forged(&ran.stderr), "{ran:#?}");
}

#[test]
fn arguments_are_shown_on_one_line() {
    let sandbox = Sandbox::new();
    for arguments in [
        &[FOREIGN][..],
        &["verify", FOREIGN],
        &["verify", "--output", FOREIGN, "localhost:1/a:v"],
        &["verify", &format!("--{FOREIGN}"), "localhost:1/a:v"],
        &["sign", "--plugin", FOREIGN, "--id", "x", "localhost:1/a:v"],
        &["sign", "--key", FOREIGN, "localhost:1/a:v"],
        &["sign", "--signing-profile", FOREIGN, "localhost:1/a:v"],
        &["sign", "--key", "x", "-m", FOREIGN, "localhost:1/a:v"],
        &["list", FOREIGN],
        &["list", "--oci-layout", FOREIGN],
        &["inspect", "-o", FOREIGN, "localhost:1/a:v"],
        &["blob", "verify", "-s", FOREIGN, "f"],
        &[
            "blob",
            "verify",
            "-s",
            &format!("{FOREIGN}.jws.sig"),
            FOREIGN,
        ],
        &["blob", "inspect", &format!("f.{FOREIGN}.sig")],
        &["blob", "sign", "--key", "x", FOREIGN],
        &["blob", "policy", "import", FOREIGN],
        &["cert", "add", "--type", "ca", "--store", "s", FOREIGN],
        &["cert", "show", "--type", "ca", "--store", FOREIGN, FOREIGN],
        &[
            "cert", "delete", "--type", "ca", "--store", "s", "-y", FOREIGN,
        ],
        &["key", "delete", FOREIGN],
        &["key", "set", FOREIGN],
    ] {
        let ran = sandbox.run(arguments);
        assert_ne!(ran.code, 0, "{arguments:?}: {ran:#?}");
        assert_clean(&ran);
    }
}

#[test]
fn file_names_of_a_trust_store_are_shown_on_one_line() {
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    let policy = json!({ "version": "1.0", "trustPolicies": [{
        "name": "files", "signatureVerification": { "level": "strict" },
        "trustStores": ["ca:local"], "trustedIdentities": ["*"], "globalPolicy": true,
    }]});
    let sandbox = &scene.sandbox;
    sandbox.write_config("trustpolicy.blob.json", policy.to_string());
    sandbox.write_config(
        &format!("truststore/x509/ca/local/{FOREIGN}"),
        "no certificate",
    );
    fs::write(sandbox.home().join("f"), "hello").unwrap();
    assert_eq!(scene.run(&["blob", "sign", "f"]).code, 0);
    for (code, arguments) in [
        (1, &["blob", "verify", "-s", "f.jws.sig", "f"][..]),
        (0, &["cert", "list"]),
        (
            2,
            &["cert", "show", "--type", "ca", "--store", "local", FOREIGN],
        ),
    ] {
        let ran = scene.run(arguments);
        assert_eq!(ran.code, code, "{ran:#?}");
        assert_clean(&ran);
        assert!(
            format!("{}{}", ran.stdout, ran.stderr).contains(SHOWN),
            "{ran:#?}"
        );
    }
    let ran = scene.run(&["blob", "verify", "-o", "json", "-s", "f.jws.sig", "f"]);
    assert_clean(&ran);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(document.to_string().contains("forged"), "{document:#}");
}

#[test]
fn in_json_the_value_stays() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.home().join(FOREIGN), "x").unwrap();
    let ran = sandbox.run(&["blob", "verify", "-o", "json", "-s", "f.jws.sig", FOREIGN]);
    assert_clean(&ran);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(
        ran.stdout.contains(r"\u001b") || document.get("error").is_some(),
        "{ran:#?}"
    );
}
