//! `countersign cert show`: the certificates of one file of a trust store.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::macros::format_description;

use super::super::args::Output;
use super::super::listing::{not_shown, shown};
use super::super::output::{CommandOutput, Exit, one_line};
use super::{StoreArgs, refused};
use crate::config::NotationDirs;
use crate::files;
use crate::limits::MAX_TRUST_STORE_FILE_BYTES;
use crate::report::{CertificateFile, ListedCertificates};
use crate::trust_store::StoreFiles;
use crate::x509::{Certificate, parse_certificates};

const RULE: &str =
    "--------------------------------------------------------------------------------";

/// Flags of `cert show`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign cert show --type ca --store acme acme-root.crt")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// Name of the file, as `cert list` shows it
    #[arg(value_name = "NAME")]
    name: String,
    /// Output format: `json` is one document on stdout, see schemas/certificate-list.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub(super) output: Output,
}

/// Shows what the file holds, whether it may be in that store or not.
pub(super) fn run(dirs: &NotationDirs, args: &Args) -> CommandOutput {
    show(dirs, args).unwrap_or_else(|report| not_shown(args.output, report))
}

fn show(dirs: &NotationDirs, args: &Args) -> Result<CommandOutput, CommandOutput> {
    let store = args.store.parse()?;
    if args.name.is_empty() {
        let sentence = "certificate fileName cannot be empty";
        return Err(CommandOutput::failed(Exit::Usage, sentence));
    }
    let failed = format!(
        "failed to show details of certificate {}, with error: ",
        one_line(&args.name)
    );
    let path = StoreFiles::new(&dirs.config)
        .path_of(&store, &args.name)
        .map_err(|error| refused(&format!("{failed}{error}"), &error))?;
    let bytes = files::read(&path, MAX_TRUST_STORE_FILE_BYTES).map_err(|error| {
        let words = match &error {
            files::Error::NotFound { path } => {
                format!("open {}: no such file or directory", path.display())
            }
            other => other.to_string(),
        };
        CommandOutput::error(
            Exit::Usage,
            &format!("{failed}{words}"),
            &error,
            error.hint(),
        )
    })?;
    let certificates = parse_certificates(&bytes).map_err(|error| {
        CommandOutput::error(Exit::Usage, &format!("{failed}{error}"), &error, None)
            .in_notation(|| Some(format!("{failed}{}", error.in_words_of_go())))
    })?;
    if certificates.is_empty() {
        let sentence = format!("{failed}no valid certificate found in the file");
        return Err(CommandOutput::failed(Exit::Usage, &sentence));
    }
    let mut out = "Certificate details\n".to_owned();
    for certificate in &certificates {
        details(&mut out, certificate);
    }
    let of_store = (store.kind().to_string(), store.name().to_owned());
    let file = CertificateFile::new(of_store, args.name.clone(), &certificates, None);
    let report = CommandOutput {
        stdout: out,
        ..CommandOutput::done()
    };
    let listed = ListedCertificates::new(vec![file]);
    Ok(shown(args.output, listed, report))
}

fn details(out: &mut String, certificate: &Certificate) {
    // Writing to a `String` cannot fail.
    let _ = write!(
        out,
        "{RULE}\nIssuer: {}\nSubject: {}\nValid from: {}\nValid to: {}\nIsCA: {}\n\
         SHA256 Thumbprint: {}\n",
        one_line(&certificate.issuer().to_string()),
        one_line(&certificate.subject().to_string()),
        in_go(certificate.not_before()),
        in_go(certificate.not_after()),
        certificate.is_ca(),
        certificate.sha256_fingerprint(),
    );
}

/// A time as Go's `Time.String` has it in UTC.
fn in_go(time: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] +0000 UTC");
    // Only a writer could fail.
    time.checked_to_offset(time::UtcOffset::UTC)
        .unwrap_or(time)
        .format(form)
        .unwrap_or_default()
}
