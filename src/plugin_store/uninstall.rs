//! Removes a plugin.

use std::io;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::staging::Staging;
use crate::files;
use crate::plugin_host::{PluginHost, executable_name};

/// Checks that the plugin `name` is there, so that it can be removed; gives its directory. What its executable is, and
/// whether it runs, does not matter.
///
/// # Errors
///
/// [`Error::NotInstalled`], also for a name that leads elsewhere; [`Error::Look`].
pub fn check(name: &str, plugins: &Path) -> Result<PathBuf, Error> {
    let missing = || Error::NotInstalled {
        name: name.to_owned(),
    };
    if !PluginHost::is_name(name) {
        return Err(missing());
    }
    let folder = plugins.join(name);
    let path = folder.join(executable_name(name));
    match std::fs::symlink_metadata(&path) {
        Ok(_) => Ok(folder),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing()),
        Err(source) => Err(Error::Look { path, source }),
    }
}

/// Removes the plugin `name` with everything in its directory. Where the directory is a link, the link is removed.
///
/// # Errors
///
/// As [`check`]; [`Error::Place`] and [`Error::InTheWay`] as the operating system answers.
pub fn uninstall(name: &str, plugins: &Path) -> Result<(), Error> {
    let folder = check(name, plugins)?;
    if folder.is_symlink() {
        return files::remove(&folder).map_err(|source| Error::InTheWay { source });
    }
    Staging::new(plugins)?.take_away(&folder)
}
