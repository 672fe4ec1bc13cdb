//! `countersign lambda config delete`: a code signing configuration that no function has.

use super::session::{config, planned};
use crate::cli::management::{AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop};
use crate::code_signing::configuration::{Error, of_config, of_delete};
use crate::report::ConfigurationRecord;

pub(super) const ACTION: &str = "lambda config delete";

/// Flags of `lambda config delete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda config delete --dry-run CONFIG_ARN\n  \
    countersign lambda config delete --yes CONFIG_ARN")]
pub(in crate::cli) struct Args {
    /// ARN of the configuration
    #[arg(value_name = "CONFIG_ARN")]
    config: String,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let arn = config(&args.config)?;
    let session = Session::open(&args.answer, None, &arn, Some(arn.location())).await?;
    let aws = session.context.aws();
    let found = session
        .step(of_config(&arn, aws.code_signing_config(&arn)))
        .await?;
    let functions = session
        .step(of_config(&arn, aws.functions_of_config(&arn)))
        .await?;
    if !functions.entries.is_empty() {
        return Err(Error::InUse {
            config: arn.to_string(),
            functions: functions.entries.len(),
        }
        .into());
    }
    let mut document = planned(ACTION);
    document.configurations = Some(vec![ConfigurationRecord::new(&found)]);
    let change = Change {
        what: format!("delete code signing configuration `{arn}`"),
        consequences: of_delete(),
    };
    let work = of_config(&arn, aws.delete_code_signing_config(&arn));
    let done = format!("Deleted code signing configuration {arn}");
    session
        .carry_out(&args.change, &change, document, work, &done)
        .await
}
