//! `countersign blob verify`: verifies the signature of a file against Notation's trust policy for
//! blobs, or against AWS Signer profiles named on the command line.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::builder::NonEmptyStringValueParser;

use super::super::args::{CheckArgs, Output, PolicyArgs, TimeArgs};
use super::super::context::{Context, Format, Trusted};
use super::super::output::{CommandOutput, Exit, one_line, warning_lines};
use super::super::reader;
use super::super::requirement::RequireArgs;
use super::super::verify::{text, unusable};
use super::progress::Bar;
use super::{Named, format_of, open, read_found_signature};
use crate::outcome::SignatureOutcome;
use crate::report::{
    ArtifactVerdict, Called, Invocation, Results, VerdictEnd, in_notation, sentence,
};
use crate::trust_policy::{DocumentKind, Statement, StatementName};
use crate::verify::blob::{self, Accepted, Error, Options, Signature, Verification};

/// Flags of `blob verify`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign blob verify --signature app.tar.gz.jws.sig app.tar.gz    (with Notation's policy)\n  \
    countersign blob verify --signing-profile ARN --signature app.tar.gz.jws.sig app.tar.gz")]
pub(in crate::cli) struct Args {
    /// File to verify
    #[arg(value_name = "FILE")]
    file: OsString,
    /// Signature of the file: NAME.jws.sig or NAME.cose.sig [default: FILE.jws.sig or FILE.cose.sig, if exactly
    /// one of them is there]
    #[arg(short, long, value_name = "SIGNATURE")]
    signature: Option<OsString>,
    /// Statement of the trust policy [default: the one with `globalPolicy`]
    #[arg(long, value_name = "NAME", conflicts_with = "signing_profile", value_parser = NonEmptyStringValueParser::new())]
    policy_name: Option<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Media type that must have been signed
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
    #[command(flatten)]
    check: CheckArgs,
    /// Output format: `json` is one document on stdout, see schemas/verdict.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[arg(from_global)]
    verbose: bool,
    #[command(flatten)]
    require: RequireArgs,
    #[command(flatten)]
    time: TimeArgs,
}

/// What was found, and the policy's warnings.
struct BlobResult {
    /// The statement that judged it, or would have.
    statement: Option<StatementName>,
    found: Result<Verification, Error>,
    warnings: String,
    /// Notation's words for why the signature was refused, where it has some.
    in_notation: Option<String>,
    invocation: Invocation,
}

impl BlobResult {
    /// The signature, if it was looked at.
    fn outcome(&self) -> Option<&SignatureOutcome> {
        match &self.found {
            Ok(Verification::Verified(accepted) | Verification::Tolerated(accepted)) => {
                Some(&accepted.signature)
            }
            Err(Error::Rejected(refused) | Error::Inconclusive(refused)) => Some(&refused.outcome),
            Ok(Verification::Skipped { .. }) | Err(_) => None,
        }
    }
}

pub(super) async fn run(args: &Args, called: Called) -> Result<CommandOutput, CommandOutput> {
    let file = Path::new(&args.file);
    let answer = match (verify(args, file, called).await, args.output) {
        (Ok(answer), _) => answer,
        (Err(report), Output::Text) => return Err(report),
        (Err(report), Output::Json) => return Err(unusable(report)),
    };
    let mut report = match args.output {
        Output::Text => in_words(file, &answer, args.verbose, called),
        Output::Json => in_json(file, &answer),
    };
    let endpoints: BTreeSet<&str> = text::foreign_endpoints(answer.outcome()).collect();
    for url in endpoints {
        report.stderr.push_str(&text::endpoint_note(url));
    }
    Ok(report)
}

/// The file of the signature, and whether it was found and not named.
fn signature_file(
    args: &Args,
    file: &Path,
    called: Called,
) -> Result<(PathBuf, bool), CommandOutput> {
    // An empty value is a variable that is not set; nothing may stand in for it.
    let empty = || CommandOutput::failed(Exit::Usage, "filepath of the signature cannot be empty");
    match &args.signature {
        Some(signature) if signature.is_empty() => Err(empty()),
        Some(signature) => Ok((signature.into(), false)),
        None if called.is_notation() => Err(empty()),
        None => beside(file).map(|found| (found, true)),
    }
}

/// The one signature that lies beside a file.
fn beside(file: &Path) -> Result<PathBuf, CommandOutput> {
    let candidate = |format: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(format!(".{format}.sig"));
        PathBuf::from(name)
    };
    let [jws, cose] = ["jws", "cose"].map(candidate);
    // Whatever is there may have been meant, and is judged or refused.
    let is_there = |path: &Path| std::fs::symlink_metadata(path).is_ok();
    let shown = |path: &Path| one_line(&path.to_string_lossy());
    match (is_there(&jws), is_there(&cose)) {
        (true, false) => Ok(jws),
        (false, true) => Ok(cose),
        (true, true) => Err(CommandOutput::usage(
            &format!("both `{}` and `{}` are there", shown(&jws), shown(&cose)),
            Some("name the signature to verify with `--signature`".to_owned()),
        )),
        (false, false) => Err(CommandOutput::usage(
            &format!(
                "there is no signature beside the file: neither `{}` nor `{}` is there",
                shown(&jws),
                shown(&cose)
            ),
            Some("name the signature with `--signature`".to_owned()),
        )),
    }
}

