//! `countersign cert generate-test`: a key and a certificate to try things out with.

use std::fmt::Write as _;
use std::path::Path;

use clap::builder::NonEmptyStringValueParser;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use super::super::context::environment;
use super::super::output::{CommandOutput, Exit};
use super::super::signer::unusable_keys;
use super::kms_key;
use super::test_files::TestFiles;
use crate::config::{NotationDirs, SigningKey, SigningKeys, SigningKeysError};
use crate::files;
use crate::signer::local_key::{TestKey, TestKeySize};

/// Flags of `cert generate-test`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign cert generate-test --default example\n  \
    countersign cert generate-test --bits 4096 example")]
pub(in crate::cli) struct Args {
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
    /// Key of AWS KMS that the certificate is for, in place of a new key: its ARN, its identifier, an
    /// alias' ARN or `alias/NAME`
    #[arg(long, value_name = "KEY", conflicts_with = "bits", value_parser = NonEmptyStringValueParser::new())]
    kms_key: Option<String>,
    /// Settings of AWS KMS, kept with the key: aws-profile, aws-region, aws-kms-endpoint-url
    #[arg(long, value_name = "KEY=VALUE", requires = "kms_key")]
    plugin_config: Vec<String>,
    /// Make it the default key
    #[arg(long)]
    default: bool,
}

/// What was made, and not yet written.
struct UnwrittenKey {
    /// What was done, in notation's words where it has some.
    done: String,
    /// The private key in PEM, unless it is in AWS KMS.
    key: Option<Zeroizing<String>>,
    /// The certificate in PEM.
    certificate: String,
    not_after: OffsetDateTime,
    entry: SigningKey,
}

/// Makes the key and the certificate; gives what to print.
pub(super) async fn run(dirs: &NotationDirs, args: &Args) -> Result<String, CommandOutput> {
    let usage = |sentence: String| CommandOutput::failed(Exit::Usage, &sentence);
    let name = args.name.as_str();
    let test = TestFiles::of(dirs, name)
        .map_err(|_| usage("name needs to follow [a-zA-Z0-9_.-]+ format".to_owned()))?;
    let size = size(args.bits)?;
    // Everything that can be in the way is looked at before anything is written.
    check_unused(dirs, name, &test)?;
    let made = match &args.kms_key {
        None => generate(name, size, &test)?,
        Some(key) => {
            let certificate = text(&test.certificate)?;
            let (made, entry) =
                kms_key::generate(key, &args.plugin_config, name, certificate).await?;
            UnwrittenKey {
                done: format!("using AWS KMS key {} ({})", made.key.arn(), made.key.spec()),
                key: None,
                certificate: made.certificate,
                not_after: made.not_after,
                entry,
            }
        }
    };
    let report = in_words(&made, args, &test);
    made.write(dirs, args, &test)?;
    Ok(report)
}

/// Whether nothing has this name yet: no key in the list, no file.
fn check_unused(dirs: &NotationDirs, name: &str, test: &TestFiles) -> Result<(), CommandOutput> {
    let listed = SigningKeys::load(dirs).map_err(|error| unusable_keys(dirs, &error))?;
    let is_listed = listed.keys.iter().any(|key| key.name == name);
    let paths = [&test.key, &test.certificate, &test.trusted];
    let taken = paths.iter().find(|path| path.symlink_metadata().is_ok());
    // `key delete` leaves the files of a test key where they are.
    let clean_up = format!(
        "choose another name, or remove what is there: `countersign cert cleanup-test {name}`"
    );
    if is_listed {
        let name = name.to_owned();
        let error = SigningKeysError::Exists { name };
        let report = unusable_keys(dirs, &error);
        return Err(match taken {
            Some(_) => report.with_hint(clean_up),
            None => report,
        });
    }
    if let Some(taken) = taken {
        return Err(CommandOutput::usage(
            &format!("failed to write key file: `{}` exists", taken.display()),
            Some(clean_up),
        )
        .in_notation(|| {
            let taken = taken.display();
            Some(format!(
                "failed to write key file: open {taken}: file exists"
            ))
        }));
    }
    Ok(())
}

