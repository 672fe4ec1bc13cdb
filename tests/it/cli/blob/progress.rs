//! A bar on a terminal, and nothing elsewhere.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::{assert_signed, scene, sign, write};

#[test]
fn a_terminal_is_shown_how_far_it_is_and_nobody_else() {
    let scene = scene("ec-256");
    write(&scene, "f", vec![0; 3 * 1024 * 1024]);
    // Where stderr is no terminal it stays empty.
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
    let output = command.output().unwrap();
    assert!(
        output
            .stdout
            .starts_with(b"Successfully verified signature for f\npolicy: ")
    );
    // The last writing end closes with the command; reading then ends with an error.
    drop(command);
    let mut shown = Vec::new();
    let _ = File::from(screen).read_to_end(&mut shown);
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("/3.00 MiB"), "{shown:?}");
}
