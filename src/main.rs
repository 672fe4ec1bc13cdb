//! The program: parse, run, exit code.

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use countersign::cli;
use countersign::plugin::{self, Face};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    start_again_without_empty_variables(&arguments);
    let program = arguments.first().cloned().unwrap_or_default();
    let rest = arguments.get(1..).unwrap_or_default();
    if let Some(face) = Face::of_executable(&program, rest) {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        return plugin::run(face, rest, stdin.lock(), stdout.lock(), stderr.lock()).into();
    }
    cli::run(arguments).into()
}

/// For AWS's own programs a variable that is set and empty is not set; templates leave such ones behind. The SDK
/// takes it for a value, and ends with a panic where it is an endpoint, also in the parts of it that fetch
/// credentials and read the environment themselves. No process can safely take a variable out of its own
/// environment: it starts again without them.
#[cfg(unix)]
fn start_again_without_empty_variables(arguments: &[OsString]) {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let mut is_needed = false;
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut again = Command::new(program);
    for (name, value) in std::env::vars_os() {
        if value.is_empty() && name.to_str().is_some_and(|name| name.starts_with("AWS_")) {
            again.env_remove(name);
            is_needed = true;
        }
    }
    if !is_needed {
        return;
    }
    if let [name, rest @ ..] = arguments {
        again.arg0(name).args(rest);
    }
    // Comes back only where it cannot be started; what an empty endpoint then comes to, the SDK says.
    let _could_not = again.exec();
}

#[cfg(not(unix))]
fn start_again_without_empty_variables(_: &[OsString]) {}
