//! Notation's directories and its `config.json`.
//!
//! Input: an environment, handed in; output: paths and settings. Nothing is read here but `config.json`;
//! trust policies, trust stores and keys are read by the modules that judge them.

mod signing_keys;
mod store_name;

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

/// Where Notation keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationDirs {
    /// `config.json`, `signingkeys.json`, trust policies, trust stores.
    pub config: PathBuf,
    /// The directory that holds `plugins`.
    pub libexec: PathBuf,
    /// CRLs and kept answers, where there is a place for them.
    pub cache: Option<PathBuf>,
}

/// Why the directory of Notation's configuration is not known. What decides about trust is not taken from the current
/// directory, which may be a checkout or an unpacked archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Notation's configuration directory is not known: {reason}")]
pub struct NoDirectory {
    /// The variable that is not as it must be.
    reason: String,
    /// The directory that holds `plugins`, if a variable of its own names it.
    pub libexec: Option<PathBuf>,
    /// As [`NotationDirs::cache`].
    pub cache: Option<PathBuf>,
}

impl NoDirectory {
    /// What to do about it.
    pub fn hint(&self) -> String {
        "set `NOTATION_CONFIG` to the directory with the trust policy, the trust stores and the keys".to_owned()
    }
}

impl NotationDirs {
    /// The directories of an environment. An empty variable counts as unset.
    ///
    /// `NOTATION_CONFIG`, `NOTATION_LIBEXEC` and `NOTATION_CACHE` win; then come the system's own directories. Without
    /// any there is no configuration and no cache.
    ///
    /// # Errors
    ///
    /// [`NoDirectory`] where no variable says where the configuration is.
    pub fn new(
        platform: Platform,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, NoDirectory> {
        let set = |name: &str| {
            variable(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        // A relative directory would be one below the current directory. One of XDG is invalid besides (XDG Base
        // Directory Specification), and not even `HOME` is then asked, as in notation.
        let absolute = |name: &str| match set(name) {
            Some(path) if path.is_absolute() || platform == Platform::Windows => Ok(path),
            Some(_) => Err(format!("`{name}` is not an absolute path")),
            None => Err(format!("`{name}` is not set")),
        };
        let home = |below: &str| absolute("HOME").map(|home| home.join(below));
        let xdg = |name: &str, below_home: &str| match set(name) {
            Some(_) => absolute(name),
            None => home(below_home),
        };
        let (user_config, user_cache) = match platform {
            Platform::Linux => (
                xdg("XDG_CONFIG_HOME", ".config"),
                xdg("XDG_CACHE_HOME", ".cache"),
            ),
            Platform::MacOs => (home("Library/Application Support"), home("Library/Caches")),
            Platform::Windows => (absolute("AppData"), absolute("LocalAppData")),
        };
        let of_notation = |directory: PathBuf| directory.join("notation");
        let cache = set("NOTATION_CACHE").or_else(|| user_cache.ok().map(of_notation));
        let libexec = set("NOTATION_LIBEXEC");
        match set("NOTATION_CONFIG").map_or_else(|| user_config.map(of_notation), Ok) {
            Ok(config) => Ok(Self {
                libexec: libexec.unwrap_or_else(|| config.clone()),
                config,
                cache,
            }),
            Err(reason) => Err(NoDirectory {
                reason,
                libexec,
                cache,
            }),
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
        plugins(&self.libexec)
    }
}

/// The directory of plugins below this one.
pub fn plugins(libexec: &Path) -> PathBuf {
    libexec.join("plugins")
}

/// The directory of signatures that were fetched before below a cache, which notation does not know.
pub fn content_cache(cache: &Path) -> PathBuf {
    cache.join("countersign")
}

/// The directory of what was begun of signing packages below a cache, which notation does not know.
pub fn signing_jobs(cache: &Path) -> PathBuf {
    cache.join("signing-jobs")
}

/// The directory of kept answers of AWS Signer below a cache, which notation does not know.
pub fn aws_signer_cache(cache: &Path) -> PathBuf {
    cache.join("aws-signer")
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
    /// Whether this user may not look at it.
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Unreadable { source } if source.is_denied())
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unreadable { source } => directory_hint(source).or_else(|| source.hint()),
            Self::Malformed { source, .. } => source.hint(),
            Self::Invalid { .. } => None,
        }
    }
}

/// Advice where the directory of configuration is a file.
fn directory_hint(error: &files::Error) -> Option<String> {
    let parent = error.path().parent().filter(|parent| parent.is_file())?;
    Some(format!(
        "`{}` is a file; `NOTATION_CONFIG` names the directory with Notation's files",
        parent.display()
    ))
}

/// What `config.json` says; all empty where there is no such file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Registries that are spoken to over plain HTTP, as `host[:port]`.
    pub insecure_registries: Vec<String>,
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
                // What they say is for `registry::credentials`, which reads them where they are needed.
                "credsStore" => {
                    string(path, &value)?;
                }
                "credHelpers" => {
                    for helper in members(path, &value)? {
                        string(path, &helper.value)?;
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
mod tests;
