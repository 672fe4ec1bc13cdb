//! A directory of answers, one file for each question, and who may have written there.

use std::path::{Path, PathBuf};

use crate::files;

/// Who uses a directory, and so what is looked at before anything in it is read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// This user alone; what is in it proves itself, so the directory is not looked at.
    Own,
    /// This user alone; nothing in it is signed, so it counts only if no other user can have written it or
    /// put it there.
    Private,
    /// Whoever is given it; there is no link on the way, which would lead out of it.
    Shared,
}

/// A directory of answers. It is made when the first one is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory {
    path: PathBuf,
    access: Access,
    /// The directory that this one is in, where that is looked at as well.
    parent: Option<PathBuf>,
    /// How many files there may be; those written longest ago give way.
    most: Option<usize>,
}

impl Directory {
    /// The answers in the directory `path`.
    pub(crate) fn new(path: PathBuf, access: Access) -> Self {
        Self {
            path,
            access,
            parent: None,
            most: None,
        }
    }

    /// The answers in the directory `name` of `parent`, which is looked at as well.
    pub(crate) fn within(parent: &Path, name: &str, access: Access) -> Self {
        Self {
            parent: Some(parent.to_owned()),
            ..Self::new(parent.join(name), access)
        }
    }

    /// The same with so many files at most.
    #[must_use]
    pub(crate) fn with_at_most(self, most: usize) -> Self {
        Self {
            most: Some(most),
            ..self
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file with this name.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What is in the file with this name; `None` if there is none.
    pub(crate) fn read(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, files::Error> {
        let path = self.file(name);
        let read = self.check().and_then(|()| match self.access {
            Access::Own | Access::Shared => files::read(&path, max_bytes),
            Access::Private => files::read_private(&path, max_bytes),
        });
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the file with this name, in place of an older one.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), files::Error> {
        let path = self.file(name);
        match self.access {
            Access::Own | Access::Private => files::create_directory(&self.path)?,
            Access::Shared => {
                files::create_directory_with_mode(&self.path, files::SHARED_DIRECTORY)?;
            }
        }
        self.check()?;
        if let Some(most) = self.most {
            files::make_room(&self.path, most)?;
        }
        match self.access {
            Access::Own | Access::Private => files::write_atomic(&path, bytes),
            Access::Shared => files::write_atomic_with_mode(&path, bytes, files::SHARED_FILE),
        }
    }

    /// Removes the file with this name, if there is one.
    pub(crate) fn remove(&self, name: &str) -> Result<(), files::Error> {
        let removed =
            files::check_directory(&self.path).and_then(|()| files::remove(&self.file(name)));
        match removed {
            Err(error) if error.is_not_found() => Ok(()),
            removed => removed,
        }
    }

    fn check(&self) -> Result<(), files::Error> {
        let check = match self.access {
            Access::Own => return Ok(()),
            Access::Private => files::check_private_directory,
            Access::Shared => files::check_directory,
        };
        if let Some(parent) = &self.parent {
            check(parent)?;
        }
        check(&self.path)
    }
}
