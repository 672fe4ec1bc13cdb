//! Why an artifact is not verified.

use std::error::Error as StdError;
use std::fmt;
use std::path::PathBuf;

use super::{
    ENTRY_DIFFERS, IndexFault, Platform, RecordError, Shortfall, Verification, images_unknown,
};
use crate::allowance::Exhausted;
use crate::causes::in_one_line;
use crate::limits::MAX_TOLD_VALUES;
use crate::many::NotTried;
use crate::oci::{Descriptor, Digest};
use crate::outcome::{Failure, FailureClass, SignatureOutcome};
use crate::reference::ArtifactReference;
use crate::registry::Target;
use crate::trust_policy::{StatementName, TrustedIdentity};
use crate::{registry, trust_policy};

/// Why an artifact is not verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No statement of the policy applies, or the policy is unusable.
    #[error("no trust policy statement for `{reference}`")]
    Policy {
        /// The artifact.
        reference: ArtifactReference,
        /// What is wrong.
        #[source]
        source: trust_policy::Error,
    },
    /// The statement that applies is less than what is required of it.
    #[error("{statement} is weaker than required for `{reference}`")]
    Requirement {
        /// The artifact.
        reference: ArtifactReference,
        /// The statement.
        statement: StatementName,
        /// In what it falls short.
        #[source]
        source: Shortfall,
    },
    /// The OCI image layout could not be opened.
    #[error("failed to open the OCI image layout of `{reference}`")]
    Open {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// The artifact's descriptor could not be read.
    #[error("failed to resolve `{reference}`")]
    Resolve {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// A tag, where no registry may be asked what it stands for.
    #[error("`{reference}` is a tag, which only its registry can resolve")]
    TagOffline {
        /// The artifact.
        reference: ArtifactReference,
    },
    /// No registry may be asked, and the artifact was not stored.
    #[error("`{reference}` is not stored in `{}`", directory.display())]
    NotStored {
        /// The artifact.
        reference: ArtifactReference,
        /// Where artifacts are stored.
        directory: PathBuf,
    },
    /// The artifact could not be stored.
    #[error("failed to store `{reference}`")]
    Store {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// The list of its signatures could not be read.
    #[error("failed to list the signatures of `{reference}`")]
    List {
        /// The artifact.
        reference: ArtifactReference,
        /// What went wrong.
        #[source]
        source: registry::Error,
    },
    /// There is no signature.
    #[error("no signature is associated with `{reference}`{}", in_words(wanted))]
    NoSignature {
        /// The artifact, by digest.
        reference: ArtifactReference,
        /// Whose signature the policy's statement accepts.
        wanted: Vec<TrustedIdentity>,
    },
    /// Nothing was begun, because the time was over.
    #[error("`{reference}` was not tried")]
    NotTried {
        /// The artifact.
        reference: ArtifactReference,
        /// What was used up.
        #[source]
        source: Exhausted,
    },
    /// It was not verified, or not to the end, because another artifact failed or an interrupt came.
    #[error("`{reference}` was not verified: {reason}")]
    Stopped {
        /// The artifact.
        reference: ArtifactReference,
        /// What came before.
        reason: NotTried,
    },
    /// What the verification may use was used up before any signature was judged.
    #[error("the verification of `{reference}` was given up")]
    Unfinished {
        /// The artifact.
        reference: ArtifactReference,
        /// What was used up.
        #[source]
        source: Exhausted,
    },
    /// The images of an index cannot be told, or the one that was asked for cannot be picked.
    #[error("{}", images_unknown(reference))]
    Index {
        /// The index, or what was to be one.
        reference: Box<ArtifactReference>,
        /// Why.
        #[source]
        source: IndexFault,
    },
    /// An image of an index is not what the index says.
    #[error("{ENTRY_DIFFERS}")]
    Entry {
        /// The image.
        reference: Box<ArtifactReference>,
        /// The difference.
        #[source]
        source: IndexFault,
    },
    /// Images of an index are not verified.
    #[error("{}", .0.in_words())]
    Images(#[source] Box<IndexVerification>),
    /// There are signatures, and none is accepted.
    #[error("no signature of `{}` is trusted", .0.reference)]
    Rejected(#[source] Box<RejectedArtifact>),
    /// No signature is accepted, and some could not be judged.
    #[error("the signatures of `{}` could not be judged", .0.reference)]
    Inconclusive(#[source] Box<RejectedArtifact>),
}

/// A signature by one of these, in words; nothing where none is named.
fn signature_of(wanted: &[TrustedIdentity]) -> Option<String> {
    let named = wanted.iter().take(MAX_TOLD_VALUES);
    let named = named.map(|identity| match identity {
        TrustedIdentity::Any => "any signer under the trust stores".to_owned(),
        identity => format!("`{}`", identity.as_str()),
    });
    let more = match wanted.len().saturating_sub(MAX_TOLD_VALUES) {
        0 => None,
        more => Some(format!("{more} more")),
    };
    let words: Vec<String> = named.chain(more).collect();
    (!words.is_empty()).then(|| format!("a signature of {}", words.join(" or ")))
}

fn in_words(wanted: &[TrustedIdentity]) -> String {
    signature_of(wanted).map_or_else(String::new, |wanted| format!(", wanted: {wanted}"))
}

/// What to do about an artifact without a signature: the reader wants to run it, so a signature made now
/// would prove nothing.
const UNSIGNED_HINT: &str =
    "do not run the artifact: signing it belongs in the pipeline that builds it";

/// What to do about a statement that falls short.
pub(super) const REQUIREMENT_HINT: &str = "do not run what only this statement covers; name it in a statement of the trust \
                                           policy whose level is high enough";

/// An artifact none of whose signatures is accepted. As an error, it says what the signature lacks that came furthest.
#[derive(Debug)]
#[non_exhaustive]
pub struct RejectedArtifact {
    /// The artifact, by digest.
    pub reference: ArtifactReference,
    /// The policy statement that applied.
    pub statement: StatementName,
    /// Every signature that was looked at; the one that came furthest first.
    pub outcomes: Vec<SignatureOutcome>,
    /// Why there may be signatures that were not looked at.
    pub unseen: Option<Unseen>,
}

impl RejectedArtifact {
    /// Why the signature is refused that came furthest; nothing where none was looked at.
    pub fn leading(&self) -> Option<&Failure> {
        self.outcomes.first().and_then(SignatureOutcome::refusal)
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match (self.leading(), &self.unseen) {
            (Some(failure), _) => failure.hint(),
            (None, Some(unseen)) => unseen.hint(),
            (None, None) => None,
        }
    }
}

impl fmt::Display for RejectedArtifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.leading(), &self.unseen) {
            (Some(failure), None) => f.write_str(&failure.with_details()),
            (Some(failure), Some(unseen)) => {
                write!(f, "{}; {}", failure.with_details(), in_one_line(unseen))
            }
            (None, Some(unseen)) => unseen.fmt(f),
            (None, None) => f.write_str("no signature was examined"),
        }
    }
}

impl StdError for RejectedArtifact {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match (self.leading(), &self.unseen) {
            (Some(failure), _) => failure.source(),
            (None, Some(unseen)) => unseen.source(),
            (None, None) => None,
        }
    }
}

/// What was found about the images of an index. As an error, it says why the first image failed that did.
#[derive(Debug)]
#[non_exhaustive]
pub struct IndexVerification {
    /// What was asked about, by digest: the index with all of its images, or one image.
    pub target: Target,
    /// The index.
    pub index: Target,
    /// The statement that judged.
    pub statement: StatementName,
    /// What was found about the index, where its signature was to count: [`Verification::Verified`] or
    /// [`Verification::Tolerated`].
    pub covering: Option<Box<Verification>>,
    /// The images, in the order of the index.
    pub images: Vec<ImageVerification>,
    /// Entries of the index that are for the platform `unknown`; they were not judged.
    pub uncovered: Vec<Digest>,
    /// Whether an image is unsigned, and a signature of the index is verified that was not to count.
    pub is_index_verified: bool,
}

/// One image of an index.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImageVerification {
    /// The image by digest.
    pub reference: ArtifactReference,
    /// What the index says of it.
    pub descriptor: Descriptor,
    /// What the index has it for; empty where it does not say that.
    pub platforms: Vec<Platform>,
    /// What was found.
    pub finding: ImageFinding,
}

