//! What of a signature a registry did not take.

/// What of a signature a registry did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectedPart {
    /// The envelope, or the empty config.
    Blob,
    /// The signature manifest.
    Manifest,
    /// The index of the tag schema.
    Index,
}

impl RejectedPart {
    /// That this registry does not take it.
    pub(super) fn refusal(self, registry: &str) -> String {
        let what = match self {
            Self::Blob => "the signature's blobs",
            Self::Manifest => "OCI artifacts",
            Self::Index => "the index of signatures",
        };
        format!("registry `{registry}` does not take {what}")
    }

    /// What to do about it.
    pub(super) const fn hint(self) -> &'static str {
        match self {
            Self::Blob => {
                "trying again does not help: the repository may be read-only, a cache of another registry \
                 for example; push to the registry that it is filled from"
            }
            Self::Manifest => {
                "trying again does not help: ask the registry's operator to allow OCI artifacts, or keep \
                 the image and its signatures in a registry that takes them"
            }
            Self::Index => {
                "trying again does not help: ask the registry's operator to allow OCI indexes"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_will_be_refused_again_is_not_to_be_tried_again() {
        for what in [
            RejectedPart::Blob,
            RejectedPart::Manifest,
            RejectedPart::Index,
        ] {
            assert!(what.hint().starts_with("trying again does not help: "));
        }
    }
}
