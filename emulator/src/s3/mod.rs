//! Amazon S3 (REST XML): buckets with and without versions, and whole objects.
//!
//! As the API model 2006-03-01 says: `CreateBucket`, `PutBucketVersioning`, `PutObject`, `GetObject`, `HeadObject`. Names
//! of buckets are of the account and region that made them. Ranges, conditions, parts, deletion and lists are not here.

mod answer;
mod buckets;
mod objects;
mod route;
mod store;

use bytes::Bytes;
use http::{Request, Response};
use time::OffsetDateTime;

use crate::{call::Caller, error::AwsError, saved::Saved};

pub(crate) use route::{Operation, is_s3};
pub(crate) use store::Store;

/// One signed call, and what it works on.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) store: &'a Saved<Store>,
    pub(crate) caller: &'a Caller,
    pub(crate) now: OffsetDateTime,
    pub(crate) request: &'a Request<Bytes>,
}

/// Answers one operation.
pub(crate) fn handle(
    context: &Context<'_>,
    operation: &Operation,
) -> Result<Response<Bytes>, AwsError> {
    let Context {
        store,
        caller,
        now,
        request,
    } = context;
    match operation {
        Operation::CreateBucket { bucket } => buckets::create(store, caller, bucket),
        Operation::PutBucketVersioning { bucket } => {
            buckets::put_versioning(store, bucket, request.body())
        }
        Operation::PutObject { bucket, key } => {
            objects::put(store, *now, bucket, key, request.body())
        }
        Operation::GetObject {
            bucket,
            key,
            version,
            is_head,
        } => objects::get(store, bucket, key, version.as_deref(), *is_head),
        Operation::Unknown => Err(AwsError::new(
            http::StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "A header or query you provided implies functionality that is not implemented.",
        )),
    }
}

/// Stores an object of `(bucket, key)` without a request, in a bucket with versions that is made where it is not there;
/// answers its version.
pub(crate) fn put(
    store: &Saved<Store>,
    owner: &Caller,
    now: OffsetDateTime,
    (bucket, key): (&str, &str),
    bytes: &[u8],
) -> Result<String, AwsError> {
    let is_new = !store.read().buckets.contains_key(bucket);
    if is_new {
        buckets::create(store, owner, bucket)?;
        let enabled =
            b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        buckets::put_versioning(store, bucket, enabled)?;
    }
    let answer = objects::put(store, now, bucket, key, bytes)?;
    let version = answer.headers().get("x-amz-version-id");
    Ok(version
        .and_then(|version| version.to_str().ok())
        .unwrap_or("null")
        .to_owned())
}
