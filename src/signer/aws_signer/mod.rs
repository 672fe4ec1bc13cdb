//! AWS Signer as the signer: `SignPayload` makes the whole envelope, `GetSigningProfile` says whether
//! it would.
//!
//! Nothing in the answer is believed: the envelope is verified, its payload is compared with the
//! one sent, and it must be by the profile, and by the version where one was named, that was asked
//! for. Whether its root is trusted is decided by a verification.

mod answer;
mod error;

pub use crate::aws::{Pace, SigningProfile};
pub use answer::AnswerProblem;
pub use error::Error;

use aws_sdk_signer::config::retry::RetryConfig;
use aws_sdk_signer::operation::RequestId as _;
use aws_sdk_signer::operation::sign_payload::SignPayloadOutput;
use aws_sdk_signer::primitives::Blob;
use aws_sdk_signer::types::SigningProfileStatus;
use time::OffsetDateTime;

use super::SignedEnvelope;
use crate::algorithm::KeySpec;
use crate::aws::{
    Aws, Call, CallError, CallErrorKind, NoAnswer, RegionChoice, Repeat, SigningJobArn,
    SigningProfileVersionArn, insist,
};
use crate::extended_validation::{PLATFORM_ID, Signer};
use crate::limits::{MAX_AWS_SIGNER_PAYLOAD_BYTES, MAX_PERMISSION_PAGES};
use crate::notary::PAYLOAD_MEDIA_TYPE;
use crate::payload::Payload;

/// The keys of AWS Signer, for every profile of the platform for images.
pub const KEY_SPEC: KeySpec = KeySpec::Ec384;

/// AWS Signer with one of its profiles.
#[derive(Debug)]
pub struct AwsSigner {
    /// AWS, and the credentials for it.
    pub aws: Aws,
    /// The profile that signs.
    pub profile: SigningProfile,
    /// How fast it is asked.
    pub pace: Pace,
}

/// A signature by AWS Signer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Signature {
    /// The envelope, a JWS.
    pub envelope: SignedEnvelope,
    /// The profile version that signed.
    pub signer: Signer,
    /// The signing job.
    pub job: SigningJobArn,
    /// The region that was asked.
    pub region: RegionChoice,
}

impl AwsSigner {
    /// Signs `payload`, the JSON of a Notary Project payload, which is sent as it is. That is what Notation
    /// asks a plugin for.
    ///
    /// # Errors
    ///
    /// [`Error`]: the payload is not one, or too long; the call failed; or the answer is not what was
    /// asked for.
    pub async fn sign_json(&self, payload: &[u8], now: OffsetDateTime) -> Result<Signature, Error> {
        let sent = Payload::parse(payload).map_err(Error::Payload)?;
        self.sign(&sent, payload, now).await
    }

    /// Signs `payload`, whose JSON is `bytes`, when the pace allows it. It is asked for again where that
    /// may help ([`insist`]), and never where AWS may have signed without an answer coming back. The
    /// answer is judged as it is at `now`.
    pub(super) async fn sign(
        &self,
        payload: &Payload,
        bytes: &[u8],
        now: OffsetDateTime,
    ) -> Result<Signature, Error> {
        let Self { aws, profile, pace } = self;
        if bytes.len() > MAX_AWS_SIGNER_PAYLOAD_BYTES {
            return Err(Error::PayloadTooLong {
                bytes: bytes.len(),
                annotations: payload.target_artifact.annotations.len(),
            });
        }
        let (call, region) = call(aws, profile, "signer:SignPayload")?;
        let client = aws.signer(&region.region).await;
        let client = client.map_err(Error::Settings)?;
        let attempt = || ask(&client, profile, bytes, &call);
        let output = insist(pace, Repeat::MakesAnother, &call, attempt).await;
        let output = output.map_err(|unanswered| match unanswered {
            NoAnswer::NotAsked => Error::NotAsked,
            NoAnswer::Failed(error) => failed(error, &region),
        })?;
        let request_id = output.request_id().map(str::to_owned);
        let signed = answer::check(profile, payload, region, output, now);
        signed.map_err(|problem| Error::UnusableAnswer {
            profile: profile.to_string(),
            request_id,
            problem: Box::new(problem),
        })
    }
}

/// Asks once: each attempt is a call that the pace has to know of, so that the SDK may not ask again
/// by itself.
async fn ask(
    client: &aws_sdk_signer::Client,
    profile: &SigningProfile,
    payload: &[u8],
    call: &Call,
) -> Result<SignPayloadOutput, CallError> {
    let once = aws_sdk_signer::Config::builder().retry_config(RetryConfig::disabled());
    client
        .sign_payload()
        .profile_name(profile.arn().name())
        .profile_owner(profile.arn().location().account())
        .payload(Blob::new(payload))
        .payload_format(PAYLOAD_MEDIA_TYPE)
        .customize()
        .config_override(once)
        .send()
        .await
        .map_err(|error| CallError::from_sdk(call.clone(), &error))
}

