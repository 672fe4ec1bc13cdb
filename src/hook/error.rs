//! Why an invocation is refused before each image has its own verdict.

use super::event::EventError;
use super::images::ImagesError;
use super::package::PackageError;
use super::policy::PolicyError;
use crate::aws::{CallError, TaskDefinitionNameError};
use crate::environment;
use crate::gate::GateConnectError;
use crate::json;

/// Why an invocation is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The event is not strict JSON.
    #[error("the event cannot be read")]
    Json(#[source] json::Error),
    /// The event is not one that is answered.
    #[error(transparent)]
    Event(EventError),
    /// The package cannot be used.
    #[error(transparent)]
    Package(PackageError),
    /// The gate policy cannot be used.
    #[error(transparent)]
    Policy(PolicyError),
    /// The gate does not begin.
    #[error(transparent)]
    Gate(GateConnectError),
    /// The connections cannot be made.
    #[error(transparent)]
    Environment(environment::Error),
    /// A directory for what is kept cannot be made.
    #[error("no directory for kept answers can be made below `/tmp`")]
    Directory(#[source] std::io::Error),
    /// AWS gave no answer about what is deployed.
    #[error("what is deployed could not be examined")]
    Call(#[source] CallError),
    /// The revision names no task definition.
    #[error("the service revision has no usable task definition")]
    TaskDefinition(#[source] TaskDefinitionNameError),
    /// AWS described another task definition.
    #[error("Amazon ECS was asked about task definition `{asked}` and described `{found}`")]
    OtherTaskDefinition {
        /// What was asked about.
        asked: String,
        /// What was described.
        found: String,
    },
    /// The images cannot be told.
    #[error(transparent)]
    Images(ImagesError),
    /// The invocation has no time left.
    #[error("the invocation's time is near its end, and not everything was examined")]
    OutOfTime,
}

impl Error {
    /// Whether the same may be decided later: nothing but AWS's answers counts as such.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Call(_))
    }

    /// A name for programs to branch on; it does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Json(_) | Self::Event(_) => "event-unusable",
            Self::Package(_) => "package-unusable",
            Self::Policy(error) => error.code(),
            Self::Gate(_) | Self::Environment(_) | Self::Directory(_) => "environment-unusable",
            Self::Call(_) => "deployment-not-read",
            Self::TaskDefinition(_) | Self::OtherTaskDefinition { .. } => {
                "task-definition-unusable"
            }
            Self::Images(ImagesError::ImageDiffers { .. } | ImagesError::DigestDiffers { .. }) => {
                "image-differs"
            }
            Self::Images(ImagesError::NoImage) => "no-image",
            Self::Images(_) => "images-unusable",
            Self::OutOfTime => "out-of-time",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Package(error) => error.hint(),
            Self::Policy(error) => error.hint(),
            Self::Gate(error) => error.hint(),
            Self::Environment(error) => error.hint(),
            Self::Call(error) => error.hint(),
            Self::TaskDefinition(error) => Some(error.hint()),
            Self::Images(error) => error.hint(),
            Self::OutOfTime => Some(
                "give the function a longer timeout; and look in the verdict at what was slow"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
