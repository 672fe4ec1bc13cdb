//! `countersign blob`: signs and verifies files.

mod inspect;
mod policy;
mod progress;
mod sign;
mod verify;

use std::path::Path;
use std::time::Duration;

use super::envelope::unknown_format;
use super::output::{CommandOutput, Exit, one_line};
use crate::blob::{self, Blob};
use crate::files;
use crate::limits::MAX_ENVELOPE_BYTES;
use crate::notary::EnvelopeFormat;
use crate::report::{Called, sentence};

/// Commands of `blob`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Sign a file; the signature is written to FILE.jws.sig or FILE.cose.sig
    Sign(sign::Args),
    /// Verify the signature of a file
    Verify(verify::Args),
    /// Show what the signature of a file says, without verifying it
    Inspect(inspect::Args),
    /// Manage the trust policy for files
    #[command(
        subcommand,
        after_help = "Examples:\n  \
        countersign blob policy import trustpolicy.blob.json\n  \
        countersign blob policy show"
    )]
    Policy(policy::Command),
}

pub(super) async fn run(command: Command, called: Called) -> CommandOutput {
    let report = match command {
        Command::Sign(args) => sign::run(&args).await,
        Command::Verify(args) => verify::run(&args, called).await,
        Command::Inspect(args) => inspect::run(&args),
        Command::Policy(command) => policy::run(&command),
    };
    report.unwrap_or_else(|report| report)
}

/// Opens the file that is signed or verified; a pipe may be silent for `wait`.
fn open(path: &Path, wait: Duration) -> Result<Blob, CommandOutput> {
    let blob = Blob::open(path).map(|blob| blob.with_patience(wait));
    blob.map_err(|error| {
        let words = match &error {
            blob::Error::Open { source } => sentence::of_file(source),
            _ => error.to_string(),
        };
        CommandOutput::error(Exit::Usage, &one_line(&words), &error, error.hint())
    })
}

/// A signature that the user named.
struct Named<'a> {
    path: &'a Path,
    /// `None` for a pipe, whose name says nothing.
    format: Option<EnvelopeFormat>,
}

impl<'a> Named<'a> {
    fn new(path: &'a Path) -> Result<Self, CommandOutput> {
        let format = match format_of(path) {
            Ok(format) => Some(format),
            Err(_) if files::is_stream(path) => None,
            Err(report) => return Err(report),
        };
        Ok(Self { path, format })
    }

    /// Reads it, a pipe within `wait`. A link is followed: what it leads to is judged.
    fn read(
        &self,
        before: &str,
        wait: Duration,
    ) -> Result<(EnvelopeFormat, Vec<u8>), CommandOutput> {
        let bytes = files::read_named(self.path, MAX_ENVELOPE_BYTES, wait).map_err(|error| {
            let words = format!("{before}{}", sentence::of_file(&error));
            CommandOutput::error(Exit::Usage, &one_line(&words), &error, error.hint())
        })?;
        Ok((
            self.format.unwrap_or_else(|| format_by_content(&bytes)),
            bytes,
        ))
    }
}

/// A JWS is a JSON object; everything else is read, and refused, as COSE.
fn format_by_content(bytes: &[u8]) -> EnvelopeFormat {
    match bytes.trim_ascii_start().first() {
        Some(b'{') => EnvelopeFormat::Jws,
        _ => EnvelopeFormat::Cose,
    }
}

/// Reads a signature file that lies beside the file and was not named: only a regular file.
fn read_found_signature(path: &Path) -> Result<Vec<u8>, CommandOutput> {
    files::read(path, MAX_ENVELOPE_BYTES).map_err(|error| {
        let words = one_line(&sentence::of_file(&error));
        CommandOutput::error(Exit::Usage, &words, &error, error.hint())
    })
}

/// The format of a signature, which its file's name says: `NAME.jws.sig` or `NAME.cose.sig`, in any
/// letter case.
fn format_of(path: &Path) -> Result<EnvelopeFormat, CommandOutput> {
    let name = path.file_name().unwrap_or(".".as_ref()).to_string_lossy();
    let invalid = |rest: &str| {
        let name = one_line(&name);
        CommandOutput::usage(
            &format!("invalid signature filename {name}. {rest}"),
            Some("name the file with its format: `FILE.jws.sig` or `FILE.cose.sig`".to_owned()),
        )
    };
    let mut parts = name.rsplit('.');
    let is_signature = parts
        .next()
        .is_some_and(|last| last.eq_ignore_ascii_case("sig"));
    if !is_signature || !name.contains('.') {
        return Err(invalid("The file extension must be .sig"));
    }
    let (Some(format), Some(_)) = (parts.next(), parts.next()) else {
        return Err(invalid(
            "A valid signature file name must contain signature format and .sig file extension",
        ));
    };
    match format.to_ascii_lowercase().as_str() {
        "jws" => Ok(EnvelopeFormat::Jws),
        "cose" => Ok(EnvelopeFormat::Cose),
        other => Err(unknown_format(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_name_says_the_format() {
        for (name, format) in [
            ("x.jws.sig", EnvelopeFormat::Jws),
            ("a/x.y.COSE.Sig", EnvelopeFormat::Cose),
            (".jws.sig", EnvelopeFormat::Jws),
        ] {
            assert_eq!(format_of(Path::new(name)).unwrap(), format, "{name}");
        }
        for (name, sentence) in [
            (
                "x",
                "invalid signature filename x. The file extension must be .sig",
            ),
            (
                "sig",
                "invalid signature filename sig. The file extension must be .sig",
            ),
            (
                "",
                "invalid signature filename .. The file extension must be .sig",
            ),
            (
                "a.jws.sig/x.jws",
                "invalid signature filename x.jws. The file extension must be .sig",
            ),
            (
                "jws.sig",
                "invalid signature filename jws.sig. A valid signature file name must contain signature format \
                 and .sig file extension",
            ),
            (
                "x.PGP.sig",
                "signature format \"pgp\" not supported\nSupported signature envelope formats are \"jws\" and \
                 \"cose\"",
            ),
        ] {
            let report = format_of(Path::new(name)).unwrap_err();
            assert_eq!(report.sentence(), sentence, "{name}");
        }
    }
}
