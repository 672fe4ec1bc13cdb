//! `countersign logout`: has the credential of a registry forgotten.

use super::login::{Place, of_store};
use super::output::{CommandOutput, Exit, one_line};

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
    server: String,
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    let place = match Place::of(&args.server, args.insecure_registry) {
        Ok(place) => place,
        Err(report) => return report,
    };
    match place.store.erase(&place.name, place.scheme).await {
        Ok(()) => CommandOutput {
            stdout: "Logout Succeeded\n".to_owned(),
            ..CommandOutput::done()
        },
        Err(error) => {
            let server = one_line(&args.server);
            let sentence = format!(
                "failed to log out of {server}: failed to delete the credential for {server}: {}",
                of_store(&error)
            );
            CommandOutput::error(Exit::Inconclusive, &sentence, &error, error.hint())
        }
    }
}
