//! Questions before something is removed or replaced. They are asked on a terminal alone: what comes out of a pipe was not
//! written as an answer.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use super::output::{CommandOutput, Exit, one_line};
use crate::limits;
use crate::printable;

/// Asks before something is deleted, after an explanation of whole lines or none, unless the user has
/// said yes before.
///
/// # Errors
///
/// What to print where the answer is not yes, or there is no terminal to ask at.
pub(super) fn confirm(explanation: &str, question: &str, yes: bool) -> Result<(), CommandOutput> {
    if yes {
        return Ok(());
    }
    agreed(ask(explanation, question, "nothing was deleted", "--yes")?)
}

/// Asks before something is changed elsewhere, after an explanation of whole lines; whether the answer is yes.
///
/// # Errors
///
/// What to print where there is no terminal to ask on.
pub(super) fn confirm_change(
    explanation: &str,
    question: &str,
    yes: bool,
) -> Result<bool, CommandOutput> {
    if yes {
        return Ok(true);
    }
    ask(explanation, question, "nothing was changed", "--yes")
}

/// Asks before a file takes the place of another.
///
/// # Errors
///
/// What to print where the answer is not yes, or there is no terminal to ask at.
pub(super) fn confirm_overwriting(what: &str) -> Result<(), CommandOutput> {
    agreed(ask(
        "",
        &format!("The {what} already exists, do you want to overwrite it?"),
        &format!("the {what} already exists"),
        "--force",
    )?)
}

fn agreed(is_yes: bool) -> Result<(), CommandOutput> {
    if is_yes { Ok(()) } else { Err(cancelled()) }
}

/// What is printed where the answer is not yes.
pub(super) fn cancelled() -> CommandOutput {
    CommandOutput {
        stdout: "Operation cancelled.\n".to_owned(),
        exit: Exit::Rejected,
        ..CommandOutput::done()
    }
}

/// Whether the answer is yes. `otherwise` is printed without a terminal to ask at, and `flag` is what says yes before.
fn ask(
    explanation: &str,
    question: &str,
    otherwise: &str,
    flag: &str,
) -> Result<bool, CommandOutput> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return Err(CommandOutput::usage(
            &format!("{otherwise}: there is no terminal to ask on"),
            Some(format!("confirm on the command line with `{flag}`")),
        ));
    }
    let mut stderr = io::stderr().lock();
    let mut answer = String::new();
    let answered = write!(
        stderr,
        "{}{} [y/N] ",
        printable::lines(explanation),
        one_line(question)
    )
    .and_then(|()| stderr.flush())
    .and_then(|()| {
        stdin
            .lock()
            .take(limits::MAX_CONFIRMATION_BYTES)
            .read_line(&mut answer)
    });
    match answered {
        Ok(_) => Ok(is_yes(&answer)),
        Err(error) => Err(CommandOutput::failed(
            Exit::Usage,
            &format!("{otherwise}: the answer could not be read: {error}"),
        )),
    }
}

/// As notation takes it.
fn is_yes(answer: &str) -> bool {
    let answer = answer.trim_end_matches(['\n', '\r']);
    matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for answer in ["y\n", "Y\r\n", "yes\n", "YES"] {
            assert!(is_yes(answer), "{answer}");
        }
        for answer in [
            "", "\n", "n\n", "no\n", "yess\n", "ye\n", "y y\n", " y\n", "y \n",
        ] {
            assert!(!is_yes(answer), "{answer}");
        }
    }
}
