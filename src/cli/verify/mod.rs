//! `countersign verify`: verifies artifacts in a registry against Notation's trust policy, or
//! against AWS Signer profiles named on the command line.

mod form;
mod images;
mod images_text;
mod offline;
pub(super) mod record;
pub(super) mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use futures_util::StreamExt as _;

use super::args::{
    CheckArgs, ContentCacheArgs, MaxSignaturesArgs, PolicyArgs, RegistryArgs, ScopeArgs, TimeArgs,
};
use super::bar::Bar;
use super::context::{Context, Format, Trusted, environment};
use super::descriptors;
use super::duration::parse_span;
use super::interrupts::Interrupts;
use super::output::{CommandOutput, Exit, warning_lines};
use super::reader;
use super::references::{ListArgs, References};
use super::requirement::{RequireArgs, check_unsigned_flag};
use crate::config::content_cache;
use crate::http;
use crate::limits;
use crate::many;
use crate::report::{ArtifactVerdict, AskedArtifact, Called, Invocation, LockEnd, VerdictEnd};
use crate::trust_policy::{DocumentKind, UnsignedStatement};
use crate::verify::many::ArtifactVerification;
use crate::verify::{Error, Options, Verification, Verifier};
use form::Form;
use images::ImagesArgs;
use record::Record;

/// Flags of `verify`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign verify --signing-profile ARN registry.example/app@sha256:...\n  \
    countersign verify REFERENCE    (with Notation's trust policy and trust store)\n  \
    countersign verify --signing-profile ARN --references-from images.txt --lock images.lock.json\n  \
    countersign verify --output junit REFERENCE REFERENCE > verify.xml\n  \
    countersign verify --recursive registry.example/app:v1    (each platform's image)\n  \
    countersign verify --platform linux/arm64 --covered-by index registry.example/app:v1")]
pub(super) struct Args {
    /// Artifacts to verify: registry/repository@digest, or :tag; with --oci-layout directory@digest,
    /// or :tag
    #[arg(required_unless_present = "references_from", value_name = "REFERENCE")]
    references: Vec<String>,
    #[command(flatten)]
    list: ListArgs,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    check: CheckArgs,
    /// Cache AWS Signer's "not revoked" answers for this long (at most 24h) [default: no cache]
    // An installed plugin asks for itself.
    #[arg(long, value_name = "DURATION", conflicts_with = "use_installed_plugin")]
    revocation_cache_ttl: Option<String>,
    /// Verify without a network, with what `revocation fetch --out DIR` stored; artifacts in
    /// registries must be named by digest
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "plugin_config", "use_installed_plugin", "revocation_cache_ttl", "username", "password",
        "insecure_registry", "content_cache",
    ])]
    offline: Option<PathBuf>,
    /// Maximum age of AWS Signer's stored answers, at most 2160h [default: 168h]
    #[arg(long, value_name = "DURATION", requires = "offline")]
    offline_max_age: Option<String>,
    /// Accept unsigned stored revocation answers from `aws-signer`; with a trust policy, set
    /// `unsignedRevocationStatements` there, and with `--require strict` name it in both
    #[arg(long, value_name = "NAME", requires = "offline", value_parser = parse_unsigned)]
    unsigned_revocation_statements: Vec<UnsignedStatement>,
    #[command(flatten)]
    max_signatures: MaxSignaturesArgs,
    /// Check every signature of an artifact, not only those up to the first that is verified, and show
    /// all of them
    #[arg(long)]
    all_signatures: bool,
    /// File for a record of what was verified, see schemas/lock.v1.schema.json; written only if every
    /// reference is verified, otherwise the file stays as it is
    #[arg(long, value_name = "FILE")]
    lock: Option<PathBuf>,
    /// Output format: `json` is one document on stdout, see schemas/verdict.v1.schema.json; `jsonl` one
    /// line for each artifact, see schemas/verdict-line.v1.schema.json; `junit` and `sarif` (2.1.0) are
    /// for build servers and code hosts
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Form,
    #[arg(from_global)]
    verbose: bool,
    #[command(flatten)]
    images: ImagesArgs,
    /// Verify in an OCI image layout, a directory on this machine
    #[arg(long)]
    oci_layout: bool,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    require: RequireArgs,
    /// Artifacts of one registry to verify at the same time, 1 to 128 [default: as many as it answers quickly]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u8).range(1..=i64::try_from(limits::MAX_CONCURRENT_VERIFICATIONS).unwrap_or(i64::MAX)))]
    concurrency: Option<u8>,
    #[command(flatten)]
    content: ContentCacheArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    time: TimeArgs,
}

