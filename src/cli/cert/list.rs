//! `countersign cert list`: what the trust stores hold.

use std::fmt::Write as _;

use super::super::args::Output;
use super::super::listing::{not_shown, shown};
use super::super::output::{CommandOutput, Exit, write_causes, write_hint};
use super::super::table::table;
use super::{parse_store, parse_type, warning};
use crate::causes::in_one_line;
use crate::config::{NotationDirs, StoreName};
use crate::files;
use crate::notary::StoreType;
use crate::report::{CertificateFile, ListedCertificates};
use crate::trust_store::{self, StoreFiles};

/// Flags of `cert list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign cert list\n  \
    countersign cert list --type ca --store acme\n  \
    countersign cert list --output json    (for programs)")]
pub(in crate::cli) struct Args {
    /// Only trust stores of this type: ca, signingAuthority or tsa
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only trust stores of this name
    #[arg(short, long, value_name = "NAME")]
    store: Option<String>,
    /// Output format: `json` is one document on stdout, see schemas/certificate-list.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub(super) output: Output,
}

/// Lists every file that is one; what would keep a store from being used is a warning.
pub(super) fn run(dirs: &NotationDirs, args: &Args) -> CommandOutput {
    let files = StoreFiles::new(&dirs.config);
    let mut report = CommandOutput::done();
    let stores = match chosen(&files, args, &mut report) {
        Ok(stores) => stores,
        Err(report) => return not_shown(args.output, report),
    };
    let head = ["STORE TYPE", "STORE NAME", "CERTIFICATE"].map(str::to_owned);
    let mut rows = vec![head];
    let mut listed = Vec::new();
    for store in stores {
        let entries = match files.files(&store) {
            Ok(entries) => entries,
            Err(error) if error.is_not_found() => continue,
            Err(error) => {
                unreadable(&mut report, &error);
                continue;
            }
        };
        for entry in entries {
            if let Err(error) = &entry.certificates {
                report.stderr.push_str(&warning(error));
                if matches!(error, trust_store::Error::NotRegular { .. }) {
                    continue;
                }
            }
            let (kind, name) = (store.kind().to_string(), store.name().to_owned());
            let (certificates, problem) = match &entry.certificates {
                Ok(certificates) => (certificates.as_slice(), None),
                Err(error) => (&[][..], Some(in_one_line(error))),
            };
            let of_store = (kind.clone(), name.clone());
            let file = CertificateFile::new(of_store, entry.name.clone(), certificates, problem);
            listed.push(file);
            rows.push([kind, name, entry.name]);
        }
    }
    if rows.len() > 1 {
        report.stdout = table(&rows);
    }
    shown(args.output, ListedCertificates::new(listed), report)
}

/// The stores that the flags are about, by type and name.
fn chosen(
    files: &StoreFiles,
    args: &Args,
    report: &mut CommandOutput,
) -> Result<Vec<StoreName>, CommandOutput> {
    let kinds = match &args.kind {
        Some(kind) => vec![parse_type(kind)?],
        None => vec![StoreType::Ca, StoreType::SigningAuthority, StoreType::Tsa],
    };
    let mut stores = Vec::new();
    for kind in kinds {
        if let Some(name) = &args.store {
            stores.push(parse_store(kind, name)?);
            continue;
        }
        match files.stores(kind) {
            Ok(found) => stores.extend(found),
            Err(error) => unreadable(report, &error),
        }
    }
    Ok(stores)
}

/// Half a list must not pass for a whole one.
fn unreadable(report: &mut CommandOutput, error: &files::Error) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(report.stderr, "Error: {error}");
    write_causes(&mut report.stderr, "", error);
    write_hint(&mut report.stderr, "", error.hint());
    report.exit = Exit::Usage;
}
