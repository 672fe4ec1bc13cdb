//! `countersign lambda config`: code signing configurations of AWS Lambda.

mod attach;
mod create;
mod delete;
mod detach;
mod list;
mod session;
mod show;
mod update;

use crate::cli::management::output;
use crate::cli::output::CommandOutput;

/// Commands of `lambda config`.
#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Create a code signing configuration
    Create(create::Args),
    /// Show a configuration or that of a function: its signing profiles, how they are, the functions that have it
    Show(show::Args),
    /// List the configurations of an account in a region
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// Change which profiles a configuration accepts, and what becomes of other code
    Update(update::Args),
    /// Hold the code of a function to a configuration
    Attach(attach::Args),
    /// Let any code be deployed to a function again
    Detach(detach::Args),
    /// Delete a configuration that no function has
    Delete(delete::Args),
}

pub(super) async fn run(command: &Command) -> CommandOutput {
    match command {
        Command::Create(args) => {
            let answer = Box::pin(create::run(args)).await;
            output(create::ACTION, &args.answer, answer)
        }
        Command::Show(args) => output(show::ACTION, &args.answer, Box::pin(show::run(args)).await),
        Command::List(args) => output(list::ACTION, &args.answer, Box::pin(list::run(args)).await),
        Command::Update(args) => {
            let answer = Box::pin(update::run(args)).await;
            output(update::ACTION, &args.answer, answer)
        }
        Command::Attach(args) => {
            let answer = Box::pin(attach::run(args)).await;
            output(attach::ACTION, &args.answer, answer)
        }
        Command::Detach(args) => {
            let answer = Box::pin(detach::run(args)).await;
            output(detach::ACTION, &args.answer, answer)
        }
        Command::Delete(args) => {
            let answer = Box::pin(delete::run(args)).await;
            output(delete::ACTION, &args.answer, answer)
        }
    }
}
