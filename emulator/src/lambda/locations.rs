//! URLs under which code can be fetched for ten minutes, without credentials.

use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use time::{
    OffsetDateTime, PrimitiveDateTime, format_description::FormatItem, macros::format_description,
};

use super::Context;
use super::store::{Code, Store};
use crate::{error::AwsError, protocol::Protocol, random, saved::Saved};

/// AWS's are in buckets of its own; here they are below this path.
const PREFIX: &str = "/_lambda/snapshots/";
/// AWS: "the link is valid for 10 minutes".
const SECONDS: i64 = 600;
const DATE_TIME: &[FormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Whether a path is that of code.
pub(crate) fn is_download(path: &str) -> bool {
    path.starts_with(PREFIX)
}

/// The URL of code.
pub(super) fn location(context: &Context<'_>, code: &Code) -> String {
    let path = format!("{PREFIX}{}", code.digest);
    let date = context.now.format(DATE_TIME).unwrap_or_default();
    let signature = signature(context.location_key, &path, &date);
    format!(
        "{}{path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date={date}&X-Amz-Expires={SECONDS}&X-Amz-Signature={signature}",
        context.origin
    )
}

fn signature(key: &[u8], path: &str, date: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    random::to_hex(hmac::sign(&key, format!("{path} {date}").as_bytes()).as_ref())
}

/// The code at `path`, if the rest of the URL is one that was given out and has not expired.
pub(crate) fn download(
    store: &Saved<Store>,
    key: &[u8],
    path: &str,
    query: Option<&str>,
    now: OffsetDateTime,
) -> Response<Bytes> {
    found(store, key, path, query, now).unwrap_or_else(|error| Protocol::S3.error(&error))
}

fn found(
    store: &Saved<Store>,
    key: &[u8],
    path: &str,
    query: Option<&str>,
    now: OffsetDateTime,
) -> Result<Response<Bytes>, AwsError> {
    let denied = |message: &str| AwsError::new(StatusCode::FORBIDDEN, "AccessDenied", message);
    let query = query.unwrap_or_default().as_bytes();
    let value = |name: &str| {
        form_urlencoded::parse(query)
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let date = value("X-Amz-Date");
    if signature(key, path, &date) != value("X-Amz-Signature") {
        return Err(denied("Access Denied"));
    }
    let made = PrimitiveDateTime::parse(&date, DATE_TIME).map_err(|_| denied("Access Denied"))?;
    if now > made.assume_utc() + time::Duration::seconds(SECONDS) {
        return Err(denied("Request has expired"));
    }
    let digest = path.strip_prefix(PREFIX).unwrap_or_default();
    let archive = store.read().archives.get(digest).cloned();
    let archive = archive.ok_or_else(|| {
        let message = "The specified key does not exist.";
        AwsError::new(StatusCode::NOT_FOUND, "NoSuchKey", message)
    })?;
    let mut response = Protocol::S3.response(StatusCode::OK, Vec::new());
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/zip"),
    );
    *response.body_mut() = archive.0;
    Ok(response)
}
