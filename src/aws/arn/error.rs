//! Why text is not the ARN that was wanted.

use crate::aws::Partition;

const EXAMPLE_PROFILE: &str =
    "arn:aws:signer:us-east-1:111122223333:/signing-profiles/ContainerSigning";

const EXAMPLE_CONFIG: &str =
    "arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0";

const EXAMPLE_KEY: &str =
    "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// A service whose resources are named here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArnService {
    /// AWS Signer.
    Signer,
    /// AWS KMS.
    Kms,
    /// AWS Lambda.
    Lambda,
}

impl ArnService {
    /// The service in an ARN.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Signer => "signer",
            Self::Kms => "kms",
            Self::Lambda => "lambda",
        }
    }

    /// The service's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signer => "AWS Signer",
            Self::Kms => "AWS KMS",
            Self::Lambda => "AWS Lambda",
        }
    }
}

/// Why text is not the ARN that was wanted.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArnError {
    /// Not `arn:partition:service:region:account:resource` at all.
    #[error("`{text}` is not an ARN: {reason}")]
    NotAnArn {
        /// The text, as it was given.
        text: String,
        /// Whose ARN was wanted.
        wanted: ArnService,
        /// Which part is wrong.
        reason: &'static str,
    },
    /// An ARN of another service.
    #[error("`{text}` is an ARN of `{service}`, not of {} (`{}`)", wanted.name(), wanted.id())]
    OtherService {
        /// The text, as it was given.
        text: String,
        /// Whose ARN was wanted.
        wanted: ArnService,
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
    /// A well-formed ARN of the service whose resource is of no known form.
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
            Self::NotAnArn { wanted, .. } | Self::OtherService { wanted, .. } => {
                Some(match wanted {
                    ArnService::Signer => format!(
                        "a signing profile's ARN looks like `{EXAMPLE_PROFILE}`; `countersign profile list` shows yours"
                    ),
                    ArnService::Kms => format!(
                        "a key's ARN looks like `{EXAMPLE_KEY}`; `aws kms list-keys` and `aws kms list-aliases` print yours"
                    ),
                    ArnService::Lambda => format!(
                        "a code signing configuration's ARN looks like `{EXAMPLE_CONFIG}`; \
                         `countersign lambda config list` shows yours"
                    ),
                })
            }
            Self::Resource {
                suggestion: Some(suggestion),
                ..
            } => Some(format!("did you mean `{suggestion}`?")),
            Self::Resource { resource, wanted, .. }
                if resource.starts_with("/signing-profiles/") && wanted.contains("signing-jobs") =>
            {
                Some(
                    "that is the ARN of a signing profile; `countersign inspect REFERENCE` shows the job of each \
                     signature"
                        .to_owned(),
                )
            }
            Self::Resource { resource, .. } if resource.starts_with("/signing-profiles/") => {
                Some("the name of a signing profile has 2 to 64 letters, digits and `_`".to_owned())
            }
            Self::Resource { resource, .. } if resource.starts_with("/signing-jobs/") => Some(
                "that is the ARN of one signature's job; `countersign signature show JOB` shows its profile"
                    .to_owned(),
            ),
            Self::UnknownPartition { .. }
            | Self::RegionOfOtherPartition { .. }
            | Self::Resource { .. } => None,
        }
    }
}
