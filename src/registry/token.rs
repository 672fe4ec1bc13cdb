//! Tokens of a registry's realm (the distribution project's token authentication).
//!
//! The realm is believed only because the registry itself named it, in an answer that no redirect
//! led to. It must be `https` unless the registry is not, and it may not point into this machine or
//! its link unless the registry is there.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use reqwest::{Request, Response};
use tokio::time::Instant;
use url::Url;

use super::challenge::Bearer;
use super::credentials::{Credential, Proof};
use super::endpoint::{Access, Endpoint, Registry};
use super::error::Error;
use super::words::Words;
use crate::http as web;
use crate::limits;

/// The name by which realms know this program.
const CLIENT_ID: &str = "countersign";

/// A token for a registry.
#[derive(Debug)]
pub(super) struct Token {
    /// The value of `Authorization`.
    pub(super) header: HeaderValue,
    /// Until when it is good, if that can be told.
    pub(super) expires: Option<Instant>,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum TokenError {
    /// The realm gives none for this credential, in its own words.
    Denied(Words),
    /// Anything else.
    Failed(Error),
}

impl From<Error> for TokenError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Asks the realm for a token, once.
pub(super) async fn fetch(
    endpoint: &Endpoint,
    wanted: &Bearer,
    credential: Option<&Credential>,
) -> Result<Token, TokenError> {
    let realm = check_realm(&endpoint.registry, &wanted.realm)?;
    let pool = endpoint.pool_for(&realm);
    let request = token_request(endpoint, realm.clone(), wanted, credential);
    let requested = Instant::now();
    let response = pool
        .send_idempotent(&request)
        .await
        .map_err(|source| endpoint.request_error(source))?;
    match response.status() {
        status if status.is_success() => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
            return Err(TokenError::Denied(Words::of(response).await));
        }
        _ => return Err(endpoint.status_error(response).await.into()),
    }
    Ok(read_token(endpoint, &realm, requested, response).await?)
}

/// The token in `response`, the realm's answer to what was asked at `requested`.
async fn read_token(
    endpoint: &Endpoint,
    realm: &Url,
    requested: Instant,
    response: Response,
) -> Result<Token, Error> {
    #[derive(serde::Deserialize)]
    struct TokenResponse {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<u64>,
    }
    let body = web::read_body(response, limits::MAX_TOKEN_BYTES)
        .await
        .map_err(|source| endpoint.request_error(source))?;
    // The body holds the token, so serde's words, which may quote it, are left out.
    let misbehaved = |fault: &str| Error::Misbehaved {
        url: web::redact(realm),
        fault: fault.to_owned(),
    };
    let answer: TokenResponse = serde_json::from_slice(&body)
        .map_err(|_| misbehaved("answered with something other than a token"))?;
    let token = answer
        .token
        .or(answer.access_token)
        .filter(|token| !token.is_empty())
        .ok_or_else(|| misbehaved("answered without a token"))?;
    let mut header = HeaderValue::try_from(format!("Bearer {token}"))
        .map_err(|_| misbehaved("answered with a token that no header can hold"))?;
    header.set_sensitive(true);
    let lifetime = answer
        .expires_in
        .map_or(limits::TOKEN_LIFETIME, Duration::from_secs)
        .max(limits::TOKEN_LIFETIME);
    Ok(Token {
        header,
        expires: requested.checked_add(lifetime),
    })
}

/// The URL of a realm that this registry may name.
fn check_realm(registry: &Registry, realm: &str) -> Result<Url, Error> {
    let misbehaved = |fault: &str| Error::Misbehaved {
        url: registry.base.to_string(),
        fault: fault.to_owned(),
    };
    let url = Url::parse(realm).map_err(|_| misbehaved("names a token realm that is not a URL"))?;
    match url.scheme() {
        "https" => {}
        "http" if registry.is_plain_http() => {}
        _ => return Err(misbehaved("names a token realm that is not `https`")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(misbehaved("names a token realm with a password in it"));
    }
    if registry.may_not_lead_to(&url) {
        return Err(misbehaved(
            "names a token realm inside this machine or its link",
        ));
    }
    Ok(url)
}

/// The request for a token: a refresh token is exchanged, a password shown.
fn token_request(
    endpoint: &Endpoint,
    realm: Url,
    wanted: &Bearer,
    credential: Option<&Credential>,
) -> Request {
    let scopes = scopes(
        &endpoint.repository,
        endpoint.access,
        wanted.scope.as_deref(),
    );
    if let Some(Proof::IdentityToken(token)) = credential.map(|credential| &credential.proof) {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token")
            .append_pair("client_id", CLIENT_ID)
            .append_pair("refresh_token", token.expose())
            .append_pair("scope", &scopes.join(" "));
        if let Some(service) = &wanted.service {
            form.append_pair("service", service);
        }
        let mut request = Request::new(Method::POST, realm);
        *request.body_mut() = Some(form.finish().into());
        request.headers_mut().insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        return request;
    }
    let mut url = realm;
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = &wanted.service {
            query.append_pair("service", service);
        }
        for scope in &scopes {
            query.append_pair("scope", scope);
        }
    }
    let mut request = Request::new(Method::GET, url);
    if let Some(header) = credential.and_then(Credential::basic) {
        request.headers_mut().insert(AUTHORIZATION, header);
    }
    request
}

/// What the token is to allow: this repository, and what else the registry says that it needs.
fn scopes(repository: &str, access: Access, asked: Option<&str>) -> Vec<String> {
    // Without a repository, who asks is all that there is to find out.
    let ours =
        (!repository.is_empty()).then(|| format!("repository:{repository}:{}", access.actions()));
    let is_covered = |scope: &str| {
        scope
            .strip_prefix(&format!("repository:{repository}:"))
            .is_some_and(|actions| {
                let mut known = access.actions().split(',');
                actions.split(',').all(|action| known.any(|k| k == action))
            })
    };
    let others = asked
        .unwrap_or_default()
        .split(' ')
        .filter(|scope| !scope.is_empty() && !is_covered(scope))
        .map(str::to_owned);
    ours.into_iter().chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_for_this_repository_and_what_the_registry_needs_besides() {
        for (access, asked, wanted) in [
            (Access::Pull, None, vec!["repository:a/b:pull"]),
            (
                Access::Pull,
                Some("repository:a/b:pull"),
                vec!["repository:a/b:pull"],
            ),
            (
                Access::PullAndPush,
                Some("repository:a/b:pull"),
                vec!["repository:a/b:pull,push"],
            ),
            (
                Access::Pull,
                Some("repository:mirror/a/b:pull group:x"),
                vec![
                    "repository:a/b:pull",
                    "repository:mirror/a/b:pull",
                    "group:x",
                ],
            ),
        ] {
            assert_eq!(scopes("a/b", access, asked), wanted, "{asked:?}");
        }
    }
}
