//! The program: parse, run, exit code.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::process::ExitCode;

use countersign::cli;
use countersign::fault::{self, Manner};
use countersign::plugin::{self, Face};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let program = arguments.first().cloned().unwrap_or_default();
    if cli::is_image_verifier(&program) {
        return verify_for_containerd(&arguments);
    }
    let is_function = is_function(&arguments);
    start_again_without_harmful_variables(&arguments, is_function);
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
        plugin::begin_log_if_asked(&face);
        let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
        return plugin::run(face, rest, stdin.lock(), stdout.lock(), stderr.lock()).into();
    }
    #[cfg(feature = "lambda")]
    if is_function {
        return cli::lambda::run(&program).into();
    }
    cli::run(arguments).into()
}

/// Whether AWS Lambda started this program.
fn is_function(arguments: &[OsString]) -> bool {
    #[cfg(feature = "lambda")]
    return arguments
        .first()
        .is_some_and(|program| cli::lambda::is_function(program));
    #[cfg(not(feature = "lambda"))]
    {
        let _ = arguments;
        false
    }
}

/// Whether a function of AWS Lambda sees this variable.
fn is_seen_by_a_function(name: &str) -> bool {
    #[cfg(feature = "lambda")]
    return cli::lambda::keeps_variable(name);
    #[cfg(not(feature = "lambda"))]
    {
        let _ = name;
        true
    }
}

/// containerd's image verifier. It has the environment and the working directory of containerd, which may be anybody's:
/// it starts again without the one, and leaves the other.
fn verify_for_containerd(arguments: &[OsString]) -> ExitCode {
    fault::prepare(Manner::ImageVerifier);
    let refused = |why: &str| {
        // There is no way left to report that writing failed.
        let _ = writeln!(
            io::stdout(),
            "Error: the image verifier cannot begin: {why}"
        );
        ExitCode::from(3)
    };
    if std::env::vars_os().any(|(name, _)| !is_kept_for_tests(&name)) {
        let error = start_again_without_variables(arguments);
        return refused(&format!("it cannot be started without variables: {error}"));
    }
    if let Err(error) = std::env::set_current_dir("/") {
        return refused(&format!("it cannot leave the working directory: {error}"));
    }
    #[cfg(debug_assertions)]
    fail_on_request();
    cli::verify_for_containerd(arguments.get(1..).unwrap_or_default()).into()
}

/// Whether the variable is the one by which the tests see a panic. A release build knows none.
fn is_kept_for_tests(name: &OsStr) -> bool {
    cfg!(debug_assertions) && name == "COUNTERSIGN_TEST_FAULT"
}

/// Comes back only where it cannot be started.
#[cfg(unix)]
fn start_again_without_variables(arguments: &[OsString]) -> io::Error {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return error,
    };
    let mut again = Command::new(program);
    again.env_clear();
    again.envs(std::env::vars_os().filter(|(name, _)| is_kept_for_tests(name)));
    if let [name, rest @ ..] = arguments {
        again.arg0(name).args(rest);
    }
    again.exec()
}

#[cfg(not(unix))]
fn start_again_without_variables(_: &[OsString]) -> io::Error {
    io::ErrorKind::Unsupported.into()
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

/// The variable by which the SDK's own tests have other partitions of AWS.
#[cfg(unix)]
const PARTITIONS_OF_TESTS: &str = "SMITHY_CLIENT_SDK_CUSTOM_PARTITION";

/// For AWS's own programs a variable that is set and empty is not set; templates leave such ones behind. The SDK
/// takes it for a value, and ends with a panic where it is an endpoint, also in the parts of it that fetch
/// credentials and read the environment themselves. The variable for the file of partitions exists only for the SDK's
/// own tests: the SDK reads that file without a limit, and ends with a panic if it cannot. No process can safely take
/// a variable out of its own environment: it starts again without them. A function of AWS Lambda sees only those
/// variables that decide nothing.
#[cfg(unix)]
fn start_again_without_harmful_variables(arguments: &[OsString], is_function: bool) {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    let is_harmful = |(name, value): &(OsString, OsString)| {
        let is_empty_of_aws = |name: &str| value.is_empty() && name.starts_with("AWS_");
        let is_dropped = |name: &str| {
            is_empty_of_aws(name)
                || name == PARTITIONS_OF_TESTS
                || is_function && !is_seen_by_a_function(name)
        };
        name.to_str().map_or(is_function, is_dropped)
    };
    let harmful: Vec<_> = std::env::vars_os().filter(is_harmful).collect();
    if harmful.is_empty() {
        return;
    }
    let Ok(program) = std::env::current_exe() else {
        return;
    };
    let mut again = Command::new(program);
    for (name, _) in harmful {
        again.env_remove(name);
    }
    if let [name, rest @ ..] = arguments {
        again.arg0(name).args(rest);
    }
    // Comes back only where it cannot be started; what an empty endpoint then comes to, the SDK says.
    let _could_not = again.exec();
}

#[cfg(not(unix))]
fn start_again_without_harmful_variables(_: &[OsString], _: bool) {}
