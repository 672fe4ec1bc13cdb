//! Files that nobody else can have written.

use std::fs::Metadata;
use std::path::Path;

use super::{Error, open_regular, read_bounded};

/// [`read`](super::read) of a file that this user alone can have written: it is this user's, and nobody else may
/// read or write it.
///
/// # Errors
///
/// As [`read`](super::read), and [`Error::NotPrivate`].
pub fn read_private(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
    let (file, opened) = open_regular(path)?;
    check_private(path, &opened)?;
    read_bounded(file, path, max_bytes)
}

#[cfg(unix)]
fn check_private(path: &Path, opened: &Metadata) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;

    let reason = if opened.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if opened.mode() & 0o077 != 0 {
        "is open to other users"
    } else {
        return Ok(());
    };
    Err(Error::NotPrivate {
        path: path.to_owned(),
        reason,
    })
}

/// Elsewhere the directories of a user are closed to others by themselves.
#[cfg(not(unix))]
fn check_private(_path: &Path, _opened: &Metadata) -> Result<(), Error> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    #[test]
    fn only_a_file_of_this_user_that_is_closed_to_others_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, b"12345").unwrap();
        let reason = |mode| {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match read_private(&path, 5) {
                Ok(bytes) => {
                    assert_eq!(bytes, b"12345");
                    ""
                }
                Err(Error::NotPrivate { reason, .. }) => reason,
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!((reason(0o600), reason(0o700)), ("", ""));
        for mode in [0o604, 0o602, 0o640, 0o620, 0o601] {
            assert_eq!(reason(mode), "is open to other users", "{mode:o}");
        }
        // Only the superuser can give a file away, and then nobody but that one can take it back.
        if chown(&path, Some(1), None).is_ok() {
            assert_eq!(reason(0o600), "belongs to another user");
            chown(&path, Some(0), None).unwrap();
        }
        reason(0o600);
        assert!(matches!(
            read_private(&path, 4),
            Err(Error::TooLarge { max_bytes: 4, .. })
        ));
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(
            read_private(&link, 5),
            Err(Error::SymbolicLink { .. })
        ));
    }
}
