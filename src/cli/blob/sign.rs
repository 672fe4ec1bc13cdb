//! `countersign blob sign`: signs a file, and writes the signature beside it.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

use super::super::args::{TimeArgs, parse_pairs};
use super::super::confirm::confirm_overwriting;
use super::super::context::{Context, environment};
use super::super::envelope::EnvelopeArgs;
use super::super::interrupts::Interrupts;
use super::super::output::{CommandOutput, Exit, one_line, warning_lines};
use super::super::signer::SignerArgs;
use super::open;
use super::progress::Bar;
use crate::allowance::{Allowance, Exhausted};
use crate::blob::{Blob, DEFAULT_MEDIA_TYPE};
use crate::files::{self, Reserved};
use crate::notary::EnvelopeFormat;
use crate::report::{files_in_notation, in_notation, sentence};
use crate::sign::ArtifactSigner;
use crate::sign::blob::{self, BlobSignature, Error};

/// Flags of `blob sign`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign blob sign --signing-profile ARN app.tar.gz\n  \
    countersign blob sign --key release --signature-format cose --signature-directory out app.tar.gz")]
pub(in crate::cli) struct Args {
    /// File to sign
    #[arg(value_name = "FILE")]
    file: OsString,
    #[command(flatten)]
    signer: SignerArgs,
    /// Media type of the file
    #[arg(long, value_name = "TYPE", default_value = DEFAULT_MEDIA_TYPE)]
    media_type: String,
    /// User metadata to sign with the file
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    user_metadata: Vec<String>,
    /// Settings for the plugin; AWS Signer and AWS KMS take aws-profile, aws-region,
    /// aws-signer-endpoint-url, aws-kms-endpoint-url
    #[arg(long, value_name = "KEY=VALUE")]
    plugin_config: Vec<String>,
    #[command(flatten)]
    envelope: EnvelopeArgs,
    /// Directory for the signature, created if missing [default: that of the file]
    #[arg(long, value_name = "DIRECTORY")]
    signature_directory: Option<OsString>,
    /// Overwrite an existing signature
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    time: TimeArgs,
}

pub(super) async fn run(args: &Args) -> Result<CommandOutput, CommandOutput> {
    let usage = |sentence: String| CommandOutput::failed(Exit::Usage, &sentence);
    let path = Path::new(&args.file);
    if args.file.is_empty() {
        return Err(usage("blob path cannot be empty".to_owned()));
    }
    if args.media_type.is_empty() {
        return Err(usage("content media-type cannot be empty".to_owned()));
    }
    let directory = args.signature_directory.as_deref();
    if directory.is_some_and(OsStr::is_empty) {
        return Err(usage("signature directory cannot be empty".to_owned()));
    }
    blob::check_media_type(&args.media_type).map_err(|error| failed(&error))?;
    let user_metadata = parse_pairs("user-metadata", &args.user_metadata)?;
    let plugin_config = parse_pairs("plugin-config", &args.plugin_config)?;
    let dirs = environment().notation_directories();
    let choice = args.signer.choose(&dirs, plugin_config)?;
    let exposed = choice.exposed(&dirs, None);
    let format = args.envelope.format_source(&choice);
    let pipes = args.time.for_pipes()?;
    let context = Context::without_registry(choice.aws_settings(), format, pipes)?;
    let wanted = args.envelope.wanted(&choice, &context)?;
    let format = wanted.format;
    let setup = wanted.of(choice.setup(&context)?);
    let setup = setup.with_user_metadata(user_metadata);
    let by = choice.connect(&setup, &context)?;

    let blob = open(path, pipes)?;
    let file = signature_file(path, directory.map(Path::new), format);
    let replace = Replace::ask(&file, args.force)?;
    let reserved = replace.reserve(&file)?;

    // Everybody who had to be asked has answered.
    let allowance = args.time.allowed()?.begin();
    let signed = sign(blob, args.media_type.clone(), by, allowance).await?;
    let written = reserved.write(signed.signer.envelope.bytes());
    written.map_err(|error| not_written(Exit::Rejected, &error))?;

    let mut report = CommandOutput::done();
    report.stderr.push_str(&warning_lines(&exposed));
    if replace == Replace::Forced {
        report
            .stderr
            .push_str("Warning: existing signature file will be overwritten\n");
    }
    if let Some(warning) = &signed.signer.warning {
        let _ = writeln!(report.stderr, "Warning: {}", one_line(warning));
    }
    let shown = |path: &Path| one_line(&path.to_string_lossy());
    let _ = writeln!(report.stdout, "Successfully signed {}", shown(path));
    let _ = writeln!(report.stdout, "Signature file written to {}", shown(&file));
    Ok(report)
}

