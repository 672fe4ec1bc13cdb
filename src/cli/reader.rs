//! Who reads the hints of this run: the command that was called, whose flags are its settings.

use std::ffi::OsString;
use std::sync::{LazyLock, OnceLock};

use clap::{Arg, ArgMatches, Command};

use crate::hints::{Reader, SETTINGS};
use crate::report::Called;

static READER: OnceLock<Reader> = OnceLock::new();

/// How a hint begins to name the command that stores answers for a verification without a network.
const FETCH: &str = "`countersign revocation fetch ";

/// The flags that stand for a trust policy, where the command that runs was given some.
static TRUST: OnceLock<String> = OnceLock::new();

/// Where the command that runs is described, as a hint.
static HELP: OnceLock<String> = OnceLock::new();

/// What of `hint` fits the command that runs, with its flags for the settings.
pub(super) fn fitting(hint: Option<String>) -> Option<String> {
    let hint = current().fitting(&hint?)?;
    // What fetches trusts by the same flags as what verifies.
    match TRUST.get() {
        Some(flags) if hint.contains(FETCH) => {
            Some(format!("{hint}; repeat {flags} as they are here"))
        }
        _ => Some(hint),
    }
}

/// Who reads the hints of this run; one who gets all of them where no command runs yet.
pub(super) fn current() -> &'static Reader {
    static ANY: LazyLock<Reader> = LazyLock::new(|| Reader::with_flags(SETTINGS));
    READER.get().unwrap_or_else(|| &ANY)
}

/// Where the command that runs is described; `None` where no command line was read.
pub(super) fn help() -> Option<String> {
    HELP.get().cloned()
}

/// The command that `arguments` name, whether or not they are right, with the words that lead to it.
pub(super) fn command_of<'a>(
    root: &'a Command,
    arguments: &[OsString],
    called: Called,
) -> (&'a Command, String) {
    let (mut command, mut path) = (root, called.name().to_owned());
    for word in arguments.iter().skip(1).filter_map(|word| word.to_str()) {
        // `help` describes the others, and has no help of its own.
        if let Some(inner) = command.find_subcommand(word).filter(|_| word != "help") {
            path = format!("{path} {}", inner.get_name());
            command = inner;
        }
    }
    (command, path)
}

/// From now on who types something wrong is told where the command of `arguments` is described.
pub(super) fn set_help(root: &Command, arguments: &[OsString], called: Called) {
    let (command, path) = command_of(root, arguments, called);
    set_help_of(command, &path);
}

fn set_help_of(command: &Command, path: &str) {
    let has = if command.has_subcommands() {
        "its commands"
    } else {
        "its flags and examples"
    };
    // A process runs one command.
    let _ = HELP.set(format!("`{path} --help` shows {has}"));
}

/// From now on hints are for this command. Gives the words that lead to it.
pub(super) fn set(root: &Command, matches: &ArgMatches, called: Called) -> String {
    let (mut command, mut matches) = (root, matches);
    let mut path = called.name().to_owned();
    while let Some((name, inner)) = matches.subcommand()
        && let Some(found) = command.find_subcommand(name)
    {
        (command, matches) = (found, inner);
        path = format!("{path} {name}");
    }
    set_help_of(command, &path);
    let given = |name: &str| matches!(matches.try_contains_id(name), Ok(true));
    let own_key = ["key", "kms_key", "local_key", "plugin"]
        .into_iter()
        .any(given);
    let verifies = matches!(command.get_name(), "verify" | "fetch" | "wait");
    let reader = Reader::with_flags(settings_of(root, command))
        .with_own_key(own_key)
        .trusting_profiles(verifies && given("signing_profile"))
        .trusting_policy(verifies && !given("signing_profile"));
    // A process runs one command.
    let _ = READER.set(reader);
    let trust = [
        ("signing_profile", "`--signing-profile`"),
        ("trust_anchor", "`--trust-anchor`"),
    ];
    let trust: Vec<&str> = trust
        .into_iter()
        .filter_map(|(name, flag)| given(name).then_some(flag))
        .collect();
    if !trust.is_empty() {
        let _ = TRUST.set(trust.join(" and "));
    }
    path
}

/// From now on hints are for a reader who can give no setting.
pub(super) fn set_without_settings() {
    // A process runs one command.
    let _ = READER.set(Reader::without_settings());
}

/// The settings that a command has: the names of its long flags.
fn settings_of(root: &Command, command: &Command) -> Vec<String> {
    let names = arguments_of(root, command).flat_map(long_names);
    names.map(str::to_owned).collect()
}

/// The arguments of a command. Those of every command are the root's until arguments are parsed.
fn arguments_of<'a>(root: &'a Command, command: &'a Command) -> impl Iterator<Item = &'a Arg> {
    let everywhere = root
        .get_arguments()
        .filter(|argument| argument.is_global_set());
    command.get_arguments().chain(everywhere)
}

fn long_names(argument: &Arg) -> Vec<&str> {
    argument.get_long_and_visible_aliases().unwrap_or_default()
}

/// The flags of a command, with their dashes.
pub(super) fn flags_of(root: &Command, command: &Command) -> Vec<String> {
    let mut flags = vec!["--help".to_owned(), "-h".to_owned()];
    for argument in arguments_of(root, command) {
        let names = long_names(argument);
        flags.extend(names.into_iter().map(|name| format!("--{name}")));
        let letters = argument.get_short_and_visible_aliases().unwrap_or_default();
        flags.extend(letters.into_iter().map(|letter| format!("-{letter}")));
    }
    flags
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::super::line;
    use super::*;
    use crate::hints::settings_in;

    fn leaves(command: &Command) -> Vec<Command> {
        let inner: Vec<Command> = command.get_subcommands().flat_map(leaves).collect();
        if inner.is_empty() {
            vec![command.clone()]
        } else {
            inner
        }
    }

    /// Every string in the source before its tests, and the code between, escapes and line ends as Rust reads them.
    fn strings(directory: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                strings(&path, found);
                continue;
            }
            #[expect(clippy::disallowed_methods, reason = "our own source")]
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
            for literal in text.replace("\\\"", "'").split('"').skip(1) {
                let lines = literal.split("\\\n").map(str::trim_start);
                found.push(lines.collect::<String>());
            }
        }
    }

    /// Walks over every text of the sources: each setting that one names is known as such and is a flag of a command.
    #[test]
    fn every_setting_that_a_text_names_is_a_flag_of_a_command() {
        let mut texts = Vec::new();
        strings(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut texts,
        );
        let named: BTreeSet<&str> = texts.iter().flat_map(|text| settings_in(text)).collect();
        let known = BTreeSet::from(SETTINGS);
        assert_eq!(named, known);
        let root = line::all_commands();
        let flags: BTreeSet<String> = leaves(&root)
            .iter()
            .flat_map(|command| settings_of(&root, command))
            .collect();
        let unknown: Vec<&str> = known
            .into_iter()
            .filter(|&setting| !flags.contains(setting))
            .collect();
        assert!(unknown.is_empty(), "no command has a flag for {unknown:?}");
    }
}
