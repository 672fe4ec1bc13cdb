//! Why a registry gave no usable answer.

mod advice;
mod hint;
mod rejected_part;

pub use rejected_part::RejectedPart;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::credentials;
use super::words::Words;
use crate::{files, http, oci};

/// What an error means for a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The registry said that it is not there.
    NotFound,
    /// What came cannot be what was asked for.
    Misbehaved,
    /// Nothing is known: denied, throttled, unreachable, or not asked at all.
    Inconclusive,
}

/// Why a path is not an OCI image layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutFault {
    /// Nothing has this path.
    #[error("there is nothing there")]
    Missing,
    /// It is a file, for example.
    #[error("it is not a directory")]
    NotADirectory,
    /// It lacks the file that makes it a layout.
    #[error("it has no file `oci-layout`")]
    Unmarked,
    /// It is of a version that this program does not know.
    #[error("its version is `{0}`, not `1.0.0`")]
    Version(String),
}

/// Why a registry gave no usable answer.
///
/// It can be cloned, as those who asked together are told the same.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry does not have it.
    #[error("`{reference}` was not found{said}")]
    NotFound {
        /// `registry/repository` and tag or digest.
        reference: String,
        /// The registry's own words.
        said: Words,
    },
    /// The registry wants other credentials, or any.
    #[error("registry `{registry}` denied {credential} access to `{repository}`{said}")]
    Unauthorized {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What was shown to it, for example ``the credential of `/root/.docker/config.json` ``.
        credential: String,
        /// The registry's own words.
        said: Words,
        /// What kept a credential from being found, if there may have been one.
        #[source]
        unread: Option<Arc<credentials::Error>>,
    },
    /// The registry knows who asks, and says no.
    #[error("registry `{registry}` denied {credential} access to `{repository}`{said}")]
    Denied {
        /// The registry.
        registry: String,
        /// The repository.
        repository: String,
        /// What was shown to it.
        credential: String,
        /// The registry's own words.
        said: Words,
    },
    /// Too many requests.
    #[error("registry `{registry}` is rate-limiting requests{said}")]
    RateLimited {
        /// The registry.
        registry: String,
        /// How long it wants to be left alone, if it says so.
        retry_after: Option<Duration>,
        /// The registry's own words.
        said: Words,
    },
    /// A fault of the registry's (status 500 to 599).
    #[error("registry `{registry}` failed with status {status}{said}")]
    Unavailable {
        /// The registry.
        registry: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own words.
        said: Words,
    },
    /// A status that nothing else here stands for.
    #[error("`{url}` answered with status {status}{said}")]
    UnexpectedStatus {
        /// The request's URL, without its query.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The registry's own words.
        said: Words,
    },
    /// A tag that cannot be moved has to be.
    #[error("tag `{reference}` cannot be changed{said}")]
    TagImmutable {
        /// `registry/repository:tag`.
        reference: String,
        /// The registry's own words.
        said: Words,
    },
    /// No answer, or none that may be read.
    #[error("no usable answer from registry `{registry}`")]
    Request {
        /// The registry.
        registry: String,
        /// What happened.
        #[source]
        source: Arc<http::Error>,
    },
    /// The listing took longer than one request may.
    #[error("registry `{registry}` did not list the referrers of `{digest}` in time")]
    ListingTimedOut {
        /// The registry.
        registry: String,
        /// Whose referrers.
        digest: String,
    },
    /// It came too slowly, while others waited for the memory that it took.
    #[error(
        "`{url}` sent {came} bytes in {} seconds, and others waited for the memory of its answer",
        time.as_secs()
    )]
    TooSlow {
        /// The request's URL.
        url: String,
        /// The bytes that came.
        came: u64,
        /// The time that it had.
        time: Duration,
    },
    /// Credentials could not be read.
    #[error("could not get credentials for registry `{registry}`")]
    Credentials {
        /// The registry.
        registry: String,
        /// What happened.
        #[source]
        source: Arc<credentials::Error>,
    },
    /// The bytes are not those of their digest.
    #[error("`{url}` answered with other content than was asked for")]
    WrongDigest {
        /// The request's URL.
        url: String,
        /// The two digests.
        #[source]
        source: oci::Error,
    },
    /// The bytes are more or fewer than their descriptor says.
    #[error("`{url}` answered with {found} bytes, wanted {wanted}")]
    WrongSize {
        /// The request's URL.
        url: String,
        /// The descriptor's size in bytes.
        wanted: u64,
        /// The bytes that came.
        found: u64,
    },
    /// A descriptor announces more than is read.
    #[error("{what} has {size} bytes, more than {max}")]
    TooLarge {
        /// What it is, for example ``the envelope `sha256:...` ``.
        what: String,
        /// The size that is announced, in bytes.
        size: u64,
        /// The limit, in bytes.
        max: u64,
    },
    /// Something else than a manifest, a web page for example.
    #[error("`{url}` {}", advice::not_a_manifest(media_type))]
    NotAManifest {
        /// The request's URL.
        url: String,
        /// The media type, as far as there is one.
        media_type: String,
    },
    /// The tag of the tag schema names something else than an index of referrers.
    #[error(
        "`{reference}` is {}, not the index of signatures",
        advice::kind_of_manifest(media_type)
    )]
    NotAnIndex {
        /// `registry/repository:tag`.
        reference: String,
        /// What it is.
        media_type: String,
    },
    /// JSON that is not what its media type says.
    #[error("`{url}` answered with a malformed document")]
    Malformed {
        /// The request's URL.
        url: String,
        /// What is wrong with it.
        #[source]
        source: Arc<serde_json::Error>,
    },
    /// An answer that would lead somewhere it must not, or has content that no registry may send.
    #[error("`{url}` {fault}")]
    Misbehaved {
        /// The request's URL.
        url: String,
        /// What it did.
        fault: String,
    },
    /// A manifest that is listed as a signature is not a signature of this artifact.
    #[error("manifest `{digest}` is not a signature of the artifact: {reason}")]
    NotASignature {
        /// The manifest's digest.
        digest: String,
        /// What is wrong with it.
        reason: String,
    },
    /// More referrers than are looked at.
    #[error("`{digest}` has more than {max} referrers or pages of them")]
    TooManyReferrers {
        /// Whose referrers.
        digest: String,
        /// The limit that was met.
        max: usize,
    },
    /// Entries of a list of referrers that cannot be read.
    #[error(
        "the list of the referrers of `{digest}` has {count} unreadable entries, the first one: {reason}"
    )]
    UnreadableReferrers {
        /// Whose referrers.
        digest: String,
        /// How many.
        count: usize,
        /// What is wrong with the first one.
        reason: String,
    },
    /// The registry will not take it, however often it is sent.
    #[error("{}: it answered with status {status}{said}", what.refusal(registry))]
    PushRefused {
        /// The registry.
        registry: String,
        /// What it did not take.
        what: RejectedPart,
        /// The HTTP status.
        status: u16,
        /// The registry's own words.
        said: Words,
    },
    /// A signature was pushed, and cannot be found: no list has it, or none could be read or written.
    #[error("signature manifest `{manifest}` was pushed, not listed")]
    NotListed {
        /// The manifest's digest.
        manifest: String,
        /// What kept it off the lists, or kept them from being read; nothing where the registry does
        /// not list it and nothing else was to be written.
        #[source]
        source: Option<Box<Self>>,
    },
    /// A signature manifest was sent, and no answer says whether the registry has it.
    #[error("the registry did not confirm the signature manifest `{manifest}`")]
    Unconfirmed {
        /// The manifest's digest.
        manifest: String,
        /// What came in place of the answer.
        #[source]
        source: Box<Self>,
    },
    /// The index of the tag schema did not keep what was written.
    #[error("the index `{reference}` lost the signature that was written to it")]
    IndexConflict {
        /// `registry/repository:tag`, or the index of an OCI image layout.
        reference: String,
    },
    /// A directory that should be an OCI image layout.
    #[error("`{}` is not an OCI image layout: {fault}", path.display())]
    NotALayout {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        fault: LayoutFault,
    },
    /// A copy of a registry's artifact is not as it was made. It says nothing about the registry's.
    #[error("the copy in `{}` cannot be used", path.display())]
    SpoiledCopy {
        /// The directory of the copy.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<Self>,
    },
    /// Another process keeps the OCI image layout locked.
    #[error("the lock on `{}` is held by another process", path.display())]
    LayoutBusy {
        /// The file that is locked.
        path: PathBuf,
    },
    /// A file of an OCI image layout cannot be read or written.
    #[error("no usable file in the OCI image layout")]
    File {
        /// Which file, and what is wrong with it.
        #[source]
        source: Arc<files::Error>,
    },
}

