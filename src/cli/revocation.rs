//! `countersign revocation fetch`: stores what `verify --offline` needs.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Subcommand;
use futures_util::stream;

use super::args::{Output, PluginConfigArgs, PolicyArgs, RegistryArgs, ScopeArgs, TimeArgs};
use super::context::{Context, Format, Trusted, environment};
use super::output::{CommandOutput, Exit, one_line, warning_lines, write_causes, write_hint};
use super::reader;
use super::verify::text::{signatures, write_unlisted};
use crate::causes;
use crate::files;
use crate::http;
use crate::many;
use crate::outcome::{Responder, RevocationFact, RevocationStatus};
use crate::reference::ArtifactReference;
use crate::report::{ArtifactGathering, Called, GatheringEnd, Invocation, Results, sentence};
use crate::trust_policy::DocumentKind;
use crate::verify::{
    Error, GatheredArtifact, GatheredSignature, OfflineDirectory, Options, Unseen, Verifier,
};

/// The commands of `revocation`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Store what `verify --offline` needs: artifacts, signatures and revocation information
    Fetch(Args),
}

/// Flags of `revocation fetch`; they mean what they mean in `verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign revocation fetch --out ./facts REFERENCE    (with Notation's trust policy)\n  \
    countersign revocation fetch --out ./facts --output json REFERENCE    (for programs)\n  \
    countersign verify --offline ./facts REFERENCE@sha256:...    (on a machine without a network)")]
pub(super) struct Args {
    /// Artifacts: registry/repository@digest, or :tag; with --oci-layout directory@digest, or :tag
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    /// Directory to store everything in; existing files are replaced or kept
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    plugin_config: PluginConfigArgs,
    /// The artifacts are in an OCI image layout, a directory on this machine
    #[arg(long)]
    oci_layout: bool,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    time: TimeArgs,
    /// Output format: `json` is one document on stdout, see schemas/gathering.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
}

pub(super) async fn run(command: Command, called: Called, emit: &mut dyn FnMut(CommandOutput)) {
    let Command::Fetch(args) = command;
    if let Err(report) = fetch(&args, called, emit).await {
        emit(match args.output {
            Output::Text => report,
            Output::Json => unusable(report),
        });
    }
}

/// The answer in JSON where nothing could be begun with.
fn unusable(report: CommandOutput) -> CommandOutput {
    let begun = Invocation::begun(environment().now());
    let end = GatheringEnd::not_begun(report.exit, report.not_begun(), begun);
    CommandOutput {
        stdout: Results::default().end(&end),
        ..report
    }
}

/// What the command line asks for, checked.
struct Job {
    begun: Instant,
    references: Vec<ArtifactReference>,
    verifier: Verifier,
    directory: OfflineDirectory,
    options: Options,
    /// What asks, which counts the requests.
    pool: http::Pool,
}

impl Job {
    fn prepare(args: &Args, emit: &mut dyn FnMut(CommandOutput)) -> Result<Self, CommandOutput> {
        let begun = Instant::now();
        let scope = args.scope.of(args.oci_layout, &args.policy)?;
        let plugin_config = args.plugin_config.parse()?;
        let references = super::parse_references(&args.references, args.oci_layout)?;
        let mut context = Context::new(
            &args.registry,
            &references,
            plugin_config,
            Format::Known,
            args.time.for_pipes()?,
        )?;
        emit(CommandOutput {
            stderr: std::mem::take(&mut context.notes),
            ..CommandOutput::done()
        });
        let directory = OfflineDirectory::new(args.out.clone());
        let trusted = Trusted {
            kind: DocumentKind::Oci,
            policy: &args.policy,
            pipes: context.pipes,
            is_strict: false,
        };
        let (setup, warnings) = trusted.setup(&context.environment.notation_directories())?;
        // What a plugin answers cannot be stored.
        let setup = setup.recording(directory.clone()).without_plugins();
        let pool = context.pool();
        let verifier = context.connect(setup)?;
        emit(CommandOutput {
            stderr: warning_lines(&warnings),
            ..CommandOutput::done()
        });
        directory
            .prepare()
            .map_err(|error| unusable_directory(&args.out, &error))?;
        let options = Options {
            allowed: args.time.allowed()?,
            layout_scope: scope,
            ..Options::default()
        };
        Ok(Self {
            begun,
            references,
            verifier,
            directory,
            options,
            pool,
        })
    }

    fn invocation(&self) -> Invocation {
        Invocation::new(
            self.verifier.policies(),
            self.verifier.now(),
            self.pool.requests(),
            self.begun.elapsed(),
        )
    }
}

