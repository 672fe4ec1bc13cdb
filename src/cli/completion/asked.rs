//! Answers the scripts that notation wrote: they ask the program for the words that may come next.

use std::ffi::OsString;
use std::fmt::Write as _;

use clap::builder::StyledStr;
use clap::{Arg, Command};

use super::super::output::CommandOutput;

/// What a script asks with, and without descriptions.
const QUESTION: &str = "__complete";
const WITHOUT_DESCRIPTIONS: &str = "__completeNoDesc";

/// What the shell does where there is no word: nothing, or names of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Otherwise {
    Files,
    Nothing,
}

impl Otherwise {
    /// As the scripts know it.
    const fn directive(self) -> (u8, &'static str) {
        match self {
            Self::Files => (0, "ShellCompDirectiveDefault"),
            Self::Nothing => (4, "ShellCompDirectiveNoFileComp"),
        }
    }
}

/// Whether a script asks.
pub(in crate::cli) fn is_question(arguments: &[OsString]) -> bool {
    let word = arguments.get(1).and_then(|word| word.to_str());
    matches!(word, Some(QUESTION | WITHOUT_DESCRIPTIONS))
}

/// The words that may come next, each with what it is, and what the shell does without one.
pub(in crate::cli) fn answer(root: &Command, arguments: &[OsString]) -> CommandOutput {
    let words: Vec<&str> = arguments
        .iter()
        .skip(1)
        .map(|word| word.to_str().unwrap_or_default())
        .collect();
    let (question, words) = words.split_first().unwrap_or((&QUESTION, &[]));
    let (typed, before) = words.split_last().unwrap_or((&"", &[]));
    let (found, otherwise) = next(root, before, typed);
    let mut document = String::new();
    for (word, about) in found {
        document.push_str(&word);
        if *question == QUESTION && !about.is_empty() {
            let _ = write!(document, "\t{about}");
        }
        document.push('\n');
    }
    let (number, name) = otherwise.directive();
    let _ = writeln!(document, ":{number}");
    CommandOutput {
        document,
        stderr: format!("Completion ended with directive: {name}\n"),
        ..CommandOutput::done()
    }
}

/// The words that may stand in the place of `typed`, which follows `before`.
fn next(root: &Command, before: &[&str], typed: &str) -> (Vec<(String, String)>, Otherwise) {
    let mut command = root;
    let mut is_naming_command = true;
    let mut waiting: Option<&Arg> = None;
    for word in before {
        if waiting.take().is_some() {
            continue;
        }
        if word.starts_with('-') {
            waiting = flag(command, word).filter(|flag| flag.get_action().takes_values());
        } else if is_naming_command && let Some(found) = command.find_subcommand(word) {
            command = found;
        } else {
            is_naming_command = false;
        }
    }
    if let Some(flag) = waiting {
        return values(flag, typed);
    }
    if typed.starts_with('-') {
        if typed.contains('=') {
            return (Vec::new(), Otherwise::Files);
        }
        return (flags(command, typed), Otherwise::Nothing);
    }
    if !command.has_subcommands() || !is_naming_command {
        return (Vec::new(), Otherwise::Files);
    }
    let commands = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set() && command.get_name().starts_with(typed))
        .map(|command| {
            (
                command.get_name().to_owned(),
                first_line(command.get_about()),
            )
        });
    (commands.collect(), Otherwise::Nothing)
}

/// The flag that `word` names and that has no value beside it.
fn flag<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let mut flags = command.get_arguments();
    if let Some(name) = word.strip_prefix("--") {
        return flags.find(|flag| flag.get_long() == Some(name));
    }
    let mut letters = word.chars().skip(1);
    let (letter, rest) = (letters.next(), letters.next());
    flags.find(|flag| flag.get_short() == letter && rest.is_none())
}

fn values(flag: &Arg, typed: &str) -> (Vec<(String, String)>, Otherwise) {
    let values: Vec<_> = flag
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && value.get_name().starts_with(typed))
        .map(|value| (value.get_name().to_owned(), first_line(value.get_help())))
        .collect();
    let otherwise = if values.is_empty() {
        Otherwise::Files
    } else {
        Otherwise::Nothing
    };
    (values, otherwise)
}

fn flags(command: &Command, typed: &str) -> Vec<(String, String)> {
    let shown = command.get_arguments().filter(|flag| !flag.is_hide_set());
    let mut found: Vec<_> = shown
        .flat_map(|flag| {
            let long = flag.get_long().map(|name| format!("--{name}"));
            let short = flag.get_short().map(|letter| format!("-{letter}"));
            let about = first_line(flag.get_help());
            let names = long.into_iter().chain(short);
            names.map(move |name| (name, about.clone()))
        })
        .filter(|(name, _)| name.starts_with(typed))
        .collect();
    found.sort();
    found
}

fn first_line(text: Option<&StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::super::line;
    use super::*;

    fn asked(line: &str) -> (Vec<String>, String) {
        let arguments: Vec<OsString> = format!("notation {line}")
            .split(' ')
            .map(OsString::from)
            .collect();
        assert!(is_question(&arguments));
        let answer = answer(&line::all_commands(), &arguments);
        let mut lines: Vec<String> = answer.document.lines().map(str::to_owned).collect();
        let directive = lines.pop().unwrap();
        (lines, directive)
    }

    #[test]
    fn commands_flags_and_values_follow_what_was_typed() {
        for (line, words, directive) in [
            ("__completeNoDesc ke", &["key"][..], ":4"),
            ("__completeNoDesc key up", &["update"], ":4"),
            ("__completeNoDesc certificate gen", &["generate-test"], ":4"),
            (
                "__completeNoDesc sign --signature-",
                &["--signature-format"],
                ":4",
            ),
            ("__completeNoDesc list --output t", &["tree"], ":4"),
            (
                "__completeNoDesc -d key ls -",
                &[
                    "--debug",
                    "--help",
                    "--log-format",
                    "--output",
                    "--quiet",
                    "--verbose",
                    "-d",
                    "-h",
                    "-o",
                    "-q",
                    "-v",
                ],
                ":4",
            ),
            // Files are what may stand there.
            ("__completeNoDesc sign --key=", &[], ":0"),
            ("__completeNoDesc blob sign fi", &[], ":0"),
            ("__completeNoDesc sign --id ", &[], ":0"),
            ("__completeNoDesc nothing ", &[], ":0"),
        ] {
            let (found, ends) = asked(line);
            assert_eq!(
                (found, ends.as_str()),
                (
                    words.iter().map(|word| (*word).to_owned()).collect(),
                    directive
                ),
                "{line}"
            );
        }
    }

    #[test]
    fn a_word_has_its_description_behind_a_tab() {
        let (found, _) = asked("__complete key se");
        assert_eq!(found, Vec::<String>::new());
        let (found, _) = asked("__complete key upd");
        assert_eq!(found, ["update\tMake a key the default"]);
    }
}
