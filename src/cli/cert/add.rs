//! `countersign cert add`: certificates of files into a trust store.

use std::fmt::Write as _;
use std::path::Path;

use super::super::output::{CommandOutput, Exit, one_line, write_hint};
use super::{StoreArgs, warning};
use crate::causes;
use crate::config::NotationDirs;
use crate::files;
use crate::trust_store::{ChangeError, StoreFiles, TrustStores};

/// Flags of `cert add`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign cert add --type ca --store acme acme-root.crt\n  \
    countersign cert add --type tsa --store timestamps tsa-root.pem")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// Files with certificates, PEM or DER
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

/// Adds what can be added, and says of the rest why not.
pub(super) fn run(dirs: &NotationDirs, args: &Args) -> CommandOutput {
    let store = match args.store.parse() {
        Ok(store) => store,
        Err(report) => return report,
    };
    let files = StoreFiles::new(&dirs.config);
    let to = format!("to named store {} of type {}", store.name(), store.kind());
    let (mut added, mut failed, mut hints) = (String::new(), String::new(), Vec::new());
    for file in &args.files {
        // Writing to a `String` cannot fail.
        let _ = match files.add(&store, Path::new(file)) {
            Ok(_) => writeln!(added, "{}", one_line(file)),
            Err(error) => {
                hints.extend(error.hint().filter(|hint| !hints.contains(hint)));
                let words = one_line(&words(&error));
                writeln!(failed, "{}, with error \"{words}\"", one_line(file))
            }
        };
    }
    let mut report = CommandOutput::done();
    if !added.is_empty() {
        report.stdout = format!("Successfully added following certificates {to}:\n{added}");
        // What was there before can still spoil the store.
        if let Err(error) = TrustStores::new(&dirs.config).load(&store) {
            report.stderr = warning(&error);
        }
    }
    if !failed.is_empty() {
        let sentence = format!("Error: Failed to add following certificates {to}:\n{failed}");
        report.stderr.push_str(&sentence);
        for hint in hints {
            write_hint(&mut report.stderr, "", Some(hint));
        }
        report.exit = Exit::Usage;
    }
    report
}

/// Why a file was not added, on one line; notation's words where they are not those of a library.
fn words(error: &ChangeError) -> String {
    if let ChangeError::Source {
        source: files::Error::NotFound { path },
    } = error
    {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        return format!("open {}: no such file or directory", path.display());
    }
    causes::in_one_line(error)
}
