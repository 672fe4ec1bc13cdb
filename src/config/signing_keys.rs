//! `signingkeys.json`: the names of keys, as notation reads and writes them.
//!
//! The file has no secrets: a local key is a path, a plugin's key is what the plugin calls it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::NotationDirs;
use crate::document::{self, Document, Kind, Node};
use crate::files;
use crate::limits::{MAX_CONFIG_BYTES, MAX_SIGNING_KEYS};

/// Why keys are not available, or not be changed. The words are notation's where it has some.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file could not be read or written.
    #[error("signingkeys.json cannot be used")]
    File {
        /// Why.
        #[source]
        source: files::Error,
    },
    /// The file is not JSON.
    #[error("malformed signingkeys.json")]
    Malformed {
        /// Where and why.
        #[source]
        source: document::Error,
    },
    /// The file says something impossible.
    #[error("malformed signingkeys.json: {problem}")]
    Invalid {
        /// What.
        problem: String,
    },
    /// No key of this name.
    #[error("signing key {name} not found")]
    NotFound {
        /// The name.
        name: String,
    },
    /// There is one of this name already.
    #[error("signing key with name \"{name}\" already exists")]
    Exists {
        /// The name.
        name: String,
    },
    /// A key without a name.
    #[error("key name cannot be empty")]
    EmptyName,
    /// No name was given and none is the default.
    #[error("default signing key not set. Please set default signing key or specify a key name")]
    NoDefault,
    /// More keys than a real file has.
    #[error("signingkeys.json has more than {MAX_SIGNING_KEYS} keys")]
    TooMany,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File { source } => source.hint(),
            Self::Malformed { source } => source.hint(),
            Self::Exists { name } => Some(format!(
                "choose another name, or remove that key first: `countersign key delete {name}`"
            )),
            Self::NotFound { .. } => Some("`countersign key list` shows the names".to_owned()),
            Self::NoDefault => Some(
                "give the setting `key NAME`, the setting `signing-profile ARN`, the setting `kms-key KEY` or the \
                 setting `plugin NAME` with the setting `id ID`, or set a default with `countersign key update \
                 --default NAME`"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// One key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SigningKey {
    /// Its name, unique in the file.
    pub name: String,
    /// File of the private key, for a local key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_path: Option<String>,
    /// File of the certificate chain, for a local key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_path: Option<String>,
    /// What the plugin calls it, for a plugin's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin_name: Option<String>,
    /// Settings for the plugin.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub plugin_config: BTreeMap<String, String>,
}

/// The keys of `signingkeys.json`; none where there is no such file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SigningKeys {
    /// Name of the key that signs where none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// The keys, in the file's order.
    pub keys: Vec<SigningKey>,
}

impl SigningKeys {
    /// Loads `signingkeys.json`.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Malformed`], [`Error::Invalid`] and [`Error::TooMany`]; that there
    /// is no such file is not an error.
    pub fn load(dirs: &NotationDirs) -> Result<Self, Error> {
        match files::read(&dirs.signing_keys_file(), MAX_CONFIG_BYTES) {
            Ok(bytes) => Self::parse(&bytes),
            Err(error) if error.is_not_found() => Ok(Self::default()),
            Err(source) => Err(Error::File { source }),
        }
    }

