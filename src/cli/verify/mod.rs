//! `countersign verify`: verifies artifacts in a registry against Notation's trust policy, or
//! against AWS Signer profiles named on the command line.

mod offline;
pub(super) mod text;
pub(super) mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use time::OffsetDateTime;

use super::args::{RegistryArgs, TimeArgs, parse_pairs};
use super::called::Called;
use super::context::{AwsSignerChecks, Context, Format};
use super::duration::parse_span;
use super::patience::{Progress, telling};
use super::report::{Exit, Report, one_line};
use super::requirement::{RequireArgs, check_unsigned_flag};
use super::results::Results;
use super::side_by_side::{InOrder, SideBySide, lane};
use crate::config;
use crate::extended_validation::{AnswerCache, RevocationChecker};
use crate::limits;
use crate::outcome::SignatureOutcome;
use crate::reference::ArtifactReference;
use crate::trust_policy::{DocumentKind, StatementName, UnsignedStatement};
use crate::verify::{Error, Options, Verification, Verifier};

/// Flags of `verify`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign verify --signing-profile ARN registry.example/app@sha256:...\n  \
    countersign verify REFERENCE    (with Notation's trust policy and trust store)")]
pub(super) struct Args {
    /// Artifacts to verify: registry/repository@digest, or :tag; with --oci-layout directory@digest,
    /// or :tag
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    /// AWS Signer profile, or profile version, that must have signed; needs no trust policy and no
    /// trust store. May be given several times
    // An empty value is a variable that is not set; no trust policy may stand in for it.
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new())]
    signing_profile: Vec<String>,
    /// Certificate file that replaces AWS Signer's published roots
    #[arg(long, value_name = "FILE", requires = "signing_profile")]
    trust_anchor: Option<PathBuf>,
    /// User metadata that must have been signed
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    user_metadata: Vec<String>,
    /// Settings of AWS Signer's checks: aws-profile, aws-region, aws-signer-endpoint-url
    #[arg(long, value_name = "KEY=VALUE")]
    plugin_config: Vec<String>,
    /// Let the installed plugin, not this program, check AWS Signer's signatures
    #[arg(long)]
    use_installed_plugin: bool,
    /// Cache AWS Signer's "not revoked" answers for this long (at most 24h) [default: no cache]
    // An installed plugin asks for itself.
    #[arg(long, value_name = "DURATION", conflicts_with = "use_installed_plugin")]
    revocation_cache_ttl: Option<String>,
    /// Verify without a network, with what `revocation fetch --out DIR` stored; artifacts in
    /// registries must be named by digest
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "plugin_config", "use_installed_plugin", "revocation_cache_ttl", "username", "password",
        "insecure_registry",
    ])]
    offline: Option<PathBuf>,
    /// Maximum age of AWS Signer's stored answers, at most 2160h [default: 168h]
    #[arg(long, value_name = "DURATION", requires = "offline")]
    offline_max_age: Option<String>,
    /// Accept unsigned stored revocation answers from `aws-signer`; with a trust policy, set
    /// `unsignedRevocationStatements` there, and with `--require strict` name it in both
    #[arg(long, value_name = "NAME", requires = "offline", value_parser = parse_unsigned)]
    unsigned_revocation_statements: Vec<UnsignedStatement>,
    /// Maximum number of signatures to check per artifact
    #[arg(long, value_name = "NUMBER", default_value_t = i64::try_from(limits::MAX_SIGNATURES).unwrap_or(i64::MAX), allow_negative_numbers = true)]
    max_signatures: i64,
    /// Output format: `json` is one document on stdout, see schemas/verdict.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    /// Print on stderr what was found, in the same detail as for a failure
    #[arg(short, long)]
    verbose: bool,
    /// Verify in an OCI image layout, a directory on this machine
    #[arg(long)]
    oci_layout: bool,
    /// Registry scope of the trust policy statement for the layout, for example local/app
    #[arg(long)]
    scope: Option<String>,
    #[command(flatten)]
    require: RequireArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    time: TimeArgs,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Output {
    Text,
    Json,
}

/// The scope of a layout where profiles on the command line stand for the policy: its statement is
/// about everything.
const ANY_LAYOUT_SCOPE: &str = "local/layout";

/// A layout has no name that trust policies know, so that both flags come together; and nothing but a
/// layout may choose the statement that it is judged by.
pub(super) fn scope_of(
    oci_layout: bool,
    scope: Option<&str>,
    signing_profiles: &[String],
) -> Result<String, Report> {
    let missing = match (oci_layout, scope) {
        (true, None) if signing_profiles.is_empty() => "scope",
        (false, Some(_)) => "oci-layout",
        (_, scope) => return Ok(scope.unwrap_or(ANY_LAYOUT_SCOPE).to_owned()),
    };
    Err(Report::failed(
        Exit::Usage,
        &format!(
            "if any flags in the group [oci-layout scope] are set they must all be set; missing \
             [{missing}]"
        ),
    ))
}

