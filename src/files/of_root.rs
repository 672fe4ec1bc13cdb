//! Files that only the superuser can have written.

use std::path::Path;

use super::Error;

/// Checks that only the superuser can have written the file or directory at `path`: no component of the path is a
/// symbolic link, each belongs to the superuser, and no other user may write it. A sticky directory above may be
/// writable, because no user can take away what another put there.
///
/// # Errors
///
/// [`Error::SymbolicLink`] and [`Error::NotPrivate`] name the first component that is not so; [`Error::NotFound`] and
/// [`Error::Io`] as the operating system answers.
#[cfg(unix)]
pub fn check_of_root(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    use std::path::PathBuf;

    const STICKY: u32 = 0o1000;
    const OTHERS: u32 = 0o022;
    let absolute = std::path::absolute(path).map_err(|source| Error::io("find", path, source))?;
    let mut walked = PathBuf::new();
    for component in absolute.components() {
        walked.push(component);
        let found = std::fs::symlink_metadata(&walked)
            .map_err(|source| Error::io("look at", &walked, source))?;
        if found.is_symlink() {
            return Err(Error::SymbolicLink { path: walked });
        }
        let is_protected = found.is_dir() && walked != absolute && found.mode() & STICKY != 0;
        let reason = if found.uid() != 0 {
            "does not belong to root"
        } else if found.mode() & OTHERS != 0 && !is_protected {
            "can be written by others than root"
        } else {
            continue;
        };
        return Err(Error::NotPrivate {
            path: walked,
            reason,
        });
    }
    Ok(())
}

/// Elsewhere nothing is known of a superuser, so that nothing passes.
///
/// # Errors
///
/// Always [`Error::NotPrivate`].
#[cfg(not(unix))]
pub fn check_of_root(path: &Path) -> Result<(), Error> {
    Err(Error::NotPrivate {
        path: path.to_owned(),
        reason: "is on a system without a superuser",
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

    use super::*;

    #[test]
    fn what_another_than_root_may_write_is_named() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let (directory, file) = (root.join("d"), root.join("d/f"));
        fs::create_dir(&directory).unwrap();
        fs::write(&file, "x").unwrap();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        };
        set(&file, 0o600);
        set(&directory, 0o755);
        // Only the superuser has files of its own here.
        if chown(&file, Some(0), None).is_err() {
            let found = check_of_root(&file).unwrap_err().to_string();
            assert!(found.ends_with("does not belong to root"), "{found}");
            return;
        }
        check_of_root(&file).unwrap();
        for (path, open, closed) in [
            (&file, 0o620, 0o600),
            (&file, 0o602, 0o600),
            (&directory, 0o775, 0o755),
        ] {
            set(path, open);
            let found = check_of_root(&file).unwrap_err().to_string();
            let wanted = format!("`{}` can be written by others than root", path.display());
            assert_eq!(found, wanted);
            set(path, closed);
        }
        set(&directory, 0o1777);
        check_of_root(&file).unwrap();
        let found = check_of_root(&directory).unwrap_err().to_string();
        let wanted = format!(
            "`{}` can be written by others than root",
            directory.display()
        );
        assert_eq!(found, wanted);
        set(&directory, 0o755);
        chown(&directory, Some(1), None).unwrap();
        let found = check_of_root(&file).unwrap_err().to_string();
        assert!(found.ends_with("does not belong to root"), "{found}");
        chown(&directory, Some(0), None).unwrap();
        let link = root.join("link");
        symlink("d", &link).unwrap();
        let found = check_of_root(&link.join("f")).unwrap_err();
        assert!(
            matches!(&found, Error::SymbolicLink { path } if *path == link),
            "{found}"
        );
        let found = check_of_root(&directory.join("none")).unwrap_err();
        assert!(found.is_not_found());
    }
}
