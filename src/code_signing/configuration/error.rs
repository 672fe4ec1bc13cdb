//! Why AWS Lambda was not asked, or did not do what was asked.

use crate::allowance::{self, Exhausted};
use crate::aws::{CallError, CallErrorKind, CodeSigningConfigArn, FunctionName};
use crate::code_signing::platform::PLATFORM_ID;
use crate::limits::{MAX_CONFIG_DESCRIPTION_CHARS, MAX_CONFIG_PROFILES};
use crate::signing_profiles::{self, Class, hint_of_call};

/// Calls that change something, for which a missing answer does not mean that nothing happened.
const CHANGES: [&str; 5] = [
    "lambda:CreateCodeSigningConfig",
    "lambda:UpdateCodeSigningConfig",
    "lambda:DeleteCodeSigningConfig",
    "lambda:PutFunctionCodeSigningConfig",
    "lambda:DeleteFunctionCodeSigningConfig",
];

/// Why AWS Lambda was not asked, or did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A signing profile that AWS Signer does not have, or that could not be looked at.
    #[error(transparent)]
    Signer(#[from] signing_profiles::Error),
    /// AWS did not do it.
    #[error(transparent)]
    Call(CallError),
    /// The time of the command was over.
    #[error("AWS Lambda gave no answer in time")]
    OutOfTime(#[source] Exhausted),
    /// There is no such configuration.
    #[error("code signing configuration `{config}` was not found")]
    NoConfig {
        /// What was asked for.
        config: String,
        /// What AWS said.
        #[source]
        source: Box<CallError>,
    },
    /// There is no such function.
    #[error("function `{function}` was not found in region `{region}`")]
    NoFunction {
        /// What was asked for.
        function: String,
        /// Where.
        region: String,
        /// What AWS said.
        #[source]
        source: Box<CallError>,
    },
    /// A function that is an image.
    #[error(
        "function `{0}` is a container image, which AWS Lambda does not hold to a code signing configuration"
    )]
    IsImage(String),
    /// Too few or too many profiles.
    #[error(
        "a code signing configuration has 1 to {MAX_CONFIG_PROFILES} signing profiles, found {0}"
    )]
    Profiles(usize),
    /// A profile twice.
    #[error("signing profile `{0}` is named twice")]
    Twice(String),
    /// A profile that is to be removed and is not there.
    #[error("the code signing configuration does not have signing profile `{0}`")]
    NotAllowed(String),
    /// Too long a description.
    #[error("a description has {MAX_CONFIG_DESCRIPTION_CHARS} characters at most, found {0}")]
    Description(usize),
    /// A profile for something else than packages of AWS Lambda.
    #[error(
        "signing profile `{profile}` is of the platform `{platform}`, wanted `{}`",
        PLATFORM_ID
    )]
    OtherPlatform {
        /// The profile.
        profile: String,
        /// Its platform.
        platform: String,
    },
    /// A profile that signs no more.
    #[error("signing profile `{profile}` has the status `{status}`, wanted `Active`")]
    NotActive {
        /// The profile.
        profile: String,
        /// Its status.
        status: String,
    },
    /// A configuration that functions have.
    #[error("code signing configuration `{config}` is attached to {}", in_words(*functions))]
    InUse {
        /// The configuration.
        config: String,
        /// How many functions.
        functions: usize,
    },
    /// A function and a configuration that are not in one account and region.
    #[error(
        "function `{function}` and code signing configuration `{config}` are not of the same account and region"
    )]
    Apart {
        /// The function.
        function: String,
        /// The configuration.
        config: String,
    },
}

fn in_words(functions: usize) -> String {
    match functions {
        1 => "1 function".to_owned(),
        count => format!("{count} functions"),
    }
}

impl Error {
    /// What it means for the one who asked.
    pub fn class(&self) -> Class {
        match self {
            Self::Signer(source) => source.class(),
            Self::Call(source) => match source.kind() {
                CallErrorKind::Invalid | CallErrorKind::NotFound => Class::Refused,
                _ => Class::Inconclusive,
            },
            Self::OutOfTime(_) => Class::Inconclusive,
            Self::Profiles(_) | Self::Twice(_) | Self::Description(_) | Self::Apart { .. } => {
                Class::Usage
            }
            _ => Class::Refused,
        }
    }

