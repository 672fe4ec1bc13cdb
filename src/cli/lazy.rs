//! Commands whose flags are described only when they are asked for.
//!
//! The description of all commands is a third of what a short command costs; a run needs one of them.

use clap::{ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};

/// The flags of one command, or the commands of a group.
#[derive(Debug)]
pub(super) struct Lazy<T>(pub(super) T);

/// Describes `command` by `describe`, but leaves what its own line in the list of commands says.
fn described(command: Command, describe: impl Fn(Command) -> Command) -> Command {
    let about = command.get_about().cloned().unwrap_or_default();
    let after_help = command.get_after_help().cloned();
    let described = describe(command).about(about).long_about(None);
    match after_help {
        Some(after_help) => described.after_help(after_help),
        None => described,
    }
}

impl<T: FromArgMatches> FromArgMatches for Lazy<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        T::from_arg_matches(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<T: Args> Args for Lazy<T> {
    fn augment_args(command: Command) -> Command {
        command.defer(|command| described(command, T::augment_args))
    }

    fn augment_args_for_update(command: Command) -> Command {
        command.defer(|command| described(command, T::augment_args_for_update))
    }
}

impl<T: Subcommand> Subcommand for Lazy<T> {
    fn augment_subcommands(command: Command) -> Command {
        command.defer(|command| described(command, T::augment_subcommands))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        command.defer(|command| described(command, T::augment_subcommands_for_update))
    }

    fn has_subcommand(name: &str) -> bool {
        T::has_subcommand(name)
    }
}
