//! What `lambda.json` holds.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// All accounts, all regions.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Store {
    /// By ARN.
    pub(super) functions: BTreeMap<String, Function>,
    /// By the layer's ARN, oldest version first.
    pub(super) layers: BTreeMap<String, Vec<LayerVersion>>,
    /// By ARN.
    pub(super) configs: BTreeMap<String, CodeSigningConfig>,
    /// Archives by their SHA-256 in hexadecimal digits.
    pub(super) archives: BTreeMap<String, Archive>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) arn: String,
    /// What AWS answers as it was told: role, runtime, handler, description, timeout, and others.
    pub(super) members: Map<String, Value>,
    /// `None` for a container image.
    pub(super) code: Option<Code>,
    /// ARNs of layer versions.
    pub(super) layers: Vec<String>,
    /// The ARN of a code signing configuration.
    pub(super) config: Option<String>,
    pub(super) tags: Map<String, Value>,
    pub(super) last_modified: String,
    pub(super) revision_id: String,
}

/// An archive, and what signed it where that is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Code {
    /// SHA-256 in hexadecimal digits.
    pub(super) digest: String,
    pub(super) size: usize,
    pub(super) signed: Option<Signed>,
}

/// What the signature of an archive names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Signed {
    pub(super) profile_version_arn: String,
    pub(super) job_arn: String,
    /// Seconds since 1970, as are all times here.
    pub(super) at: i64,
    pub(super) expires: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LayerVersion {
    pub(super) version: u64,
    /// Description, compatible runtimes and the like, as they were told.
    pub(super) members: Map<String, Value>,
    pub(super) created: String,
    pub(super) code: Code,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct CodeSigningConfig {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) description: Option<String>,
    /// ARNs of profile versions.
    pub(super) allowed: Vec<String>,
    pub(super) policy: Policy,
    pub(super) last_modified: String,
}

/// What becomes of an archive that is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Policy {
    Warn,
    Enforce,
}

/// The bytes of an archive; in base64 in the file.
#[derive(Debug, Clone)]
pub(super) struct Archive(pub(super) Bytes);

impl Serialize for Archive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Archive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(serde::de::Error::custom)?;
        Ok(Self(Bytes::from(bytes)))
    }
}

impl Code {
    /// SHA-256 as AWS answers it.
    pub(super) fn digest_in_base64(&self) -> String {
        let pairs = self.digest.as_bytes().chunks(2);
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Vec<u8> = pairs.filter_map(byte).collect();
        STANDARD.encode(bytes)
    }
}
