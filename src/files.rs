//! Bounded reads and atomic writes of files; every error names the path.
//!
//! Notation refuses symbolic links wherever a file decides about trust (`trust-store-trust-policy.md`,
//! "Trust Store"; conformance to its policy, trust store and configuration files), and so does [`read`]:
//! it looks at the path without following a link, opens without following a link, and looks again at
//! what was opened, so that nothing can be swapped in between. Links in the *directories* above the file
//! are followed, as notation does. Only [`read_private`] and [`check_private_directory`] look at owners
//! and modes.

mod directory;
mod error;
mod exposure;
mod named;
mod of_root;
mod private;
mod reserved;
mod rolling;
mod room;
mod unlinked;

pub use directory::{
    SHARED_DIRECTORY, SHARED_FILE, check_writable, create_directory, create_directory_with_mode,
};
pub use error::Error;
pub use exposure::{Exposure, exposure, exposure_of_directory};
pub(crate) use named::wait_for_input;
pub use named::{NamedStream, is_stream, open_stream, read_named};
pub use of_root::check_of_root;
pub use private::{check_private_directory, read_private, read_private_in_use};
pub use reserved::Reserved;
pub use rolling::RollingFile;
pub use room::{make_room, make_room_in_bytes};
pub use unlinked::check_unlinked;

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::limits::MOST_ROOM_AT_ONCE;

const REGULAR_FILE: &str = "a regular file";

const PRIVATE_FILE: u32 = 0o600;

/// Reads a regular file of at most `max_bytes`.
///
/// # Errors
///
/// [`Error::SymbolicLink`] and [`Error::WrongKind`] for anything but a regular file,
/// [`Error::TooLarge`] past the limit, [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
pub fn read(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
    let (file, opened) = open_regular(path)?;
    read_regular(file, &opened, path, max_bytes)
}

/// Opens what is a regular file itself.
fn open_regular(path: &Path) -> Result<(File, Metadata), Error> {
    // Looking first keeps a pipe or a device from being opened at all, and gives the clearer message.
    check_regular(path, look(path)?)?;
    open_unseen(path)
}

/// The same without a look before: for a directory that only this user can write, in which there are no devices.
fn open_unseen(path: &Path) -> Result<(File, Metadata), Error> {
    let mut options = OpenOptions::new();
    options.read(true);
    open_as(&mut options, path)
}

/// Opens a regular file itself with these options.
fn open_as(options: &mut OpenOptions, path: &Path) -> Result<(File, Metadata), Error> {
    without_following(options);
    let file = options.open(path).map_err(|source| {
        // The link was put there after the look, if there was one.
        if is_link_refusal(&source) {
            Error::SymbolicLink {
                path: path.to_owned(),
            }
        } else {
            Error::io("open", path, source)
        }
    })?;
    let opened = file
        .metadata()
        .map_err(|source| Error::io("look at", path, source))?;
    check_regular(path, opened.file_type())?;
    Ok((file, opened))
}

/// Reads at most `max_bytes` of a regular file that was found where a configuration or another file says;
/// links are followed. What the user named on the command line is for [`read_named`].
///
/// # Errors
///
/// [`Error::WrongKind`] for anything but a regular file, [`Error::TooLarge`] past the limit,
/// [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
pub fn read_following_links(path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
    read_bounded(open_following_links(path)?, path, max_bytes)
}

/// Opens a regular file that was found where a configuration or another file says, links followed: for files
/// that are not read whole. A pipe or a device is not opened.
///
/// # Errors
///
/// [`Error::WrongKind`] for anything but a regular file, [`Error::NotFound`] and [`Error::Io`] as the
/// operating system answers.
pub fn open_following_links(path: &Path) -> Result<File, Error> {
    let found = fs::metadata(path).map_err(|source| Error::io("open", path, source))?;
    check_regular(path, found.file_type())?;
    let mut options = OpenOptions::new();
    options.read(true);
    without_waiting(&mut options);
    let file = options
        .open(path)
        .map_err(|source| Error::io("open", path, source))?;
    let opened = file
        .metadata()
        .map_err(|source| Error::io("look at", path, source))?;
    check_regular(path, opened.file_type())?;
    Ok(file)
}

