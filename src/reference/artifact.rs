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

    /// What it shares with those that one slow registry would hold up together: the registry's name; nothing for
    /// layouts, which are all of this machine.
    #[doc(hidden)]
    pub fn lane(&self) -> String {
        match self {
            Self::Registry(reference) => reference.registry().to_ascii_lowercase(),
            Self::Layout(_) => String::new(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tag_and_digest_are_those_of_the_place() {
        let digest = format!("sha256:{}", "7".repeat(64));
        let of = |text: &str| {
            [
                Reference::parse(&format!("r.example/a{text}"))
                    .unwrap()
                    .into(),
                LayoutReference::parse(&format!("/a{text}")).unwrap().into(),
            ]
        };
        for tagged in of(":v1") {
            let tagged: ArtifactReference = tagged;
            assert_eq!((tagged.tag(), tagged.digest()), (Some("v1"), None));
        }
        for digested in of(&format!("@{digest}")) {
            let digested: ArtifactReference = digested;
            let found = (digested.tag(), digested.digest());
            assert_eq!(found, (None, Some(digest.as_str())));
        }
    }
}
