//! What is said of a request on demand: where it went, what came back and when; never what is secret in it.

use ::http::header::LOCATION;
use tokio::time::Instant;
use tracing::{Level, debug};
use url::Url;

use super::{Error, redact};

/// A request that is under way; nothing is kept of it without a log.
pub(super) struct RequestTrace(Option<TracedRequest>);

struct TracedRequest {
    method: reqwest::Method,
    url: Url,
    /// The proxy in force, as ` through ...`; empty without one.
    via: String,
    since: Instant,
}

impl RequestTrace {
    pub(super) fn of(request: &reqwest::Request, via: impl FnOnce() -> String) -> Self {
        Self(
            tracing::event_enabled!(Level::DEBUG).then(|| TracedRequest {
                method: request.method().clone(),
                url: request.url().clone(),
                via: via(),
                since: Instant::now(),
            }),
        )
    }

    /// The head of its answer came.
    pub(super) fn answered(&self, response: &reqwest::Response) {
        if let Some(kept) = &self.0 {
            kept.answered(response);
        }
    }

    /// There is no answer.
    pub(super) fn failed(&self, error: &Error) {
        if let Some(kept) = &self.0 {
            kept.failed(error);
        }
    }
}

impl TracedRequest {
    fn answered(&self, response: &reqwest::Response) {
        debug!(
            method = self.method.as_str(),
            url = redact(&self.url),
            status = response.status().as_u16(),
            bytes = response.content_length(),
            ms = milliseconds(self.since),
            location = self.location(response),
            proxy = self.proxy(),
            "request answered"
        );
    }

    fn failed(&self, error: &Error) {
        debug!(
            method = self.method.as_str(),
            url = redact(&self.url),
            ms = milliseconds(self.since),
            proxy = self.proxy(),
            error = %error,
            "request failed"
        );
    }

    /// Where the answer leads.
    fn location(&self, response: &reqwest::Response) -> Option<String> {
        let location = response.headers().get(LOCATION)?;
        if !response.status().is_redirection() {
            return None;
        }
        let led = self.url.join(location.to_str().ok()?).ok()?;
        Some(redact(&led))
    }

    fn proxy(&self) -> Option<&str> {
        self.via.strip_prefix(" through ")
    }
}

/// Since then.
pub(crate) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
