//! Why nothing could be set up.

use std::path::PathBuf;

use crate::files;
use crate::trust_policy;
use crate::trust_store;

/// Why nothing could be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no published root for a profile's partition.
    #[error(transparent)]
    Roots(trust_store::Error),
    /// A root cannot be put into its store.
    #[error(transparent)]
    Store(trust_store::ChangeError),
    /// This program's own file cannot be read.
    #[error("could not read this program's own file")]
    Program {
        /// Why; names the path.
        source: files::Error,
    },
    /// The policy for these profiles would not be valid.
    #[error("the trust policy for these profiles would not be valid")]
    Policy(#[source] trust_policy::Error),
    /// Other files are at the places of those to be written.
    #[error("other files are in the way: `{}`", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join("`, `"))]
    Differs {
        /// Their places.
        paths: Vec<PathBuf>,
    },
    /// The operating system, or what is at a place, does not allow it.
    #[error("could not set up a file")]
    Files {
        /// Why; names the path.
        source: files::Error,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Roots(error) => error.hint(),
            Self::Store(error) => error.hint(),
            Self::Policy(error) => error.hint(),
            Self::Differs { .. } => Some(
                "look at them first; the setting `force` replaces them and keeps a copy of each"
                    .to_owned(),
            ),
            Self::Program { source } | Self::Files { source } => source.hint(),
        }
    }
}
