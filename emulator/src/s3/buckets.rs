//! Buckets: made, looked for, where they are, whether they keep versions.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::answer::{answer, xml_answer};
use super::store::{Bucket, Store, Versioning, no_such_bucket};
use crate::{call::Caller, error::AwsError, partition::is_region, saved::Saved};

/// The region that the API leaves out.
const FIRST_REGION: &str = "us-east-1";

/// Makes a bucket in the region that `body` names, which is the caller's.
pub(super) fn create(
    store: &Saved<Store>,
    caller: &Caller,
    name: &str,
    body: &[u8],
) -> Result<Response<Bytes>, AwsError> {
    let region = location_constraint(caller, body)?;
    make(store, caller, name, &region)?;
    let mut response = answer(StatusCode::OK, Vec::new());
    if let Ok(location) = HeaderValue::try_from(format!("/{name}")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// Makes a bucket without versions; one without a region answers in each.
pub(super) fn make(
    store: &Saved<Store>,
    caller: &Caller,
    name: &str,
    region: &str,
) -> Result<(), AwsError> {
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
            region: region.to_owned(),
            versioning: Versioning::Off,
            objects: std::collections::BTreeMap::new(),
        };
        store.buckets.insert(name.to_owned(), bucket);
        Ok(())
    })
}

fn location_constraint(caller: &Caller, body: &[u8]) -> Result<String, AwsError> {
    let text = String::from_utf8_lossy(body);
    let named = member(&text, "LocationConstraint");
    let illegal = |message: String| {
        Err(AwsError::client(
            "IllegalLocationConstraintException",
            message,
        ))
    };
    match named {
        None if caller.region == FIRST_REGION => Ok(FIRST_REGION.to_owned()),
        None => illegal(
            "The unspecified location constraint is incompatible for the region specific endpoint this request was \
             sent to."
                .to_owned(),
        ),
        Some(region) if !is_region(region) || region == FIRST_REGION => Err(AwsError::client(
            "InvalidLocationConstraint",
            "The specified location-constraint is not valid",
        )),
        Some(region) if region != caller.region && caller.region != FIRST_REGION => illegal(format!(
            "The {region} location constraint is incompatible for the region specific endpoint this request was sent \
             to."
        )),
        Some(region) => Ok(region.to_owned()),
    }
}

/// The text of an element that has no attributes.
fn member<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (value, _) = rest.split_once(&format!("</{name}>"))?;
    Some(value)
}

pub(super) fn put_versioning(
    store: &Saved<Store>,
    caller: &Caller,
    name: &str,
    body: &[u8],
) -> Result<Response<Bytes>, AwsError> {
    let text = String::from_utf8_lossy(body);
    let versioning = match member(&text, "Status") {
        Some("Enabled") => Versioning::Enabled,
        Some("Suspended") => Versioning::Suspended,
        _ => {
            let message = "The XML you provided was not well-formed or did not validate against our published schema";
            return Err(AwsError::client("MalformedXML", message));
        }
    };
    set_versioning(store, caller, name, versioning)?;
    Ok(answer(StatusCode::OK, Vec::new()))
}

pub(super) fn set_versioning(
    store: &Saved<Store>,
    caller: &Caller,
    name: &str,
    versioning: Versioning,
) -> Result<(), AwsError> {
    store.change(|store| {
        store.bucket_mut(caller, name)?.versioning = versioning;
        Ok(())
    })
}

/// A bucket that never kept versions has no status.
pub(super) fn versioning(
    store: &Saved<Store>,
    caller: &Caller,
    name: &str,
) -> Result<Response<Bytes>, AwsError> {
    let store = store.read();
    let status = match store.bucket(caller, name)?.versioning {
        Versioning::Off => "",
        Versioning::Enabled => "<Status>Enabled</Status>",
        Versioning::Suspended => "<Status>Suspended</Status>",
    };
    Ok(xml_answer("VersioningConfiguration", status))
}

/// Asked in any region, as the first region's endpoint may be.
pub(super) fn location(store: &Saved<Store>, name: &str) -> Result<Response<Bytes>, AwsError> {
    let store = store.read();
    let bucket = store.buckets.get(name).ok_or_else(no_such_bucket)?;
    let region = match bucket.region.as_str() {
        FIRST_REGION => "",
        region => region,
    };
    Ok(xml_answer("LocationConstraint", region))
}

pub(super) fn head(
    store: &Saved<Store>,
    caller: &Caller,
    name: &str,
) -> Result<Response<Bytes>, AwsError> {
    let store = store.read();
    let bucket = store.bucket(caller, name)?;
    let region = match bucket.region.as_str() {
        "" => &caller.region,
        region => region,
    };
    let mut response = answer(StatusCode::OK, Vec::new());
    if let Ok(region) = HeaderValue::from_str(region) {
        response.headers_mut().insert("x-amz-bucket-region", region);
    }
    Ok(response)
}
