//! Every way in which a plugin command fails, and the contract's code for it.

use std::collections::BTreeMap;
use std::io;

use crate::plugin_contract::{self, Command, ErrorCode, ErrorResponse};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No argument.
    #[error("no command was given")]
    NoCommand,
    /// An argument that is no command.
    #[error("`{0}` is not a command of the plugin contract")]
    UnknownCommand(String),
    /// More than one argument.
    #[error("unexpected argument `{0}` after the command")]
    ExtraArgument(String),
    /// The request could not be read.
    #[error("the request could not be read from stdin")]
    Read(#[source] io::Error),
    /// The answer could not be written.
    #[error("the answer could not be written to stdout")]
    Write(#[source] io::Error),
    /// The request is not one.
    #[error("the request of `{command}` is not valid")]
    Request {
        /// The command.
        command: Command,
        /// What is wrong with it.
        #[source]
        source: plugin_contract::Error,
    },
    /// AWS Signer makes whole envelopes only.
    #[error("AWS Signer signs whole envelopes, so `generate-signature` cannot be answered")]
    RawSignature,
}

impl Error {
    /// The contract's code for this failure.
    fn code(&self) -> ErrorCode {
        match self {
            Self::NoCommand | Self::UnknownCommand(_) | Self::ExtraArgument(_) => {
                ErrorCode::ValidationError
            }
            Self::Read(_) | Self::Write(_) => ErrorCode::Error,
            Self::Request { source, .. } => match source {
                plugin_contract::Error::ContractVersion { .. } => {
                    ErrorCode::UnsupportedContractVersion
                }
                plugin_contract::Error::TooLarge
                | plugin_contract::Error::TooManyValues
                | plugin_contract::Error::NotJson { .. }
                | plugin_contract::Error::Field { .. } => ErrorCode::ValidationError,
            },
            Self::RawSignature => ErrorCode::ValidationError,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCommand | Self::UnknownCommand(_) | Self::ExtraArgument(_) => Some(format!(
                "Notation calls this program with one of the commands {}, and a request on stdin",
                Command::ALL.map(|command| format!("`{command}`")).join(", ")
            )),
            Self::RawSignature => Some(
                "use `generate-envelope`; raw signatures with your own AWS KMS key come from the plugin `aws-kms`"
                    .to_owned(),
            ),
            Self::Read(_) | Self::Write(_) | Self::Request { .. } => None,
        }
    }

    /// The message for stderr: the clause, its causes and the advice in one line, because a host
    /// shows nothing else.
    pub(super) fn response(&self) -> ErrorResponse {
        let mut message = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            message.push_str(": ");
            message.push_str(&error.to_string());
            cause = error.source();
        }
        if let Some(hint) = self.hint() {
            message.push_str(" (");
            message.push_str(&hint);
            message.push(')');
        }
        ErrorResponse {
            error_code: self.code(),
            error_message: message,
            error_metadata: BTreeMap::new(),
        }
    }
}
