//! Switches with a value, `--name=true` and `--name=false`, which notation's flag parser knows and scripts have.

use std::ffi::OsString;

use clap::{ArgAction, Command};

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
        let switch = text
            .strip_prefix("--")
            .and_then(|rest| rest.split_once('='))
            .filter(|(name, _)| !is_over && is_switch(root, command, name));
        match switch.map(|(name, value)| (name, is_on(value))) {
            Some((name, Some(true))) => kept.push(format!("--{name}").into()),
            Some((_, Some(false))) => {}
            _ => kept.push(argument),
        }
    }
    kept
}

/// What a switch's value says, in the spellings that notation's flag parser has.
pub(super) fn is_on(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

fn is_switch(root: &Command, command: &Command, name: &str) -> bool {
    // A flag of every command is the root's until arguments are parsed.
    let mut arguments = command.get_arguments().chain(root.get_arguments());
    arguments.any(|argument| {
        argument.get_long() == Some(name) && matches!(argument.get_action(), ArgAction::SetTrue)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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
