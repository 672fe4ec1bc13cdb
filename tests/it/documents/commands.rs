//! Every command that a document shows is run: here, by the emulator's tests, or by `.ci/run`.

use std::collections::HashSet;
use std::path::Path;
use std::process::Stdio;

use super::reader::{EMULATOR_FOLDER, NODE, Reader};
use super::{curl, pages};
use crate::support::sandbox::{self, Sandbox};
use crate::support::scene::Scene;
use crate::support::waiting;

/// Whether the block is for a program that this test has, and what it shows can be done again.
fn is_run_here(block: &str) -> bool {
    !["cargo ", "tests/", ".ci/", "benches/"]
        .iter()
        .any(|start| block.starts_with(start))
}

#[test]
fn what_readme_and_pages_show_works_and_says_what_they_show() {
    let (mut run, mut wrong) = (0, String::new());
    for page in pages::guides() {
        let mut blocks = pages::commands(&page);
        blocks.retain(|block| is_run_here(&block.text));
        if blocks.is_empty() {
            continue;
        }
        let text = pages::read(&page);
        // Only root has a node.
        if text.contains(NODE) && !sandbox::is_root() {
            continue;
        }
        let reader = Reader::of(&text);
        for block in blocks {
            let ran = reader.run(&block.text);
            let code = ran.code;
            let said = reader.said(ran);
            // A block that shows an error shows a refusal; every other one succeeds.
            let shown = block.output.as_deref();
            let is_refused = shown.is_some_and(|shown| shown.starts_with("Error: "));
            if code != i32::from(is_refused) || shown.is_some_and(|shown| shown != said) {
                wrong += &format!("{page}:\n{}\nexit code {code}\n{said}\n\n", block.text);
            }
            run += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(run >= 30, "{run} blocks were run");
}

/// What the program prints is shown only behind the commands that print it; no command hides in another language.
#[test]
fn every_block_is_commands_their_output_or_json() {
    for page in pages::guides() {
        for block in pages::blocks(&pages::read(&page)) {
            let is_known = ["sh", "json"].contains(&block.language.as_str());
            assert!(is_known, "{page}: nothing checks {block:?}");
        }
    }
}

/// Flags in a sentence are flags of this program, unless another program stands before them.
#[test]
fn every_flag_that_a_sentence_names_exists() {
    const COMMANDS: [&str; 17] = [
        "countersign",
        "setup",
        "doctor",
        "sign",
        "verify",
        "wait",
        "list",
        "inspect",
        "blob",
        "gate",
        "cert",
        "key",
        "policy",
        "revocation",
        "profile",
        "signature",
        "lambda",
    ];

    let mut helps = Vec::new();
    Sandbox::new().helps(&[], &mut helps);
    let known: HashSet<&str> = helps
        .iter()
        .flat_map(|(_, help)| help.split([' ', '\n', '[', '=', ',', '`', '.']))
        .filter(|word| word.starts_with("--"))
        .collect();
    let (mut count, mut unknown) = (0, Vec::new());
    for page in pages::guides()
        .into_iter()
        .chain(["SECURITY.md".to_owned()])
    {
        for part in pages::prose(&pages::read(&page)) {
            for code in part.split('`').skip(1).step_by(2) {
                let first = code.split(' ').next().unwrap();
                if !first.starts_with("--") && !COMMANDS.contains(&first) {
                    continue;
                }
                for flag in code.split([' ', '=']).filter(|word| word.starts_with("--")) {
                    count += 1;
                    if !known.contains(flag) {
                        unknown.push(format!("{page}: {flag}"));
                    }
                }
            }
        }
    }
    assert!(count > 50, "{count} flags were found");
    assert_eq!(unknown, [""; 0]);
}

#[test]
fn the_plugins_are_installed_where_notation_looks() {
    for (page, name) in [
        ("docs/notation.md", "com.amazonaws.signer.notation.plugin"),
        ("docs/kms.md", "aws-kms"),
    ] {
        let reader = Reader::of("");
        let file = format!("notation-{name}");
        let blocks = pages::commands(page);
        let install = blocks
            .iter()
            .find(|block| block.text.contains("plugin install --self"));
        let ran = reader.run(&install.unwrap().text);
        assert_eq!(ran.code, 0, "{page}: {ran:#?}");
        let folder = reader.scene.sandbox.config().join("plugins").join(name);
        assert!(folder.join(file).is_file(), "{page}");
    }
}

#[test]
fn what_is_shown_of_the_emulator_needs_nothing_but_its_file() {
    let scene = Scene::new();
    let folder = tempfile::tempdir().unwrap();
    scene.emulator.write_files(folder.path()).unwrap();
    let bin = scene.sandbox.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let program = env!("CARGO_BIN_EXE_countersign");
    std::os::unix::fs::symlink(program, bin.join("countersign")).unwrap();
    let blocks = pages::commands("docs/emulator.md");
    let mut of_emulator = blocks.iter().map(|block| &block.text);
    let start = of_emulator.next().unwrap();
    let end = format!(" --data-dir {EMULATOR_FOLDER}");
    assert!(start.ends_with(&end), "{start}");
    let use_it = of_emulator
        .find(|block| block.contains("profile create"))
        .unwrap();
    let mut shell = std::process::Command::new("/bin/sh");
    shell
        .args(["-e", "-c"])
        .arg(use_it.replace(EMULATOR_FOLDER, folder.path().to_str().unwrap()))
        // Everything else must come from the file.
        .env_clear()
        .env("HOME", scene.sandbox.home())
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("PROFILE_ARN", &scene.profile.arn)
        .env("IMAGE", &scene.image)
        .current_dir(scene.sandbox.home())
        .stdin(Stdio::null());
    let output = waiting::ended(&mut shell);
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let image = &scene.image;
    let begin = format!(
        "Successfully signed {image}\nPushed the signature to {}@sha256:",
        scene.repository
    );
    let end = format!("\nSuccessfully verified signature for {image}\n");
    let pushed = stdout
        .strip_prefix(&begin)
        .and_then(|rest| rest.strip_suffix(&end));
    assert_eq!(pushed.map(str::len), Some(64), "{use_it}\n{stdout}{stderr}");
}

#[test]
fn the_image_that_the_documents_push_to_the_emulator_is_there() {
    for (document, folder) in [
        ("emulator/README.md", "/tmp/aws-emulator"),
        ("docs/emulator.md", EMULATOR_FOLDER),
    ] {
        assert_pushes(document, folder);
    }
}

/// The lines of `document` that push an image, with an emulator whose file is not in `shown` but elsewhere.
fn assert_pushes(document: &str, shown: &str) {
    let scene = Scene::new();
    let folder = tempfile::tempdir().unwrap();
    scene.emulator.write_files(folder.path()).unwrap();
    let blocks = pages::commands(document);
    let push = blocks
        .iter()
        .find(|block| block.text.contains("/manifests/v1"));
    let push = push
        .unwrap()
        .text
        .replace(shown, folder.path().to_str().unwrap());
    let curl = curl::Noted::install(&scene.sandbox.home().join("bin"));
    let mut shell = std::process::Command::new("/bin/sh");
    shell
        .args(["-e", "-c", &format!("{push}\necho \"$IMAGE\"")])
        .env_clear()
        .env("PATH", curl.path())
        .current_dir(scene.sandbox.home())
        .stdin(Stdio::null());
    let output = waiting::ended(&mut shell);
    assert!(output.status.success(), "{output:?}");
    curl.send_all(scene.sandbox.home());
    let image = String::from_utf8(output.stdout).unwrap();
    let image = image.trim();
    let (repository, _) = image.split_once("@sha256:").unwrap();
    assert!(repository.ends_with("/app"), "{image}");
    scene.sign(image);
    let signer = ["--signing-profile", &scene.profile.arn];
    let flags = ["--if-missing", "--trust-anchor", "root.crt"];
    let tag = format!("{repository}:v1");
    let ran = scene.run(&[&["sign"], &signer[..], &flags, &[&tag]].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.starts_with("Already signed "), "{ran:#?}");
}

#[test]
fn what_is_not_run_here_is_run_by_the_gate_or_on_purpose_not() {
    let gate = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run");
    let gate = std::fs::read_to_string(gate).unwrap();
    let elsewhere = [
        (
            "cargo build --release",
            "the size-optimised build takes minutes and has its own command",
        ),
        ("benches/", "figures, from the release build"),
        ("cargo bench", "figures, of which nothing is decided"),
        (
            "cargo run -p countersign-emulator",
            "emulator/tests/it/program.rs",
        ),
        ("tests/interop/long", "it builds everything anew, as root"),
        ("tests/fuzz/run", "long runs have their own command"),
        (
            "cargo install cargo-mutants",
            "mutation testing takes hours",
        ),
        ("cargo mutants", "mutation testing takes hours"),
        (".ci/run", "this is the gate"),
    ];
    let documents = pages::guides().into_iter();
    for document in documents.chain(["CONTRIBUTING.md".to_owned()]) {
        let mut blocks = pages::commands(&document);
        // Only README and pages are run here.
        blocks.retain(|block| document == "CONTRIBUTING.md" || !is_run_here(&block.text));
        for block in blocks {
            for line in block.text.lines() {
                let command = line.split('#').next().unwrap().trim();
                let is_known = elsewhere
                    .iter()
                    .any(|(start, _)| command.starts_with(start));
                assert!(
                    is_known || gate.contains(command),
                    "{document}: nothing runs `{command}`"
                );
            }
        }
    }
}
