//! Why text is not an ARN of AWS Signer.

use crate::aws::Partition;

const EXAMPLE_PROFILE: &str =
    "arn:aws:signer:us-east-1:111122223333:/signing-profiles/ContainerSigning";

/// Why text is not the ARN that was wanted.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArnError {
    /// Not `arn:partition:service:region:account:resource` at all.
    #[error("`{text}` is not an ARN: {reason}")]
    NotAnArn {
        /// The text, as it was given.
        text: String,
        /// Which part is wrong.
        reason: &'static str,
    },
    /// An ARN of another service.
    #[error("`{text}` is an ARN of `{service}`, not of AWS Signer (`signer`)")]
    OtherService {
        /// The text, as it was given.
        text: String,
        /// The service found.
        service: String,
    },
    /// A partition that this program does not know.
    #[error("`{text}` names the unknown partition `{partition}`")]
    UnknownPartition {
        /// The text, as it was given.
        text: String,
        /// The partition found.
        partition: String,
    },
    /// The region belongs to another partition than the one that is named.
    #[error(
        "`{text}` names partition `{partition}`, but region `{region}` belongs to `{belongs_to}`"
    )]
    RegionOfOtherPartition {
        /// The text, as it was given.
        text: String,
        /// The partition found.
        partition: Partition,
        /// The region found.
        region: String,
        /// The partition of that region.
        belongs_to: Partition,
    },
    /// A well-formed ARN of AWS Signer whose resource is of no known form.
    #[error("`{text}` has the resource `{resource}`, wanted {wanted}")]
    Resource {
        /// The text, as it was given.
        text: String,
        /// The part after the account.
        resource: String,
        /// The form wanted, in words.
        wanted: &'static str,
        /// What was probably meant.
        suggestion: Option<String>,
    },
}

impl ArnError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotAnArn { .. } | Self::OtherService { .. } => Some(format!(
                "a signing profile's ARN looks like `{EXAMPLE_PROFILE}`; `aws signer list-signing-profiles` prints yours"
            )),
            Self::Resource {
                suggestion: Some(suggestion),
                ..
            } => Some(format!("did you mean `{suggestion}`?")),
            Self::UnknownPartition { .. }
            | Self::RegionOfOtherPartition { .. }
            | Self::Resource { .. } => None,
        }
    }
}
