//! The verifier's configuration: `image-verifier.json` (`schemas/image-verifier.v1.schema.json`).

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::file_hint::hint_of_file;
use crate::document::{self, Document};
use crate::files;
use crate::limits::{
    MAX_SIGNATURES, MAX_VERIFIER_CONFIGURATION_BYTES, VERIFIER_TIME_LIMIT, VERIFIER_TIME_LIMITS,
};

/// The file in the directory.
pub(super) const FILE: &str = "image-verifier.json";

/// Where fetched signatures are kept, unless the configuration says otherwise.
const CONTENT_CACHE: &str = "/var/cache/countersign";

/// The version that is read.
const VERSION: &str = "1.0";

/// What a verifier decides by, and where it may ask.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Configuration {
    /// The gate policy's file. Files without a leading `/` are in the configuration's directory.
    pub gate_policy: PathBuf,
    /// A certificate file in place of AWS Signer's published roots.
    pub trust_anchor: Option<PathBuf>,
    /// The time limit that containerd has for verifiers; the answer comes one second before.
    pub time_limit: Duration,
    /// Signatures of an image that are judged.
    pub max_signatures: usize,
    /// A file with credentials for registries, in the form of Docker's `config.json`.
    pub registry_credentials: Option<PathBuf>,
    /// A file with AWS credentials, in the form of AWS's `credentials`; the instance's role without one.
    pub aws_credentials: Option<PathBuf>,
    /// The URL of the instance's metadata.
    pub instance_metadata: Option<String>,
    /// The URL at which AWS Signer is asked, which the gate policy must allow.
    pub signer_endpoint: Option<String>,
    /// Registries that are asked over plain HTTP.
    pub insecure_registries: Vec<String>,
    /// The proxy for HTTPS.
    pub https_proxy: Option<String>,
    /// Hosts that are asked without the proxy, as `NO_PROXY` has them.
    pub no_proxy: Option<String>,
    /// A file with further certificate authorities for TLS.
    pub certificates: Option<PathBuf>,
    /// A directory in which signatures are kept that were fetched; nothing where each is fetched every time.
    pub content_cache: Option<PathBuf>,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// It cannot be read, or others than the superuser may write it.
    #[error(transparent)]
    File(files::Error),
    /// It is not JSON.
    #[error("`{}` cannot be used", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: document::Error,
    },
    /// It has not what it must have.
    #[error("`{}` cannot be used: {problem}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What, and where.
        problem: String,
    },
}

impl ConfigurationError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => hint_of_file(error),
            Self::Json { source, .. } => source.hint(),
            Self::Content { .. } => {
                Some("see `schemas/image-verifier.v1.schema.json` for what there may be".to_owned())
            }
        }
    }
}

/// The document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw {
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    version: String,
    gate_policy: PathBuf,
    trust_anchor: Option<PathBuf>,
    time_limit_seconds: Option<u64>,
    max_signatures: Option<usize>,
    registry_credentials: Option<PathBuf>,
    aws_credentials: Option<PathBuf>,
    instance_metadata: Option<String>,
    signer_endpoint: Option<String>,
    #[serde(default)]
    insecure_registries: Vec<String>,
    https_proxy: Option<String>,
    no_proxy: Option<String>,
    certificates: Option<PathBuf>,
    content_cache: Option<RawContentCache>,
}

/// A directory, or whether there is one.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawContentCache {
    Wanted(bool),
    Directory(PathBuf),
}

impl RawContentCache {
    fn directory(self) -> Result<Option<PathBuf>, String> {
        match self {
            Self::Wanted(true) => Ok(Some(PathBuf::from(CONTENT_CACHE))),
            Self::Wanted(false) => Ok(None),
            Self::Directory(path) if path.is_absolute() && is_plain(&path) => Ok(Some(path)),
            Self::Directory(_) => Err(
                "`contentCache` is neither the absolute path of a directory without `..`, nor `true` or `false`"
                    .to_owned(),
            ),
        }
    }
}

impl Configuration {
    /// Reads the configuration in `directory`, which only the superuser may be able to write.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError`].
    pub fn read(directory: &Path) -> Result<Self, ConfigurationError> {
        let path = directory.join(FILE);
        files::check_of_root(&path).map_err(ConfigurationError::File)?;
        let bytes = files::read(&path, MAX_VERIFIER_CONFIGURATION_BYTES);
        Self::parse(&path, &bytes.map_err(ConfigurationError::File)?)
    }

