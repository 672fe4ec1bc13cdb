//! `countersign signature`: signatures that AWS Signer made, by their signing jobs.

mod revoke;
mod show;

use super::management::output;
use super::output::CommandOutput;

/// Commands of `signature`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show who made a signature, when, and with which signing profile
    Show(show::Args),
    /// End the trust in the signature of a signing job
    Revoke(revoke::Args),
}

pub(super) async fn run(command: &Command) -> CommandOutput {
    match command {
        Command::Show(args) => output(show::ACTION, &args.answer, Box::pin(show::run(args)).await),
        Command::Revoke(args) => output(
            revoke::ACTION,
            &args.answer,
            Box::pin(revoke::run(args)).await,
        ),
    }
}
