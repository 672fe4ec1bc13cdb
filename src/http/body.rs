//! Bodies, with a limit.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;
use url::Url;

use super::{Error, redact};
use crate::allowance;
use crate::limits;

/// The body of `response`, which must not be longer than `max` bytes.
///
/// # Errors
///
/// Those of [`Body::of`] and [`Body::read_on`].
pub async fn read_body(response: reqwest::Response, max: u64) -> Result<Bytes, Error> {
    let mut body = Body::of(response, max)?;
    while body.read_on().await? {}
    Ok(body.into_bytes())
}

/// A body that is under way.
#[derive(Debug)]
pub struct Body {
    response: reqwest::Response,
    url: Url,
    max: u64,
    /// How many bytes came, kept or not.
    came: u64,
    read: BytesMut,
}

impl Body {
    /// The body of `response`, which must not be longer than `max` bytes; nothing of it is read yet.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if its head says that it is longer; [`Error::Encoded`] if it is compressed,
    /// which was not asked for.
    pub fn of(response: reqwest::Response, max: u64) -> Result<Self, Error> {
        let url = response.url().clone();
        if let Some(encoding) = response.headers().get(CONTENT_ENCODING)
            && encoding.as_bytes() != b"identity"
        {
            return Err(Error::Encoded {
                url: redact(&url),
                encoding: String::from_utf8_lossy(encoding.as_bytes()).into_owned(),
            });
        }
        let announced = response.content_length().unwrap_or(0);
        let reserved = usize::try_from(announced.min(limits::MAX_RESERVED_BYTES)).unwrap_or(0);
        let body = Self {
            response,
            url,
            max,
            came: 0,
            read: BytesMut::with_capacity(reserved),
        };
        if announced > max {
            return Err(body.too_large());
        }
        Ok(body)
    }

    /// Reads what comes next; gives whether there may be more. What was read stays, if this is given up.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if the body is longer than it may be; [`Error::TimedOut`] or
    /// [`Error::Interrupted`] if it does not come whole; [`Error::Exhausted`] if it is more than may be
    /// fetched.
    pub async fn read_on(&mut self) -> Result<bool, Error> {
        let Some(chunk) = self.next().await? else {
            return Ok(false);
        };
        self.read.extend_from_slice(&chunk);
        Ok(true)
    }

    /// What comes next, which is not kept; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`Body::read_on`].
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let chunk = self.response.chunk().await;
        let chunk = chunk.map_err(|source| Error::from_body(&self.url, source))?;
        let Some(chunk) = chunk else {
            tracing::debug!(url = redact(&self.url), bytes = self.came, "body read");
            return Ok(None);
        };
        let fetched = length(&chunk);
        self.came = self.came.saturating_add(fetched);
        if self.came > self.max {
            return Err(self.too_large());
        }
        allowance::charge(fetched).map_err(|source| Error::Exhausted {
            url: redact(&self.url),
            source,
        })?;
        Ok(Some(chunk))
    }

    /// How many bytes were read.
    pub fn length(&self) -> u64 {
        length(&self.read)
    }

    /// What was read.
    pub fn into_bytes(self) -> Bytes {
        self.read.freeze()
    }

    fn too_large(&self) -> Error {
        Error::TooLarge {
            url: redact(&self.url),
            max: self.max,
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