    /// Reads the configuration in `bytes`; `path` is for messages.
    ///
    /// # Errors
    ///
    /// [`ConfigurationError::Json`] and [`ConfigurationError::Content`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, ConfigurationError> {
        Document::parse(bytes).map_err(|source| ConfigurationError::Json {
            path: path.to_owned(),
            source,
        })?;
        let raw: Result<Raw, String> =
            serde_json::from_slice(bytes).map_err(|error| error.to_string());
        raw.and_then(Self::checked)
            .map_err(|problem| ConfigurationError::Content {
                path: path.to_owned(),
                problem,
            })
    }

    fn checked(raw: Raw) -> Result<Self, String> {
        if raw.version != VERSION {
            return Err(format!("`version` is not `{VERSION}`"));
        }
        let paths = [
            ("gatePolicy", Some(&raw.gate_policy)),
            ("trustAnchor", raw.trust_anchor.as_ref()),
            ("registryCredentials", raw.registry_credentials.as_ref()),
            ("awsCredentials", raw.aws_credentials.as_ref()),
            ("certificates", raw.certificates.as_ref()),
        ];
        for (name, path) in paths {
            if let Some(path) = path
                && !is_plain(path)
            {
                return Err(format!(
                    "`{name}` is not the path of a file, or it has `..` in it"
                ));
            }
        }
        if raw.aws_credentials.is_some() && raw.instance_metadata.is_some() {
            return Err("`awsCredentials` and `instanceMetadata` exclude each other".to_owned());
        }
        let (shortest, longest) = VERIFIER_TIME_LIMITS;
        let time_limit = raw
            .time_limit_seconds
            .map_or(VERIFIER_TIME_LIMIT, Duration::from_secs);
        if !(shortest..=longest).contains(&time_limit) {
            let (shortest, longest) = (shortest.as_secs(), longest.as_secs());
            return Err(format!(
                "`timeLimitSeconds` is not between {shortest} and {longest}"
            ));
        }
        let max_signatures = raw.max_signatures.unwrap_or(MAX_SIGNATURES);
        if max_signatures == 0 || max_signatures > MAX_SIGNATURES {
            return Err(format!(
                "`maxSignatures` is not between 1 and {MAX_SIGNATURES}"
            ));
        }
        let content_cache = raw.content_cache.unwrap_or(RawContentCache::Wanted(true));
        Ok(Self {
            content_cache: content_cache.directory()?,
            gate_policy: raw.gate_policy,
            trust_anchor: raw.trust_anchor,
            time_limit,
            max_signatures,
            registry_credentials: raw.registry_credentials,
            aws_credentials: raw.aws_credentials,
            instance_metadata: raw.instance_metadata,
            signer_endpoint: raw.signer_endpoint,
            insecure_registries: raw.insecure_registries,
            https_proxy: raw.https_proxy,
            no_proxy: raw.no_proxy,
            certificates: raw.certificates,
        })
    }
}

/// Whether a path goes only down.
fn is_plain(path: &Path) -> bool {
    let is_down = |part: Component<'_>| matches!(part, Component::RootDir | Component::Normal(_));
    path.file_name().is_some() && path.components().all(is_down)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Configuration, String> {
        let path = Path::new("/etc/countersign/image-verifier.json");
        Configuration::parse(path, text.as_bytes())
            .map_err(|error| crate::causes::in_one_line(&error))
    }

    fn with(members: &str) -> Result<Configuration, String> {
        read(&format!(
            r#"{{ "version": "1.0", "gatePolicy": "gate.json"{members} }}"#
        ))
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let found = with("").unwrap();
        assert_eq!(found.gate_policy, Path::new("gate.json"));
        assert_eq!(
            (found.time_limit, found.max_signatures),
            (Duration::from_secs(9), 100)
        );
        assert_eq!(
            (found.aws_credentials, found.registry_credentials),
            (None, None)
        );
        assert_eq!(
            found.content_cache.as_deref(),
            Some(Path::new("/var/cache/countersign"))
        );
        for (value, wanted) in [("false", None), (r#""/a/b""#, Some("/a/b"))] {
            let found = with(&format!(r#", "contentCache": {value}"#)).unwrap();
            assert_eq!(found.content_cache.as_deref(), wanted.map(Path::new));
        }
        let found = with(r#", "timeLimitSeconds": 30, "maxSignatures": 5"#).unwrap();
        assert_eq!(
            (found.time_limit, found.max_signatures),
            (Duration::from_secs(30), 5)
        );
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let start = "`/etc/countersign/image-verifier.json` cannot be used: ";
        for (members, wanted) in [
            (r#", "gatepolicy": "x""#, "unknown field `gatepolicy`"),
            (
                r#", "timeLimitSeconds": 1"#,
                "`timeLimitSeconds` is not between 2 and 300",
            ),
            (
                r#", "timeLimitSeconds": 301"#,
                "`timeLimitSeconds` is not between 2 and 300",
            ),
            (r#", "timeLimitSeconds": 1.5"#, "invalid type"),
            (
                r#", "contentCache": "cache""#,
                "`contentCache` is neither the absolute path of a directory without `..`, nor `true` or `false`",
            ),
            (
                r#", "contentCache": "/a/../b""#,
                "`contentCache` is neither the absolute path of a directory without `..`, nor `true` or `false`",
            ),
            (
                r#", "maxSignatures": 0"#,
                "`maxSignatures` is not between 1 and 100",
            ),
            (
                r#", "maxSignatures": 101"#,
                "`maxSignatures` is not between 1 and 100",
            ),
            (
                r#", "trustAnchor": "../root.crt""#,
                "`trustAnchor` is not the path of a file",
            ),
            (
                r#", "certificates": """#,
                "`certificates` is not the path of a file",
            ),
            (
                r#", "awsCredentials": "a", "instanceMetadata": "http://169.254.169.254""#,
                "`awsCredentials` and `instanceMetadata` exclude each other",
            ),
        ] {
            let found = with(members).unwrap_err();
            let found = found.strip_prefix(start).unwrap_or(&found);
            assert!(found.starts_with(wanted), "{members}: {found}");
        }
        for (text, wanted) in [
            ("{}", "missing field"),
            (
                r#"{ "version": "2.0", "gatePolicy": "g" }"#,
                "`version` is not `1.0`",
            ),
            (r#"{ "version": "1.0" }"#, "missing field `gatePolicy`"),
            (
                r#"{ "version": "1.0", "version": "1.0", "gatePolicy": "g" }"#,
                "",
            ),
            ("", ""),
        ] {
            let found = read(text).unwrap_err();
            assert!(
                found.contains(wanted) && found.starts_with("`/etc/countersign/"),
                "{found}"
            );
        }
    }
}