    /// Parses the text of a `signingkeys.json`. Unknown members are passed over, as in notation.
    ///
    /// # Errors
    ///
    /// As [`SigningKeys::load`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let document = Document::parse(bytes).map_err(|source| Error::Malformed { source })?;
        let root = document.root();
        let mut keys = Self::default();
        if root.kind() == Kind::Null {
            return Ok(keys);
        }
        for member in root.members().ok_or_else(|| invalid(&root, "an object"))? {
            match member.name {
                "default" => keys.default = text(&member.value)?,
                "keys" if member.value.kind() != Kind::Null => {
                    let elements = member
                        .value
                        .elements()
                        .ok_or_else(|| invalid(&member.value, "an array"))?;
                    if elements.len() > MAX_SIGNING_KEYS {
                        return Err(Error::TooMany);
                    }
                    keys.keys = elements.iter().map(key).collect::<Result<_, _>>()?;
                }
                _ => {}
            }
        }
        keys.check()?;
        Ok(keys)
    }

    fn check(&self) -> Result<(), Error> {
        let problem = |problem: String| Err(Error::Invalid { problem });
        for (index, key) in self.keys.iter().enumerate() {
            if key.name.is_empty() {
                return problem("key name cannot be empty".to_owned());
            }
            if self
                .keys
                .iter()
                .take(index)
                .any(|other| other.name == key.name)
            {
                return problem(format!("multiple keys with name '{}' found", key.name));
            }
        }
        match self.default.as_deref() {
            Some("") => problem("default key name cannot be empty".to_owned()),
            Some(name) if self.find(name).is_none() => {
                problem(format!("default key '{name}' not found"))
            }
            _ => Ok(()),
        }
    }

    fn find(&self, name: &str) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// The key of this name, or the default one.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`] and [`Error::NoDefault`].
    pub fn get(&self, name: Option<&str>) -> Result<&SigningKey, Error> {
        let name = name.or(self.default.as_deref()).ok_or(Error::NoDefault)?;
        self.find(name).ok_or_else(|| Error::NotFound {
            name: name.to_owned(),
        })
    }

    /// Adds a key at the end.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyName`], [`Error::Exists`] and [`Error::TooMany`].
    pub fn add(&mut self, key: SigningKey, as_default: bool) -> Result<(), Error> {
        if key.name.is_empty() {
            return Err(Error::EmptyName);
        }
        if self.find(&key.name).is_some() {
            return Err(Error::Exists { name: key.name });
        }
        if self.keys.len() >= MAX_SIGNING_KEYS {
            return Err(Error::TooMany);
        }
        if as_default {
            self.default = Some(key.name.clone());
        }
        self.keys.push(key);
        Ok(())
    }

    /// Makes a key the default.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyName`] and [`Error::NotFound`].
    pub fn set_default(&mut self, name: &str) -> Result<(), Error> {
        if name.is_empty() {
            return Err(Error::EmptyName);
        }
        self.default = Some(self.get(Some(name))?.name.clone());
        Ok(())
    }

    /// Removes keys, all or none; gives back which of them was the default.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyName`] and [`Error::NotFound`], for a name that is given twice too.
    pub fn remove(&mut self, names: &[String]) -> Result<Option<String>, Error> {
        let mut left = self.clone();
        let mut removed_default = None;
        for name in names {
            if name.is_empty() {
                return Err(Error::EmptyName);
            }
            left.get(Some(name))?;
            left.keys.retain(|key| key.name != *name);
            if left.default.as_ref() == Some(name) {
                removed_default = left.default.take();
            }
        }
        *self = left;
        Ok(removed_default)
    }

    /// Changes `signingkeys.json`: read, changed and written under a lock, so that two processes
    /// lose nothing; written whole or not at all, mode 0600.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::Malformed`], and what `change` refuses.
    pub fn update<T>(
        dirs: &NotationDirs,
        change: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let file = |source| Error::File { source };
        files::create_directory(&dirs.config).map_err(file)?;
        let _lock = lock(&dirs.config).map_err(file)?;
        let mut keys = Self::load(dirs)?;
        let answer = change(&mut keys)?;
        files::write_atomic(&dirs.signing_keys_file(), &keys.to_bytes()).map_err(file)?;
        Ok(answer)
    }

    /// The file's text, as notation writes it.
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut writer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
        // Text into memory: nothing there can fail.
        let _ = self.serialize(&mut writer);
        bytes.push(b'\n');
        bytes
    }
}

