//! What a command line that cannot be read is answered with: clap's sentence, and a command that helps.

pub(super) mod notation;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory as _};

use super::output::{self, CommandOutput, Exit, write_hint};
use super::{Cli, context, experimental, line, reader, terminal};
use crate::printable;
use crate::report::Called;

/// Flags of other tools and of earlier notations, and what takes their place.
const OTHER_NAMES: [(&str, &str); 7] = [
    (
        "--signature-manifest",
        "omit the flag: a signature is always an OCI image manifest",
    ),
    (
        "--allow-referrers-api",
        "omit the flag: the referrers API is used wherever the registry has it",
    ),
    ("--local-content", "write `--oci-layout`"),
    (
        "--cert",
        "write `--certificate-chain FILE` when signing; `countersign cert add` adds a trusted certificate",
    ),
    (
        "--certificate-identity",
        "name the signer in a trust policy: `countersign policy init` writes one",
    ),
    ("--aws-profile", "write `--plugin-config aws-profile=NAME`"),
    ("--region", "write `--plugin-config aws-region=REGION`"),
];

/// Arguments that may be missing where a command has another flag for the same.
const INSTEAD: [(&str, &str, &str); 5] = [
    (
        "<CLUSTER/SERVICE>...",
        "--all",
        "name services, or look at all of them with `--all`",
    ),
    (
        "<REFERENCE>...",
        "--references-from",
        "name artifacts, or a file that names them: `--references-from FILE`",
    ),
    (
        "<FILE>...",
        "--aws-signer",
        "name certificate files, or add AWS Signer's roots with `--aws-signer`",
    ),
    (
        "--signing-profile <ARN>",
        "--trusted-identity",
        "name a profile of AWS Signer: `--signing-profile ARN`; or a trust store and an identity: `--trust-store ca:NAME \
         --trusted-identity 'x509.subject: C=US, ST=WA, O=acme'`",
    ),
    (
        "--signing-profile <VERSION_ARN>",
        "--code-signing-config",
        "name who must have signed: `--signing-profile VERSION_ARN` or `--code-signing-config ARN`",
    ),
];

/// At most so many commands are named that have a flag.
const NAMED_COMMANDS: usize = 3;

/// Help on stdout with 0; anything else that clap says on stderr with 2, in the words of the rest. By the name
/// `notation` the sentence is notation's, where it has one.
pub(super) fn report(error: clap::Error, arguments: &[OsString], called: Called) -> CommandOutput {
    if !error.use_stderr() || called.is_notation() && is_call_for_help(&error) {
        return CommandOutput {
            stdout: terminal::named(error.render().to_string()),
            ..CommandOutput::done()
        };
    }
    let root = &line::all_commands();
    reader::set_help(root, arguments, called);
    if called.is_notation()
        && let Some(report) = of_notation(&error, root, arguments)
    {
        return report;
    }
    let advice = advice(&error, root, arguments, called);
    let text = cleaned(error).render().to_string();
    let text = text.replace("\n\nFor more information, try '--help'.", "");
    let mut stderr = text
        .strip_prefix("error: ")
        .map_or(text.clone(), |rest| format!("Error: {rest}"));
    write_advice(&mut stderr, advice);
    CommandOutput {
        stderr,
        exit: Exit::Usage,
        ..CommandOutput::done()
    }
}

fn write_advice(stderr: &mut String, advice: Option<String>) {
    let hints: Vec<String> = advice.into_iter().chain(reader::help()).collect();
    write_hint(stderr, "", (!hints.is_empty()).then(|| hints.join("; ")));
}

