//! Signing jobs: sign a payload, describe, list, revoke.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    Context, archives,
    envelope::{self, Attributes, PAYLOAD_FORMAT},
    input::{ACCOUNT_ID, Input, PROFILE_NAME, REVOCATION_REASON, SIGNING_STATUS, STRING},
    pages::page,
    permissions,
    platforms::{self, NOTATION},
    store::{
        Job, JobRevocation, Profile, Store, check_profile, job_arn, not_found, timestamp,
        validation,
    },
};
use crate::{
    authority::{Authority, Signed},
    call::Caller,
    error::AwsError,
    faults::Tamper,
    random,
    saved::Saved,
};

/// The model's bound on the payload, decoded.
const MAX_PAYLOAD_BYTES: usize = 4_096;

pub(super) fn sign_payload(context: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let name = input.body_text("profileName", PROFILE_NAME)?;
    let owner = input.optional_body_text("profileOwner", ACCOUNT_ID)?;
    let payload = input.body_text("payload", STRING)?;
    let format = input.body_text("payloadFormat", STRING)?;
    input.finish()?;
    let payload = decode_payload(&payload)?;
    check_payload(&payload, &format)?;

    let caller = context.caller;
    let owner = owner.as_deref().unwrap_or(&caller.account);
    let profile = {
        let store = context.store.read();
        permissions::check(&store, caller, "SignPayload", owner, &name)?;
        store.profile(&caller.region, owner, &name)?.clone()
    };
    check_profile(&profile, NOTATION, "SignPayload")?;

    let job = Job {
        id: random::uuid(),
        owner: owner.to_owned(),
        invoker: caller.account.clone(),
        requested_by: caller.arn.clone(),
        region: caller.region.clone(),
        profile_name: name,
        profile_version: profile.version.clone(),
        platform_id: profile.platform_id.clone(),
        created_at: context.now,
        expires_at: profile.validity.end(context.now),
        revocation: None,
        archive: None,
    };
    let signature = sign(context, payload, &profile, &job)?;
    let answer = json!({
        "jobId": job.id,
        "jobOwner": job.owner,
        "metadata": {
            "com.amazonaws.signer.signingProfile": profile.arn(),
            "com.amazonaws.signer.signingJobId": job.id,
        },
        "signature": STANDARD.encode(signature),
    });
    context.store.change(|store| {
        store.jobs.insert(job.arn(), job);
        Ok(answer)
    })
}

/// A job of the caller's with its own profile of this name, which signs a package.
pub(crate) fn new_job(
    store: &Saved<Store>,
    caller: &Caller,
    profile: &str,
    now: OffsetDateTime,
) -> Result<Job, AwsError> {
    store.change(|store| {
        let profile = store.profile(&caller.region, &caller.account, profile)?;
        let job = Job {
            id: random::uuid(),
            owner: caller.account.clone(),
            invoker: caller.account.clone(),
            requested_by: caller.arn.clone(),
            region: caller.region.clone(),
            profile_name: profile.name.clone(),
            profile_version: profile.version.clone(),
            platform_id: profile.platform_id.clone(),
            created_at: now,
            expires_at: profile.validity.end(now),
            revocation: None,
            archive: None,
        };
        store.jobs.insert(job.arn(), job.clone());
        Ok(job)
    })
}

fn decode_payload(payload: &str) -> Result<Vec<u8>, AwsError> {
    let bytes = STANDARD
        .decode(payload)
        .map_err(|_| AwsError::client("SerializationException", "'payload' must be base64"))?;
    let mut violation = None;
    if bytes.is_empty() {
        violation = Some("greater than or equal to 1".to_owned());
    } else if bytes.len() > MAX_PAYLOAD_BYTES {
        violation = Some(format!("less than or equal to {MAX_PAYLOAD_BYTES}"));
    }
    violation.map_or(Ok(bytes), |bound| {
        Err(validation(format!(
            "1 validation error detected: Value at 'payload' failed to satisfy constraint: Member must have length {bound}"
        )))
    })
}

