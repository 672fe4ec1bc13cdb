//! Downloads a plugin, over HTTPS alone wherever the server leads.

use std::path::Path;
use std::time::Duration;

use http::header::LOCATION;
use http::{Method, StatusCode};
use reqwest::{Request, Response};
use url::Url;

use super::error::Error;
use super::source::{Source, Writer};
use super::staging::Staging;
use crate::http as web;
use crate::limits::{MAX_PLUGIN_SOURCE_BYTES, MAX_REDIRECTS, PLUGIN_DOWNLOAD_TIMEOUT};

/// What the name of a downloaded file begins with, as notation's does.
const NAME: &str = "notation-plugin-download";

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No answer, or none that may be read.
    #[error("no usable answer from `{url}`")]
    Request {
        /// Where.
        url: String,
        /// Why.
        #[source]
        source: web::Error,
    },
    /// The server has no such file, or does not give it.
    #[error("`{url}` answered with status {status}")]
    Status {
        /// Where.
        url: String,
        /// The status.
        status: StatusCode,
    },
    /// The server leads where no plugin may come from.
    #[error("`{url}` {fault}")]
    Misbehaved {
        /// Where.
        url: String,
        /// What it does: a verb and its object.
        fault: String,
    },
    /// It takes too long.
    #[error("the download did not end within {} seconds", .time.as_secs())]
    TooSlow {
        /// The limit.
        time: Duration,
    },
    /// It cannot be kept.
    #[error(transparent)]
    Keep(#[from] Error),
}

impl DownloadError {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Request { source, .. } => source.hint(),
            Self::Status { .. } => Some("check the URL in a browser, or at the plugin's publisher".to_owned()),
            Self::Misbehaved { .. } => Some(
                "download the file by another program, compare its checksum, and install it with the setting `file`".to_owned(),
            ),
            Self::TooSlow { .. } => {
                Some("download the file by another program, and install it with the setting `file`".to_owned())
            }
            Self::Keep(error) => error.hint(),
        }
    }
}

/// Downloads the file at `url`, which must be HTTPS, for the directory `plugins`.
///
/// # Errors
///
/// [`DownloadError`]; nothing stays behind then.
pub async fn download(
    pool: &web::Pool,
    url: &Url,
    plugins: &Path,
) -> Result<Source, DownloadError> {
    let time = PLUGIN_DOWNLOAD_TIMEOUT;
    let pool = pool.with(|settings| settings.request_timeout = time);
    let fetched = tokio::time::timeout(time, fetch(&pool, url, plugins)).await;
    fetched.unwrap_or(Err(DownloadError::TooSlow { time }))
}

async fn fetch(pool: &web::Pool, url: &Url, plugins: &Path) -> Result<Source, DownloadError> {
    let response = follow(pool, url).await?;
    let failed = |source| DownloadError::Request {
        url: web::redact(url),
        source,
    };
    let staging = Staging::new(plugins)?;
    let file = tempfile::Builder::new()
        .prefix(NAME)
        .tempfile_in(staging.path())
        .map(|file| file.path().to_owned());
    let path = file.map_err(|source| Error::Place {
        path: plugins.to_owned(),
        source,
    })?;
    let shown = path.file_name().unwrap_or_default().into();
    let mut writer = Writer::new(staging, shown, path)?;
    // One byte less than too much.
    let mut body = web::Body::of(response, MAX_PLUGIN_SOURCE_BYTES - 1).map_err(failed)?;
    while let Some(bytes) = body.next().await.map_err(failed)? {
        writer.append(&bytes)?;
    }
    Ok(writer.finish(false))
}

/// The answer that has the file, wherever the server leads.
async fn follow(pool: &web::Pool, first: &Url) -> Result<Response, DownloadError> {
    let mut url = first.clone();
    for followed in 0..=MAX_REDIRECTS {
        let request = Request::new(Method::GET, url.clone());
        let answer = pool.led(first, &url).send_idempotent(&request).await;
        let response = answer.map_err(|source| DownloadError::Request {
            url: web::redact(&url),
            source,
        })?;
        let status = response.status();
        if status == StatusCode::OK {
            return Ok(response);
        }
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Err(DownloadError::Status {
                url: web::redact(&url),
                status,
            });
        }
        if followed < MAX_REDIRECTS {
            url = next(first, &url, &response)?;
        }
    }
    Err(DownloadError::Misbehaved {
        url: web::redact(first),
        fault: format!("redirects more than {MAX_REDIRECTS} times"),
    })
}

/// Where `response`, a redirect, leads, if it may.
fn next(first: &Url, from: &Url, response: &Response) -> Result<Url, DownloadError> {
    let misbehaved = |fault: String| DownloadError::Misbehaved {
        url: web::redact(from),
        fault,
    };
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| from.join(location).ok());
    let next =
        next.ok_or_else(|| misbehaved("redirects to something that is not a URL".to_owned()))?;
    let shown = web::redact(&next);
    if next.scheme() != "https" {
        return Err(misbehaved(format!(
            "redirects to `{shown}`, which is not `https`"
        )));
    }
    if web::may_not_lead(first, &next) {
        return Err(misbehaved(format!(
            "redirects to `{shown}`, inside this machine or its link"
        )));
    }
    if !next.username().is_empty() || next.password().is_some() {
        return Err(misbehaved(format!(
            "redirects to `{shown}` with a password"
        )));
    }
    Ok(next)
}
