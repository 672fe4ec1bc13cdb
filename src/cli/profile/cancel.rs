//! `countersign profile cancel`: a signing profile that signs no more.

use crate::cli::management::{
    AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop, sentences, unchanged,
};
use crate::report::{ManagementState, ManagementV1};
use crate::signing_profiles::{Consequence, Need, ProfileId};

pub(super) const ACTION: &str = "profile cancel";

/// Flags of `profile cancel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign profile cancel --dry-run release\n  \
    countersign profile cancel --yes ARN")]
pub(in crate::cli) struct Args {
    /// Name in this account, or ARN
    #[arg(value_name = "PROFILE")]
    profile: String,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let id = ProfileId::parse(&args.profile)?;
    let session = Session::open(&args.answer, None, &id, id.location()).await?;
    let signer = &session.signer;
    let profile = session.step(signer.own_profile(&id)).await?;
    let document = super::about(
        ManagementV1::new(ACTION, ManagementState::Planned),
        &profile,
    );
    let arn = profile.profile();
    if profile.check_cancel()? == Need::Nothing {
        return Ok(unchanged(
            document,
            &format!("Signing profile {arn} is canceled already"),
        ));
    }
    let change = Change {
        what: format!("cancel signing profile `{arn}`"),
        consequences: sentences(&Consequence::of_cancel()),
    };
    let done = format!("Canceled signing profile {arn}");
    let work = signer.cancel(&profile);
    let mut answer = session
        .carry_out(&args.change, &change, document, work, &done)
        .await?;
    if answer.document.state == ManagementState::Done {
        answer.document = super::renewed(&session, &id, answer.document).await;
    }
    Ok(answer)
}
