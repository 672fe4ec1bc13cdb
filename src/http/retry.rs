//! Sending again what may be sent again, over plain HTTP: a registry, a timestamping authority.
//!
//! It is not `aws/retry.rs`, with which it shares only [`backoff`]: here whether to send again is read
//! from a status and from how a connection was lost, and how long to wait from `Retry-After`, which AWS's
//! APIs do not send; no quota paces it.

use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::{Error, Pool};
use crate::limits;

/// What to do where a connection was lost before the answer to a request began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Ask again, once: that the server may have done it already does no harm.
    AskAgain,
    /// Ask again, once, if the server said that it has not begun.
    AskAgainIfNotBegun,
}

impl Lost {
    pub(super) fn is_asked_again(self, error: &Error) -> bool {
        match self {
            Self::AskAgain => error.is_lost(),
            Self::AskAgainIfNotBegun => error.was_not_begun(),
        }
    }
}

impl Pool {
    /// Sends `request`, which must be idempotent and without a body that streams, up to
    /// [`limits::MAX_ATTEMPTS`] times ([`limits::MAX_BUSY_ATTEMPTS`] while it is told that there are too many): again if no connection stood, or the server answered 429,
    /// 502, 503 or 504; and once more if the connection was lost. Waits what the server asks for, or twice as long each time with a random
    /// part, but gives the answer back at once if the server asks for more than the settings allow.
    ///
    /// # Errors
    ///
    /// As [`Pool::send`], from the last attempt.
    pub async fn send_idempotent(
        &self,
        request: &reqwest::Request,
    ) -> Result<reqwest::Response, Error> {
        self.send_patiently(request, Lost::AskAgain).await
    }

    /// The same for a request that is not idempotent, but may be sent again where nothing came of it.
    ///
    /// # Errors
    ///
    /// As [`Pool::send_idempotent`].
    pub(crate) async fn send_patiently(
        &self,
        request: &reqwest::Request,
        lost: Lost,
    ) -> Result<reqwest::Response, Error> {
        self.send_while(request, lost, is_passing).await
    }

    /// The same for a request that would meet another state once it was done: again only if no connection stood, or the
    /// server says that there are too many requests or that it has not begun.
    ///
    /// # Errors
    ///
    /// As [`Pool::send_idempotent`].
    pub(crate) async fn send_while_busy(
        &self,
        request: &reqwest::Request,
    ) -> Result<reqwest::Response, Error> {
        let is_busy = |status| status == StatusCode::TOO_MANY_REQUESTS;
        self.send_while(request, Lost::AskAgainIfNotBegun, is_busy)
            .await
    }

    async fn send_while(
        &self,
        request: &reqwest::Request,
        lost: Lost,
        is_passing: impl Fn(StatusCode) -> bool,
    ) -> Result<reqwest::Response, Error> {
        let mut attempt: u32 = 1;
        loop {
            let answer = self.send_or_again(request, lost).await;
            let is_last = attempt >= most_attempts(&answer);
            let wait = match &answer {
                Ok(response) if is_passing(response.status()) => {
                    self.wait(response.headers(), attempt)
                }
                Err(error) if error.is_connect() => self.wait(&HeaderMap::new(), attempt),
                _ => None,
            };
            match wait {
                Some(wait) if !is_last => {
                    tracing::debug!(
                        url = super::redact(request.url()),
                        attempt,
                        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                        "request will be sent again"
                    );
                    tokio::time::sleep(wait).await;
                }
                _ => return answer,
            }
            attempt += 1;
        }
    }

    /// How long to wait after `attempt` attempts; `None` if the server wants more than allowed.
    fn wait(&self, headers: &HeaderMap, attempt: u32) -> Option<Duration> {
        let settings = self.settings();
        if let Some(asked) = retry_after(headers) {
            return (asked <= settings.max_retry_delay).then_some(asked);
        }
        Some(backoff(
            attempt,
            settings.retry_delay,
            settings.max_retry_delay,
        ))
    }
}

/// How long to wait after `attempt` attempts: `first`, doubled each time, of which up to a half is
/// left out at random, and never more than `longest`.
pub(crate) fn backoff(attempt: u32, first: Duration, longest: Duration) -> Duration {
    first
        .saturating_mul(1 << attempt.min(16).saturating_sub(1))
        .mul_f64(0.5 + random_fraction() / 2.0)
        .min(longest)
}

/// How often a request is sent that was answered like this: who is told that there are too many only has to wait.
fn most_attempts(answer: &Result<reqwest::Response, Error>) -> u32 {
    match answer {
        Ok(response) if response.status() == StatusCode::TOO_MANY_REQUESTS => {
            limits::MAX_BUSY_ATTEMPTS
        }
        _ => limits::MAX_ATTEMPTS,
    }
}

fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// The wait that `Retry-After` asks for: seconds, or a date, which is compared with the server's
/// own clock in `Date` (ours is not read here).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = headers.get(DATE)?.to_str().ok()?;
    let parse = |text: &str| OffsetDateTime::parse(&text.replace("GMT", "+0000"), &Rfc2822).ok();
    Some(Duration::try_from(parse(value)? - parse(date)?).unwrap_or(Duration::ZERO))
}

/// From 0 to 1; spreads clients that were turned away together.
fn random_fraction() -> f64 {
    let mut byte = [0; 1];
    // Without a random byte all wait equally long, which does no harm.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    let [byte] = byte;
    f64::from(byte) / 255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs
            .iter()
            .map(|(name, value)| (name.clone(), value.parse().unwrap()));
        pairs.collect()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = (DATE, "Sun, 06 Nov 1994 08:49:37 GMT");
        for (pairs, wanted) in [
            (vec![], None),
            (vec![(RETRY_AFTER, "3")], Some(3)),
            (vec![(RETRY_AFTER, "soon")], None),
            (vec![(RETRY_AFTER, "Sun, 06 Nov 1994 08:49:39 GMT")], None),
            (
                vec![date.clone(), (RETRY_AFTER, "Sun, 06 Nov 1994 08:49:39 GMT")],
                Some(2),
            ),
            (
                vec![date, (RETRY_AFTER, "Sun, 06 Nov 1994 08:49:00 GMT")],
                Some(0),
            ),
        ] {
            assert_eq!(
                retry_after(&headers(&pairs)),
                wanted.map(Duration::from_secs),
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn no_wait_is_longer_than_allowed() {
        let pool = Pool::new(super::super::Settings::default());
        let allowed = limits::MAX_RETRY_DELAY;
        let asked = |seconds: u64| headers(&[(RETRY_AFTER, &seconds.to_string())]);
        assert_eq!(pool.wait(&asked(allowed.as_secs()), 1), Some(allowed));
        assert_eq!(pool.wait(&asked(allowed.as_secs() + 1), 1), None);
        assert!(pool.wait(&HeaderMap::new(), 40).unwrap() <= allowed);
        let first = pool.wait(&HeaderMap::new(), 1).unwrap();
        assert!(
            first >= limits::RETRY_DELAY / 2 && first <= limits::RETRY_DELAY,
            "{first:?}"
        );
    }
}
