//! What a fault of the program itself looks like from the outside. Only a build for tests can be asked for one.
#![cfg(debug_assertions)]

use std::path::Path;

use serde_json::Value;

use crate::support::sandbox::{Ran, Sandbox};
use crate::support::script_plugin::install_line;

const BINARY: &str = env!("CARGO_BIN_EXE_countersign");

/// Asks for this fault under a name of the program.
fn fault(kind: &str, name: &str) -> Ran {
    let sandbox = Sandbox::new().with("COUNTERSIGN_TEST_FAULT", kind);
    let program = sandbox.home().join(name);
    std::os::unix::fs::symlink(BINARY, &program).unwrap();
    sandbox.run_as(&program, &["verify", "localhost:1/app:v1"])
}

#[test]
fn a_fault_is_one_clean_line_and_could_not_be_decided() {
    for (name, code) in [("countersign", 3), ("notation", 1)] {
        let ran = fault("here", name);
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{ran:#?}");
        let wanted = "Error: countersign ended by a fault of its own at `src/main.rs:";
        assert!(ran.stderr.starts_with(wanted), "{ran:#?}");
        let end = "`: a fault [31m of the test; nothing that was asked for counts as done; please report it\n";
        assert!(ran.stderr.ends_with(end), "{ran:#?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:#?}");
    }
}

#[test]
fn a_fault_of_a_plugin_is_the_contracts_error() {
    let ran = fault("here", "notation-com.amazonaws.signer.notation.plugin");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:#?}");
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["errorCode"], "ERROR");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.contains(": a fault [31m of the test; nothing"),
        "{message}"
    );
}

#[test]
fn words_that_may_hold_what_was_in_memory_are_not_said() {
    let ran = fault("with words of a secret", "countersign");
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(!ran.stderr.contains("secret"), "{ran:#?}");
    assert!(
        ran.stderr.contains("`; nothing that was asked for"),
        "{ran:#?}"
    );
}

#[test]
fn a_fault_is_said_whatever_thread_it_is_in_and_whoever_holds_stderr() {
    let ran = fault("in a thread", "countersign");
    assert_eq!(ran.code, 3, "{ran:#?}");
    assert!(ran.stderr.contains(": a fault of a thread; "), "{ran:#?}");
}

#[test]
fn no_core_file_can_be_left() {
    let sandbox = Sandbox::new();
    let limit = sandbox.home().join("limit");
    let line = format!("ulimit -S -c > '{}'", limit.display());
    install_line(&sandbox, "asked", &line);
    let program = Path::new(BINARY);
    // Where the limit of the tests is 0 anyway, it is raised first, if it can be.
    let mut command = sandbox.command(Path::new("/bin/sh"));
    command
        .args([
            "-c",
            "ulimit -S -c unlimited 2>/dev/null; exec \"$0\" \"$@\"",
        ])
        .arg(program)
        .args(["key", "add", "--plugin", "asked", "--id", "x", "name"]);
    let ran = Ran::of(&mut command);
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert_eq!(std::fs::read_to_string(limit).unwrap(), "0\n");
}