    /// A name for programs to branch on; it does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Signer(source) => source.code(),
            Self::Call(_) => "aws-refused",
            Self::OutOfTime(source) => source.code(),
            Self::NoConfig { .. } => "configuration-not-found",
            Self::NoFunction { .. } => "function-not-found",
            Self::IsImage(_) => "container-image",
            Self::Profiles(_) | Self::Twice(_) | Self::Description(_) => "against-a-rule",
            Self::NotAllowed(_) => "profile-not-allowed",
            Self::OtherPlatform { .. } => "other-platform",
            Self::NotActive { .. } => "not-active",
            Self::InUse { .. } => "in-use",
            Self::Apart { .. } => "other-account",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Signer(source) => return source.hint(),
            Self::OutOfTime(source) => source.hint(),
            Self::Call(source) => return hint_of(source),
            Self::NoConfig { .. } => "`countersign lambda config list` shows the configurations of the caller's account \
                                      in a region, which the setting `plugin-config aws-region=REGION` sets"
                .to_owned(),
            Self::NoFunction { .. } => "check the name, the account and the region; `aws lambda list-functions` shows \
                                        the functions, and the setting `plugin-config aws-region=REGION` sets the region"
                .to_owned(),
            Self::IsImage(_) => "sign the image with `countersign sign`, and decide before the deployment with \
                                 `countersign gate lambda-function`"
                .to_owned(),
            Self::Profiles(0) => "name a profile with the setting `signing-profile`; a configuration without one accepts no package"
                .to_owned(),
            Self::Profiles(_) => "use one profile for several teams, or another configuration".to_owned(),
            Self::Twice(_) => "name each profile once".to_owned(),
            Self::NotAllowed(_) => "`countersign lambda config show CONFIG_ARN` lists the profiles with their versions"
                .to_owned(),
            Self::Description(_) => "shorten it".to_owned(),
            Self::OtherPlatform { .. } => format!(
                "create a profile for AWS Lambda: `aws signer put-signing-profile --profile-name NAME --platform-id {PLATFORM_ID}`"
            ),
            Self::NotActive { .. } => {
                "a canceled or revoked profile makes no signature; use an active one".to_owned()
            }
            Self::InUse { .. } => "`countersign lambda config show CONFIG_ARN` lists the functions; detach it from each of \
                                   them first"
                .to_owned(),
            Self::Apart { .. } => "create the configuration where the function is; a signing profile of another account \
                                   may stand in it"
                .to_owned(),
        })
    }
}

const MAY_BE_DONE: &str = "AWS may have done it: look with `countersign lambda config list` or `countersign lambda config show` before \
         another attempt";

fn hint_of(error: &CallError) -> Option<String> {
    let is_change = CHANGES.contains(&error.call().action);
    let may_be_done =
        is_change && (error.may_be_done() || error.kind() == CallErrorKind::ServiceFailure);
    hint_of_call(error, may_be_done.then_some(MAY_BE_DONE))
}

/// What AWS Lambda answers to `asking`, within the time of the command.
///
/// # Errors
///
/// [`Error::Call`] and [`Error::OutOfTime`].
pub async fn answered<T>(asking: impl Future<Output = Result<T, CallError>>) -> Result<T, Error> {
    let answer = allowance::in_time(Box::pin(asking)).await;
    answer.map_err(Error::OutOfTime)?.map_err(Error::Call)
}

/// The same, where what is not found is `config`.
///
/// # Errors
///
/// [`Error::NoConfig`], and those of [`answered`].
pub async fn of_config<T>(
    config: &CodeSigningConfigArn,
    asking: impl Future<Output = Result<T, CallError>>,
) -> Result<T, Error> {
    answered(asking).await.map_err(|error| match error {
        Error::Call(source) if is_missing(&source) => Error::NoConfig {
            config: config.to_string(),
            source: Box::new(source),
        },
        error => error,
    })
}

/// The same, where what is not found is `function`, or the configuration that AWS Lambda says is not there.
///
/// # Errors
///
/// [`Error::NoFunction`], [`Error::NoConfig`], and those of [`answered`].
pub async fn of_function<T>(
    function: &FunctionName,
    config: Option<&CodeSigningConfigArn>,
    asking: impl Future<Output = Result<T, CallError>>,
) -> Result<T, Error> {
    answered(asking)
        .await
        .map_err(|error| match (error, config) {
            (Error::Call(source), Some(config))
                if source.code() == Some("CodeSigningConfigNotFoundException") =>
            {
                Error::NoConfig {
                    config: config.to_string(),
                    source: Box::new(source),
                }
            }
            (Error::Call(source), _) if is_missing(&source) => Error::NoFunction {
                function: function.to_string(),
                region: source.call().region.clone(),
                source: Box::new(source),
            },
            (error, _) => error,
        })
}

fn is_missing(error: &CallError) -> bool {
    error.kind() == CallErrorKind::NotFound
}
