//! `countersign gate`: decides what may run, by a gate policy.

mod args;
mod check;
mod text;

use super::output::CommandOutput;
use crate::report::Called;

/// The commands of `gate`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Decide whether images may run: all signers that the gate policy asks for must have signed
    Check(check::Args),
}

pub(super) async fn run(command: Command, _called: Called, emit: &mut dyn FnMut(CommandOutput)) {
    match command {
        Command::Check(args) => check::run(&args, emit).await,
    }
}
