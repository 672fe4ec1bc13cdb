//! `countersign lambda`: code signing of AWS Lambda.

mod audit;
mod config;
mod explain;
mod iam_policy;
mod progress;
mod roots;
mod sign;
mod sign_text;
mod source;
mod text;
mod verify;

use super::output::CommandOutput;

/// Commands of `lambda`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Have AWS Signer sign packages, and write the signed ones
    Sign(Box<sign::Args>),
    /// Verify signed packages: integrity, source mismatch, expiry, revocation
    Verify(verify::Args),
    /// Say what AWS Lambda would do with the code and the layers of a function, and why
    Explain(explain::Args),
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

pub(super) async fn run(command: &Command, emit: &mut dyn FnMut(CommandOutput)) {
    match command {
        Command::Sign(args) => Box::pin(sign::run(args, emit)).await,
        Command::Verify(args) => Box::pin(verify::run(args, emit)).await,
        Command::Explain(args) => emit(Box::pin(explain::run(args)).await),
        Command::Config(command) => emit(Box::pin(config::run(command)).await),
        Command::Audit(args) => emit(Box::pin(audit::run(args)).await),
        Command::IamPolicy(args) => emit(iam_policy::run(args)),
    }
}