/// What was found about an image of an index.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "an index has few images, and most have signatures of their own"
)]
pub enum ImageFinding {
    /// It is what the index says, and [`IndexVerification::covering`] counts for it.
    Covered,
    /// Its own signatures were judged, or could not be.
    Own(Result<Verification, Error>),
}

impl IndexVerification {
    /// Whether each image is verified, by its own signature or by one of the index. It alone is a permission to run.
    pub fn is_verified(&self) -> bool {
        let is_verified = |image: &ImageVerification| match &image.finding {
            ImageFinding::Covered => {
                matches!(self.covering.as_deref(), Some(Verification::Verified(_)))
            }
            ImageFinding::Own(found) => matches!(found, Ok(Verification::Verified(_))),
        };
        !self.images.is_empty() && self.images.iter().all(is_verified)
    }

    /// The images that failed, with why.
    pub fn failures(&self) -> impl Iterator<Item = (&ImageVerification, &Error)> {
        self.images.iter().filter_map(|image| match &image.finding {
            ImageFinding::Own(Err(error)) => Some((image, error)),
            ImageFinding::Own(Ok(_)) | ImageFinding::Covered => None,
        })
    }

    /// Whether an image was refused, or could not be judged.
    pub(super) fn class(&self) -> FailureClass {
        let is_open = |(_, error): (_, &Error)| error.class() == FailureClass::Inconclusive;
        if self.failures().all(is_open) {
            FailureClass::Inconclusive
        } else {
            FailureClass::Rejected
        }
    }

