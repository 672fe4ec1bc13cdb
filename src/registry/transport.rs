//! One request to a registry: credentials, one answer to a challenge, redirects.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use reqwest::{Request, Response};
use url::Url;

use super::authorization::{Authorization, Authorizer};
use super::credentials::Credentials;
use super::ecr_pace::EcrPace;
use super::endpoint::Endpoint;
use super::error::Error;
use super::room::{self, Reservation};
use super::words::Words;
use crate::http as web;
use crate::limits;

/// Whether a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Sending it twice is as good as once.
    Allowed,
    /// Only if nothing came of it: the server is busy, or has not begun.
    IfNotDone,
    /// The second one would meet another state. Only if the server says that it is busy or has not begun.
    IfBusy,
}

/// Sends requests to one endpoint.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) endpoint: Arc<Endpoint>,
    authorizer: Authorizer,
    pace: Option<EcrPace>,
}

impl Session {
    /// Speaks to `endpoint` with what `credentials` have for it, at `pace` if there is one.
    pub(super) fn new(endpoint: Endpoint, credentials: Credentials, pace: Option<EcrPace>) -> Self {
        let endpoint = Arc::new(endpoint);
        Self {
            authorizer: Authorizer::new(Arc::clone(&endpoint), credentials),
            endpoint,
            pace,
        }
    }

    /// As [`Authorizer::log_in`].
    pub(super) async fn log_in(&self) -> Result<String, Error> {
        self.authorizer.log_in().await
    }

