//! `countersign profile grant`: another account that may use a signing profile.

use crate::cli::management::{
    AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop, sentences, unchanged,
};
use crate::report::{ManagementState, ManagementV1, PermissionRecord};
use crate::signing_profiles::{
    Consequence, Need, Permission, Principal, ProfileId, SharedAction, StatementId,
};

pub(super) const ACTION: &str = "profile grant";

/// Flags of `profile grant`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign profile grant release --principal 444455556666\n  \
    countersign profile grant ARN --principal arn:aws:iam::444455556666:role/ci --action signer:RevokeSignature --yes")]
pub(in crate::cli) struct Args {
    /// Name in this account, or ARN
    #[arg(value_name = "PROFILE")]
    profile: String,
    /// Account, or ARN of an IAM role, that is permitted
    #[arg(long, value_name = "PRINCIPAL")]
    principal: String,
    /// Action: signer:SignPayload, signer:GetSigningProfile or signer:RevokeSignature
    #[arg(long, value_name = "ACTION", default_value = "signer:SignPayload")]
    action: String,
    /// ID of the permission [default: made of account, role and action]
    #[arg(long, value_name = "ID")]
    statement_id: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let id = ProfileId::parse(&args.profile)?;
    let principal = Principal::parse(&args.principal)?;
    let action = SharedAction::parse(&args.action)?;
    let statement = match &args.statement_id {
        Some(text) => StatementId::parse(text)?,
        None => action.statement_id(&principal)?,
    };
    let session = Session::open(&args.answer, None, &id, id.location()).await?;
    let signer = &session.signer;
    let profile = session.step(signer.own_profile(&id)).await?;
    let permissions = session.step(signer.permissions(&profile)).await?;
    let mut document = super::about(
        ManagementV1::new(ACTION, ManagementState::Planned),
        &profile,
    );
    let arn = profile.profile();
    let records =
        |statements: &[Permission]| statements.iter().map(PermissionRecord::new).collect();
    document.permissions = Some(records(&permissions.statements));
    let needed = profile.check_grant(&permissions, &principal, action, &statement)?;
    if needed == Need::Nothing {
        let sentence = format!("{principal} is permitted {action} on {arn} already");
        return Ok(unchanged(document, &sentence));
    }
    let change = Change {
        what: format!("permit `{principal}` the action `{action}` on signing profile `{arn}`"),
        consequences: sentences(&Consequence::of_grant(principal.as_str(), action)),
    };
    let done = format!(
        "Permitted {principal} {action} on {arn}, as permission {}",
        statement.as_str()
    );
    let work = signer.grant(&profile, &permissions, &principal, action, &statement);
    let mut answer = session
        .carry_out(&args.change, &change, document, work, &done)
        .await?;
    if answer.document.state == ManagementState::Done {
        let mut statements = permissions.statements.clone();
        statements.push(Permission {
            action: action.as_str().to_owned(),
            principal: principal.as_str().to_owned(),
            statement_id: statement.as_str().to_owned(),
            version: None,
        });
        answer.document.permissions = Some(records(&statements));
    }
    Ok(answer)
}
