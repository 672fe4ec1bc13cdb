//! What containerd asks, where it is not as it must be.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Node, assert_refused, usual};
use crate::support::sandbox::Ran;

/// Asks with these arguments and this text.
fn refused(node: &Node, arguments: &[&str], stdin: &str, why: &str) {
    let ran = node.ask_with(arguments, stdin);
    assert_refused(
        &ran,
        2,
        "Error: the question of containerd cannot be answered",
    );
    let cause = format!("caused by: {why}");
    assert_eq!(ran.stdout.lines().nth(1), Some(cause.as_str()), "{ran:#?}");
}

#[test]
fn a_question_that_is_not_containerds_is_refused() {
    let Some(node) = Node::new() else { return };
    let (name, digest) = (node.name(), node.digest());
    let usual = usual(&name, &digest);
    let descriptor = node.descriptor().to_string();
    refused(
        &node,
        &[],
        &descriptor,
        "the flag `-stdin-media-type` is missing",
    );
    refused(
        &node,
        &usual[2..],
        &descriptor,
        "the flag `-name` is missing",
    );
    let twice = [&usual[..], &["-name", &name]].concat();
    refused(
        &node,
        &twice,
        &descriptor,
        "the flag `-name` is there twice",
    );
    let operation = [&usual[..], &["-operation", "unpack"]].concat();
    refused(
        &node,
        &operation,
        &descriptor,
        "`-operation` is `unpack`, neither `pull` nor `run`",
    );
    let other = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let mut of_other = node.descriptor();
    of_other["digest"] = json!(other);
    refused(
        &node,
        &usual,
        &of_other.to_string(),
        &format!("the descriptor on stdin has the digest `{other}`, and `-digest` is `{digest}`"),
    );
    let named = format!("{}@{other}", node.gate.scene.repository);
    refused(
        &node,
        &super::usual(&named, &digest),
        &descriptor,
        &format!("`-name` has the digest `{other}`, and `-digest` is `{digest}`"),
    );
    let long = format!("{descriptor}{}", " ".repeat(64 * 1024));
    refused(
        &node,
        &usual,
        &long,
        "the descriptor on stdin is larger than 65536 bytes",
    );
}

#[test]
fn flags_of_later_versions_make_no_difference() {
    let Some(node) = Node::new() else { return };
    let release = node.gate.profile("release");
    node.gate.sign(&release, &[]);
    let (name, digest) = (node.name(), node.digest());
    let more = ["-operation", "run", "-pod", "x", "-later=1", "-plain"];
    let arguments = [&usual(&name, &digest)[..], &more].concat();
    let ran = node.ask_with(&arguments, &node.descriptor().to_string());
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn a_descriptor_that_never_ends_is_refused_in_time() {
    let Some(node) = Node::new() else { return };
    let (name, digest) = (node.name(), node.digest());
    let mut command = node.command(&usual(&name, &digest));
    let (reading, writing) = std::io::pipe().unwrap();
    let begun = Instant::now();
    let ran = Ran::of(command.stdin(reading));
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            3,
            "Error: no decision within 8 seconds\n\
             hint: see what the node waits for: stdin, a file or a name server\n"
        ),
        "{ran:#?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(9), "{ran:#?}");
    drop(writing);
}
