//! `PutObject`, `GetObject` and `HeadObject`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use time::OffsetDateTime;

use super::answer::answer;
use super::buckets::no_such_bucket;
use super::store::{Object, Store};
use crate::{error::AwsError, random, saved::Saved};

/// RFC 9110, "HTTP-date".
const HTTP_DATE: &[time::format_description::BorrowedFormatItem<'_>] = time::macros::format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

pub(super) fn put(
    store: &Saved<Store>,
    now: OffsetDateTime,
    bucket: &str,
    key: &str,
    bytes: &[u8],
) -> Result<Response<Bytes>, AwsError> {
    let version = store.change(|store| {
        let bucket = store.buckets.get_mut(bucket).ok_or_else(no_such_bucket)?;
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        let version = if bucket.is_versioned {
            random::alphanumeric(32)
        } else {
            "null".to_owned()
        };
        versions.retain(|object| object.version != version);
        versions.push(Object {
            version: version.clone(),
            bytes: STANDARD.encode(bytes),
            modified: now.unix_timestamp(),
        });
        Ok(version)
    })?;
    let mut response = answer(StatusCode::OK, Vec::new());
    describe(&mut response, &version, bytes);
    Ok(response)
}

pub(super) fn get(
    store: &Saved<Store>,
    bucket: &str,
    key: &str,
    version: Option<&str>,
    is_head: bool,
) -> Result<Response<Bytes>, AwsError> {
    let store = store.read();
    let bucket = store.buckets.get(bucket).ok_or_else(no_such_bucket)?;
    let versions = bucket.objects.get(key).ok_or_else(|| {
        let message = "The specified key does not exist.";
        AwsError::new(StatusCode::NOT_FOUND, "NoSuchKey", message)
    })?;
    let object = match version {
        None => versions.last(),
        Some(version) => versions.iter().find(|object| object.version == version),
    };
    let object = object.ok_or_else(|| {
        let message = "The specified version does not exist.";
        AwsError::new(StatusCode::NOT_FOUND, "NoSuchVersion", message)
    })?;
    let bytes = STANDARD.decode(&object.bytes).unwrap_or_default();
    let mut response = answer(StatusCode::OK, Vec::new());
    describe(&mut response, &object.version, &bytes);
    let headers = response.headers_mut();
    let modified = OffsetDateTime::from_unix_timestamp(object.modified).ok();
    let modified = modified.and_then(|modified| modified.format(HTTP_DATE).ok());
    if let Some(value) = modified.and_then(|text| HeaderValue::try_from(text).ok()) {
        headers.insert(header::LAST_MODIFIED, value);
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("binary/octet-stream"),
    );
    if is_head {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    } else {
        *response.body_mut() = Bytes::from(bytes);
    }
    Ok(response)
}

/// The headers that name the version and the bytes. An object without versions has no version's header.
fn describe(response: &mut Response<Bytes>, version: &str, bytes: &[u8]) {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let hex: String = random::to_hex(digest.as_ref()).chars().take(32).collect();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::try_from(format!("\"{hex}\"")) {
        headers.insert(header::ETAG, value);
    }
    if let (Ok(value), true) = (HeaderValue::from_str(version), version != "null") {
        headers.insert("x-amz-version-id", value);
    }
}