/// Whether a group was named without one of its commands.
fn is_call_for_help(error: &clap::Error) -> bool {
    error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// What notation says.
fn of_notation(
    error: &clap::Error,
    root: &Command,
    arguments: &[OsString],
) -> Option<CommandOutput> {
    let called = Called::Notation;
    let help = || {
        terminal::named(
            Cli::command()
                .bin_name(called.name())
                .render_help()
                .to_string(),
        )
    };
    let topics: Vec<&str> = arguments
        .iter()
        .filter_map(|word| word.to_str())
        .skip(1)
        .collect();
    match (error.kind(), topics.as_slice()) {
        (ErrorKind::MissingSubcommand, _) => {
            return Some(CommandOutput {
                stdout: help(),
                ..CommandOutput::done()
            });
        }
        (ErrorKind::InvalidSubcommand, ["help", topic, ..])
            if root.find_subcommand(topic).is_some() =>
        {
            // What follows the name of a command is passed over.
            let (command, path) = reader::command_of(root, arguments.get(1..)?, called);
            let help = command.clone().bin_name(path).render_long_help();
            return Some(CommandOutput {
                stdout: terminal::named(help.to_string()),
                ..CommandOutput::done()
            });
        }
        (ErrorKind::InvalidSubcommand, ["help", topics @ ..]) => {
            let topics: Vec<String> = topics.iter().map(|topic| format!("`{topic}`")).collect();
            let topics = output::one_line(&topics.join(" "));
            return Some(CommandOutput {
                stderr: format!("Unknown help topic [{topics}]\n{}", help()),
                ..CommandOutput::done()
            });
        }
        _ => {}
    }
    let said = notation::said(error, root, arguments)?;
    let mut warning = "";
    if said.is_combination {
        let (_, path) = reader::command_of(root, arguments, called);
        match experimental::admitted(&path, arguments, &context::environment()) {
            Ok(first) => warning = first,
            Err(report) => return Some(report),
        }
    }
    let mut stderr = format!("{warning}Error: {}\n", said.sentence);
    write_advice(&mut stderr, advice(error, root, arguments, called));
    Some(CommandOutput {
        stderr,
        exit: Exit::Usage,
        ..CommandOutput::done()
    })
}

/// The same error with what the user wrote on one line each, without advice that does not help.
fn cleaned(mut error: clap::Error) -> clap::Error {
    let foreign: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => {
                Some((kind, ContextValue::String(output::one_line(text))))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in foreign {
        error.insert(kind, value);
    }
    // No value here begins with a dash; and what draws on the terminal is better not written in another way.
    let superfluous =
        |tip: &str| tip.contains(printable::draws) || tip.contains(" as a value, use ");
    let tips: Vec<ContextKind> = error
        .context()
        .filter(|(_, value)| match value {
            ContextValue::StyledStrs(tips) => tips.iter().any(|tip| superfluous(&tip.to_string())),
            _ => false,
        })
        .map(|(kind, _)| kind)
        .collect();
    for kind in tips {
        error.remove(kind);
    }
    error
}

/// What the user probably meant, where clap cannot know it.
fn advice(
    error: &clap::Error,
    root: &Command,
    arguments: &[OsString],
    called: Called,
) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_some_and(str::is_empty) => {
            let is_given =
                |word: &OsString| word.is_empty() || word.to_string_lossy().ends_with('=');
            let is_given = arguments.iter().any(is_given);
            is_given.then(|| "the value is empty; a variable may not be set".to_owned())
        }
        ErrorKind::UnknownArgument => {
            let (command, path) = reader::command_of(root, arguments, called);
            let flags = reader::flags_of(root, command);
            let flag = text(ContextKind::InvalidArg)?;
            with_one_dash(arguments, &flags)
                .or_else(|| other_name(flag))
                .or_else(|| has_it(root, flag, &path))
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::Strings(missing)) => missing.as_slice(),
                _ => &[],
            };
            let (command, _) = reader::command_of(root, arguments, called);
            let flags = reader::flags_of(root, command);
            let mut known = INSTEAD.iter().filter(|(argument, flag, _)| {
                missing.iter().any(|one| one == argument) && flags.iter().any(|one| one == flag)
            });
            known.next().map(|(.., advice)| (*advice).to_owned())
        }
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand)?;
            word.contains(['/', ':', '@']).then(|| {
                "a command comes before the reference, as in `countersign verify REFERENCE`"
                    .to_owned()
            })
        }
        _ => None,
    }
}