    /// As [`Authorizer::may_go_at_once`].
    pub(super) async fn may_go_at_once(&self) -> bool {
        self.authorizer.may_go_at_once().await
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
        let used = self.authorizer.authorization().await?;
        match self.send_with(&request, used.as_ref(), repeat).await? {
            Sent::Answered(response) => Ok(response),
            Sent::Challenged(response) => {
                let fresh = self
                    .authorizer
                    .answer_challenge(used.as_ref(), response)
                    .await?;
                match self.send_with(&request, Some(&fresh), repeat).await? {
                    Sent::Answered(response) => Ok(response),
                    Sent::Challenged(response) => {
                        Err(self.authorizer.unauthorized(Some(&fresh), response).await)
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
        let used = self.authorizer.authorization().await?;
        match self
            .send_with(&request, used.as_ref(), Repeat::Allowed)
            .await?
        {
            Sent::Answered(response) => Ok(Some(response)),
            Sent::Challenged(response) => {
                self.authorizer
                    .answer_challenge(used.as_ref(), response)
                    .await?;
                Ok(None)
            }
        }
    }

    /// Sends `request` with `authorization`, and goes where it is redirected if it is a GET or a HEAD.
    async fn send_with(
        &self,
        request: &Request,
        authorization: Option<&Arc<Authorization>>,
        repeat: Repeat,
    ) -> Result<Sent, Error> {
        let registry = &self.endpoint.registry;
        let header = authorization.and_then(|authorization| authorization.header.as_ref());
        let mut followed = 0;
        // A page of a list may stand elsewhere already.
        let mut has_left = !registry.serves(request.url());
        // The request as it is sent, where that is not as it was given.
        let mut changed = None;
        // A page of a list that a redirect led to is asked for without credentials.
        if let Some(header) = header
            && !has_left
        {
            let mut authorized = self.copy(request)?;
            let headers = authorized.headers_mut();
            headers.insert(AUTHORIZATION, header.clone());
            changed = Some(authorized);
        }
        loop {
            let sent = changed.as_ref().unwrap_or(request);
            let next = match self.hop(sent, repeat, followed).await? {
                Hop::Redirected(next) => next,
                Hop::Challenged(response) => return Ok(Sent::Challenged(response)),
                Hop::Answered(response) => {
                    if authorization.is_none() && response.status().is_success() {
                        self.authorizer.settle_anonymous();
                    }
                    return Ok(Sent::Answered(response));
                }
            };
            followed += 1;
            // Who led away may lead back to a place of their choice: nothing secret is shown there.
            has_left |= !registry.serves(&next);
            let mut led = self.copy(sent)?;
            let headers = led.headers_mut();
            headers.remove(AUTHORIZATION);
            if let Some(header) = header
                && registry.ecr.is_none()
                && !has_left
            {
                headers.insert(AUTHORIZATION, header.clone());
            }
            *led.url_mut() = next;
            changed = Some(led);
        }
    }

    /// Sends `request` as it is, after so many redirects.
    async fn hop(&self, request: &Request, repeat: Repeat, followed: usize) -> Result<Hop, Error> {
        let registry = &self.endpoint.registry;
        let response = self.send_once(request, repeat).await?;
        let misbehaved = |fault: String| Error::Misbehaved {
            url: web::redact(response.url()),
            fault,
        };
        if response.status() == StatusCode::UNAUTHORIZED {
            if followed > 0 || !registry.serves(response.url()) {
                // Its realm is not the registry's word, so nothing is shown to it.
                return Err(misbehaved(format!(
                    "asks for credentials, though registry `{}` redirected there",
                    registry.name
                )));
            }
            return Ok(Hop::Challenged(response));
        }
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let Some(location) = redirect_location(&response).filter(|_| is_read) else {
            return Ok(Hop::Answered(response));
        };
        if followed == limits::MAX_REDIRECTS {
            return Err(misbehaved(format!(
                "redirects more than {} times",
                limits::MAX_REDIRECTS
            )));
        }
        let next = self.endpoint.check_redirect(response.url(), &location)?;
        Ok(Hop::Redirected(next))
    }

    async fn send_once(&self, request: &Request, repeat: Repeat) -> Result<Response, Error> {
        if let Some(pace) = &self.pace {
            pace.turn(request.url()).await;
        }
        let pool = self.endpoint.pool_for(request.url());
        let sent = match repeat {
            Repeat::Allowed => pool.send_idempotent(request).await,
            Repeat::IfNotDone => {
                let lost = web::Lost::AskAgainIfNotBegun;
                pool.send_patiently(request, lost).await
            }
            Repeat::IfBusy => pool.send_while_busy(request).await,
        };
        sent.map_err(|source| self.endpoint.request_error(source))
    }

    fn copy(&self, request: &Request) -> Result<Request, Error> {
        request.try_clone().ok_or_else(|| {
            let url = web::redact(request.url());
            let source = web::Error::NotRepeatable { url };
            self.endpoint.request_error(source)
        })
    }

    /// The error that `response` is, in answer to a request for what is called `reference`.
    pub(super) async fn failure(&self, response: Response, reference: String) -> Error {
        match response.status() {
            StatusCode::NOT_FOUND => Error::NotFound {
                reference,
                said: Words::of(response).await,
            },
            StatusCode::FORBIDDEN => Error::Denied {
                registry: self.endpoint.registry.name.clone(),
                repository: self.endpoint.repository.clone(),
                credential: self.authorizer.shown(),
                said: Words::of(response).await,
            },
            _ => self.endpoint.status_error(response).await,
        }
    }

    /// The whole body of `response`, which must have `max` bytes at most, or `size` where that is known.
    /// `held` is the room in memory that was had for it, and then the room that it takes.
    pub(super) async fn body_in(
        &self,
        response: Response,
        max: u64,
        size: Option<u64>,
        held: &mut Reservation,
    ) -> Result<Read, Error> {
        let expected = size.or_else(|| response.content_length());
        let url = response.url().clone();
        let failed = |source| self.endpoint.request_error(source);
        let mut body = web::Body::of(response, max).map_err(failed)?;
        loop {
            let came = body.length();
            let has_more = tokio::select! {
                biased;
                read = body.read_on() => read.map_err(failed)?,
                time = held.is_owed(came) => {
                    let url = web::redact(&url);
                    return Err(Error::TooSlow { url, came, time });
                }
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
            match room::try_take(&self.endpoint.registry.name, wanted) {
                Some(room) => *held = room,
                None => return Ok(Read::NeedsRoom(wanted)),
            }
        }
    }

    /// Waits until there is room in memory for `bytes` of this registry.
    pub(super) async fn room_for(&self, bytes: u64) -> Reservation {
        room::take(&self.endpoint.registry.name, bytes).await
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

/// What came of sending a request once.
enum Hop {
    Answered(Response),
    /// Status 401, straight from the registry.
    Challenged(Response),
    /// It leads there, and may.
    Redirected(Url),
}

/// What came of sending a request wherever it led.
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
