//! Amazon S3 (REST XML): buckets with and without versions, and whole objects.
//!
//! As the API model 2006-03-01 says: `CreateBucket`, `HeadBucket`, `GetBucketLocation`, `PutBucketVersioning`,
//! `GetBucketVersioning`, `PutObject`, `GetObject`, `HeadObject`. Names of buckets are of the account and region that made
//! them. Ranges, conditions, parts, deletion and lists are not here.

mod answer;
mod buckets;
mod elsewhere;
mod objects;
mod route;
mod store;

use bytes::Bytes;
use http::{Request, Response};
use time::OffsetDateTime;

use crate::{call::Caller, error::AwsError, saved::Saved};

pub(crate) use elsewhere::Elsewhere;
pub(crate) use route::{Operation, is_s3};
pub(crate) use store::Store;
use store::Versioning;

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
    check_owner(store, operation, request)?;
    match operation {
        Operation::CreateBucket { bucket } => {
            buckets::create(store, caller, bucket, request.body())
        }
        Operation::HeadBucket { bucket } => buckets::head(store, caller, bucket),
        Operation::GetBucketLocation { bucket } => buckets::location(store, bucket),
        Operation::GetBucketVersioning { bucket } => buckets::versioning(store, caller, bucket),
        Operation::PutBucketVersioning { bucket } => {
            buckets::put_versioning(store, caller, bucket, request.body())
        }
        Operation::PutObject { bucket, key } => {
            objects::put(store, caller, *now, (bucket, key), request.body())
        }
        Operation::GetObject {
            bucket,
            key,
            version,
            is_head,
        } => objects::get(store, caller, (bucket, key), version.as_deref(), *is_head),
        Operation::Unknown => Err(AwsError::new(
            http::StatusCode::NOT_IMPLEMENTED,
            "NotImplemented",
            "A header or query you provided implies functionality that is not implemented.",
        )),
    }
}

/// Refuses a call about a bucket that another account than the expected one owns.
fn check_owner(
    store: &Saved<Store>,
    operation: &Operation,
    request: &Request<Bytes>,
) -> Result<(), AwsError> {
    let (Some(expected), Some(bucket)) = (
        request.headers().get("x-amz-expected-bucket-owner"),
        operation.bucket(),
    ) else {
        return Ok(());
    };
    match store.read().buckets.get(bucket) {
        Some(found) if expected != found.account.as_str() => Err(AwsError::new(
            http::StatusCode::FORBIDDEN,
            "AccessDenied",
            "Access Denied",
        )),
        _ => Ok(()),
    }
}

/// Makes a bucket in a region without a request, that keeps versions (`Some(true)`), does no more (`Some(false)`) or
/// never did.
pub(crate) fn create(
    store: &Saved<Store>,
    owner: &Caller,
    bucket: &str,
    keeps_versions: Option<bool>,
) -> Result<(), AwsError> {
    buckets::make(store, owner, bucket, &owner.region)?;
    let versioning = match keeps_versions {
        None => return Ok(()),
        Some(true) => Versioning::Enabled,
        Some(false) => Versioning::Suspended,
    };
    buckets::set_versioning(store, owner, bucket, versioning)
}

/// Stores an object of `(bucket, key)` without a request, in a bucket with versions that is made where it is not there,
/// and then answers in every region; answers its version.
pub(crate) fn put(
    store: &Saved<Store>,
    owner: &Caller,
    now: OffsetDateTime,
    (bucket, key): (&str, &str),
    bytes: &Bytes,
) -> Result<String, AwsError> {
    let is_new = !store.read().buckets.contains_key(bucket);
    if is_new {
        buckets::make(store, owner, bucket, "")?;
        buckets::set_versioning(store, owner, bucket, Versioning::Enabled)?;
    }
    objects::store(store, owner, now, (bucket, key), bytes)
}

/// The keys of a bucket's objects.
pub(crate) fn keys(store: &Saved<Store>, bucket: &str) -> Vec<String> {
    let store = store.read();
    let bucket = store.buckets.get(bucket);
    bucket.map_or_else(Vec::new, |bucket| bucket.objects.keys().cloned().collect())
}

/// The objects that other services read and write: this emulator's, or those of the server that it was told of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Objects<'a> {
    pub(crate) own: &'a Saved<Store>,
    pub(crate) elsewhere: Option<&'a Elsewhere>,
}

impl Objects<'_> {
    /// The bytes of an object of `(bucket, key)` and its version, as `caller` may read them.
    pub(crate) fn get(
        &self,
        caller: &Caller,
        name: (&str, &str),
        version: Option<&str>,
    ) -> Result<(Bytes, String), AwsError> {
        match self.elsewhere {
            Some(server) => server.get(&caller.region, name, version),
            None => objects::load(self.own, caller, name, version),
        }
    }

    /// Stores an object of `(bucket, key)`; answers its version.
    pub(crate) fn put(
        &self,
        caller: &Caller,
        now: OffsetDateTime,
        name: (&str, &str),
        bytes: &Bytes,
    ) -> Result<String, AwsError> {
        match self.elsewhere {
            Some(server) => server.put(&caller.region, name, bytes),
            None => objects::store(self.own, caller, now, name, bytes),
        }
    }

    /// Checks that there is a bucket that answers in the caller's region.
    pub(crate) fn check_bucket(&self, caller: &Caller, bucket: &str) -> Result<(), AwsError> {
        match self.elsewhere {
            Some(_) => Ok(()),
            None => self.own.read().bucket(caller, bucket).map(|_| ()),
        }
    }
}
