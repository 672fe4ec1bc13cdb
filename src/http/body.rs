//! Bodies, with a limit.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;

use super::{Error, redact};
use crate::allowance;

/// Memory that is set aside before the first bytes of a body came, whatever its head promises.
const MAX_RESERVED_BYTES: u64 = 64 * 1024;

/// The body of `response`, which must not be longer than `max` bytes.
///
/// # Errors
///
/// [`Error::TooLarge`] if the body is longer, or its head says so; [`Error::Encoded`] if it is
/// compressed, which was not asked for; [`Error::TimedOut`] or [`Error::Interrupted`] if it does
/// not come whole; [`Error::Exhausted`] if it is more than may be fetched.
pub async fn read_body(mut response: reqwest::Response, max: u64) -> Result<Bytes, Error> {
    let url = response.url().clone();
    if let Some(encoding) = response.headers().get(CONTENT_ENCODING)
        && encoding.as_bytes() != b"identity"
    {
        return Err(Error::Encoded {
            url: redact(&url),
            encoding: String::from_utf8_lossy(encoding.as_bytes()).into_owned(),
        });
    }
    let too_large = || Error::TooLarge {
        url: redact(&url),
        max,
    };
    let announced = response.content_length().unwrap_or(0);
    if announced > max {
        return Err(too_large());
    }
    let reserved = usize::try_from(announced.min(MAX_RESERVED_BYTES)).unwrap_or(0);
    let mut body = BytesMut::with_capacity(reserved);
    loop {
        let chunk = response
            .chunk()
            .await
            .map_err(|source| Error::from_body(&url, source))?;
        let Some(chunk) = chunk else {
            return Ok(body.freeze());
        };
        let length = body.len().saturating_add(chunk.len());
        if u64::try_from(length).map_or(true, |length| length > max) {
            return Err(too_large());
        }
        let fetched = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        allowance::charge(fetched).map_err(|source| Error::Exhausted {
            url: redact(&url),
            source,
        })?;
        body.extend_from_slice(&chunk);
    }
}
