//! `countersign cert generate-test`: a key and a certificate to try things out with.

use std::fmt::Write as _;
use std::path::Path;

use time::format_description::well_known::Rfc3339;

use super::super::context::now;
use super::super::report::{Exit, Report};
use crate::config::{NotationDirs, SigningKey, SigningKeys, SigningKeysError, StoreName};
use crate::files;
use crate::notary::StoreType;
use crate::signer::local_key::{TestKey, TestKeySize};

/// Flags of `cert generate-test`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Common name of the certificate, and the name of its key and of its trust store
    #[arg(value_name = "NAME")]
    name: String,
    /// Bits of the RSA key: 2048, 3072 or 4096
    #[arg(
        short,
        long,
        value_name = "BITS",
        default_value_t = 2048,
        allow_negative_numbers = true
    )]
    bits: i64,
    /// Make it the default key
    #[arg(long)]
    default: bool,
}

/// Makes the key and the certificate; gives what to print.
pub(super) fn run(dirs: &NotationDirs, args: &Args) -> Result<String, Report> {
    let usage = |sentence: String| Report::failed(Exit::Usage, &sentence);
    let name = args.name.as_str();
    // The store's rule for names leads out of no directory; the key's files have the same name.
    StoreName::new(StoreType::Ca, name)
        .map_err(|_| usage("name needs to follow [a-zA-Z0-9_.-]+ format".to_owned()))?;
    let size = match args.bits {
        2048 => TestKeySize::Rsa2048,
        3072 => TestKeySize::Rsa3072,
        4096 => TestKeySize::Rsa4096,
        bits => {
            return Err(usage(format!(
                "RSA keys of {bits} bits cannot sign; `--bits` is 2048, 3072 or 4096"
            )));
        }
    };
    // Everything that can be in the way is looked at before anything is written.
    let listed = SigningKeys::load(dirs).map_err(|error| keys_report(&error))?;
    if listed.keys.iter().any(|key| key.name == name) {
        let name = name.to_owned();
        return Err(keys_report(&SigningKeysError::Exists { name }));
    }
    let local = dirs.local_keys();
    let store = dirs
        .config
        .join("truststore/x509")
        .join(StoreType::Ca.as_str())
        .join(name);
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let paths = [
        local.join(key),
        local.join(&certificate),
        store.join(&certificate),
    ];
    if let Some(taken) = paths.iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(Report::usage(
            &format!("failed to write key file: `{}` exists", taken.display()),
            Some("choose another name, or remove what is left of the other key".to_owned()),
        ));
    }
    let made = TestKey::generate(name, size, now())
        .map_err(|error| Report::error(Exit::Rejected, &error.to_string(), &error, None))?;

    let [key_path, certificate_path, _] = &paths;
    let entry = SigningKey {
        name: name.to_owned(),
        key_path: Some(text(key_path)?),
        cert_path: Some(text(certificate_path)?),
        ..SigningKey::default()
    };
    let contents = [&*made.key, &made.certificate, &made.certificate];
    let written = paths
        .iter()
        .zip(contents)
        .try_for_each(|(path, content)| write(path, content))
        .and_then(|()| {
            SigningKeys::update(dirs, |keys| keys.add(entry, args.default))
                .map_err(|error| keys_report(&error))
        });
    if let Err(report) = written {
        for path in &paths {
            // None of them was there before; what cannot be removed was not written.
            let _ = std::fs::remove_file(path);
        }
        return Err(report);
    }

    let mut out = String::new();
    let expiring = made.not_after.format(&Rfc3339).unwrap_or_default();
    // Writing to a `String` cannot fail.
    let _ = write!(
        out,
        "generating RSA Key with {} bits\n\
         generated certificate expiring on {expiring}\n\
         wrote key: {}\n\
         wrote certificate: {}\n\
         Successfully added {certificate} to named store {name} of type ca\n\
         {name}: added to the key list\n",
        args.bits,
        key_path.display(),
        certificate_path.display(),
    );
    if args.default {
        let _ = writeln!(out, "{name}: marked as default signing key");
    }
    Ok(out)
}

fn write(path: &Path, content: &str) -> Result<(), Report> {
    let folder = path.parent().unwrap_or(path);
    files::create_directory(folder)
        .and_then(|()| files::write_atomic(path, content.as_bytes()))
        .map_err(|error| Report::error(Exit::Usage, &error.to_string(), &error, error.hint()))
}

fn text(path: &Path) -> Result<String, Report> {
    let absolute = std::path::absolute(path).ok();
    absolute
        .and_then(|path| path.into_os_string().into_string().ok())
        .ok_or_else(|| Report::failed(Exit::Usage, "a path in the key list must be UTF-8"))
}

fn keys_report(error: &SigningKeysError) -> Report {
    Report::error(Exit::Usage, &error.to_string(), error, error.hint())
}