/// Signs on a thread of its own: reading a file holds up what runs with it, and an interrupt must
/// be noticed meanwhile. After an interrupt the thread is not awaited, and its result is not
/// written.
async fn sign(
    blob: Blob,
    media_type: String,
    by: ArtifactSigner,
    allowance: Allowance,
) -> Result<BlobSignature, CommandOutput> {
    let cannot = |error: &dyn std::fmt::Display| {
        CommandOutput::failed(Exit::Inconclusive, &format!("cannot sign: {error}"))
    };
    let mut interrupts = Interrupts::new().map_err(|error| cannot(&error))?;
    let interrupted = format!(
        "interrupted before the signature of `{}` was written; nothing was written",
        blob.path().display()
    );
    let given_up_words = format!(
        "`{}` was given up before its signature was written; nothing was written",
        blob.path().display()
    );
    let runtime = tokio::runtime::Handle::current();
    let signing = tokio::task::spawn_blocking(move || {
        let bar = Bar::new(&blob);
        let progress = |bytes| bar.show(bytes);
        let signing = by.sign_blob(&blob, &media_type, &progress);
        runtime.block_on(allowance.run(signing))
    });
    tokio::select! {
        biased;
        () = interrupts.next() => {
            Err(CommandOutput::failed(Exit::Inconclusive, &one_line(&interrupted)))
        }
        signed = signing => {
            let signed = signed.map_err(|error| cannot(&error))?;
            let signed = signed.map_err(|exhausted| given_up(&given_up_words, &exhausted))?;
            signed.map_err(|error| failed(&error))
        }
    }
}

fn given_up(sentence: &str, exhausted: &Exhausted) -> CommandOutput {
    let sentence = one_line(&format!("{sentence}: {exhausted}"));
    CommandOutput::error(
        Exit::Inconclusive,
        &sentence,
        exhausted,
        Some(exhausted.hint()),
    )
}

fn failed(error: &Error) -> CommandOutput {
    let exit = match error {
        Error::ReservedMetadata { .. } | Error::MediaType { .. } | Error::ImageMediaType { .. } => {
            Exit::Usage
        }
        Error::Signer { source, .. } if source.is_unusable_file() => Exit::Usage,
        error if error.is_inconclusive() => Exit::Inconclusive,
        _ => Exit::Rejected,
    };
    let sentence = one_line(&sentence::of_blob_signing(error));
    CommandOutput::error(exit, &sentence, error, error.hint()).in_notation(|| match error {
        Error::Signer { source, .. } => in_notation::of_signing(source, true),
        _ => None,
    })
}

/// `FILE.jws.sig` or `FILE.cose.sig`, in `directory` or beside the file.
fn signature_file(blob: &Path, directory: Option<&Path>, format: EnvelopeFormat) -> PathBuf {
    let beside = blob.parent().unwrap_or(Path::new(""));
    // `./file` is shown as `file`, as in notation.
    let directory: PathBuf = directory
        .unwrap_or(beside)
        .components()
        .filter(|component| *component != Component::CurDir)
        .collect();
    let mut name = blob.file_name().unwrap_or_default().to_owned();
    name.push(match format {
        EnvelopeFormat::Jws => ".jws.sig",
        EnvelopeFormat::Cose => ".cose.sig",
    });
    directory.join(name)
}

/// What becomes of a signature file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replace {
    /// There is no signature, and none may be added.
    Nothing,
    /// The user was asked.
    Allowed,
    /// `--force`.
    Forced,
}

impl Replace {
    /// Asks before anything is read or signed.
    fn ask(file: &Path, force: bool) -> Result<Self, CommandOutput> {
        if file.symlink_metadata().is_err() {
            return Ok(Self::Nothing);
        }
        if force {
            return Ok(Self::Forced);
        }
        confirm_overwriting("signature file")?;
        Ok(Self::Allowed)
    }

    /// Finds out, before anything is signed, that the signature can be written.
    fn reserve(self, file: &Path) -> Result<Reserved, CommandOutput> {
        let directory = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let replaces = self != Self::Nothing;
        files::create_directory(directory)
            .and_then(|()| Reserved::new(file, 0o600, directory, replaces))
            .map_err(|error| not_written(Exit::Usage, &error))
    }
}

fn not_written(exit: Exit, error: &files::Error) -> CommandOutput {
    let sentence = one_line(&format!("failed to write signature to file: {error}"));
    let hint = if error.is_wrong_kind() {
        "remove the file that is in the way, or name another directory with `--signature-directory DIRECTORY`"
    } else {
        "name a writable directory with `--signature-directory DIRECTORY`"
    };
    CommandOutput::error(exit, &sentence, error, Some(hint.to_owned()))
        .in_notation(|| files_in_notation::of_signature_file(error))
}