/// The paths of everything in a directory, sorted by name, at most `max_entries`.
///
/// # Errors
///
/// [`Error::SymbolicLink`] and [`Error::WrongKind`] for anything but a directory,
/// [`Error::TooManyEntries`] past the limit, [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
pub fn read_directory(path: &Path, max_entries: usize) -> Result<Vec<PathBuf>, Error> {
    let kind = look(path)?;
    if !kind.is_dir() {
        return Err(wrong_kind(path, kind, "a directory"));
    }
    let entries = fs::read_dir(path).map_err(|source| Error::io("list", path, source))?;
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|source| Error::io("list", path, source))?;
        if paths.len() == max_entries {
            return Err(Error::TooManyEntries {
                path: path.to_owned(),
                max_entries,
            });
        }
        paths.push(entry.path());
    }
    paths.sort();
    Ok(paths)
}

/// Writes a whole file or nothing: a new file of mode 0600 in the same directory takes the place of `path`.
///
/// # Errors
///
/// [`Error::SymbolicLink`] and [`Error::WrongKind`] where something else than a regular file is in the
/// way, [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    write_atomic_with_mode(path, bytes, PRIVATE_FILE)
}

/// [`write_atomic`] with another mode for the new file, of which the process's mask is taken off.
///
/// # Errors
///
/// As [`write_atomic`].
pub fn write_atomic_with_mode(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    replacing(path, mode)?.write(bytes)
}

/// [`write_atomic`] for what can be fetched again: not waited for until it is on the disk, which takes longer than to fetch
/// it.
///
/// # Errors
///
/// As [`write_atomic`].
pub fn write_unsynced(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replacing(path, PRIVATE_FILE)?.unsynced().write(bytes)
}

fn replacing(path: &Path, mode: u32) -> Result<Reserved, Error> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Reserved::new(path, mode, directory, true)
}

/// Writes a whole file of this mode, of which the process's mask is taken off, where nothing was before: what is
/// there, a dangling link included, stays as it is. The file is written in the directory `scratch` of the same file
/// system first, so no reader of the file's own directory meets half of it.
///
/// # Errors
///
/// [`Error::Exists`], [`Error::NotFound`] for a missing directory, [`Error::Io`] as the operating system answers.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32, scratch: &Path) -> Result<(), Error> {
    Reserved::new(path, mode, scratch, false)?.write(bytes)
}

