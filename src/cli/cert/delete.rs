//! `countersign cert delete`: certificates out of a trust store.

use super::super::confirm::confirm;
use super::super::output::{CommandOutput, Exit, one_line};
use super::{StoreArgs, refused};
use crate::config::NotationDirs;
use crate::files;
use crate::trust_store::{ChangeError, StoreFiles};

/// Flags of `cert delete`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign cert delete --type ca --store acme acme-root.crt\n  \
    countersign cert delete --type ca --store acme --all --yes")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    store: StoreArgs,
    /// Name of the file to delete, as `cert list` shows it
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Delete the trust store with every certificate in it
    #[arg(short, long)]
    all: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Deletes one file, or all of a store.
pub(super) fn run(dirs: &NotationDirs, args: &Args) -> Result<String, CommandOutput> {
    let usage = |sentence: &str| CommandOutput::failed(Exit::Usage, sentence);
    let store = args.store.parse()?;
    let files = StoreFiles::new(&dirs.config);
    let of = format!("\"{}\" of type \"{}\"", store.name(), store.kind());
    match (&args.name, args.all) {
        (Some(_), true) => Err(usage(
            "cannot delete a single certificate file when --all flag is set. use --help flag for \
             more details",
        )),
        (None, false) => Err(usage(
            "delete requires either the certificate file name that needs to be deleted or --all \
             flag to delete all certificates in the given named trust store",
        )),
        (Some(name), false) if name.is_empty() => Err(usage(
            "to delete a specific certificate, certificate fileName cannot be empty",
        )),
        (Some(name), false) => {
            let shown = one_line(name);
            let failed = |error: ChangeError| {
                let words = words(&error);
                refused(
                    &format!("failed to delete the certificate file: {words}"),
                    &error,
                )
            };
            files.path_of(&store, name).map_err(failed)?;
            confirm(
                "",
                &format!("Are you sure you want to delete \"{shown}\" in {of}?"),
                args.yes,
            )?;
            files.delete(&store, name).map_err(failed)?;
            Ok(format!(
                "Successfully deleted {shown} from trust store {} of type {}\n",
                store.name(),
                store.kind()
            ))
        }
        (None, true) => {
            confirm(
                "",
                &format!("Are you sure you want to delete all certificates in {of}?"),
                args.yes,
            )?;
            let directory = files.delete_store(&store).map_err(|error| {
                let words = words(&error);
                refused(
                    &format!("failed to delete the named trust store: {words}"),
                    &error,
                )
            })?;
            Ok(format!("Successfully deleted {}\n", directory.display()))
        }
    }
}

/// What is wrong, in notation's words where nothing is there.
fn words(error: &ChangeError) -> String {
    match error {
        ChangeError::Files {
            source: files::Error::NotFound { path },
        } => format!("stat {}: no such file or directory", path.display()),
        ChangeError::Files { source } => source.to_string(),
        other => other.to_string(),
    }
}
