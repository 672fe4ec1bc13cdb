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
    /// Users that are given the directory; no link on the way may lead out of it.
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

    /// What is in the file with this name; `None` without one.
    pub(crate) fn read(&self, name: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, files::Error> {
        let path = self.file(name);
        let read = self.check().and_then(|()| match self.access {
            Access::Own | Access::Shared => files::read(&path, max_bytes),
            Access::Private => files::read_private(&path, max_bytes),
        });
        Self::found(read)
    }

    /// The same for a file of this user alone of so many bytes, which gives way when it was not read for long.
    pub(crate) fn read_in_use(
        &self,
        name: &str,
        bytes: u64,
    ) -> Result<Option<Vec<u8>>, files::Error> {
        let path = self.file(name);
        let read = self.check();
        Self::found(read.and_then(|()| files::read_private_in_use(&path, bytes)))
    }

    fn found(read: Result<Vec<u8>, files::Error>) -> Result<Option<Vec<u8>>, files::Error> {
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the file with this name, in place of an older one.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), files::Error> {
        self.make_ready()?;
        let path = self.file(name);
        match self.access {
            Access::Own | Access::Private => files::write_atomic(&path, bytes),
            Access::Shared => files::write_atomic_with_mode(&path, bytes, files::SHARED_FILE),
        }
    }

    /// The same for a file of this user alone that is only worth its time: see [`files::write_unsynced`].
    pub(crate) fn write_unsynced(&self, name: &str, bytes: &[u8]) -> Result<(), files::Error> {
        self.make_ready()?;
        files::write_unsynced(&self.file(name), bytes)
    }

    /// The directory is there, is what it must be, and has room.
    fn make_ready(&self) -> Result<(), files::Error> {
        match self.check() {
            // Nothing is made where it is there already, which is nearly always.
            Ok(()) if self.access != Access::Own => {}
            Ok(()) => files::create_directory(&self.path)?,
            Err(error) if error.is_not_found() => {
                if let Some(parent) = &self.parent {
                    self.make(parent)?;
                }
                self.make(&self.path)?;
                self.check()?;
            }
            Err(error) => return Err(error),
        }
        if let Some(most) = self.most {
            files::make_room(&self.path, most)?;
        }
        Ok(())
    }

    fn make(&self, path: &Path) -> Result<(), files::Error> {
        match self.access {
            Access::Own | Access::Private => files::create_directory(path),
            Access::Shared => files::create_directory_with_mode(path, files::SHARED_DIRECTORY),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;

        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[cfg(unix)]
    #[test]
    fn only_what_is_shared_is_open_to_others() {
        let root = tempfile::tempdir().unwrap();
        for (access, of_directory, of_file) in [
            (Access::Own, 0o700, 0o600),
            (Access::Private, 0o700, 0o600),
            (Access::Shared, files::SHARED_DIRECTORY, files::SHARED_FILE),
        ] {
            let directory = Directory::new(root.path().join(format!("{access:?}")), access);
            assert_eq!(directory.read("a", 10).unwrap(), None);
            directory.remove("a").unwrap();
            assert!(!directory.path().exists(), "{access:?}");
            directory.write("a", b"answer").unwrap();
            assert_eq!(directory.read("a", 10).unwrap().unwrap(), b"answer");
            assert_eq!(directory.read("b", 10).unwrap(), None);
            assert!(directory.read("a", 5).is_err());
            assert_eq!(mode(directory.path()), of_directory, "{access:?}");
            assert_eq!(mode(&directory.file("a")), of_file, "{access:?}");
            directory.remove("a").unwrap();
            assert_eq!(directory.read("a", 10).unwrap(), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_way_counts_only_where_answers_prove_themselves() {
        let root = tempfile::tempdir().unwrap();
        let (real, link) = (root.path().join("real"), root.path().join("link"));
        let is_link = |error: &files::Error| matches!(error, files::Error::SymbolicLink { .. });
        for access in [Access::Own, Access::Private, Access::Shared] {
            let behind = Directory::within(&real, "x", access);
            behind.write("a", b"answer").unwrap();
            std::os::unix::fs::symlink(&real, &link).unwrap();
            let by_link = Directory::within(&link, "x", access);
            let found = by_link.read("a", 10);
            let written = by_link.write("a", b"answer");
            if access == Access::Own {
                assert_eq!(found.unwrap().unwrap(), b"answer");
                written.unwrap();
            } else {
                assert!(found.is_err_and(|error| is_link(&error)), "{access:?}");
                assert!(written.is_err_and(|error| is_link(&error)), "{access:?}");
            }
            std::fs::remove_file(&link).unwrap();
            std::fs::remove_dir_all(&real).unwrap();
        }
    }

    #[test]
    fn what_was_written_longest_ago_gives_way() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::new(root.path().join("x"), Access::Own).with_at_most(2);
        for name in ["a", "b", "c", "d"] {
            directory.write(name, b"answer").unwrap();
            let count = std::fs::read_dir(directory.path()).unwrap().count();
            assert!(count <= 2, "{name}: {count}");
            assert!(directory.read(name, 10).unwrap().is_some());
        }
    }
}
