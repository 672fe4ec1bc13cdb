//! `CreateBucket` and `PutBucketVersioning`.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::answer::answer;
use super::store::{Bucket, Store};
use crate::{call::Caller, error::AwsError, saved::Saved};

pub(super) fn create(
    store: &Saved<Store>,
    caller: &Caller,
    name: &str,
) -> Result<Response<Bytes>, AwsError> {
    let is_name = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
        });
    if !is_name {
        let message = "The specified bucket is not valid.";
        return Err(AwsError::client("InvalidBucketName", message));
    }
    store.change(|store| {
        if let Some(bucket) = store.buckets.get(name) {
            let (code, message) = if bucket.account == caller.account {
                ("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket succeeded and you already own it.")
            } else {
                ("BucketAlreadyExists", "The requested bucket name is not available.")
            };
            return Err(AwsError::new(StatusCode::CONFLICT, code, message));
        }
        let bucket = Bucket {
            account: caller.account.clone(),
            is_versioned: false,
            objects: std::collections::BTreeMap::new(),
        };
        store.buckets.insert(name.to_owned(), bucket);
        Ok(())
    })?;
    let mut response = answer(StatusCode::OK, Vec::new());
    if let Ok(location) = HeaderValue::try_from(format!("/{name}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

pub(super) fn put_versioning(
    store: &Saved<Store>,
    name: &str,
    body: &[u8],
) -> Result<Response<Bytes>, AwsError> {
    let text = String::from_utf8_lossy(body);
    let status = text
        .split_once("<Status>")
        .and_then(|(_, rest)| rest.split_once("</Status>"));
    let is_versioned = match status.map(|(status, _)| status) {
        Some("Enabled") => true,
        Some("Suspended") => false,
        _ => {
            let message = "The XML you provided was not well-formed or did not validate against our published schema";
            return Err(AwsError::client("MalformedXML", message));
        }
    };
    store.change(|store| {
        let bucket = store.buckets.get_mut(name).ok_or_else(no_such_bucket)?;
        bucket.is_versioned = is_versioned;
        Ok(())
    })?;
    Ok(answer(StatusCode::OK, Vec::new()))
}

pub(super) fn no_such_bucket() -> AwsError {
    let message = "The specified bucket does not exist";
    AwsError::new(StatusCode::NOT_FOUND, "NoSuchBucket", message)
}