/// Holds the directory for this process until the file is dropped. Nothing is left behind.
fn lock(directory: &Path) -> Result<File, files::Error> {
    let failed = |source| files::Error::Io {
        operation: "lock",
        path: PathBuf::from(directory),
        source,
    };
    #[cfg(unix)]
    let file = File::open(directory).map_err(failed)?;
    // A directory cannot be opened there.
    #[cfg(not(unix))]
    let file = File::create(directory.join(".signingkeys.lock")).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

fn key(node: &Node<'_>) -> Result<SigningKey, Error> {
    let mut key = SigningKey::default();
    for member in node.members().ok_or_else(|| invalid(node, "an object"))? {
        let value = &member.value;
        match member.name {
            "name" => key.name = text(value)?.unwrap_or_default(),
            "keyPath" => key.key_path = text(value)?,
            "certPath" => key.cert_path = text(value)?,
            "id" => key.id = text(value)?,
            "pluginName" => key.plugin_name = text(value)?,
            "pluginConfig" if value.kind() != Kind::Null => {
                for setting in value.members().ok_or_else(|| invalid(value, "an object"))? {
                    let text = setting
                        .value
                        .as_str()
                        .ok_or_else(|| invalid(&setting.value, "a string"))?;
                    key.plugin_config
                        .insert(setting.name.to_owned(), text.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(key)
}

fn text(value: &Node<'_>) -> Result<Option<String>, Error> {
    match value.as_str() {
        Some(text) => Ok(Some(text.to_owned())),
        None if value.kind() == Kind::Null => Ok(None),
        None => Err(invalid(value, "a string")),
    }
}

fn invalid(value: &Node<'_>, wanted: &str) -> Error {
    Error::Invalid {
        problem: format!(
            "{} at {} is {}, wanted {wanted}",
            document::place(value.pointer()),
            value.position(),
            value.kind()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(folder: &Path) -> NotationDirs {
        NotationDirs {
            config: folder.join("notation"),
            libexec: folder.join("notation"),
            cache: Some(folder.join("cache")),
        }
    }

    fn named(name: &str) -> SigningKey {
        SigningKey {
            name: name.to_owned(),
            id: Some("i".to_owned()),
            plugin_name: Some("p".to_owned()),
            ..SigningKey::default()
        }
    }

    #[test]
    fn the_file_is_notations() {
        let mut keys = SigningKeys::default();
        assert_eq!(keys.to_bytes(), b"{\n    \"keys\": []\n}\n");
        keys.add(named("a"), true).unwrap();
        let text = "{\n    \"default\": \"a\",\n    \"keys\": [\n        {\n            \"name\": \
                    \"a\",\n            \"id\": \"i\",\n            \"pluginName\": \"p\"\n        \
                    }\n    ]\n}\n";
        assert_eq!(String::from_utf8(keys.to_bytes()).unwrap(), text);
        assert_eq!(SigningKeys::parse(text.as_bytes()).unwrap(), keys);
    }

    #[test]
    fn impossible_files_are_refused_in_notations_words() {
        for (text, problem) in [
            (r#"{"default":"x","keys":[]}"#, "default key 'x' not found"),
            (
                r#"{"keys":[{"name":"a"},{"name":"a"}]}"#,
                "multiple keys with name 'a' found",
            ),
            (r#"{"keys":[{"name":""}]}"#, "key name cannot be empty"),
            (r#"{"keys":[{}]}"#, "key name cannot be empty"),
            (
                r#"{"default":"","keys":[]}"#,
                "default key name cannot be empty",
            ),
            (
                r#"{"keys":{}}"#,
                "`/keys` at line 1, column 9 is an object, wanted an array",
            ),
        ] {
            let error = SigningKeys::parse(text.as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("malformed signingkeys.json: {problem}")
            );
        }
        for text in ["null", "{}", r#"{"keys":null,"x":1}"#] {
            let keys = SigningKeys::parse(text.as_bytes()).unwrap();
            assert_eq!(keys, SigningKeys::default());
        }
        let many = |count: usize| {
            let keys: Vec<_> = (0..count).map(|n| format!(r#"{{"name":"{n}"}}"#)).collect();
            SigningKeys::parse(format!(r#"{{"keys":[{}]}}"#, keys.join(",")).as_bytes())
        };
        assert_eq!(many(MAX_SIGNING_KEYS).unwrap().keys.len(), MAX_SIGNING_KEYS);
        assert!(matches!(many(MAX_SIGNING_KEYS + 1), Err(Error::TooMany)));
    }

    #[test]
    fn removing_is_all_or_nothing() {
        let mut keys = SigningKeys::default();
        keys.add(named("a"), true).unwrap();
        keys.add(named("b"), false).unwrap();
        let before = keys.clone();
        for names in [["b", "c"], ["b", "b"]] {
            let error = keys.remove(&names.map(str::to_owned)).unwrap_err();
            assert!(matches!(error, Error::NotFound { .. }));
            assert_eq!(keys, before);
        }
        let removed = keys.remove(&["a".to_owned()]).unwrap();
        assert_eq!(removed.as_deref(), Some("a"));
        assert_eq!((keys.default, keys.keys.len()), (None, 1));
    }

    #[test]
    fn two_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dirs = dirs(folder.path());
        std::thread::scope(|scope| {
            for index in 0..16 {
                let dirs = &dirs;
                scope.spawn(move || {
                    SigningKeys::update(dirs, |keys| keys.add(named(&index.to_string()), false))
                        .unwrap();
                });
            }
        });
        assert_eq!(SigningKeys::load(&dirs).unwrap().keys.len(), 16);
    }
}
