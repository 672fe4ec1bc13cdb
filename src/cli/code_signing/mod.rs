//! `countersign lambda`: code signing of AWS Lambda.

mod source;
mod text;
mod verify;

use super::output::CommandOutput;

/// Commands of `lambda`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Verify signed packages: integrity, source mismatch, expiry, revocation
    Verify(verify::Args),
}

pub(super) async fn run(command: &Command, emit: &mut dyn FnMut(CommandOutput)) {
    match command {
        Command::Verify(args) => Box::pin(verify::run(args, emit)).await,
    }
}
