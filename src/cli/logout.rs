//! `countersign logout`: has the credential of a registry forgotten.

use super::login::{Place, named};
use super::output::{CommandOutput, Exit, one_line};
use crate::report::in_notation;

/// Flags of `logout`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign logout registry.example\n\n\
    Who is not logged in is logged out as well.")]
pub(super) struct Args {
    /// The registry is reached over plain HTTP, as at `login`
    #[arg(long)]
    insecure_registry: bool,
    /// Registry: HOST or HOST:PORT
    #[arg(value_name = "REGISTRY")]
    server: Option<String>,
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    log_out(args).await.unwrap_or_else(|report| report)
}

async fn log_out(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let server = named(args.server.as_ref())?;
    let place = Place::of(server, args.insecure_registry)?;
    let erased = place.store.erase(&place.name, place.scheme).await;
    erased.map_err(|error| {
        let server = one_line(server);
        let sentence = format!(
            "failed to log out of {server}: failed to delete the credential for {server}: {}",
            in_notation::of_store(&error)
        );
        CommandOutput::error(Exit::Inconclusive, &sentence, &error, error.hint())
    })?;
    Ok(CommandOutput {
        stdout: "Logout Succeeded\n".to_owned(),
        ..CommandOutput::done()
    })
}