/// Notes that an open file was used now, as if it had just been written: it gives way later.
#[cfg(unix)]
fn touch(file: &File) -> io::Result<()> {
    use rustix::fs::{Timespec, Timestamps, UTIME_NOW, futimens};

    let now = Timespec {
        tv_sec: 0,
        tv_nsec: UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    futimens(file, &times).map_err(io::Error::from)
}

/// Elsewhere files give way in the order in which they were written.
#[cfg(not(unix))]
fn touch(_: &File) -> io::Result<()> {
    Ok(())
}

/// Removes a file, or a link itself; never a directory.
///
/// # Errors
///
/// [`Error::WrongKind`] for a directory, [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
pub fn remove(path: &Path) -> Result<(), Error> {
    let kind = look(path)?;
    if kind.is_dir() {
        return Err(wrong_kind(path, kind, REGULAR_FILE));
    }
    fs::remove_file(path).map_err(|source| Error::io("remove", path, source))
}

/// Removes a directory if nothing is in it; whether it did.
///
/// # Errors
///
/// [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
pub fn remove_empty_directory(path: &Path) -> Result<bool, Error> {
    match fs::remove_dir(path) {
        Ok(()) => Ok(true),
        Err(source) if source.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(source) => Err(Error::io("remove", path, source)),
    }
}

/// Removes a directory with everything in it; links in it are removed, not followed.
///
/// # Errors
///
/// [`Error::SymbolicLink`] and [`Error::WrongKind`] for anything but a directory, [`Error::NotFound`] and
/// [`Error::Io`] as the operating system answers.
pub fn remove_directory(path: &Path) -> Result<(), Error> {
    check_directory(path)?;
    fs::remove_dir_all(path).map_err(|source| Error::io("remove", path, source))
}

/// Checks that there is a directory at `path` itself.
///
/// # Errors
///
/// [`Error::SymbolicLink`] and [`Error::WrongKind`] for anything else, [`Error::NotFound`] and
/// [`Error::Io`] as the operating system answers.
pub fn check_directory(path: &Path) -> Result<(), Error> {
    let kind = look(path)?;
    if kind.is_dir() {
        Ok(())
    } else {
        Err(wrong_kind(path, kind, "a directory"))
    }
}

/// What is at `path` itself.
fn look(path: &Path) -> Result<FileType, Error> {
    fs::symlink_metadata(path)
        .map(|metadata| metadata.file_type())
        .map_err(|source| Error::io("look at", path, source))
}

fn check_regular(path: &Path, kind: FileType) -> Result<(), Error> {
    if kind.is_file() {
        return Ok(());
    }
    Err(wrong_kind(path, kind, REGULAR_FILE))
}

fn wrong_kind(path: &Path, kind: FileType, wanted: &'static str) -> Error {
    let path = path.to_owned();
    if kind.is_symlink() {
        return Error::SymbolicLink { path };
    }
    let found = if kind.is_dir() {
        "a directory"
    } else if kind.is_file() {
        REGULAR_FILE
    } else {
        "a pipe, socket or device"
    };
    Error::WrongKind {
        path,
        found,
        wanted,
    }
}

#[cfg(unix)]
fn without_following(options: &mut OpenOptions) {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt as _;

    // NONBLOCK: a pipe put there after the first look must not make the open wait for a writer.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(flags.bits().cast_signed());
}

/// A pipe put there after the first look must not make the open wait for a writer.
#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;

    options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
}

#[cfg(windows)]
fn without_waiting(_options: &mut OpenOptions) {}

#[cfg(windows)]
fn without_following(options: &mut OpenOptions) {
    use std::os::windows::fs::OpenOptionsExt as _;

    /// Opens the link itself; the look at what was opened then refuses it.
    const FILE_FLAG_OPEN_REPARSE_POINT: u32 = 0x0020_0000;
    options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
}

#[cfg(unix)]
fn is_link_refusal(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

#[cfg(windows)]
fn is_link_refusal(_error: &io::Error) -> bool {
    false
}

/// [`read_bounded`] of a file that was looked at: where it is small, room is made at once.
fn read_regular(
    file: File,
    opened: &Metadata,
    path: &Path,
    max_bytes: u64,
) -> Result<Vec<u8>, Error> {
    let room = opened.len().min(max_bytes).min(MOST_ROOM_AT_ONCE);
    // One byte more shows that the file has ended.
    let room = usize::try_from(room.saturating_add(1)).unwrap_or_default();
    read_into(Vec::with_capacity(room), file, path, max_bytes)
}

fn read_bounded(file: impl io::Read, path: &Path, max_bytes: u64) -> Result<Vec<u8>, Error> {
    read_into(Vec::new(), file, path, max_bytes)
}

fn read_into(
    mut bytes: Vec<u8>,
    file: impl io::Read,
    path: &Path,
    max_bytes: u64,
) -> Result<Vec<u8>, Error> {
    // One byte more than the limit, to know that there is more; never the size that the file claims.
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| Error::io("read", path, source))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= max_bytes) {
        return Ok(bytes);
    }
    Err(Error::TooLarge {
        path: path.to_owned(),
        max_bytes,
    })
}

#[cfg(test)]
mod tests;
