//! What became of images that Amazon ECR was to sign: the document of `wait`, version 1 (`schemas/wait.v1.schema.json`).

use serde::Serialize;

use super::reason::Reason;
use super::verdict::{ArtifactVerdict, AskedArtifact, Verdict};
use crate::hints::Reader;
use crate::limits::MAX_TOLD_CHARS;
use crate::managed_signing::{Error, FailedSigning, WaitAnswer};
use crate::printable;
use crate::registry::{ProfileSigning, SigningProgress};
use crate::verify;

/// What became of one image.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct WaitResult {
    /// The reference as it was given.
    pub asked: String,
    /// Why it is not signed, or not verified as it must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The image by digest, once it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How far the signings were that were waited for, when it ended.
    pub signings: Vec<SigningRecord>,
    /// The verdict in one word.
    pub verdict: Verdict,
    /// What the verification found; absent where it was not reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<ArtifactVerdict>,
}

/// How far the signing by one profile was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SigningRecord {
    /// AWS's code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_code: Option<String>,
    /// What the failure means, as far as code and reason tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_meaning: Option<String>,
    /// AWS's sentence of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// ARN of the signing profile.
    pub signing_profile: String,
    /// Amazon ECR's word for it.
    pub status: &'static str,
}

impl SigningRecord {
    fn new(signing: &ProfileSigning) -> Self {
        let record = |status| Self {
            failure_code: None,
            failure_meaning: None,
            failure_reason: None,
            signing_profile: signing.signing_profile.to_string(),
            status,
        };
        match &signing.progress {
            SigningProgress::InProgress => record("IN_PROGRESS"),
            SigningProgress::Complete => record("COMPLETE"),
            SigningProgress::Failed { code, reason } => {
                let failed = FailedSigning {
                    signing_profile: signing.signing_profile.clone(),
                    code: code.clone(),
                    reason: reason.clone(),
                };
                let shorten = |text: String| printable::shorten(&text, MAX_TOLD_CHARS);
                Self {
                    failure_meaning: Some(failed.meaning().to_string()),
                    failure_code: failed.code.map(shorten),
                    failure_reason: failed.reason.map(shorten),
                    ..record("FAILED")
                }
            }
        }
    }
}

impl WaitResult {
    /// What `answer` says about the image that was asked about, with hints for `reader`.
    pub fn new(asked: &AskedArtifact<'_>, answer: WaitAnswer, reader: &Reader) -> Self {
        let mut result = Self {
            asked: asked.text.to_owned(),
            error: None,
            reference: answer.image.map(|image| image.to_string()),
            signings: answer.signings.iter().map(SigningRecord::new).collect(),
            verdict: Verdict::Inconclusive,
            verification: None,
        };
        let found: Result<_, verify::Error> = match answer.found {
            Ok(verification) => Ok(verification),
            Err(Error::Verification { source }) => Err(*source),
            Err(error) => {
                let message = error.to_string();
                let reason = Reason::new(error.code(), message, &error, error.hint(), reader)
                    .retryable_if(error.may_pass());
                result.verdict = error.class().into();
                result.error = Some(Reason {
                    details: error.details(),
                    ..reason
                });
                return result;
            }
        };
        let verification = ArtifactVerdict::new(asked, &found, reader);
        result.verdict = verification.verdict;
        result.verification = Some(verification);
        result
    }
}
