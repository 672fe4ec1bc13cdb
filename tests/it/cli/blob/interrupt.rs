//! An interrupt while a file is signed.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use super::{names, scene};
use crate::support::sandbox::Ran;
use crate::support::waiting;

/// Whether the process takes these signals itself, as a mask.
fn takes(pid: u32, signals: u64) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(caught.unwrap().trim(), 16).unwrap() & signals == signals
}

#[cfg(target_os = "linux")]
#[test]
fn nothing_is_written_and_it_is_said() {
    for signal in [Signal::INT, Signal::TERM] {
        let scene = scene("ec-256");
        // Reading it would take longer than the tests may.
        let file = fs::File::create(scene.sandbox.home().join("f")).unwrap();
        file.set_len(1 << 40).unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_countersign"));
        let child = scene
            .sandbox
            .command(program)
            .args(["blob", "sign", "f"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // SIGINT is 2 and SIGTERM 15, counted from bit 0.
        waiting::until("the program to take signals", || {
            takes(child.id(), 1 << 1 | 1 << 14)
        });
        kill_process(Pid::from_child(&child), signal).unwrap();
        let ran = Ran::from(waiting::end(child, "blob sign"));
        let sentence =
            "Error: interrupted before the signature of `f` was written; nothing was written";
        ran.assert_refused(3, sentence);
        assert_eq!(names(scene.sandbox.home()), ["f"]);
    }
}
