//! This program as a Notation plugin (`plugin-extensibility.md`): one command as the only argument,
//! its request as JSON on stdin, its answer as JSON on stdout; or an error as JSON on stderr, and
//! exit status 1.
//!
//! Which plugin it is follows from the executable's file name, because Notation checks the name
//! against the directory in which it found the executable.

mod aws_signer;
mod error;

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::path::Path;

use serde::Serialize;

pub use error::Error;

use crate::limits::MAX_PLUGIN_MESSAGE_BYTES;
use crate::plugin_contract::{CONTRACT_VERSION, Command, PluginMetadata};

/// The plugins that this program can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// `com.amazonaws.signer.notation.plugin`: the name that AWS Signer's signatures ask for.
    AwsSigner,
}

/// The version that metadata reports: that of AWS's plugin whose behaviour this one has, because a
/// signature may ask for a minimum of it; then our own, which does not take part in comparisons.
const VERSION: &str = concat!("1.0.2292+countersign.", env!("CARGO_PKG_VERSION"));

const URL: &str = env!("CARGO_PKG_REPOSITORY");

impl Face {
    /// The plugin that an executable of this file name is; `None` where it is no plugin.
    pub fn of_executable(path: &OsStr) -> Option<Self> {
        let name = Path::new(path).file_name()?.to_str()?;
        let name = name.strip_suffix(".exe").unwrap_or(name);
        let name = name.strip_prefix("notation-")?;
        [Self::AwsSigner]
            .into_iter()
            .find(|face| face.name() == name)
    }

    /// The plugin's name in Notation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AwsSigner => aws_signer::NAME,
        }
    }

    fn metadata(self) -> PluginMetadata {
        let (description, capabilities) = match self {
            Self::AwsSigner => (aws_signer::DESCRIPTION, aws_signer::CAPABILITIES),
        };
        PluginMetadata {
            name: self.name().to_owned(),
            description: description.to_owned(),
            version: VERSION.to_owned(),
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
    face: Face,
    arguments: &[OsString],
    stdin: impl Read,
    mut stdout: impl Write,
    mut stderr: impl Write,
) -> u8 {
    let result = answer(face, arguments, stdin).and_then(|answer| {
        stdout
            .write_all(&answer.bytes)
            .and_then(|()| stdout.flush())
            .map_err(Error::Write)?;
        Ok(answer.warning)
    });
    match result {
        Ok(None) => 0,
        Ok(Some(warning)) => {
            // A host ignores stderr where the exit status is 0; people do not.
            let _ = writeln!(stderr, "warning: {warning}");
            0
        }
        Err(error) => {
            // Where stderr is closed too, the exit status is all that is left to say.
            let _ = serde_json::to_writer(&mut stderr, &error.response());
            let _ = stderr.flush();
            1
        }
    }
}

/// What a command answers.
#[derive(Debug)]
struct Answer {
    /// For stdout.
    bytes: Vec<u8>,
    /// For stderr, where the command succeeded all the same.
    warning: Option<String>,
}

impl Answer {
    fn of(message: &impl Serialize) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(message).map_err(|error| Error::Write(error.into()))?;
        Ok(Self {
            bytes,
            warning: None,
        })
    }

    fn with_warning(self, warning: Option<String>) -> Self {
        Self { warning, ..self }
    }
}

fn answer(face: Face, arguments: &[OsString], stdin: impl Read) -> Result<Answer, Error> {
    let command = match arguments {
        [] => return Err(Error::NoCommand),
        [argument] if argument == "version" => {
            return Ok(Answer {
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
    let request = read_request(stdin)?;
    match face {
        Face::AwsSigner => aws_signer::answer(command, &request),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extended_validation::PLUGIN_VERSION;

    fn run_with(arguments: &[&str], stdin: &[u8]) -> (u8, String, String) {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = run(Face::AwsSigner, &arguments, stdin, &mut stdout, &mut stderr);
        (
            status,
            String::from_utf8(stdout).unwrap(),
            String::from_utf8(stderr).unwrap(),
        )
    }

    #[test]
    fn the_file_name_decides() {
        for name in [
            "notation-com.amazonaws.signer.notation.plugin",
            "/a/b/notation-com.amazonaws.signer.notation.plugin",
            "./notation-com.amazonaws.signer.notation.plugin.exe",
        ] {
            assert_eq!(Face::of_executable(OsStr::new(name)), Some(Face::AwsSigner));
        }
        for name in [
            "",
            "countersign",
            "notation",
            "com.amazonaws.signer.notation.plugin",
            "notation-com.amazonaws.signer.notation.plugin2",
            "notation-com.amazonaws.signer.notation.plugin/countersign",
        ] {
            assert_eq!(Face::of_executable(OsStr::new(name)), None, "{name}");
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
            let error: crate::plugin_contract::ErrorResponse =
                serde_json::from_str(&stderr).unwrap();
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
        let status = run(Face::AwsSigner, &arguments, &b"{}"[..], Broken, &mut stderr);
        assert_eq!(status, 1);
        assert!(
            String::from_utf8(stderr)
                .unwrap()
                .contains("could not be written")
        );
    }
}
