//! `countersign plugin list`: the installed plugins.

use std::path::Path;

use super::super::args::Output;
use super::super::output::{CommandOutput, Exit};
use super::super::table::table;
use super::report;
use crate::plugin_store::{self, InstalledPlugin};
use crate::report::results::whole;
use crate::report::{PluginsV1, plugin_sentence};

/// Flags of `plugin list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign plugin list\n  \
    countersign plugin list --output json")]
pub(in crate::cli) struct Args {
    /// Output format: `json` is one document on stdout, see schemas/plugins.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
}

pub(super) async fn run(args: &Args, plugins: &Path) -> CommandOutput {
    let installed = match plugin_store::list(plugins).await {
        Ok(installed) => installed,
        Err(error) => return report(Exit::Usage, &plugin_sentence::of_list(&error), &error),
    };
    let stdout = match args.output {
        Output::Json => whole(&PluginsV1::new(&installed)),
        Output::Text => {
            let head =
                ["NAME", "DESCRIPTION", "VERSION", "CAPABILITIES", "ERROR"].map(str::to_owned);
            let rows: Vec<_> = std::iter::once(head)
                .chain(installed.iter().map(row))
                .collect();
            table(&rows)
        }
    };
    CommandOutput {
        stdout,
        ..CommandOutput::done()
    }
}

/// A row as notation has it, a Go program's word for no error included.
fn row(installed: &InstalledPlugin) -> [String; 5] {
    let name = installed.name.clone();
    match &installed.metadata {
        Ok(metadata) => [
            name,
            metadata.description.clone(),
            metadata.version.clone(),
            format!("[{}]", metadata.capabilities.join(" ")),
            "<nil>".to_owned(),
        ],
        Err(error) => [
            name,
            String::new(),
            String::new(),
            "[]".to_owned(),
            plugin_sentence::of_listed(error),
        ],
    }
}
