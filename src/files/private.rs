//! Files that no other user can have written, and directories that no other user can write.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;
use std::time::SystemTime;

use super::{Error, open_regular, open_unseen, read_regular, touch, wrong_kind};
use crate::limits::CACHE_USE_INTERVAL;

/// [`read`](super::read) of a file that this user alone can have written: it is this user's, and no other user
/// may read or write it.
///
/// # Errors
///
/// As [`read`](super::read), and [`Error::NotPrivate`].
pub fn read_private(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
    let (file, opened) = open_private(path)?;
    read_regular(file, &opened, path, max_bytes)
}

/// [`read_private`] of a file of so many bytes that gives way to others when it was not used for long: it was used now. Its
/// directory was looked at ([`check_private_directory`]), and only this user can put anything
/// there, so it is opened without a look before.
///
/// # Errors
///
/// As [`read_private`], and [`Error::Io`] for a file that is shorter.
pub fn read_private_in_use(path: &Path, bytes: u64) -> Result<Vec<u8>, Error> {
    let too_large = || Error::TooLarge {
        path: path.to_owned(),
        max_bytes: bytes,
    };
    let (mut file, opened) = open_unseen(path)?;
    check_closed(path, &opened)?;
    if opened.len() > bytes {
        return Err(too_large());
    }
    if was_used_long_ago(&opened) {
        // A file that cannot be touched only gives way earlier.
        let _ = touch(&file);
    }
    let mut read = vec![0; usize::try_from(bytes).map_err(|_| too_large())?];
    file.read_exact(&mut read)
        .map_err(|source| Error::io("read", path, source))?;
    Ok(read)
}

/// Whether it is worth noting that a file is used: not if that was noted a moment ago.
#[expect(
    clippy::disallowed_methods,
    reason = "how old a file is, is for the clock that its times are from to say; nothing that is judged depends on it"
)]
fn was_used_long_ago(opened: &Metadata) -> bool {
    let used = opened.modified().ok();
    let since = used.and_then(|used| SystemTime::now().duration_since(used).ok());
    since.is_none_or(|since| since >= CACHE_USE_INTERVAL)
}

fn open_private(path: &Path) -> Result<(File, Metadata), Error> {
    let (file, opened) = open_regular(path)?;
    check_closed(path, &opened)?;
    Ok((file, opened))
}

fn check_closed(path: &Path, opened: &Metadata) -> Result<(), Error> {
    check_private(path, opened, 0o077, "is open to other users")
}

/// Checks that there is a directory at `path` itself, in which only this user can put or rename
/// anything: it is this user's, and others may not write it.
///
/// # Errors
///
/// As [`check_directory`](super::check_directory), and [`Error::NotPrivate`].
pub fn check_private_directory(path: &Path) -> Result<(), Error> {
    let found = std::fs::symlink_metadata(path);
    let found = found.map_err(|source| Error::io("look at", path, source))?;
    if !found.is_dir() {
        return Err(wrong_kind(path, found.file_type(), "a directory"));
    }
    check_private(path, &found, 0o022, "can be written by other users")
}

/// `closed` are the bits of the mode that may not be set, `open` what it is if one is.
#[cfg(unix)]
fn check_private(
    path: &Path,
    found: &Metadata,
    closed: u32,
    open: &'static str,
) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;

    let reason = if found.uid() != rustix::process::geteuid().as_raw() {
        "belongs to another user"
    } else if found.mode() & closed != 0 {
        open
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
fn check_private(_: &Path, _: &Metadata, _: u32, _: &'static str) -> Result<(), Error> {
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
        // Only the superuser can give a file away, and then only the new owner can take it back.
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

    #[test]
    fn a_directory_that_others_can_write_or_own_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("directory");
        fs::create_dir(&path).unwrap();
        let reason = |mode| {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            match check_private_directory(&path) {
                Ok(()) => "",
                Err(Error::NotPrivate { reason, .. }) => reason,
                Err(error) => panic!("{error}"),
            }
        };
        assert_eq!((reason(0o700), reason(0o755)), ("", ""));
        for mode in [0o720, 0o702, 0o777, 0o1777] {
            assert_eq!(reason(mode), "can be written by other users", "{mode:o}");
        }
        if chown(&path, Some(1), None).is_ok() {
            assert_eq!(reason(0o700), "belongs to another user");
            chown(&path, Some(0), None).unwrap();
        }
        reason(0o700);
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(matches!(
            check_private_directory(&link),
            Err(Error::SymbolicLink { .. })
        ));
    }
}
