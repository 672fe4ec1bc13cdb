//! AWS Lambda (REST JSON): functions, layers and code signing configurations. Nothing runs.
//!
//! As the API models 2015-03-31, 2018-10-31, 2020-04-22 and 2020-06-30 say. A function has one version, `$LATEST`; any
//! qualifier that a question names is taken for an alias of it. Archives are checked against the function's code signing
//! configuration as AWS does: integrity, mismatch, expiry, revocation.

mod checks;
mod cms;
mod code;
mod configs;
mod deployment;
mod functions;
mod input;
mod layers;
mod locations;
mod names;
mod package;
mod route;
mod store;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    authority::Authority, call::Caller, error::AwsError, protocol::Protocol, s3::Objects,
    saved::Saved, signer,
};

pub(crate) use locations::{download, is_download};
pub(crate) use package::SAMPLE;
pub(crate) use route::Operation;
pub(crate) use store::Store;

/// One signed call, and what it works on.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Saved<Store>,
    pub(crate) caller: &'a Caller,
    pub(crate) request: &'a Request<Bytes>,
    /// The body, `{}` without one.
    pub(crate) body: &'a Value,
    pub(crate) now: OffsetDateTime,
    /// What the URLs of code begin with.
    pub(crate) origin: &'a str,
    /// What such a URL is signed with.
    pub(crate) location_key: &'a [u8],
    pub(crate) objects: Objects<'a>,
    pub(crate) signer: &'a Saved<signer::Store>,
    pub(crate) package_authority: &'a Authority,
}

/// Answers one operation: the status of success and the answer.
pub(crate) fn handle(
    context: &Context<'_>,
    operation: &Operation,
) -> Result<(StatusCode, Value), AwsError> {
    use Operation as O;
    let answer = match operation {
        O::CreateFunction => functions::create(context),
        O::ListFunctions => functions::list(context),
        O::GetFunction(name) => functions::get(context, name),
        O::GetFunctionConfiguration(name) => functions::configuration(context, name),
        O::UpdateFunctionCode(name) => functions::update_code(context, name),
        O::UpdateFunctionConfiguration(name) => functions::update_configuration(context, name),
        O::DeleteFunction(name) => functions::delete(context, name),
        O::PutFunctionCodeSigningConfig(name) => configs::attach(context, name),
        O::GetFunctionCodeSigningConfig(name) => configs::attached(context, name),
        O::DeleteFunctionCodeSigningConfig(name) => configs::detach(context, name),
        O::CreateCodeSigningConfig => configs::create(context),
        O::ListCodeSigningConfigs => configs::list(context),
        O::GetCodeSigningConfig(arn) => configs::get(context, arn),
        O::UpdateCodeSigningConfig(arn) => configs::update(context, arn),
        O::DeleteCodeSigningConfig(arn) => configs::delete(context, arn),
        O::ListFunctionsByCodeSigningConfig(arn) => configs::functions(context, arn),
        O::PublishLayerVersion(name) => layers::publish(context, name),
        O::GetLayerVersion { name, version } => layers::get(context, name, version),
        O::GetLayerVersionByArn(arn) => layers::get_by_arn(context, arn),
        O::ListLayers => layers::list(context),
        O::ListLayerVersions(name) => layers::versions(context, name),
    }?;
    Ok((operation.success(), answer))
}

/// The answer as AWS Lambda writes it.
pub(crate) fn respond(result: Result<(StatusCode, Value), AwsError>) -> Response<Bytes> {
    let protocol = Protocol::RestJson;
    match result {
        Ok((StatusCode::NO_CONTENT, _)) => protocol.response(StatusCode::NO_CONTENT, Vec::new()),
        Ok((status, value)) => {
            let mut response = protocol.answer(Ok(value));
            *response.status_mut() = status;
            response
        }
        Err(error) => protocol.error(&error),
    }
}
