//! The signatures of an artifact in a layout: every manifest is looked at, because nothing lists them.

use super::LayoutRepository;
use super::index::Entry;
use crate::notary::SIGNATURE_ARTIFACT_TYPE;
use crate::oci::Descriptor;
use crate::registry::error::Error;
use crate::registry::manifest;
use crate::registry::media_types::{ARTIFACT_MANIFEST, IMAGE_MANIFEST};
use crate::registry::{Listing, Source};

impl LayoutRepository {
    /// Lists the manifests of signatures whose subject is `subject`: by media type, digest and size.
    ///
    /// A manifest that cannot be read hides no other. The listing is incomplete if one could not be
    /// looked at, or one that the index calls a signature is broken.
    ///
    /// # Errors
    ///
    /// What keeps `index.json` from being read.
    pub fn list_signatures(&self, subject: &Descriptor) -> Result<Listing, Error> {
        let mut walk = self.walk().map_err(|error| self.in_copy(error))?;
        let mut signatures: Vec<Descriptor> = Vec::new();
        while let Some(entry) = walk.next() {
            match self.is_signature_of(&entry, subject) {
                Ok(true) => {
                    let digest = entry.descriptor.digest();
                    if !signatures.iter().any(|known| known.digest() == digest) {
                        signatures.push(super::bare(&entry.descriptor));
                    }
                }
                Ok(false) => {}
                Err(error) if entry.is_called_signature => {
                    walk.failure.get_or_insert(error);
                }
                Err(error) => walk.note(error),
            }
        }
        Ok(Listing {
            signatures,
            candidates: Vec::new(),
            source: Source::Layout,
            incomplete: walk.failure.map(|error| self.in_copy(error)),
        })
    }

    fn is_signature_of(&self, entry: &Entry, subject: &Descriptor) -> Result<bool, Error> {
        let media_type = entry.descriptor.media_type().as_ref();
        if !matches!(media_type, IMAGE_MANIFEST | ARTIFACT_MANIFEST) {
            return Ok(false);
        }
        let bytes = self.read_manifest(&entry.descriptor)?;
        let relation = manifest::relation(&bytes);
        Ok(
            relation.artifact_type.as_deref() == Some(SIGNATURE_ARTIFACT_TYPE)
                && relation.subject.is_some_and(|found| {
                    found.media_type == subject.media_type().as_ref()
                        && found.digest == subject.digest().as_ref()
                        && found.size == subject.size()
                }),
        )
    }
}
