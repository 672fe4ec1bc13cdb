//! `countersign lambda verify`: the four checks of AWS Lambda, without AWS Lambda.

use std::path::Path;

use clap::builder::NonEmptyStringValueParser;

use super::roots::AnchorArgs;
use super::source::{self, Source};
use super::text;
use crate::archive::package::Allowed;
use crate::aws::{Aws, CodeSigningConfigArn, SigningProfileArn, SigningProfileVersionArn};
use crate::cli::args::{Output, PluginConfigArgs, TimeArgs};
use crate::cli::context::{Context, Format};
use crate::cli::output::{CommandOutput, Exit};
use crate::cli::reader;
use crate::code_signing::configuration::of_config;
use crate::code_signing::fetch;
use crate::code_signing::{self, Contents, Difference, NOT_SIGNED, PackageChecks, compare};
use crate::report::{PackageState, PackageVerdict, PackageVerdictEnd, Reason, Results};
use crate::signing_profiles::Class;
use crate::x509::Certificate;

/// Flags of `lambda verify`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda verify --signing-profile VERSION_ARN app.signed.zip\n  \
    countersign lambda verify --signing-profile VERSION_ARN --against app.zip app.signed.zip\n  \
    countersign lambda verify --signing-profile VERSION_ARN --output json one.zip two.zip\n  \
    countersign lambda verify --code-signing-config CONFIG_ARN s3://BUCKET/app.zip    (also FUNCTION, LAYER_ARN)\n\n\
    A signature covers names, contents and order of the entries. It does not cover modes and dates, nor where a name \
    ends and its content begins. How AWS Signer computes the digest is known from one source and not confirmed by AWS.")]
pub(in crate::cli) struct Args {
    /// Signed packages: files (with a `.` or a `/` in the name), `s3://BUCKET/KEY[?versionId=VERSION]`, functions by name or
    /// ARN, versions of layers by ARN
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,
    /// Version of a signing profile that may have signed, as in a code signing configuration. May be given several times
    #[arg(long, required_unless_present = "code_signing_config", value_name = "VERSION_ARN",
        value_parser = NonEmptyStringValueParser::new())]
    signing_profile: Vec<String>,
    /// Code signing configuration whose profile versions may have signed
    #[arg(long, value_name = "ARN", conflicts_with = "signing_profile", value_parser = NonEmptyStringValueParser::new())]
    code_signing_config: Option<String>,
    #[command(flatten)]
    anchor: AnchorArgs,
    /// Package before it was signed: every entry must be the same, mode included
    #[arg(long, value_name = "FILE")]
    against: Option<String>,
    /// Accept symbolic links, devices and set-user-ID bits, which no signature covers
    #[arg(long)]
    allow_links: bool,
    /// Output format: `json` is one document on stdout, see schemas/package-verdict.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[command(flatten)]
    plugin_config: PluginConfigArgs,
    #[command(flatten)]
    time: TimeArgs,
}

pub(super) async fn run(args: &Args, emit: &mut dyn FnMut(CommandOutput)) {
    match Box::pin(prepare(args)).await {
        Ok(job) => job.run(emit).await,
        Err(report) => emit(match args.output {
            Output::Text => report,
            Output::Json => {
                let end = PackageVerdictEnd::not_begun(report.exit, report.not_begun());
                CommandOutput {
                    stdout: Results::default().end(&end),
                    ..report
                }
            }
        }),
    }
}

/// What every package is held against.
struct Job<'a> {
    args: &'a Args,
    allowed: Vec<SigningProfileVersionArn>,
    roots: Vec<Certificate>,
    unusual: Allowed,
    against: Option<Contents>,
    packages: Vec<Source>,
    context: Context,
    aws: Aws,
    time: crate::allowance::Allowed,
}

async fn prepare(args: &Args) -> Result<Job<'_>, CommandOutput> {
    let allowed = args.signing_profile.iter().map(|text| version(text));
    let mut allowed = allowed.collect::<Result<Vec<_>, _>>()?;
    let pipes = args.time.for_pipes()?;
    let plugin_config = args.plugin_config.parse()?;
    let roots = args.anchor.roots(pipes)?;
    let unusual = Allowed {
        links: args.allow_links,
    };
    let against = match &args.against {
        Some(name) => {
            let file = Source::in_file(name, Path::new(name))?;
            let contents = file.read(unusual).map_err(|error| {
                let sentence = "the package of `--against` cannot be used";
                CommandOutput::error(Exit::Usage, sentence, &error, error.hint())
            })?;
            Some(contents)
        }
        None => None,
    };
    let packages = args.packages.iter().map(|name| Source::open(name));
    let packages = packages.collect::<Result<Vec<_>, _>>()?;
    let context = Context::without_registry(plugin_config, Format::Known, pipes)?;
    let time = source::budget(&args.time)?;
    let aws = context.aws();
    if let Some(config) = &args.code_signing_config {
        let asking = profiles_of(&aws, config);
        allowed = time.begin().lend(Box::pin(asking)).await?;
    }
    Ok(Job {
        args,
        allowed,
        roots,
        unusual,
        against,
        packages,
        context,
        aws,
        time,
    })
}

