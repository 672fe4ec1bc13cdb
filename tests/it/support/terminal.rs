//! The program with stderr on a terminal.

use std::path::Path;
use std::process::Stdio;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::sandbox::Sandbox;
use super::waiting;

/// Runs the program; gives its exit code and what the terminal was sent.
pub(crate) fn on_a_terminal(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let mut options = std::fs::OpenOptions::new();
    let inside = options.read(true).write(true);
    let inside = inside.open(name.to_str().unwrap()).unwrap();
    let child = sandbox
        .command(Path::new(env!("CARGO_BIN_EXE_countersign")))
        .args(arguments)
        .env("TERM", "xterm")
        .stdout(Stdio::null())
        .stderr(Stdio::from(inside))
        .spawn()
        .unwrap();
    let sent = waiting::rest("the terminal's end", std::fs::File::from(terminal));
    (waiting::end(child, "the command").status.code(), sent)
}