    /// How many images failed, of how many.
    pub(super) fn in_words(&self) -> String {
        let index = &self.index.reference;
        let (failed, all) = (self.failures().count(), self.images.len());
        match (failed, all) {
            (_, 1) => format!("the image of the index `{index}` is not verified"),
            (1, all) => format!("1 of {all} images of the index `{index}` is not verified"),
            (failed, all) => {
                format!("{failed} of {all} images of the index `{index}` are not verified")
            }
        }
    }

    fn hint(&self) -> Option<String> {
        self.is_index_verified.then(|| {
            format!(
                "only the index `{}` is signed; to let its signature count for the images in it, add \
                 the setting `covered-by index`",
                self.index.reference
            )
        })
    }
}

impl fmt::Display for IndexVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.failures().next() {
            Some((_, error)) => error.fmt(f),
            None => f.write_str("no image of the index failed"),
        }
    }
}

impl StdError for IndexVerification {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.failures().next().and_then(|(_, error)| error.source())
    }
}

/// Why there may be signatures that were not looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unseen {
    /// There are more than may be examined; this many may.
    #[error("there are more than {0} signatures, and no more may be examined")]
    Limit(usize),
    /// The list of signatures broke off.
    #[error("there may be more signatures")]
    Listing(#[source] registry::Error),
    /// A directory for a verification without a network does not have every signature, or does not say so.
    #[error("there may be more signatures")]
    Record(#[source] RecordError),
    /// What the verification may use was used up.
    #[error("there may be more signatures")]
    Exhausted {
        /// What it was.
        #[source]
        source: Exhausted,
        /// How many signatures are listed that were not begun.
        not_tried: usize,
    },
}

impl Unseen {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Limit(_) => Some("remove the signatures that no policy trusts".to_owned()),
            Self::Listing(error) => error.hint(),
            Self::Record(error) => Some(error.hint()),
            Self::Exhausted { source, .. } => Some(source.hint()),
        }
    }
}

impl Error {
    /// That no signature is accepted, or that some could not be judged.
    pub(super) fn of_refused(refused: RejectedArtifact, class: FailureClass) -> Self {
        let refused = Box::new(refused);
        match class {
            FailureClass::Rejected => Self::Rejected(refused),
            FailureClass::Inconclusive => Self::Inconclusive(refused),
        }
    }

    /// Whether what was found is beside the error: each signature, or each image, with what it lacks and a hint. Who
    /// shows these need not show the error's sources.
    pub(crate) fn has_findings(&self) -> bool {
        matches!(
            self,
            Self::Images(_) | Self::Rejected(_) | Self::Inconclusive(_)
        )
    }

    /// What to do about it, for who shows what was found beside it.
    pub(crate) fn hint_beside_findings(&self) -> Option<String> {
        match self {
            Self::Images(images) => images.hint(),
            Self::Rejected(_) | Self::Inconclusive(_) => None,
            _ => self.hint(),
        }
    }

