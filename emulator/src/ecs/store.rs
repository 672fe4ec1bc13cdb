//! What `ecs.json` holds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What Amazon ECS knows, each as its operations answer it.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// By the ARN without its revision; the first one has revision 1.
    pub(super) families: BTreeMap<String, Vec<Value>>,
    /// By ARN; the cluster `default` is there without being made.
    pub(super) clusters: BTreeSet<String>,
    /// By ARN.
    pub(super) services: BTreeMap<String, Value>,
    /// Service revisions by ARN.
    pub(super) revisions: BTreeMap<String, Value>,
    /// By ARN.
    pub(super) tasks: BTreeMap<String, Value>,
}
