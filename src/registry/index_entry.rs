//! An entry that is written to an index: of the referrers tag schema, or of a layout.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

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

    /// Adds it to an index, whose other members stay as they are.
    pub(super) fn add_to(&self, index: &mut Value) {
        let entry = json!(self);
        if let Some(members) = index.as_object_mut() {
            let manifests = members.entry("manifests").or_insert_with(|| json!([]));
            match manifests.as_array_mut() {
                Some(manifests) => manifests.push(entry),
                // `null` stands for an empty list.
                None => *manifests = json!([entry]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::sha256_digest;

    #[test]
    fn an_entry_is_added_and_all_else_stays() {
        let digest = sha256_digest(b"x");
        let manifest = Descriptor::new("a/b".into(), 1, digest.clone());
        let annotations = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
        let plain = json!({ "mediaType": "a/b", "digest": digest.to_string(), "size": 1 });
        let mut signature = plain.clone();
        signature["artifactType"] = json!(SIGNATURE_ARTIFACT_TYPE);
        let mut annotated = signature.clone();
        annotated["annotations"] = json!({ "k": "v" });
        for mut index in [
            json!({ "x": 1 }),
            json!({ "x": 1, "manifests": null }),
            json!({ "x": 1, "manifests": [] }),
        ] {
            IndexEntry::of(&manifest).add_to(&mut index);
            let entry = IndexEntry::of_signature(&manifest);
            entry.with_annotations(&BTreeMap::new()).add_to(&mut index);
            let entry = IndexEntry::of_signature(&manifest);
            entry.with_annotations(&annotations).add_to(&mut index);
            assert_eq!(
                index,
                json!({ "x": 1, "manifests": [plain, signature, annotated] })
            );
        }
    }
}
