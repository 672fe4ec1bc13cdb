//! The command line: from words to flags. Only the command that is asked for is described, until something is wrong.

use std::ffi::OsString;

use clap::{ArgMatches, Command, CommandFactory as _, Error};

use super::{Cli, switches};

/// A command line that could be read: all commands, those that it names described, and what it says.
pub(super) struct Line {
    pub(super) root: Command,
    pub(super) matches: ArgMatches,
}

/// Every command with its flags.
pub(super) fn all_commands() -> Command {
    let mut root = Cli::command();
    root.build();
    root
}

/// Reads the words, the first of which is the program's name.
///
/// # Errors
///
/// What is wrong with them, or the help that was asked for.
pub(super) fn parse(arguments: &[OsString]) -> Result<Line, Error> {
    let error = match once(arguments) {
        Ok(line) => return Ok(line),
        Err(error) => error,
    };
    if !error.use_stderr() {
        return Err(error);
    }
    // No switch of ours takes a value; notation's do.
    let without = switches::without_values(&all_commands(), arguments.to_vec());
    if without == arguments {
        return Err(error);
    }
    once(&without)
}

fn once(arguments: &[OsString]) -> Result<Line, Error> {
    let mut root = Cli::command();
    let matches = root.try_get_matches_from_mut(arguments)?;
    Ok(Line { root, matches })
}
