//! Why a reference was not signed.

use super::if_missing::IfMissingError;
use crate::allowance::Exhausted;
use crate::oci::Digest;
use crate::{registry, sign};

/// Why a reference was not signed, or its signature not stored. References are as they were given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A step of the signing failed.
    #[error(transparent)]
    Sign(sign::Error),
    /// Whether it is signed already is not known.
    #[error(transparent)]
    IfMissing(IfMissingError),
    /// An interrupt came before the signature was pushed.
    #[error("interrupted before the signature of `{asked}` was pushed; nothing was pushed")]
    Interrupted {
        /// The reference.
        asked: String,
    },
    /// What it may use was used up before the signature was pushed.
    #[error("`{asked}` was given up before its signature was pushed; nothing was pushed")]
    Unfinished {
        /// The reference.
        asked: String,
        /// What was used up.
        #[source]
        source: Exhausted,
    },
    /// What it may use was used up while the signature was being pushed.
    #[error(
        "`{asked}` was given up while its signature was being pushed; it may or may not have been stored"
    )]
    UnfinishedPush {
        /// The reference.
        asked: String,
        /// What was used up.
        #[source]
        source: Exhausted,
    },
    /// A second interrupt came while the signature was being pushed.
    #[error(
        "interrupted while the signature of `{asked}` was being pushed; it may or may not have been stored"
    )]
    InterruptedPush {
        /// The reference.
        asked: String,
    },
    /// A tag has moved since what it named was signed for another reference.
    #[error(
        "`{asked}` changed from `{signed}` to `{found}` while the former was signed for `{other}`"
    )]
    OtherMoved {
        /// The reference.
        asked: String,
        /// The one that the artifact was signed for.
        other: String,
        /// What was signed.
        signed: Digest,
        /// What the tag names now.
        found: Digest,
    },
}

/// What is in the repository after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remainder {
    /// Nothing.
    Nothing,
    /// The signature, and no list leads to it.
    NotListed {
        /// The digest of the signature manifest.
        manifest: String,
    },
    /// The registry did not say.
    Unknown,
}

impl Error {
    /// Whether signing again may succeed without any change.
    pub fn is_inconclusive(&self) -> bool {
        match self {
            Self::Sign(error) => error.is_inconclusive() && !self.is_unusable_file(),
            Self::OtherMoved { .. } => false,
            Self::IfMissing(_)
            | Self::Interrupted { .. }
            | Self::InterruptedPush { .. }
            | Self::Unfinished { .. }
            | Self::UnfinishedPush { .. } => true,
        }
    }

    /// Whether a file that the caller named cannot be used.
    pub fn is_unusable_file(&self) -> bool {
        match self {
            Self::Sign(sign::Error::Signer { source, .. }) => source.is_unusable_file(),
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Sign(error) => error.hint(),
            Self::IfMissing(error) => error.hint(),
            Self::Interrupted { .. } => Some("run the same command again".to_owned()),
            Self::Unfinished { source, .. } => Some(source.hint()),
            Self::InterruptedPush { .. } | Self::UnfinishedPush { .. } => Some(
                "`countersign list` shows it if it is there; if it is not, run the same command again"
                    .to_owned(),
            ),
            Self::OtherMoved { .. } => Some(
                "the artifact that the tag names now was not signed; sign again by digest, which cannot move"
                    .to_owned(),
            ),
        }
    }

    /// What is in the repository anyway.
    pub fn remainder(&self) -> Remainder {
        match self {
            Self::InterruptedPush { .. }
            | Self::UnfinishedPush { .. }
            | Self::Sign(sign::Error::Push {
                source: registry::Error::Unconfirmed { .. },
                ..
            }) => Remainder::Unknown,
            Self::Sign(sign::Error::Push {
                source: registry::Error::NotListed { manifest, .. },
                ..
            }) => Remainder::NotListed {
                manifest: manifest.clone(),
            },
            _ => Remainder::Nothing,
        }
    }

    /// A name for programs to branch on; it does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sign(error) => match error {
                sign::Error::ReservedMetadata { .. } => "metadata-key-reserved",
                sign::Error::Open { .. } => "layout-unusable",
                sign::Error::Resolve { source, .. } => match source.kind() {
                    registry::Kind::NotFound => "artifact-not-found",
                    registry::Kind::Misbehaved => "registry-misbehaved",
                    registry::Kind::Inconclusive => "registry-unavailable",
                },
                sign::Error::Signer { source, .. } if source.is_inconclusive() => {
                    "signer-unavailable"
                }
                sign::Error::Signer { .. } => "signer-refused",
                sign::Error::Moved { .. } => "tag-moved",
                sign::Error::Push { .. } => match self.remainder() {
                    Remainder::Unknown => "push-unconfirmed",
                    Remainder::NotListed { .. } => "pushed-not-listed",
                    Remainder::Nothing => "push-failed",
                },
            },
            Self::OtherMoved { .. } => "tag-moved",
            Self::IfMissing(_) => "signatures-not-checked",
            Self::Interrupted { .. } | Self::InterruptedPush { .. } => "interrupted",
            Self::Unfinished { source, .. } | Self::UnfinishedPush { source, .. } => source.code(),
        }
    }
}
