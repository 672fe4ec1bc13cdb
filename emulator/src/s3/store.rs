//! What `s3.json` holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

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
    /// Whether a new object leaves the ones before it.
    pub(super) is_versioned: bool,
    /// By key, oldest version first.
    pub(super) objects: BTreeMap<String, Vec<Object>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Object {
    /// `null` in a bucket without versions.
    pub(super) version: String,
    /// In base64.
    pub(super) bytes: String,
    pub(super) modified: i64,
}
