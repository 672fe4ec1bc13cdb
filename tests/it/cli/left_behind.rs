//! What other programs have started ends when their answer is no longer awaited.

use std::path::Path;

use crate::support::sandbox::Ran;
use crate::support::scene::Scene;
use crate::support::script_plugin::{install_line, write_program};
use crate::support::waiting;

/// Starts another program, writes its number into `file`, and waits for it.
fn line(file: &Path) -> String {
    let file = file.display();
    format!("sleep 1000 & echo $! > {file}.new; mv {file}.new {file}; wait")
}

/// That the command came to its end, and the program whose number is in `file` as well.
#[track_caller]
fn assert_ended(ran: &Ran, file: &Path) {
    assert_eq!(ran.code, 3, "{ran:#?}");
    let pid = std::fs::read_to_string(file).unwrap();
    let state = format!("/proc/{}/stat", pid.trim());
    // Ended, and perhaps not yet collected by the process that inherited it.
    waiting::until("the end of what was started", || {
        let state = std::fs::read_to_string(&state).unwrap_or_default();
        state.is_empty() || state.contains(") Z ")
    });
}

#[test]
fn what_a_plugin_started_ends_with_the_time_of_the_command() {
    let scene = Scene::new();
    let file = scene.sandbox.home().join("pid");
    install_line(&scene.sandbox, "slow", &line(&file));
    let sign = ["sign", "--timeout", "3s", "--plugin", "slow", "--id", "x"];
    let ran = scene.run(&[&sign[..], &[&scene.image]].concat());
    assert_ended(&ran, &file);
}

#[test]
fn what_a_credential_helper_started_ends_with_the_time_of_the_command() {
    let scene = Scene::new();
    let home = scene.sandbox.home().to_owned();
    let file = home.join("pid");
    std::fs::create_dir_all(home.join("bin")).unwrap();
    let program = home.join("bin/docker-credential-slow");
    write_program(&program, &format!("#!/bin/sh\n{}\n", line(&file)));
    std::fs::create_dir_all(home.join(".docker")).unwrap();
    std::fs::write(home.join(".docker/config.json"), r#"{"credsStore":"slow"}"#).unwrap();
    let path = format!("{}:/usr/bin:/bin", home.join("bin").display());
    let scene = scene.with_variable("PATH", path);
    let ran = scene.verify_with(&["--timeout", "3s"], &scene.image);
    assert_ended(&ran, &file);
}
