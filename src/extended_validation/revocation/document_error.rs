//! Why an answer of AWS Signer in a file does not count.

use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use crate::files;
use crate::notary::rfc3339;

/// The version of the form.
pub(super) const VERSION: &str = "1";

/// Why an answer in a file does not count, or cannot be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The file system said no.
    #[error("the file of the answer cannot be used")]
    File {
        /// Why; names the path.
        source: files::Error,
    },
    /// Not a file that this program wrote.
    #[error("`{}` is not an answer of AWS Signer", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Another version of the form.
    #[error("`{}` has version `{found}`, wanted `{VERSION}`", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: String,
    },
    /// A text that is not a time.
    #[error("`{}` has no valid `askedAt` or `signatureTimestamp`", path.display())]
    Time {
        /// The file.
        path: PathBuf,
        /// What is wrong with the time.
        source: time::error::Parse,
    },
    /// The answer to another question.
    #[error("`{}` has the answer to another question", path.display())]
    OtherQuestion {
        /// The file.
        path: PathBuf,
    },
    /// Only answers that nothing was revoked are kept.
    #[error("`{}` says that something was revoked, which is never kept", path.display())]
    NotGood {
        /// The file.
        path: PathBuf,
    },
    /// Older than allowed.
    #[error(
        "`{}` was asked at {}, more than {} seconds ago", path.display(), rfc3339(*asked_at), limit.as_secs()
    )]
    TooOld {
        /// The file.
        path: PathBuf,
        /// When it was asked.
        asked_at: OffsetDateTime,
        /// The most that its age may be.
        limit: Duration,
    },
    /// Asked before what it is about was signed.
    #[error(
        "`{}` was asked at {}, before the signature was made at {}", path.display(), rfc3339(*asked_at),
        rfc3339(*signed_at)
    )]
    BeforeSignature {
        /// The file.
        path: PathBuf,
        /// When it says it was asked.
        asked_at: OffsetDateTime,
        /// When the signature was made.
        signed_at: OffsetDateTime,
    },
    /// Asked later than now.
    #[error("`{}` was asked at {}, which is in the future", path.display(), rfc3339(*asked_at))]
    FromTheFuture {
        /// The file.
        path: PathBuf,
        /// When it says it was asked.
        asked_at: OffsetDateTime,
    },
}
