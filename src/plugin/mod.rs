//! This program as a Notation plugin (`plugin-extensibility.md`): one command as the only argument,
//! its request as JSON on stdin, its answer as JSON on stdout; or an error as JSON on stderr, and
//! exit status 1.
//!
//! Which plugin it is follows from the executable's file name, because Notation checks the name
//! against the directory in which it found the executable.

mod aws_kms;
mod aws_signer;
mod error;
#[cfg(feature = "cli")]
mod log;
mod reason;
mod response;

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

pub use error::Error;
#[cfg(feature = "cli")]
pub use log::begin_if_asked as begin_log_if_asked;

use crate::aws::{Aws, Settings};
use crate::environment::{self, Environment};
use crate::limits::MAX_PLUGIN_MESSAGE_BYTES;
use crate::plugin_contract::{self, CONTRACT_VERSION, Command, PluginMetadata, Request};
use crate::{causes, printable, secrets};

/// The plugins that this program can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// `com.amazonaws.signer.notation.plugin`: the name that AWS Signer's signatures ask for.
    AwsSigner,
    /// `aws-kms`: raw signatures with a key in AWS KMS.
    AwsKms,
}

const URL: &str = env!("CARGO_PKG_REPOSITORY");

impl Face {
    /// Every plugin.
    pub const ALL: [Self; 2] = [Self::AwsSigner, Self::AwsKms];

    /// The plugin as which a program of this file name is asked with `arguments`; `None` where it is
    /// not asked as a plugin.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownPlugin`] if a command of the contract is given to a plugin that this program
    /// is not: the caller expects an answer in the contract's form.
    pub fn of_executable(path: &OsStr, arguments: &[OsString]) -> Option<Result<Self, Error>> {
        let name = Path::new(path).file_name()?.to_str()?;
        let name = name.strip_suffix(".exe").unwrap_or(name);
        let name = name.strip_prefix("notation-")?;
        if let Some(face) = Self::ALL.into_iter().find(|face| face.name() == name) {
            return Some(Ok(face));
        }
        let command = arguments.first()?.to_str()?;
        Command::from_name(command)?;
        Some(Err(Error::UnknownPlugin(name.to_owned())))
    }

    /// The plugin's name in Notation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsSigner => aws_signer::NAME,
            Self::AwsKms => aws_kms::NAME,
        }
    }

    fn metadata(self) -> PluginMetadata {
        let (version, description, capabilities) = match self {
            Self::AwsSigner => (
                aws_signer::VERSION,
                aws_signer::DESCRIPTION,
                aws_signer::CAPABILITIES,
            ),
            Self::AwsKms => (
                env!("CARGO_PKG_VERSION"),
                aws_kms::DESCRIPTION,
                aws_kms::CAPABILITIES,
            ),
        };
        PluginMetadata {
            name: self.name().to_owned(),
            description: description.to_owned(),
            version: version.to_owned(),
            url: URL.to_owned(),
            supported_contract_versions: vec![CONTRACT_VERSION.to_owned()],
            capabilities: capabilities
                .iter()
                .map(|capability| capability.as_str().to_owned())
                .collect(),
        }
    }
}

/// Carries out one command and returns the exit status: 0 or 1.
///
/// `arguments` are those after the program's name. Nothing is written to `stdout` unless the
/// command succeeded, and then only its answer.
pub fn run(
    face: Result<Face, Error>,
    arguments: &[OsString],
    stdin: impl Read,
    mut stdout: impl Write,
    mut stderr: impl Write,
) -> u8 {
    let answered = face.and_then(|face| answer(face, arguments, stdin));
    let result = answered.and_then(|answer| {
        stdout
            .write_all(&answer.bytes)
            .and_then(|()| stdout.flush())
            .map_err(Error::Write)?;
        Ok(answer.warning)
    });
    match result {
        Ok(None) => {
            tracing::info!("plugin answered");
            0
        }
        Ok(Some(warning)) => {
            tracing::info!(warning, "plugin answered");
            // A host ignores stderr where the exit status is 0; people do not.
            let _ = writeln!(
                stderr,
                "warning: {}",
                printable::one_line(&secrets::blot(&warning))
            );
            0
        }
        Err(error) => {
            tracing::info!(error = causes::in_one_line(&error), "plugin failed");
            // Where stderr is closed too, the exit status is all that is left to say.
            let json = serde_json::to_string(&response::response(&error)).unwrap_or_default();
            let _ = stderr.write_all(printable::json(&secrets::blot(&json)).as_bytes());
            let _ = stderr.flush();
            1
        }
    }
}