impl UnwrittenKey {
    /// Writes the files and then the entry in the list of keys; what was written goes again if that fails.
    fn write(
        self,
        dirs: &NotationDirs,
        args: &Args,
        test: &TestFiles,
    ) -> Result<(), CommandOutput> {
        // Modes as notation has them.
        let key = self.key.as_ref();
        let files = [
            key.map(|key| (&test.key, key.as_str(), 0o600)),
            Some((&test.certificate, self.certificate.as_str(), 0o644)),
            Some((&test.trusted, self.certificate.as_str(), 0o600)),
        ];
        let mut written = Vec::new();
        let done = files
            .into_iter()
            .flatten()
            .try_for_each(|(path, content, mode)| {
                write(path, content, mode, &test.folder)?;
                written.push(path);
                Ok(())
            })
            .and_then(|()| {
                SigningKeys::update(dirs, |keys| keys.add(self.entry, args.default))
                    .map_err(|error| unusable_keys(dirs, &error))
            });
        done.inspect_err(|_| {
            for path in written {
                // The failure itself is said; this try left nothing else.
                let _ = files::remove(path);
            }
            let _ = files::remove_empty_directory(test.trusted.parent().unwrap_or(&test.trusted));
        })
    }
}

/// What is printed once everything is written.
fn in_words(made: &UnwrittenKey, args: &Args, test: &TestFiles) -> String {
    let name = &args.name;
    let mut out = String::new();
    let expiring = made.not_after.format(&Rfc3339).unwrap_or_default();
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        out,
        "{}\ngenerated certificate expiring on {expiring}",
        made.done
    );
    if made.key.is_some() {
        let _ = writeln!(out, "wrote key: {}", test.key.display());
    }
    let _ = write!(
        out,
        "wrote certificate: {}\n\
         Successfully added {} to named store {name} of type ca\n\
         {name}: added to the key list\n",
        test.certificate.display(),
        test.file_name,
    );
    if args.default {
        let _ = writeln!(out, "{name}: marked as default signing key");
    }
    out
}

fn size(bits: i64) -> Result<TestKeySize, CommandOutput> {
    match bits {
        2048 => Ok(TestKeySize::Rsa2048),
        3072 => Ok(TestKeySize::Rsa3072),
        4096 => Ok(TestKeySize::Rsa4096),
        bits => Err(CommandOutput::failed(
            Exit::Usage,
            &format!("RSA keys of {bits} bits cannot sign; `--bits` is 2048, 3072 or 4096"),
        )),
    }
}

/// A key for a file.
fn generate(
    name: &str,
    size: TestKeySize,
    test: &TestFiles,
) -> Result<UnwrittenKey, CommandOutput> {
    let made = TestKey::generate(name, size, environment().now())
        .map_err(|error| CommandOutput::error(Exit::Rejected, &error.to_string(), &error, None))?;
    Ok(UnwrittenKey {
        done: format!("generating RSA Key with {} bits", size.bits()),
        key: Some(made.key),
        certificate: made.certificate,
        not_after: made.not_after,
        entry: SigningKey {
            name: name.to_owned(),
            key_path: Some(text(&test.key)?),
            cert_path: Some(text(&test.certificate)?),
            ..SigningKey::default()
        },
    })
}

/// Writes a new file; a file that another program put there meanwhile is not replaced.
fn write(path: &Path, content: &str, mode: u32, scratch: &Path) -> Result<(), CommandOutput> {
    let folder = path.parent().unwrap_or(path);
    files::create_directory(folder)
        .and_then(|()| files::check_directory(folder))
        .and_then(|()| files::write_new(path, content.as_bytes(), mode, scratch))
        .map_err(|error| {
            let sentence = format!("failed to write key file: {error}");
            CommandOutput::error(Exit::Usage, &sentence, &error, error.hint())
        })
}

fn text(path: &Path) -> Result<String, CommandOutput> {
    let absolute = std::path::absolute(path).ok();
    absolute
        .and_then(|path| path.into_os_string().into_string().ok())
        .ok_or_else(|| CommandOutput::failed(Exit::Usage, "a path in the key list must be UTF-8"))
}
