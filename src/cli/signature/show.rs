//! `countersign signature show`: who made a signature.

use crate::cli::management::count::{CountArgs, count};
use crate::cli::management::{AnswerArgs, ManagementAnswer, Session, Stop, text};
use crate::cli::output::Exit;
use crate::report::{JobRecord, ManagementState, ManagementV1};
use crate::signing_profiles::JobId;

pub(super) const ACTION: &str = "signature show";

/// Flags of `signature show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign signature show arn:aws:signer:us-east-1:111122223333:/signing-jobs/ID\n  \
    countersign signature show JOB --count-in registry.example/app    (what was signed)")]
pub(in crate::cli) struct Args {
    /// Signing job: ID in this account, or ARN; `inspect` shows it as `com.amazonaws.signer.signingJob`
    #[arg(value_name = "JOB")]
    job: String,
    #[command(flatten)]
    count: CountArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let id = JobId::parse(&args.job)?;
    let counting = args.count.is_given().then_some(&args.count);
    let session = Session::open(&args.answer, counting, &id, id.location()).await?;
    let job = session.step(session.signer.job(&id)).await?;
    let record = JobRecord::new(&job);
    let mut document = ManagementV1::new(ACTION, ManagementState::Shown);
    let mut shown = text::job(&record);
    document.jobs = Some(vec![record]);
    if let Some(profile) = &job.profile {
        let is_it = |claims: &crate::extended_validation::Claims| *claims.job() == job.arn;
        document.count = count(&session, &args.count, profile.profile(), is_it).await?;
    } else if args.count.is_given() {
        let warning =
            "AWS Signer does not say which signing profile signed, so nothing was counted";
        document.warnings.push(warning.to_owned());
        document.exit_code = Exit::Inconclusive;
    }
    shown += &text::signed(document.count.as_ref());
    if document.count.as_ref().is_some_and(|count| !count.complete) {
        document.exit_code = Exit::Inconclusive;
    }
    Ok(ManagementAnswer {
        document,
        text: shown,
    })
}
