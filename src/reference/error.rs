//! Why a text is not a reference.

use super::{RegistryNameError, advice};
use crate::limits;
use crate::oci;

/// Why a text is not a reference. Each keeps the whole text as `reference`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Longer than [`limits::MAX_REFERENCE_BYTES`].
    #[error(
        "the reference has {length} bytes, more than {}",
        limits::MAX_REFERENCE_BYTES
    )]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// Nothing before or after the first slash.
    #[error("reference `{reference}` names no registry or no repository")]
    MissingRegistryOrRepository {
        /// The whole text.
        reference: String,
    },
    /// The registry is not `HOST` or `HOST:PORT`.
    #[error("`{registry}` in reference `{reference}` is not a registry's host name")]
    InvalidRegistry {
        /// The whole text.
        reference: String,
        /// The part before the first slash.
        registry: String,
        /// What is wrong with it.
        #[source]
        source: RegistryNameError,
    },
    /// The repository is not of the distribution specification's form.
    #[error("`{repository}` in reference `{reference}` is not a repository's name")]
    InvalidRepository {
        /// The whole text.
        reference: String,
        /// The part between the first slash and the tag or digest.
        repository: String,
    },
    /// Neither tag nor digest.
    #[error("reference `{reference}` has neither tag nor digest")]
    MissingTagOrDigest {
        /// The whole text.
        reference: String,
    },
    /// The tag is not of the distribution specification's form.
    #[error("`{tag}` in reference `{reference}` is not a tag")]
    InvalidTag {
        /// The whole text.
        reference: String,
        /// The part after the colon.
        tag: String,
    },
    /// The digest cannot be checked.
    #[error("`{digest}` in reference `{reference}` is not a digest")]
    InvalidDigest {
        /// The whole text.
        reference: String,
        /// The part after the at sign.
        digest: String,
        /// What is wrong with it.
        #[source]
        source: oci::Error,
    },
}

impl Error {
    /// What may help.
    pub fn hint(&self) -> Option<String> {
        if let Some(hint) = self.reference().and_then(advice::on_text) {
            return Some(hint);
        }
        let text = match self {
            Self::TooLong { .. } => return None,
            Self::InvalidRegistry { source, .. } => return Some(source.hint()),
            Self::MissingRegistryOrRepository { .. } => {
                "write the registry out: `docker.io/library/nginx:1.29`, not `nginx:1.29`"
            }
            Self::InvalidRepository { repository, .. }
                if repository.bytes().any(|byte| byte.is_ascii_uppercase()) =>
            {
                "repositories are in lower case"
            }
            Self::InvalidDigest { .. } => {
                "a digest is `sha256:` and 64 digits, in lower-case hexadecimal"
            }
            _ => "write `REGISTRY/REPOSITORY:TAG` or `REGISTRY/REPOSITORY@DIGEST`",
        };
        Some(text.to_owned())
    }

    /// The whole text.
    fn reference(&self) -> Option<&str> {
        match self {
            Self::TooLong { .. } => None,
            Self::MissingRegistryOrRepository { reference }
            | Self::InvalidRegistry { reference, .. }
            | Self::InvalidRepository { reference, .. }
            | Self::MissingTagOrDigest { reference }
            | Self::InvalidTag { reference, .. }
            | Self::InvalidDigest { reference, .. } => Some(reference),
        }
    }

    /// What notation prints after `Error: ` for such a reference.
    #[doc(hidden)]
    pub fn notation_sentence(&self) -> String {
        let (reference, reason) = match self {
            Self::TooLong { .. } => return self.to_string(),
            Self::MissingRegistryOrRepository { reference } => {
                (reference, "missing registry or repository".to_owned())
            }
            Self::InvalidRegistry {
                reference,
                registry,
                ..
            } => (reference, format!("invalid registry {registry:?}")),
            Self::InvalidRepository {
                reference,
                repository,
            } => (reference, format!("invalid repository {repository:?}")),
            Self::MissingTagOrDigest { reference } => (reference, "no tag or digest".to_owned()),
            Self::InvalidTag { reference, tag } => (reference, format!("invalid tag {tag:?}")),
            Self::InvalidDigest {
                reference, digest, ..
            } => (
                reference,
                format!("invalid digest {digest:?}: {}", digest_fault(digest)),
            ),
        };
        format!(
            "{reference:?}: invalid reference: {reason}. Expecting <registry>/<repository>:<tag> \
             or <registry>/<repository>@<digest>"
        )
    }
}

/// What Go's digest library calls the fault of `digest`.
fn digest_fault(digest: &str) -> &'static str {
    let length = match digest.split_once(':') {
        Some(("sha256", hex)) => (hex.len(), 64),
        Some(("sha384", hex)) => (hex.len(), 96),
        Some(("sha512", hex)) => (hex.len(), 128),
        Some((algorithm, hex)) if !algorithm.is_empty() && !hex.is_empty() => {
            return "unsupported digest algorithm";
        }
        _ => return "invalid checksum digest format",
    };
    match length {
        (0, _) => "invalid checksum digest format",
        (found, wanted) if found != wanted => "invalid checksum digest length",
        _ => "invalid checksum digest format",
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reference;

    #[test]
    fn what_is_wrong_with_a_part_says_what_to_write() {
        let form = "write `REGISTRY/REPOSITORY:TAG` or `REGISTRY/REPOSITORY@DIGEST`";
        let long = format!(
            "r.example/{}:v1",
            "a".repeat(crate::limits::MAX_REFERENCE_BYTES)
        );
        for (text, hint) in [
            (long.as_str(), None),
            (
                "nginx:1.29",
                Some("write the registry out: `docker.io/library/nginx:1.29`, not `nginx:1.29`"),
            ),
            (
                "r.example./a:v1",
                Some("leave out the dot at the end of the host name"),
            ),
            ("r.example/A:v1", Some("repositories are in lower case")),
            ("r.example/a//b:v1", Some(form)),
            ("r.example/a", Some(form)),
            ("r.example/a:-x", Some(form)),
            (
                "r.example/a@sha256:abc",
                Some("a digest is `sha256:` and 64 digits, in lower-case hexadecimal"),
            ),
            // The whole text says more than its parts.
            ("https://r.example/a:v1", Some("leave out `https://`")),
        ] {
            let error = Reference::parse(text).unwrap_err();
            assert_eq!(error.hint().as_deref(), hint, "{text}");
        }
    }
}
