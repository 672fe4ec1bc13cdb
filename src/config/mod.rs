//! Notation's directories and its `config.json`.
//!
//! Input: an environment, handed in; output: paths and settings. Nothing is read here but `config.json`;
//! trust policies, trust stores and keys are read by the modules that judge them.

mod signing_keys;
mod store_name;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::document::{self, Document, Kind, Member, Node, Position};
use crate::files;
use crate::limits::MAX_CONFIG_BYTES;
use crate::notary::EnvelopeFormat;

pub use signing_keys::{Error as SigningKeysError, SigningKey, SigningKeys};
pub use store_name::{StoreName, StoreNameError};

/// The operating systems whose rules differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Linux and every other system with XDG directories.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Platform {
    /// The system that this program was built for.
    pub const fn current() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

/// Where Notation keeps its files. Paths are as absolute as the environment's values are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationDirs {
    /// `config.json`, `signingkeys.json`, trust policies, trust stores.
    pub config: PathBuf,
    /// The directory that holds `plugins`.
    pub libexec: PathBuf,
    /// CRLs.
    pub cache: PathBuf,
}

impl NotationDirs {
    /// The directories of this process's environment.
    pub fn from_env() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where Notation's directories are taken from the environment"
        )]
        Self::new(Platform::current(), |name| std::env::var_os(name))
    }

    /// The directories of an environment. An empty variable counts as unset.
    ///
    /// `NOTATION_CONFIG`, `NOTATION_LIBEXEC` and `NOTATION_CACHE` win; then come the system's own
    /// directories; without any, `.notation` in the working directory, as notation has it.
    pub fn new(platform: Platform, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let home = || set("HOME");
        // A relative XDG directory is invalid (XDG Base Directory Specification) and, in notation,
        // counts as no directory at all: not even `HOME` is then asked.
        let xdg = |name: &str, below_home: &str| match set(name) {
            Some(path) => Some(path).filter(|path| path.is_absolute()),
            None => home().map(|home| home.join(below_home)),
        };
        let (user_config, user_cache) = match platform {
            Platform::Linux => (
                xdg("XDG_CONFIG_HOME", ".config"),
                xdg("XDG_CACHE_HOME", ".cache"),
            ),
            Platform::MacOs => (
                home().map(|home| home.join("Library/Application Support")),
                home().map(|home| home.join("Library/Caches")),
            ),
            Platform::Windows => (set("AppData"), set("LocalAppData")),
        };
        let config = set("NOTATION_CONFIG").unwrap_or_else(|| match user_config {
            Some(directory) => directory.join("notation"),
            None => PathBuf::from(".notation"),
        });
        let cache = set("NOTATION_CACHE").unwrap_or_else(|| match user_cache {
            Some(directory) => directory.join("notation"),
            None => PathBuf::from(".notation").join("cache"),
        });
        let libexec = set("NOTATION_LIBEXEC").unwrap_or_else(|| config.clone());
        Self {
            config,
            libexec,
            cache,
        }
    }

    /// `config.json`.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.json")
    }

    /// `signingkeys.json`.
    pub fn signing_keys_file(&self) -> PathBuf {
        self.config.join("signingkeys.json")
    }

    /// The directory of keys and certificates made by `cert generate-test`.
    pub fn local_keys(&self) -> PathBuf {
        self.config.join("localkeys")
    }

    /// The directory that holds one directory for each plugin.
    pub fn plugins(&self) -> PathBuf {
        self.libexec.join("plugins")
    }

    /// The directory of kept answers of AWS Signer, which notation does not know.
    pub fn aws_signer_cache(&self) -> PathBuf {
        self.cache.join("aws-signer")
    }

    /// The directory of cached CRLs.
    pub fn crl_cache(&self) -> PathBuf {
        self.cache.join("crl")
    }
}

/// Why `config.json` could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It is there and could not be read.
    #[error("could not read the configuration file")]
    Unreadable {
        /// Why; names the path.
        source: files::Error,
    },
    /// It is not a JSON document.
    #[error("malformed configuration file `{}`", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        source: document::Error,
    },
    /// A value of the wrong type or out of range.
    #[error("`{}` at {position}: {} is {found}; allowed: {allowed}", path.display(), document::place(pointer))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// JSON pointer of the value.
        pointer: String,
        /// Where it is.
        position: Position,
        /// What is there: a kind of value, or the value itself.
        found: String,
        /// What may be there.
        allowed: &'static str,
    },
}

impl Error {
    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { source } => source.hint(),
            Self::Malformed { source, .. } => source.hint(),
            Self::Invalid { .. } => None,
        }
    }
}