pub(super) async fn run(args: Args, called: Called, emit: &mut dyn FnMut(CommandOutput)) {
    let prepared = Job::prepare(&args, called).and_then(|(job, references)| {
        let end = LockEnd::new(job.means.verifier.policies(), job.means.verifier.now());
        Ok((job, references, Record::begin(args.lock.as_deref(), end)?))
    });
    match prepared {
        Ok((job, references, record)) => job.judge(args.output, references, record, emit).await,
        Err(report) => emit(not_begun(args.output, report)),
    }
}

/// The answer in JSON where nothing could be begun with: the document has no results, and what the report
/// says as its error.
pub(in crate::cli) fn unusable(report: CommandOutput) -> CommandOutput {
    not_begun(Form::Json, report)
}

fn not_begun(form: Form, report: CommandOutput) -> CommandOutput {
    let invocation = Invocation::begun(environment().now());
    let end = VerdictEnd::not_begun(report.exit, report.not_begun());
    let end = end.with_invocation(invocation.clone());
    CommandOutput {
        stdout: form.begin(invocation).end(end),
        ..report
    }
}

fn exit(answer: &ArtifactVerification) -> Exit {
    match &answer.found {
        Ok(_) => Exit::Done,
        Err(error) => Exit::of(error.class()),
    }
}

fn parse_unsigned(name: &str) -> Result<UnsignedStatement, String> {
    UnsignedStatement::from_name(name).ok_or_else(|| {
        let names = UnsignedStatement::ALL.map(UnsignedStatement::as_str);
        format!("allowed: {}", names.join(", "))
    })
}

/// What was found, without what is remarked; `verbose` shows every signature that was looked at.
pub(in crate::cli) fn answer_in_words(
    answer: &ArtifactVerification,
    scope: &str,
    verbose: bool,
    called: Called,
) -> CommandOutput {
    match &answer.found {
        Ok(Verification::Verified(accepted)) => text::verified(accepted, verbose, called),
        Ok(Verification::Tolerated(accepted)) => text::tolerated(accepted, verbose, called),
        Ok(Verification::Skipped {
            reference,
            statement,
        }) => text::skipped(&reference.to_string(), statement, called),
        Ok(Verification::Images(found)) => images_text::judged(found, verbose, called),
        Err(error @ Error::Images(found)) => images_text::failed(error, found, scope, called),
        Err(error) => text::failed(error, scope, answer.statement.as_ref(), called),
    }
}

/// What verifies, and what is to be said before.
struct Means {
    verifier: Verifier,
    warnings: String,
    /// What it asks with, which counts the requests; nothing offline.
    pool: Option<http::Pool>,
}

/// A verifier that asks registries, AWS and everybody else.
fn online(
    args: &Args,
    references: &References,
    plugin_config: BTreeMap<String, String>,
) -> Result<Means, CommandOutput> {
    let mut context = Context::of_references(
        &args.registry,
        references,
        plugin_config,
        Format::Known,
        args.time.for_pipes()?,
    )?;
    let notes = std::mem::take(&mut context.notes);
    let ttl = match &args.revocation_cache_ttl {
        None => None,
        Some(text) => {
            let flag = "--revocation-cache-ttl";
            let ttl = parse_span(flag, text, limits::MAX_REVOCATION_CACHE_TTL)?;
            if context.environment.cache().is_none() {
                return Err(CommandOutput::usage(
                    &format!("no directory is known in which `{flag}` keeps answers"),
                    Some("set `NOTATION_CACHE` to a directory of this user".to_owned()),
                ));
            }
            Some(ttl)
        }
    };
    let trusted = Trusted {
        kind: DocumentKind::Oci,
        policy: &args.policy,
        pipes: context.pipes,
        is_strict: args.require.is_strict(),
    };
    let (setup, warnings) = trusted.setup(&context.environment.notation_directories())?;
    let setup = setup.with_aws_signer_checks(args.check.aws_signer());
    let setup = match ttl {
        Some(ttl) => setup.keeping_answers(ttl),
        None => setup,
    };
    // For one image a directory would only be written for others to come.
    let cache = context
        .environment
        .cache()
        .filter(|_| references.are_several());
    let of_notation = || cache.map(|cache| content_cache(&cache));
    if let Some(directory) = args.content.directory(of_notation) {
        context.environment = context.environment.with_content_cache(directory);
    }
    Ok(Means {
        verifier: context.connect(setup)?,
        warnings: notes + &warning_lines(&warnings),
        pool: Some(context.pool()),
    })
}