async fn verify(args: &Args, file: &Path, called: Called) -> Result<BlobResult, CommandOutput> {
    let begun = Instant::now();
    let usage = |sentence: String| CommandOutput::failed(Exit::Usage, &sentence);
    let (signature, is_found) = signature_file(args, file, called)?;
    let signature = signature.as_path();
    if args.media_type.as_deref() == Some("") {
        return Err(usage("--media-type is set but with empty value".to_owned()));
    }
    let user_metadata = args.check.user_metadata()?;
    let plugin_config = args.check.plugin_config.parse()?;
    let named_signature = Named::new(signature)?;
    let pipes = args.time.for_pipes()?;
    let blob = open(file, pipes)?;

    let context = Context::without_registry(plugin_config, Format::Known, pipes)?;
    let trusted = Trusted {
        kind: DocumentKind::Blob,
        policy: &args.policy,
        pipes,
        is_strict: args.require.is_strict(),
    };
    let (setup, warnings) = trusted.setup(&context.environment.notation_directories())?;
    let verifier = context.connect(setup.with_aws_signer_checks(args.check.aws_signer()))?;
    let warnings = warning_lines(&warnings);
    let name = args.policy_name.as_deref();
    let requirement = args.require.requirement(false);
    let named = verifier.policies().select_for_blob(name).ok();
    let answer = |found| BlobResult {
        statement: named.map(Statement::named),
        found,
        warnings,
        in_notation: None,
        invocation: Invocation::new(
            verifier.policies(),
            context.environment.now(),
            context.pool().requests(),
            begun.elapsed(),
        ),
    };
    let statement = match blob::select(verifier.policies(), &blob, name, &requirement) {
        Ok(statement) if statement.level.is_skip() => {
            // The signature is not even read.
            let statement = statement.named();
            return Ok(answer(Ok(Verification::Skipped { statement })));
        }
        Ok(statement) => statement,
        Err(error) => return Ok(answer(Err(error))),
    };
    let (format, envelope) = if is_found {
        // The user did not name this file, so it must not be a link that leads elsewhere.
        (format_of(signature)?, read_found_signature(signature)?)
    } else {
        named_signature.read("", pipes)?
    };
    let options = Options {
        media_type: args.media_type.clone(),
        user_metadata,
        // Nothing but local files before.
        allowed: args.time.allowed()?,
    };
    let signature = Signature {
        format,
        envelope: &envelope,
    };
    let bar = Bar::new(&blob);
    let progress = |bytes| bar.show(bytes);
    let found = verifier
        .verify_blob(&blob, signature, statement, &options, &progress)
        .await;
    let in_notation = found
        .as_ref()
        .err()
        .and_then(|error| in_notation::of_blob_verification(error, format, &envelope));
    Ok(BlobResult {
        in_notation,
        ..answer(found)
    })
}

/// The document, with the policy's warnings on stderr.
fn in_json(file: &Path, answer: &BlobResult) -> CommandOutput {
    let statement = answer.statement.as_ref();
    let result = ArtifactVerdict::of_blob(file, statement, &answer.found, reader::current());
    let exit = result.verdict.exit();
    let mut results = Results::default();
    let mut stdout = results.add(&result);
    let end = VerdictEnd::new(exit).with_invocation(answer.invocation.clone());
    stdout.push_str(&results.end(&end));
    CommandOutput {
        stdout,
        stderr: answer.warnings.clone(),
        exit,
        ..CommandOutput::done()
    }
}

fn in_words(file: &Path, answer: &BlobResult, verbose: bool, called: Called) -> CommandOutput {
    let mut report = CommandOutput::done();
    let file = one_line(&file.to_string_lossy());
    report.stderr.push_str(&answer.warnings);
    match &answer.found {
        Ok(Verification::Verified(accepted)) => {
            write_seen(&mut report, accepted, verbose, called);
            let Accepted {
                statement,
                signature,
            } = &**accepted;
            text::write_verified(&mut report.stdout, &file, signature, statement, called);
        }
        Ok(Verification::Tolerated(accepted)) => {
            write_seen(&mut report, accepted, verbose, called);
            let Accepted {
                statement,
                signature,
            } = &**accepted;
            text::write_tolerated(&mut report.stdout, &file, signature, statement, called);
        }
        Ok(Verification::Skipped { statement }) => {
            text::write_skipped(&mut report.stdout, &file, statement, called);
        }
        Err(error) => {
            let in_notation = answer.in_notation.as_deref();
            let mut failed = failed(error, answer.statement.as_ref(), in_notation, called);
            failed.stderr.insert_str(0, &answer.warnings);
            return failed;
        }
    }
    report
}

/// What is said of an accepted signature before the verdict.
fn write_seen(report: &mut CommandOutput, accepted: &Accepted, verbose: bool, called: Called) {
    text::write_warnings(&mut report.stderr, &accepted.signature);
    // Notation parts its warnings from the answer by a blank line, and has none of our own.
    let is_parted = if called.is_notation() {
        accepted.signature.logged().next().is_some()
    } else {
        !report.stderr.is_empty()
    };
    if is_parted && !verbose {
        report.stdout.push('\n');
    }
    if verbose {
        text::write_policy(&mut report.stderr, &accepted.statement);
        text::write_outcome(&mut report.stderr, &accepted.signature);
    }
}

fn failed(
    error: &Error,
    statement: Option<&StatementName>,
    in_notation: Option<&str>,
    called: Called,
) -> CommandOutput {
    let exit = Exit::of(error.class());
    let sentence = one_line(&sentence::of_blob_verification(error, called));
    let (Error::Rejected(refused) | Error::Inconclusive(refused)) = error else {
        let mut report = CommandOutput::error(exit, &sentence, error, error.hint());
        if let Some(statement) = statement {
            text::write_policy(&mut report.stderr, statement);
        }
        return report;
    };
    let mut report =
        CommandOutput::failed(exit, &sentence).in_notation(|| in_notation.map(str::to_owned));
    text::write_policy(&mut report.stderr, &refused.statement);
    text::write_outcome(&mut report.stderr, &refused.outcome);
    report
}
