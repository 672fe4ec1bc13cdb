//! An artifact, wherever it is.

use std::fmt;

use super::{LayoutReference, Reference};
use crate::oci::Digest;

/// A reference to an artifact in a registry or in an OCI image layout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ArtifactReference {
    /// In a registry.
    Registry(Reference),
    /// In a directory.
    Layout(LayoutReference),
}

impl ArtifactReference {
    /// The tag, if there is one.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Registry(reference) => reference.tag(),
            Self::Layout(reference) => reference.tag(),
        }
    }

    /// The digest, if there is one. It wins over the tag.
    pub fn digest(&self) -> Option<&str> {
        match self {
            Self::Registry(reference) => reference.digest(),
            Self::Layout(reference) => reference.digest(),
        }
    }

    /// The same place with `digest` and no tag.
    #[must_use]
    pub fn with_digest(&self, digest: &Digest) -> Self {
        match self {
            Self::Registry(reference) => reference.with_digest(digest).into(),
            Self::Layout(reference) => reference.with_digest(digest).into(),
        }
    }
}

impl fmt::Display for ArtifactReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => reference.fmt(f),
            Self::Layout(reference) => reference.fmt(f),
        }
    }
}

impl From<Reference> for ArtifactReference {
    fn from(reference: Reference) -> Self {
        Self::Registry(reference)
    }
}

impl From<LayoutReference> for ArtifactReference {
    fn from(reference: LayoutReference) -> Self {
        Self::Layout(reference)
    }
}
