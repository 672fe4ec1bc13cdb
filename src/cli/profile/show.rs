//! `countersign profile show`: a signing profile, who may use it, and who used it.

use crate::aws::CallErrorKind;
use crate::cli::management::count::{CountArgs, count};
use crate::cli::management::{AnswerArgs, ManagementAnswer, Session, Stop, text};
use crate::cli::output::{Exit, short_line};
use crate::cli::reader::fitting;
use crate::limits::MAX_SHOWN_JOBS;
use crate::report::{JobRecord, ManagementState, ManagementV1, PermissionRecord, ProfileRecord};
use crate::signing_profiles::{Error, Profile, ProfileId};

pub(super) const ACTION: &str = "profile show";

/// Flags of `profile show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign profile show release\n  \
    countersign profile show --profile-owner 444455556666 release\n  \
    countersign profile show ARN --jobs 20    (who signed, and when)\n  \
    countersign profile show ARN --count-in registry.example/app    (what was signed)")]
pub(in crate::cli) struct Args {
    /// Name in this account, or ARN
    #[arg(value_name = "PROFILE")]
    profile: String,
    /// Account that owns the profile [default: the account of the credentials, or of the ARN]
    #[arg(long, value_name = "ACCOUNT")]
    profile_owner: Option<String>,
    /// Show so many of the newest signing jobs, at most 100
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=u64::try_from(MAX_SHOWN_JOBS).unwrap_or(u64::MAX)))]
    jobs: Option<u64>,
    #[command(flatten)]
    count: CountArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let id = ProfileId::parse(&args.profile)?.owned_by(args.profile_owner.as_deref())?;
    let counting = args.count.is_given().then_some(&args.count);
    let session = Session::open(&args.answer, counting, &id, id.location()).await?;
    let profile = session.step(session.signer.profile(&id)).await?;
    let record = ProfileRecord::new(&profile);
    let mut document = ManagementV1::new(ACTION, ManagementState::Shown);
    let mut shown = text::profile(&record);
    document.profiles = Some(vec![record]);
    let is_own = is_own(&session, &id, &profile).await?;
    let unknown = if is_own {
        show_permissions(&session, &profile, &mut document).await
    } else {
        let owner = profile.profile().location().account();
        format!("not known: only account {owner} can list them")
    };
    shown += &text::permissions(document.permissions.as_deref(), &unknown);
    if let Some(most) = args.jobs {
        shown += &show_jobs(&session, &profile, is_own, most, &mut document).await?;
    }
    document.count = count(&session, &args.count, profile.profile(), |_| true).await?;
    if let Some(found) = &document.count {
        shown += &text::signed(Some(found));
        if !found.complete {
            document.exit_code = Exit::Inconclusive;
        }
    }
    Ok(ManagementAnswer {
        document,
        text: shown,
    })
}

/// Whether the profile is the caller's own: only then AWS lists its permissions and jobs, and for another account's
/// profile it would list those of one with the same name.
async fn is_own(session: &Session, id: &ProfileId, profile: &Profile) -> Result<bool, Stop> {
    if id.owner().is_none() {
        return Ok(true);
    }
    match session.step(session.signer.own_profile(id)).await {
        Ok(own) => Ok(own.profile() == profile.profile()),
        Err(Error::OtherOwner { .. } | Error::NoProfile { .. }) => Ok(false),
        // It could be looked at as the owner's, and not as the caller's own.
        Err(Error::Call(error)) if error.kind() == CallErrorKind::Denied => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Adds the permissions, or why they are not known.
async fn show_permissions(
    session: &Session,
    profile: &Profile,
    document: &mut ManagementV1,
) -> String {
    match session.step(session.signer.permissions(profile)).await {
        Ok(permissions) => {
            let permissions = permissions.statements.iter().map(PermissionRecord::new);
            document.permissions = Some(permissions.collect());
        }
        Err(error) => {
            let hint = fitting(error.hint())
                .map(|hint| format!("; {hint}"))
                .unwrap_or_default();
            let warning = format!("the permissions could not be listed: {error}{hint}");
            document.warnings.push(short_line(&warning));
            document.exit_code = Exit::Inconclusive;
        }
    }
    "not known".to_owned()
}

async fn show_jobs(
    session: &Session,
    profile: &Profile,
    is_own: bool,
    most: u64,
    document: &mut ManagementV1,
) -> Result<String, Stop> {
    if !is_own {
        return Ok("signing jobs: not known: only the owner can list them\n".to_owned());
    }
    let most = usize::try_from(most)
        .unwrap_or(MAX_SHOWN_JOBS)
        .min(MAX_SHOWN_JOBS);
    let list = session.step(session.signer.jobs(profile, most)).await?;
    let jobs: Vec<JobRecord> = list.jobs.iter().map(JobRecord::new).collect();
    let at_least = if list.is_complete { "" } else { "at least " };
    let mut shown = format!(
        "signing jobs: {at_least}{}, {} shown\n",
        list.all,
        jobs.len()
    );
    for job in &jobs {
        shown.push('\n');
        shown += &text::job(job);
    }
    if !list.is_complete {
        let warning = "the account has more signing jobs than are read; newer ones may be missing";
        document.warnings.push(warning.to_owned());
        document.exit_code = Exit::Inconclusive;
    }
    document.jobs = Some(jobs);
    Ok(shown)
}
