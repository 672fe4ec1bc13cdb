//! `PutObject`, `GetObject` and `HeadObject`.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use time::OffsetDateTime;

use super::answer::answer;
use super::store::{Object, Store, Versioning};
use crate::{call::Caller, error::AwsError, random, saved::Saved};

/// RFC 9110, "HTTP-date".
const HTTP_DATE: &[time::format_description::BorrowedFormatItem<'_>] = time::macros::format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);

/// Stores an object; answers its version, `null` in a bucket that keeps none.
pub(super) fn store(
    store: &Saved<Store>,
    caller: &Caller,
    now: OffsetDateTime,
    (bucket, key): (&str, &str),
    bytes: &Bytes,
) -> Result<String, AwsError> {
    store.change(|store| {
        let bucket = store.bucket_mut(caller, bucket)?;
        let version = match bucket.versioning {
            Versioning::Enabled => random::alphanumeric(32),
            Versioning::Off | Versioning::Suspended => "null".to_owned(),
        };
        let versions = bucket.objects.entry(key.to_owned()).or_default();
        versions.retain(|object| object.version != version);
        versions.push(Object {
            version: version.clone(),
            bytes: bytes.clone(),
            modified: now.unix_timestamp(),
        });
        Ok(version)
    })
}

/// The bytes of an object, and its version.
pub(super) fn load(
    store: &Saved<Store>,
    caller: &Caller,
    (bucket, key): (&str, &str),
    version: Option<&str>,
) -> Result<(Bytes, String), AwsError> {
    let store = store.read();
    let object = store.bucket(caller, bucket)?.object(key, version)?;
    Ok((object.bytes.clone(), object.version.clone()))
}

pub(super) fn put(
    objects: &Saved<Store>,
    caller: &Caller,
    now: OffsetDateTime,
    name: (&str, &str),
    bytes: &Bytes,
) -> Result<Response<Bytes>, AwsError> {
    let version = store(objects, caller, now, name, bytes)?;
    let mut response = answer(StatusCode::OK, Vec::new());
    describe(&mut response, &version, bytes);
    Ok(response)
}

pub(super) fn get(
    store: &Saved<Store>,
    caller: &Caller,
    (bucket, key): (&str, &str),
    version: Option<&str>,
    is_head: bool,
) -> Result<Response<Bytes>, AwsError> {
    let store = store.read();
    let object = store.bucket(caller, bucket)?.object(key, version)?;
    let mut response = answer(StatusCode::OK, Vec::new());
    describe(&mut response, &object.version, &object.bytes);
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
        headers.insert(
            header::CONTENT_LENGTH,
            HeaderValue::from(object.bytes.len()),
        );
    } else {
        *response.body_mut() = object.bytes.clone();
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
