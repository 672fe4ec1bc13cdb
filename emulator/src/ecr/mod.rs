//! Amazon ECR's management API (JSON 1.1): tokens, repositories, images and their referrers, managed
//! signing.
//!
//! The registry is the caller's account in the region that the request is signed for; `registryId` names another account.
//! Not checked: permissions (every caller may do everything; a fault can deny an action).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::{
    call::{Call, Caller},
    error::AwsError,
    hosts::RegistryId,
    registry::{Digest, PASSWORD_LIFETIME, Registry, Repository, RepositoryKey, State, is_name},
    shared::Shared,
};

mod images;
mod repositories;
mod signing;

/// Characters of a repository's name at least (`CreateRepository`); the registry checks the rest.
const MIN_NAME_CHARACTERS: usize = 2;

/// Answers one operation: `action` is what follows the dot of `X-Amz-Target`. The signature of the request has been
/// checked, `body` is the parsed body (`{}` when empty); injected faults are applied by the server.
pub(crate) fn handle(
    shared: &Shared,
    caller: &Caller,
    call: &Call,
    action: &str,
    body: &Value,
) -> Result<Value, AwsError> {
    let request = Request {
        registry: &shared.registry,
        caller,
        now: call.now,
        body,
    };
    match action {
        "PutSigningConfiguration" => signing::put(shared, &request),
        "GetSigningConfiguration" => signing::get(shared, &request),
        "DeleteSigningConfiguration" => signing::delete(shared, &request),
        "DescribeImageSigningStatus" => signing::status(shared, &request),
        action => answer(&request, action),
    }
}

fn answer(request: &Request<'_>, action: &str) -> Result<Value, AwsError> {
    match action {
        "GetAuthorizationToken" => Ok(authorization_token(request)),
        "CreateRepository" => repositories::create(request),
        "DescribeRepositories" => repositories::describe(request),
        "PutImageTagMutability" => repositories::put_tag_mutability(request),
        "DescribeImages" => images::describe(request),
        "BatchGetImage" => images::batch_get(request),
        "ListImageReferrers" => images::referrers(request),
        action => Err(AwsError::unknown_operation(action)),
    }
}

/// What an operation needs.
struct Request<'a> {
    registry: &'a Registry,
    caller: &'a Caller,
    now: OffsetDateTime,
    body: &'a Value,
}

impl Request<'_> {
    /// The body as the operation's input. Members that it does not know are passed over, as AWS does.
    fn input<T: DeserializeOwned>(&self) -> Result<T, AwsError> {
        T::deserialize(self.body)
            .map_err(|error| AwsError::client("SerializationException", error.to_string()))
    }

    fn registry(&self, registry_id: Option<&str>) -> Result<RegistryId, AwsError> {
        let account = registry_id.unwrap_or(&self.caller.account);
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(invalid(
                "registryId",
                "must satisfy regular expression '[0-9]{12}'",
            ));
        }
        Ok(RegistryId {
            account: account.to_owned(),
            region: self.caller.region.clone(),
        })
    }

    fn repository(&self, registry_id: Option<&str>, name: &str) -> Result<RepositoryKey, AwsError> {
        check_name(name)?;
        Ok(RepositoryKey::new(&self.registry(registry_id)?, name))
    }
}

/// `registryIds` is deprecated and changes nothing but the endpoints, so it is passed over.
fn authorization_token(request: &Request<'_>) -> Value {
    let registry = RegistryId {
        account: request.caller.account.clone(),
        region: request.caller.region.clone(),
    };
    let password = request
        .registry
        .tokens()
        .password(&registry.region, request.now);
    json!({ "authorizationData": [{
        "authorizationToken": STANDARD.encode(format!("AWS:{password}")),
        "expiresAt": (request.now + PASSWORD_LIFETIME).unix_timestamp(),
        "proxyEndpoint": format!("https://{}", registry.host()),
    }] })
}

fn check_name(name: &str) -> Result<(), AwsError> {
    if is_name(name) && name.len() >= MIN_NAME_CHARACTERS {
        return Ok(());
    }
    Err(invalid(
        "repositoryName",
        "must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*' and have 2 to 256 \
         characters",
    ))
}

fn find<'a>(state: &'a State, key: &RepositoryKey) -> Result<&'a Repository, AwsError> {
    state.repository(key).map_err(|_| repository_not_found(key))
}

fn repository_not_found(key: &RepositoryKey) -> AwsError {
    let message = format!(
        "The repository with name '{}' does not exist in the registry with id '{}'",
        key.name, key.registry.account
    );
    AwsError::client("RepositoryNotFoundException", message)
}

fn invalid(parameter: &str, constraint: &str) -> AwsError {
    let message =
        format!("Invalid parameter at '{parameter}' failed to satisfy constraint: '{constraint}'");
    AwsError::client("InvalidParameterException", message)
}

fn parse_digest(parameter: &str, text: &str) -> Result<Digest, AwsError> {
    let constraint = "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'";
    Digest::parse(text).ok_or_else(|| invalid(parameter, constraint))
}

/// `maxResults`, within what the operation allows.
fn page_size(max_results: Option<i64>, max: usize, default: usize) -> Result<usize, AwsError> {
    match max_results.map(usize::try_from) {
        None => Ok(default),
        Some(Ok(results)) if (1..=max).contains(&results) => Ok(results),
        Some(_) => Err(invalid(
            "maxResults",
            &format!("must be between 1 and {max}"),
        )),
    }
}

/// The key that the last page ended with.
fn after(next_token: Option<&str>) -> Result<Option<String>, AwsError> {
    let decode = |token: &str| {
        let bytes = STANDARD.decode(token).ok()?;
        String::from_utf8(bytes).ok()
    };
    next_token
        .map(|token| {
            decode(token).ok_or_else(|| invalid("nextToken", "must be a token of this operation"))
        })
        .transpose()
}

/// Cuts a page off `entries`, which have passed `after` already, and makes the token of the next one.
fn page<T>(entries: Vec<T>, size: usize, key: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let has_more = entries.len() > size;
    let page: Vec<T> = entries.into_iter().take(size).collect();
    let last = page.last().filter(|_| has_more).map(key);
    (page, last.map(|last| STANDARD.encode(last)))
}

/// Adds `nextToken` to an answer that has one.
fn with_next_token(mut answer: Value, token: Option<String>) -> Value {
    if let (Some(members), Some(token)) = (answer.as_object_mut(), token) {
        members.insert("nextToken".to_owned(), token.into());
    }
    answer
}

#[cfg(test)]
#[expect(
    clippy::needless_pass_by_value,
    reason = "`json!` reads better without a reference"
)]
mod tests;
