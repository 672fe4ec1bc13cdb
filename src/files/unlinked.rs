//! Paths without symbolic links: what a user names and pins by nothing may lead nowhere else.

use std::path::{Path, PathBuf};

use super::{Error, look};

/// Checks that no component of `path`, as it is written, is a symbolic link. What is above a relative path is not
/// looked at.
///
/// # Errors
///
/// [`Error::SymbolicLink`] names the first link; [`Error::NotFound`] and [`Error::Io`] as the operating system answers.
pub fn check_unlinked(path: &Path) -> Result<(), Error> {
    let mut walked = PathBuf::new();
    for component in path.components() {
        walked.push(component);
        if look(&walked)?.is_symlink() {
            return Err(Error::SymbolicLink { path: walked });
        }
    }
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_anywhere_in_a_path_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(real.join("a/b")).unwrap();
        std::fs::write(real.join("a/b/f"), "x").unwrap();
        symlink("a", real.join("link")).unwrap();
        check_unlinked(&real.join("a/b/f")).unwrap();
        check_unlinked(&real.join("a/b/../b/f")).unwrap();
        let found = check_unlinked(&real.join("link/b/f"));
        assert!(
            matches!(&found, Err(Error::SymbolicLink { path }) if *path == real.join("link")),
            "{found:?}"
        );
        let found = check_unlinked(&real.join("a/c/f"));
        assert!(
            matches!(&found, Err(Error::NotFound { path }) if *path == real.join("a/c")),
            "{found:?}"
        );
    }
}
