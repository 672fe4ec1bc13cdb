//! `countersign profile revoke`: a signing profile whose signatures from a time on are not trusted.

use crate::cli::management::count::{CountArgs, count};
use crate::cli::management::{
    AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop, sentences, unchanged,
};
use crate::report::{ManagementState, ManagementV1};
use crate::signing_profiles::{Consequence, Effect, Need, ProfileId, Reason};

pub(super) const ACTION: &str = "profile revoke";

/// Flags of `profile revoke`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign profile revoke ARN --effective-time 2026-06-01T12:00:00Z --reason \"key leaked\" --dry-run \
    --count-in registry.example/app\n  \
    countersign profile revoke release --effective-time 2026-06-01T12:00:00Z --reason \"key leaked\"")]
pub(in crate::cli) struct Args {
    /// Name in this account, or ARN
    #[arg(value_name = "PROFILE")]
    profile: String,
    /// Time in the past, for example 2026-06-01T12:00:00Z: signatures made then or later are rejected
    #[arg(long, value_name = "TIME")]
    effective_time: String,
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
    let id = ProfileId::parse(&args.profile)?;
    let reason = Reason::parse(&args.reason)?;
    let now = crate::cli::context::environment().now();
    let effect = Effect::parse(&args.effective_time, now)?;
    let counting = args.count.is_given().then_some(&args.count);
    let session = Session::open(&args.answer, counting, &id, id.location()).await?;
    let signer = &session.signer;
    let profile = session.step(signer.own_profile(&id)).await?;
    let mut document = super::about(
        ManagementV1::new(ACTION, ManagementState::Planned),
        &profile,
    );
    let arn = profile.profile();
    if profile.check_revoke(effect)? == Need::Nothing {
        let sentence = format!("Signing profile {arn} is revoked already from {effect} on");
        return Ok(unchanged(document, &sentence));
    }
    let before = profile.revoked_from();
    document.count = count(&session, &args.count, arn, |claims| {
        let time = claims.signing_time();
        time >= effect.time() && before.is_none_or(|before| time < before)
    })
    .await?;
    let change = Change {
        what: format!("revoke signing profile `{arn}` from {effect} on"),
        consequences: sentences(&Consequence::of_revoke(effect, before)),
    };
    let done = format!("Revoked signing profile {arn} for signatures made at {effect} or later");
    let work = signer.revoke(&profile, effect, &reason);
    let mut answer = session
        .carry_out(&args.change, &change, document, work, &done)
        .await?;
    if answer.document.state == ManagementState::Done {
        answer.document = super::renewed(&session, &id, answer.document).await;
    }
    Ok(answer)
}
