//! Room in a directory of kept files.

use std::fs;
use std::path::{Path, PathBuf};

use super::Error;
use crate::limits::MAX_FOUND_ENTRIES;

/// Removes the files of `directory` that were written longest ago, all but half of `max_files`, once
/// there are `max_files`. For what can be fetched again: another process may do the same at the same time.
///
/// # Errors
///
/// [`Error::NotFound`] and [`Error::Io`] if the directory cannot be listed.
pub fn make_room(directory: &Path, max_files: usize) -> Result<(), Error> {
    let entries = fs::read_dir(directory).map_err(|source| Error::io("list", directory, source))?;
    // More than these are for the next time.
    let most = max_files.saturating_mul(2);
    let mut paths: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .take(most)
        .map(|entry| entry.path())
        .collect();
    if paths.len() < max_files {
        return Ok(());
    }
    paths.sort_by_cached_key(|path| {
        let metadata = fs::symlink_metadata(path);
        metadata.and_then(|found| found.modified()).ok()
    });
    let excess = paths.len().saturating_sub(max_files / 2);
    for path in paths.iter().take(excess) {
        // What cannot be removed is not worth a word: the next write tries again.
        let _ = fs::remove_file(path);
    }
    Ok(())
}

/// Removes the files of `directory` that were written longest ago, until what is left has half of `max_bytes` at most, once
/// there are more than `max_bytes` in all. For what can be fetched again, as [`make_room`].
///
/// # Errors
///
/// [`Error::NotFound`] and [`Error::Io`] if the directory cannot be listed.
pub fn make_room_in_bytes(directory: &Path, max_bytes: u64) -> Result<(), Error> {
    let entries = fs::read_dir(directory).map_err(|source| Error::io("list", directory, source))?;
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .take(MAX_FOUND_ENTRIES)
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok(), metadata.len(), entry.path()))
        })
        .collect();
    let mut bytes: u64 = found.iter().map(|(_, bytes, _)| *bytes).sum();
    if bytes <= max_bytes {
        return Ok(());
    }
    found.sort();
    for (_, size, path) in found {
        if bytes <= max_bytes / 2 {
            break;
        }
        // As in [`make_room`].
        let _ = fs::remove_file(path);
        bytes = bytes.saturating_sub(size);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn with_files(count: u64) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..count {
            let file = fs::File::create(directory.path().join(number.to_string())).unwrap();
            let written = SystemTime::UNIX_EPOCH + Duration::from_secs(number);
            file.set_modified(written).unwrap();
        }
        directory
    }

    fn names(directory: &Path) -> Vec<u64> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<u64> = entries
            .map(|entry| {
                entry
                    .unwrap()
                    .file_name()
                    .to_str()
                    .unwrap()
                    .parse()
                    .unwrap()
            })
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn what_was_written_longest_ago_makes_room() {
        let directory = with_files(3);
        make_room(directory.path(), 4).unwrap();
        assert_eq!(names(directory.path()), [0, 1, 2]);
        let directory = with_files(4);
        make_room(directory.path(), 4).unwrap();
        assert_eq!(names(directory.path()), [2, 3]);
        // A directory that was never kept small so far.
        let directory = with_files(50);
        for _ in 0..20 {
            make_room(directory.path(), 4).unwrap();
        }
        assert!(names(directory.path()).len() < 4);
        let missing = make_room(&directory.path().join("missing"), 4).unwrap_err();
        assert!(matches!(missing, Error::NotFound { .. }), "{missing}");
    }
}
