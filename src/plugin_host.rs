//! Other Notation plugins: found, run with limits, their answers read.
//!
//! Input: a plugin's name and a request of the contract. Output: the answer, or why there is none
//! (`plugin-extensibility.md`). A plugin is a program of the user's own, so it is believed in what
//! it alone can know, and in nothing else: what an answer means for a signature is judged by the
//! caller.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::{MAX_PLUGIN_MESSAGE_BYTES, PROCESS_TIMEOUT};
use crate::plugin_contract::{
    self, CONTRACT_VERSION, Command, DescribeKeyRequest, DescribeKeyResponse, ErrorCode,
    ErrorResponse, GenerateEnvelopeRequest, GenerateEnvelopeResponse, GenerateSignatureRequest,
    GenerateSignatureResponse, GetPluginMetadataRequest, PluginConfig, PluginMetadata,
    VerifySignatureRequest, VerifySignatureResponse,
};
use crate::process;

/// Longest name of a plugin, in bytes; a file name has 255, and `notation-` and `.exe` are part of it.
const MAX_NAME_BYTES: usize = 200;

/// Why a plugin has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name could lead out of the plugin directory, or is none.
    #[error("`{name}` is not a plugin's name")]
    Name {
        /// What was given.
        name: String,
    },
    /// There is no such plugin.
    #[error("plugin `{name}` is not installed: there is no `{}`", .path.display())]
    NotInstalled {
        /// The plugin.
        name: String,
        /// The executable that was looked for.
        path: PathBuf,
    },
    /// What is there is not a program to run.
    #[error("plugin `{name}`: `{}` is {found}", .path.display())]
    NotExecutable {
        /// The plugin.
        name: String,
        /// The file.
        path: PathBuf,
        /// What it is instead of an executable regular file.
        found: &'static str,
    },
    /// It could not be run to its end.
    #[error("plugin `{name}` could not be run with `{command}`")]
    Run {
        /// The plugin.
        name: String,
        /// The command.
        command: Command,
        /// What went wrong.
        #[source]
        source: process::Error,
    },
    /// It refused.
    #[error("plugin `{name}` failed at `{command}` with {code}: {message}")]
    Refused {
        /// The plugin.
        name: String,
        /// The command.
        command: Command,
        /// The contract's code.
        code: ErrorCode,
        /// The plugin's words.
        message: String,
    },
    /// It failed and did not say why in the contract's form.
    #[error("plugin `{name}` failed at `{command}` without an error of the contract's form")]
    FailedSilently {
        /// The plugin.
        name: String,
        /// The command.
        command: Command,
    },
    /// Its answer is not of the contract's form.
    #[error("plugin `{name}` gave a malformed answer to `{command}`")]
    Answer {
        /// The plugin.
        name: String,
        /// The command.
        command: Command,
        /// What is wrong with it.
        #[source]
        source: plugin_contract::Error,
    },
    /// A request could not be written; only a value too strange for JSON does that.
    #[error("the request `{command}` for plugin `{name}` cannot be written")]
    Request {
        /// The plugin.
        name: String,
        /// The command.
        command: Command,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// Its metadata is not what the contract asks for.
    #[error("plugin `{name}` has unusable metadata: {problem}")]
    Metadata {
        /// The plugin.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

impl Error {
    /// Whether asking again later may bring an answer: nothing was decided.
    pub fn is_unanswered(&self) -> bool {
        match self {
            Self::Run { .. } => true,
            Self::Refused { code, .. } => {
                matches!(
                    code,
                    ErrorCode::AccessDenied | ErrorCode::Timeout | ErrorCode::Throttled
                )
            }
            _ => false,
        }
    }

    /// The plugin, by the name that was asked for.
    pub fn plugin(&self) -> &str {
        match self {
            Self::Name { name }
            | Self::NotInstalled { name, .. }
            | Self::NotExecutable { name, .. }
            | Self::Run { name, .. }
            | Self::Refused { name, .. }
            | Self::FailedSilently { name, .. }
            | Self::Answer { name, .. }
            | Self::Request { name, .. }
            | Self::Metadata { name, .. } => name,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Name { .. } => Some(
                "a plugin's name has letters, digits, `.`, `_` and `-`, and begins with a letter or \
                 a digit"
                    .to_owned(),
            ),
            Self::NotInstalled { path, .. } => {
                Some(format!("install the plugin so that its executable is `{}`", path.display()))
            }
            Self::NotExecutable { path, .. } => Some(format!(
                "`{}` must be a regular file, no link, that may be executed",
                path.display()
            )),
            Self::Run { source: process::Error::TimedOut { .. }, .. } => {
                Some("the plugin hangs; try it by hand with the same request".to_owned())
            }
            Self::Answer { .. } | Self::FailedSilently { .. } | Self::Metadata { .. } => {
                Some("the plugin breaks Notation's plugin contract; ask its author".to_owned())
            }
            Self::Run { .. } | Self::Refused { .. } | Self::Request { .. } => None,
        }
    }
}

/// The directory in which plugins are installed.
#[derive(Debug, Clone)]
pub struct PluginHost {
    plugins: PathBuf,
    timeout: Duration,
}

impl PluginHost {
    /// The plugins in the directory `plugins`, one directory for each.
    pub fn new(plugins: PathBuf) -> Self {
        Self {
            plugins,
            timeout: PROCESS_TIMEOUT,
        }
    }

    /// The same with another limit for each command of a plugin.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Finds the plugin `name`: `{plugins}/{name}/notation-{name}`.
    ///
    /// # Errors
    ///
    /// [`Error::Name`] before the disk is touched, [`Error::NotInstalled`], and
    /// [`Error::NotExecutable`] for anything but an executable regular file.
    pub fn find(&self, name: &str) -> Result<Plugin, Error> {
        check_name(name)?;
        let folder = self.plugins.join(name);
        let path = folder.join(format!("notation-{name}{}", std::env::consts::EXE_SUFFIX));
        // Off-spec: notation follows links here. A link is refused, as the specification says.
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
    if first && name.len() <= MAX_NAME_BYTES && name.chars().all(allowed) {
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

/// An installed plugin.
#[derive(Debug, Clone)]
pub struct Plugin {
    name: String,
    path: PathBuf,
    timeout: Duration,
}

impl Plugin {
    /// The plugin's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the plugin is and can do; checked against the name and the contract's version.
    ///
    /// # Errors
    ///
    /// [`Error::Metadata`] if a field is empty, the name is another or contract 1.0 is missing; else
    /// as every command.
    pub async fn metadata(&self, config: &PluginConfig) -> Result<PluginMetadata, Error> {
        let request = GetPluginMetadataRequest {
            contract_version: None,
            plugin_config: config.clone(),
        };
        let metadata: PluginMetadata = self.call(Command::GetPluginMetadata, &request).await?;
        let problem = metadata_problem(&metadata, &self.name);
        match problem {
            None => Ok(metadata),
            Some(problem) => Err(Error::Metadata {
                name: self.name.clone(),
                problem,
            }),
        }
    }

    /// Asks for the kind of a key.
    ///
    /// # Errors
    ///
    /// [`Error`] if the plugin refuses or gives no answer of the contract's form.
    pub async fn describe_key(
        &self,
        request: &DescribeKeyRequest,
    ) -> Result<DescribeKeyResponse, Error> {
        self.call(Command::DescribeKey, request).await
    }

    /// Asks for a raw signature.
    ///
    /// # Errors
    ///
    /// [`Error`] if the plugin refuses or gives no answer of the contract's form.
    pub async fn generate_signature(
        &self,
        request: &GenerateSignatureRequest,
    ) -> Result<GenerateSignatureResponse, Error> {
        self.call(Command::GenerateSignature, request).await
    }

    /// Asks for a whole envelope.
    ///
    /// # Errors
    ///
    /// [`Error`] if the plugin refuses or gives no answer of the contract's form.
    pub async fn generate_envelope(
        &self,
        request: &GenerateEnvelopeRequest,
    ) -> Result<GenerateEnvelopeResponse, Error> {
        self.call(Command::GenerateEnvelope, request).await
    }

    /// Asks for the validations that only the plugin can carry out.
    ///
    /// # Errors
    ///
    /// [`Error`] if the plugin refuses or gives no answer of the contract's form.
    pub async fn verify_signature(
        &self,
        request: &VerifySignatureRequest,
    ) -> Result<VerifySignatureResponse, Error> {
        self.call(Command::VerifySignature, request).await
    }

    async fn call<Q: Serialize, A: DeserializeOwned>(
        &self,
        command: Command,
        request: &Q,
    ) -> Result<A, Error> {
        let name = || self.name.clone();
        let input = serde_json::to_vec(request).map_err(|source| Error::Request {
            name: name(),
            command,
            source,
        })?;
        let limits = process::Limits {
            // The contract says "less than 64 MiB".
            max_output_bytes: MAX_PLUGIN_MESSAGE_BYTES - 1,
            timeout: self.timeout,
        };
        let finished = process::run(&self.path, &[OsStr::new(command.as_str())], &input, limits)
            .await
            .map_err(|source| Error::Run {
                name: name(),
                command,
                source,
            })?;
        if finished.status.success() {
            return plugin_contract::parse_response(&finished.stdout).map_err(|source| {
                Error::Answer {
                    name: name(),
                    command,
                    source,
                }
            });
        }
        match plugin_contract::parse_response::<ErrorResponse>(&finished.stderr) {
            Ok(error) => Err(Error::Refused {
                name: name(),
                command,
                code: error.error_code,
                message: error.error_message,
            }),
            Err(_) => Err(Error::FailedSilently {
                name: name(),
                command,
            }),
        }
    }
}

fn metadata_problem(metadata: &PluginMetadata, name: &str) -> Option<String> {
    let fields = [
        ("name", metadata.name.is_empty()),
        ("description", metadata.description.is_empty()),
        ("version", metadata.version.is_empty()),
        ("url", metadata.url.is_empty()),
        (
            "supportedContractVersions",
            metadata.supported_contract_versions.is_empty(),
        ),
        ("capabilities", metadata.capabilities.is_empty()),
    ];
    if let Some((field, _)) = fields.iter().find(|(_, empty)| *empty) {
        return Some(format!("`{field}` is empty"));
    }
    if metadata.name != name {
        return Some(format!("its name is `{}`", metadata.name));
    }
    if !metadata
        .supported_contract_versions
        .iter()
        .any(|version| version == CONTRACT_VERSION)
    {
        return Some(format!(
            "it speaks the contract's versions `{}`, not `{CONTRACT_VERSION}`",
            metadata.supported_contract_versions.join("`, `")
        ));
    }
    None
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Installed {
        folder: tempfile::TempDir,
    }

    impl Installed {
        fn new(name: &str, script: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            let file = path.join(format!("notation-{name}"));
            // Written by another process: a file that this one has open for writing while another
            // test forks could not be executed.
            let status = std::process::Command::new("/bin/sh")
                .args(["-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\""])
                .args([file.as_os_str(), OsStr::new(script)])
                .status()
                .unwrap();
            assert!(status.success());
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
            Self { folder }
        }

        fn host(&self) -> PluginHost {
            PluginHost::new(self.folder.path().to_owned())
        }

        async fn metadata(&self) -> Result<PluginMetadata, Error> {
            self.host()
                .find("p")
                .unwrap()
                .metadata(&PluginConfig::new())
                .await
        }
    }

    fn metadata(name: &str, versions: &str) -> String {
        format!(
            r#"echo '{{"name":"{name}","description":"d","version":"1.0.0","url":"u","supportedContractVersions":[{versions}],"capabilities":["X"]}}'"#
        )
    }

    #[tokio::test]
    async fn metadata_is_asked_for_with_one_argument_and_an_empty_request() {
        let script = format!(
            "[ \"$#\" = 1 ] && [ \"$1\" = get-plugin-metadata ] && [ \"$(cat)\" = '{{}}' ] || exit 9\n{}",
            metadata("p", r#""2.0","1.0""#)
        );
        let found = Installed::new("p", &script).metadata().await.unwrap();
        assert_eq!(found.version, "1.0.0");
    }

    #[tokio::test]
    async fn metadata_of_another_name_or_contract_is_refused() {
        let error = Installed::new("p", &metadata("P", r#""1.0""#))
            .metadata()
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "plugin `p` has unusable metadata: its name is `P`"
        );
        let error = Installed::new("p", &metadata("p", r#""1.1""#))
            .metadata()
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "plugin `p` has unusable metadata: it speaks the contract's versions `1.1`, not `1.0`"
        );
        let error = Installed::new("p", &metadata("p", ""))
            .metadata()
            .await
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "plugin `p` has unusable metadata: `supportedContractVersions` is empty"
        );
    }

    #[tokio::test]
    async fn a_refusal_keeps_the_plugins_words() {
        let script = r#"echo '{"errorCode":"THROTTLED","errorMessage":"slow down"}' >&2; exit 1"#;
        let error = Installed::new("p", script).metadata().await.unwrap_err();
        assert!(error.is_unanswered());
        assert_eq!(
            error.to_string(),
            "plugin `p` failed at `get-plugin-metadata` with THROTTLED: slow down"
        );
    }

    #[tokio::test]
    async fn what_is_said_on_the_wrong_stream_does_not_count() {
        let script = format!("{}; exit 1", metadata("p", r#""1.0""#));
        let error = Installed::new("p", &script).metadata().await.unwrap_err();
        assert!(matches!(error, Error::FailedSilently { .. }), "{error:?}");
        let script = format!("{} >&2", metadata("p", r#""1.0""#));
        let error = Installed::new("p", &script).metadata().await.unwrap_err();
        assert!(matches!(error, Error::Answer { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_plugin_that_hangs_or_babbles_is_ended() {
        let plugin = Installed::new("p", "sleep 1000");
        let host = plugin.host().with_timeout(Duration::from_millis(200));
        let error = host
            .find("p")
            .unwrap()
            .metadata(&PluginConfig::new())
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::Run {
                    source: process::Error::TimedOut { .. },
                    ..
                }
            ),
            "{error:?}"
        );
        let error = Installed::new("p", "cat /dev/zero")
            .metadata()
            .await
            .unwrap_err();
        assert!(
            matches!(
                error,
                Error::Run {
                    source: process::Error::TooMuchOutput { .. },
                    ..
                }
            ),
            "{error:?}"
        );
    }

    #[test]
    fn a_name_never_leads_out_of_the_directory() {
        let host = PluginHost::new(PathBuf::from("/nonexistent"));
        let long = "a".repeat(MAX_NAME_BYTES + 1);
        for name in [
            "", ".", "..", "../x", "a/b", "a\\b", "-x", ".x", "a b", "a\0b", "é", &long,
        ] {
            let error = host.find(name).unwrap_err();
            assert!(
                matches!(&error, Error::Name { name: found } if found == name),
                "{error:?}"
            );
        }
        for name in [
            "p",
            "com.amazonaws.signer.notation.plugin",
            &"a".repeat(MAX_NAME_BYTES),
        ] {
            let error = host.find(name).unwrap_err();
            assert!(matches!(error, Error::NotInstalled { .. }), "{error:?}");
        }
    }

    #[test]
    fn links_and_files_that_cannot_run_are_refused() {
        let plugin = Installed::new("p", "true");
        let root = plugin.folder.path();
        std::os::unix::fs::symlink(root.join("p"), root.join("q")).unwrap();
        let error = plugin.host().find("q").unwrap_err();
        assert!(
            matches!(
                error,
                Error::NotExecutable {
                    found: "a symbolic link",
                    ..
                }
            ),
            "{error:?}"
        );

        std::fs::create_dir(root.join("r")).unwrap();
        std::os::unix::fs::symlink(root.join("p/notation-p"), root.join("r/notation-r")).unwrap();
        let error = plugin.host().find("r").unwrap_err();
        assert!(
            matches!(
                error,
                Error::NotExecutable {
                    found: "a symbolic link",
                    ..
                }
            ),
            "{error:?}"
        );

        let file = root.join("p/notation-p");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let error = plugin.host().find("p").unwrap_err();
        assert!(
            matches!(
                error,
                Error::NotExecutable {
                    found: "not executable",
                    ..
                }
            ),
            "{error:?}"
        );
    }
}