fn check_payload(payload: &[u8], format: &str) -> Result<(), AwsError> {
    if format != PAYLOAD_FORMAT {
        return Err(validation(format!(
            "Invalid payloadFormat: {format}. The valid format is {PAYLOAD_FORMAT}"
        )));
    }
    match serde_json::from_slice(payload) {
        Ok(Value::Object(members)) if members.contains_key("targetArtifact") => Ok(()),
        _ => Err(validation(format!(
            "The payload is not of format {PAYLOAD_FORMAT}"
        ))),
    }
}

/// The envelope, or what the fault in force makes of it.
fn sign(
    context: &Context<'_>,
    payload: Vec<u8>,
    profile: &Profile,
    job: &Job,
) -> Result<Vec<u8>, AwsError> {
    let tamper = context.tamper;
    let mut attributes = Attributes {
        signing_time: job.created_at,
        expiry: job.expires_at,
        profile_version_arn: profile.version_arn(),
        job_arn: job.arn(),
    };
    let mut payload = payload;
    let mut identity = context
        .authority
        .signing_identity(&job.region, context.now)?;
    match tamper {
        Some(Tamper::Payload) => payload = other_payload(&payload),
        Some(Tamper::ProfileVersion) => {
            attributes.profile_version_arn =
                format!("{}/{}", profile.arn(), random::alphanumeric(10));
        }
        Some(Tamper::Profile) => {
            attributes.profile_version_arn = format!("{}_other/{}", profile.arn(), profile.version);
        }
        Some(Tamper::Chain) => {
            let other = Authority::open(None, Signed::Envelopes)
                .map_err(|error| AwsError::internal(error.to_string()))?;
            identity = other.signing_identity(&job.region, context.now)?;
        }
        Some(Tamper::NotAnEnvelope) => return Ok(b"this is not an envelope".to_vec()),
        Some(Tamper::Signature | Tamper::Attribute) | None => {}
    }
    envelope::sign(&payload, &attributes, &identity, tamper)
}

/// The payload with another digest, of the same form.
fn other_payload(payload: &[u8]) -> Vec<u8> {
    let mut document: Value = serde_json::from_slice(payload).unwrap_or_default();
    if let Some(artifact) = document
        .get_mut("targetArtifact")
        .and_then(Value::as_object_mut)
    {
        artifact.insert(
            "digest".to_owned(),
            json!(format!("sha256:{}", random::hex(32))),
        );
    }
    serde_json::to_vec(&document).unwrap_or_default()
}

/// The job as its owner or its invoker sees it.
fn find<'a>(store: &'a Store, context: &Context<'_>, id: &str) -> Result<&'a Job, AwsError> {
    let caller = context.caller;
    let own = store
        .jobs
        .get(&job_arn(&caller.region, &caller.account, id));
    let job = own.or_else(|| {
        store.jobs.values().find(|job| {
            job.id == id && job.region == caller.region && job.invoker == caller.account
        })
    });
    job.ok_or_else(|| not_found(format!("Signing job {id} not found")))
}

