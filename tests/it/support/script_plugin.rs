//! A Notation plugin whose answers a test gives: the installed program is a script that passes each
//! request on through named pipes.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::sandbox::Sandbox;
use super::waiting;

const SCRIPT: &str = r#"#!/bin/sh
# Requests from one program come one after the other.
{ echo "$1"; cat; } > "$0.request"
{ read -r code; if [ "$code" = 0 ]; then cat; else cat >&2; fi; } < "$0.answer"
exit "$code"
"#;

/// Installs a plugin that runs a line of shell, whatever it is asked.
pub(crate) fn install_line(sandbox: &Sandbox, name: &str, line: &str) -> PathBuf {
    let folder = sandbox.config().join("plugins").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join(format!("notation-{name}"));
    let script = format!("#!/bin/sh\n{line}\n");
    write_program(&program, &script);
    program
}

/// Writes a program by another process: a file that this one has open for writing while another test forks could
/// not be executed.
pub(crate) fn write_program(file: &Path, text: &str) {
    sh(
        "printf '%s' \"$2\" > \"$1\" && chmod 755 \"$1\"",
        file,
        text,
    );
}

/// The line for [`install_line`] that answers every command with the metadata of a plugin.
pub(crate) fn metadata_line(name: &str, capability: &str) -> String {
    let metadata = serde_json::json!({
        "name": name, "description": "d", "version": "1.0.0", "url": "u",
        "supportedContractVersions": ["1.0"], "capabilities": [capability],
    });
    format!("echo '{metadata}'")
}

/// Installs the plugin `name`. `answer` is given the command and the request; what it fails with
/// is written to stderr, and the exit status is 1.
pub(crate) fn install(
    sandbox: &Sandbox,
    name: &str,
    answer: impl Fn(&str, &Value) -> Result<Value, Value> + Send + 'static,
) {
    let folder = sandbox.config().join("plugins").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join(format!("notation-{name}"));
    let pipe = |kind: &str| folder.join(format!("notation-{name}.{kind}"));
    let (requests, answers) = (pipe("request"), pipe("answer"));
    write_program(&program, SCRIPT);
    make_pipe(&requests);
    make_pipe(&answers);
    // Ends with the tests, waiting for a request that does not come.
    std::thread::spawn(move || {
        loop {
            let mut text = String::new();
            let Ok(mut file) = std::fs::File::open(&requests) else {
                return;
            };
            file.read_to_string(&mut text).unwrap();
            // Closed before the answer is given: the next request would be written to this reader, and be lost
            // with it.
            drop(file);
            let (command, request) = text.split_once('\n').unwrap();
            let request = serde_json::from_str(request).unwrap();
            let answer = match answer(command, &request) {
                Ok(answer) => format!("0\n{answer}"),
                Err(error) => format!("1\n{error}"),
            };
            let mut file = std::fs::File::options().write(true).open(&answers).unwrap();
            file.write_all(answer.as_bytes()).unwrap();
        }
    });
}

/// Makes a named pipe.
pub(crate) fn make_pipe(file: &Path) {
    sh("mkfifo \"$1\"", file, "");
}

fn sh(script: &str, first: &Path, second: &str) {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script, "sh"]).arg(first).arg(second);
    assert!(waiting::ended(&mut shell).status.success());
}