impl Args {
    /// How the artifacts are gone through. Lines of JSON name what they are about, so that none has to wait for
    /// those before it.
    fn many(&self) -> many::Options {
        let order = match self.output {
            Form::Jsonl => many::Order::AsTheyCome,
            _ => many::Order::AsGiven,
        };
        let many = many::Options::default().in_order(order);
        match self.concurrency {
            Some(most) => many.with_most_of_one_lane(usize::from(most)),
            None => many,
        }
    }
}

/// Standard input is read once.
fn check_stdin(args: &Args) -> Result<(), CommandOutput> {
    if args.list.is_stdin() && args.policy.file.is_stdin() {
        return Err(CommandOutput::usage(
            "`--policy -` and `--references-from -` would both read standard input",
            Some("name a file for one of them".to_owned()),
        ));
    }
    Ok(())
}

/// Everything that holds for all references of one command.
struct Job {
    means: Means,
    /// When the command began.
    begun: Instant,
    options: Options,
    many: many::Options,
    are_several: bool,
    /// Shows every signature.
    verbose: bool,
    called: Called,
}

impl Job {
    fn prepare(args: &Args, called: Called) -> Result<(Self, References), CommandOutput> {
        let begun = Instant::now();
        let max_signatures = args.max_signatures.get()?;
        let names_unsigned = !args.unsigned_revocation_statements.is_empty();
        check_unsigned_flag(names_unsigned, !args.policy.is_from_file(), &args.require)?;
        let scope = args.scope.of(args.oci_layout, &args.policy)?;
        let images = args.images.images()?;
        let user_metadata = args.check.user_metadata()?;
        let plugin_config = args.check.plugin_config.parse()?;
        check_stdin(args)?;
        let references = References::open(
            &args.references,
            &args.list,
            args.oci_layout,
            args.time.for_pipes()?,
        )?;
        let means = match &args.offline {
            Some(directory) => {
                let (verifier, warnings) = offline::verifier(args, directory)?;
                Means {
                    verifier,
                    warnings: warning_lines(&warnings),
                    pool: None,
                }
            }
            None => online(args, &references, plugin_config)?,
        };
        let job = Self {
            means,
            begun,
            options: Options {
                max_signatures,
                all_signatures: args.all_signatures,
                user_metadata,
                // Nothing but local files before.
                allowed: args.time.allowed()?,
                requirement: args.require.requirement(names_unsigned),
                layout_scope: scope,
                images,
            },
            many: args.many(),
            are_several: references.are_several(),
            verbose: args.verbose || args.all_signatures,
            called,
        };
        Ok((job, references))
    }

