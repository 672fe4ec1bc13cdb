//! Every command that `README.md` and `CONTRIBUTING.md` show is run: here, or by `.ci/run`.

use std::path::Path;
use std::process::Stdio;

use super::curl;
use crate::support::kms;
use crate::support::scene::Scene;
use crate::support::waiting;

/// The blocks of shell commands in a document, in order.
fn blocks(document: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = std::fs::read_to_string(path).unwrap();
    let blocks: Vec<String> = text
        .split("\n```sh\n")
        .skip(1)
        .map(|rest| rest.split("\n```").next().unwrap().to_owned())
        .collect();
    assert!(!blocks.is_empty(), "{document}");
    blocks
}

/// Whether the block is for a program that this test has, and what it shows can be done again.
fn is_run_here(block: &str) -> bool {
    ![
        "cargo ",
        "notation ",
        ". /tmp",
        "tests/",
        ".ci/",
        "benches/",
    ]
    .iter()
    .any(|start| block.starts_with(start))
}

#[test]
fn what_the_readme_shows_of_countersign_works() {
    let scene = Scene::new();
    scene.sign(&scene.image);
    scene.write_policy("strict");
    let bin = scene.sandbox.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    // The README is about AWS, whose roots are built in; here the emulator's stand in for them.
    let wrapper = format!(
        "#!/bin/sh\ncase \"$*\" in\n*--trust-anchor*) ;;\nverify*--signing-profile*|revocation*--signing-profile*|sign*--if-missing*|\"blob verify\"*--signing-profile*) set -- \"$@\" --trust-anchor {}/root.crt ;;\nesac\nexec {} \"$@\"\n",
        scene.sandbox.home().display(),
        env!("CARGO_BIN_EXE_countersign"),
    );
    let program = bin.join("countersign");
    crate::support::script_plugin::write_program(&program, &wrapper);

    // For the blocks about a file.
    std::fs::write(scene.sandbox.home().join("app.tar.gz"), "hello\n").unwrap();
    // For the blocks about a layout in the current directory.
    crate::support::layout::make(&scene.sandbox.home().join("layout"), &["v1"]);
    let policy = scene.sandbox.config().join("trustpolicy.oci.json");
    let text = std::fs::read_to_string(&policy).unwrap();
    let scope = format!("\"{}\"", scene.repository);
    std::fs::write(
        &policy,
        text.replace(&scope, &format!("{scope}, \"local/app\"")),
    )
    .unwrap();

    // For those about AWS KMS.
    let kms_key = kms::import(&scene.emulator, "ec-384");
    let chain = kms::Chain::of("ec-384").pem();
    std::fs::write(scene.sandbox.home().join("release.crt"), chain).unwrap();
    let second = scene.emulator.push_test_image("base", "v1").unwrap();
    let second = format!("{}/base@{second}", scene.registry());
    let mut run = 0;
    for block in blocks("README.md")
        .iter()
        .filter(|block| is_run_here(block))
    {
        let mut shell = scene.sandbox.command(Path::new("/bin/sh"));
        shell
            .args(["-e", "-c", block])
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("PROFILE_ARN", &scene.profile.arn)
            .env("KMS_KEY", &kms_key)
            .env("IMAGE", &scene.image)
            .env("IMAGE2", &second);
        let output = waiting::ended(&mut shell);
        assert!(
            output.status.success(),
            "{block}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        run += 1;
    }
    assert!(run >= 4, "{run} blocks were run");
    let plugin = "plugins/com.amazonaws.signer.notation.plugin/notation-com.amazonaws.signer.notation.plugin";
    assert!(scene.sandbox.config().join(plugin).is_file());
}

#[test]
fn what_the_readme_shows_of_the_emulator_works() {
    const FOLDER: &str = "/tmp/countersign-emulator";

    let scene = Scene::new();
    scene.sign(&scene.image);
    let folder = tempfile::tempdir().unwrap();
    scene.emulator.write_files(folder.path()).unwrap();
    let bin = scene.sandbox.home().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let program = env!("CARGO_BIN_EXE_countersign");
    std::os::unix::fs::symlink(program, bin.join("countersign")).unwrap();
    let blocks = blocks("README.md");
    let mut of_emulator = blocks.iter().filter(|block| block.contains(FOLDER));
    let start = of_emulator.next().unwrap();
    assert!(start.ends_with(&format!(" --data-dir {FOLDER}")), "{start}");
    let [use_it] = of_emulator.collect::<Vec<_>>()[..] else {
        panic!("one block uses the emulator");
    };
    let mut shell = std::process::Command::new("/bin/sh");
    shell
        .args(["-e", "-c"])
        .arg(use_it.replace(FOLDER, folder.path().to_str().unwrap()))
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
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        format!("Successfully verified signature for {}\n", scene.image),
        "{use_it}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_image_that_the_emulators_readme_pushes_is_there() {
    const FOLDER: &str = "/tmp/aws-emulator";

    let scene = Scene::new();
    let folder = tempfile::tempdir().unwrap();
    scene.emulator.write_files(folder.path()).unwrap();
    let blocks = blocks("emulator/README.md");
    let push = blocks.iter().find(|block| block.contains("/manifests/v1"));
    let push = push
        .unwrap()
        .replace(FOLDER, folder.path().to_str().unwrap());
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
    // The first takes minutes and has its own place; the second needs a program that is not here,
    // and whose library the interoperability run drives; the third is the emulator's own test.
    let elsewhere = [
        (
            "cargo build --release",
            "the size-optimised build has its own command",
        ),
        ("benches/", "figures, from the release build"),
        ("notation ", "tests/interop drives notation's library"),
        (
            "cargo run -p countersign-emulator",
            "emulator/tests/it/program.rs",
        ),
        (
            ". /tmp/countersign-emulator/env",
            "what_the_readme_shows_of_the_emulator_works",
        ),
        (
            "countersign verify --signing-profile \"$PROFILE_ARN\" --trust-anchor",
            "what_the_readme_shows_of_the_emulator_works",
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
    for document in ["README.md", "CONTRIBUTING.md"] {
        for block in blocks(document).iter().filter(|block| !is_run_here(block)) {
            for line in block.lines() {
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
