//! Lists of signatures, by the referrers API, by the tag schema or of a layout.

use super::error::Error;
use crate::oci::Descriptor;

/// Where a list of signatures came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The referrers API.
    ReferrersApi,
    /// The index under the tag `ALGORITHM-HEX`.
    TagSchema,
    /// The manifests of an OCI image layout.
    Layout,
}

/// The signatures of one artifact, in the registry's order, each once.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Descriptors of signature manifests, as the registry gives them.
    pub signatures: Vec<Descriptor>,
    /// Descriptors of manifests that may be signatures: the registry does not say what they are, or
    /// only what their configuration is.
    pub candidates: Vec<Descriptor>,
    /// Where they came from.
    pub source: Source,
    /// Why there may be more: the list, a page or an entry of it could not be read, or a limit was
    /// met. What was found can still be used; that nothing good was found cannot be concluded.
    pub incomplete: Option<Error>,
}

impl Listing {
    /// A list without anything.
    pub(super) fn empty(source: Source) -> Self {
        Self {
            signatures: Vec::new(),
            candidates: Vec::new(),
            source,
            incomplete: None,
        }
    }

    /// Whether it has `manifest` as it is, so that it can be fetched.
    pub(super) fn has(&self, manifest: &Descriptor) -> bool {
        let is_it = |listed: &Descriptor| {
            listed.digest() == manifest.digest()
                && listed.size() == manifest.size()
                && listed.media_type() == manifest.media_type()
        };
        self.signatures.iter().chain(&self.candidates).any(is_it)
    }
}
