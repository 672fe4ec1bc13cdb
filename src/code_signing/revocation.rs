//! Whether a signature was revoked, by what AWS Signer answers of its job and its profile.
//!
//! `GetRevocationStatus`, by which images are checked, refuses the platform of AWS Lambda. What is left may be asked by
//! the account that signed, and by others only where it permits them: a denial is not an answer.

use time::OffsetDateTime;

use super::platform::PLATFORM_ID;
use super::signature::Signature;
use crate::aws::Aws;
use crate::notary::rfc3339;
use crate::signing_profiles::{Error, Job, JobId, Profile, ProfileId, SigningProfiles};

/// What AWS Signer said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// Neither is revoked.
    NotRevoked,
    /// The signature of this job is.
    Job {
        /// The job.
        job: String,
        /// When it was revoked.
        at: Option<OffsetDateTime>,
    },
    /// The profile is, for signatures made from then on.
    Profile {
        /// The profile version.
        profile: String,
        /// From when on.
        from: OffsetDateTime,
    },
}

/// Why it is not known.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevocationError {
    /// AWS Signer did not say it of the job.
    #[error("could not ask whether the signature of signing job `{job}` was revoked")]
    Job {
        /// The job.
        job: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// AWS Signer did not say it of the profile.
    #[error("could not ask whether signing profile `{profile}` was revoked")]
    Profile {
        /// The profile.
        profile: String,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// The job that AWS Signer describes did not make this signature.
    #[error(
        "AWS Signer's answer about signing job `{job}` has the {what} `{found}`, wanted `{wanted}`"
    )]
    OtherJob {
        /// The job.
        job: String,
        /// What differs.
        what: &'static str,
        /// What it is.
        found: String,
        /// What the signature says.
        wanted: String,
    },
    /// AWS Signer describes another version of the profile.
    #[error("AWS Signer describes version `{found}` of the signing profile, and `{wanted}` signed")]
    OtherVersion {
        /// The version that it describes.
        found: String,
        /// The version that signed.
        wanted: String,
    },
    /// It is revoked, and AWS Signer does not say from when on.
    #[error("signing profile `{profile}` is revoked, and AWS Signer does not say from when on")]
    NoTime {
        /// The profile version.
        profile: String,
    },
}

impl RevocationError {
    /// A name for programs to branch on; it does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Job { source, .. } | Self::Profile { source, .. } => source.code(),
            Self::OtherJob { .. } | Self::OtherVersion { .. } | Self::NoTime { .. } => "bad-answer",
        }
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        let source = match self {
            Self::Job { source, .. } | Self::Profile { source, .. } => source,
            Self::OtherJob { .. } | Self::OtherVersion { .. } | Self::NoTime { .. } => return None,
        };
        let only = "only the account that signed, and accounts that it permits, can ask AWS Signer";
        Some(match source.hint() {
            Some(hint) => format!("{hint}; {only}"),
            None => only.to_owned(),
        })
    }
}

/// Asks AWS Signer, in the region of the signature's job.
///
/// # Errors
///
/// [`RevocationError`]; nothing is known then.
pub async fn ask(aws: &Aws, signature: &Signature) -> Result<Revocation, RevocationError> {
    let arn = signature.job();
    let job = || arn.to_string();
    let of_job = |source| RevocationError::Job {
        job: arn.to_string(),
        source: Box::new(source),
    };
    let id = JobId::parse(&job()).map_err(|error| of_job(error.into()))?;
    let signer = SigningProfiles::connect(aws, arn, Some(arn.location()))
        .await
        .map_err(of_job)?;
    let answer = signer.job(&id).await.map_err(of_job)?;
    if let Some(revoked) = of_answer(signature, &answer)? {
        return Ok(revoked);
    }
    let version = signature.profile_version();
    let of_profile = |source| RevocationError::Profile {
        profile: version.profile().to_string(),
        source: Box::new(source),
    };
    let id = ProfileId::parse(&version.profile().to_string());
    let id = id.map_err(|error| of_profile(error.into()))?;
    let profile = signer.profile(&id).await.map_err(of_profile)?;
    of_profile_answer(signature, &profile)
}

/// What the answer about the job says; it must be about the job that made this signature.
fn of_answer(signature: &Signature, answer: &Job) -> Result<Option<Revocation>, RevocationError> {
    let job = signature.job().to_string();
    let profile = answer.profile.as_ref().map(ToString::to_string);
    let wanted = signature.profile_version().to_string();
    let differs = [
        ("ARN", answer.arn.to_string(), job.clone()),
        ("platform", answer.platform.clone(), PLATFORM_ID.to_owned()),
        ("status", answer.status.clone(), "Succeeded".to_owned()),
        ("profile version", profile.unwrap_or_default(), wanted),
    ];
    let differs = differs
        .into_iter()
        .find(|(_, found, wanted)| found != wanted);
    if let Some((what, found, wanted)) = differs {
        return Err(RevocationError::OtherJob {
            job,
            what,
            found,
            wanted,
        });
    }
    Ok(answer.is_revoked.then(|| Revocation::Job {
        job,
        at: answer.revocation.as_ref().and_then(|record| record.at),
    }))
}

fn of_profile_answer(
    signature: &Signature,
    profile: &Profile,
) -> Result<Revocation, RevocationError> {
    let version = signature.profile_version();
    if profile.arn != *version {
        return Err(RevocationError::OtherVersion {
            found: profile.arn.to_string(),
            wanted: version.to_string(),
        });
    }
    let from = match (&profile.revocation, profile.status.as_str()) {
        (None, "Active" | "Canceled") => return Ok(Revocation::NotRevoked),
        (Some(record), _) => record.effective_from,
        (None, _) => None,
    };
    let Some(from) = from else {
        return Err(RevocationError::NoTime {
            profile: version.to_string(),
        });
    };
    // AWS answers in whole seconds.
    if signature.signing_time() >= from {
        return Ok(Revocation::Profile {
            profile: version.to_string(),
            from,
        });
    }
    tracing::debug!(from = %rfc3339(from), "the signature is older than the revocation of its profile");
    Ok(Revocation::NotRevoked)
}
