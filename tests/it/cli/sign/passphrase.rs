//! Where the passphrase of an encrypted key comes from.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use super::local_key::add;
use super::writes;
use crate::support::kms;
use crate::support::local_keys;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::waiting;

fn scene() -> Scene {
    let scene = Scene::new();
    add(&scene, "ec-256.aes256", &["--default"]);
    scene
}

/// The program at its prompt, on a terminal of its own.
struct Asking {
    child: Child,
    keyboard: File,
    terminal: File,
    shown: Vec<u8>,
}

impl Asking {
    fn start(scene: &Scene) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap();
        let name = name.to_str().unwrap();
        let terminal = File::options().read(true).write(true).open(name).unwrap();
        let child = scene
            .sandbox
            .command(Path::new("/usr/bin/setsid"))
            .arg("--ctty")
            .args([env!("CARGO_BIN_EXE_countersign"), "sign", &scene.image])
            .stdin(terminal.try_clone().unwrap())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let asking = Self {
            child,
            keyboard: File::from(keyboard),
            terminal,
            shown: Vec::new(),
        };
        waiting::within("the prompt on a silent terminal", move || {
            let mut asking = asking;
            // Once it is silent the line end is shown no more.
            while !asking.shown.ends_with(b".key: ") || asking.shows() {
                asking.read();
            }
            asking
        })
    }

    /// Reads a little of what is on the screen, if anything is new.
    fn read(&mut self) {
        let mut bytes = [0; 64];
        if !self.shown.ends_with(b".key: ") {
            let length = self.keyboard.read(&mut bytes).unwrap();
            self.shown.extend_from_slice(&bytes[..length]);
        }
        std::thread::yield_now();
    }

    /// Whether the terminal shows what is typed.
    fn shows(&self) -> bool {
        let modes = tcgetattr(&self.terminal).unwrap().local_modes;
        modes.contains(LocalModes::ECHO)
    }

    /// Types this, waits for the end; gives what was on the screen too.
    fn end(mut self, typed: &[u8]) -> (Ran, String) {
        self.keyboard.write_all(typed).unwrap();
        let Self {
            child,
            keyboard,
            terminal,
            shown,
        } = self;
        let output = waiting::end(child, "sign, with its passphrase typed");
        let modes = tcgetattr(&terminal).unwrap().local_modes;
        assert!(
            modes.contains(LocalModes::ECHO),
            "the terminal stays silent"
        );
        drop(terminal);
        let shown = String::from_utf8(shown).unwrap();
        // The last writing end is closed: reading ends with an error.
        let rest = waiting::rest("the terminal's end", keyboard);
        (Ran::from(output), shown + &rest)
    }
}

#[test]
fn the_terminal_asks_and_does_not_show_the_answer() {
    let scene = scene();
    let (ran, shown) = Asking::start(&scene).end(b"secret\n");
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
    let (ran, _) = Asking::start(&scene).end(b"sec\x03");
    refused(&ran);
    let asking = Asking::start(&scene);
    kill_process(Pid::from_child(&asking.child), Signal::TERM).unwrap();
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
