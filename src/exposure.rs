//! What is said where others may write what decides: a trust policy, a trust store, a key, a plugin.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use crate::config::NotationDirs;
use crate::files::{self, Exposure};
use crate::limits::{MAX_INSTALLED_PLUGINS, MAX_TRUST_STORE_FILES};
use crate::plugin_host::PluginHost;
use crate::trust_policy::TrustPolicies;
use crate::trust_store::TrustStores;

/// A line for each thing that others may write, and one only for each place that lets them.
#[derive(Debug, Default)]
pub(crate) struct Exposed {
    places: HashSet<Exposure>,
    lines: Vec<String>,
}

impl Exposed {
    /// What decides a verification: the policy's file and its stores, or the file in their place, and the
    /// plugins that a signature may name.
    pub(crate) fn of_verification(
        policy_file: Option<&Path>,
        policies: &TrustPolicies,
        stores: &TrustStores,
        trust_anchor: Option<&Path>,
        dirs: Option<&NotationDirs>,
    ) -> Vec<String> {
        let mut exposed = Self::default();
        if let Some(file) = policy_file {
            exposed.add_file("the trust policy", file);
        }
        if let Some(anchor) = trust_anchor {
            exposed.add_file("the trust anchor", anchor);
        }
        exposed.add_stores(policies, stores);
        // Without a directory of Notation there are no plugins.
        if let Some(dirs) = dirs {
            exposed.add_plugins(&dirs.plugins());
        }
        exposed.lines
    }

    pub(crate) fn add_file(&mut self, what: &str, file: &Path) {
        self.add(what, files::exposure(file));
    }

    /// The trust stores that a policy names.
    pub(crate) fn add_stores(&mut self, policies: &TrustPolicies, stores: &TrustStores) {
        let names = policies.statements().iter();
        let names = names.flat_map(|statement| &statement.trust_stores);
        let stores: BTreeMap<_, _> = names
            .filter_map(|name| Some((name.to_string(), stores.directory_of(name)?)))
            .collect();
        for (name, directory) in &stores {
            // The code that reads the store reports what cannot be listed.
            let listed = files::read_directory(directory, MAX_TRUST_STORE_FILES);
            let itself = files::exposure_of_directory(directory);
            let listed = listed.iter().flatten();
            let found = itself
                .into_iter()
                .chain(listed.filter_map(|file| files::exposure(file)));
            self.add(&format!("the trust store `{name}`"), found);
        }
    }

    /// The plugins that a signature may name.
    pub(crate) fn of_plugins(dirs: Option<&NotationDirs>) -> Vec<String> {
        let mut exposed = Self::default();
        if let Some(dirs) = dirs {
            exposed.add_plugins(&dirs.plugins());
        }
        exposed.lines
    }

    /// The lines.
    #[cfg(feature = "cli")]
    pub(crate) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    fn add_plugins(&mut self, directory: &Path) {
        // Links lead to plugins too.
        let Ok(real) = directory.canonicalize() else {
            return;
        };
        match files::read_directory(&real, MAX_INSTALLED_PLUGINS) {
            Ok(paths) => {
                let names = paths.iter().filter_map(|path| path.file_name()?.to_str());
                names.for_each(|name| self.add_plugin(directory, name));
            }
            Err(error) => self.lines.push(format!(
                "could not determine whether others may write the plugins: {error}"
            )),
        }
    }

    pub(crate) fn add_plugin(&mut self, plugins: &Path, name: &str) {
        // What is not installed, or no plugin, is never run.
        if let Ok(plugin) = PluginHost::new(plugins.to_owned()).find(name) {
            let what = format!("the plugin `{name}`");
            self.add(&what, files::exposure(plugin.path()));
        }
    }

    /// Says the first place that has not been said.
    pub(crate) fn add(&mut self, what: &str, found: impl IntoIterator<Item = Exposure>) {
        let mut found = found.into_iter();
        if let Some(exposure) = found.find(|exposure| self.places.insert(exposure.clone())) {
            self.lines
                .push(format!("others may write {what}: {exposure}"));
        }
    }
}
