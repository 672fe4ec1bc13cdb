//! Directories that are made, and whether they can be written.

use std::fs;
use std::path::Path;

use super::{Error, wrong_kind};

/// Modes of what all users of the machine may read: it is public, and may be carried to another user.
pub const SHARED_FILE: u32 = 0o644;
/// See [`SHARED_FILE`].
pub const SHARED_DIRECTORY: u32 = 0o755;

/// Checks that files can be written in the directory at `path`, links followed, by writing one.
///
/// # Errors
///
/// [`Error::WrongKind`] for anything but a directory, [`Error::NotFound`] and [`Error::Io`] as the
/// operating system answers.
pub fn check_writable(path: &Path) -> Result<(), Error> {
    let found = fs::metadata(path).map_err(|source| Error::io("look at", path, source))?;
    if !found.is_dir() {
        return Err(wrong_kind(path, found.file_type(), "a directory"));
    }
    tempfile::Builder::new()
        .prefix(".countersign-")
        .tempfile_in(path)
        .map(drop)
        .map_err(|source| Error::io("write in", path, source))
}

/// Makes a directory and those above it that are missing, each of mode 0700.
///
/// # Errors
///
/// [`Error::WrongKind`] if something else is there, [`Error::Io`] as the operating system answers.
pub fn create_directory(path: &Path) -> Result<(), Error> {
    create_directory_with_mode(path, 0o700)
}

/// [`create_directory`] with another mode for the new directories, of which the process's mask is taken
/// off.
///
/// # Errors
///
/// As [`create_directory`].
pub fn create_directory_with_mode(path: &Path, mode: u32) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
    #[cfg(not(unix))]
    let _ = mode;
    builder
        .create(path)
        .map_err(|source| match fs::metadata(path) {
            Ok(found) if !found.is_dir() => wrong_kind(path, found.file_type(), "a directory"),
            _ => Error::io("make the directory", path, source),
        })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn directories_have_their_modes() {
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        create_directory(&root.path().join("a/b")).unwrap();
        create_directory_with_mode(&root.path().join("c/d"), SHARED_DIRECTORY).unwrap();
        for (name, wanted) in [("a", 0o700), ("a/b", 0o700), ("c", 0o755), ("c/d", 0o755)] {
            assert_eq!(mode(&root.path().join(name)), wanted, "{name}");
        }
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let error = create_directory(&file).unwrap_err();
        let words = format!("`{}` is a regular file, not a directory", file.display());
        assert_eq!(error.to_string(), words);
        let below = create_directory(&file.join("below")).unwrap_err();
        assert!(matches!(below, Error::Io { .. }), "{below:?}");
        assert!(
            below
                .hint()
                .unwrap()
                .ends_with("a file where a directory must be")
        );
    }

    #[test]
    fn a_directory_is_writable_and_nothing_else_and_nothing_stays_there() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(matches!(
            check_writable(&file),
            Err(Error::WrongKind {
                found: "a regular file",
                wanted: "a directory",
                ..
            })
        ));
        assert!(matches!(
            check_writable(&root.path().join("missing")),
            Err(Error::NotFound { .. })
        ));
        let (real, link) = (root.path().join("real"), root.path().join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        check_writable(&link).unwrap();
        assert_eq!(fs::read_dir(&real).unwrap().count(), 0);
        // What a link leads to decides what is advised.
        let hint = |path: &Path| {
            Error::SymbolicLink {
                path: path.to_owned(),
            }
            .hint()
            .unwrap()
        };
        assert!(hint(&link).contains("cp -RL "), "{}", hint(&link));
        let to_file = root.path().join("to-file");
        symlink(&file, &to_file).unwrap();
        assert!(hint(&to_file).contains("cp --remove-destination "));
    }
}
