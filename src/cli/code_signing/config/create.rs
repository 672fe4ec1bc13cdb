//! `countersign lambda config create`: a code signing configuration.

use std::cell::OnceCell;

use super::session::{Untrusted, in_words, planned};
use crate::aws::{NewCodeSigningConfig, UntrustedArtifact};
use crate::cli::management::{AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop};
use crate::code_signing::configuration::{
    Edit, Error, answered, check_description, of_create, resolve,
};
use crate::limits::MAX_CONFIG_PROFILES;
use crate::report::ConfigurationRecord;
use crate::signing_profiles::ProfileId;

pub(super) const ACTION: &str = "lambda config create";

/// Flags of `lambda config create`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda config create --signing-profile release\n  \
    countersign lambda config create --signing-profile ARN --untrusted warn --description \"team a\" --yes\n  \
    countersign lambda config create --signing-profile release --dry-run")]
pub(in crate::cli) struct Args {
    /// Signing profile whose code is accepted: name in this account, or ARN; its current version, unless the ARN has one.
    /// May be given several times, at most 20
    #[arg(long, value_name = "PROFILE", required = true, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    signing_profile: Vec<String>,
    /// Treatment of code that is unsigned, expired, revoked or of another profile
    #[arg(long, value_name = "WHAT", default_value = "enforce")]
    untrusted: Untrusted,
    /// Text that AWS Lambda shows with the configuration, at most 256 characters
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    if let Some(description) = &args.description {
        check_description(description)?;
    }
    let count = args.signing_profile.len();
    if count > MAX_CONFIG_PROFILES {
        return Err(Error::Profiles(count).into());
    }
    let ids = args
        .signing_profile
        .iter()
        .map(|text| ProfileId::parse(text));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let located = ids.iter().find(|id| id.location().is_some());
    let location = located.and_then(ProfileId::location);
    let what: &(dyn std::fmt::Display + Sync) = match located {
        Some(id) => id,
        None => &"code signing configurations",
    };
    let session = Session::open(&args.answer, None, what, location).await?;
    let aws = session.context.aws();
    let mut document = planned(ACTION);
    let mut edit = Edit::default();
    for id in &ids {
        let allowed = session.step(resolve(&session.signer, id)).await?;
        document.warnings.extend(allowed.warning);
        edit.add.push(allowed.arn);
    }
    let profiles = edit.of(&[])?;
    let untrusted = UntrustedArtifact::from(args.untrusted);
    let new = NewCodeSigningConfig {
        description: args.description.clone(),
        profiles,
        untrusted,
    };
    let region = session.signer.region().to_owned();
    let names = new.profiles.iter().map(|profile| format!("`{profile}`"));
    let change = Change {
        what: format!(
            "create a code signing configuration with {} in region `{region}`",
            names.collect::<Vec<_>>().join(", ")
        ),
        consequences: of_create(untrusted),
    };
    let created = OnceCell::new();
    let work = async {
        let config = answered(aws.create_code_signing_config(&new, &region)).await?;
        // There is one attempt.
        let _ = created.set(config);
        Ok::<(), Error>(())
    };
    let done = "Created the code signing configuration";
    let mut answer = session
        .carry_out(&args.change, &change, document, work, done)
        .await?;
    if let Some(config) = created.into_inner() {
        let record = ConfigurationRecord::new(&config);
        answer.text = format!("{done}\n{}", in_words(&record));
        answer.document.configurations = Some(vec![record]);
    }
    Ok(answer)
}
