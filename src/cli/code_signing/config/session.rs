//! What the commands of `lambda config` share.

use std::fmt::Write as _;

use crate::aws::{
    ArnError, Aws, CodeSigningConfigArn, FunctionArnError, FunctionName, UntrustedArtifact,
};
use crate::cli::management::{AnswerArgs, Session, Stop};
use crate::cli::output::{CommandOutput, one_line};
use crate::code_signing::configuration::{Error, of_config, of_function};
use crate::report::{ConfigurationRecord, ManagementState, ManagementV1};

/// What becomes of code that no profile of a configuration signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Untrusted {
    /// Deploy it, and count it as a warning
    Warn,
    /// Refuse it
    Enforce,
}

impl From<Untrusted> for UntrustedArtifact {
    fn from(untrusted: Untrusted) -> Self {
        match untrusted {
            Untrusted::Warn => Self::Warn,
            Untrusted::Enforce => Self::Enforce,
        }
    }
}

/// The configuration that an argument names.
pub(super) fn config(text: &str) -> Result<CodeSigningConfigArn, Stop> {
    CodeSigningConfigArn::parse(text)
        .map_err(|error: ArnError| CommandOutput::unusable(&error, error.hint()).into())
}

/// The function that an argument names.
pub(super) fn function(text: &str) -> Result<FunctionName, Stop> {
    FunctionName::parse(text).map_err(|error: FunctionArnError| {
        CommandOutput::unusable(&error, Some(error.hint())).into()
    })
}

/// AWS where a function is.
pub(super) async fn open_at(args: &AnswerArgs, function: &FunctionName) -> Result<Session, Stop> {
    let location = function.location();
    Session::open(args, None, function, location.as_ref()).await
}

/// The configuration that a function has; a function that is an image has none.
pub(super) async fn config_of(
    session: &Session,
    aws: &Aws,
    function: &FunctionName,
) -> Result<Option<CodeSigningConfigArn>, Error> {
    let asking = aws.function_code_signing_config(function, session.signer.region());
    session.step(of_function(function, None, asking)).await
}

/// The document about this configuration, as AWS describes it now.
pub(super) async fn renewed(
    session: &Session,
    arn: &CodeSigningConfigArn,
    mut document: ManagementV1,
) -> ManagementV1 {
    let aws = session.context.aws();
    match session
        .step(of_config(arn, aws.code_signing_config(arn)))
        .await
    {
        Ok(config) => {
            document.configurations = Some(vec![ConfigurationRecord::new(&config)]);
        }
        Err(error) => {
            let warning =
                format!("it was done; how the configuration is now could not be examined: {error}");
            document.warnings.push(warning);
        }
    }
    document
}

/// A document about a change that is to come.
pub(super) const fn planned(action: &'static str) -> ManagementV1 {
    ManagementV1::new(action, ManagementState::Planned)
}

/// A configuration in words.
pub(super) fn in_words(record: &ConfigurationRecord) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name}: {}", one_line(value));
    };
    line("configuration", &record.arn);
    if let Some(description) = &record.description {
        line("description", description);
    }
    let untrusted = match record.untrusted {
        "Enforce" => "refused (Enforce)",
        _ => "deployed with a warning (Warn)",
    };
    line("other code", untrusted);
    for profile in &record.profiles {
        let is = match (&profile.status, &profile.problem) {
            (Some(status), _) => format!(" ({status})"),
            (None, Some(problem)) => format!(" (not known: {problem})"),
            (None, None) => String::new(),
        };
        line("signing profile", &format!("{}{is}", profile.arn));
    }
    if let Some(changed) = &record.last_modified {
        line("last change", changed);
    }
    match &record.functions {
        Some(functions) if functions.is_empty() => line("function", "none has it"),
        Some(functions) => {
            for function in functions {
                line("function", function);
            }
        }
        None => {}
    }
    text
}
