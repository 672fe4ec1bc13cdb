//! The program: parse, run, exit code.

use std::io;
use std::process::ExitCode;

use countersign::cli;
use countersign::fault::{self, Manner};
use countersign::plugin::{self, Face};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let program = arguments.first().cloned().unwrap_or_default();
    let rest = arguments.get(1..).unwrap_or_default();
    let face = Face::of_executable(&program, rest);
    fault::prepare(match face {
        Some(_) => Manner::Plugin,
        None if cli::is_notation(&program) => Manner::Notation,
        None => Manner::Own,
    });
    #[cfg(debug_assertions)]
    fail_on_request();
    if let Some(face) = face {
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        return plugin::run(face, rest, stdin.lock(), stdout.lock(), stderr.lock()).into();
    }
    cli::run(arguments).into()
}

/// Lets the tests see how a panic ends. A release build has nothing of it.
#[cfg(debug_assertions)]
#[expect(
    clippy::panic,
    clippy::disallowed_methods,
    reason = "this is for tests alone"
)]
fn fail_on_request() {
    match std::env::var("COUNTERSIGN_TEST_FAULT").as_deref() {
        Ok("here") => panic!("a fault\u{1b}[31m\nof the test"),
        Ok(words @ "with words of a secret") => panic!("a fault of the test {words}"),
        Ok("in a thread") => {
            let _lock = io::stderr().lock();
            let _ = std::thread::spawn(|| panic!("a fault of a thread")).join();
        }
        _ => {}
    }
}
