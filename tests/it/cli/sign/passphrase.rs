//! Where the passphrase of an encrypted key comes from.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use rustix::process::Signal;

use super::local_key::add;
use super::writes;
use crate::support::asking::Asking;
use crate::support::kms;
use crate::support::local_keys;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

fn scene() -> Scene {
    let scene = Scene::new();
    add(&scene, "ec-256.aes256", &["--default"]);
    scene
}

fn asking(scene: &Scene) -> Asking {
    Asking::start(&scene.sandbox, &["sign", &scene.image], ".key: ")
}

#[test]
fn the_terminal_asks_and_does_not_show_the_answer() {
    let scene = scene();
    let (ran, shown) = asking(&scene).end(b"secret\n");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(shown.starts_with("Passphrase of "), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn an_interrupted_prompt_leaves_the_terminal_as_it_was() {
    let scene = scene();
    let refused = |ran: &Ran| {
        ran.assert_refused(
            3,
            "Error: key `ec-256.aes256`: interrupted at the passphrase prompt; nothing was signed",
        );
    };
    let (ran, _) = asking(&scene).end(b"sec\x03");
    refused(&ran);
    let asking = asking(&scene);
    asking.signal(Signal::TERM);
    let (ran, _) = asking.end(b"");
    refused(&ran);
    assert_eq!(writes(&scene), [""; 0]);
}

#[test]
fn a_passphrase_for_nothing_is_refused() {
    let scene = scene();
    add(&scene, "ec-256", &[]);
    kms::write_chain(scene.sandbox.home(), "ec-256");
    let profile = scene.profile.arn.clone();
    let key = local_keys::path("ec-256");
    let other = "`--key-passphrase-fd` applies to an encrypted key in a file, but another signer was chosen";
    let clear = format!(
        "key `ec-256`: the key file `{}` is not encrypted, but `--key-passphrase-fd` is given",
        key.display()
    );
    let chain = ["--certificate-chain", "ec-256.crt"];
    for (signer, sentence) in [
        (vec!["--signing-profile", &profile], other),
        ([&["--kms-key", "alias/x"][..], &chain].concat(), other),
        (vec!["--plugin", "p", "--id", "x"], other),
        (vec!["--key", "ec-256"], &clear),
    ] {
        let fd = ["--key-passphrase-fd", "0"];
        let ran = scene.run(&[&["sign"], &fd[..], &signer, &[&scene.image]].concat());
        ran.assert_refused(2, &format!("Error: {sentence}"));
        ran.assert_says("\nhint: leave it out");
    }
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn a_descriptor_without_a_passphrase_is_named_with_the_reason() {
    let scene = scene();
    let sign = |fd: &str, stdin: Stdio| {
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let mut command = scene.sandbox.command(program);
        command.args(["sign", "--key-passphrase-fd", fd, &scene.image]);
        Ran::of(command.stdin(stdin))
    };
    let zeros = || Stdio::from(File::open("/dev/zero").unwrap());
    let directory = || Stdio::from(File::open(scene.sandbox.home()).unwrap());
    for (fd, stdin, cause) in [
        ("99", Stdio::null(), "it is not open"),
        ("0", zeros(), "its first line is longer than 4095 bytes"),
        ("0", directory(), "Is a directory (os error 21)"),
    ] {
        let ran = sign(fd, stdin);
        ran.assert_refused(
            2,
            &format!(
                "Error: key `ec-256.aes256`: the passphrase cannot be read from file descriptor {fd}"
            ),
        );
        ran.assert_says(&format!(
            "\ncaused by: {cause}\nhint: put the passphrase on the first line: `--key-passphrase-fd {fd} \
             {fd}< FILE`\n"
        ));
    }
    let key = local_keys::path("ec-256.aes256");
    let ran = sign("0", Stdio::null());
    ran.assert_says(&format!(
        "`{}` cannot be decrypted: the passphrase is wrong",
        key.display()
    ));
    assert_eq!(scene.operations(), [""; 0]);
}
