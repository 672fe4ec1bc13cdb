//! `countersign profile revoke-grant`: another account that may no longer use a signing profile.

use crate::cli::management::{
    AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop, sentences,
};
use crate::report::{ManagementState, ManagementV1, PermissionRecord};
use crate::signing_profiles::{Consequence, ProfileId, StatementId};

pub(super) const ACTION: &str = "profile revoke-grant";

/// Flags of `profile revoke-grant`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign profile show release    (shows the IDs)\n  \
    countersign profile revoke-grant release 444455556666-SignPayload")]
pub(in crate::cli) struct Args {
    /// Name in this account, or ARN
    #[arg(value_name = "PROFILE")]
    profile: String,
    /// ID of the permission, as `profile show` shows it
    #[arg(value_name = "ID")]
    statement_id: String,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let id = ProfileId::parse(&args.profile)?;
    let statement = StatementId::parse(&args.statement_id)?;
    let session = Session::open(&args.answer, None, &id, id.location()).await?;
    let signer = &session.signer;
    let profile = session.step(signer.own_profile(&id)).await?;
    let permissions = session.step(signer.permissions(&profile)).await?;
    let mut document = super::about(
        ManagementV1::new(ACTION, ManagementState::Planned),
        &profile,
    );
    let arn = profile.profile();
    let found = profile.check_revoke_grant(&permissions, &statement)?;
    let records = permissions.statements.iter().map(PermissionRecord::new);
    document.permissions = Some(records.collect());
    let change = Change {
        what: format!(
            "remove permission `{}` from signing profile `{arn}`",
            statement.as_str()
        ),
        consequences: sentences(&Consequence::of_revoke_grant(
            &found.principal,
            &found.action,
        )),
    };
    let done = format!("Removed permission {} from {arn}", statement.as_str());
    let work = signer.revoke_grant(&profile, &permissions, &statement);
    let mut answer = session
        .carry_out(&args.change, &change, document, work, &done)
        .await?;
    if answer.document.state == ManagementState::Done
        && let Some(left) = &mut answer.document.permissions
    {
        left.retain(|permission| permission.id != statement.as_str());
    }
    Ok(answer)
}
