//! AWS Signer: profiles, jobs, permissions, tags, and the data plane's revocation status.
//!
//! Requests and answers as the API model 2017-08-25 says (rest-json).

mod archives;
mod envelope;
mod input;
mod jobs;
pub(crate) mod lambda_zip;
mod operation;
mod package;
mod pages;
mod permissions;
mod platforms;
mod profiles;
mod revocation;
mod store;
mod tags;

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    authority::Authority, call::Caller, error::AwsError, faults::Tamper, managed_signing,
    s3::Objects, saved::Saved,
};

pub(crate) use jobs::new_job;
pub(crate) use operation::Operation;
pub(crate) use platforms::{LAMBDA, NOTATION};
pub(crate) use store::Store;

/// One signed call of AWS Signer, and what it works on.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Saved<Store>,
    pub(crate) authority: &'a Authority,
    /// What signs archives.
    pub(crate) package_authority: &'a Authority,
    pub(crate) caller: &'a Caller,
    pub(crate) request: &'a Request<Bytes>,
    pub(crate) now: OffsetDateTime,
    pub(crate) tamper: Option<Tamper>,
    /// What the jobs of archives read and write.
    pub(crate) objects: Objects<'a>,
    /// How the jobs of each profile go.
    pub(crate) courses: &'a Saved<managed_signing::Store>,
}

/// Answers one operation.
pub(crate) fn handle(context: &Context<'_>, operation: &Operation) -> Result<Value, AwsError> {
    match operation {
        Operation::PutSigningProfile { profile_name } => profiles::put(context, profile_name),
        Operation::GetSigningProfile { profile_name } => profiles::describe(context, profile_name),
        Operation::ListSigningProfiles => profiles::list(context),
        Operation::CancelSigningProfile { profile_name } => profiles::cancel(context, profile_name),
        Operation::RevokeSigningProfile { profile_name } => profiles::revoke(context, profile_name),
        Operation::SignPayload => jobs::sign_payload(context),
        Operation::DescribeSigningJob { job_id } => jobs::describe(context, job_id),
        Operation::ListSigningJobs => jobs::list(context),
        Operation::RevokeSignature { job_id } => jobs::revoke(context, job_id),
        Operation::AddProfilePermission { profile_name } => permissions::add(context, profile_name),
        Operation::ListProfilePermissions { profile_name } => {
            permissions::list(context, profile_name)
        }
        Operation::RemoveProfilePermission {
            profile_name,
            statement_id,
        } => permissions::remove(context, profile_name, statement_id),
        Operation::ListTagsForResource { resource_arn } => tags::list(context, resource_arn),
        Operation::TagResource { resource_arn } => tags::tag(context, resource_arn),
        Operation::UntagResource { resource_arn } => tags::untag(context, resource_arn),
        Operation::ListSigningPlatforms => platforms::list(context),
        Operation::GetSigningPlatform { platform_id } => platforms::describe(platform_id),
        Operation::GetRevocationStatus => revocation::status(context),
        Operation::StartSigningJob => archives::start(context),
    }
}

/// The resource that an `AccessDeniedException` names.
pub(crate) fn resource(operation: &Operation, caller: &Caller, request: &Request<Bytes>) -> String {
    let profile = |name: &str| store::profile_arn(&caller.region, &caller.account, name);
    match operation {
        Operation::AddProfilePermission { profile_name }
        | Operation::CancelSigningProfile { profile_name }
        | Operation::GetSigningProfile { profile_name }
        | Operation::ListProfilePermissions { profile_name }
        | Operation::PutSigningProfile { profile_name }
        | Operation::RemoveProfilePermission { profile_name, .. }
        | Operation::RevokeSigningProfile { profile_name } => profile(profile_name),
        Operation::DescribeSigningJob { job_id } | Operation::RevokeSignature { job_id } => {
            store::job_arn(&caller.region, &caller.account, job_id)
        }
        Operation::ListTagsForResource { resource_arn }
        | Operation::TagResource { resource_arn }
        | Operation::UntagResource { resource_arn } => resource_arn.clone(),
        Operation::SignPayload | Operation::StartSigningJob => {
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let text = |name: &str| body.get(name).and_then(Value::as_str);
            let owner = text("profileOwner").unwrap_or(&caller.account);
            store::profile_arn(&caller.region, owner, text("profileName").unwrap_or("*"))
        }
        Operation::GetRevocationStatus => {
            let query = request.uri().query().unwrap_or_default();
            form_urlencoded::parse(query.as_bytes())
                .find(|(name, _)| name == "jobArn")
                .map_or_else(|| "*".to_owned(), |(_, arn)| arn.into_owned())
        }
        Operation::ListSigningJobs => store::job_arn(&caller.region, &caller.account, "*"),
        Operation::ListSigningProfiles => profile("*"),
        Operation::ListSigningPlatforms | Operation::GetSigningPlatform { .. } => "*".to_owned(),
    }
}
