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
