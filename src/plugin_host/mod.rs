//! Other Notation plugins: found, run with limits, their answers read.
//!
//! Input: a plugin's name and a request of the contract. Output: the answer, or the reason that it
//! is missing (`plugin-extensibility.md`). A plugin is a program of the user's own, so it is
//! believed in what it alone can know, and in nothing else: what an answer means for a signature is
//! judged by the caller.

mod error;
mod find;
mod notation;

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use error::{Error, MetadataProblem};
pub use find::PluginHost;
pub use notation::notation_in;

use crate::limits::{MAX_PLUGIN_MESSAGE_BYTES, MAX_PLUGIN_WORDS};
use crate::plugin_contract::{
    self, CONTRACT_VERSION, ErrorResponse, GetPluginMetadataRequest, PluginConfig, PluginMetadata,
    Request,
};
use crate::process::{self, ChildVariables};

/// An installed plugin.
#[derive(Debug, Clone)]
pub struct Plugin {
    name: String,
    path: PathBuf,
    timeout: Duration,
    variables: ChildVariables,
}

/// The name of the executable of the plugin `name`.
pub(crate) fn executable_name(name: &str) -> String {
    format!("notation-{name}{}", std::env::consts::EXE_SUFFIX)
}

impl Plugin {
    /// The program at `path` as the plugin `name`, wherever it is: one that is to be installed.
    #[cfg(feature = "cli")]
    pub(crate) fn of_file(name: &str, path: PathBuf) -> Self {
        Self {
            name: name.to_owned(),
            path,
            timeout: crate::limits::PROCESS_TIMEOUT,
            variables: ChildVariables::OfProcess,
        }
    }

    /// Its executable.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

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
        let metadata = self.ask(&request).await?;
        let problem = metadata_problem(&metadata, &self.name);
        match problem {
            None => Ok(metadata),
            Some(problem) => Err(Error::Metadata {
                name: self.name.clone(),
                problem,
            }),
        }
    }

    /// Sends a request of the contract; gives the plugin's answer, which is of the contract's form
    /// and nothing more.
    ///
    /// # Errors
    ///
    /// [`Error`] if the plugin refuses or gives no answer of the contract's form.
    pub async fn ask<Q>(&self, request: &Q) -> Result<Q::Response, Error>
    where
        Q: Request + Serialize,
        Q::Response: DeserializeOwned,
    {
        let command = Q::COMMAND;
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
        let arguments = [OsStr::new(command.as_str())];
        let finished = process::run(&self.path, &arguments, &self.variables, &input, limits)
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
            Err(_) => Err(Error::NoError {
                name: name(),
                command,
                status: finished.status,
                said: first_line(&finished.stderr),
            }),
        }
    }
}

/// The first line with something on it, as much of it as fits a sentence.
fn first_line(stderr: &[u8]) -> Option<String> {
    // A character has four bytes at most; what comes before the line is at most a few line ends.
    let text = stderr.trim_ascii_start();
    let text = text.get(..4 * MAX_PLUGIN_WORDS).unwrap_or(text);
    let text = String::from_utf8_lossy(text);
    let line: String = text
        .lines()
        .next()?
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_PLUGIN_WORDS)
        .collect();
    let line = line.trim();
    (!line.is_empty()).then(|| line.to_owned())
}

/// What is wrong with the metadata of the plugin `name`, in notation's order.
fn metadata_problem(metadata: &PluginMetadata, name: &str) -> Option<MetadataProblem> {
    let fields = [
        ("name", metadata.name.is_empty()),
        ("description", metadata.description.is_empty()),
        ("version", metadata.version.is_empty()),
        ("url", metadata.url.is_empty()),
        ("capabilities", metadata.capabilities.is_empty()),
        (
            "supportedContractVersions",
            metadata.supported_contract_versions.is_empty(),
        ),
    ];
    if let Some((field, _)) = fields.iter().find(|(_, empty)| *empty) {
        return Some(MetadataProblem::Empty(field));
    }
    let versions = &metadata.supported_contract_versions;
    if !versions.iter().any(|version| version == CONTRACT_VERSION) {
        return Some(MetadataProblem::ContractVersions(versions.clone()));
    }
    (metadata.name != name).then(|| MetadataProblem::Name(metadata.name.clone()))
}

#[cfg(unix)]
#[cfg(test)]
mod tests;