pub(super) async fn run(args: Args, called: Called, emit: &mut dyn FnMut(Report)) {
    let job = match Job::prepare(&args, called) {
        Ok(job) => job,
        Err(report) if args.output == Output::Json => return emit(verdict::unusable(report)),
        Err(report) => return emit(report),
    };
    let work = SideBySide::new(
        job.references.iter().map(lane),
        limits::MAX_CONCURRENT_VERIFICATIONS,
        |item| Box::pin(job.verify_nth(item)),
    );
    let mut answers = InOrder::new(work, |answer| {
        answer
            .as_ref()
            .map_or(1, |answer: &Answer| answer.outcomes().len().max(1))
    });
    let mut results = Results::default();
    let mut worst = Exit::Done;
    let mut endpoints = BTreeSet::new();
    let (mut ended, mut failed) = (0, 0);
    for (asked, reference) in args.references.iter().zip(&job.references) {
        let progress = Progress {
            doing: "verifying",
            all: job.references.len(),
            ended,
            failed,
        };
        let Some(Some(answer)) = telling(progress, answers.next()).await else {
            break;
        };
        ended += 1;
        failed += usize::from(answer.exit() != Exit::Done);
        let mut report = match args.output {
            Output::Text => job.in_words(reference, &answer),
            Output::Json => Report {
                stdout: results.add(&job.in_json(asked, &answer)),
                exit: answer.exit(),
                ..Report::done()
            },
        };
        worst = worst.worse(report.exit);
        // Once for each endpoint, however many references there are.
        for url in text::foreign_endpoints(answer.outcomes()) {
            if endpoints.insert(url.to_owned()) {
                report.stderr.push_str(&text::endpoint_note(url));
            }
        }
        emit(report);
    }
    if args.output == Output::Json {
        emit(Report {
            stdout: results.end(&verdict::exit_code(worst)),
            stderr: job.warnings.clone(),
            ..Report::done()
        });
    }
}

/// What became of one reference.
struct Answer {
    /// The statement that judged it, or would have.
    statement: Option<StatementName>,
    found: Result<Verification, Error>,
}

impl Answer {
    fn exit(&self) -> Exit {
        match &self.found {
            Ok(_) => Exit::Done,
            Err(error) => Exit::of(error.class()),
        }
    }

    /// Every signature that was looked at.
    fn outcomes(&self) -> Vec<&SignatureOutcome> {
        match &self.found {
            Ok(Verification::Verified(accepted) | Verification::Tolerated(accepted)) => {
                std::iter::once(&accepted.signature)
                    .chain(&accepted.others)
                    .collect()
            }
            Err(Error::Rejected(refused) | Error::Inconclusive(refused)) => {
                refused.outcomes.iter().collect()
            }
            Ok(Verification::Skipped { .. }) | Err(_) => Vec::new(),
        }
    }
}

fn parse_unsigned(name: &str) -> Result<UnsignedStatement, String> {
    UnsignedStatement::from_name(name).ok_or_else(|| {
        let names = UnsignedStatement::ALL.map(UnsignedStatement::as_str);
        format!("allowed: {}", names.join(", "))
    })
}

/// A verifier that asks registries, AWS and everybody else; with the policy's warnings, the time, and what is to
/// be said besides.
fn online_verifier(
    args: &Args,
    references: &[ArtifactReference],
    plugin_config: BTreeMap<String, String>,
) -> Result<(Verifier, Vec<String>, OffsetDateTime, String), Report> {
    let mut context = Context::new(
        &args.registry,
        references,
        plugin_config,
        Format::Known,
        args.time.for_pipes()?,
    )?;
    let now = context.now;
    let notes = std::mem::take(&mut context.notes);
    let cache = match &args.revocation_cache_ttl {
        None => None,
        Some(text) => {
            let flag = "--revocation-cache-ttl";
            let ttl = parse_span(flag, text, limits::MAX_REVOCATION_CACHE_TTL)
                .map_err(|text| Report::failed(Exit::Usage, &text))?;
            let directory = context.cache().ok_or_else(|| {
                Report::usage(
                    &format!("no directory is known in which `{flag}` keeps answers"),
                    Some("set `NOTATION_CACHE` to a directory of this user".to_owned()),
                )
            })?;
            Some(AnswerCache::new(config::aws_signer_cache(directory), ttl))
        }
    };
    let aws = context.aws.clone();
    let checks = if args.use_installed_plugin {
        AwsSignerChecks::InstalledPlugin
    } else {
        AwsSignerChecks::InProcess
    };
    let (mut verifier, warnings) = context.verifier(
        DocumentKind::Oci,
        &args.signing_profile,
        args.trust_anchor.as_deref(),
        checks,
        args.require.is_strict(),
    )?;
    if let Some(cache) = cache {
        verifier.judges.aws_signer = RevocationChecker::with_cache(aws, cache);
    }
    Ok((verifier, warnings, now, notes))
}

