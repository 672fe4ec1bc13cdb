//! How far Amazon ECR's managed signing of an image is (`DescribeImageSigningStatus`).

use aws_sdk_ecr::types::{ImageIdentifier, ImageSigningStatus, SigningStatus};

use super::credentials::EcrTokenError;
use super::ecr_tokens;
use crate::aws::{Aws, Call, CallError, CallErrorKind, SigningProfileArn};
use crate::limits::MAX_SIGNING_STATUSES;
use crate::partition::Partition;
use crate::reference::{EcrHost, Reference};

/// How far the signing by one signing profile is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileSigning {
    /// The profile, as a signing rule names it.
    pub signing_profile: SigningProfileArn,
    /// How far it is.
    pub progress: SigningProgress,
}

/// How far a signing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SigningProgress {
    /// It has not ended.
    InProgress,
    /// Amazon ECR says that there is a signature. Only a verification shows it.
    Complete,
    /// There will be no signature.
    Failed {
        /// AWS's code; AWS publishes no list of them.
        code: Option<String>,
        /// AWS's sentence.
        reason: Option<String>,
    },
}

/// Why it is not known how far the signing of an image is.
#[derive(Debug, thiserror::Error)]
#[error("could not ask Amazon ECR how far the signing of `{image}` is")]
pub struct SigningStatusError {
    /// The image.
    pub image: String,
    /// Why.
    #[source]
    pub source: EcrTokenError,
}

impl SigningStatusError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        self.call()?.hint()
    }

    /// Whether the same question may well be answered later.
    pub fn is_transient(&self) -> bool {
        self.call().is_some_and(|call| call.kind().is_transient())
    }

    /// Whether the caller may not ask.
    pub fn is_denied(&self) -> bool {
        self.call()
            .is_some_and(|call| call.kind() == CallErrorKind::Denied)
    }

    fn call(&self) -> Option<&CallError> {
        self.source.downcast_ref()
    }
}

/// Asks with `aws` how far the signing of `image` in `host` is, by each profile that a signing rule names for it. The
/// list is empty where there is no such rule, and may be for a moment after a push.
///
/// # Errors
///
/// [`SigningStatusError`]; also for a state that is not known, since it says nothing.
pub async fn signing_status(
    aws: &Aws,
    host: &EcrHost,
    image: &Reference,
) -> Result<Vec<ProfileSigning>, SigningStatusError> {
    let asked = Box::pin(ask(aws, host, image)).await;
    asked.map_err(|source| SigningStatusError {
        image: image.to_string(),
        source,
    })
}

async fn ask(
    aws: &Aws,
    host: &EcrHost,
    image: &Reference,
) -> Result<Vec<ProfileSigning>, EcrTokenError> {
    let client = ecr_tokens::client(aws.config(host.region()).await, host)?;
    let (region, repository) = (host.region(), image.repository());
    let call = || Call {
        action: "ecr:DescribeImageSigningStatus",
        resource: format!(
            "arn:{}:ecr:{region}:{}:repository/{repository}",
            Partition::of_region(region),
            host.account(),
        ),
        region: region.to_owned(),
    };
    let id = ImageIdentifier::builder()
        .set_image_digest(image.digest().map(str::to_owned))
        .build();
    let answer = client
        .describe_image_signing_status()
        .registry_id(host.account())
        .repository_name(repository)
        .image_id(id)
        .send()
        .await
        .map_err(|error| CallError::from_sdk(call(), &error))?;
    let statuses = answer.signing_statuses();
    if statuses.len() > MAX_SIGNING_STATUSES {
        let problem = format!("it has {} signing states", statuses.len());
        return Err(CallError::malformed(call(), problem, None).into());
    }
    let read = statuses.iter().map(|status| {
        read(status).map_err(|problem| CallError::malformed(call(), problem, None).into())
    });
    read.collect()
}

fn read(status: &ImageSigningStatus) -> Result<ProfileSigning, String> {
    let profile = status.signing_profile_arn().unwrap_or_default();
    let signing_profile = SigningProfileArn::parse(profile)
        .map_err(|error| format!("a signing state has no signing profile: {error}"))?;
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    let progress = match status.status() {
        Some(SigningStatus::InProgress) => SigningProgress::InProgress,
        Some(SigningStatus::Complete) => SigningProgress::Complete,
        Some(SigningStatus::Failed) => SigningProgress::Failed {
            code: text(status.failure_code()),
            reason: text(status.failure_reason()),
        },
        other => {
            let state = other.map_or("", SigningStatus::as_str);
            return Err(format!("`{state}` is not a known signing state"));
        }
    };
    Ok(ProfileSigning {
        signing_profile,
        progress,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";

    fn status(profile: &str, state: &str) -> Result<ProfileSigning, String> {
        let status = ImageSigningStatus::builder()
            .signing_profile_arn(profile)
            .status(SigningStatus::from(state))
            .failure_code("C")
            .failure_reason("");
        read(&status.build())
    }

    #[test]
    fn a_state_is_read_and_an_unknown_one_is_refused() {
        let progress = |state| status(PROFILE, state).map(|read| read.progress);
        assert_eq!(progress("IN_PROGRESS"), Ok(SigningProgress::InProgress));
        assert_eq!(progress("COMPLETE"), Ok(SigningProgress::Complete));
        let failed = SigningProgress::Failed {
            code: Some("C".to_owned()),
            reason: None,
        };
        assert_eq!(progress("FAILED"), Ok(failed));
        assert_eq!(
            progress("SKIPPED"),
            Err("`SKIPPED` is not a known signing state".to_owned())
        );
        assert_eq!(
            read(
                &ImageSigningStatus::builder()
                    .signing_profile_arn(PROFILE)
                    .build()
            ),
            Err("`` is not a known signing state".to_owned())
        );
        assert!(status("release", "COMPLETE").is_err());
    }
}
