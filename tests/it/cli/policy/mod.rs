//! `countersign policy`.

mod cases;
mod explain;
mod lint;
mod managing;
mod roots;
mod sources;

use std::fs;

use crate::support::sandbox::{Ran, Sandbox};

fn policy(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.run(&[&["policy"], arguments].concat())
}

/// What the home of a sandbox is called in expected text.
fn at_home(sandbox: &Sandbox, text: &str) -> String {
    text.replace(sandbox.home().to_str().unwrap(), "<home>")
}

fn write(sandbox: &Sandbox, name: &str, content: impl AsRef<[u8]>) {
    fs::write(sandbox.home().join(name), content).unwrap();
}

/// A signing profile.
const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";

/// A policy of one statement: name, scope, level, and what follows.
fn statement(name: &str, scope: &str, level: &str, trust: &str) -> String {
    format!(
        r#"{{"name": "{name}", "registryScopes": ["{scope}"], "signatureVerification": {{"level": "{level}"}}{trust}}}"#
    )
}

fn document(statements: &[String]) -> String {
    format!(
        r#"{{"version": "1.0", "trustPolicies": [{}]}}"#,
        statements.join(", ")
    )
}