    /// Verifies all of them, and says of each as it and those before it end.
    async fn judge(
        &self,
        form: Form,
        references: References,
        mut record: Record,
        emit: &mut dyn FnMut(CommandOutput),
    ) {
        let bar = Bar::new("verifying", references.count());
        let (references, reading) = references.stream();
        // As many as are read ahead.
        let texts = Arc::new(Mutex::new(BTreeMap::new()));
        let asked = Arc::clone(&texts);
        let references = references.enumerate().map(move |(index, given)| {
            let mut texts = asked.lock().unwrap_or_else(PoisonError::into_inner);
            texts.insert(index, given.text);
            given.reference
        });
        let verifier = &self.means.verifier;
        let many = self.many.clone();
        let mut verifying = verifier.verify_many(references, &self.options, many);
        if self.are_several {
            descriptors::allow_many();
        }
        // An interrupt leaves the answers that there are; one of a single image would have none.
        if self.are_several
            && let Ok(interrupts) = Interrupts::new()
        {
            verifying = verifying.interrupted_by(interrupts.into_stream());
        }
        let begun = Invocation::begun(verifier.now()).by(Some(verifier.policies()));
        let mut results = form.begin(begun);
        let mut worst = Exit::Done;
        let mut endpoints = BTreeSet::new();
        let mut ended = Vec::new();
        while let Some(answer) = bar.answer("verifying", &mut verifying).await {
            let text = texts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&answer.index);
            let answer = answer.outcome;
            let text = text.unwrap_or_else(|| answer.reference.to_string());
            let mut report = if form == Form::Text {
                self.in_words(&answer)
            } else {
                CommandOutput {
                    stdout: results.add(&self.in_json(&text, &answer)),
                    exit: exit(&answer),
                    ..CommandOutput::done()
                }
            };
            worst = worst.worse(report.exit);
            // Once for each endpoint, however many references there are.
            for url in text::foreign_endpoints(answer.signatures()) {
                if endpoints.insert(url.to_owned()) {
                    report.stderr.push_str(&text::endpoint_note(url));
                }
            }
            bar.aside(|| emit(report));
            ended.extend(record.add(&text, &answer.found).err());
        }
        bar.end();
        ended.extend(reading.fault());
        let is_whole = worst == Exit::Done && ended.is_empty();
        ended.extend(record.end(is_whole).err());
        if form != Form::Text {
            emit(CommandOutput {
                stdout: results.end(self.end(worst, &ended)),
                stderr: self.means.warnings.clone(),
                ..CommandOutput::done()
            });
        }
        ended.into_iter().for_each(emit);
    }

    /// The end of the answer, after whatever ended the command early.
    fn end(&self, worst: Exit, ended: &[CommandOutput]) -> VerdictEnd {
        let verifier = &self.means.verifier;
        let requests = self.means.pool.as_ref().map_or(0, http::Pool::requests);
        let exits = ended.iter().map(|report| report.exit);
        let end = VerdictEnd {
            error: ended.first().map(CommandOutput::not_begun),
            ..VerdictEnd::new(exits.fold(worst, Exit::worse))
        };
        end.with_invocation(Invocation::new(
            verifier.policies(),
            verifier.now(),
            requests,
            self.begun.elapsed(),
        ))
    }

    fn in_json(&self, asked: &str, answer: &ArtifactVerification) -> ArtifactVerdict {
        let asked = AskedArtifact {
            text: asked,
            scope: &self.options.layout_scope,
            statement: answer.statement.as_ref(),
        };
        ArtifactVerdict::new(&asked, &answer.found, reader::current())
    }

    fn in_words(&self, answer: &ArtifactVerification) -> CommandOutput {
        let scope = &self.options.layout_scope;
        let mut report = answer_in_words(answer, scope, self.verbose, self.called);
        // Where nothing was resolved, no tag led astray.
        let is_resolved = !matches!(
            answer.found,
            Err(Error::Requirement { .. }
                | Error::Open { .. }
                | Error::Resolve { .. }
                | Error::Stopped { .. })
        );
        let mut before = String::new();
        if let (None, Some(tag), true) = (
            answer.reference.digest(),
            answer.reference.tag(),
            is_resolved,
        ) {
            let _ = writeln!(
                before,
                "Warning: Always verify the artifact using digest(@sha256:...) rather than a \
                 tag(:{tag}) because resolved digest may not point to the same signed artifact, as \
                 tags are mutable."
            );
        }
        let is_by_tag = !before.is_empty();
        before.push_str(&self.means.warnings);
        // Notation parts its warnings from the answer by a blank line, and has none of our own.
        let is_parted = if self.called.is_notation() {
            is_by_tag || text::has_logged(answer.found.as_ref())
        } else {
            !(before.is_empty() && report.stderr.is_empty())
        };
        if report.exit == Exit::Done && is_parted && !self.verbose {
            report.stdout.insert(0, '\n');
        }
        report.stderr.insert_str(0, &before);
        // No warning, so that it does not change what notation prints; `--verbose` says more.
        if let (Ok(Verification::Verified(accepted) | Verification::Tolerated(accepted)), false) =
            (&answer.found, self.verbose)
        {
            report.stderr.push_str(&text::age_note(&accepted.signature));
        }
        report
    }
}
