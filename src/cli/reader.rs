//! Who reads the hints of this run: the command that was called, with its flags.

use std::ffi::OsString;
use std::sync::OnceLock;

use clap::{ArgMatches, Command};

use crate::hints::Reader;
use crate::report::Called;

static READER: OnceLock<Reader> = OnceLock::new();

/// How a hint begins to name the command that stores answers for a verification without a network.
const FETCH: &str = "`countersign revocation fetch ";

/// The flags that stand for a trust policy, where the command that runs was given some.
static TRUST: OnceLock<String> = OnceLock::new();

/// Where the command that runs is described, as a hint.
static HELP: OnceLock<String> = OnceLock::new();

/// What of `hint` fits the command that runs.
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
    static ANY: Reader = Reader::any();
    READER.get().unwrap_or(&ANY)
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
    let reader = Reader::with_flags(flags_of(root, command))
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

/// From now on hints are for a reader who gives no flags.
pub(super) fn set_without_flags() {
    // A process runs one command.
    let _ = READER.set(Reader::with_flags(Vec::new()));
}

/// The flags of a command, with their dashes. Those of every command are the root's until arguments are parsed.
pub(super) fn flags_of(root: &Command, command: &Command) -> Vec<String> {
    let mut flags = vec!["--help".to_owned(), "-h".to_owned()];
    let everywhere = root
        .get_arguments()
        .filter(|argument| argument.is_global_set());
    for argument in command.get_arguments().chain(everywhere) {
        let names = argument.get_long_and_visible_aliases().unwrap_or_default();
        flags.extend(names.into_iter().map(|name| format!("--{name}")));
        let letters = argument.get_short_and_visible_aliases().unwrap_or_default();
        flags.extend(letters.into_iter().map(|letter| format!("-{letter}")));
    }
    flags
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::line;
    use super::*;
    use crate::hints::flags_in;

    fn leaves(command: &Command) -> Vec<Command> {
        let inner: Vec<Command> = command.get_subcommands().flat_map(leaves).collect();
        if inner.is_empty() {
            vec![command.clone()]
        } else {
            inner
        }
    }

    /// Every string in the source before its tests, escapes and line ends as Rust reads them.
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
            for body in text.split("fn hint").skip(1) {
                let body = body.split("\n    }\n").next().unwrap();
                for literal in body.replace("\\\"", "'").split('"').skip(1).step_by(2) {
                    let lines = literal.split("\\\n").map(str::trim_start);
                    found.push(lines.collect::<String>());
                }
            }
        }
    }

    /// Walks over every hint: whatever command runs, what is left of it names no flag that the command does
    /// not have, and every flag that a hint names is one that some command has.
    #[test]
    fn no_hint_names_a_flag_that_the_command_does_not_have() {
        let mut hints = Vec::new();
        strings(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
            &mut hints,
        );
        let with_flags = hints
            .iter()
            .filter(|hint| !flags_in(hint).is_empty())
            .count();
        assert!(
            hints.len() > 100 && with_flags > 20,
            "{} {with_flags}",
            hints.len()
        );
        let root = line::all_commands();
        let commands = leaves(&root);
        let all: Vec<String> = commands
            .iter()
            .flat_map(|command| flags_of(&root, command))
            .collect();
        for hint in &hints {
            for flag in flags_in(hint) {
                assert!(all.contains(&flag), "no command has `{flag}`: {hint}");
            }
            for command in &commands {
                let flags = flags_of(&root, command);
                let fitting = Reader::with_flags(flags.clone())
                    .fitting(hint)
                    .unwrap_or_default();
                let unknown = flags_in(&fitting)
                    .into_iter()
                    .find(|flag| !flags.contains(flag));
                assert_eq!(unknown, None, "{}: {fitting}", command.get_name());
            }
        }
    }
}
