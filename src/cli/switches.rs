//! Switches with a value, `--name=true` and `--name=false`, which notation's flag parser knows and scripts have.

use std::ffi::OsString;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Arg, ArgAction, Command};

/// What stands for on, and what for off; the first of each is the one that help has.
const ON: [&str; 6] = ["true", "1", "t", "T", "TRUE", "True"];
const OFF: [&str; 6] = ["false", "0", "f", "F", "FALSE", "False"];

/// Reads the value of a flag that takes one, and is on or off.
pub(super) fn value_parser() -> impl TypedValueParser<Value = bool> {
    let values = [ON, OFF].map(|[name, others @ ..]| PossibleValue::new(name).aliases(others));
    PossibleValuesParser::new(values).map(|value| is_on(&value) == Some(true))
}

/// The arguments with `--name` for `--name=true`, and without `--name=false`, for the switches of the command that
/// they name. Nothing behind `--` is looked at.
pub(super) fn without_values(root: &Command, arguments: Vec<OsString>) -> Vec<OsString> {
    let mut command = root;
    let mut is_naming_command = true;
    let mut is_over = false;
    let mut kept = Vec::with_capacity(arguments.len());
    for (index, argument) in arguments.into_iter().enumerate() {
        let text = argument.to_str().unwrap_or_default();
        is_over |= text == "--";
        // A flag of every command may stand before its name.
        if index > 0 && is_naming_command && !text.starts_with('-') {
            match command.find_subcommand(text) {
                Some(found) => command = found,
                None => is_naming_command = false,
            }
        }
        let switch = switch_with_value(root, command, text).filter(|_| !is_over);
        match switch.map(|(switch, value)| (switch, is_on(value))) {
            Some((switch, Some(true))) => kept.push(switch.into()),
            Some((_, Some(false))) => {}
            _ => kept.push(argument),
        }
    }
    kept
}

/// What a switch's value says, in the spellings that notation's flag parser has.
pub(super) fn is_on(value: &str) -> Option<bool> {
    match value {
        _ if ON.contains(&value) => Some(true),
        _ if OFF.contains(&value) => Some(false),
        _ => None,
    }
}

/// The letter and the value of `-d=true`.
pub(super) fn short_with_value(text: &str) -> Option<(char, &str)> {
    let (letter, value) = text.strip_prefix('-')?.split_once('=')?;
    let mut letters = letter.chars();
    match (letters.next(), letters.next()) {
        (Some(letter), None) if letter != '-' => Some((letter, value)),
        _ => None,
    }
}

/// A switch of the command, by its name or its letter, and the value that it is given: `--name` and `true` of
/// `--name=true`.
fn switch_with_value<'t>(
    root: &Command,
    command: &Command,
    text: &'t str,
) -> Option<(&'t str, &'t str)> {
    let (switch, value) = text.split_once('=')?;
    let letter = short_with_value(text).map(|(letter, _)| letter);
    let is_named = |argument: &Arg| match switch.strip_prefix("--") {
        Some(name) => argument.get_long() == Some(name),
        None => letter.is_some() && argument.get_short() == letter,
    };
    // A flag of every command is the root's until arguments are parsed.
    let mut arguments = command.get_arguments().chain(root.get_arguments());
    let is_switch = arguments
        .any(|argument| is_named(argument) && matches!(argument.get_action(), ArgAction::SetTrue));
    is_switch.then_some((switch, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_every_spelling_of_go() {
        let parser = || Arg::new("x").long("x").value_parser(value_parser());
        let read = |value: &str| {
            let line = ["c".to_owned(), format!("--x={value}")];
            let matches = Command::new("c").arg(parser()).try_get_matches_from(line);
            matches
                .ok()
                .and_then(|found| found.get_one::<bool>("x").copied())
        };
        for value in ON {
            assert_eq!(read(value), Some(true), "{value}");
        }
        for value in OFF {
            assert_eq!(read(value), Some(false), "{value}");
        }
        for value in ["", "yes", "tRUE", "2"] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    #[test]
    fn only_switches_of_the_command_lose_their_value() {
        let root = super::super::line::all_commands();
        for (given, kept) in [
            (
                "x sign --keep-going=false --oci-layout=true a",
                "x sign --oci-layout a",
            ),
            (
                "x cert delete --all=true --yes=false",
                "x cert delete --all",
            ),
            (
                "x certificate list --type=false",
                "x certificate list --type=false",
            ),
            ("x sign --keep-going=no", "x sign --keep-going=no"),
            (
                "x sign --keep-going=0 --oci-layout=T",
                "x sign --oci-layout",
            ),
            (
                "x sign -- --oci-layout=false",
                "x sign -- --oci-layout=false",
            ),
            (
                "x key list --oci-layout=false",
                "x key list --oci-layout=false",
            ),
            (
                "x -d sign --debug=false --keep-going=true",
                "x -d sign --keep-going",
            ),
            ("x sign -d=false -v=1 a", "x sign -v a"),
            ("x sign -d=no -k=true a", "x sign -d=no -k=true a"),
            (
                "x sign --user-metadata=false a",
                "x sign --user-metadata=false a",
            ),
        ] {
            let arguments = given.split(' ').map(OsString::from).collect();
            let found: Vec<_> = without_values(&root, arguments)
                .into_iter()
                .map(|argument| argument.into_string().unwrap())
                .collect();
            assert_eq!(found.join(" "), kept);
        }
    }
}
