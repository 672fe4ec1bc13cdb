//! `countersign lambda`: the packages of AWS Lambda's functions, signed and held to code signing configurations.

mod audit;
mod config;
mod iam_policy;

use super::output::CommandOutput;

/// Commands of `lambda`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Manage code signing configurations: who may sign what is deployed
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign lambda config create --signing-profile release\n  \
        countersign lambda config attach CONFIG_ARN FUNCTION"
    )]
    Config(config::Command),
    /// Find functions that other code than signed code can be deployed to, and why
    Audit(audit::Args),
    /// Write the policy of a role that may deploy signed code only
    IamPolicy(iam_policy::Args),
}

pub(super) async fn run(command: &Command) -> CommandOutput {
    match command {
        Command::Config(command) => config::run(command).await,
        Command::Audit(args) => Box::pin(audit::run(args)).await,
        Command::IamPolicy(args) => iam_policy::run(args),
    }
}
