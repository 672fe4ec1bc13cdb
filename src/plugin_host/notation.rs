//! Whether `notation` is on this machine: by looking, without running it.

use std::path::{Path, PathBuf};

use crate::limits::MAX_FOUND_ENTRIES;

/// What shows that notation is here: its directory of plugins, or a file `notation` in one of the directories of `path`,
/// the value of `PATH`.
pub fn notation_in(plugins: Option<&Path>, path: Option<&str>) -> Option<PathBuf> {
    if let Some(plugins) = plugins.filter(|plugins| plugins.is_dir()) {
        return Some(plugins.to_owned());
    }
    let name = format!("notation{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(path?)
        .take(MAX_FOUND_ENTRIES)
        // An empty or relative entry is the current directory, which may be a checkout.
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(&name))
        .find(|file| file.is_file())
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_or_a_file_is_enough_and_nothing_in_the_current_directory_is() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let (plugins, bin) = (at("plugins"), at("bin"));
        let path = format!(":relative:{}", bin.display());
        assert_eq!(notation_in(Some(&plugins), Some(&path)), None);
        std::fs::create_dir(&bin).unwrap();
        std::fs::create_dir(bin.join("notation")).unwrap();
        assert_eq!(notation_in(Some(&plugins), Some(&path)), None);
        std::fs::remove_dir(bin.join("notation")).unwrap();
        std::fs::write(bin.join("notation"), "").unwrap();
        assert_eq!(
            notation_in(Some(&plugins), Some(&path)),
            Some(bin.join("notation"))
        );
        std::fs::create_dir(&plugins).unwrap();
        assert_eq!(notation_in(Some(&plugins), None), Some(plugins.clone()));
        assert_eq!(notation_in(None, None), None);
    }
}
