//! `countersign lambda config detach`: any code for a function again.

use super::session::{config_of, function, open_at, planned};
use crate::cli::management::{AnswerArgs, Change, ChangeArgs, ManagementAnswer, Stop, unchanged};
use crate::code_signing::configuration::{of_detach, of_function};

pub(super) const ACTION: &str = "lambda config detach";

/// Flags of `lambda config detach`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda config detach --dry-run FUNCTION\n  \
    countersign lambda config detach --yes arn:aws:lambda:us-east-1:111122223333:function:api")]
pub(in crate::cli) struct Args {
    /// Name or ARN of the function
    #[arg(value_name = "FUNCTION")]
    function: String,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let name = function(&args.function)?;
    let session = open_at(&args.answer, &name).await?;
    let aws = session.context.aws();
    let mut document = planned(ACTION);
    document.function = Some(name.to_string());
    let Some(before) = config_of(&session, &aws, &name).await? else {
        let sentence = format!("Function {name} does not have a code signing configuration");
        return Ok(unchanged(document, &sentence));
    };
    let change = Change {
        what: format!("detach code signing configuration `{before}` from function `{name}`"),
        consequences: of_detach(&before.to_string()),
    };
    let asking = aws.detach_code_signing_config(&name, session.signer.region());
    let work = of_function(&name, None, asking);
    let done = format!("Detached configuration {before} from function {name}");
    session
        .carry_out(&args.change, &change, document, work, &done)
        .await
}
