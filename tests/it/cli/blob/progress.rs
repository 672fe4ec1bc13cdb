//! A bar on a terminal, and nothing elsewhere.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{assert_signed, scene, sign, write};
use crate::support::waiting;

#[test]
fn a_terminal_is_shown_how_far_it_is_and_nobody_else() {
    let scene = scene("ec-256");
    write(&scene, "f", vec![0; 3 * 1024 * 1024]);
    // Where stderr is not a terminal it stays empty.
    assert_signed(&sign(&scene, &["f"]), "f", "f.jws.sig");

    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let mut options = File::options();
    let terminal = options.read(true).write(true);
    let terminal = terminal.open(name.to_str().unwrap()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
    let mut command = scene.sandbox.command(program);
    command.args(["blob", "verify", "-s", "f.jws.sig", "f"]);
    command.env("TERM", "xterm").stderr(terminal);
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let output = waiting::end(child, "blob verify");
    assert!(
        output
            .stdout
            .starts_with(b"Successfully verified signature for f\npolicy: ")
    );
    // The last writing end closes with the command; reading then ends with an error.
    drop(command);
    let shown = waiting::rest("the screen's end", File::from(screen));
    assert!(shown.contains("/3.00 MiB"), "{shown:?}");
}
