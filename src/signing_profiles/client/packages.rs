//! Calls that sign packages in S3.

use aws_sdk_signer::operation::RequestId as _;
use aws_sdk_signer::types::{Destination, S3Destination, S3Source, Source};

use super::SigningProfiles;
use crate::aws::{CallError, CallErrorKind, ObjectName, SigningJobArn};
use crate::signing_profiles::calls::{HARMLESS, ask};
use crate::signing_profiles::error::Error;
use crate::signing_profiles::names::resource;
use crate::signing_profiles::profile::Profile;

/// A package to sign.
#[derive(Debug, Clone)]
pub struct NewSigningJob<'a> {
    /// By which profile.
    pub profile: &'a Profile,
    /// Where it is.
    pub source: &'a ObjectName,
    /// Its version; `null` in a bucket without versions.
    pub version: &'a str,
    /// The bucket of the signed package.
    pub bucket: &'a str,
    /// What the signed package's key begins with.
    pub prefix: &'a str,
    /// What makes two requests one.
    pub token: &'a str,
}

impl SigningProfiles {
    /// Starts a signing job, or finds the one that was started with the same token; answers its ARN.
    ///
    /// # Errors
    ///
    /// [`Error::NoProfile`], [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn start(&self, new: &NewSigningJob<'_>) -> Result<SigningJobArn, Error> {
        let profile = new.profile.profile();
        let call = self.call("signer:StartSigningJob", profile.to_string());
        let (source, destination) = places(new)
            .map_err(|problem| Error::Call(CallError::not_sent(call.clone(), problem, None)))?;
        let owner = profile.location().account();
        let asked = ask(&self.starts, HARMLESS, &call, || async {
            let request = self.client.start_signing_job();
            let answer = request
                .profile_name(profile.name())
                .profile_owner(owner)
                .source(source.clone())
                .destination(destination.clone())
                .client_request_token(new.token)
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        });
        let output = asked.await.map_err(|error| match error {
            Error::Call(source) if source.kind() == CallErrorKind::NotFound => Error::NoProfile {
                profile: profile.to_string(),
                region: self.region.clone(),
                source: Box::new(source),
            },
            error => error,
        })?;
        let path = format!("/signing-jobs/{}", output.job_id().unwrap_or_default());
        let arn = SigningJobArn::parse(&resource(&self.region, output.job_owner(), &path));
        match arn {
            Ok(arn) if arn.location().account() == owner => Ok(arn),
            _ => Err(Error::Call(CallError::malformed(
                call,
                "it does not name a job of the profile's account",
                output.request_id(),
            ))),
        }
    }
}

fn places(new: &NewSigningJob<'_>) -> Result<(Source, Destination), String> {
    let source = S3Source::builder()
        .bucket_name(new.source.bucket())
        .key(new.source.key())
        .version(new.version)
        .build()
        .map_err(|error| error.to_string())?;
    let destination = S3Destination::builder()
        .bucket_name(new.bucket)
        .prefix(new.prefix)
        .build();
    Ok((
        Source::builder().s3(source).build(),
        Destination::builder().s3(destination).build(),
    ))
}
