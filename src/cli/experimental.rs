//! What notation has on trial: under its name, only who sets `NOTATION_EXPERIMENTAL` may use it.

use std::ffi::OsString;

use super::output::{CommandOutput, Exit};
use crate::environment::Environment;

const VARIABLE: &str = "NOTATION_EXPERIMENTAL";

/// Commands with flags on trial, in notation's order. `inspect` has none there, and ours is as new as that of `list`.
const FLAGS: [(&str, &[&str]); 4] = [
    ("sign", &["--oci-layout"]),
    ("verify", &["--oci-layout", "--scope"]),
    ("list", &["--oci-layout"]),
    ("inspect", &["--oci-layout"]),
];

const WARNING: &str = "Warning: This feature is experimental and may not be fully tested or completed and may be \
                       deprecated. Report any issues to \"https://github/notaryproject/notation\"\n";

/// What is to be said before the command `path` is run with these words: a warning, or nothing.
///
/// # Errors
///
/// The report of a flag that was not enabled.
pub(super) fn admitted(
    path: &str,
    arguments: &[OsString],
    environment: &Environment,
) -> Result<&'static str, CommandOutput> {
    let command = path.split(' ').nth(1).unwrap_or_default();
    let flags = FLAGS.iter().find(|(name, _)| *name == command);
    let flags = flags.map_or(&[][..], |(_, flags)| *flags);
    let words = || {
        let words = arguments.iter().filter_map(|word| word.to_str());
        words.take_while(|word| *word != "--")
    };
    let is_given = |flag: &&&str| words().any(|word| word.split('=').next() == Some(**flag));
    let given: Vec<&str> = flags.iter().filter(is_given).copied().collect();
    if given.is_empty() {
        return Ok("");
    }
    if environment.variable(VARIABLE).as_deref() == Some("1") {
        return Ok(WARNING);
    }
    Err(CommandOutput::failed(
        Exit::Usage,
        &format!(
            "flag(s) {} in \"{path}\" is experimental and not enabled by default. To use, please set {VARIABLE}=1 \
             environment variable",
            given.join(",")
        ),
    ))
}