/// What a command answers.
#[derive(Debug)]
struct Reply {
    /// For stdout.
    bytes: Vec<u8>,
    /// For stderr, where the command succeeded anyway.
    warning: Option<String>,
}

impl Reply {
    fn of(message: &impl Serialize) -> Result<Self, Error> {
        let json = serde_json::to_string(message).map_err(|error| Error::Write(error.into()))?;
        Ok(Self {
            bytes: printable::json(&json).into_owned().into_bytes(),
            warning: None,
        })
    }

    fn with_warning(self, warning: Option<String>) -> Self {
        Self { warning, ..self }
    }
}

fn answer(face: Face, arguments: &[OsString], stdin: impl Read) -> Result<Reply, Error> {
    let command = match arguments {
        [] => return Err(Error::NoCommand),
        [argument] if argument == "version" => {
            return Ok(Reply {
                bytes: version(face).into_bytes(),
                warning: None,
            });
        }
        [argument] => argument
            .to_str()
            .and_then(Command::from_name)
            .ok_or_else(|| Error::UnknownCommand(argument.to_string_lossy().into_owned()))?,
        [_, extra, ..] => {
            return Err(Error::ExtraArgument(extra.to_string_lossy().into_owned()));
        }
    };
    tracing::info!(command = command.as_str(), "plugin asked");
    let request = read_request(stdin)?;
    match face {
        Face::AwsSigner => aws_signer::answer(command, &request),
        Face::AwsKms => aws_kms::answer(command, &request),
    }
}

/// Only here is a runtime started: metadata must not wait for one.
fn block_on(answer: impl Future<Output = Result<Reply, Error>>) -> Result<Reply, Error> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::Runtime)?
        .block_on(answer)
}

/// AWS as the settings and the environment say. Sends no request yet.
fn aws(settings: Settings) -> Result<Aws, Error> {
    let environment = Environment::of_process().with_aws_settings(settings);
    match environment.connections() {
        Ok(connections) => Ok(connections.aws),
        Err(environment::Error::Http(error)) => Err(Error::Http(error)),
        Err(environment::Error::Aws(error)) => Err(Error::Settings(error)),
    }
}

/// The request of a command, which is the one that the request's type is for.
fn parse<Q: Request + DeserializeOwned>(request: &[u8]) -> Result<Q, Error> {
    let command = Q::COMMAND;
    plugin_contract::parse_request(request).map_err(|source| Error::Request { command, source })
}

/// For people, who ask every program so.
fn version(face: Face) -> String {
    let metadata = face.metadata();
    format!(
        "{} - {}\nVersion: {}\n",
        metadata.name, metadata.description, metadata.version
    )
}

/// Reads up to the contract's limit and not a byte further.
fn read_request(stdin: impl Read) -> Result<Vec<u8>, Error> {
    let mut request = Vec::new();
    stdin
        .take(MAX_PLUGIN_MESSAGE_BYTES)
        .read_to_end(&mut request)
        .map_err(Error::Read)?;
    Ok(request)
}