pub(super) fn describe(context: &Context<'_>, id: &str) -> Result<Value, AwsError> {
    let arn = find(&context.store.read(), context, id)?.arn();
    archives::ask(context, &arn)?;
    let store = context.store.read();
    let job = find(&store, context, id)?;
    let revocation = job.revocation.as_ref().map(|revocation| {
        json!({
            "reason": revocation.reason,
            "revokedAt": timestamp(revocation.revoked_at),
            "revokedBy": revocation.revoked_by,
        })
    });
    Ok(json!({
        "jobId": job.id,
        "source": job.source(),
        "signedObject": job.signed_object(),
        "signingMaterial": {},
        "platformId": job.platform_id,
        "platformDisplayName": platforms::display_name(&job.platform_id),
        "profileName": job.profile_name,
        "profileVersion": job.profile_version,
        "createdAt": timestamp(job.created_at),
        "completedAt": job.completed_at().map(timestamp),
        "signatureExpiresAt": timestamp(job.expires_at),
        "requestedBy": job.requested_by,
        "status": job.status(),
        "statusReason": job.status_reason(),
        "revocationRecord": revocation,
        "jobOwner": job.owner,
        "jobInvoker": job.invoker,
    }))
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let status = input.optional_query_text("status", SIGNING_STATUS);
    let platform_id = input.optional_query_text("platformId", STRING);
    let requested_by = input.optional_query_text("requestedBy", STRING);
    let is_revoked = input.optional_query_bool("isRevoked")?;
    let expires_before = input.optional_query_time("signatureExpiresBefore")?;
    let expires_after = input.optional_query_time("signatureExpiresAfter")?;
    let invoker = input.optional_query_text("jobInvoker", ACCOUNT_ID);
    let max_results = input.max_results()?;
    let token = input.optional_query_text("nextToken", STRING);
    input.finish()?;

    let caller = context.caller;
    let fits = |filter: &Option<String>, value: &str| {
        filter.as_deref().is_none_or(|filter| filter == value)
    };
    let is_listed = |job: &&Job| {
        job.owner == caller.account
            && job.region == caller.region
            && fits(&status, job.status())
            && fits(&platform_id, &job.platform_id)
            && fits(&requested_by, &job.requested_by)
            && fits(&invoker, &job.invoker)
            && is_revoked.is_none_or(|is_revoked| is_revoked == job.revocation.is_some())
            && expires_before.is_none_or(|before| job.expires_at < before)
            && expires_after.is_none_or(|after| job.expires_at > after)
    };
    let store = context.store.read();
    let mut rows: Vec<_> = store.jobs.values().filter(is_listed).map(row).collect();
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let (jobs, next) = page(rows, token.as_deref(), max_results)?;
    Ok(json!({ "jobs": jobs, "nextToken": next }))
}

/// A row of `ListSigningJobs` and what the rows are sorted by: time, then identifier.
fn row(job: &Job) -> (String, Value) {
    let row = json!({
        "jobId": job.id,
        "source": job.source(),
        "signedObject": job.signed_object(),
        "signingMaterial": {},
        "createdAt": timestamp(job.created_at),
        "status": job.status(),
        "isRevoked": job.revocation.is_some(),
        "profileName": job.profile_name,
        "profileVersion": job.profile_version,
        "platformId": job.platform_id,
        "platformDisplayName": platforms::display_name(&job.platform_id),
        "signatureExpiresAt": timestamp(job.expires_at),
        "jobOwner": job.owner,
        "jobInvoker": job.invoker,
    });
    (
        format!("{:020}/{}", job.created_at.unix_timestamp(), job.id),
        row,
    )
}

pub(super) fn revoke(context: &Context<'_>, id: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    let owner = input.optional_body_text("jobOwner", ACCOUNT_ID)?;
    let reason = input.body_text("reason", REVOCATION_REASON)?;
    input.finish()?;

    let caller = context.caller;
    let owner = owner.as_deref().unwrap_or(&caller.account);
    context.store.change(|store| {
        let arn = job_arn(&caller.region, owner, id);
        // Who may not see the job does not learn whether there is one.
        let profile = store
            .jobs
            .get(&arn)
            .map_or("", |job| job.profile_name.as_str());
        permissions::check(store, caller, "RevokeSignature", owner, profile)?;
        let job = store
            .jobs
            .get_mut(&arn)
            .ok_or_else(|| not_found(format!("Signing job {id} not found")))?;
        // A second revocation leaves the record of the first.
        job.revocation.get_or_insert_with(|| JobRevocation {
            reason,
            revoked_at: context.now,
            revoked_by: caller.arn.clone(),
        });
        Ok(json!({}))
    })
}
