//! `countersign cert add`: certificates of files into a trust store.

use std::fmt::Write as _;
use std::path::Path;

use clap::builder::NonEmptyStringValueParser;

use super::super::output::{CommandOutput, Exit, one_line, write_hint};
use super::super::terminal;
use super::{StoreArgs, warning};
use crate::causes;
use crate::config::NotationDirs;
use crate::files;
use crate::report::sentence;
use crate::trust_store::{ChangeError, PUBLISHED_PARTITIONS, StoreFiles, TrustStores, Unfit};

/// Flags of `cert add`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign cert add --type ca --store acme acme-root.crt\n  \
    countersign cert add --type tsa --store timestamps tsa-root.pem\n  \
    countersign cert add --aws-signer    (AWS's published roots, which are built in)")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    store: Option<StoreArgs>,
    /// Files with certificates, PEM or DER
    #[arg(required_unless_present = "aws_signer", value_name = "FILE")]
    files: Vec<String>,
    /// Add the roots that AWS has published for AWS Signer, each to the trust store that AWS's
    /// instructions name: signingAuthority:aws-signer-ts and signingAuthority:aws-us-gov-signer-ts
    #[arg(long, conflicts_with_all = ["kind", "store", "files"])]
    aws_signer: bool,
    /// Partition whose root to add: aws or aws-us-gov; may be given several times [default: both]
    #[arg(long, value_name = "PARTITION", requires = "aws_signer", value_parser = NonEmptyStringValueParser::new())]
    partition: Vec<String>,
}

/// Adds what can be added, and says of the rest why not.
pub(super) fn run(dirs: &NotationDirs, args: &Args) -> CommandOutput {
    let Some(store) = &args.store else {
        return add_aws_signer(dirs, &args.partition);
    };
    let store = match store.parse() {
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
                let own = one_line(&causes::in_one_line(&error));
                let words = one_line(&words(&error));
                let cause = if terminal::is_notations() && words != own {
                    format!("\ncaused by: {own}")
                } else {
                    String::new()
                };
                writeln!(failed, "{}, with error \"{words}\"{cause}", one_line(file))
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

/// Adds the published roots of these partitions, or of all; those that are there already stay.
fn add_aws_signer(dirs: &NotationDirs, partitions: &[String]) -> CommandOutput {
    let files = StoreFiles::new(&dirs.config);
    let partitions: Vec<&str> = if partitions.is_empty() {
        PUBLISHED_PARTITIONS.to_vec()
    } else {
        partitions.iter().map(String::as_str).collect()
    };
    let mut report = CommandOutput::done();
    for partition in partitions {
        match files.add_built_in(partition) {
            Ok((path, is_new)) => {
                let done = if is_new { "Added" } else { "Found" };
                let path = one_line(&path.to_string_lossy());
                // Writing to a `String` cannot fail.
                let _ = writeln!(
                    report.stdout,
                    "{done} AWS Signer's published root of partition {partition}: {path}"
                );
            }
            Err(error) => {
                let sentence = format!(
                    "AWS Signer's root of partition `{}` was not added: {}",
                    one_line(partition),
                    words(&error)
                );
                let failed = CommandOutput::usage(&sentence, error.hint());
                report.stderr.push_str(&failed.stderr);
                report.exit = failed.exit;
            }
        }
    }
    report
}

/// Why a file was not added, on one line: in notation's words, where it has some for the name that it was called by.
fn words(error: &ChangeError) -> String {
    let in_notation = || in_notation(error);
    let said = match error {
        ChangeError::Source {
            source: files::Error::NotFound { .. },
        } => in_notation(),
        _ => terminal::is_notations().then(in_notation).flatten(),
    };
    said.unwrap_or_else(|| causes::in_one_line(error))
}

fn in_notation(error: &ChangeError) -> Option<String> {
    match error {
        ChangeError::Source { source } => {
            let path = source.path();
            // Go completes an empty name too.
            if path.as_os_str().is_empty() {
                let folder = std::env::current_dir().ok()?;
                return Some(format!("read {}: is a directory", folder.display()));
            }
            let whole = std::path::absolute(path).ok()?;
            sentence::of_file_at(source, &whole)
        }
        ChangeError::Unfit(Unfit::NotCertificates { source }) => {
            Some(source.in_words_of_go().to_owned())
        }
        _ => None,
    }
}
