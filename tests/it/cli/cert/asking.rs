//! The questions before something is deleted.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use super::{add_root, assert_done, cert, sandbox, tree};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::waiting;

const DELETE: [&str; 6] = ["delete", "-t", "ca", "-s", "test", "root.crt"];

/// Runs `cert` with a terminal for its input, on which `answer` is typed.
fn at_a_terminal(sandbox: &Sandbox, arguments: &[&str], answer: &str) -> Ran {
    let mut command = sandbox.command(Path::new(env!("CARGO_BIN_EXE_countersign")));
    Ran::at_a_terminal(command.arg("cert").args(arguments), answer)
}

#[test]
fn only_yes_on_a_terminal_deletes() {
    let sandbox = sandbox();
    add_root(&sandbox, "ca", "test");
    let question =
        "Are you sure you want to delete \"root.crt\" in \"test\" of type \"ca\"? [y/N] ";
    // The last one ends the input without an answer.
    for answer in ["n\n", "\n", "no\n", "yess\n", "\u{4}"] {
        let ran = at_a_terminal(&sandbox, &DELETE, answer);
        assert_eq!(
            (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
            (1, "Operation cancelled.\n", question),
            "{answer:?}"
        );
    }
    assert_eq!(tree(&sandbox.config()).len(), 5);
    let ran = at_a_terminal(&sandbox, &DELETE, "Yes\n");
    let done = "Successfully deleted root.crt from trust store test of type ca\n";
    assert_eq!((ran.code, ran.stdout.as_str()), (0, done), "{ran:#?}");
    add_root(&sandbox, "ca", "test");
    let all = ["delete", "-t", "ca", "-s", "test", "--all"];
    let ran = at_a_terminal(&sandbox, &all, "y\n");
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (
            0,
            "Are you sure you want to delete all certificates in \"test\" of type \"ca\"? [y/N] "
        )
    );
    assert_eq!(tree(&sandbox.config().join("truststore/x509/ca")), [""; 0]);
}

#[test]
fn what_will_be_cleaned_up_is_said_before() {
    let sandbox = sandbox();
    let ran = cert(&sandbox, &["generate-test", "x"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let before = tree(&sandbox.config());
    let ran = at_a_terminal(&sandbox, &["cleanup-test", "x"], "n\n");
    let local = sandbox.config().join("localkeys");
    let plan = format!(
        "The test key x and its corresponding certificate will be cleaned up with the following changes:\n\
         - Delete certificate x.crt from trust store x of type ca\n\
         - Remove key x from the key list\n\
         - Delete key file: {0}/x.key\n\
         - Delete certificate file: {0}/x.crt\n\n\
         Are you sure you want to continue? [y/N] ",
        local.display()
    );
    assert_eq!((ran.code, ran.stderr), (1, plan));
    assert_eq!(tree(&sandbox.config()), before);
    let ran = at_a_terminal(&sandbox, &["cleanup-test", "x"], "y\n");
    assert!(
        ran.stdout.ends_with("Cleanup completed successfully\n"),
        "{ran:#?}"
    );
}

#[test]
fn without_a_terminal_nothing_is_deleted() {
    let sandbox = sandbox();
    add_root(&sandbox, "ca", "test");
    let sentence = "Error: nothing was deleted: there is no terminal to ask on";
    let all = ["delete", "-t", "ca", "-s", "test", "--all"];
    for arguments in [&DELETE[..], &all, &["cleanup-test", "x"]] {
        let ran = cert(&sandbox, arguments);
        ran.assert_refused(2, sentence);
        ran.assert_says("hint: confirm on the command line with `--yes`\n");
    }
    // A pipe that says yes is not a terminal either.
    let mut child = sandbox
        .command(Path::new(env!("CARGO_BIN_EXE_countersign")))
        .arg("cert")
        .args(DELETE)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may have ended before it reads.
    let _ = child.stdin.take().unwrap().write_all(b"y\n");
    let output = waiting::end(child, "cert delete");
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr.lines().next(), Some(sentence));
    let all = [&all[..], &["--yes"]].concat();
    let store = sandbox.config().join("truststore/x509/ca/test");
    let done = format!("Successfully deleted {}\n", store.display());
    assert_done(&sandbox, &all, &done);
}

/// A pipeline that answers by a pipe goes on when this program takes notation's place.
#[test]
fn by_notations_name_a_pipe_may_answer() {
    let sandbox = sandbox();
    let notation = sandbox.home().join("notation");
    std::fs::hard_link(env!("CARGO_BIN_EXE_countersign"), &notation)
        .or_else(|_| std::fs::copy(env!("CARGO_BIN_EXE_countersign"), &notation).map(|_| ()))
        .unwrap();
    let answered = |answer: &str| {
        let file = sandbox.home().join("typed");
        std::fs::write(&file, answer).unwrap();
        let mut command = sandbox.command(&notation);
        command.arg("cert").args(DELETE);
        Ran::of(command.stdin(std::fs::File::open(file).unwrap()))
    };
    let question =
        "Are you sure you want to delete \"root.crt\" in \"test\" of type \"ca\"? [y/N] ";
    add_root(&sandbox, "ca", "test");
    let ran = answered("no\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    assert_eq!(ran.stdout, format!("{question}Operation cancelled.\n"));
    let ran = answered("");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, question));
    ran.assert_says("Error: nothing was deleted: the question was not answered");
    let ran = answered("y\n");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let done = "Successfully deleted root.crt from trust store test of type ca\n";
    assert_eq!(ran.stdout, format!("{question}{done}"));
}
