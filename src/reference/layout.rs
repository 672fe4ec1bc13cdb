//! References into an OCI image layout: `PATH:TAG` or `PATH@DIGEST`.

use std::fmt;
use std::path::Path;

use super::advice;
use crate::oci::{self, Digest};

/// Why a text is not a reference into an OCI image layout.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LayoutError {
    /// Neither tag nor digest.
    #[error("layout reference `{reference}` has neither tag nor digest")]
    MissingTagOrDigest {
        /// The whole text.
        reference: String,
    },
    /// Nothing before the tag or digest.
    #[error("layout reference `{reference}` names no directory")]
    MissingPath {
        /// The whole text.
        reference: String,
    },
    /// The digest cannot be checked.
    #[error("`{digest}` in layout reference `{reference}` is not a digest")]
    InvalidDigest {
        /// The whole text.
        reference: String,
        /// The part after the last at sign.
        digest: String,
        /// What is wrong with it.
        #[source]
        source: oci::Error,
    },
}

impl LayoutError {
    /// What may help.
    pub fn hint(&self) -> Option<String> {
        let (Self::MissingTagOrDigest { reference }
        | Self::MissingPath { reference }
        | Self::InvalidDigest { reference, .. }) = self;
        if reference.trim().is_empty()
            || self.digest().is_some_and(|digest| digest != digest.trim())
        {
            return advice::on_text(reference);
        }
        let text = match self {
            Self::MissingTagOrDigest { .. } | Self::MissingPath { .. } => {
                "write `DIRECTORY:TAG` or `DIRECTORY@DIGEST`; the tags stand in the layout's \
                 `index.json` under `org.opencontainers.image.ref.name`"
            }
            Self::InvalidDigest { .. } => {
                "a digest is `sha256:` and 64 digits, in lower-case hexadecimal"
            }
        };
        Some(text.to_owned())
    }

    /// What should have been a digest.
    fn digest(&self) -> Option<&str> {
        match self {
            Self::InvalidDigest { digest, .. } => Some(digest),
            Self::MissingTagOrDigest { .. } | Self::MissingPath { .. } => None,
        }
    }

    /// What notation prints after `Error: ` for such a reference.
    #[doc(hidden)]
    pub fn notation_sentence(&self) -> String {
        let (reference, reason) = match self {
            Self::MissingTagOrDigest { reference } => (reference, "missing tag or digest"),
            Self::MissingPath { reference } => (reference, "missing oci-layout file path"),
            Self::InvalidDigest { .. } => return self.to_string(),
        };
        format!(
            "{reference:?}: invalid reference: {reason}. Expecting <file_path>:<tag> or \
             <file_path>@<digest>"
        )
    }
}

/// A tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Target {
    Tag(String),
    Digest(String),
}

/// A reference to an artifact in an OCI image layout.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LayoutReference {
    path: String,
    target: Target,
}

impl LayoutReference {
    /// Parses `PATH:TAG` or `PATH@DIGEST`: split at the last `@`, or else at the last `:`.
    ///
    /// # Errors
    ///
    /// The first thing that is missing or wrong.
    pub fn parse(text: &str) -> Result<Self, LayoutError> {
        let reference = || text.to_owned();
        let missing = || LayoutError::MissingTagOrDigest {
            reference: reference(),
        };
        let (path, target) = if let Some((path, digest)) = text.rsplit_once('@') {
            oci::parse_digest(digest).map_err(|source| LayoutError::InvalidDigest {
                reference: reference(),
                digest: digest.to_owned(),
                source,
            })?;
            (path, Target::Digest(digest.to_owned()))
        } else {
            let (path, tag) = text.rsplit_once(':').ok_or_else(missing)?;
            // The colon of `C:\layout` or of `dir:1/layout` parts no tag off.
            if tag.is_empty() || tag.contains(['/', '\\']) {
                return Err(missing());
            }
            (path, Target::Tag(tag.to_owned()))
        };
        if path.is_empty() {
            return Err(LayoutError::MissingPath {
                reference: reference(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            target,
        })
    }

    /// The layout's directory.
    pub fn path(&self) -> &Path {
        Path::new(&self.path)
    }

    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&str> {
        match &self.target {
            Target::Tag(tag) => Some(tag),
            Target::Digest(_) => None,
        }
    }

    /// The digest, if it is one.
    pub fn digest(&self) -> Option<&str> {
        match &self.target {
            Target::Tag(_) => None,
            Target::Digest(digest) => Some(digest),
        }
    }

    /// The same layout with `digest`.
    #[must_use]
    pub fn with_digest(&self, digest: &Digest) -> Self {
        Self {
            path: self.path.clone(),
            target: Target::Digest(digest.to_string()),
        }
    }
}

impl fmt::Display for LayoutReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Tag(tag) => write!(f, "{}:{tag}", self.path),
            Target::Digest(digest) => write!(f, "{}@{digest}", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_last_at_sign_or_else_the_last_colon_parts_them() {
        for (text, path, tag) in [
            ("layout:v1", "layout", Some("v1")),
            ("/a/b:c/layout:v1", "/a/b:c/layout", Some("v1")),
            (r"C:\layout:v1", r"C:\layout", Some("v1")),
            (&format!("layout@{DIGEST}"), "layout", None),
            (&format!("a@b:v@{DIGEST}"), "a@b:v", None),
        ] {
            let reference = LayoutReference::parse(text).unwrap();
            assert_eq!(reference.path(), Path::new(path), "{text}");
            assert_eq!(reference.tag(), tag, "{text}");
            assert_eq!(reference.digest().is_some(), tag.is_none(), "{text}");
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn the_hint_says_what_to_write() {
        let hint = |text: &str| LayoutReference::parse(text).unwrap_err().hint().unwrap();
        for text in ["layout", ":v1"] {
            assert_eq!(
                hint(text),
                "write `DIRECTORY:TAG` or `DIRECTORY@DIGEST`; the tags stand in the layout's \
                 `index.json` under `org.opencontainers.image.ref.name`"
            );
        }
        assert_eq!(
            hint("layout@sha256:7"),
            "a digest is `sha256:` and 64 digits, in lower-case hexadecimal"
        );
        // Blanks hide what is wrong.
        for text in ["", "  ", "layout@ sha256:7", &format!("layout@{DIGEST} ")] {
            let found = LayoutReference::parse(text).unwrap_err().hint();
            assert_eq!(found, advice::on_text(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said_in_notations_words() {
        for (text, reason) in [
            ("", "missing tag or digest"),
            ("layout", "missing tag or digest"),
            ("layout:", "missing tag or digest"),
            (r"C:\layout", "missing tag or digest"),
            ("dir:1/layout", "missing tag or digest"),
            (":v1", "missing oci-layout file path"),
        ] {
            assert_eq!(
                LayoutReference::parse(text)
                    .unwrap_err()
                    .notation_sentence(),
                format!(
                    "{text:?}: invalid reference: {reason}. Expecting <file_path>:<tag> or \
                     <file_path>@<digest>"
                )
            );
        }
        assert_eq!(
            LayoutReference::parse(&format!("@{DIGEST}")),
            Err(LayoutError::MissingPath {
                reference: format!("@{DIGEST}")
            })
        );
        assert_eq!(
            LayoutReference::parse("a@v1"),
            Err(LayoutError::InvalidDigest {
                reference: "a@v1".to_owned(),
                digest: "v1".to_owned(),
                source: oci::Error::UnsupportedDigest("v1".to_owned()),
            })
        );
    }
}