/// Checks that `profile` can sign container images now: it exists, is active, is of the platform
/// for them, and its current version is the one named, if one is.
///
/// # Errors
///
/// [`Error`].
pub async fn describe(aws: &Aws, profile: &SigningProfile) -> Result<RegionChoice, Error> {
    description(aws, profile).await.map(|found| found.region)
}

/// A signing profile that can sign container images now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Description {
    /// The region that was asked.
    pub region: RegionChoice,
    /// The profile's current version.
    pub version: SigningProfileVersionArn,
    /// How long its signatures hold, as AWS says it, for example `135 MONTHS`.
    pub validity: Option<String>,
}

/// The same as [`describe`], with what AWS says of the profile.
///
/// # Errors
///
/// As [`describe`].
pub async fn description(aws: &Aws, profile: &SigningProfile) -> Result<Description, Error> {
    let (call, region) = call(aws, profile, "signer:GetSigningProfile")?;
    let found = aws
        .signer(&region.region)
        .await
        .map_err(Error::Settings)?
        .get_signing_profile()
        .profile_name(profile.arn().name())
        .profile_owner(profile.arn().location().account())
        .send()
        .await
        .map_err(|error| failed(CallError::from_sdk(call.clone(), &error), &region))?;
    let malformed = |problem: String| {
        Error::Call(CallError::malformed(
            call.clone(),
            problem,
            found.request_id(),
        ))
    };
    let version = found.profile_version_arn().unwrap_or_default();
    let version = SigningProfileVersionArn::parse(version)
        .map_err(|error| malformed(format!("its profile version is unusable: {error}")))?;
    if version.profile() != profile.arn() {
        return Err(malformed(format!(
            "it is about `{version}`{}",
            region
                .warning()
                .map_or_else(String::new, |warning| format!("; {warning}"))
        )));
    }
    match found.status() {
        Some(SigningProfileStatus::Active) => {}
        other => {
            return Err(Error::NotActive {
                profile: profile.to_string(),
                status: other.map_or("unknown", |status| status.as_str()).to_owned(),
            });
        }
    }
    if found.platform_id() != Some(PLATFORM_ID) {
        return Err(Error::OtherPlatform {
            profile: profile.to_string(),
            platform: found.platform_id().unwrap_or("unknown").to_owned(),
        });
    }
    if !profile.is(&version) {
        return Err(Error::NotCurrent {
            profile: profile.to_string(),
            current: version.version().to_owned(),
        });
    }
    let validity = found
        .signature_validity_period()
        .and_then(|period| Some(format!("{} {}", period.value(), period.r#type()?.as_str())));
    Ok(Description {
        region,
        version,
        validity,
    })
}

/// What the owner of a profile lets another account or identity do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Permission {
    /// The action, for example `signer:SignPayload`.
    pub action: String,
    /// The account, or the ARN of a user or role.
    pub principal: String,
}

/// The permissions of a profile, whose owner must be the caller; those of the first
/// [`MAX_PERMISSION_PAGES`] pages, and whether there are more.
///
/// # Errors
///
/// [`Error::Settings`] and [`Error::Call`].
pub async fn permissions(
    aws: &Aws,
    profile: &SigningProfile,
) -> Result<(Vec<Permission>, bool), Error> {
    let (call, region) = call(aws, profile, "signer:ListProfilePermissions")?;
    let client = aws.signer(&region.region).await.map_err(Error::Settings)?;
    let mut found = Vec::new();
    let mut next = None;
    for _ in 0..MAX_PERMISSION_PAGES {
        let page = client
            .list_profile_permissions()
            .profile_name(profile.arn().name())
            .set_next_token(next)
            .send()
            .await
            .map_err(|error| CallError::from_sdk(call.clone(), &error));
        let page = match page {
            Ok(page) => page,
            // AWS answers like this for a profile without permissions; that is not an error.
            Err(error) if error.kind() == CallErrorKind::NotFound && found.is_empty() => {
                return Ok((found, false));
            }
            Err(error) => return Err(failed(error, &region)),
        };
        found.extend(page.permissions().iter().map(|permission| Permission {
            action: permission.action().unwrap_or_default().to_owned(),
            principal: permission.principal().unwrap_or_default().to_owned(),
        }));
        next = page.next_token().map(str::to_owned);
        if next.is_none() {
            return Ok((found, false));
        }
    }
    Ok((found, true))
}

/// A call that failed; in another region than the profile's that may be why.
fn failed(error: CallError, region: &RegionChoice) -> Error {
    Error::Call(error.in_spite_of(region.conflicts_with.as_deref()))
}

fn call(
    aws: &Aws,
    profile: &SigningProfile,
    action: &'static str,
) -> Result<(Call, RegionChoice), Error> {
    let region = aws
        .region_for(profile, profile.arn().location())
        .map_err(Error::Settings)?;
    let call = Call {
        action,
        resource: profile.arn().to_string(),
        region: region.region.clone(),
    };
    Ok((call, region))
}
