//! `countersign plugin uninstall`: removes a plugin with everything in its directory.

use std::path::Path;

use super::super::confirm::confirm;
use super::super::output::{CommandOutput, Exit, one_line};
use super::report;
use crate::plugin_store::{self, Error};
use crate::report::plugin_sentence;

/// Flags of `plugin uninstall`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign plugin uninstall example\n  \
    countersign plugin uninstall --yes example")]
pub(in crate::cli) struct Args {
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Name of the plugin
    #[arg(value_name = "NAME")]
    names: Vec<String>,
}

pub(super) fn run(args: &Args, plugins: &Path) -> CommandOutput {
    match uninstall(args, plugins) {
        Ok(stdout) => CommandOutput {
            stdout,
            ..CommandOutput::done()
        },
        Err(report) => report,
    }
}

fn uninstall(args: &Args, plugins: &Path) -> Result<String, CommandOutput> {
    let name = match args.names.as_slice() {
        [name] => name,
        [] => return Err(CommandOutput::usage("plugin name is required", None)),
        _ => {
            return Err(CommandOutput::usage(
                "only one plugin can be removed at a time",
                None,
            ));
        }
    };
    let failed = |error: Error| {
        let sentence = plugin_sentence::of_uninstall(name, &error);
        report(Exit::Usage, &sentence, &error)
    };
    plugin_store::check(name, plugins).map_err(failed)?;
    let shown = one_line(name);
    let question = format!("Are you sure you want to uninstall plugin \"{shown}\"?");
    confirm("", &question, args.yes)?;
    plugin_store::uninstall(name, plugins).map_err(failed)?;
    Ok(format!("Successfully uninstalled plugin {shown}\n"))
}
