//! `countersign lambda config update`: other signing profiles, or another treatment of other code.

use super::session::{Untrusted, config, planned, renewed};
use crate::aws::{CodeSigningConfigChange, SigningProfileVersionArn, UntrustedArtifact};
use crate::cli::management::{
    AnswerArgs, Change, ChangeArgs, ManagementAnswer, Session, Stop, unchanged,
};
use crate::cli::output::CommandOutput;
use crate::code_signing::configuration::{
    Edit, Error, check_description, of_config, of_update, resolve,
};
use crate::report::{ConfigurationRecord, ManagementState};
use crate::signing_profiles::ProfileId;

pub(super) const ACTION: &str = "lambda config update";

/// Flags of `lambda config update`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda config update --untrusted enforce CONFIG_ARN\n  \
    countersign lambda config update --add-signing-profile release_2026 --yes CONFIG_ARN\n  \
    countersign lambda config update --remove-signing-profile PROFILE_VERSION_ARN --dry-run CONFIG_ARN")]
pub(in crate::cli) struct Args {
    /// ARN of the configuration
    #[arg(value_name = "CONFIG_ARN")]
    config: String,
    /// Signing profile to accept too: name in this account, or ARN. May be given several times
    #[arg(long, value_name = "PROFILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    add_signing_profile: Vec<String>,
    /// Signing profile to accept no more: ARN with its version. May be given several times
    #[arg(long, value_name = "PROFILE_VERSION_ARN", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    remove_signing_profile: Vec<String>,
    /// Treatment of code that is unsigned, expired, revoked or of another profile
    #[arg(long, value_name = "WHAT")]
    untrusted: Option<Untrusted>,
    /// Text that AWS Lambda shows with the configuration, at most 256 characters
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    pub(super) answer: AnswerArgs,
}

impl Args {
    /// Whether nothing is to be another.
    fn is_empty(&self) -> bool {
        self.add_signing_profile.is_empty()
            && self.remove_signing_profile.is_empty()
            && self.untrusted.is_none()
            && self.description.is_none()
    }
}

pub(super) async fn run(args: &Args) -> Result<ManagementAnswer, Stop> {
    let arn = config(&args.config)?;
    if args.is_empty() {
        let sentence = "no change of the configuration is named";
        let hint = "name one of `--add-signing-profile`, `--remove-signing-profile`, `--untrusted` and `--description`";
        return Err(CommandOutput::usage(sentence, Some(hint.to_owned())).into());
    }
    if let Some(description) = &args.description {
        check_description(description)?;
    }
    let added = args
        .add_signing_profile
        .iter()
        .map(|text| ProfileId::parse(text));
    let added = added.collect::<Result<Vec<_>, _>>()?;
    let removed = args.remove_signing_profile.iter().map(|text| version(text));
    let mut edit = Edit {
        add: Vec::new(),
        remove: removed.collect::<Result<Vec<_>, _>>()?,
    };
    let session = Session::open(&args.answer, None, &arn, Some(arn.location())).await?;
    let aws = session.context.aws();
    let found = session
        .step(of_config(&arn, aws.code_signing_config(&arn)))
        .await?;
    let mut document = planned(ACTION);
    for id in &added {
        let allowed = session.step(resolve(&session.signer, id)).await?;
        document.warnings.extend(allowed.warning);
        edit.add.push(allowed.arn);
    }
    let profiles = edit.of(&found.profiles)?;
    edit.add.retain(|profile| !found.profiles.contains(profile));
    let untrusted = args.untrusted.map(UntrustedArtifact::from);
    let change = CodeSigningConfigChange {
        description: args
            .description
            .clone()
            .filter(|text| *text != found.description.clone().unwrap_or_default()),
        profiles: (profiles != found.profiles).then_some(profiles),
        untrusted: untrusted.filter(|wanted| *wanted != found.untrusted),
    };
    document.configurations = Some(vec![ConfigurationRecord::new(&found)]);
    if change == CodeSigningConfigChange::default() {
        let sentence = format!("Code signing configuration {arn} is as asked for");
        return Ok(unchanged(document, &sentence));
    }
    let asking = of_config(&arn, aws.functions_of_config(&arn));
    let functions = match session.step(asking).await {
        Ok(functions) => Some(functions.entries.len()),
        Err(error) => {
            let warning = format!("the functions that have it could not be listed: {error}");
            document.warnings.push(warning);
            None
        }
    };
    let untrusted = change.untrusted.map(|after| (found.untrusted, after));
    let plan = Change {
        what: format!("change code signing configuration `{arn}`"),
        consequences: of_update(untrusted, &edit.remove, &edit.add, functions),
    };
    let work = async {
        let asking = aws.update_code_signing_config(&arn, &change);
        of_config(&arn, asking).await.map(drop)
    };
    let done = format!("Changed code signing configuration {arn}");
    let mut answer = session
        .carry_out::<Error>(&args.change, &plan, document, work, &done)
        .await?;
    if answer.document.state == ManagementState::Done {
        answer.document = renewed(&session, &arn, answer.document).await;
    }
    Ok(answer)
}

/// A profile's version, which is what a configuration has.
fn version(text: &str) -> Result<SigningProfileVersionArn, Stop> {
    SigningProfileVersionArn::parse(text)
        .map_err(|error| CommandOutput::unusable(&error, error.hint()).into())
}
