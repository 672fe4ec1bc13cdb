//! What became of each reference of a `sign` command.

use crate::allowance::Exhausted;
use crate::cli::output::Exit;
use crate::oci::Digest;
use crate::reference::ArtifactReference;
use crate::registry::{self, Target, Warning};
use crate::report::sentence;
use crate::sign;
use crate::signer;

use super::if_missing;
use super::signature::Signature;

/// What became of one reference.
#[derive(Debug)]
pub(super) struct Outcome {
    /// What the reference stands for, once it was resolved.
    pub(super) target: Option<Target>,
    pub(super) end: End,
}

impl Outcome {
    pub(super) fn was_not_tried(&self) -> bool {
        matches!(self.end, End::NotTried(_))
    }
}

/// How the signing of one reference ended.
#[derive(Debug)]
pub(super) enum End {
    /// A signature was made and stored.
    Signed {
        /// The signature manifest, by digest.
        reference: ArtifactReference,
        signature: Signature,
        warnings: Vec<Warning>,
        /// What is worth knowing, in sentences.
        notes: Vec<String>,
        /// Why signatures that were there did not count for `--if-missing`.
        refused: Option<String>,
    },
    /// The signature was there already.
    AlreadySigned {
        /// The signature manifest, by digest.
        reference: ArtifactReference,
        signature: Signature,
    },
    /// It stands for the same as another reference of the command, which is what was signed.
    SameAs {
        /// The other one, as it was given.
        other: String,
    },
    /// It was not signed, or the signature not stored.
    Failed {
        error: Box<Error>,
        /// The signature, if one was made.
        signature: Option<Signature>,
    },
    /// It was not begun.
    NotTried(NotTried),
}

/// Why a reference was not begun with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTried {
    AfterFailure,
    Interrupted,
    /// The time for the command was over.
    OutOfTime,
}

impl NotTried {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::AfterFailure => "stopped-after-failure",
            Self::Interrupted => "interrupted",
            Self::OutOfTime => "out-of-time",
        }
    }

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::AfterFailure => "another one failed first",
            Self::Interrupted => "interrupted",
            Self::OutOfTime => "the time for the command was over",
        }
    }
}

/// Why a reference was not signed, or its signature not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error(transparent)]
    Sign(sign::Error),
    /// Whether it is signed already is not known.
    #[error(transparent)]
    Look(if_missing::Error),
    #[error("interrupted before the signature of `{asked}` was pushed; nothing was pushed")]
    Interrupted { asked: String },
    #[error("`{asked}` was given up before its signature was pushed; nothing was pushed")]
    Unfinished {
        asked: String,
        #[source]
        source: Exhausted,
    },
    #[error(
        "`{asked}` was given up while its signature was being pushed; it may or may not have been stored"
    )]
    UnfinishedPush {
        asked: String,
        #[source]
        source: Exhausted,
    },
    #[error(
        "interrupted while the signature of `{asked}` was being pushed; it may or may not have been stored"
    )]
    InterruptedPush { asked: String },
    #[error(
        "`{asked}` changed from `{signed}` to `{found}` while the former was signed for `{other}`"
    )]
    OtherMoved {
        asked: String,
        /// The reference that the artifact was signed for, as it was given.
        other: String,
        signed: Digest,
        found: Digest,
    },
}

/// What is in the repository after a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pushed {
    No,
    /// It is, and no list leads to it.
    NotListed {
        /// The digest of the signature manifest.
        manifest: String,
    },
    /// The registry did not say.
    Unknown,
}

impl Error {
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Sign(sign::Error::ReservedMetadata { .. }) => Exit::Usage,
            Self::Sign(sign::Error::Signer { source, .. }) if source.is_unusable_file() => {
                Exit::Usage
            }
            Self::Sign(error) if !error.is_inconclusive() => Exit::Rejected,
            Self::OtherMoved { .. } => Exit::Rejected,
            _ => Exit::Inconclusive,
        }
    }

    /// The first line that people see.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::Sign(error) => sentence::of_signing(error),
            _ => self.to_string(),
        }
    }

    /// The error whose sources are the causes.
    pub(super) fn as_error(&self) -> &(dyn std::error::Error + 'static) {
        match self {
            // The sentence says everything above it.
            Self::Sign(sign::Error::Signer {
                source: signer::Error::Timestamp { source },
                ..
            }) => source,
            Self::Sign(error) => error,
            Self::Look(error) => error,
            Self::Interrupted { .. }
            | Self::InterruptedPush { .. }
            | Self::Unfinished { .. }
            | Self::UnfinishedPush { .. }
            | Self::OtherMoved { .. } => self,
        }
    }

    pub(super) fn hint(&self) -> Option<String> {
        match self {
            Self::Sign(error) => error.hint(),
            Self::Look(error) => error.hint(),
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

    pub(super) fn pushed(&self) -> Pushed {
        match self {
            Self::InterruptedPush { .. }
            | Self::UnfinishedPush { .. }
            | Self::Sign(sign::Error::Push {
                source: registry::Error::Unconfirmed { .. },
                ..
            }) => Pushed::Unknown,
            Self::Sign(sign::Error::Push {
                source: registry::Error::NotListed { manifest, .. },
                ..
            }) => Pushed::NotListed {
                manifest: manifest.clone(),
            },
            _ => Pushed::No,
        }
    }

    /// To branch on; does not change.
    pub(super) fn code(&self) -> &'static str {
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
                sign::Error::Push { .. } => match self.pushed() {
                    Pushed::Unknown => "push-unconfirmed",
                    Pushed::NotListed { .. } => "pushed-not-listed",
                    Pushed::No => "push-failed",
                },
            },
            Self::OtherMoved { .. } => "tag-moved",
            Self::Look(_) => "signatures-not-checked",
            Self::Interrupted { .. } | Self::InterruptedPush { .. } => "interrupted",
            Self::Unfinished { source, .. } | Self::UnfinishedPush { source, .. } => source.code(),
        }
    }
}

impl End {
    /// Whether the signature was pushed, and cannot be found.
    pub(super) fn is_not_listed(&self) -> bool {
        match self {
            Self::Failed { error, .. } => matches!(error.pushed(), Pushed::NotListed { .. }),
            _ => false,
        }
    }

    /// Whether the same command may sign it when it is run again, without any other change.
    pub(super) fn may_be_signed_by_the_next_run(&self) -> bool {
        match self {
            Self::Signed { .. } | Self::AlreadySigned { .. } | Self::SameAs { .. } => false,
            Self::NotTried(_) => true,
            Self::Failed { error, .. } => match &**error {
                Error::Sign(sign::Error::Moved { .. }) | Error::OtherMoved { .. } => true,
                // It would make a second signature that nothing leads to.
                _ if self.is_not_listed() => false,
                error => error.exit() == Exit::Inconclusive,
            },
        }
    }

    /// The exit code for this reference alone.
    pub(super) fn exit(&self) -> Exit {
        match self {
            // What was not begun after a failure adds nothing to it.
            Self::Signed { .. }
            | Self::AlreadySigned { .. }
            | Self::SameAs { .. }
            | Self::NotTried(NotTried::AfterFailure) => Exit::Done,
            Self::NotTried(NotTried::Interrupted | NotTried::OutOfTime) => Exit::Inconclusive,
            Self::Failed { error, .. } => error.exit(),
        }
    }
}
