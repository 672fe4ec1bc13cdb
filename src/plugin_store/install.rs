//! Installs a plugin: what it is, whether it may replace the one that is there, and puts it in its place.

use semver::Version;

use super::error::Error;
use super::source::{Chosen, Source};
use crate::plugin_contract::{PluginConfig, PluginMetadata};
use crate::plugin_host::{self, Plugin, PluginHost, executable_name};

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The plugin.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version that it took the place of.
    pub replaced: Option<String>,
}

impl Source {
    /// Installs the plugin. `force` replaces one of any version, also one that does not say its version.
    ///
    /// # Errors
    ///
    /// [`Error`]; nothing is changed then.
    pub async fn install(self, force: bool) -> Result<Done, Error> {
        let chosen = self.unpack()?;
        self.put(chosen, force).await
    }

    /// The same with the file as the executable of the plugin `name`, whatever the file is called.
    ///
    /// # Errors
    ///
    /// As [`Source::install`].
    pub async fn install_as(self, name: &str, force: bool) -> Result<Done, Error> {
        let chosen = self.take_as(&executable_name(name))?;
        self.put(chosen, force).await
    }

    async fn put(self, chosen: Chosen, force: bool) -> Result<Done, Error> {
        let Chosen { name, path } = chosen;
        if !PluginHost::is_name(&name) {
            return Err(Error::Name { name });
        }
        let host = PluginHost::new(self.staging.plugins().to_owned());
        let asked = Plugin::of_file(&name, path);
        let metadata = asked.metadata(&PluginConfig::new()).await;
        let metadata = metadata.map_err(|source| Error::Metadata {
            path: self.shown.clone(),
            source,
        })?;
        let existing = match existing(&host, &name).await {
            Ok(existing) => existing,
            Err(_) if force => None,
            Err(source) => return Err(Error::Existing { source }),
        };
        if let Some(existing) = existing.as_ref().filter(|_| !force) {
            compare(&name, &metadata.version, &existing.version)?;
        }
        self.staging.put(&name)?;
        Ok(Done {
            name,
            version: metadata.version,
            replaced: existing.map(|existing| existing.version),
        })
    }
}

/// What the plugin that is there says it is; `None` without a plugin there.
async fn existing(
    host: &PluginHost,
    name: &str,
) -> Result<Option<PluginMetadata>, plugin_host::Error> {
    match host.find(name) {
        Ok(plugin) => plugin.metadata(&PluginConfig::new()).await.map(Some),
        Err(plugin_host::Error::NotInstalled { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The new version must be higher; what a version says about its build does not count.
fn compare(name: &str, new: &str, installed: &str) -> Result<(), Error> {
    let parse = |version: &str| {
        Version::parse(version).map_err(|_| Error::Version {
            version: version.to_owned(),
        })
    };
    match parse(new)?.cmp_precedence(&parse(installed)?) {
        std::cmp::Ordering::Greater => Ok(()),
        std::cmp::Ordering::Equal => Err(Error::SameVersion {
            name: name.to_owned(),
            version: installed.to_owned(),
        }),
        std::cmp::Ordering::Less => Err(Error::LowerVersion {
            name: name.to_owned(),
            version: new.to_owned(),
            installed: installed.to_owned(),
        }),
    }
}
