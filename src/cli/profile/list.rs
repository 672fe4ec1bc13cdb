//! `countersign profile list`: the signing profiles of an account in a region.

use crate::cli::management::{AnswerArgs, ManagementAnswer, Session, Stop};
use crate::cli::output::Exit;
use crate::cli::table::table;
use crate::report::{ManagementState, ManagementV1, ProfileRecord};

pub(super) const ACTION: &str = "profile list";

/// Flags of `profile list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign profile list\n  \
    countersign profile list --all --plugin-config aws-region=eu-central-1 --output json")]
pub(in crate::cli) struct Args {
    /// List canceled and revoked profiles too
    #[arg(short, long)]
    all: bool,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let session = Session::open(&args.answer, None, &"signing profiles", None).await?;
    let list = session.step(session.signer.profiles(args.all)).await?;
    let mut document = ManagementV1::new(ACTION, ManagementState::Shown);
    let profiles: Vec<ProfileRecord> = list.profiles.iter().map(ProfileRecord::new).collect();
    let head = ["NAME", "STATUS", "VALIDITY", "ARN"].map(str::to_owned);
    let rows = profiles.iter().map(|profile| {
        let validity = profile.validity.clone();
        [
            profile.name.clone(),
            profile.status.clone(),
            validity.unwrap_or_else(|| "not known".to_owned()),
            profile.version_arn.clone(),
        ]
    });
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    if !list.is_complete {
        document
            .warnings
            .push("there are more signing profiles than are read".to_owned());
        document.exit_code = Exit::Inconclusive;
    }
    document.profiles = Some(profiles);
    Ok(ManagementAnswer {
        document,
        text: table(&rows),
    })
}
