//! `countersign plugin`: Notation's plugins, installed, listed and removed.

mod install;
mod list;
mod uninstall;

use super::context::{environment, no_directory};
use super::output::CommandOutput;
use crate::plugin_store::Error;
use crate::report::{Called, plugin_sentence};

/// Commands of `plugin`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Install a plugin, or a newer version of it
    #[command(visible_alias = "add")]
    Install(install::Args),
    /// List the installed plugins; each is run
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Remove a plugin
    #[command(visible_aliases = ["remove", "rm"])]
    Uninstall(uninstall::Args),
}

pub(super) async fn run(command: &Command, called: Called, emit: &mut dyn FnMut(CommandOutput)) {
    let environment = environment();
    let plugins = match environment.plugins() {
        Ok(plugins) => plugins,
        Err(error) => return emit(no_directory(&error)),
    };
    match command {
        Command::Install(args) => install::run(args, called, &environment, &plugins, emit).await,
        Command::List(args) => emit(list::run(args, &plugins).await),
        Command::Uninstall(args) => emit(uninstall::run(args, &plugins)),
    }
}

/// What is said of a plugin that could not be installed or removed; `sentence` has lines of ours.
fn report(exit: super::output::Exit, sentence: &str, error: &Error) -> CommandOutput {
    CommandOutput::error_in_lines(exit, sentence, error, error.hint())
        .caused_by(plugin_sentence::found(error))
}
