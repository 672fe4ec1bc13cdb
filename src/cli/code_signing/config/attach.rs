//! `countersign lambda config attach`: the code of a function held to a configuration.

use super::session::{config, config_of, function, open_at, planned, renewed};
use crate::cli::management::{AnswerArgs, Change, ChangeArgs, ManagementAnswer, Stop, unchanged};
use crate::code_signing::configuration::{Error, of_attach, of_config, of_function};
use crate::report::{ConfigurationRecord, ManagementState};

pub(super) const ACTION: &str = "lambda config attach";

/// Flags of `lambda config attach`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda config attach CONFIG_ARN FUNCTION\n  \
    countersign lambda config attach --dry-run CONFIG_ARN FUNCTION\n  \
    countersign lambda config attach --yes CONFIG_ARN arn:aws:lambda:us-east-1:111122223333:function:api")]
pub(in crate::cli) struct Args {
    /// ARN of the configuration
    #[arg(value_name = "CONFIG_ARN")]
    config: String,
    /// Name or ARN of the function; the configuration counts for all its versions
    #[arg(value_name = "FUNCTION")]
    function: String,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let arn = config(&args.config)?;
    let name = function(&args.function)?;
    if name
        .location()
        .is_some_and(|location| location != *arn.location())
    {
        return Err(Error::Apart {
            function: name.to_string(),
            config: arn.to_string(),
        }
        .into());
    }
    let session = open_at(&args.answer, &name).await?;
    let region = session.signer.region();
    let aws = session.context.aws();
    let found = session
        .step(of_config(&arn, aws.code_signing_config(&arn)))
        .await?;
    let asking = of_function(&name, None, aws.function(&name, region));
    let code = session.step(asking).await?;
    if code.function.is_image {
        return Err(Error::IsImage(name.to_string()).into());
    }
    let before = config_of(&session, &aws, &name).await?;
    let mut document = planned(ACTION);
    document.function = Some(code.function.arn.function().to_owned());
    document.configurations = Some(vec![ConfigurationRecord::new(&found)]);
    if before.as_ref() == Some(&arn) {
        let sentence = format!("Function {name} has the configuration already");
        return Ok(unchanged(document, &sentence));
    }
    let before = before.map(|arn| arn.to_string());
    let change = Change {
        what: format!("attach code signing configuration `{arn}` to function `{name}`"),
        consequences: of_attach(found.untrusted, before.as_deref()),
    };
    let asking = aws.attach_code_signing_config(&name, &arn, region);
    let work = of_function(&name, Some(&arn), asking);
    let done = format!("Attached configuration {arn} to function {name}");
    let mut answer = session
        .carry_out(&args.change, &change, document, work, &done)
        .await?;
    if answer.document.state == ManagementState::Done {
        answer.document = renewed(&session, &arn, answer.document).await;
    }
    Ok(answer)
}
