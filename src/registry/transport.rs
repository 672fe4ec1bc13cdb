//! One request to a registry: credentials, one answer to a challenge, redirects.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use reqwest::{Request, Response};
use url::Url;

use super::error::{Error, Words};
use super::room::{self, Held};
use super::session::{Authorization, Session};
use crate::http as web;
use crate::limits;

/// Whether a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Sending it twice is as good as once.
    Allowed,
    /// Only if nothing came of it: the server is busy, or has not begun.
    IfNotDone,
    /// The second one would meet another state. Only if the server says that it has not begun.
    Never,
}

impl Session {
    /// The URL of `path`, which begins after `/v2/REPOSITORY/`.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.registry.base.clone();
        url.set_path(&format!("/v2/{}/{path}", self.repository));
        url
    }

    /// What `url` is called in messages: `registry/repository@digest` or `registry/repository:tag`.
    pub(super) fn called(&self, target: &str) -> String {
        let separator = if target.contains(':') { '@' } else { ':' };
        format!(
            "{}/{}{separator}{target}",
            self.registry.name, self.repository
        )
    }

    /// Gets `url`; the answer may have any status but 401.
    pub(super) async fn get(&self, url: Url, accept: &'static str) -> Result<Response, Error> {
        let mut request = Request::new(Method::GET, url);
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static(accept));
        self.send(request, Repeat::Allowed).await
    }

    /// Sends `request`, answers a challenge, and follows redirects if it is a GET or a HEAD; the
    /// answer may have any status but 401.
    pub(super) async fn send(&self, request: Request, repeat: Repeat) -> Result<Response, Error> {
        let used = self.authorization().await?;
        match self.send_with(&request, used.as_ref(), repeat).await? {
            Sent::Answered(response) => Ok(response),
            Sent::Challenged(response) => {
                let fresh = self.answer_challenge(used.as_ref(), response).await?;
                match self.send_with(&request, Some(&fresh), repeat).await? {
                    Sent::Answered(response) => Ok(response),
                    Sent::Challenged(response) => {
                        Err(self.unauthorized(Some(&fresh), response).await)
                    }
                }
            }
        }
    }

    /// Sends `request` and, if it was challenged, answers the challenge without sending it again.
    pub(super) async fn get_or_authenticate(
        &self,
        url: Url,
        accept: &'static str,
    ) -> Result<Option<Response>, Error> {
        let mut request = Request::new(Method::GET, url);
        request
            .headers_mut()
            .insert(ACCEPT, HeaderValue::from_static(accept));
        let used = self.authorization().await?;
        match self
            .send_with(&request, used.as_ref(), Repeat::Allowed)
            .await?
        {
            Sent::Answered(response) => Ok(Some(response)),
            Sent::Challenged(response) => {
                self.answer_challenge(used.as_ref(), response).await?;
                Ok(None)
            }
        }
    }

    async fn send_with(
        &self,
        request: &Request,
        authorization: Option<&Arc<Authorization>>,
        repeat: Repeat,
    ) -> Result<Sent, Error> {
        let header = authorization.and_then(|authorization| authorization.header.clone());
        let mut request = request.try_clone().ok_or_else(|| {
            self.request_error(web::Error::NotRepeatable {
                url: web::redact(request.url()),
            })
        })?;
        // A page of a list that a redirect led to is asked for without credentials.
        if let Some(header) = &header
            && self.registry.serves(request.url())
        {
            request.headers_mut().insert(AUTHORIZATION, header.clone());
        }
        let mut followed = 0;
        let mut has_left = false;
        loop {
            let pool = self.pool_for(request.url());
            let response = match repeat {
                Repeat::Allowed => pool.send_idempotent(&request).await,
                Repeat::IfNotDone => {
                    let lost = web::Lost::AskAgainIfNotBegun;
                    pool.send_patiently(&request, lost).await
                }
                Repeat::Never => match request.try_clone() {
                    Some(request) => pool.send(request).await,
                    None => Err(web::Error::NotRepeatable {
                        url: web::redact(request.url()),
                    }),
                },
            }
            .map_err(|source| self.request_error(source))?;
            if response.status() == StatusCode::UNAUTHORIZED {
                if followed > 0 || !self.registry.serves(response.url()) {
                    // Its realm is not the registry's word, so that nothing is shown to it.
                    return Err(Error::Misbehaved {
                        url: web::redact(response.url()),
                        fault: format!(
                            "asks for credentials, though registry `{}` redirected there",
                            self.registry.name
                        ),
                    });
                }
                return Ok(Sent::Challenged(response));
            }
            let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
            let Some(location) = redirect_location(&response).filter(|_| is_read) else {
                if authorization.is_none() && response.status().is_success() {
                    self.settle_anonymous();
                }
                return Ok(Sent::Answered(response));
            };
            if followed == limits::MAX_REDIRECTS {
                return Err(Error::Misbehaved {
                    url: web::redact(response.url()),
                    fault: format!("redirects more than {} times", limits::MAX_REDIRECTS),
                });
            }
            followed += 1;
            let next = self.check_redirect(response.url(), &location)?;
            // Who led away may lead back to a place of their choice: nothing secret is shown there.
            has_left |= !self.registry.serves(&next);
            let headers = request.headers_mut();
            headers.remove(AUTHORIZATION);
            if let Some(header) = &header
                && self.registry.ecr.is_none()
                && !has_left
            {
                headers.insert(AUTHORIZATION, header.clone());
            }
            *request.url_mut() = next;
        }
    }

    /// Where a redirect, or an upload's `Location`, leads to, if it may.
    pub(super) fn check_redirect(&self, from: &Url, location: &str) -> Result<Url, Error> {
        let misbehaved = |fault: String| Error::Misbehaved {
            url: web::redact(from),
            fault,
        };
        let next = from
            .join(location)
            .map_err(|_| misbehaved("redirects to something that is not a URL".to_owned()))?;
        match next.scheme() {
            "https" => {}
            "http" if from.scheme() == "http" => {}
            _ => {
                return Err(misbehaved(format!(
                    "redirects to `{}`, which is not `https`",
                    web::redact(&next)
                )));
            }
        }
        if self.registry.may_not_lead_to(&next) {
            return Err(misbehaved(format!(
                "redirects to `{}`, inside this machine or its link",
                web::redact(&next)
            )));
        }
        if !next.username().is_empty() || next.password().is_some() {
            return Err(misbehaved(format!(
                "redirects to `{}` with a password",
                web::redact(&next)
            )));
        }
        Ok(next)
    }

    /// The error that `response` is, in answer to a request for what is called `reference`.
    pub(super) async fn failure(&self, response: Response, reference: String) -> Error {
        let registry = self.registry.name.clone();
        let status = response.status();
        let url = web::redact(response.url());
        let retry_after = web::retry_after(response.headers());
        let said = words(response).await;
        match status {
            StatusCode::NOT_FOUND => Error::NotFound { reference, said },
            StatusCode::FORBIDDEN => Error::Denied {
                registry,
                repository: self.repository.clone(),
                credential: self.shown(),
                said,
            },
            StatusCode::TOO_MANY_REQUESTS => Error::RateLimited {
                registry,
                retry_after,
                said,
            },
            status if status.is_server_error() => Error::Unavailable {
                registry,
                status: status.as_u16(),
                said,
            },
            status => Error::UnexpectedStatus {
                url,
                status: status.as_u16(),
                said,
            },
        }
    }

    /// The whole body of `response`, which must have `max` bytes at most, or `size` where that is known.
    /// `held` is the room in memory that was had for it, and then the room that it takes.
    pub(super) async fn body_in(
        &self,
        response: Response,
        max: u64,
        size: Option<u64>,
        held: &mut Held,
    ) -> Result<Read, Error> {
        let expected = size.or_else(|| response.content_length());
        let url = web::redact(response.url());
        let failed = |source| self.request_error(source);
        let mut body = web::Body::of(response, max).map_err(failed)?;
        loop {
            let came = body.length();
            let has_more = tokio::select! {
                biased;
                read = body.read_on() => read.map_err(failed)?,
                time = held.is_owed(came) => return Err(Error::TooSlow { url, came, time }),
            };
            if !has_more {
                return Ok(Read::Whole(body.into_bytes()));
            }
            if body.length() <= held.bytes() {
                continue;
            }
            // A body of unknown length is taken for one of medium length first.
            let wanted = match expected {
                Some(expected) => expected,
                None if held.bytes() < limits::MAX_MEDIUM_BYTES => limits::MAX_MEDIUM_BYTES,
                None => max,
            };
            match room::try_take(&self.registry.name, wanted) {
                Some(room) => *held = room,
                None => return Ok(Read::NeedsRoom(wanted)),
            }
        }
    }

    /// Waits until there is room in memory for `bytes` of this registry.
    pub(super) async fn room_for(&self, bytes: u64) -> Held {
        room::take(&self.registry.name, bytes).await
    }
}

/// What came of reading a body.
pub(super) enum Read {
    Whole(Bytes),
    /// There must be room for so many bytes first, and then the request must be sent again: while that is
    /// waited for no answer is under way, whose time would run out, and whose bytes would fill the
    /// connection that others use.
    NeedsRoom(u64),
}

enum Sent {
    Answered(Response),
    /// Status 401, straight from the registry.
    Challenged(Response),
}

fn redirect_location(response: &Response) -> Option<String> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| is_redirect)?;
    Some(String::from_utf8_lossy(location.as_bytes()).into_owned())
}

/// What `response`, an error, says in words.
pub(super) async fn words(response: Response) -> Words {
    let carried = web::Carried::by(&response);
    match web::read_body(response, limits::MAX_ERROR_BODY_BYTES).await {
        Ok(body) => Words::parse(&body, &carried),
        Err(_) => Words::default(),
    }
}
