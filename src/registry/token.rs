//! Tokens of a registry's realm (the distribution project's token authentication).
//!
//! The realm is believed only because the registry itself named it, in an answer that no redirect
//! led to. It must be `https` unless the registry is not, and it may not point into this machine or
//! its link unless the registry is there.

use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use reqwest::Request;
use tokio::time::Instant;
use url::Url;

use super::credentials::{Credential, Proof};
use super::error::Error;
use super::session::{Access, Authorization, Session};
use crate::http as web;
use crate::limits;

/// How long a token is good if its realm does not say (distribution's token specification).
const DEFAULT_LIFETIME: Duration = Duration::from_mins(1);

/// The name by which realms know this program.
const CLIENT_ID: &str = "countersign";

/// What a realm is asked for.
pub(super) struct Wanted<'a> {
    pub(super) realm: &'a str,
    pub(super) service: Option<&'a str>,
    pub(super) scope: Option<&'a str>,
}

#[derive(serde::Deserialize)]
struct TokenResponse {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Session {
    /// Asks the realm for a token, once.
    pub(super) async fn fetch_token(
        &self,
        wanted: &Wanted<'_>,
        credential: Option<&Credential>,
    ) -> Result<Authorization, Error> {
        let realm = self.check_realm(wanted.realm)?;
        let shown = super::session::in_words(credential);
        let request = self.token_request(&realm, wanted, credential);
        let requested = Instant::now();
        let response = self
            .pool_for(&realm)
            .send_idempotent(&request)
            .await
            .map_err(|source| self.request_error(source))?;
        let status = response.status();
        if !status.is_success() {
            let said = super::transport::words(response).await;
            return Err(match status {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST => {
                    Error::Unauthorized {
                        registry: self.registry.name.clone(),
                        repository: self.repository.clone(),
                        credential: shown,
                        said,
                        unread: self.unread(),
                    }
                }
                StatusCode::TOO_MANY_REQUESTS => Error::RateLimited {
                    registry: self.registry.name.clone(),
                    retry_after: None,
                    said,
                },
                status if status.is_server_error() => Error::Unavailable {
                    registry: self.registry.name.clone(),
                    status: status.as_u16(),
                    said,
                },
                status => Error::UnexpectedStatus {
                    url: web::redact(&realm),
                    status: status.as_u16(),
                    said,
                },
            });
        }
        let body = web::read_body(response, limits::MAX_TOKEN_BYTES)
            .await
            .map_err(|source| self.request_error(source))?;
        // The body holds the token, so that serde's words, which may quote it, are left out.
        let misbehaved = |fault: &str| Error::Misbehaved {
            url: web::redact(&realm),
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
            .map_or(DEFAULT_LIFETIME, Duration::from_secs)
            .max(DEFAULT_LIFETIME);
        Ok(Authorization {
            header: Some(header),
            shown,
            expires: requested.checked_add(lifetime),
        })
    }

    fn check_realm(&self, realm: &str) -> Result<Url, Error> {
        let misbehaved = |fault: &str| Error::Misbehaved {
            url: self.registry.base.to_string(),
            fault: fault.to_owned(),
        };
        let url =
            Url::parse(realm).map_err(|_| misbehaved("names a token realm that is not a URL"))?;
        match url.scheme() {
            "https" => {}
            "http" if self.registry.is_plain_http() => {}
            _ => return Err(misbehaved("names a token realm that is not `https`")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(misbehaved("names a token realm with a password in it"));
        }
        if self.registry.may_not_lead_to(&url) {
            return Err(misbehaved(
                "names a token realm inside this machine or its link",
            ));
        }
        Ok(url)
    }

    fn token_request(
        &self,
        realm: &Url,
        wanted: &Wanted<'_>,
        credential: Option<&Credential>,
    ) -> Request {
        let scopes = scopes(&self.repository, self.access, wanted.scope);
        if let Some(Proof::IdentityToken(token)) = credential.map(|credential| &credential.proof) {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.append_pair("grant_type", "refresh_token")
                .append_pair("client_id", CLIENT_ID)
                .append_pair("refresh_token", token.expose())
                .append_pair("scope", &scopes.join(" "));
            if let Some(service) = wanted.service {
                form.append_pair("service", service);
            }
            let mut request = Request::new(Method::POST, realm.clone());
            *request.body_mut() = Some(form.finish().into());
            request.headers_mut().insert(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            );
            return request;
        }
        let mut url = realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = wanted.service {
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
}

/// What the token is to allow: this repository, and what else the registry says that it needs.
fn scopes(repository: &str, access: Access, asked: Option<&str>) -> Vec<String> {
    let ours = format!("repository:{repository}:{}", access.actions());
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
    std::iter::once(ours.clone()).chain(others).collect()
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
