//! A file that lines are added to, with a limit and one predecessor.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{
    Error, PRIVATE_FILE, check_private_directory, check_regular, create_directory, open_as,
};

/// Such a file: this user's, of mode 0600, in a directory that others may not write. When it would become longer
/// than its limit, it takes the place of its predecessor and a new one begins.
#[derive(Debug)]
pub struct RollingFile {
    path: PathBuf,
    max_bytes: u64,
    file: File,
    size: u64,
}

impl RollingFile {
    /// Opens the file at `path`, and makes it and its directory if they are missing. Neither may be a link.
    ///
    /// # Errors
    ///
    /// [`Error::SymbolicLink`] and [`Error::WrongKind`] where something else is in the way, [`Error::NotPrivate`]
    /// where others may write the directory, [`Error::Io`] as the operating system answers.
    pub fn open(path: &Path, max_bytes: u64) -> Result<Self, Error> {
        if let Some(parent) = path.parent() {
            create_directory(parent)?;
            check_private_directory(parent)?;
        }
        let (file, size) = open(path)?;
        Ok(Self {
            path: path.to_owned(),
            max_bytes,
            file,
            size,
        })
    }

    /// Adds a line.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn add(&mut self, line: &str) -> Result<(), Error> {
        let length = u64::try_from(line.len()).unwrap_or(u64::MAX);
        if self.size > 0 && self.size.saturating_add(length) > self.max_bytes {
            let mut predecessor = self.path.clone().into_os_string();
            predecessor.push(".1");
            // A link in that place is replaced, not followed.
            fs::rename(&self.path, &predecessor)
                .map_err(|source| Error::io("rename", &self.path, source))?;
            (self.file, self.size) = open(&self.path)?;
        }
        // At once, so that the lines of two processes do not mix.
        self.file
            .write_all(line.as_bytes())
            .map_err(|source| Error::io("write", &self.path, source))?;
        self.size = self.size.saturating_add(length);
        Ok(())
    }
}

/// The file and its size.
fn open(path: &Path) -> Result<(File, u64), Error> {
    if let Ok(found) = fs::symlink_metadata(path) {
        check_regular(path, found.file_type())?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, PRIVATE_FILE);
    let (file, opened) = open_as(&mut options, path)?;
    close_to_others(path, &file)?;
    Ok((file, opened.len()))
}

/// Gives the file its mode, which another program may have left open.
#[cfg(unix)]
fn close_to_others(path: &Path, file: &File) -> Result<(), Error> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(PRIVATE_FILE);
    file.set_permissions(mode)
        .map_err(|source| Error::io("change the mode of", path, source))
}

#[cfg(not(unix))]
fn close_to_others(_: &Path, _: &File) -> Result<(), Error> {
    Ok(())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[expect(clippy::disallowed_methods, reason = "our own file")]
    fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn the_file_is_closed_to_others_and_has_one_predecessor() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b.log");
        let previous = root.path().join("a/b.log.1");
        let mut file = RollingFile::open(&path, 10).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        file.add("12345\n").unwrap();
        file.add("789\n").unwrap();
        assert!(!previous.exists());
        file.add("x\n").unwrap();
        assert_eq!(text(&previous), "12345\n789\n");
        assert_eq!(text(&path), "x\n");
        // The next process goes on with it, and another predecessor takes the place of the first.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let mut file = RollingFile::open(&path, 10).unwrap();
        assert_eq!(mode(&path), 0o600);
        file.add("123456789\n").unwrap();
        assert_eq!(
            (text(&previous).as_str(), text(&path).as_str()),
            ("x\n", "123456789\n")
        );
        // What is longer than the limit is written anyway, alone.
        file.add("123456789012\n").unwrap();
        assert_eq!(text(&path), "123456789012\n");
    }

    #[test]
    fn no_link_is_followed_and_no_directory_of_others_used() {
        let root = tempfile::tempdir().unwrap();
        let elsewhere = root.path().join("elsewhere");
        fs::write(&elsewhere, "kept").unwrap();
        let path = root.path().join("log");
        symlink(&elsewhere, &path).unwrap();
        let refused = |path: &Path| RollingFile::open(path, 10).unwrap_err();
        assert!(matches!(refused(&path), Error::SymbolicLink { .. }));
        let (real, link) = (root.path().join("real"), root.path().join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        let error = refused(&link.join("log"));
        assert!(error.is_wrong_kind(), "{error}");
        assert_eq!(fs::read_dir(&real).unwrap().count(), 0);
        fs::set_permissions(&real, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            refused(&real.join("log")),
            Error::NotPrivate { .. }
        ));
        assert_eq!(text(&elsewhere), "kept");
    }
}
