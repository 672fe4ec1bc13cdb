//! Signing jobs of archives in S3 (`StartSigningJob`), for AWS Lambda.
//!
//! AWS works in the background. Here a job goes on with each `DescribeSigningJob` about it, so that a test waits for
//! calls and not for seconds; unless told otherwise it has ended before the first.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Context,
    input::{ACCOUNT_ID, Input, PROFILE_NAME, STRING},
    package, permissions,
    platforms::LAMBDA,
    store::{Archive, Destination, Ended, Job, Profile, Source, Store, check_profile, validation},
};
use crate::{error::AwsError, faults::Tamper, managed_signing::SigningEnd, random};

/// `maxSizeInMB` of the platform.
const MAX_ARCHIVE_BYTES: usize = 250 * 1024 * 1024;

#[derive(Deserialize)]
struct InS3<T> {
    s3: Option<T>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct SourceInput {
    bucket_name: String,
    key: String,
    version: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct DestinationInput {
    bucket_name: String,
    prefix: String,
}

pub(super) fn start(context: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let name = input.body_text("profileName", PROFILE_NAME)?;
    let owner = input.optional_body_text("profileOwner", ACCOUNT_ID)?;
    let token = input.body_text("clientRequestToken", STRING)?;
    let source = input.member("source");
    let destination = input.member("destination");
    input.finish()?;
    let source = source_of(source)?;
    let destination = destination_of(destination)?;

    let caller = context.caller;
    // Whatever else the call says: calls after the first answer the same.
    if let Some(job) = with_token(&context.store.read(), context, &token) {
        return Ok(answer(job));
    }
    let owner = owner.as_deref().unwrap_or(&caller.account);
    let profile = {
        let store = context.store.read();
        permissions::check(&store, caller, "StartSigningJob", owner, &name)?;
        store.profile(&caller.region, owner, &name)?.clone()
    };
    check_profile(&profile, LAMBDA, "StartSigningJob")?;
    for bucket in [&source.bucket, &destination.bucket] {
        let found = context.objects.check_bucket(caller, bucket);
        found.map_err(|error| job_parameter(&format!("bucket {bucket}: {}", error.message)))?;
    }
    let job = new_job(context, &profile, source, destination, token);
    let arn = job.arn();
    let answer = answer(&job);
    context.store.change(|store| {
        store.jobs.insert(arn.clone(), job);
        Ok(())
    })?;
    if context.courses.read().course(&profile.arn()).in_progress == 0 {
        end(context, &arn)?;
    }
    Ok(answer)
}

fn new_job(
    context: &Context<'_>,
    profile: &Profile,
    source: Source,
    destination: Destination,
    token: String,
) -> Job {
    let caller = context.caller;
    Job {
        id: random::uuid(),
        owner: profile.account.clone(),
        invoker: caller.account.clone(),
        requested_by: caller.arn.clone(),
        region: caller.region.clone(),
        profile_name: profile.name.clone(),
        profile_version: profile.version.clone(),
        platform_id: profile.platform_id.clone(),
        created_at: context.now,
        expires_at: profile.validity.end(context.now),
        revocation: None,
        archive: Some(Archive {
            source,
            destination,
            token,
            tamper: context.tamper,
            asked: 0,
            ended: None,
        }),
    }
}

fn answer(job: &Job) -> Value {
    json!({ "jobId": job.id, "jobOwner": job.owner })
}

fn with_token<'s>(store: &'s Store, context: &Context<'_>, token: &str) -> Option<&'s Job> {
    let caller = context.caller;
    store.jobs.values().find(|job| {
        let archive = job.archive.as_ref();
        job.invoker == caller.account
            && job.region == caller.region
            && archive.is_some_and(|archive| archive.token == token)
    })
}

/// AWS's error for a parameter that the model allows.
fn job_parameter(message: &str) -> AwsError {
    let mut error = validation(format!("StartSigningJobRequest:{message}"));
    error
        .members
        .insert("code".to_owned(), "InvalidJobParameters".into());
    error
}

fn should_not_be_empty(name: &str) -> AwsError {
    job_parameter(&format!("{name} should not be empty"))
}

fn read<T: serde::de::DeserializeOwned>(name: &str, value: Option<Value>) -> Result<T, AwsError> {
    let malformed = |error: serde_json::Error| {
        AwsError::client("SerializationException", format!("'{name}': {error}"))
    };
    let value = value.ok_or_else(|| should_not_be_empty(name))?;
    let read: InS3<T> = serde_json::from_value(value).map_err(malformed)?;
    read.s3
        .ok_or_else(|| should_not_be_empty(&format!("{name}:s3")))
}

fn source_of(value: Option<Value>) -> Result<Source, AwsError> {
    let input: SourceInput = read("source", value)?;
    for (name, value) in [
        ("bucketName", &input.bucket_name),
        ("key", &input.key),
        ("version", &input.version),
    ] {
        if value.is_empty() {
            return Err(should_not_be_empty(&format!("source:{name}")));
        }
    }
    Ok(Source {
        bucket: input.bucket_name,
        key: input.key,
        version: input.version,
    })
}

fn destination_of(value: Option<Value>) -> Result<Destination, AwsError> {
    let input: DestinationInput = read("destination", value)?;
    if input.bucket_name.is_empty() {
        return Err(should_not_be_empty("destination:bucketName"));
    }
    Ok(Destination {
        bucket: input.bucket_name,
        prefix: input.prefix,
    })
}

/// Asks about a job, which may end with that.
pub(super) fn ask(context: &Context<'_>, arn: &str) -> Result<(), AwsError> {
    let asked = context.store.change(|store| {
        let Some(job) = store.jobs.get_mut(arn) else {
            return Ok(None);
        };
        let profile = super::store::profile_arn(&job.region, &job.owner, &job.profile_name);
        let archive = job.archive.as_mut().filter(|it| it.ended.is_none());
        Ok(archive.map(|archive| {
            archive.asked = archive.asked.saturating_add(1);
            (archive.asked, profile)
        }))
    })?;
    let Some((asked, profile)) = asked else {
        return Ok(());
    };
    if asked > context.courses.read().course(&profile).in_progress {
        end(context, arn)?;
    }
    Ok(())
}

/// Does the job's work.
fn end(context: &Context<'_>, arn: &str) -> Result<(), AwsError> {
    let (job, profile) = {
        let store = context.store.read();
        let Some(job) = store.jobs.get(arn).cloned() else {
            return Ok(());
        };
        let profile = store.profile(&job.region, &job.owner, &job.profile_name)?;
        (job, profile.clone())
    };
    let ended = match signed(context, &job, &profile) {
        Ok(key) => Ended {
            at: context.now,
            reason: "Signing Succeeded".to_owned(),
            signed_key: Some(key),
        },
        Err(reason) => Ended {
            at: context.now,
            reason,
            signed_key: None,
        },
    };
    context.store.change(|store| {
        let job = store.jobs.get_mut(arn);
        if let Some(archive) = job.and_then(|job| job.archive.as_mut()) {
            archive.ended.get_or_insert(ended);
        }
        Ok(())
    })
}

/// Signs what the job names; answers the key that the signed archive is stored under, or why signing failed.
fn signed(context: &Context<'_>, job: &Job, profile: &Profile) -> Result<String, String> {
    let course = context.courses.read().course(&profile.arn());
    if let SigningEnd::Failed { reason, .. } = course.end {
        return Err(reason);
    }
    let archive = job.archive.as_ref().ok_or("not an archive's job")?;
    let Source {
        bucket,
        key,
        version,
    } = &archive.source;
    let read = context
        .objects
        .get(context.caller, (bucket, key), Some(version));
    let (bytes, _) = read.map_err(|error| format!("Source object: {}", error.message))?;
    let signed = sign_archive(context, &bytes, profile, job, archive.tamper)?;
    let extension = key.rsplit_once('.').map_or("", |(_, extension)| extension);
    let dot = if extension.is_empty() { "" } else { "." };
    let Destination { bucket, prefix } = &archive.destination;
    let signed_key = format!("{prefix}{}{dot}{extension}", job.id);
    if course.end == SigningEnd::Lost {
        return Ok(signed_key);
    }
    let stored = context.objects.put(
        context.caller,
        context.now,
        (bucket, &signed_key),
        &Bytes::from(signed),
    );
    stored.map_err(|error| format!("Destination object: {}", error.message))?;
    Ok(signed_key)
}

/// The signed archive, or why AWS Signer does not sign it.
fn sign_archive(
    context: &Context<'_>,
    bytes: &[u8],
    profile: &Profile,
    job: &Job,
    tamper: Option<Tamper>,
) -> Result<Vec<u8>, String> {
    if bytes.len() > MAX_ARCHIVE_BYTES {
        return Err("The file is larger than 250 MB".to_owned());
    }
    package::sign(context.package_authority, bytes, profile, job, tamper)
}
