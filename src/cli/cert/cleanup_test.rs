//! `countersign cert cleanup-test`: removes what `cert generate-test` made, and nothing else.

use std::fmt::Write as _;
use std::path::Path;

use super::super::confirm::confirm;
use super::super::output::{CommandOutput, Exit};
use super::super::signer::keys_in_notation;
use super::refused;
use super::test_files::TestFiles;
use crate::config::{NotationDirs, SigningKeys, SigningKeysError};
use crate::files;
use crate::limits::MAX_TRUST_STORE_FILE_BYTES;
use crate::signer::aws_kms;
use crate::trust_store::{ChangeError, StoreFiles};

/// Flags of `cert cleanup-test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign cert cleanup-test --yes example")]
pub(in crate::cli) struct Args {
    /// Common name of the certificate, as it was given to `generate-test`
    #[arg(value_name = "NAME")]
    name: String,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Removes, in an order in which a try that broke off can be repeated: the certificate in `localkeys`, by which the
/// one in the store is known, goes last.
pub(super) fn run(dirs: &NotationDirs, args: &Args) -> Result<String, CommandOutput> {
    let name = args.name.as_str();
    let test = TestFiles::of(dirs, name).map_err(|_| {
        let sentence = "certificate common name must follow [a-zA-Z0-9_.-]+ format";
        CommandOutput::failed(Exit::Usage, sentence)
    })?;
    let is_listed = is_listed(dirs, name, &test)?;
    is_the_same(name, &test)?;
    let (key, certificate) = (test.key.display(), test.certificate.display());
    let question = "Are you sure you want to continue?";
    confirm(&plan(name, &test), question, args.yes)?;

    let mut out = String::new();
    let file = &test.file_name;
    let done = match StoreFiles::new(&dirs.config).delete(&test.store, file) {
        Ok(()) => format!("Successfully deleted {file} from trust store {name} of type ca"),
        Err(ChangeError::Files { source }) if source.is_not_found() => {
            format!("Certificate {file} does not exist in trust store {name} of type ca")
        }
        Err(error) => {
            let sentence = format!("failed to delete {file} from trust store {name} of type ca");
            return Err(refused(&sentence, &error));
        }
    };
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{done}");
    if is_listed {
        match SigningKeys::update(dirs, |keys| keys.remove(&[name.to_owned()])) {
            // Another process was faster.
            Ok(_) | Err(SigningKeysError::NotFound { .. }) => {}
            Err(error) => return Err(after(&out, keys_report(dirs, name, &error))),
        }
        let _ = writeln!(out, "Successfully removed key {name} from the key list");
    } else {
        let _ = writeln!(out, "Key {name} does not exist in the key list");
    }
    for (kind, lower, path, shown) in [
        ("Key", "key", &test.key, key),
        ("Certificate", "certificate", &test.certificate, certificate),
    ] {
        let done = match files::remove(path) {
            Ok(()) => format!("Successfully deleted {lower} file: {shown}"),
            Err(error) if error.is_not_found() => format!("{kind} file {shown} does not exist"),
            Err(error) => {
                let sentence = format!("failed to delete {lower} file: {error}");
                let report = CommandOutput::error(Exit::Usage, &sentence, &error, error.hint());
                return Err(after(&out, report));
            }
        };
        let _ = writeln!(out, "{done}");
    }
    out.push_str("Cleanup completed successfully\n");
    Ok(out)
}

/// Whether the key list has the test key. Unlike notation, which takes any key of this name out of the list.
fn is_listed(dirs: &NotationDirs, name: &str, test: &TestFiles) -> Result<bool, CommandOutput> {
    let keys = SigningKeys::load(dirs).map_err(|error| keys_report(dirs, name, &error))?;
    let Some(key) = keys.keys.iter().find(|key| key.name == name) else {
        return Ok(false);
    };
    let is = |path: Option<&str>, wanted: &Path| {
        let wanted = std::path::absolute(wanted).unwrap_or_else(|_| wanted.to_owned());
        path.map(Path::new) == Some(wanted.as_path())
    };
    // Of a key in AWS KMS there is the certificate alone.
    let chain = key.plugin_config.get(aws_kms::Settings::CERTIFICATE_CHAIN);
    let is_kms = key.plugin_name.as_deref() == Some(aws_kms::PLUGIN_NAME)
        && is(chain.map(String::as_str), &test.certificate);
    if is_kms || is(key.key_path.as_deref(), &test.key) {
        return Ok(true);
    }
    Err(CommandOutput::usage(
        &format!(
            "nothing was deleted: the key {name} in the key list is not the test key `{}`",
            test.key.display()
        ),
        Some(format!(
            "remove it from the list with `countersign key delete {name}`"
        )),
    ))
}

/// Checks that the certificate in the store is the test key's. Unlike notation, which deletes any of this name.
fn is_the_same(name: &str, test: &TestFiles) -> Result<(), CommandOutput> {
    let read = |path| match files::read(path, MAX_TRUST_STORE_FILE_BYTES) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(CommandOutput::error(
            Exit::Usage,
            &format!("nothing was deleted: {error}"),
            &error,
            error.hint(),
        )),
    };
    let trusted = read(&test.trusted)?;
    if trusted.is_none() || trusted == read(&test.certificate)? {
        return Ok(());
    }
    let (file, store) = (&test.file_name, &test.store);
    Err(CommandOutput::usage(
        &format!(
            "nothing was deleted: {file} in trust store {name} of type ca is not the test certificate `{}`",
            test.certificate.display()
        ),
        Some(format!(
            "if it is no longer trusted: `countersign cert delete --type {} --store {name} {file}`",
            store.kind()
        )),
    ))
}

/// What will be done, as notation announces it.
fn plan(name: &str, test: &TestFiles) -> String {
    format!(
        "The test key {name} and its corresponding certificate will be cleaned up with the following changes:\n\
         - Delete certificate {} from trust store {name} of type ca\n\
         - Remove key {name} from the key list\n\
         - Delete key file: {}\n\
         - Delete certificate file: {}\n\n",
        test.file_name,
        test.key.display(),
        test.certificate.display(),
    )
}

fn keys_report(dirs: &NotationDirs, name: &str, error: &SigningKeysError) -> CommandOutput {
    let sentence = format!("failed to remove key {name} from the key list: {error}");
    CommandOutput::error(Exit::Usage, &sentence, error, error.hint()).in_notation(|| {
        let words = keys_in_notation(dirs, error)?;
        Some(format!(
            "failed to remove key {name} from the key list: {words}"
        ))
    })
}

/// A failure after something was done.
fn after(done: &str, report: CommandOutput) -> CommandOutput {
    CommandOutput {
        stdout: done.to_owned(),
        ..report
    }
}
