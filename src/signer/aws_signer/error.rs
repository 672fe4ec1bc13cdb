//! Why AWS Signer did not sign.

use super::AnswerProblem;
use crate::aws::{CallError, CallErrorKind, SettingsError};
use crate::extended_validation::PLATFORM_ID;
use crate::limits::MAX_AWS_SIGNER_PAYLOAD_BYTES;
use crate::payload;

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was to be signed is not a payload of the Notary Project.
    #[error("the content to sign is not a Notary Project payload")]
    Payload(#[source] payload::Error),
    /// The payload is longer than AWS Signer takes.
    #[error(
        "the payload has {bytes} bytes, and AWS Signer signs {MAX_AWS_SIGNER_PAYLOAD_BYTES} at most"
    )]
    PayloadTooLong {
        /// Its length in bytes.
        bytes: usize,
        /// How many annotations are in it.
        annotations: usize,
    },
    /// The settings contradict the profile.
    #[error("the signing profile cannot be used")]
    Settings(#[source] SettingsError),
    /// Signing was stopped while this signature waited for its turn.
    #[error("AWS Signer was not asked, because signing was stopped")]
    NotAsked,
    /// AWS did not do it.
    #[error(transparent)]
    Call(CallError),
    /// The profile was cancelled or revoked.
    #[error("signing profile `{profile}` has the status `{status}`, wanted `Active`")]
    NotActive {
        /// The profile.
        profile: String,
        /// Its status.
        status: String,
    },
    /// The profile is for something else than container images.
    #[error("signing profile `{profile}` is of the platform `{platform}`, wanted `{PLATFORM_ID}`")]
    OtherPlatform {
        /// The profile.
        profile: String,
        /// Its platform.
        platform: String,
    },
    /// The version that was named is not the profile's current one, and AWS Signer signs with no
    /// other.
    #[error("signing profile version `{profile}` is not the current one, which is `{current}`")]
    NotCurrent {
        /// The version that was named.
        profile: String,
        /// The current version.
        current: String,
    },
    /// The answer is not a good signature of what was sent by who was asked.
    #[error("the answer of AWS Signer for `{profile}`{} is refused", of_request(request_id.as_deref()))]
    UnusableAnswer {
        /// The profile.
        profile: String,
        /// AWS's name for the request.
        request_id: Option<String>,
        /// What is wrong with it.
        #[source]
        problem: Box<AnswerProblem>,
    },
}

/// What there is to say about a profile that is not active.
const NEVER_AGAIN: &str = "a cancelled or revoked profile cannot sign again, and its name cannot be reused; \
                           create another profile";

/// Whether AWS Signer refused because the profile is not active, which only its message says.
fn is_about_status(error: &CallError) -> bool {
    let says = |message: &str| message.contains("not active") || message.contains("inactive");
    error.kind() == CallErrorKind::Invalid && error.message().is_some_and(says)
}

fn of_request(request_id: Option<&str>) -> String {
    request_id.map_or_else(String::new, |id| format!(" (request `{id}`)"))
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Payload(source) => source.hint(),
            Self::PayloadTooLong { annotations: 0, .. } | Self::NotAsked => None,
            Self::PayloadTooLong { .. } => {
                Some("omit some of the metadata (the setting `user-metadata`)".to_owned())
            }
            Self::Settings(source) => source.hint(),
            Self::Call(source) if is_about_status(source) => Some(NEVER_AGAIN.to_owned()),
            Self::Call(source) => source.hint(),
            Self::NotActive { .. } => Some(NEVER_AGAIN.to_owned()),
            Self::OtherPlatform { .. } => Some(format!(
                "create a profile with `aws signer put-signing-profile --profile-name NAME --platform-id {PLATFORM_ID}`"
            )),
            Self::NotCurrent { .. } => {
                Some("name the profile without a version, or with the current one".to_owned())
            }
            Self::UnusableAnswer { problem, .. } => problem.hint(),
        }
    }
}
