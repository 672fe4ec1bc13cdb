//! Questions before something is removed or replaced. They are asked on a terminal alone: what comes out of a pipe was
//! not written as an answer. By the name `notation` they are asked on stdout and answered from anywhere, as its scripts
//! do it; a missing answer means "no" there too.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use super::output::{CommandOutput, Exit, one_line};
use super::terminal;
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
    let is_notations = terminal::is_notations();
    let stdin = io::stdin();
    let hint = || {
        let consequence = match flag {
            "--force" => ", which keeps no copy of what is there",
            _ => "",
        };
        Some(format!(
            "confirm on the command line with `{flag}`{consequence}"
        ))
    };
    if !stdin.is_terminal() && !is_notations {
        let problem = format!("{otherwise}: there is no terminal to ask on");
        return Err(CommandOutput::usage(&problem, hint()));
    }
    let text = format!(
        "{}{} [y/N] ",
        printable::lines(explanation),
        one_line(question)
    );
    let mut answer = String::new();
    let asked = if is_notations {
        write_all(io::stdout().lock(), &text)
    } else {
        write_all(io::stderr().lock(), &text)
    };
    let answered = asked.and_then(|()| {
        let limit = limits::MAX_CONFIRMATION_BYTES;
        stdin.lock().take(limit).read_line(&mut answer)
    });
    match answered {
        Ok(0) if is_notations => {
            let problem = format!("{otherwise}: the question was not answered");
            Err(CommandOutput::usage(&problem, hint()))
        }
        Ok(_) => Ok(is_yes(&answer)),
        Err(error) => Err(CommandOutput::failed(
            Exit::Usage,
            &format!("{otherwise}: the answer could not be read: {error}"),
        )),
    }
}

fn write_all(mut stream: impl io::Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
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