async fn fetch(
    args: &Args,
    called: Called,
    emit: &mut dyn FnMut(CommandOutput),
) -> Result<(), CommandOutput> {
    let mut job = Job::prepare(args, emit)?;
    let many = many::Options::default();
    let references = stream::iter(std::mem::take(&mut job.references));
    let mut gathering = job
        .verifier
        .gather_many(references, &job.directory, &job.options, many);
    let scope = &job.options.layout_scope;
    let (mut results, mut worst) = (Results::default(), Exit::Done);
    // The answers come in the order of the references.
    for asked in &args.references {
        let Some(answer) = gathering.answer().await else {
            break;
        };
        let report = match &answer.outcome {
            Ok(gathered) => in_words(gathered),
            Err(error) => failed(error, scope, called),
        };
        worst = worst.worse(report.exit);
        emit(match args.output {
            Output::Text => report,
            Output::Json => {
                let found =
                    ArtifactGathering::new(asked, &answer.outcome, scope, reader::current());
                CommandOutput {
                    stdout: results.add(&found),
                    exit: report.exit,
                    ..CommandOutput::done()
                }
            }
        });
    }
    if args.output == Output::Json {
        emit(CommandOutput {
            stdout: results.end(&GatheringEnd::new(worst, job.invocation())),
            ..CommandOutput::done()
        });
    }
    Ok(())
}

/// Why nothing can be stored in the directory of `--out`.
fn unusable_directory(out: &Path, error: &files::Error) -> CommandOutput {
    let sentence = format!(
        "the directory `{}` of `--out` cannot be used",
        out.display()
    );
    let own = "name a directory that this user can write, or a new one, with `--out`";
    let hint = match error {
        files::Error::WrongKind { .. } => None,
        error => error.hint(),
    };
    let mut causes = vec![error.to_string()];
    causes.extend(causes::of(error));
    CommandOutput::usage(&sentence, hint.or_else(|| Some(own.to_owned()))).caused_by(causes)
}

fn failed(error: &Error, scope: &str, called: Called) -> CommandOutput {
    let sentence = sentence::of_verification(error, scope, called);
    CommandOutput::error(Exit::of(error.class()), &sentence, error, error.hint())
}

/// Each signature with what was stored for it, and what could not be.
fn in_words(gathered: &GatheredArtifact) -> CommandOutput {
    let mut report = CommandOutput::done();
    for signature in &gathered.signatures {
        write_signature(&mut report.stderr, signature);
    }
    write_unseen(&mut report.stderr, gathered.unseen.as_ref());
    if gathered.is_complete() {
        let _ = writeln!(
            report.stdout,
            "Stored what is needed to verify {}",
            gathered.reference
        );
        return report;
    }
    report.exit = Exit::Inconclusive;
    let sentence = format!(
        "Error: could not store everything that is needed to verify {}\n",
        gathered.reference
    );
    report.stderr.insert_str(0, &sentence);
    report
}

fn write_signature(text: &mut String, signature: &GatheredSignature) {
    let _ = writeln!(text, "signature {}", signature.digest);
    if let Some(failure) = &signature.refusal {
        let _ = writeln!(
            text,
            "  not asked about: {}",
            one_line(&failure.to_string())
        );
        write_causes(text, "    ", failure);
        write_hint(text, "    ", failure.hint());
    }
    write_facts(text, &signature.facts);
    for missing in &signature.missing {
        let _ = writeln!(text, "  missing: {}", one_line(&missing.sentence));
        write_hint(text, "    ", missing.hint.clone());
    }
    for unanswered in &signature.unanswered {
        let _ = writeln!(
            text,
            "  not answered, another source did: {}",
            one_line(&unanswered.sentence)
        );
    }
}

/// What was stored about one signature, and what it will mean offline.
fn write_facts(text: &mut String, facts: &[RevocationFact]) {
    for fact in facts {
        let _ = writeln!(text, "  {}", one_line(&fact.to_string()));
    }
    let is_unsigned = |fact: &RevocationFact| {
        let responder = fact.source.as_ref().map(|source| &source.responder);
        matches!(responder, Some(Responder::AwsSigner { .. }))
    };
    if facts.iter().any(is_unsigned) {
        text.push_str(
            "  note: AWS Signer's answer is not signed; offline it counts only where \
             `unsignedRevocationStatements` allows it\n",
        );
    }
    let is_revoked = |fact: &RevocationFact| fact.status == RevocationStatus::Revoked;
    if facts.iter().any(is_revoked) {
        text.push_str("  warning: offline, too, this signature will count as revoked\n");
    }
}

/// Why there may be signatures for which nothing was stored.
fn write_unseen(text: &mut String, unseen: Option<&Unseen>) {
    match unseen {
        // Only a verification reads the record.
        None | Some(Unseen::Record(_)) => {}
        Some(Unseen::Limit(limit)) => {
            let _ = writeln!(
                text,
                "there are more than {limit} signatures; the rest was not stored"
            );
        }
        Some(Unseen::Exhausted { source, not_tried }) => {
            let _ = writeln!(text, "{} not tried: {source}", signatures(*not_tried));
            write_hint(text, "", Some(source.hint()));
        }
        Some(Unseen::Listing(error)) => write_unlisted(text, error, error.hint()),
    }
}
