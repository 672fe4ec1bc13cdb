//! Why a plugin has no answer.

use std::path::PathBuf;
use std::process::ExitStatus;

use crate::plugin_contract::{self, CONTRACT_VERSION, Command, ErrorCode};
use crate::process;

/// Why a plugin has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name could lead out of the plugin directory, or is not a name.
    #[error("`{name}` is not a plugin's name")]
    Name {
        /// What was given.
        name: String,
    },
    /// Only some plugins may run, and this is not one of them.
    #[error("plugin `{name}`, which the signature names, may not run here")]
    NotNamed {
        /// The plugin.
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
    #[error(
        "plugin `{name}` failed at `{command}` without an error of the contract's form ({status}){}",
        said.as_ref().map_or_else(String::new, |said| format!(": `{said}`"))
    )]
    NoError {
        /// The plugin.
        name: String,
        /// The command.
        command: Command,
        /// How it ended, in the operating system's words.
        status: ExitStatus,
        /// The first line that it wrote to stderr, cut short and without control characters.
        said: Option<String>,
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
        problem: MetadataProblem,
    },
}

/// What is wrong with a plugin's metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataProblem {
    /// This field is empty.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// It names another plugin.
    #[error("its name is `{0}`")]
    Name(String),
    /// It speaks other versions of the contract.
    #[error("it speaks the contract's versions `{}`, not `{CONTRACT_VERSION}`", .0.join("`, `"))]
    ContractVersions(Vec<String>),
}

/// The plugin that this program is itself.
const AWS_SIGNER: &str = "com.amazonaws.signer.notation.plugin";

fn is_nearly_aws_signer(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name != AWS_SIGNER
        && (name.starts_with("com.amazonaws.") || strsim::levenshtein(&name, AWS_SIGNER) <= 4)
}

impl Error {
    /// Whether asking again later may bring an answer: nothing was decided.
    pub fn is_inconclusive(&self) -> bool {
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
            | Self::NotNamed { name }
            | Self::NotInstalled { name, .. }
            | Self::NotExecutable { name, .. }
            | Self::Run { name, .. }
            | Self::Refused { name, .. }
            | Self::NoError { name, .. }
            | Self::Answer { name, .. }
            | Self::Request { name, .. }
            | Self::Metadata { name, .. } => name,
        }
    }

    /// What it was asked, if it came to that.
    pub fn command(&self) -> Option<Command> {
        match self {
            Self::Name { .. }
            | Self::NotNamed { .. }
            | Self::NotInstalled { .. }
            | Self::NotExecutable { .. } => None,
            Self::Run { command, .. }
            | Self::Refused { command, .. }
            | Self::NoError { command, .. }
            | Self::Answer { command, .. }
            | Self::Request { command, .. } => Some(*command),
            Self::Metadata { .. } => Some(Command::GetPluginMetadata),
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
            Self::NotNamed { .. } => Some(
                "if this plugin is to judge signatures at this gate, name it in `plugins` of the gate policy"
                    .to_owned(),
            ),
            Self::NotInstalled { name, .. } if is_nearly_aws_signer(name) => Some(format!(
                "AWS Signer is built in as `{AWS_SIGNER}`"
            )),
            Self::NotInstalled { path, .. } => {
                Some(format!("install the plugin so that its executable is `{}`", path.display()))
            }
            Self::NotExecutable { path, .. } => Some(format!(
                "`{}` must be an executable regular file, not a link",
                path.display()
            )),
            Self::Run { source: process::Error::TimedOut { .. }, .. } => {
                Some("the plugin does not end; run it by hand with the same request".to_owned())
            }
            Self::Run { source, .. } => source.hint(),
            Self::NoError { name, command, .. } => Some(format!(
                "the plugin itself failed; run it by hand: `echo '{{}}' | notation-{name} {command}`"
            )),
            Self::Answer { .. } | Self::Metadata { .. } => {
                Some("the plugin violates Notation's plugin contract; report it to its author".to_owned())
            }
            Self::Refused { .. } | Self::Request { .. } => None,
        }
    }
}
