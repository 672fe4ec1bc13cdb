//! `countersign lambda config show`: a code signing configuration, its signing profiles, the functions that have it.

use super::session::{config, config_of, function, in_words, open_at, planned};
use crate::aws::CodeSigningConfigArn;
use crate::cli::management::{AnswerArgs, ManagementAnswer, Session, Stop};
use crate::cli::output::{Exit, short_line};
use crate::code_signing::configuration::of_config;
use crate::report::{ConfigurationRecord, ManagementState, ManagementV1};
use crate::signing_profiles::ProfileId;

pub(super) const ACTION: &str = "lambda config show";

/// Flags of `lambda config show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda config show CONFIG_ARN\n  \
    countersign lambda config show FUNCTION    (the one that the function has)\n  \
    countersign lambda config show arn:aws:lambda:us-east-1:111122223333:function:api --output json")]
pub(in crate::cli) struct Args {
    /// ARN of a configuration, or name or ARN of a function
    #[arg(value_name = "CONFIG_ARN|FUNCTION")]
    what: String,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let mut document = planned(ACTION);
    document.state = ManagementState::Shown;
    if args.what.contains(":code-signing-config:") {
        let arn = config(&args.what)?;
        let session = Session::open(&args.answer, None, &arn, Some(arn.location())).await?;
        return of(&session, &arn, document).await;
    }
    let name = function(&args.what)?;
    let session = open_at(&args.answer, &name).await?;
    document.function = Some(name.to_string());
    let aws = session.context.aws();
    if let Some(arn) = config_of(&session, &aws, &name).await? {
        return of(&session, &arn, document).await;
    }
    document.configurations = Some(Vec::new());
    let text = format!(
        "Function {name} does not have a code signing configuration: any code can be deployed to it\n"
    );
    Ok(ManagementAnswer { document, text })
}

async fn of(
    session: &Session,
    arn: &CodeSigningConfigArn,
    mut document: ManagementV1,
) -> Result<ManagementAnswer, Stop> {
    let aws = session.context.aws();
    let asking = of_config(arn, aws.code_signing_config(arn));
    let found = session.step(asking).await?;
    let mut record = ConfigurationRecord::new(&found);
    for (shown, profile) in record.profiles.iter_mut().zip(&found.profiles) {
        let id = ProfileId::parse(&profile.profile().to_string())?;
        match session.step(session.signer.profile(&id)).await {
            Ok(profile) => shown.looked_at(Ok(&profile)),
            Err(error) => {
                shown.looked_at(Err(short_line(&error.to_string())));
                document.exit_code = Exit::Inconclusive;
            }
        }
    }
    match session
        .step(of_config(arn, aws.functions_of_config(arn)))
        .await
    {
        Ok(functions) => {
            record = record.with_functions(&functions.entries);
            if !functions.is_complete {
                let warning = "more functions have the configuration than are read";
                document.warnings.push(warning.to_owned());
                document.exit_code = Exit::Inconclusive;
            }
        }
        Err(error) => {
            let warning = format!("the functions could not be listed: {error}");
            document.warnings.push(short_line(&warning));
            document.exit_code = Exit::Inconclusive;
        }
    }
    let text = in_words(&record);
    document.configurations = Some(vec![record]);
    Ok(ManagementAnswer { document, text })
}
