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
    let head = ["NAME", "STATUS", "VALIDITY", "ARN", "VERSION"].map(str::to_owned);
    let rows = profiles.iter().map(|profile| {
        let validity = profile.validity.clone();
        [
            profile.name.clone(),
            profile.status.clone(),
            validity.unwrap_or_else(|| "not known".to_owned()),
            profile.arn.clone(),
            profile.version.clone(),
        ]
    });
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(rows).collect();
    if !list.is_complete {
        document
            .warnings
            .push("there are more signing profiles than are read".to_owned());
        document.exit_code = Exit::Inconclusive;
    }
    if list.is_complete && profiles.is_empty() {
        let region = session.signer.region();
        document.warnings.push(if args.all {
            format!("there are no signing profiles in region `{region}`")
        } else {
            format!("there are no active signing profiles in region `{region}`")
        });
    }
    document.profiles = Some(profiles);
    Ok(ManagementAnswer {
        document,
        text: table(&rows),
    })
}
