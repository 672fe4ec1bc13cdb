//! A blob: a file that is signed or verified as it is, of any size.
//!
//! Input: a path. Output: a descriptor of what was read (`signing-and-verification-workflow.md`,
//! "Blob signing"). The file is opened once and read from that handle in pieces, so that a blob of
//! any size takes little memory; what a signature of it means is not decided here.

use std::fmt;
use std::fs::{File, Metadata};
use std::io::{self, Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::algorithm::HashAlgorithm;
use crate::files;
use crate::limits::{BLOB_BUFFER_BYTES, NAMED_PIPE_TIMEOUT};
use crate::oci::{self, Descriptor};

/// Media type of a blob of which nothing else is said, notation's default.
pub const DEFAULT_MEDIA_TYPE: &str = "application/octet-stream";

/// Media types of what registries call an artifact. A blob has another type: its signature would be
/// one of an image, and an image's one of a file.
const MANIFESTS: [&str; 6] = [
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.artifact.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
];

/// Whether `media_type` is that of an artifact in a registry, in any letter case and with any
/// parameters.
pub fn is_manifest(media_type: &str) -> bool {
    let bare = media_type.split(';').next().unwrap_or_default().trim();
    MANIFESTS
        .iter()
        .any(|manifest| bare.eq_ignore_ascii_case(manifest))
}

/// Why a blob could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is not there, not a file, or may not be read.
    #[error("the blob cannot be opened")]
    Open {
        /// Why; names the path.
        #[source]
        source: files::Error,
    },
    /// Reading it broke off.
    #[error("the blob `{}` could not be read to its end", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// A pipe out of which nothing came for too long.
    #[error(transparent)]
    Silent(files::Error),
    /// A pipe gives what is in it once.
    #[error("the pipe `{}` was read already", path.display())]
    Drained {
        /// The path.
        path: PathBuf,
    },
    /// The file changed while it was read.
    #[error("the blob `{}` was changed while it was read", path.display())]
    Changed {
        /// The path.
        path: PathBuf,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Open {
                source: files::Error::WrongKind { .. },
            } => Some(
                "a blob is a regular file or a pipe that ends; write what comes from elsewhere into one".to_owned(),
            ),
            Self::Drained { .. } => Some("write what comes out of the pipe into a file".to_owned()),
            Self::Open { source } | Self::Silent(source) => source.hint(),
            Self::Read { .. } => None,
            Self::Changed { .. } => {
                Some("wait until the file is complete, and try again".to_owned())
            }
        }
    }
}

/// Told how many bytes of a blob were read so far.
pub type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// An open file.
#[derive(Debug)]
pub struct Blob {
    path: PathBuf,
    file: File,
    opened: State,
    /// Of a pipe: whether it was read, which can be done once.
    drained: Option<AtomicBool>,
    /// Of a pipe: the longest silence.
    wait: Duration,
}

/// What shows that a file was written to.
#[derive(Debug, PartialEq, Eq)]
struct State {
    size: u64,
    modified: Option<SystemTime>,
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

impl Blob {
    /// Opens the regular file or the pipe at `path`. A symbolic link is followed: the content is what
    /// is signed, wherever it lies, and it is read from this one handle.
    ///
    /// # Errors
    ///
    /// [`Error::Open`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (file, is_regular) =
            files::open_stream(path).map_err(|source| Error::Open { source })?;
        let path = path.to_owned();
        match file.metadata() {
            Ok(metadata) => Ok(Self {
                path,
                file,
                opened: State::of(&metadata),
                drained: (!is_regular).then(AtomicBool::default),
                wait: NAMED_PIPE_TIMEOUT,
            }),
            Err(source) => Err(Error::Read { path, source }),
        }
    }

    /// The same; if it is a pipe, its writer may be silent for so long, by default for
    /// [`NAMED_PIPE_TIMEOUT`].
    #[must_use]
    pub fn with_patience(self, wait: Duration) -> Self {
        Self { wait, ..self }
    }

    /// The path as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes when it was opened, for showing progress.
    pub fn size(&self) -> u64 {
        self.opened.size
    }

    fn silence(&self, source: io::Error) -> Error {
        let path = self.path.clone();
        if source.kind() == io::ErrorKind::TimedOut {
            let seconds = self.wait.as_secs();
            return Error::Silent(files::Error::Silent { path, seconds });
        }
        Error::Read { path, source }
    }

