//! `countersign wait`: waits until Amazon ECR has signed what was pushed, then verifies it.

use std::time::Duration;

use futures_util::stream;
use tokio::time::Instant;

use super::args::{CheckArgs, MaxSignaturesArgs, Output, PolicyArgs, RegistryArgs, parse_timeout};
use super::context::{Context, Format, Trusted};
use super::not_a_reference;
use super::output::{CommandOutput, Exit, one_line, warning_lines};
use super::patience::telling;
use super::reader;
use super::requirement::RequireArgs;
use super::verify::{answer_in_words, text, unusable};
use crate::allowance::Allowed;
use crate::aws::{Aws, SigningProfileArn};
use crate::http;
use crate::limits::MANAGED_SIGNING_TIMEOUT;
use crate::managed_signing::{Error, UntilVerified, Wait, WaitAnswer};
use crate::many::{self, Many};
use crate::reference::{ArtifactReference, Reference};
use crate::report::{AskedArtifact, Called, Invocation, Results, VerdictEnd, WaitResult};
use crate::trust_policy::DocumentKind;
use crate::verify::many::ArtifactVerification;
use crate::verify::{ANY_LAYOUT_SCOPE, Images, Options, Verifier};

/// Flags of `wait`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign wait --signing-profile ARN ACCOUNT.dkr.ecr.REGION.amazonaws.com/app@sha256:...\n  \
    countersign wait --timeout 5m REFERENCE    (for every signing rule, with Notation's trust policy)\n\n\
    Exit codes: 0 signed and verified, 1 not signed or rejected, 2 usage, 3 could not be decided in time.")]
pub(super) struct Args {
    /// Images in Amazon ECR: registry/repository@digest, or :tag
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    check: CheckArgs,
    #[command(flatten)]
    max_signatures: MaxSignaturesArgs,
    /// Output format: `json` is one document on stdout, see schemas/wait.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[arg(from_global)]
    verbose: bool,
    #[command(flatten)]
    require: RequireArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    /// Time for the whole command, waiting and verifying, for example 5m [default: 10m]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
}

pub(super) async fn run(args: &Args, called: Called, emit: &mut dyn FnMut(CommandOutput)) {
    let job = match Job::prepare(args, called) {
        Ok(job) => job,
        Err(report) if args.output == Output::Json => return emit(unusable(report)),
        Err(report) => return emit(report),
    };
    let mut waiting = job.waiting();
    let mut results = Results::default();
    let mut worst = Exit::Done;
    for (asked, reference) in args.references.iter().zip(&job.references) {
        let progress = waiting.progress();
        let answer = telling("waiting for signatures", progress, waiting.answer()).await;
        let Some(answer) = answer else {
            break;
        };
        let report = match args.output {
            Output::Text => job.in_words(reference, answer.outcome),
            Output::Json => {
                let result = job.in_json(asked, reference, answer.outcome);
                CommandOutput {
                    stdout: results.add(&result),
                    exit: exit_of(&result),
                    ..CommandOutput::done()
                }
            }
        };
        worst = worst.worse(report.exit);
        emit(report);
    }
    if args.output == Output::Json {
        emit(CommandOutput {
            stdout: results.end(&VerdictEnd::new(worst).with_invocation(job.invocation())),
            stderr: job.warnings.clone(),
            ..CommandOutput::done()
        });
    }
}

fn exit_of(result: &WaitResult) -> Exit {
    result.verdict.exit()
}

/// Everything that holds for all references of one command.
struct Job {
    verifier: Verifier,
    aws: Aws,
    profiles: Vec<SigningProfileArn>,
    references: Vec<Reference>,
    options: Options,
    limit: Duration,
    deadline: Instant,
    verbose: bool,
    called: Called,
    warnings: String,
    /// What asks, which counts the requests.
    pool: http::Pool,
    begun: Instant,
}

impl Job {
    /// How the answers came about until now.
    fn invocation(&self) -> Invocation {
        let verifier = &self.verifier;
        let requests = self.pool.requests();
        Invocation::new(
            verifier.policies(),
            verifier.now(),
            requests,
            self.begun.elapsed(),
        )
    }

    fn prepare(args: &Args, called: Called) -> Result<Self, CommandOutput> {
        let begun = Instant::now();
        let limit = parse_timeout(args.timeout.as_deref())?.unwrap_or(MANAGED_SIGNING_TIMEOUT);
        let max_signatures = args.max_signatures.get()?;
        let user_metadata = args.check.user_metadata()?;
        let plugin_config = args.check.plugin_config.parse()?;
        let references = parse_references(&args.references)?;
        let artifacts: Vec<ArtifactReference> =
            references.iter().cloned().map(Into::into).collect();
        let mut context = Context::new(
            &args.registry,
            &artifacts,
            plugin_config,
            Format::Known,
            limit,
        )?;
        let notes = std::mem::take(&mut context.notes);
        let trusted = Trusted {
            kind: DocumentKind::Oci,
            policy: &args.policy,
            pipes: context.pipes,
            is_strict: args.require.is_strict(),
        };
        let (setup, warnings) = trusted.setup(&context.environment.notation_directories())?;
        let setup = setup.with_aws_signer_checks(args.check.aws_signer());
        let mut profiles: Vec<SigningProfileArn> = Vec::new();
        for profile in args.policy.signing_profiles()? {
            if !profiles.contains(profile.arn()) {
                profiles.push(profile.arn().clone());
            }
        }
        Ok(Self {
            verifier: context.connect(setup)?,
            aws: context.aws(),
            profiles,
            references,
            options: Options {
                all_signatures: false,
                max_signatures,
                user_metadata,
                // Nothing but local files before.
                allowed: Allowed::for_each_artifact(Some(limit)),
                requirement: args.require.requirement(false),
                layout_scope: ANY_LAYOUT_SCOPE.to_owned(),
                images: Images::default(),
            },
            limit,
            deadline: Instant::now() + limit,
            verbose: args.verbose,
            called,
            warnings: notes + &warning_lines(&warnings),
            pool: context.pool(),
            begun,
        })
    }

    fn waiting(&self) -> Many<'_, UntilVerified<'_>> {
        let wait = Wait {
            statuses: &self.aws,
            profiles: &self.profiles,
            limit: self.limit,
            deadline: self.deadline,
        };
        let images = stream::iter(self.references.clone());
        let many = many::Options::default();
        wait.until_all_verified(&self.verifier, images, &self.options, many)
    }

    fn in_json(&self, asked: &str, reference: &Reference, answer: WaitAnswer) -> WaitResult {
        let scope = &self.options.layout_scope;
        let statement = self.verifier.statement_of(&reference.clone().into(), scope);
        let asked = AskedArtifact {
            text: asked,
            scope,
            statement: statement.as_ref(),
        };
        WaitResult::new(&asked, answer, reader::current())
    }

    fn in_words(&self, reference: &Reference, answer: WaitAnswer) -> CommandOutput {
        let signed: Vec<String> = answer
            .signings
            .iter()
            .map(|signing| format!("`{}`", signing.signing_profile))
            .collect();
        let found = match answer.found {
            Ok(verification) => Ok(verification),
            Err(Error::Verification { source }) => Err(*source),
            Err(error) => {
                let sentence = one_line(&error.to_string());
                let exit = Exit::of(error.class());
                let report = CommandOutput::error(exit, &sentence, &error, error.hint());
                let mut report = report.caused_by(error.details());
                report.stderr.insert_str(0, &self.warnings);
                return report;
            }
        };
        let reference = ArtifactReference::from(reference.clone());
        let scope = &self.options.layout_scope;
        let verification = ArtifactVerification {
            statement: self.verifier.statement_of(&reference, scope),
            reference,
            found,
        };
        let mut report = answer_in_words(&verification, scope, self.verbose, self.called);
        if let Some(url) = text::foreign_endpoints(verification.signatures()).next() {
            report.stderr.push_str(&text::endpoint_note(url));
        }
        if !signed.is_empty() {
            let line = format!(
                "Note: Amazon ECR reports signing as complete by {}\n",
                signed.join(" and ")
            );
            report.stderr.insert_str(0, &line);
        }
        report.stderr.insert_str(0, &self.warnings);
        report
    }
}

/// Parses every reference before anything is done with one of them; all are in Amazon ECR.
fn parse_references(texts: &[String]) -> Result<Vec<Reference>, CommandOutput> {
    let parse = |text: &String| {
        let reference = Reference::parse(text).map_err(|error| not_a_reference(text, &error))?;
        if reference.registry_name().ecr().is_none() {
            let error = Error::NotEcr {
                reference: reference.to_string(),
            };
            return Err(CommandOutput::unusable(&error, error.hint()));
        }
        Ok(reference)
    };
    texts.iter().map(parse).collect()
}