/// What `config.json` says; all empty where there is no such file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Registries that are spoken to over plain HTTP, as `host[:port]`.
    pub insecure_registries: Vec<String>,
    /// The credential helper of every registry that [`Self::cred_helpers`] does not name.
    pub creds_store: Option<String>,
    /// Credential helpers by registry.
    pub cred_helpers: BTreeMap<String, String>,
    /// The format of signatures that are made.
    pub signature_format: Option<EnvelopeFormat>,
}

impl Config {
    /// Loads `config.json`.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`]; that there is no such file is not an error.
    pub fn load(dirs: &NotationDirs) -> Result<Self, Error> {
        let path = dirs.config_file();
        match files::read(&path, MAX_CONFIG_BYTES) {
            Ok(bytes) => Self::parse(&path, &bytes),
            Err(error) if error.is_not_found() => Ok(Self::default()),
            Err(source) => Err(Error::Unreadable { source }),
        }
    }

    /// Parses the text of a `config.json`; `path` is for messages.
    ///
    /// Members that Notation does not define are ignored, since Docker's own may stand beside them; those
    /// that it defines are matched exactly and must have the right type.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] and [`Error::Invalid`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let document = Document::parse(bytes).map_err(|source| Error::Malformed {
            path: path.to_owned(),
            source,
        })?;
        let mut config = Self::default();
        let root = document.root();
        for Member { name, value, .. } in members(path, &root)? {
            if value.kind() == Kind::Null {
                continue;
            }
            match name {
                "insecureRegistries" => {
                    let elements = value
                        .elements()
                        .ok_or_else(|| invalid(path, &value, "an array of strings"))?;
                    for element in elements {
                        config.insecure_registries.push(string(path, &element)?);
                    }
                }
                "credsStore" => {
                    config.creds_store =
                        Some(string(path, &value)?).filter(|name| !name.is_empty());
                }
                "credHelpers" => {
                    for helper in members(path, &value)? {
                        let program = string(path, &helper.value)?;
                        config.cred_helpers.insert(helper.name.to_owned(), program);
                    }
                }
                "signatureFormat" => config.signature_format = signature_format(path, &value)?,
                _ => {}
            }
        }
        Ok(config)
    }
}

fn signature_format(path: &Path, value: &Node<'_>) -> Result<Option<EnvelopeFormat>, Error> {
    // notation folds letter case here.
    match string(path, value)?.to_ascii_lowercase().as_str() {
        "" => Ok(None),
        "jws" => Ok(Some(EnvelopeFormat::Jws)),
        "cose" => Ok(Some(EnvelopeFormat::Cose)),
        _ => Err(invalid(path, value, "`jws` or `cose`")),
    }
}

fn members<'d>(path: &Path, value: &Node<'d>) -> Result<Vec<Member<'d>>, Error> {
    value
        .members()
        .ok_or_else(|| invalid(path, value, "an object"))
}

fn string(path: &Path, value: &Node<'_>) -> Result<String, Error> {
    value
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| invalid(path, value, "a string"))
}