    /// Reads the whole file, and gives the descriptor of what was read.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], [`Error::Changed`], and [`Error::Drained`] for a pipe that was read before.
    pub fn describe(
        &self,
        media_type: &str,
        algorithm: HashAlgorithm,
        progress: Progress<'_>,
    ) -> Result<Descriptor, Error> {
        let failed = |source| Error::Read {
            path: self.path.clone(),
            source,
        };
        let changed = || Error::Changed {
            path: self.path.clone(),
        };
        let mut file = &self.file;
        match &self.drained {
            None => file.rewind().map_err(failed)?,
            Some(drained) if drained.swap(true, Ordering::Relaxed) => {
                return Err(Error::Drained {
                    path: self.path.clone(),
                });
            }
            Some(_) => {}
        }
        let mut hasher = algorithm.hasher();
        let mut buffer = vec![0; BLOB_BUFFER_BYTES];
        let mut size: u64 = 0;
        loop {
            if self.drained.is_some() {
                let deadline = Instant::now() + self.wait;
                files::wait_for_input(file, deadline).map_err(|source| self.silence(source))?;
            }
            let count = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if is_passing(&error) => continue,
                Err(error) => return Err(failed(error)),
            };
            hasher.update(buffer.get(..count).unwrap_or_default());
            size = size.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            // A file that grows all the time must not make this read without an end.
            if self.drained.is_none() && size > self.opened.size {
                return Err(changed());
            }
            progress(size);
        }
        let now = State::of(&file.metadata().map_err(failed)?);
        if self.drained.is_none() && (now != self.opened || size != self.opened.size) {
            return Err(changed());
        }
        let digest = oci::digest_of_hash(algorithm, &hasher.finish());
        Ok(Descriptor::new(media_type.into(), size, digest))
    }
}

/// Whether the same read can be tried again at once.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock
    )
}

impl fmt::Display for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    fn file(content: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, content).unwrap();
        (directory, path)
    }

    #[test]
    fn a_blob_is_described_in_pieces_and_again_from_its_beginning() {
        let content: Vec<u8> = (0..=250).cycle().take(BLOB_BUFFER_BYTES + 1).collect();
        let (_directory, path) = file(&content);
        let blob = Blob::open(&path).unwrap();
        for algorithm in [
            HashAlgorithm::Sha256,
            HashAlgorithm::Sha384,
            HashAlgorithm::Sha512,
        ] {
            let seen = AtomicU64::new(0);
            let found = blob
                .describe("text/plain", algorithm, &|bytes| {
                    assert!(bytes > seen.swap(bytes, Ordering::Relaxed));
                })
                .unwrap();
            assert_eq!(found.digest(), &oci::digest_with(algorithm, &content));
            assert_eq!(found.size(), u64::try_from(content.len()).unwrap());
            assert_eq!(found.media_type().to_string(), "text/plain");
            assert_eq!(seen.into_inner(), found.size());
        }
    }

    #[test]
    fn a_blob_that_is_written_to_meanwhile_is_refused() {
        let (_directory, path) = file(b"one");
        let blob = Blob::open(&path).unwrap();
        std::fs::write(&path, b"other").unwrap();
        let described = |progress: Progress<'_>| {
            blob.describe(DEFAULT_MEDIA_TYPE, HashAlgorithm::Sha256, progress)
        };
        // What is more than there was is not read to its end.
        let error = described(&|bytes| panic!("{bytes} were read")).unwrap_err();
        assert!(matches!(error, Error::Changed { .. }), "{error}");
        std::fs::write(&path, b"on").unwrap();
        let error = described(&|_| ()).unwrap_err();
        assert!(matches!(error, Error::Changed { .. }), "{error}");
        std::fs::write(&path, b"other").unwrap();
        // The handle is that of the file that was opened, whatever has its name now.
        let blob = Blob::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, b"third").unwrap();
        let found = blob
            .describe(DEFAULT_MEDIA_TYPE, HashAlgorithm::Sha256, &|_| ())
            .unwrap();
        assert_eq!(found.digest(), &oci::sha256_digest(b"other"));
    }

    #[cfg(unix)]
    #[test]
    fn files_and_pipes_are_blobs_and_links_to_them() {
        let (directory, path) = file(b"x");
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(Blob::open(&link).unwrap().size(), 1);
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
            0,
        )
        .unwrap();
        let blob = Blob::open(&pipe).unwrap();
        std::fs::write(&pipe, b"what comes").unwrap();
        let describe = || blob.describe(DEFAULT_MEDIA_TYPE, HashAlgorithm::Sha256, &|_| ());
        assert_eq!(
            describe().unwrap().digest(),
            &oci::sha256_digest(b"what comes")
        );
        let error = describe().unwrap_err();
        assert!(matches!(error, Error::Drained { .. }), "{error}");
        for (path, found) in [
            (directory.path(), "a directory"),
            (Path::new("/dev/zero"), "a device"),
        ] {
            let error = Blob::open(path).unwrap_err();
            assert!(
                matches!(&error, Error::Open { source: files::Error::WrongKind { found: kind, .. } } if *kind == found),
                "{error:?}"
            );
            assert!(
                error
                    .hint()
                    .unwrap()
                    .starts_with("a blob is a regular file")
            );
        }
    }

    #[test]
    fn manifests_are_known_by_their_media_type() {
        assert!(is_manifest("application/vnd.oci.image.manifest.v1+json"));
        assert!(is_manifest(
            " Application/vnd.OCI.image.index.v1+json ; a=b"
        ));
        assert!(!is_manifest(DEFAULT_MEDIA_TYPE));
        assert!(!is_manifest("application/vnd.oci.image.layer.v1.tar"));
    }
}
