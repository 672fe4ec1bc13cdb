//! The plugins that are there, with what each says it is.

use std::path::Path;

use super::error::Error;
use crate::files;
use crate::limits::MAX_INSTALLED_PLUGINS;
use crate::plugin_contract::{PluginConfig, PluginMetadata};
use crate::plugin_host::{self, PluginHost};

/// A directory in the directory of plugins.
#[derive(Debug)]
pub struct InstalledPlugin {
    /// Its name, which is the plugin's.
    pub name: String,
    /// What the plugin says it is, or why it cannot be used.
    pub metadata: Result<PluginMetadata, plugin_host::Error>,
}

/// Every directory in `plugins`, sorted by name. Each plugin is run.
///
/// # Errors
///
/// [`Error::List`]; a missing directory is not an error.
pub async fn list(plugins: &Path) -> Result<Vec<InstalledPlugin>, Error> {
    let failed = |source| Error::List {
        path: plugins.to_owned(),
        source,
    };
    // As a plugin is found: links above its own directory are followed.
    let real = std::fs::canonicalize(plugins);
    let real = real.as_deref().unwrap_or(plugins);
    let paths = match files::read_directory(real, MAX_INSTALLED_PLUGINS) {
        Ok(paths) => paths,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(source) => return Err(failed(source)),
    };
    let host = PluginHost::new(plugins.to_owned());
    let mut found = Vec::new();
    for path in paths {
        let is_directory = path.symlink_metadata().is_ok_and(|found| found.is_dir());
        let Some(name) = path.file_name().filter(|_| is_directory) else {
            continue;
        };
        let name = name.to_string_lossy().into_owned();
        let metadata = match host.find(&name) {
            Ok(plugin) => plugin.metadata(&PluginConfig::new()).await,
            Err(error) => Err(error),
        };
        found.push(InstalledPlugin { name, metadata });
    }
    Ok(found)
}
