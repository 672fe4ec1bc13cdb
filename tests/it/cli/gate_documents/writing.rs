//! `--pin`: the same document with digests, or nothing.

use super::{Gate, TASK};

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
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let says = |text: String| assert!(ran.stdout.contains(&text), "{ran:#?}");
    says(format!(
        "at `/containerDefinitions/0/image`, line 4, column 31: {repository}:v1\n\
         at `/containerDefinitions/2/image`, line 6, column 32: {repository}:v1\n\
         Verified: {second}\n"
    ));
    says(format!(
        "at `/containerDefinitions/1/image`, line 5, column 37: {repository}:v2\n\
         The document with digests is in pinned.json\n"
    ));
    let pinned = gate.read("pinned.json");
    let wanted = gate.by_digest(&text).replace(
        &format!("{first} is not"),
        &format!("{repository}:v1 is not"),
    );
    assert_eq!(pinned, wanted);
    // Once there are digests, nothing is resolved and nothing changes.
    let ran = gate.run("task-definition", &["--pin", "pinned.json"]);
    assert_eq!((ran.code, &ran.stdout), (0, &pinned));
    ran.assert_says(&format!(
        "at `/containerDefinitions/0/image`, line 4, column 31: {first}\n"
    ));
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
    let repository = &gate.scene.repository;
    let refused = format!("Error: {repository}:v2: the image has no signature\n");
    let ran = gate.run(
        "task-definition",
        &["--pin", "--out", "pinned.json", "task.json"],
    );
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert!(ran.stderr.contains(&refused), "{ran:#?}");
    assert!(
        ran.stderr
            .ends_with("nothing is written, since an image may not run\n"),
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

#[test]
fn a_document_and_its_record_are_two_files() {
    let gate = Gate::new();
    gate.write("task.json", TASK);
    for lock in ["out.json", "./out.json"] {
        let ran = gate.run(
            "task-definition",
            &["--pin", "--out", "out.json", "--lock", lock, "./task.json"],
        );
        ran.assert_refused(2, "Error: `--out` and `--lock` name the same file");
        assert!(!gate.exists("out.json"));
    }
}
