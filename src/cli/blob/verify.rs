//! `countersign blob verify`: verifies the signature of a file against Notation's trust policy for
//! blobs, or against AWS Signer profiles named on the command line.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::NonEmptyStringValueParser;

use super::super::args::parse_pairs;
use super::super::context::{AwsSignerChecks, Context, Format};
use super::super::report::{Exit, Report, one_line};
use super::super::sentence;
use super::super::verify::verdict::unusable;
use super::super::verify::{Output, text};
use super::progress::Bar;
use super::{format_of, open, read_signature, verdict};
use crate::trust_policy::DocumentKind;
use crate::verify::blob::{self, Error, Options, Signature, Verification, Verified};

/// Flags of `blob verify`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign blob verify --signature app.tar.gz.jws.sig app.tar.gz    (with Notation's policy)\n  \
    countersign blob verify --signing-profile ARN --signature app.tar.gz.jws.sig app.tar.gz")]
pub(in crate::cli) struct Args {
    /// File to verify
    #[arg(value_name = "FILE")]
    file: OsString,
    /// Signature of the file: NAME.jws.sig or NAME.cose.sig
    #[arg(
        short,
        long,
        value_name = "SIGNATURE",
        default_value = "",
        hide_default_value = true
    )]
    signature: OsString,
    /// Statement of the trust policy [default: the one with `globalPolicy`]
    #[arg(long, value_name = "NAME", conflicts_with = "signing_profile", value_parser = NonEmptyStringValueParser::new())]
    policy_name: Option<String>,
    /// AWS Signer profile, or profile version, that must have signed; needs no trust policy and no
    /// trust store. May be given several times
    // An empty value is a variable that is not set; no trust policy may stand in for it.
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new())]
    signing_profile: Vec<String>,
    /// Certificate file that replaces AWS Signer's published roots
    #[arg(long, value_name = "FILE", requires = "signing_profile")]
    trust_anchor: Option<PathBuf>,
    /// Media type that must have been signed
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
    /// User metadata that must have been signed
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    user_metadata: Vec<String>,
    /// Settings of AWS Signer's checks: aws-profile, aws-region, aws-signer-endpoint-url
    #[arg(long, value_name = "KEY=VALUE")]
    plugin_config: Vec<String>,
    /// Have AWS Signer's signatures judged by the installed plugin, not by this program
    #[arg(long)]
    use_installed_plugin: bool,
    /// Form of the answer: `json` is one document on stdout, see schemas/verdict.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    /// Say on stderr what was found, in the same detail as for a failure
    #[arg(short, long)]
    verbose: bool,
}

/// What was found, and the policy's warnings.
struct Answer {
    found: Result<Verification, Error>,
    warnings: String,
}

pub(super) async fn run(args: &Args) -> Result<Report, Report> {
    let file = Path::new(&args.file);
    match (verify(args, file).await, args.output) {
        (Ok(answer), Output::Text) => Ok(in_words(file, &answer, args.verbose)),
        (Ok(answer), Output::Json) => Ok(verdict::report(file, &answer.found, answer.warnings)),
        (Err(report), Output::Text) => Err(report),
        (Err(report), Output::Json) => Err(unusable(report)),
    }
}

async fn verify(args: &Args, file: &Path) -> Result<Answer, Report> {
    let usage = |sentence: String| Report::failed(Exit::Usage, &sentence);
    if args.signature.is_empty() {
        return Err(usage(
            "filepath of the signature cannot be empty".to_owned(),
        ));
    }
    if args.media_type.as_deref() == Some("") {
        return Err(usage("--media-type is set but with empty value".to_owned()));
    }
    let user_metadata = parse_pairs("user-metadata", &args.user_metadata).map_err(usage)?;
    let plugin_config = parse_pairs("plugin-config", &args.plugin_config).map_err(usage)?;
    let signature = Path::new(&args.signature);
    let format = format_of(signature)?;
    let blob = open(file)?;

    let context = Context::without_registry(plugin_config, Format::Known)?;
    let now = context.now;
    let checks = if args.use_installed_plugin {
        AwsSignerChecks::InstalledPlugin
    } else {
        AwsSignerChecks::InProcess
    };
    let (verifier, warnings) = context.verifier(
        DocumentKind::Blob,
        &args.signing_profile,
        args.trust_anchor.as_deref(),
        checks,
    )?;
    let warnings = warnings.iter().fold(String::new(), |mut text, warning| {
        let _ = writeln!(text, "Warning: {}", one_line(warning));
        text
    });
    let name = args.policy_name.as_deref();
    let statement = match blob::select(&verifier.policies, &blob, name) {
        Ok(statement) if statement.level.is_skip() => {
            // The signature is not even read.
            let statement = statement.name.clone();
            let found = Ok(Verification::Skipped { statement });
            return Ok(Answer { found, warnings });
        }
        Ok(statement) => statement,
        Err(error) => {
            let found = Err(error);
            return Ok(Answer { found, warnings });
        }
    };
    let envelope = read_signature(signature, "")?;
    let options = Options {
        media_type: args.media_type.clone(),
        user_metadata,
    };
    let signature = Signature {
        format,
        envelope: &envelope,
    };
    let bar = Bar::new(&blob);
    let progress = |bytes| bar.show(bytes);
    let judges = &verifier.judges;
    let answer = judges.verify_blob(&blob, signature, statement, &options, &progress, now);
    let found = answer.await;
    Ok(Answer { found, warnings })
}

fn in_words(file: &Path, answer: &Answer, verbose: bool) -> Report {
    let warnings = &answer.warnings;
    match &answer.found {
        Ok(Verification::Verified(verified)) => success(file, verified, warnings, verbose),
        Ok(Verification::Skipped { .. }) => skipped(file, warnings),
        Err(error) => {
            let mut report = failed(error);
            report.stderr.insert_str(0, warnings);
            report
        }
    }
}

fn shown(path: &Path) -> String {
    one_line(&path.to_string_lossy())
}

fn skipped(file: &Path, warnings: &str) -> Report {
    let mut report = Report::done();
    report.stderr.push_str(warnings);
    let _ = writeln!(
        report.stdout,
        "Trust policy is configured to skip signature verification for {}",
        shown(file)
    );
    report
}

fn success(file: &Path, verified: &Verified, warnings: &str, verbose: bool) -> Report {
    let mut report = Report::done();
    report.stderr.push_str(warnings);
    text::write_warnings(&mut report.stderr, &verified.accepted);
    // Notation parts its warnings from the answer by a blank line.
    if !report.stderr.is_empty() && !verbose {
        report.stdout.push('\n');
    }
    if verbose {
        text::write_outcome(&mut report.stderr, &verified.accepted);
    }
    let _ = writeln!(
        report.stdout,
        "Successfully verified signature for {}",
        shown(file)
    );
    text::write_metadata(&mut report.stdout, &verified.accepted.user_metadata);
    report
}

fn failed(error: &Error) -> Report {
    let exit = Exit::of(error.class());
    let sentence = one_line(&sentence::of_blob_verification(error));
    let (Error::Rejected(refused) | Error::Inconclusive(refused)) = error else {
        return Report::error(exit, &sentence, error, error.hint());
    };
    let mut report = Report::failed(exit, &sentence);
    text::write_outcome(&mut report.stderr, &refused.outcome);
    report
}