/// The versions that a code signing configuration allows.
async fn profiles_of(
    aws: &Aws,
    config: &str,
) -> Result<Vec<SigningProfileVersionArn>, CommandOutput> {
    let arn = CodeSigningConfigArn::parse(config)
        .map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
    let found = of_config(&arn, aws.code_signing_config(&arn)).await;
    let found = found.map_err(|error| {
        let exit = match error.class() {
            Class::Inconclusive => Exit::Inconclusive,
            // Nothing was judged.
            Class::Usage | Class::Refused => Exit::Usage,
        };
        CommandOutput::error(exit, &error.to_string(), &error, error.hint())
    })?;
    Ok(found.profiles)
}

/// A code signing configuration allows versions, never a profile with all its versions.
fn version(text: &str) -> Result<SigningProfileVersionArn, CommandOutput> {
    SigningProfileVersionArn::parse(text).map_err(|error| {
        // Only its version is missing.
        let of_profile = SigningProfileArn::parse(text).is_ok().then(|| {
            "a code signing configuration allows versions of profiles; `countersign profile show` shows the ARN of the \
             version"
                .to_owned()
        });
        CommandOutput::unusable(&error, of_profile.or_else(|| error.hint()))
    })
}

impl Job<'_> {
    async fn run(mut self, emit: &mut dyn FnMut(CommandOutput)) {
        let mut results = Results::default();
        let mut worst = Exit::Done;
        for source in std::mem::take(&mut self.packages) {
            let name = source.name.clone();
            // One at a time: what was fetched is gone when the next one is.
            let fetching = source.here(&self.aws);
            let source = match self.time.begin().lend(fetching).await {
                Ok(source) => source,
                Err(error) => {
                    let report = self.not_fetched(&name, &error, &mut results);
                    worst = worst.worse(report.exit);
                    emit(report);
                    continue;
                }
            };
            let (contents, checks) = self.judge(&source).await;
            let differences = self.differences(contents.as_ref());
            let differences = differences.as_deref();
            let state = PackageState::of(&checks, differences);
            worst = worst.worse(state.exit());
            emit(match self.args.output {
                Output::Text => {
                    let version = source.version.as_deref();
                    text::answer(&name, version, contents.as_ref(), &checks, differences)
                }
                Output::Json => CommandOutput {
                    stdout: results.add(&PackageVerdict {
                        object_version: source.version.clone(),
                        ..PackageVerdict::new(
                            &name,
                            contents.as_ref(),
                            &checks,
                            differences,
                            reader::current(),
                        )
                    }),
                    exit: state.exit(),
                    ..CommandOutput::done()
                },
            });
        }
        emit(match self.args.output {
            Output::Text => CommandOutput {
                stderr: format!(
                    "Note: {NOT_SIGNED}; compare with the package that was built with `--against`\n"
                ),
                ..CommandOutput::done()
            },
            Output::Json => CommandOutput {
                stdout: results.end(&PackageVerdictEnd::new(worst)),
                ..CommandOutput::done()
            },
        });
    }

    /// The answer about a package that could not be fetched.
    fn not_fetched(
        &self,
        name: &str,
        error: &fetch::Error,
        results: &mut Results,
    ) -> CommandOutput {
        let sentence = error.to_string();
        let report = CommandOutput::error(Exit::Inconclusive, &sentence, error, error.hint());
        let reason = Reason::new(
            error.code(),
            sentence,
            error,
            error.hint(),
            reader::current(),
        );
        match self.args.output {
            Output::Text => report,
            Output::Json => CommandOutput {
                stdout: results.add(&PackageVerdict::failed(name, reason)),
                ..report
            },
        }
    }

    async fn judge(&self, source: &Source) -> (Option<Contents>, PackageChecks) {
        let contents = match source.read(self.unusual) {
            Ok(contents) => contents,
            Err(error) => return (None, PackageChecks::refused(error)),
        };
        let now = self.context.environment.now();
        let checks = PackageChecks::begin(&contents, &self.allowed, &self.roots, now);
        let checks = match checks.to_ask().cloned() {
            Some(signature) => {
                let asking = Box::pin(code_signing::ask(&self.aws, &signature));
                checks.with_revocation(self.time.begin().lend(asking).await)
            }
            None => checks,
        };
        (Some(contents), checks)
    }

    fn differences(&self, contents: Option<&Contents>) -> Option<Vec<Difference>> {
        Some(compare(contents?, self.against.as_ref()?))
    }
}
