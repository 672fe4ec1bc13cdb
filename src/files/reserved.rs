//! A file that is to be written, and known to be writable before.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{Error, check_regular, look};

/// A file that is to be written and can be, as far as that is known before: there is a temporary file for it,
/// which is gone when this is dropped.
#[derive(Debug)]
pub struct Reserved {
    path: PathBuf,
    temporary: NamedTempFile,
    replaces: bool,
    is_synced: bool,
}

impl Reserved {
    /// Makes the temporary file for `path`, of this mode, in the directory `scratch` of the same file system.
    /// `replaces` says whether a regular file that is there may be replaced.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`], [`Error::SymbolicLink`] and [`Error::WrongKind`] for what is in the way,
    /// [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
    pub fn new(path: &Path, mode: u32, scratch: &Path, replaces: bool) -> Result<Self, Error> {
        match look(path) {
            Ok(kind) if replaces => check_regular(path, kind)?,
            Ok(_) => {
                return Err(Error::Exists {
                    path: path.to_owned(),
                });
            }
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".countersign-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
        #[cfg(not(unix))]
        let _ = mode;
        let temporary = builder
            .tempfile_in(scratch)
            .map_err(|source| Error::io("write", path, without_path(source)))?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            replaces,
            is_synced: true,
        })
    }

    /// The same for what can be fetched again and is compared with its digest whenever it is read: after a crash of the
    /// machine the file may be there without its bytes.
    #[must_use]
    pub fn unsynced(self) -> Self {
        Self {
            is_synced: false,
            ..self
        }
    }

    /// Writes the whole file or nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Exists`] if something has come meanwhile that must not be replaced, else [`Error::Io`] as the
    /// operating system answers.
    pub fn write(mut self, bytes: &[u8]) -> Result<(), Error> {
        self.append(bytes)?;
        self.finish()
    }

    /// Writes the next part of the file; its place stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] as the operating system answers.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = self.temporary.write_all(bytes);
        written.map_err(|source| Error::io("write", &self.path, source))
    }

    /// Puts the file in its place, with what was written to it.
    ///
    /// # Errors
    ///
    /// As [`Reserved::write`].
    pub fn finish(self) -> Result<(), Error> {
        let path = self.path;
        let failed = |source| Error::io("write", &path, source);
        if self.is_synced {
            self.temporary.as_file().sync_all().map_err(failed)?;
        }
        // A rename replaces a link, should one have been put there meanwhile; it never writes through it.
        let persisted = if self.replaces {
            self.temporary.persist(&path)
        } else {
            // Something that was put there after the look is not replaced either.
            self.temporary.persist_noclobber(&path)
        };
        match persisted {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::Exists { path })
            }
            Err(error) => Err(failed(error.error)),
        }
    }
}

/// The operating system's answer without the name of the temporary file, which is gone.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    match text.split_once(" at path \"") {
        Some((answer, _)) => io::Error::new(error.kind(), answer),
        None => error,
    }
}