#[expect(clippy::disallowed_methods, reason = "a plugin reads the clock")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extended_validation::PLUGIN_VERSION;

    fn run_with(arguments: &[&str], stdin: &[u8]) -> (u8, String, String) {
        run_as(Ok(Face::AwsSigner), arguments, stdin)
    }

    fn run_as(face: Result<Face, Error>, arguments: &[&str], stdin: &[u8]) -> (u8, String, String) {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = run(face, &arguments, stdin, &mut stdout, &mut stderr);
        (
            status,
            String::from_utf8(stdout).unwrap(),
            String::from_utf8(stderr).unwrap(),
        )
    }

    #[test]
    fn the_file_name_decides() {
        let face = |name: &str, arguments: &[&str]| {
            let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
            Face::of_executable(OsStr::new(name), &arguments)
        };
        for name in [
            "notation-com.amazonaws.signer.notation.plugin",
            "/a/b/notation-com.amazonaws.signer.notation.plugin",
            "./notation-com.amazonaws.signer.notation.plugin.exe",
        ] {
            assert_eq!(face(name, &[]).unwrap().unwrap(), Face::AwsSigner);
        }
        for name in ["notation-aws-kms", "/a/notation-aws-kms.exe"] {
            assert_eq!(face(name, &["x"]).unwrap().unwrap(), Face::AwsKms);
        }
        for name in [
            "",
            "countersign",
            "notation",
            "aws-kms",
            "com.amazonaws.signer.notation.plugin",
            "notation-com.amazonaws.signer.notation.plugin/countersign",
        ] {
            assert!(face(name, &["get-plugin-metadata"]).is_none(), "{name}");
        }
        // Any other plugin's name: the contract's commands are answered by the contract's error,
        // and people are not.
        for command in Command::ALL {
            let error = face("/a/notation-aws-kms2", &[command.as_str()])
                .unwrap()
                .unwrap_err();
            assert!(matches!(&error, Error::UnknownPlugin(name) if name == "aws-kms2"));
            let (status, stdout, stderr) = run_as(Err(error), &[command.as_str()], b"{}");
            assert_eq!((status, stdout.as_str()), (1, ""));
            assert_eq!(
                stderr,
                "{\"errorCode\":\"ERROR\",\"errorMessage\":\"this program does not implement plugin \
                 `aws-kms2` (name the executable `notation-com.amazonaws.signer.notation.plugin` or \
                 `notation-aws-kms`)\"}"
            );
        }
        for arguments in [&[][..], &["--help"], &["sign"]] {
            assert!(face("notation-aws-kms2", arguments).is_none());
        }
    }

    #[test]
    fn metadata_is_static() {
        let (status, stdout, stderr) = run_with(&["get-plugin-metadata"], b"{}");
        assert_eq!((status, stderr.as_str()), (0, ""));
        let metadata: PluginMetadata = serde_json::from_str(&stdout).unwrap();
        assert_eq!(metadata, Face::AwsSigner.metadata());
        assert_eq!(metadata.supported_contract_versions, ["1.0"]);
        assert_eq!(
            metadata.capabilities,
            [
                "SIGNATURE_GENERATOR.ENVELOPE",
                "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB",
                "SIGNATURE_VERIFIER.TRUSTED_IDENTITY",
                "SIGNATURE_VERIFIER.REVOCATION_CHECK"
            ]
        );
        assert!(metadata.version.starts_with(&format!("{PLUGIN_VERSION}+")));
        assert_eq!(
            semver::Version::parse(&metadata.version)
                .unwrap()
                .build
                .as_str(),
            concat!("countersign.", env!("CARGO_PKG_VERSION"))
        );
    }

    #[test]
    fn aws_kms_makes_raw_signatures_only() {
        let (status, stdout, stderr) = run_as(Ok(Face::AwsKms), &["get-plugin-metadata"], b"{}");
        assert_eq!((status, stderr.as_str()), (0, ""));
        let metadata: PluginMetadata = serde_json::from_str(&stdout).unwrap();
        assert_eq!(metadata, Face::AwsKms.metadata());
        assert_eq!(
            (metadata.name.as_str(), metadata.version.as_str()),
            ("aws-kms", env!("CARGO_PKG_VERSION"))
        );
        assert_eq!(metadata.capabilities, ["SIGNATURE_GENERATOR.RAW"]);
    }

    #[test]
    fn exactly_one_command_is_taken() {
        for (arguments, message) in [
            (&[][..], "no command was given"),
            (
                &["sign"][..],
                "`sign` is not a command of the plugin contract",
            ),
            (&["get-plugin-metadata", "x"][..], "unexpected argument `x`"),
        ] {
            let (status, stdout, stderr) = run_with(arguments, b"{}");
            assert_eq!((status, stdout.as_str()), (1, ""));
            let error: plugin_contract::ErrorResponse = serde_json::from_str(&stderr).unwrap();
            assert_eq!(error.error_code.as_str(), "VALIDATION_ERROR");
            assert!(error.error_message.starts_with(message), "{stderr}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_written_is_a_failure() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let mut stderr = Vec::new();
        let arguments = [OsString::from("get-plugin-metadata")];
        let status = run(
            Ok(Face::AwsSigner),
            &arguments,
            &b"{}"[..],
            Broken,
            &mut stderr,
        );
        assert_eq!(status, 1);
        assert!(
            String::from_utf8(stderr)
                .unwrap()
                .contains("could not be written")
        );
    }
}
