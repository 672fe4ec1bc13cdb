//! `countersign signature revoke`: a signature that is not trusted any more.

use crate::aws::CallErrorKind;
use crate::cli::management::count::{CountArgs, count};
use crate::cli::management::{
    AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop, sentences, unchanged,
};
use crate::report::{JobRecord, ManagementState, ManagementV1};
use crate::signing_profiles::{Consequence, Error, Job, JobId, Reason};

pub(super) const ACTION: &str = "signature revoke";

/// Flags of `signature revoke`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign signature revoke JOB --reason \"built from a stolen token\" --dry-run --count-in registry.example/app\n  \
    countersign signature revoke JOB --reason \"built from a stolen token\"\n  \
    countersign signature revoke --job-owner 444455556666 ID --reason \"wrong image\" --yes")]
pub(in crate::cli) struct Args {
    /// Signing job: ID, or ARN; `inspect` shows it as `com.amazonaws.signer.signingJob`
    #[arg(value_name = "JOB")]
    job: String,
    /// Account that owns the job [default: the account of the credentials, or of the ARN]
    #[arg(long, value_name = "ACCOUNT")]
    job_owner: Option<String>,
    /// Why, in 1 to 500 characters; AWS keeps it
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    count: CountArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let id = JobId::parse(&args.job)?.owned_by(args.job_owner.as_deref())?;
    let reason = Reason::parse(&args.reason)?;
    let counting = args.count.is_given().then_some(&args.count);
    let session = Session::open(&args.answer, counting, &id, id.location()).await?;
    let mut document = ManagementV1::new(ACTION, ManagementState::Planned);
    let job = match session.step(session.signer.job(&id)).await {
        Ok(job) => Some(job),
        Err(error) if !args.count.is_given() && may_go_on(&id, &error) => {
            let warning = format!("the signing job could not be examined: {error}");
            document.warnings.push(warning);
            None
        }
        Err(error) => return Err(error.into()),
    };
    let called = job
        .as_ref()
        .map_or_else(|| id.to_string(), |job| job.arn.to_string());
    document.jobs = job.as_ref().map(|job| vec![JobRecord::new(job)]);
    if job.as_ref().is_some_and(|job| job.is_revoked) {
        let sentence = format!("The signature of job {called} is revoked already");
        return Ok(unchanged(document, &sentence));
    }
    if let Some((job, profile)) = job
        .as_ref()
        .and_then(|job| Some((job, job.profile.as_ref()?)))
    {
        let is_it = |claims: &crate::extended_validation::Claims| *claims.job() == job.arn;
        document.count = count(&session, &args.count, profile.profile(), is_it).await?;
    }
    let change = Change {
        what: format!(
            "revoke the signature of job `{called}`{}",
            of_profile(job.as_ref())
        ),
        consequences: sentences(&Consequence::of_revoke_signature()),
    };
    let done = format!("Revoked the signature of job {called}");
    let work = session.signer.revoke_signature(&id, &reason);
    let mut answer = session
        .carry_out(&args.change, &change, document, work, &done)
        .await?;
    if answer.document.state == ManagementState::Done
        && job.is_some()
        && let Ok(job) = session.step(session.signer.job(&id)).await
    {
        answer.document.jobs = Some(vec![JobRecord::new(&job)]);
    }
    Ok(answer)
}

/// Whether a job that could not be looked at may be revoked: the permission to revoke does not include the permission
/// to look, and AWS shows a job of another account only to the identity that asked for it.
fn may_go_on(id: &JobId, error: &Error) -> bool {
    match error {
        Error::NoJob { .. } => id.owner().is_some(),
        Error::Call(error) => error.kind() == CallErrorKind::Denied,
        _ => false,
    }
}

fn of_profile(job: Option<&Job>) -> String {
    job.and_then(|job| job.profile.as_ref())
        .map(|profile| format!(" by signing profile `{}`", profile.profile()))
        .unwrap_or_default()
}