    /// Whether the artifact was refused, or could not be judged.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Open { source, .. }
            | Self::Resolve { source, .. }
            | Self::List { source, .. }
                if source.kind() == registry::Kind::Inconclusive =>
            {
                FailureClass::Inconclusive
            }
            // A registry's list that was not read may have had a good signature.
            Self::List {
                reference: ArtifactReference::Registry(_),
                ..
            }
            | Self::Inconclusive(_)
            | Self::NotTried { .. }
            | Self::Stopped { .. }
            | Self::Unfinished { .. }
            | Self::TagOffline { .. }
            | Self::NotStored { .. }
            | Self::Store { .. } => FailureClass::Inconclusive,
            Self::Images(images) => images.class(),
            _ => FailureClass::Rejected,
        }
    }

    /// Whose signature was looked for, in words; `None` for other errors.
    pub fn wanted(&self) -> Option<String> {
        let Self::NoSignature { wanted, .. } = self else {
            return None;
        };
        signature_of(wanted)
    }

    /// What to do about it: about the signature that came furthest, or the first image that failed.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Policy { source, .. } => source.hint(),
            Self::NotTried { source, .. } | Self::Unfinished { source, .. } => Some(source.hint()),
            Self::Stopped { .. } => Some("run the same command again".to_owned()),
            Self::Requirement { .. } => Some(REQUIREMENT_HINT.to_owned()),
            Self::Open { source, .. }
            | Self::Resolve { source, .. }
            | Self::List { source, .. } => source.hint(),
            Self::Store { source, .. } => {
                let file = match source {
                    registry::Error::File { source } => source.hint(),
                    _ => None,
                };
                file.or_else(|| Some("name another directory with the setting `out`".to_owned()))
            }
            Self::NoSignature { .. } => Some(UNSIGNED_HINT.to_owned()),
            Self::TagOffline { .. } => Some(
                "name it by its digest, `REPOSITORY@sha256:...`; `countersign revocation fetch` prints it"
                    .to_owned(),
            ),
            Self::NotStored { reference, directory } => Some(format!(
                "with a network: `countersign revocation fetch --out {} {reference}`",
                directory.display()
            )),
            Self::Index { source, .. } | Self::Entry { source, .. } => source.hint(),
            Self::Images(images) => {
                let first = || images.failures().next();
                images.hint().or_else(|| first()?.1.hint())
            }
            Self::Rejected(refused) | Self::Inconclusive(refused) => refused.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files;
    use crate::reference::{LayoutReference, Reference};

    #[test]
    fn what_could_not_be_looked_at_is_not_refused() {
        use FailureClass::{Inconclusive, Rejected};
        let of_registry = || Reference::parse("reg.io/a:v1").unwrap().into();
        let of_layout = || LayoutReference::parse("layout:v1").unwrap().into();
        let file = |source: files::Error| registry::Error::File {
            source: source.into(),
        };
        let (path, operation) = (PathBuf::from("/s/x"), "open");
        let denied = || {
            let source = std::io::ErrorKind::PermissionDenied.into();
            let path = path.clone();
            file(files::Error::Io {
                operation,
                path,
                source,
            })
        };
        let link = || file(files::Error::SymbolicLink { path: path.clone() });
        let open = |source| {
            let reference = of_layout();
            Error::Open { reference, source }
        };
        let resolve = |source| {
            let reference = of_registry();
            Error::Resolve { reference, source }
        };
        let list = |reference, source| Error::List { reference, source };
        let reference = of_registry();
        let store = Error::Store {
            reference,
            source: link(),
        };
        let stopped = |reason| Error::Stopped {
            reference: of_registry(),
            reason,
        };
        let reference = of_registry();
        let tag_offline = Error::TagOffline { reference };
        let reference = of_registry();
        let wanted = Vec::new();
        let no_signature = Error::NoSignature { reference, wanted };
        for (error, class) in [
            (open(denied()), Inconclusive),
            (open(link()), Rejected),
            (resolve(denied()), Inconclusive),
            (resolve(link()), Rejected),
            (list(of_layout(), denied()), Inconclusive),
            (list(of_layout(), link()), Rejected),
            (list(of_registry(), link()), Inconclusive),
            (tag_offline, Inconclusive),
            (store, Inconclusive),
            (no_signature, Rejected),
            (stopped(NotTried::AfterFailure), Inconclusive),
            (stopped(NotTried::Interrupted), Inconclusive),
        ] {
            assert_eq!(error.class(), class, "{error:?}");
        }
    }

    #[test]
    fn a_store_that_cannot_be_written_has_the_files_own_hint_first() {
        let reference = Reference::parse("reg.io/a:v1").unwrap();
        let reference = ArtifactReference::Registry(reference);
        let hint = |source: files::Error| {
            let reference = reference.clone();
            let source = source.into();
            let source = registry::Error::File { source };
            Error::Store { reference, source }.hint()
        };
        let denied = files::Error::Io {
            operation: "write",
            path: "/s/x".into(),
            source: std::io::ErrorKind::PermissionDenied.into(),
        };
        assert_eq!(
            hint(denied).as_deref(),
            Some("check the permissions of `/`")
        );
        let large = files::Error::TooLarge {
            path: "/s/x".into(),
            max_bytes: 1,
        };
        assert_eq!(
            hint(large).as_deref(),
            Some("name another directory with the setting `out`")
        );
    }
}
