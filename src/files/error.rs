//! Why a file could not be read or written, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is there.
    #[error("`{}` does not exist", path.display())]
    NotFound {
        /// The path as it was asked for.
        path: PathBuf,
    },
    /// Something is there already, where a new file was to be written.
    #[error("`{}` exists", path.display())]
    Exists {
        /// The path as it was asked for.
        path: PathBuf,
    },
    /// A symbolic link, where none may be.
    #[error("`{}` is a symbolic link", path.display())]
    SymbolicLink {
        /// The path as it was asked for.
        path: PathBuf,
    },
    /// Something else than what was asked for, such as a directory or a pipe.
    #[error("`{}` is {found}, not {wanted}", path.display())]
    WrongKind {
        /// The path as it was asked for.
        path: PathBuf,
        /// What is there, with its article: `a directory`.
        found: &'static str,
        /// What may be there, with its article: `a regular file`.
        wanted: &'static str,
    },
    /// A file that another user may have written, or a directory that one may write, where only this
    /// user's own count.
    #[error("`{}` {reason}", path.display())]
    NotPrivate {
        /// The path as it was asked for.
        path: PathBuf,
        /// What is wrong: a verb and its object.
        reason: &'static str,
    },
    /// More bytes than may be read.
    #[error("`{}` is larger than {max_bytes} bytes", path.display())]
    TooLarge {
        /// The path as it was asked for.
        path: PathBuf,
        /// The limit, in bytes.
        max_bytes: u64,
    },
    /// A pipe that was not written to its end in time.
    #[error("nothing more came out of `{}` within {seconds} second{}", path.display(), if *.seconds == 1 { "" } else { "s" })]
    Silent {
        /// The path as it was asked for.
        path: PathBuf,
        /// The time, in seconds.
        seconds: u64,
    },
    /// More entries in a directory than may be looked at.
    #[error("the directory `{}` has more than {max_entries} entries", path.display())]
    TooManyEntries {
        /// The path as it was asked for.
        path: PathBuf,
        /// The limit.
        max_entries: usize,
    },
    /// The operating system said no.
    #[error("could not {operation} `{}`", path.display())]
    Io {
        /// What was tried: `open`, `read`, `write`.
        operation: &'static str,
        /// The path as it was asked for.
        path: PathBuf,
        /// The operating system's answer.
        source: io::Error,
    },
}

impl Error {
    /// The path that the error is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::NotFound { path }
            | Self::Exists { path }
            | Self::SymbolicLink { path }
            | Self::WrongKind { path, .. }
            | Self::NotPrivate { path, .. }
            | Self::TooLarge { path, .. }
            | Self::Silent { path, .. }
            | Self::TooManyEntries { path, .. }
            | Self::Io { path, .. } => path,
        }
    }

    /// Whether nothing is there; false where it could not be looked.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the operating system denied access.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied)
    }

    /// Whether a symbolic link is there.
    pub fn is_symbolic_link(&self) -> bool {
        matches!(self, Self::SymbolicLink { .. })
    }

    /// Whether something is there that is of another kind than was asked for, a link included.
    pub fn is_wrong_kind(&self) -> bool {
        matches!(self, Self::SymbolicLink { .. } | Self::WrongKind { .. })
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            // What the link leads to decides how it is copied.
            Self::SymbolicLink { path } if path.is_dir() => Some(format!(
                "replace the link by the directory itself: `cp -RL {0} {0}.copy && rm {0} && mv {0}.copy {0}`",
                path.display()
            )),
            Self::SymbolicLink { path } => Some(format!(
                "replace the link by the file itself: `cp --remove-destination \"$(realpath {0})\" {0}`; a Kubernetes \
                 ConfigMap or Secret is mounted as links, so copy it or mount it with `subPath`",
                path.display()
            )),
            Self::Io { path, source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Some(format!(
                    "check the permissions of `{}`",
                    nearest(path).display()
                ))
            }
            Self::NotFound { path } if path.is_absolute() => {
                Some(format!("check the path `{}`", path.display()))
            }
            Self::NotFound { path } => Some(format!(
                "check the path `{}`; a path that does not begin with `/` starts in the working directory",
                path.display()
            )),
            Self::Io { path, source, .. } if source.kind() == io::ErrorKind::NotADirectory => {
                Some(format!(
                    "check the path `{}`: a part of it is a file where a directory must be",
                    path.display()
                ))
            }
            Self::WrongKind {
                path,
                wanted: "a directory",
                ..
            } => Some(format!(
                "check the path `{}`, or move what is there away",
                path.display()
            )),
            Self::WrongKind {
                path,
                found: "a directory",
                ..
            } => Some(format!("name a file; `{}` is a directory", path.display())),
            Self::Silent { .. } => {
                Some("the writer of the pipe must close it in time; or name a file".to_owned())
            }
            _ => None,
        }
    }

    /// Maps an answer of the operating system; `operation` is a verb such as `open`.
    pub(super) fn io(operation: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NotFound { path },
            _ => Self::Io {
                operation,
                path,
                source,
            },
        }
    }
}

/// What of `path` is there, and so may have refused access: itself, or the nearest directory above it.
fn nearest(path: &Path) -> &Path {
    let mut ancestors = path.ancestors();
    let there = ancestors.find(|path| path.symlink_metadata().is_ok());
    // A path that does not begin with `/` starts in the working directory.
    there.unwrap_or_else(|| {
        if path.is_absolute() {
            path
        } else {
            Path::new(".")
        }
    })
}
