//! Who signed a package, as AWS Lambda says: it says nothing of a package whose signature does not count.

use crate::aws::arn::{SigningJobArn, SigningProfileVersionArn};

/// Who signed a package whose signature AWS Lambda accepted when it was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBy {
    /// The signing profile.
    pub profile: SigningProfileVersionArn,
    /// The signing job.
    pub job: Option<SigningJobArn>,
}

impl SignedBy {
    /// What an answer says with these two members; `None` of a package that is not signed.
    ///
    /// # Errors
    ///
    /// What is wrong with the answer.
    pub(super) fn read(profile: Option<&str>, job: Option<&str>) -> Result<Option<Self>, String> {
        let said = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let job = said(job).map(|job| SigningJobArn::parse(&job)).transpose();
        let job = job.map_err(|error| format!("its signing job is unusable: {error}"))?;
        match said(profile) {
            Some(profile) => SigningProfileVersionArn::parse(&profile)
                .map(|profile| Some(Self { profile, job }))
                .map_err(|error| format!("its signing profile is unusable: {error}")),
            None if job.is_some() => Err("it names a signing job without a profile".to_owned()),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Code/abcdefghij";
    const JOB: &str =
        "arn:aws:signer:us-west-2:111122223333:/signing-jobs/57613597-fcbd-4527-b0b5-11a4ce658e82";

    #[test]
    fn a_package_is_signed_or_not_and_nothing_between() {
        let read = SignedBy::read(Some(PROFILE), Some(JOB)).unwrap().unwrap();
        assert_eq!(read.profile.to_string(), PROFILE);
        assert_eq!(read.job.unwrap().to_string(), JOB);
        assert_eq!(SignedBy::read(None, None), Ok(None));
        assert_eq!(SignedBy::read(Some(""), Some("")), Ok(None));
        for (profile, job) in [
            (None, Some(JOB)),
            (Some("x"), None),
            (Some(JOB), None),
            (Some(PROFILE), Some("x")),
        ] {
            SignedBy::read(profile, job).unwrap_err();
        }
    }
}
