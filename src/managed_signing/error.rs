//! Why an image is not signed by Amazon ECR, or not verified.

use std::fmt;
use std::time::Duration;

use super::meaning::Meaning;
use crate::aws::SigningProfileArn;
use crate::many::NotTried;
use crate::outcome::FailureClass;
use crate::reference::Reference;
use crate::registry::{ProfileSigning, SigningProgress, SigningStatusError};
use crate::verify;

/// Why an image is not signed by Amazon ECR, or not verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is in another registry.
    #[error("`{reference}` is not in Amazon ECR, whose managed signing is waited for")]
    NotEcr {
        /// As it was named.
        reference: String,
    },
    /// The trust policy has nothing verified.
    #[error("the trust policy skips the verification of `{image}`")]
    Skipped {
        /// As it was named.
        image: String,
    },
    /// Amazon ECR did not say how far the signing is.
    #[error(transparent)]
    Status {
        /// Why.
        source: SigningStatusError,
    },
    /// No signing rule is for it.
    #[error("no signing rule matches `{image}`")]
    NoRule {
        /// The image.
        image: String,
    },
    /// There are signing rules for it, but none with the profile.
    #[error("no signing rule with the signing profile `{profile}` matches `{image}`")]
    NoRuleOf {
        /// The image.
        image: String,
        /// The profile.
        profile: SigningProfileArn,
        /// The profiles of the rules that match.
        others: Vec<SigningProfileArn>,
    },
    /// Amazon ECR gave up.
    #[error("Amazon ECR could not sign `{image}`")]
    Failed {
        /// The image.
        image: String,
        /// Each signing that failed.
        failed: Vec<FailedSigning>,
    },
    /// The time is over.
    #[error("the signing of `{image}` has not ended within {limit:?}")]
    Time {
        /// The image.
        image: String,
        /// The time.
        limit: Duration,
        /// Whose signing is in progress; empty where no rule is known.
        in_progress: Vec<SigningProfileArn>,
        /// What kept the last question from an answer.
        #[source]
        source: Option<SigningStatusError>,
    },
    /// It is said to be signed, and there is no such signature.
    #[error(
        "Amazon ECR reports that `{profile}` has signed `{image}`, but no such signature is listed"
    )]
    NotListed {
        /// The image.
        image: String,
        /// The profile.
        profile: SigningProfileArn,
    },
    /// There is a signature of the profile, but it is refused.
    #[error("the signature of `{image}` by `{profile}` is not accepted")]
    Refused {
        /// The image.
        image: String,
        /// The profile.
        profile: SigningProfileArn,
        /// Why, in a clause.
        reason: String,
        /// Whether it was refused or not decided.
        class: FailureClass,
        /// What to do.
        hint: Option<String>,
    },
    /// There may be a signature of the profile among those that were not looked at.
    #[error(
        "no signature of `{image}` by `{profile}` is among those that were examined, and there may be more"
    )]
    Unseen {
        /// The image.
        image: String,
        /// The profile.
        profile: SigningProfileArn,
    },
    /// The verification failed.
    #[error(transparent)]
    Verification {
        /// Why.
        source: Box<verify::Error>,
    },
}

/// A signing that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedSigning {
    /// The profile that was to sign.
    pub signing_profile: SigningProfileArn,
    /// AWS's code.
    pub code: Option<String>,
    /// AWS's sentence.
    pub reason: Option<String>,
}

impl FailedSigning {
    /// `signing`, if it has failed.
    pub(super) fn of(signing: &ProfileSigning) -> Option<Self> {
        match &signing.progress {
            SigningProgress::Failed { code, reason } => Some(Self {
                signing_profile: signing.signing_profile.clone(),
                code: code.clone(),
                reason: reason.clone(),
            }),
            SigningProgress::InProgress | SigningProgress::Complete => None,
        }
    }

    /// What the failure means, as far as code and sentence tell.
    pub fn meaning(&self) -> Meaning {
        Meaning::of(self.code.as_deref(), self.reason.as_deref())
    }
}

impl fmt::Display for FailedSigning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "signing by `{}` failed", self.signing_profile)?;
        match (&self.code, &self.reason) {
            (Some(code), Some(reason)) => write!(f, ": {code}: {reason}"),
            (Some(only), None) | (None, Some(only)) => write!(f, ": {only}"),
            (None, None) => f.write_str(", without a code or a reason"),
        }
    }
}

