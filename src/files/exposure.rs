//! Whether another user may have written a file that decides about trust.

use std::fmt;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use {crate::limits::MAX_SYMBOLIC_LINKS, std::fs::Metadata, std::path::Component};

/// What lets others write.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exposure {
    /// The file or directory that is open to them.
    pub path: PathBuf,
    /// How: a verb and its object.
    pub reason: &'static str,
}

impl fmt::Display for Exposure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path.display(), self.reason)
    }
}

/// What lets others write the file at `path`: the file or a directory above it is writable for all (a
/// sticky directory excepted), belongs to a user other than this one and root, or is writable for a group
/// that is not this user's own. The directories are those of the path and those that links lead through.
/// If nothing is found at `path`, this reports nothing: the reader of the file does.
pub fn exposure(path: &Path) -> Option<Exposure> {
    find(path, true)
}

/// [`exposure`] of a directory every file of which counts: that it is sticky does not keep others from
/// adding one.
pub fn exposure_of_directory(path: &Path) -> Option<Exposure> {
    find(path, false)
}

/// `sticky_protects`: also where `path` itself is a sticky directory.
#[cfg(unix)]
fn find(path: &Path, sticky_protects: bool) -> Option<Exposure> {
    let mut places = places(path)?;
    let (last, found) = places.pop()?;
    let above = places
        .into_iter()
        .find_map(|(path, found)| Some((path, reason(&found, true)?)));
    let (path, reason) = above.or_else(|| Some((last, reason(&found, sticky_protects)?)))?;
    Some(Exposure { path, reason })
}

/// Every directory and link that leads to `path`, from the root on, and what is there at last.
#[cfg(unix)]
fn places(path: &Path) -> Option<Vec<(PathBuf, Metadata)>> {
    let mut places = Vec::new();
    let mut links = 0;
    let mut at = PathBuf::new();
    let mut rest = std::path::absolute(path).ok()?;
    loop {
        let mut parts = rest.components();
        let place = match parts.next() {
            None => return Some(places),
            Some(Component::CurDir) => at.clone(),
            Some(Component::ParentDir) => at.parent().unwrap_or(&at).to_owned(),
            Some(part) => at.join(part),
        };
        let after = parts.as_path().to_owned();
        let found = std::fs::symlink_metadata(&place).ok()?;
        if found.is_symlink() {
            links += 1;
            if links > MAX_SYMBOLIC_LINKS {
                return None;
            }
            rest = std::fs::read_link(&place).ok()?.join(after);
        } else {
            at.clone_from(&place);
            rest = after;
        }
        places.push((place, found));
    }
}

#[cfg(unix)]
fn reason(found: &Metadata, sticky_protects: bool) -> Option<&'static str> {
    use rustix::process::{getegid, geteuid};
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

    const STICKY: u32 = 0o1000;
    const ALL: u32 = 0o002;
    const GROUP: u32 = 0o020;
    let mode = found.mode();
    if found.file_type().is_char_device() {
        // A terminal: what comes of it is not what was written to it.
        None
    } else if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        Some("belongs to another user")
    } else if found.is_symlink() || (found.is_dir() && mode & STICKY != 0 && sticky_protects) {
        // The mode of a link says nothing.
        None
    } else if mode & ALL != 0 {
        Some("can be written by every user")
    } else if mode & GROUP != 0 && found.gid() != getegid().as_raw() {
        Some("can be written by another group")
    } else {
        None
    }
}

/// Elsewhere the directories of a user are closed to others by themselves.
#[cfg(not(unix))]
fn find(_: &Path, _: bool) -> Option<Exposure> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, lchown, symlink};

    use super::*;

    #[test]
    fn a_file_is_exposed_by_itself_and_by_every_directory_above_it() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("a/b");
        let file = directory.join("file");
        fs::create_dir_all(&directory).unwrap();
        fs::write(&file, "x").unwrap();
        let set =
            |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let a = root.path().join("a");
        set(&file, 0o644);
        set(&directory, 0o755);
        set(&a, 0o755);
        assert_eq!(exposure(&file), None);
        for (path, closed, open) in [
            (&file, 0o644, 0o646),
            (&directory, 0o755, 0o757),
            (&a, 0o755, 0o757),
        ] {
            set(path, open);
            let found = exposure(&file).unwrap();
            assert_eq!(
                (&found.path, found.reason),
                (path, "can be written by every user")
            );
            set(path, closed);
        }
        // This user's own group may write.
        set(&file, 0o664);
        assert_eq!(exposure(&file), None);
        // In a sticky directory no user can take away the files of another, but all users can add files.
        set(&directory, 0o1777);
        assert_eq!(exposure(&file), None);
        assert!(exposure_of_directory(&directory).is_some());
        set(&directory, 0o755);
        assert_eq!(exposure_of_directory(&directory), None);
        assert_eq!(exposure(&directory.join("missing")), None);

        // Through a link, both the link's directories and those of what it leads to count.
        let links = root.path().join("links");
        fs::create_dir(&links).unwrap();
        let link = links.join("link");
        symlink(&file, &link).unwrap();
        assert_eq!(exposure(&link), None);
        let more = root.path().join("more");
        fs::create_dir(&more).unwrap();
        symlink("../links/./link", more.join("link")).unwrap();
        for path in [&more, &links, &a] {
            set(path, 0o777);
            assert_eq!(exposure(&more.join("link")).unwrap().path, *path);
            set(path, 0o755);
        }
        symlink("loop", root.path().join("loop")).unwrap();
        assert_eq!(exposure(&root.path().join("loop")), None);
    }

    #[test]
    fn owners_and_groups_other_than_this_users_expose() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "x").unwrap();
        // Only the superuser can give a file away.
        if chown(&file, Some(1), None).is_err() {
            return;
        }
        assert_eq!(exposure(&file).unwrap().reason, "belongs to another user");
        chown(&file, Some(0), Some(1)).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(exposure(&file), None);
        fs::set_permissions(&file, Permissions::from_mode(0o664)).unwrap();
        assert_eq!(
            exposure(&file).unwrap().reason,
            "can be written by another group"
        );
        // The owner of a link can lead it elsewhere, even out of a sticky directory.
        chown(&file, Some(0), Some(0)).unwrap();
        let link = root.path().join("link");
        symlink(&file, &link).unwrap();
        assert_eq!(exposure(&link), None);
        lchown(&link, Some(1), None).unwrap();
        assert_eq!(exposure(&link).unwrap().path, link);
    }
}
