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
mod tests {
    use super::*;

    fn find(platform: Platform, variables: &[(&str, &str)]) -> Result<NotationDirs, NoDirectory> {
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

    fn dirs(platform: Platform, variables: &[(&str, &str)]) -> NotationDirs {
        find(platform, variables).unwrap()
    }

    #[test]
    fn linux_asks_xdg_then_home() {
        let home = ("HOME", "/home/u");
        for (variables, config, cache) in [
            (
                vec![home],
                "/home/u/.config/notation",
                Some("/home/u/.cache/notation"),
            ),
            (
                vec![home, ("XDG_CONFIG_HOME", "/x"), ("XDG_CACHE_HOME", "/y")],
                "/x/notation",
                Some("/y/notation"),
            ),
            (
                vec![home, ("XDG_CONFIG_HOME", ""), ("NOTATION_CONFIG", "")],
                "/home/u/.config/notation",
                Some("/home/u/.cache/notation"),
            ),
            (
                vec![home, ("XDG_CACHE_HOME", "rel")],
                "/home/u/.config/notation",
                None,
            ),
            (
                vec![home, ("NOTATION_CONFIG", "conf"), ("NOTATION_CACHE", "/k")],
                "conf",
                Some("/k"),
            ),
            (vec![("NOTATION_CONFIG", "/c")], "/c", None),
        ] {
            let found = dirs(Platform::Linux, &variables);
            assert_eq!(found.config, Path::new(config), "{variables:?}");
            assert_eq!(
                found.cache.as_deref(),
                cache.map(Path::new),
                "{variables:?}"
            );
            assert_eq!(found.libexec, found.config, "{variables:?}");
        }
    }

    #[test]
    fn the_current_directory_is_not_where_trust_comes_from() {
        let home = ("HOME", "/home/u");
        for (platform, variables, reason) in [
            (Platform::Linux, vec![], "`HOME` is not set"),
            (Platform::Linux, vec![("HOME", "")], "`HOME` is not set"),
            (
                Platform::Linux,
                vec![("HOME", ".")],
                "`HOME` is not an absolute path",
            ),
            (
                Platform::Linux,
                vec![home, ("XDG_CONFIG_HOME", "rel")],
                "`XDG_CONFIG_HOME` is not an absolute path",
            ),
            (Platform::MacOs, vec![], "`HOME` is not set"),
            (
                Platform::MacOs,
                vec![("HOME", "u")],
                "`HOME` is not an absolute path",
            ),
            (Platform::Windows, vec![], "`AppData` is not set"),
        ] {
            let error = find(platform, &variables).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("Notation's configuration directory is not known: {reason}")
            );
        }
        let error = find(
            Platform::Linux,
            &[("NOTATION_LIBEXEC", "/l"), ("XDG_CACHE_HOME", "/y")],
        );
        let error = error.unwrap_err();
        assert_eq!(error.libexec.as_deref(), Some(Path::new("/l")));
        assert_eq!(error.cache.as_deref(), Some(Path::new("/y/notation")));
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
        assert_eq!(
            mac.cache.as_deref(),
            Some(Path::new("/Users/u/Library/Caches/notation"))
        );
        let windows = dirs(
            Platform::Windows,
            &[("AppData", "C:/a"), ("LocalAppData", "C:/l")],
        );
        assert_eq!(windows.config, Path::new("C:/a/notation"));
        assert_eq!(windows.cache.as_deref(), Some(Path::new("C:/l/notation")));
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
        assert_eq!(found.cache.as_deref(), Some(Path::new("/k")));
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
