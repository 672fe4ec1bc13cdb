//! What `s3.json` holds.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{call::Caller, error::AwsError};

/// The buckets by name: a name is given once for all accounts.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    pub(super) buckets: BTreeMap<String, Bucket>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Bucket {
    /// The owner.
    pub(super) account: String,
    /// Where it is; empty for one that answers in every region.
    #[serde(default)]
    pub(super) region: String,
    #[serde(default)]
    pub(super) versioning: Versioning,
    /// By key, oldest version first.
    pub(super) objects: BTreeMap<String, Vec<Object>>,
}

/// Whether a new object leaves the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) enum Versioning {
    /// It never did.
    #[default]
    Off,
    Enabled,
    /// It did, and does no more.
    Suspended,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Object {
    /// `null` where it was stored without versions.
    pub(super) version: String,
    #[serde(serialize_with = "in_base64", deserialize_with = "from_base64")]
    pub(super) bytes: Bytes,
    pub(super) modified: i64,
}

impl Store {
    /// The bucket, as it can be asked in the caller's region.
    pub(super) fn bucket(&self, caller: &Caller, name: &str) -> Result<&Bucket, AwsError> {
        let bucket = self.buckets.get(name).ok_or_else(no_such_bucket)?;
        other_region(bucket, caller, name)?;
        Ok(bucket)
    }

    /// The same, to be changed.
    pub(super) fn bucket_mut(
        &mut self,
        caller: &Caller,
        name: &str,
    ) -> Result<&mut Bucket, AwsError> {
        let bucket = self.buckets.get_mut(name).ok_or_else(no_such_bucket)?;
        other_region(bucket, caller, name)?;
        Ok(bucket)
    }
}

impl Bucket {
    /// The object, in one of its versions or the newest.
    pub(super) fn object(&self, key: &str, version: Option<&str>) -> Result<&Object, AwsError> {
        let versions = self.objects.get(key).ok_or_else(|| {
            let message = "The specified key does not exist.";
            AwsError::new(StatusCode::NOT_FOUND, "NoSuchKey", message)
        })?;
        let object = match version {
            None => versions.last(),
            Some(version) => versions.iter().find(|object| object.version == version),
        };
        object.ok_or_else(|| {
            let message = "The specified version does not exist.";
            AwsError::new(StatusCode::NOT_FOUND, "NoSuchVersion", message)
        })
    }
}

pub(super) fn no_such_bucket() -> AwsError {
    let message = "The specified bucket does not exist";
    AwsError::new(StatusCode::NOT_FOUND, "NoSuchBucket", message)
}

/// Refuses a caller who asks in another region than the bucket's.
fn other_region(bucket: &Bucket, caller: &Caller, name: &str) -> Result<(), AwsError> {
    let region = &bucket.region;
    if region.is_empty() || *region == caller.region {
        return Ok(());
    }
    let message = "The bucket you are attempting to access must be addressed using the specified endpoint. Please send \
                   all future requests to this endpoint.";
    let mut error = AwsError::new(StatusCode::MOVED_PERMANENTLY, "PermanentRedirect", message);
    let endpoint = format!("{name}.s3.{region}.amazonaws.com");
    for (member, value) in [
        ("Endpoint", endpoint.as_str()),
        ("Bucket", name),
        ("Region", region),
    ] {
        error.members.insert(member.to_owned(), value.into());
    }
    Err(error)
}

fn in_base64<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
    Ok(Bytes::from(bytes))
}
