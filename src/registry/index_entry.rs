//! An entry that is written to an index: of the referrers tag schema, or of a layout.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;

use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::Descriptor;

/// What an index says of a manifest.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IndexEntry<'a> {
    media_type: &'a str,
    digest: &'a str,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a BTreeMap<String, String>>,
}

impl<'a> IndexEntry<'a> {
    /// The entry of any manifest.
    pub(super) fn of(manifest: &'a Descriptor) -> Self {
        Self {
            media_type: manifest.media_type().as_ref(),
            digest: manifest.digest().as_ref(),
            size: manifest.size(),
            artifact_type: None,
            annotations: None,
        }
    }

    /// The entry of a signature manifest, which is found by its type.
    pub(super) fn of_signature(manifest: &'a Descriptor) -> Self {
        Self {
            artifact_type: Some(SIGNATURE_ARTIFACT_TYPE),
            ..Self::of(manifest)
        }
    }

    /// The same with annotations, if there are any.
    pub(super) fn with_annotations(self, annotations: &'a BTreeMap<String, String>) -> Self {
        Self {
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..self
        }
    }

    /// As JSON.
    pub(super) fn to_text(&self) -> String {
        json!(self).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::sha256_digest;

    #[test]
    fn an_entry_says_what_is_to_be_said() {
        let digest = sha256_digest(b"x");
        let manifest = Descriptor::new("a/b".into(), 1, digest.clone());
        let annotations = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let plain = json!({ "mediaType": "a/b", "digest": digest.to_string(), "size": 1 });
        let mut signature = plain.clone();
        signature["artifactType"] = json!(SIGNATURE_ARTIFACT_TYPE);
        let mut annotated = signature.clone();
        annotated["annotations"] = json!({ "k": "v" });
        let written = |entry: IndexEntry<'_>| -> serde_json::Value {
            serde_json::from_str(&entry.to_text()).unwrap()
        };
        assert_eq!(written(IndexEntry::of(&manifest)), plain);
        let entry = || IndexEntry::of_signature(&manifest);
        assert_eq!(
            written(entry().with_annotations(&BTreeMap::new())),
            signature
        );
        assert_eq!(written(entry().with_annotations(&annotations)), annotated);
    }
}
