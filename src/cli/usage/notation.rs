//! What notation's flag parser says of a command line that cannot be read: its sentence for each kind of mistake.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use super::super::output::one_line;
use super::super::{reader, switches};
use crate::report::Called;

/// The sentence, and how far the parser had come when it said it.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cli) struct UsageSentence {
    pub(in crate::cli) sentence: String,
    /// Whether flags and arguments were read, and only their combination is wrong.
    pub(in crate::cli) is_combination: bool,
}

/// Flags of notation that go together, or that exclude each other, in its order.
const TOGETHER: [[&str; 2]; 3] = [
    ["id", "plugin"],
    ["timestamp-url", "timestamp-root-cert"],
    ["oci-layout", "scope"],
];
const APART: [[&str; 2]; 3] = [
    ["key", "id"],
    ["oci-layout", "force-referrers-tag"],
    ["file", "url"],
];

const NO_REFERENCE: &str =
    "missing reference to the artifact: use `{} --help` to see what parameters are required";

/// What a command of notation says without its argument, and with too many of them, by the words that lead to it.
const ARGUMENTS: [(&str, &str); 21] = [
    ("sign", NO_REFERENCE),
    ("verify", NO_REFERENCE),
    ("list", NO_REFERENCE),
    ("inspect", NO_REFERENCE),
    (
        "blob sign",
        "missing file path to the blob artifact: use `{} --help` to see what parameters are required",
    ),
    (
        "blob verify",
        "missing path to the blob artifact: use `{} --help` to see what parameters are required",
    ),
    (
        "blob inspect",
        "missing signature path: use `{} --help` to see what parameters are required",
    ),
    (
        "blob policy import",
        "requires 1 argument but received {n}.\nUsage: {} <path-to-policy.json>\n\
         Please specify a trust policy configuration location as the argument",
    ),
    (
        "policy import",
        "requires 1 argument but received {n}.\nUsage: {} <path-to-policy.json>\n\
         Please specify a trust policy file location as the argument",
    ),
    (
        "key add",
        "either missing key name or unnecessary parameters passed",
    ),
    ("key update", "missing key name"),
    ("key delete", "missing key names"),
    ("cert add", "missing certificate path"),
    ("cert show", "missing certificate file name"),
    (
        "cert delete",
        "delete requires either the certificate file name that needs to be deleted or --all flag to delete all \
         certificates in the given named trust store",
    ),
    ("cert generate-test", "missing certificate common_name"),
    ("cert cleanup-test", "missing certificate common name"),
    ("plugin install", "missing plugin source location"),
    ("plugin uninstall", "plugin name is required"),
    ("login", "no hostname specified"),
    ("logout", "no hostname specified"),
];

/// The sentence for a mistake that notation knows, too.
pub(in crate::cli) fn said(
    error: &clap::Error,
    root: &Command,
    arguments: &[OsString],
) -> Option<UsageSentence> {
    let (command, path) = reader::command_of(root, arguments, Called::Notation);
    let line = Line {
        command,
        path: &path,
        arguments,
    };
    match error.kind() {
        ErrorKind::UnknownArgument => line.unknown(error),
        ErrorKind::InvalidSubcommand => Some(line.unknown_command(error)),
        ErrorKind::InvalidValue => line.without_value(error).or_else(|| line.bad_value(error)),
        ErrorKind::ValueValidation | ErrorKind::TooManyValues => line.bad_value(error),
        ErrorKind::MissingRequiredArgument => line.missing(error),
        ErrorKind::ArgumentConflict => line.conflict(error),
        _ => None,
    }
}

/// Names that are near `word`, as notation finds them: at a distance of two at most, or beginning with it.
fn near<'a>(command: &'a Command, word: &str) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let names = command.get_subcommands().map(Command::get_name);
    names
        .filter(|name| {
            let name = name.to_lowercase();
            strsim::levenshtein(&word, &name) <= 2 || name.starts_with(&word)
        })
        .collect()
}

/// A command line that names a command.
struct Line<'a> {
    command: &'a Command,
    path: &'a str,
    arguments: &'a [OsString],
}

