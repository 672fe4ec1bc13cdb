//! A signing job as AWS Signer describes it: who signed, when, with which profile. What was signed it does not say.

use aws_sdk_signer::operation::describe_signing_job::DescribeSigningJobOutput;
use aws_sdk_signer::types::{SignedObject, SigningJob as Row, SigningStatus, Source};
use time::OffsetDateTime;

use super::names::resource;
use super::profile::time_of;
use crate::aws::{SigningJobArn, SigningProfileVersionArn};

/// Who revoked a job's signature, when and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRevocation {
    /// When.
    pub at: Option<OffsetDateTime>,
    /// The IAM identity.
    pub by: Option<String>,
    /// Why, in that identity's words.
    pub reason: Option<String>,
}

/// A signing job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its ARN.
    pub arn: SigningJobArn,
    /// The account that owns the profile, and so the job.
    pub owner: String,
    /// The account that asked for the signature.
    pub invoker: Option<String>,
    /// The IAM identity that asked for it; a list does not say.
    pub requested_by: Option<String>,
    /// The profile that signed.
    pub profile: Option<SigningProfileVersionArn>,
    /// The signing platform.
    pub platform: String,
    /// AWS's word for how it ended.
    pub status: String,
    /// When it began.
    pub created_at: Option<OffsetDateTime>,
    /// When its signature expires.
    pub expires_at: Option<OffsetDateTime>,
    /// Whether its signature is revoked; a list does not say who revoked it.
    pub is_revoked: bool,
    /// Who revoked it.
    pub revocation: Option<JobRevocation>,
    /// What AWS says about the status; a list does not say.
    pub status_reason: Option<String>,
    /// The object in S3 that is signed; a job that signs a payload has none.
    pub source: Option<SignedSource>,
    /// Bucket and key of the signed object, where there is one.
    pub signed_object: Option<(String, String)>,
}

/// The object in S3 that a job signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSource {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Its version; `null` where it has none.
    pub version: String,
}

/// The jobs of a signing profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobList {
    /// The newest jobs, the newest one first.
    pub jobs: Vec<Job>,
    /// How many the profile has, of those that were read.
    pub all: usize,
    /// Whether all jobs of the account were read.
    pub is_complete: bool,
}

impl Job {
    /// What AWS answered about `id`, or what is wrong with the answer.
    pub(super) fn read(
        output: &DescribeSigningJobOutput,
        id: &str,
        region: &str,
    ) -> Result<Self, String> {
        if output.job_id() != Some(id) {
            let other = output.job_id().unwrap_or("no job");
            return Err(format!("it is about `{other}`"));
        }
        let revocation = output.revocation_record().map(|record| JobRevocation {
            at: time_of(record.revoked_at()),
            by: record.revoked_by().map(str::to_owned),
            reason: record.reason().map(str::to_owned),
        });
        let owner = output.job_owner();
        Ok(Self {
            arn: job_arn(region, owner, id)?,
            owner: owner.unwrap_or_default().to_owned(),
            invoker: output.job_invoker().map(str::to_owned),
            requested_by: output.requested_by().map(str::to_owned),
            profile: profile(
                region,
                owner,
                output.profile_name(),
                output.profile_version(),
            ),
            platform: output.platform_id().unwrap_or("unknown").to_owned(),
            status: status(output.status()),
            created_at: time_of(output.created_at()),
            expires_at: time_of(output.signature_expires_at()),
            is_revoked: revocation.is_some(),
            revocation,
            status_reason: output.status_reason().map(str::to_owned),
            source: output.source().and_then(source),
            signed_object: output.signed_object().and_then(signed_object),
        })
    }

    /// The same for a row of a list.
    pub(super) fn read_row(row: &Row, region: &str) -> Result<Self, String> {
        let owner = row.job_owner();
        Ok(Self {
            arn: job_arn(region, owner, row.job_id().unwrap_or_default())?,
            owner: owner.unwrap_or_default().to_owned(),
            invoker: row.job_invoker().map(str::to_owned),
            requested_by: None,
            profile: profile(region, owner, row.profile_name(), row.profile_version()),
            platform: row.platform_id().unwrap_or("unknown").to_owned(),
            status: status(row.status()),
            created_at: time_of(row.created_at()),
            expires_at: time_of(row.signature_expires_at()),
            is_revoked: row.is_revoked(),
            revocation: None,
            status_reason: None,
            source: row.source().and_then(source),
            signed_object: row.signed_object().and_then(signed_object),
        })
    }
}

fn source(source: &Source) -> Option<SignedSource> {
    let source = source.s3()?;
    Some(SignedSource {
        bucket: source.bucket_name().to_owned(),
        key: source.key().to_owned(),
        version: source.version().to_owned(),
    })
}

fn signed_object(object: &SignedObject) -> Option<(String, String)> {
    let object = object.s3()?;
    Some((object.bucket_name()?.to_owned(), object.key()?.to_owned()))
}

fn status(status: Option<&SigningStatus>) -> String {
    status.map_or("unknown", SigningStatus::as_str).to_owned()
}

fn job_arn(region: &str, owner: Option<&str>, id: &str) -> Result<SigningJobArn, String> {
    let arn = resource(region, owner, &format!("/signing-jobs/{id}"));
    SigningJobArn::parse(&arn).map_err(|error| format!("its job is unusable: {error}"))
}

fn profile(
    region: &str,
    owner: Option<&str>,
    name: Option<&str>,
    version: Option<&str>,
) -> Option<SigningProfileVersionArn> {
    let path = format!("/signing-profiles/{}/{}", name?, version?);
    SigningProfileVersionArn::parse(&resource(region, owner, &path)).ok()
}