fn invalid(path: &Path, value: &Node<'_>, allowed: &'static str) -> Error {
    let found = match value.as_str() {
        Some(text) => format!("`{text}`"),
        None => value.kind().to_string(),
    };
    Error::Invalid {
        path: path.to_owned(),
        pointer: value.pointer().to_owned(),
        position: value.position(),
        found,
        allowed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(platform: Platform, variables: &[(&str, &str)]) -> NotationDirs {
        NotationDirs::new(platform, |name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    fn config(text: &str) -> Result<Config, Error> {
        Config::parse(Path::new("/c/config.json"), text.as_bytes())
    }

    #[test]
    fn linux_asks_xdg_then_home_then_the_working_directory() {
        let home = ("HOME", "/home/u");
        for (variables, config, cache) in [
            (
                vec![home],
                "/home/u/.config/notation",
                "/home/u/.cache/notation",
            ),
            (
                vec![home, ("XDG_CONFIG_HOME", "/x"), ("XDG_CACHE_HOME", "/y")],
                "/x/notation",
                "/y/notation",
            ),
            (
                vec![home, ("XDG_CONFIG_HOME", ""), ("NOTATION_CONFIG", "")],
                "/home/u/.config/notation",
                "/home/u/.cache/notation",
            ),
            (
                vec![home, ("XDG_CONFIG_HOME", "rel"), ("XDG_CACHE_HOME", "rel")],
                ".notation",
                ".notation/cache",
            ),
            (vec![], ".notation", ".notation/cache"),
            (
                vec![home, ("NOTATION_CONFIG", "conf"), ("NOTATION_CACHE", "/k")],
                "conf",
                "/k",
            ),
        ] {
            let found = dirs(Platform::Linux, &variables);
            assert_eq!(found.config, Path::new(config), "{variables:?}");
            assert_eq!(found.cache, Path::new(cache), "{variables:?}");
            assert_eq!(found.libexec, found.config, "{variables:?}");
        }
    }

    #[test]
    fn mac_os_and_windows_have_their_own_directories() {
        let mac = dirs(
            Platform::MacOs,
            &[("HOME", "/Users/u"), ("XDG_CONFIG_HOME", "/x")],
        );
        assert_eq!(
            mac.config,
            Path::new("/Users/u/Library/Application Support/notation")
        );
        assert_eq!(mac.cache, Path::new("/Users/u/Library/Caches/notation"));
        let windows = dirs(
            Platform::Windows,
            &[("AppData", "C:/a"), ("LocalAppData", "C:/l")],
        );
        assert_eq!(windows.config, Path::new("C:/a/notation"));
        assert_eq!(windows.cache, Path::new("C:/l/notation"));
    }

    #[test]
    fn plugins_are_below_libexec() {
        let found = dirs(
            Platform::Linux,
            &[
                ("NOTATION_CONFIG", "/c"),
                ("NOTATION_LIBEXEC", "/l"),
                ("NOTATION_CACHE", "/k"),
            ],
        );
        assert_eq!(found.plugins(), Path::new("/l/plugins"));
        assert_eq!(found.config_file(), Path::new("/c/config.json"));
        assert_eq!(found.signing_keys_file(), Path::new("/c/signingkeys.json"));
        assert_eq!(found.local_keys(), Path::new("/c/localkeys"));
        assert_eq!(found.crl_cache(), Path::new("/k/crl"));
    }

    #[test]
    fn reads_what_notation_defines_and_leaves_the_rest() {
        let found = config(
            r#"{"insecureRegistries": ["reg:5000"], "credsStore": "pass", "credHelpers": {"a.io": "ecr-login"},
                "signatureFormat": "COSE", "auths": {"x": {}}, "HttpHeaders": null}"#,
        )
        .unwrap();
        assert_eq!(
            found,
            Config {
                insecure_registries: vec!["reg:5000".into()],
                creds_store: Some("pass".into()),
                cred_helpers: BTreeMap::from([("a.io".into(), "ecr-login".into())]),
                signature_format: Some(EnvelopeFormat::Cose),
            }
        );
        let absent =
            config(r#"{"credsStore": "", "signatureFormat": null, "insecureRegistries": null}"#);
        assert_eq!(absent.unwrap(), Config::default());
    }

    #[test]
    fn a_wrong_type_names_the_place_what_was_found_and_what_is_allowed() {
        for (text, expected) in [
            (
                "{\n \"insecureRegistries\": \"reg\"}",
                "line 2, column 24: `/insecureRegistries` is `reg`; allowed: an array of strings",
            ),
            (
                r#"{"insecureRegistries": ["a", 1]}"#,
                "line 1, column 30: `/insecureRegistries/1` is a number; allowed: a string",
            ),
            (
                r#"{"credHelpers": {"a/b": null}}"#,
                "line 1, column 25: `/credHelpers/a~1b` is null; allowed: a string",
            ),
            (
                r#"{"signatureFormat": "pgp"}"#,
                "line 1, column 21: `/signatureFormat` is `pgp`; allowed: `jws` or `cose`",
            ),
            (
                "[]",
                "line 1, column 1: the document is an array; allowed: an object",
            ),
        ] {
            let error = config(text).unwrap_err();
            assert!(matches!(error, Error::Invalid { .. }), "{error:?}");
            assert_eq!(error.to_string(), format!("`/c/config.json` at {expected}"));
        }
        let error = config("{bad").unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }));
        assert_eq!(
            error.to_string(),
            "malformed configuration file `/c/config.json`"
        );
    }

    #[test]
    fn a_missing_file_is_no_error_and_a_link_is_one() {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().to_str().unwrap();
        let dirs = dirs(Platform::Linux, &[("NOTATION_CONFIG", config)]);
        assert_eq!(Config::load(&dirs).unwrap(), Config::default());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("/nowhere", dirs.config_file()).unwrap();
            assert!(matches!(
                Config::load(&dirs),
                Err(Error::Unreadable {
                    source: files::Error::SymbolicLink { .. }
                })
            ));
        }
    }
}