impl Line<'_> {
    const fn wrong(sentence: String) -> UsageSentence {
        UsageSentence {
            sentence,
            is_combination: false,
        }
    }

    /// A value that Go's parser of this name does not take.
    fn bad(parser: &str, flag: &Arg, value: &str, problem: &str) -> UsageSentence {
        let name = flag.get_long().unwrap_or_default();
        let letter = flag.get_short().map(|letter| format!("-{letter}, "));
        let letter = letter.unwrap_or_default();
        Self::wrong(format!(
            "invalid argument \"{value}\" for \"{letter}--{name}\" flag: strconv.{parser}: parsing \"{value}\": {problem}"
        ))
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().filter_map(|word| word.to_str())
    }

    fn flag(&self, name: &str) -> Option<&Arg> {
        let mut flags = self.command.get_arguments();
        flags.find(|flag| flag.get_long() == Some(name))
    }

    /// A flag that the command does not have, or an argument too many.
    fn unknown(&self, error: &clap::Error) -> Option<UsageSentence> {
        let given = text(error, ContextKind::InvalidArg)?;
        let given = given.as_str();
        let name = given.split('=').next().unwrap_or(given);
        if name.starts_with("--") {
            return Some(Self::wrong(format!("unknown flag: {name}")));
        }
        if name == "-" {
            return self.bad_short_value();
        }
        if let Some(letter) = name.strip_prefix('-').and_then(|name| name.chars().next()) {
            let is_it = |word: &&str| {
                word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
            };
            let word = self.words().find(is_it).unwrap_or(name);
            // What was read before it is not said.
            let rest = word.find(letter).and_then(|at| word.get(at..));
            let rest = one_line(rest.unwrap_or_default());
            return Some(Self::wrong(format!(
                "unknown shorthand flag: '{letter}' in -{rest}"
            )));
        }
        self.too_many(given)
    }

    /// A switch by its letter with a value other than true and false.
    fn bad_short_value(&self) -> Option<UsageSentence> {
        let is_bad = |word| {
            let (letter, value) = switches::short_with_value(word)?;
            let mut flags = self.command.get_arguments();
            let flag = flags.find(|flag| flag.get_short() == Some(letter))?;
            let is_switch = !flag.get_action().takes_values();
            (is_switch && switches::is_on(value).is_none()).then_some((flag, value))
        };
        let (flag, value) = self.words().find_map(is_bad)?;
        Some(Self::bad(
            "ParseBool",
            flag,
            &one_line(value),
            "invalid syntax",
        ))
    }

    fn too_many(&self, given: &str) -> Option<UsageSentence> {
        let below = self.below();
        if below == "version" || below.starts_with("completion ") {
            let sentence = format!("unknown command \"{given}\" for \"{}\"", self.path);
            return Some(Self::wrong(sentence));
        }
        match below {
            "key add" => self.about_arguments(0),
            "policy import" | "blob policy import" => self.about_arguments(self.count()),
            "cert show" => Some(Self::wrong(
                "show only supports single certificate file".to_owned(),
            )),
            "policy show" | "blob policy show" | "blob policy init" => Some(Self::wrong(format!(
                "accepts 0 arg(s), received {}",
                self.count()
            ))),
            _ => None,
        }
    }

    /// The words of the command without the program's name.
    fn below(&self) -> &str {
        self.path.split_once(' ').map_or("", |(_, below)| below)
    }

    /// How many arguments follow the command's name, without flags and their values.
    fn count(&self) -> usize {
        let names = self.path.split(' ').count();
        let mut count = 0_usize;
        let mut has_value = false;
        for word in self.words() {
            if std::mem::take(&mut has_value) {
                continue;
            }
            let flag = match (word.strip_prefix("--"), word.strip_prefix('-')) {
                (Some(name), _) if !name.contains('=') => self.flag(name),
                (None, Some(letter)) if letter.chars().count() == 1 => {
                    let letter = letter.chars().next();
                    let mut flags = self.command.get_arguments();
                    flags.find(|flag| flag.get_short() == letter)
                }
                (None, None) => {
                    count = count.saturating_add(1);
                    None
                }
                _ => None,
            };
            has_value = flag.is_some_and(|flag| flag.get_action().takes_values());
        }
        count.saturating_sub(names)
    }

    /// What the command says of `count` arguments.
    fn about_arguments(&self, count: usize) -> Option<UsageSentence> {
        let below = self.below();
        let (_, sentence) = ARGUMENTS.iter().find(|(command, _)| *command == below)?;
        let sentence = sentence.replace("{n}", &count.to_string());
        Some(Self::wrong(sentence.replace("{}", self.path)))
    }

    fn unknown_command(&self, error: &clap::Error) -> UsageSentence {
        let word = text(error, ContextKind::InvalidSubcommand).unwrap_or_default();
        let mut sentence = format!("unknown command \"{word}\" for \"{}\"", self.path);
        let near = near(self.command, &word);
        if !near.is_empty() {
            sentence.push_str("\n\nDid you mean this?\n");
            for name in near {
                sentence.extend(["\t", name, "\n"]);
            }
            sentence.extend(["\nRun '", self.path, " --help' for usage."]);
        }
        UsageSentence {
            sentence,
            is_combination: false,
        }
    }

    /// A flag at the end of the line, whose value is not there.
    fn without_value(&self, error: &clap::Error) -> Option<UsageSentence> {
        let given = text(error, ContextKind::InvalidArg)?;
        let given = given.as_str();
        let name = given.split([' ', '=']).next().unwrap_or(given);
        let flag = self.flag(name.strip_prefix("--")?)?;
        match self.words().last()? {
            last if last == name => Some(Self::wrong(format!("flag needs an argument: {name}"))),
            last if flag
                .get_short()
                .is_some_and(|letter| last == format!("-{letter}")) =>
            {
                let letter = flag.get_short().unwrap_or_default();
                Some(Self::wrong(format!(
                    "flag needs an argument: '{letter}' in -{letter}"
                )))
            }
            _ => None,
        }
    }

    /// A value that is not a number, or a switch with a value other than true and false.
    fn bad_value(&self, error: &clap::Error) -> Option<UsageSentence> {
        let given = text(error, ContextKind::InvalidArg)?;
        let given = given.as_str();
        let value = text(error, ContextKind::InvalidValue)?;
        let name = given.split([' ', '=', '[']).next().unwrap_or(given);
        let name = name.strip_prefix("--")?;
        let flag = self.flag(name)?;
        let parser = match (name, flag.get_action().takes_values()) {
            ("max-signatures" | "bits", _) => "ParseInt",
            ("force-referrers-tag", _) | (_, false) => "ParseBool",
            _ => return None,
        };
        let is_number = value.trim_start_matches(['+', '-']).bytes();
        let problem = if parser == "ParseInt"
            && !value.is_empty()
            && is_number.clone().count() > 0
            && is_number.clone().all(|byte| byte.is_ascii_digit())
        {
            "value out of range"
        } else {
            "invalid syntax"
        };
        Some(Self::bad(parser, flag, &value, problem))
    }

    /// The argument first, then flags that are needed, then flags that go together.
    fn missing(&self, error: &clap::Error) -> Option<UsageSentence> {
        let Some(ContextValue::Strings(missing)) = error.get(ContextKind::InvalidArg) else {
            return None;
        };
        // An argument that may be left out with a flag is not among those that the parser misses.
        let lacks_argument = self.below() == "cert delete" && self.count() == 0 && !self.has("all");
        if lacks_argument || missing.iter().any(|name| !name.starts_with('-')) {
            return self.about_arguments(0);
        }
        let mut names: Vec<&str> = missing
            .iter()
            .filter_map(|shown| shown.strip_prefix("--")?.split([' ', '=']).next())
            .collect();
        names.sort_unstable();
        if let [name] = names.as_slice()
            && let Some(group) = TOGETHER.iter().find(|group| {
                group.contains(name) && group.iter().all(|one| *one == *name || self.has(one))
            })
        {
            return Some(UsageSentence {
                sentence: format!(
                    "if any flags in the group [{}] are set they must all be set; missing [{name}]",
                    group.join(" ")
                ),
                is_combination: true,
            });
        }
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        Some(UsageSentence {
            sentence: format!("required flag(s) {} not set", quoted.join(", ")),
            is_combination: true,
        })
    }

    /// Whether the line has this flag.
    fn has(&self, name: &str) -> bool {
        let short = self.flag(name).and_then(Arg::get_short);
        let words = self.words().take_while(|word| *word != "--");
        words.into_iter().any(|word| {
            let long = word.strip_prefix("--");
            let is_long = long.is_some_and(|long| long.split('=').next() == Some(name));
            is_long
                || long.is_none()
                    && short.is_some_and(|letter| {
                        word.strip_prefix('-')
                            .is_some_and(|rest| rest.starts_with(letter))
                    })
        })
    }

    fn conflict(&self, _: &clap::Error) -> Option<UsageSentence> {
        // In notation, flags that must come together are looked at first.
        for group in TOGETHER {
            let missing: Vec<&str> = group.into_iter().filter(|name| !self.has(name)).collect();
            if let [missing] = missing.as_slice()
                && self.flag(missing).is_some()
            {
                return Some(UsageSentence {
                    sentence: format!(
                        "if any flags in the group [{}] are set they must all be set; missing [{missing}]",
                        group.join(" ")
                    ),
                    is_combination: true,
                });
            }
        }
        let group = APART
            .iter()
            .find(|group| group.iter().all(|name| self.has(name)))?;
        let mut sorted = *group;
        sorted.sort_unstable();
        Some(UsageSentence {
            sentence: format!(
                "if any flags in the group [{}] are set none of the others can be; [{}] were all set",
                group.join(" "),
                sorted.join(" ")
            ),
            is_combination: true,
        })
    }
}