/// Everything that holds for all references of one command.
struct Job {
    verifier: Verifier,
    options: Options,
    references: Vec<ArtifactReference>,
    /// By which the trust policy knows an OCI image layout.
    scope: String,
    now: OffsetDateTime,
    verbose: bool,
    called: Called,
    warnings: String,
}

impl Job {
    fn prepare(args: &Args, called: Called) -> Result<Self, Report> {
        let usage = |text: String| Report::failed(Exit::Usage, &text);
        let max_signatures = usize::try_from(args.max_signatures)
            .ok()
            .filter(|count| *count > 0);
        let max_signatures = max_signatures.ok_or_else(|| {
            usage(format!(
                "max-signatures value {} must be a positive number",
                args.max_signatures
            ))
        })?;
        let names_unsigned = !args.unsigned_revocation_statements.is_empty();
        check_unsigned_flag(
            names_unsigned,
            !args.signing_profile.is_empty(),
            &args.require,
        )?;
        let scope = scope_of(
            args.oci_layout,
            args.scope.as_deref(),
            &args.signing_profile,
        )?;
        let user_metadata = parse_pairs("user-metadata", &args.user_metadata).map_err(usage)?;
        let plugin_config = parse_pairs("plugin-config", &args.plugin_config).map_err(usage)?;
        let references = super::parse_references(&args.references, args.oci_layout)?;
        let (verifier, warnings, now, notes) = match &args.offline {
            Some(directory) => {
                let (verifier, warnings, now) = offline::verifier(args, directory)?;
                (verifier, warnings, now, String::new())
            }
            None => online_verifier(args, &references, plugin_config)?,
        };
        let warnings = warnings.iter().fold(notes, |mut text, warning| {
            let _ = writeln!(text, "Warning: {}", one_line(warning));
            text
        });
        Ok(Self {
            verifier,
            options: Options {
                max_signatures,
                user_metadata,
                // Nothing but local files before.
                allowed: args.time.allowed()?,
                requirement: args.require.requirement(names_unsigned),
            },
            references,
            scope,
            now,
            verbose: args.verbose,
            called,
            warnings,
        })
    }

    /// Verifies the reference of this number; nothing where there is none.
    async fn verify_nth(&self, number: usize) -> Option<Answer> {
        Some(self.verify(self.references.get(number)?).await)
    }

    async fn verify(&self, reference: &ArtifactReference) -> Answer {
        let Self {
            verifier,
            options,
            scope,
            now,
            ..
        } = self;
        let found = match reference {
            ArtifactReference::Registry(reference) => {
                verifier.verify(reference, options, *now).await
            }
            ArtifactReference::Layout(reference) => {
                verifier
                    .verify_layout(reference, scope, options, *now)
                    .await
            }
        };
        Answer {
            statement: verifier.statement_of(reference, scope),
            found,
        }
    }

    fn in_json(&self, asked: &str, answer: &Answer) -> serde_json::Value {
        let statement = answer.statement.as_ref();
        verdict::result(asked, &self.scope, statement, &answer.found)
    }

    fn in_words(&self, reference: &ArtifactReference, answer: &Answer) -> Report {
        let (verbose, called) = (self.verbose, self.called);
        let mut report = match &answer.found {
            Ok(Verification::Verified(accepted)) => text::verified(accepted, verbose, called),
            Ok(Verification::Tolerated(accepted)) => text::tolerated(accepted, verbose, called),
            Ok(Verification::Skipped {
                reference,
                statement,
            }) => text::skipped(&reference.to_string(), statement, called),
            Err(error) => text::failed(error, &self.scope, answer.statement.as_ref(), called),
        };
        // Where nothing was resolved, no tag led astray.
        let is_resolved = !matches!(
            answer.found,
            Err(Error::Requirement { .. } | Error::Open { .. } | Error::Resolve { .. })
        );
        let mut before = String::new();
        if let (None, Some(tag), true) = (reference.digest(), reference.tag(), is_resolved) {
            let _ = writeln!(
                before,
                "Warning: Always verify the artifact using digest(@sha256:...) rather than a \
                 tag(:{tag}) because resolved digest may not point to the same signed artifact, as \
                 tags are mutable."
            );
        }
        before.push_str(&self.warnings);
        // Notation parts its warnings from the answer by a blank line.
        if report.exit == Exit::Done
            && !(before.is_empty() && report.stderr.is_empty())
            && !self.verbose
        {
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
