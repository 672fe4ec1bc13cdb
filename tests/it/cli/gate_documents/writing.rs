//! `--pin`: the same document with digests, or nothing.

use super::{Gate, TASK};
use crate::support::sandbox::Ran;

#[test]
fn every_tag_becomes_the_digest_that_was_verified_and_nothing_else_changes() {
    let gate = Gate::new();
    let text = gate.write("task.json", TASK);
    let ran = gate.run(
        "task-definition",
        &["--pin", "--out", "pinned.json", "task.json"],
    );
    let Gate { scene, second } = &gate;
    let (first, repository) = (&scene.image, &scene.repository);
    let expected = Ran {
        code: 0,
        stdout: format!(
            "Successfully verified signature for {first}\n  `/containerDefinitions/0/image` at line 4, column 31: \
             {repository}:v1\n  `/containerDefinitions/2/image` at line 6, column 32: {repository}:v1\n\
             Successfully verified signature for {second}\n  `/containerDefinitions/1/image` at line 5, column 37: \
             {repository}:v2\nThe document with digests is in pinned.json\n"
        ),
        stderr: String::new(),
    };
    assert_eq!(ran, expected);
    let pinned = gate.read("pinned.json");
    let wanted = gate.by_digest(&text).replace(
        &format!("{first} is not"),
        &format!("{repository}:v1 is not"),
    );
    assert_eq!(pinned, wanted);
    // Once there are digests, nothing is resolved and nothing changes.
    let ran = gate.run("task-definition", &["--pin", "pinned.json"]);
    assert_eq!((ran.code, ran.stdout), (0, pinned));
    assert_eq!(
        ran.stderr,
        format!(
            "Successfully verified signature for {first}\n  `/containerDefinitions/0/image` at line 4, column 31: \
             {first}\n  `/containerDefinitions/2/image` at line 6, column 32: {first}\nSuccessfully verified signature \
             for {second}\n  `/containerDefinitions/1/image` at line 5, column 37: {second}\n"
        )
    );
}

#[test]
fn a_file_may_take_its_own_place_and_stdout_has_every_byte() {
    let gate = Gate::new();
    let text = gate.write(
        "compose.yaml",
        "services:\r\n  a: # \u{202e}\t.\r\n    image: \"REPO:v1\"\r\n",
    );
    let ran = gate.run("compose", &["--pin", "compose.yaml"]);
    assert_eq!((ran.code, ran.stdout), (0, gate.by_digest(&text)));
    let ran = gate.run(
        "compose",
        &["--pin", "--out", "compose.yaml", "compose.yaml"],
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(gate.read("compose.yaml"), gate.by_digest(&text));
}

#[test]
fn a_tag_is_resolved_once() {
    let gate = Gate::new();
    gate.write("task.json", TASK);
    gate.scene.operations();
    let ran = gate.run("task-definition", &["--pin", "task.json"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let calls = gate.scene.emulator.calls();
    for tag in ["v1", "v2"] {
        let resolved = calls
            .iter()
            .filter(|call| call.path.ends_with(&format!("/manifests/{tag}")));
        assert_eq!(resolved.count(), 1, "{calls:#?}");
    }
}

#[test]
fn on_any_failure_nothing_is_written() {
    let gate = Gate::unsigned();
    gate.scene.sign(&gate.scene.image);
    gate.write("task.json", TASK);
    gate.write("pinned.json", "as it was");
    let second = &gate.second;
    let refused = format!(
        "Error: signature verification failed: no signature is associated with \"{second}\", make sure the artifact was signed successfully\n"
    );
    let ran = gate.run(
        "task-definition",
        &["--pin", "--out", "pinned.json", "task.json"],
    );
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains(&refused), "{ran:#?}");
    assert!(
        ran.stderr
            .ends_with("nothing is written, since an image is not verified\n"),
        "{ran:#?}"
    );
    assert_eq!(gate.read("pinned.json"), "as it was");
    let ran = gate.run(
        "task-definition",
        &["--pin", "--out", "new.json", "task.json"],
    );
    assert_eq!(ran.code, 1);
    assert!(!gate.exists("new.json"));
    let ran = gate.run("task-definition", &["--pin", "task.json"]);
    assert_eq!(ran.code, 1);
    assert!(!ran.stdout.contains("containerDefinitions"), "{ran:#?}");
}

#[test]
fn a_file_that_cannot_be_written_is_said() {
    let gate = Gate::new();
    gate.write("task.json", TASK);
    let ran = gate.run(
        "task-definition",
        &["--pin", "--out", "missing/pinned.json", "task.json"],
    );
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("Error: ");
    ran.assert_says("missing");
}
