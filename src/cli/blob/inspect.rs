//! `countersign blob inspect`: what the signature of a file says. Nothing is verified.

use std::ffi::OsString;
use std::path::Path;

use super::super::inspect::tree;
use super::super::output::{CommandOutput, Exit, one_line};
use super::Named;
use crate::limits::NAMED_PIPE_TIMEOUT;
use crate::report::{InspectionError, SignatureDetails, Times, go, go_envelope};

/// Flags of `blob inspect`, as notation has them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign blob inspect app.tar.gz.jws.sig\n  \
    countersign blob inspect --output json app.tar.gz.jws.sig")]
pub(in crate::cli) struct Args {
    /// Signature: NAME.jws.sig or NAME.cose.sig
    #[arg(value_name = "SIGNATURE")]
    signature: OsString,
    /// Output format: tree or json
    #[arg(short, long, value_name = "FORMAT", default_value = "tree")]
    output: String,
}

pub(super) fn run(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let times = match args.output.as_str() {
        "tree" | "text" => Times::Ansic,
        "json" => Times::Rfc3339,
        other => {
            let sentence = format!("unrecognized output format {}", one_line(other));
            return Err(CommandOutput::failed(Exit::Usage, &sentence));
        }
    };
    let path = Path::new(&args.signature);
    let (format, envelope) =
        Named::new(path)?.read("failed to read signature file: ", NAMED_PIPE_TIMEOUT)?;
    let details = SignatureDetails::read(format, &envelope, times).map_err(|error| {
        CommandOutput::error(Exit::Rejected, &one_line(&error.to_string()), &error, None)
            .in_notation(|| match &error {
                InspectionError::Envelope(source) => {
                    go_envelope::of_shown(format, &envelope, source)
                }
                _ => None,
            })
    })?;
    let stdout = match times {
        Times::Ansic => tree::of_signature(&details, &path.to_string_lossy()).draw(),
        Times::Rfc3339 => go::json(&details),
    };
    Ok(CommandOutput {
        stdout,
        ..CommandOutput::done()
    })
}
