//! Finding an installed plugin.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Error, Plugin, executable_name};
use crate::limits::{MAX_PLUGIN_NAME_BYTES, PROCESS_TIMEOUT};
use crate::process::ChildVariables;

/// Which plugins there are.
#[derive(Debug, Clone)]
enum Plugins {
    /// Whatever is installed in this directory.
    In(PathBuf),
    /// These and no others, each with the directory that it is installed in.
    Named(BTreeMap<String, PathBuf>),
}

/// The directory in which plugins are installed.
#[derive(Debug, Clone)]
pub struct PluginHost {
    plugins: Plugins,
    timeout: Duration,
    variables: ChildVariables,
}

impl PluginHost {
    /// The plugins in the directory `plugins`, one directory for each.
    pub fn new(plugins: PathBuf) -> Self {
        Self {
            plugins: Plugins::In(plugins),
            timeout: PROCESS_TIMEOUT,
            variables: ChildVariables::OfProcess,
        }
    }

    /// These plugins and no others: each by its name, with the directory `plugins` that it is installed in.
    pub fn named(plugins: BTreeMap<String, PathBuf>) -> Self {
        Self {
            plugins: Plugins::Named(plugins),
            timeout: PROCESS_TIMEOUT,
            variables: ChildVariables::OfProcess,
        }
    }

    /// The same with another limit for each command of a plugin.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// The same, whose plugins are given these variables in place of the process's.
    #[must_use]
    pub fn with_variables(self, variables: ChildVariables) -> Self {
        Self { variables, ..self }
    }

    /// Whether a plugin can have this name.
    pub fn is_name(name: &str) -> bool {
        check_name(name).is_ok()
    }

    /// Finds the plugin `name`: `{plugins}/{name}/notation-{name}`.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] and [`Error::NotNamed`] before the disk is touched, [`Error::NotInstalled`], and
    /// [`Error::NotExecutable`] for anything but an executable regular file.
    pub fn find(&self, name: &str) -> Result<Plugin, Error> {
        check_name(name)?;
        let plugins = match &self.plugins {
            Plugins::In(directory) => directory,
            Plugins::Named(named) => named.get(name).ok_or_else(|| Error::NotNamed {
                name: name.to_owned(),
            })?,
        };
        let folder = plugins.join(name);
        let path = folder.join(executable_name(name));
        // Unlike notation, which follows links here: a link is refused, as the specification says.
        check_kind(
            name,
            &folder,
            &path,
            std::fs::Metadata::is_dir,
            "not a directory",
        )?;
        check_kind(
            name,
            &path,
            &path,
            std::fs::Metadata::is_file,
            "not a regular file",
        )?;
        check_kind(name, &path, &path, is_executable, "not executable")?;
        Ok(Plugin {
            name: name.to_owned(),
            path,
            timeout: self.timeout,
            variables: self.variables.clone(),
        })
    }
}

/// One path component of a conservative alphabet; an envelope may have chosen it.
fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let first = name
        .chars()
        .next()
        .is_some_and(|c| c.is_ascii_alphanumeric());
    if first && name.len() <= MAX_PLUGIN_NAME_BYTES && name.chars().all(allowed) {
        Ok(())
    } else {
        Err(Error::Name {
            name: name.to_owned(),
        })
    }
}

fn check_kind(
    name: &str,
    path: &Path,
    executable: &Path,
    wanted: impl Fn(&std::fs::Metadata) -> bool,
    otherwise: &'static str,
) -> Result<(), Error> {
    let metadata = std::fs::symlink_metadata(path).map_err(|_| Error::NotInstalled {
        name: name.to_owned(),
        path: executable.to_owned(),
    })?;
    let found = if metadata.is_symlink() {
        "a symbolic link"
    } else if wanted(&metadata) {
        return Ok(());
    } else {
        otherwise
    };
    Err(Error::NotExecutable {
        name: name.to_owned(),
        path: path.to_owned(),
        found,
    })
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    true
}
