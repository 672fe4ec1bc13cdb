//! `countersign lambda config list`: the code signing configurations of an account in a region.

use super::session::planned;
use crate::cli::management::{AnswerArgs, ManagementAnswer, Session, Stop};
use crate::cli::output::Exit;
use crate::cli::table::table;
use crate::code_signing::configuration::answered;
use crate::report::{ConfigurationRecord, ManagementState};

pub(super) const ACTION: &str = "lambda config list";

/// Flags of `lambda config list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda config list\n  \
    countersign lambda config list --plugin-config aws-region=eu-central-1 --output json")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let what = "code signing configurations";
    let session = Session::open(&args.answer, None, &what, None).await?;
    let aws = session.context.aws();
    let asking = aws.code_signing_configs(session.signer.region());
    let list = session.step(answered(asking)).await?;
    let mut document = planned(ACTION);
    document.state = ManagementState::Shown;
    let records: Vec<_> = list.entries.iter().map(ConfigurationRecord::new).collect();
    let head = ["OTHER CODE", "PROFILES", "ARN", "DESCRIPTION"].map(str::to_owned);
    let rows = records.iter().map(|record| {
        [
            record.untrusted.to_owned(),
            record.profiles.len().to_string(),
            record.arn.clone(),
            record.description.clone().unwrap_or_default(),
        ]
    });
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    if !list.is_complete {
        let warning = "there are more code signing configurations than are read";
        document.warnings.push(warning.to_owned());
        document.exit_code = Exit::Inconclusive;
    }
    document.configurations = Some(records);
    Ok(ManagementAnswer {
        document,
        text: table(&rows),
    })
}