impl Error {
    /// The same, where it came in place of the answer to a signature manifest, or to its entry in the
    /// index: both may be there.
    pub(in crate::registry) fn after_sending(self, manifest: &oci::Digest) -> Self {
        let is_open = match &self {
            Self::Request { source, .. } => !source.is_connect() && !source.is_lying(),
            Self::Unavailable { .. } => true,
            _ => false,
        };
        if !is_open {
            return self;
        }
        Self::Unconfirmed {
            manifest: manifest.to_string(),
            source: Box::new(self),
        }
    }

    /// The same, where it came of writing the index for a signature manifest that the registry has.
    pub(in crate::registry) fn after_pushing(self, manifest: &oci::Digest) -> Self {
        match self.after_sending(manifest) {
            error @ Self::Unconfirmed { .. } => error,
            error => Self::NotListed {
                manifest: manifest.to_string(),
                source: Some(Box::new(error)),
            },
        }
    }

    /// Whether the registry knows who asks and says no, or wants other credentials.
    pub(in crate::registry) fn is_denial(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Denied { .. })
    }

    /// The answer that the error is, as notation's client says it; `None` for other errors.
    #[cfg_attr(
        not(feature = "cli"),
        expect(dead_code, reason = "only the command line says it")
    )]
    pub(crate) fn answer(&self) -> Option<&str> {
        match self {
            Self::Unauthorized { said, .. }
            | Self::Denied { said, .. }
            | Self::RateLimited { said, .. }
            | Self::Unavailable { said, .. }
            | Self::UnexpectedStatus { said, .. }
            | Self::TagImmutable { said, .. }
            | Self::PushRefused { said, .. } => said.answer(),
            _ => None,
        }
    }

    /// What the error means for a search.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. }
            | Self::NotALayout {
                fault: LayoutFault::Missing,
                ..
            } => Kind::NotFound,
            Self::WrongDigest { .. }
            | Self::WrongSize { .. }
            | Self::TooLarge { .. }
            | Self::NotAManifest { .. }
            | Self::Malformed { .. }
            | Self::Misbehaved { .. }
            | Self::NotASignature { .. }
            | Self::NotAnIndex { .. }
            | Self::PushRefused { .. }
            | Self::NotALayout { .. } => Kind::Misbehaved,
            Self::Request { source, .. } if source.is_lying() => Kind::Misbehaved,
            Self::File { source } => kind_of_file(source),
            Self::Unconfirmed { source, .. } => source.kind(),
            Self::Unauthorized { .. }
            | Self::Denied { .. }
            | Self::RateLimited { .. }
            | Self::Unavailable { .. }
            | Self::UnexpectedStatus { .. }
            | Self::TagImmutable { .. }
            | Self::Request { .. }
            | Self::ListingTimedOut { .. }
            | Self::TooSlow { .. }
            | Self::Credentials { .. }
            | Self::TooManyReferrers { .. }
            | Self::UnreadableReferrers { .. }
            | Self::NotListed { .. }
            | Self::IndexConflict { .. }
            | Self::SpoiledCopy { .. }
            | Self::LayoutBusy { .. } => Kind::Inconclusive,
        }
    }
}

/// A link or a directory in a file's place cannot be right; what the operating system refuses is not
/// known.
fn kind_of_file(error: &files::Error) -> Kind {
    match error {
        files::Error::NotFound { .. } => Kind::NotFound,
        files::Error::Io { .. } => Kind::Inconclusive,
        _ => Kind::Misbehaved,
    }
}
