//! `countersign cert list`: what the trust stores hold.

use std::fmt::Write as _;

use super::super::output::{CommandOutput, Exit, write_causes, write_hint};
use super::super::table::table;
use super::{parse_store, parse_type, warning};
use crate::config::{NotationDirs, StoreName};
use crate::files;
use crate::notary::StoreType;
use crate::trust_store::{self, StoreFiles};

/// Flags of `cert list`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign cert list\n  \
    countersign cert list --type ca --store acme")]
pub(in crate::cli) struct Args {
    /// Only trust stores of this type: ca, signingAuthority or tsa
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Only trust stores of this name
    #[arg(short, long, value_name = "NAME")]
    store: Option<String>,
}

/// Lists every file that is one; what would keep a store from being used is a warning.
pub(super) fn run(dirs: &NotationDirs, args: &Args) -> CommandOutput {
    let files = StoreFiles::new(&dirs.config);
    let mut report = CommandOutput::done();
    let stores = match chosen(&files, args, &mut report) {
        Ok(stores) => stores,
        Err(report) => return report,
    };
    let head = ["STORE TYPE", "STORE NAME", "CERTIFICATE"].map(str::to_owned);
    let mut rows = vec![head];
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
            rows.push([kind, name, entry.name]);
        }
    }
    if rows.len() > 1 {
        report.stdout = table(&rows);
    }
    report
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
