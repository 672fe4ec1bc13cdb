//! The program: parse, run, exit code.

use std::io;
use std::process::ExitCode;

use countersign::cli;
use countersign::plugin::{self, Face};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let program = arguments.first().cloned().unwrap_or_default();
    let rest = arguments.get(1..).unwrap_or_default();
    if let Some(face) = Face::of_executable(&program, rest) {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        return plugin::run(face, rest, stdin.lock(), stdout.lock(), stderr.lock()).into();
    }
    cli::run(arguments).into()
}
