//! `countersign profile`: signing profiles of AWS Signer.

mod cancel;
mod create;
mod grant;
mod list;
mod revoke;
mod revoke_grant;
mod show;

use super::management::{Session, output};
use super::output::CommandOutput;
use crate::report::{ManagementV1, ProfileRecord};
use crate::signing_profiles::{Profile, ProfileId};

/// Commands of `profile`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Create a signing profile for container images
    Create(create::Args),
    /// Show a signing profile: status, validity, who revoked it, who may use it
    Show(show::Args),
    /// List the signing profiles for container images
    #[command(visible_alias = "ls")]
    List(list::Args),
    /// End signing with a profile; its signatures stay valid
    Cancel(cancel::Args),
    /// End signing with a profile, and the trust in what it signed from a time on
    Revoke(revoke::Args),
    /// Permit another account to use a profile
    Grant(grant::Args),
    /// Remove a permission of another account
    RevokeGrant(revoke_grant::Args),
}

pub(super) async fn run(command: &Command) -> CommandOutput {
    match command {
        Command::Create(args) => output(
            create::ACTION,
            &args.answer,
            Box::pin(create::run(args)).await,
        ),
        Command::Show(args) => output(show::ACTION, &args.answer, Box::pin(show::run(args)).await),
        Command::List(args) => output(list::ACTION, &args.answer, Box::pin(list::run(args)).await),
        Command::Cancel(args) => output(
            cancel::ACTION,
            &args.answer,
            Box::pin(cancel::run(args)).await,
        ),
        Command::Revoke(args) => output(
            revoke::ACTION,
            &args.answer,
            Box::pin(revoke::run(args)).await,
        ),
        Command::Grant(args) => output(
            grant::ACTION,
            &args.answer,
            Box::pin(grant::run(args)).await,
        ),
        Command::RevokeGrant(args) => {
            let answer = Box::pin(revoke_grant::run(args)).await;
            output(revoke_grant::ACTION, &args.answer, answer)
        }
    }
}

/// The document about `profile`.
fn about(document: ManagementV1, profile: &Profile) -> ManagementV1 {
    ManagementV1 {
        profiles: Some(vec![ProfileRecord::new(profile)]),
        ..document
    }
}

/// The document after a change: the profile as AWS describes it now.
async fn renewed(session: &Session, id: &ProfileId, mut document: ManagementV1) -> ManagementV1 {
    match session.step(session.signer.own_profile(id)).await {
        Ok(profile) => about(document, &profile),
        Err(error) => {
            document.profiles = None;
            let warning =
                format!("it was done; how the profile is now could not be examined: {error}");
            document.warnings.push(warning);
            document
        }
    }
}