/// A long flag that was written with one dash.
fn with_one_dash(arguments: &[OsString], flags: &[String]) -> Option<String> {
    let words = arguments.iter().filter_map(|argument| argument.to_str());
    let mut names = words.filter(|word| word.starts_with('-') && !word.starts_with("--"));
    names.find_map(|word| {
        let name = word.split('=').next()?;
        let meant = format!("-{name}");
        flags
            .contains(&meant)
            .then(|| format!("write two dashes: `{meant}`"))
    })
}

fn other_name(flag: &str) -> Option<String> {
    let known = OTHER_NAMES.iter().find(|(other, _)| *other == flag);
    known.map(|(_, advice)| (*advice).to_owned())
}

/// Which commands have `flag`, if this one has not.
fn has_it(root: &Command, flag: &str, path: &str) -> Option<String> {
    if !flag.starts_with("--") {
        return None;
    }
    let mut commands = Vec::new();
    with_flag(root, root, root.get_name(), flag, &mut commands);
    commands.truncate(NAMED_COMMANDS);
    (!commands.is_empty()).then(|| {
        format!(
            "`{path}` does not have `{flag}`; {} does",
            commands.join(" or ")
        )
    })
}

fn with_flag(root: &Command, command: &Command, path: &str, flag: &str, found: &mut Vec<String>) {
    for inner in command.get_subcommands() {
        with_flag(
            root,
            inner,
            &format!("{path} {}", inner.get_name()),
            flag,
            found,
        );
    }
    let has_flag = reader::flags_of(root, command)
        .iter()
        .any(|known| known == flag);
    if !command.has_subcommands() && has_flag {
        found.push(format!("`{path}`"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stderr(line: &str) -> String {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let error = line::parse(&arguments).err().unwrap();
        report(error, &arguments, Called::Countersign).stderr
    }

    #[test]
    fn advice_is_about_what_was_typed() {
        for (line, hint) in [
            (
                "countersign sign -signing-profile ARN app",
                "hint: write two dashes: `--signing-profile`\n",
            ),
            (
                "countersign sign --signature-manifest image app",
                "hint: omit the flag: a signature is always an OCI image manifest\n",
            ),
            (
                "countersign verify --if-missing app",
                "hint: `countersign verify` does not have `--if-missing`; `countersign sign` or `countersign lambda sign` does\n",
            ),
            (
                "countersign gate audit-service --function ARN",
                "hint: name services, or look at all of them with `--all`",
            ),
            (
                "countersign verify",
                "hint: name artifacts, or a file that names them: `--references-from FILE`",
            ),
            (
                "countersign cert add --type ca --store acme",
                "hint: name certificate files, or add AWS Signer's roots with `--aws-signer`",
            ),
            (
                "countersign lambda verify app.zip",
                "hint: name who must have signed: `--signing-profile VERSION_ARN` or `--code-signing-config ARN`",
            ),
            (
                "countersign localhost/app:v1",
                "hint: a command comes before the reference, as in `countersign verify REFERENCE`\n",
            ),
        ] {
            let stderr = stderr(line);
            // Where the command is described may follow: a process says it once.
            assert!(stderr.contains(hint.trim_end()), "{stderr}");
            assert!(!stderr.contains("For more information"), "{stderr}");
        }
    }

    #[test]
    fn every_flag_that_advice_names_exists_and_no_replaced_one_does() {
        let mut commands = Vec::new();
        for (other, _) in OTHER_NAMES {
            assert_eq!(has_it(&line::all_commands(), other, "countersign"), None);
        }
        let instead = INSTEAD.map(|(.., advice)| advice);
        for advice in OTHER_NAMES.map(|(_, advice)| advice).iter().chain(&instead) {
            let spans = advice.split('`').skip(1).step_by(2);
            let flags = spans.filter(|span| span.starts_with("--"));
            for flag in flags.filter_map(|span| span.split(' ').next()) {
                commands.clear();
                let root = line::all_commands();
                with_flag(&root, &root, "countersign", flag, &mut commands);
                assert!(!commands.is_empty(), "no command has `{flag}`: {advice}");
            }
        }
    }
}