impl Error {
    pub(super) fn of(source: verify::Error) -> Self {
        Self::Verification {
            source: Box::new(source),
        }
    }

    /// Why the image was not waited for, where it was not begun.
    pub(super) fn stopped(image: Reference, reason: NotTried) -> Self {
        let reference = image.into();
        Self::of(match reason {
            NotTried::OutOfTime(source) => verify::Error::NotTried { reference, source },
            NotTried::AfterFailure | NotTried::Interrupted => {
                verify::Error::Stopped { reference, reason }
            }
        })
    }

    /// Whether the image was refused, or nothing is known.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Status { .. } | Self::Time { .. } | Self::Unseen { .. } => {
                FailureClass::Inconclusive
            }
            Self::Refused { class, .. } => *class,
            Self::Verification { source } => source.class(),
            Self::NotEcr { .. }
            | Self::Skipped { .. }
            | Self::NoRule { .. }
            | Self::NoRuleOf { .. }
            | Self::Failed { .. }
            | Self::NotListed { .. } => FailureClass::Rejected,
        }
    }

    /// A name for programs to branch on; it does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEcr { .. } => "not-amazon-ecr",
            Self::Skipped { .. } => "verification-skipped",
            Self::Status { .. } => "signing-status-unknown",
            Self::NoRule { .. } | Self::NoRuleOf { .. } => "no-signing-rule",
            Self::Failed { .. } => "signing-failed",
            Self::Time { .. } => "signing-not-ended",
            Self::NotListed { .. } => "signature-not-listed",
            Self::Refused { .. } => "signature-refused",
            Self::Unseen { .. } => "signature-unseen",
            Self::Verification { .. } => "verification-failed",
        }
    }

    /// Whether the same command may succeed later without any change.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Time { .. } | Self::NotListed { .. })
    }

    /// More about it, in clauses.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Failed { failed, .. } => failed
                .iter()
                .flat_map(|one| [one.to_string(), one.meaning().to_string()])
                .collect(),
            Self::Time { in_progress, .. } if in_progress.is_empty() => {
                vec!["Amazon ECR names no signing rule for it so far".to_owned()]
            }
            Self::Time { in_progress, .. } => in_progress
                .iter()
                .map(|profile| format!("in progress: `{profile}`"))
                .collect(),
            Self::Refused { reason, .. } => vec![reason.clone()],
            _ => Vec::new(),
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotEcr { .. } => Some(
                "name the image by its host in Amazon ECR; verify an image in another registry with `countersign verify`"
                    .to_owned(),
            ),
            Self::Skipped { .. } => Some(
                "name the signing profile that must sign with the setting `signing-profile`; give the image a statement in the \
                 trust policy whose level is not `skip`"
                    .to_owned(),
            ),
            Self::Status { source } => source.hint(),
            Self::NoRule { .. } => Some(
                "create a signing rule for the repository with `aws ecr put-signing-configuration`, then push the image \
                 again; a rule signs only what is pushed after it"
                    .to_owned(),
            ),
            Self::NoRuleOf { others, .. } => {
                let others: Vec<String> =
                    others.iter().map(|profile| format!("`{profile}`")).collect();
                let named = if others.is_empty() {
                    String::new()
                } else {
                    format!("the rules that match name {}; ", others.join(" and "))
                };
                Some(format!(
                    "{named}compare with `aws ecr get-signing-configuration` in the region of the registry"
                ))
            }
            Self::Failed { failed, .. } => {
                failed.first().map(|one| one.meaning().hint(&one.signing_profile))
            }
            Self::Time { source, .. } => {
                let more = "wait longer with the setting `wait-for-signature`; allow more time with the setting `timeout`; run the same command again";
                let cause = source.as_ref().and_then(SigningStatusError::hint);
                Some(cause.unwrap_or_else(|| more.to_owned()))
            }
            Self::NotListed { .. } => Some(
                "do not run the image: there is no signature to verify; run the same command again, since lists of \
                 Amazon ECR may lag"
                    .to_owned(),
            ),
            Self::Refused { hint, .. } => hint.clone(),
            Self::Unseen { .. } => Some("raise the setting `max-signatures`; run the same command again".to_owned()),
            Self::Verification { source } => source.hint(),
        }
    }
}
