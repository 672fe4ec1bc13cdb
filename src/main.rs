//! The program: parse, run, exit code.

use std::io;
use std::process::ExitCode;

use countersign::plugin::{self, Face};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    if let Some(face) = Face::of_executable(&program) {
        let arguments: Vec<_> = arguments.collect();
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        return plugin::run(face, &arguments, stdin.lock(), stdout.lock(), stderr.lock()).into();
    }
    ExitCode::SUCCESS
}
