//! The place where a plugin is put together before it takes its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::error::Error;
use crate::files;

/// A directory of this user alone, on the file system of the plugins, which is gone with everything in it when this is
/// dropped.
#[derive(Debug)]
pub(super) struct Staging {
    directory: TempDir,
    plugins: PathBuf,
}

impl Staging {
    /// Makes one for `plugins`, which need not exist yet: beside it, so it is not taken for a plugin.
    pub(super) fn new(plugins: &Path) -> Result<Self, Error> {
        // A relative directory of plugins is one below the current one.
        let parents = plugins.ancestors().skip(1).map(|parent| {
            if parent.as_os_str().is_empty() {
                Path::new(".")
            } else {
                parent
            }
        });
        let mut existing = Path::new(".");
        for parent in parents {
            existing = parent;
            if parent.is_dir() {
                break;
            }
        }
        let place = |source| Error::Place {
            path: plugins.to_owned(),
            source,
        };
        let directory = tempfile::Builder::new()
            .prefix(".notation-plugin-")
            .tempdir_in(existing)
            .map_err(place)?;
        let staging = Self {
            directory,
            plugins: plugins.to_owned(),
        };
        files::create_directory_with_mode(&staging.files(), files::SHARED_DIRECTORY)
            .map_err(|source| Error::InTheWay { source })?;
        Ok(staging)
    }

    /// The directory in which the plugin is put together.
    pub(super) fn files(&self) -> PathBuf {
        self.directory.path().join("files")
    }

    /// The directory around it, for files that do not belong to the plugin.
    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn plugins(&self) -> &Path {
        &self.plugins
    }

    /// Puts the plugin in its place, in one step; what was there is gone afterwards.
    pub(super) fn put(self, name: &str) -> Result<(), Error> {
        let (plugins, from) = (&self.plugins, self.files());
        files::create_directory_with_mode(plugins, files::SHARED_DIRECTORY)
            .map_err(|source| Error::InTheWay { source })?;
        let target = plugins.join(name);
        let place = |source| Error::Place {
            path: target.clone(),
            source,
        };
        match files::check_directory(&target) {
            Err(error) if error.is_not_found() => fs::rename(&from, &target).map_err(place),
            Err(source) => Err(Error::InTheWay { source }),
            Ok(()) => {
                let old = self.directory.path().join("old");
                exchange(&from, &target, &old).map_err(place)
            }
        }
    }

    /// Takes the directory `target` away, in one step, with everything in it.
    pub(super) fn take_away(self, target: &Path) -> Result<(), Error> {
        let place = |source| Error::Place {
            path: target.to_owned(),
            source,
        };
        fs::rename(target, self.directory.path().join("old")).map_err(place)?;
        self.directory.close().map_err(place)
    }
}

/// Has the two directories change places, or as near to it as the system comes: then `target` lies at `old`.
fn exchange(from: &Path, target: &Path, old: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, from, CWD, target, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    fs::rename(target, old)?;
    let put = fs::rename(from, target);
    if put.is_err() {
        // What was there is better than nothing.
        fs::rename(old, target)?;
    }
    put
}
