//! The installed plugins: the document of `plugin list`, version 1 (`schemas/plugins.v1.schema.json`).

use serde::Serialize;

use super::exit::Exit;
use super::plugin_sentence;
use crate::plugin_store::InstalledPlugin;

/// The installed plugins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PluginsV1 {
    /// The version of the document.
    pub version: &'static str,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// The plugins, sorted by name.
    pub plugins: Vec<PluginV1>,
}

/// One plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PluginV1 {
    /// What it can do, by the contract's names.
    pub capabilities: Vec<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its name.
    pub name: String,
    /// Where to read about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl PluginsV1 {
    /// The document about these plugins.
    pub fn new(installed: &[InstalledPlugin]) -> Self {
        Self {
            version: super::results::VERSION,
            exit_code: Exit::Done,
            plugins: installed.iter().map(PluginV1::new).collect(),
        }
    }
}

impl PluginV1 {
    fn new(installed: &InstalledPlugin) -> Self {
        let metadata = installed.metadata.as_ref();
        let of = |field: fn(&crate::plugin_contract::PluginMetadata) -> &String| {
            metadata.ok().map(|metadata| field(metadata).clone())
        };
        Self {
            capabilities: metadata.map_or_else(|_| Vec::new(), |found| found.capabilities.clone()),
            description: of(|metadata| &metadata.description),
            error: metadata.err().map(plugin_sentence::of_listed),
            name: installed.name.clone(),
            url: of(|metadata| &metadata.url),
            version: of(|metadata| &metadata.version),
        }
    }
}