/// What was typed, on one line.
fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(one_line(text)),
        Some(ContextValue::Strings(texts)) => texts.first().map(|text| one_line(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::line;
    use super::*;

    fn sentence(typed: &str) -> Option<String> {
        let arguments: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
        let error = line::parse(&arguments).err().unwrap();
        said(&error, &line::all_commands(), &arguments).map(|said| said.sentence)
    }

    #[test]
    fn each_mistake_has_notations_sentence() {
        for (typed, wanted) in [
            ("notation -x", "unknown shorthand flag: 'x' in -x"),
            (
                "notation sign -d=maybe a",
                "invalid argument \"maybe\" for \"-d, --debug\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
            ),
            ("notation sign -dxv a", "unknown shorthand flag: 'x' in -xv"),
            ("notation sign --frob=1 x", "unknown flag: --frob"),
            (
                "notation sign --force-referrers-tag=no x",
                "invalid argument \"no\" for \"--force-referrers-tag\" flag: strconv.ParseBool: parsing \"no\": \
                 invalid syntax",
            ),
            (
                "notation completion bash x",
                "unknown command \"x\" for \"notation completion bash\"",
            ),
            ("notation sign x --key", "flag needs an argument: --key"),
            ("notation sign x -k", "flag needs an argument: 'k' in -k"),
            (
                "notation sign --id x a",
                "if any flags in the group [id plugin] are set they must all be set; missing [plugin]",
            ),
            (
                "notation sign --key k --id x --plugin p a",
                "if any flags in the group [key id] are set none of the others can be; [id key] were all set",
            ),
            (
                "notation cert generate-test --bits 99999999999999999999 x",
                "invalid argument \"99999999999999999999\" for \"-b, --bits\" flag: strconv.ParseInt: parsing \
                 \"99999999999999999999\": value out of range",
            ),
            (
                "notation cert delete --all --yes=maybe",
                "invalid argument \"maybe\" for \"-y, --yes\" flag: strconv.ParseBool: parsing \"maybe\": invalid \
                 syntax",
            ),
            (
                "notation cert add x",
                "required flag(s) \"store\", \"type\" not set",
            ),
            (
                "notation key add -d",
                "either missing key name or unnecessary parameters passed",
            ),
            (
                "notation sing",
                "unknown command \"sing\" for \"notation\"\n\nDid you mean this?\n\tsign\n\nRun 'notation --help' for \
                 usage.",
            ),
        ] {
            assert_eq!(sentence(typed).as_deref(), Some(wanted), "{typed}");
        }
        // Flags that only we have are told in our words.
        assert_eq!(sentence("notation sign --rate x a"), None);
    }

    #[test]
    fn each_argument_that_is_missing_is_one_of_a_command() {
        let root = line::all_commands();
        for (path, _) in ARGUMENTS {
            let mut names = path.split(' ');
            let found = names.try_fold(&root, |command, name| command.find_subcommand(name));
            assert!(found.is_some(), "{path}");
        }
    }
}
