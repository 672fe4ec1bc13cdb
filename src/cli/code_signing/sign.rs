//! `countersign lambda sign`: packages of AWS Lambda, signed by AWS Signer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use futures_util::stream;

use super::progress::Lines;
use super::roots::AnchorArgs;
use super::sign_text as text;
use crate::allowance::Allowed;
use crate::archive::package;
use crate::aws::{Aws, BucketName};
use crate::cli::args::{NonEmptyPath, Output, PluginConfigArgs, parse_timeout};
use crate::cli::context::{Context, Format};
use crate::cli::interrupts::Interrupts;
use crate::cli::output::{CommandOutput, Exit};
use crate::cli::patience::telling;
use crate::cli::reader;
use crate::code_signing::Source;
use crate::code_signing::signing::{
    Candidate, Error, GivenPackage, Jobs, PackageBatch, PackageEnd, PackageOutcome, PackageSigner,
    Settings, look,
};
use crate::config;
use crate::limits::{
    MAX_OBJECT_KEY_BYTES, MAX_PACKAGE_BYTES, MIN_REMAINING, NAMED_PIPE_TIMEOUT,
    PACKAGE_SIGNING_TIMEOUT,
};
use crate::many::{self, NotTried};
use crate::report::{PackageSigning, PackageSigningEnd, PackageSigningSummary, Reason, Results};
use crate::signing_profiles::{Profile, ProfileId, SigningProfiles};

/// Flags of `lambda sign`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda sign --signing-profile release --bucket zips app.zip\n  \
    countersign lambda sign --signing-profile ARN --bucket zips --out signed.zip s3://builds/app.zip\n  \
    countersign lambda sign --signing-profile release --bucket zips --if-missing --output json one.zip two.zip\n\n\
    Everything is examined before anything is uploaded: if one package is refused, none is signed.\n\
    After an interrupt the same command goes on with the signing job that was begun.")]
pub(in crate::cli) struct Args {
    /// Packages: zip files, or objects in Amazon S3 as `s3://BUCKET/KEY` or `s3://BUCKET/KEY?versionId=VERSION`
    #[arg(required = true, value_name = "PACKAGE")]
    packages: Vec<String>,
    /// Signing profile for AWS Lambda: name in this account, or ARN
    #[arg(long, value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    signing_profile: String,
    /// Bucket in the region of the profile, to which files are uploaded and AWS Signer writes the signed packages
    #[arg(long, value_name = "BUCKET", value_parser = NonEmptyStringValueParser::new())]
    bucket: String,
    /// What the keys in the bucket begin with
    #[arg(long, value_name = "PREFIX", default_value = "countersign/")]
    prefix: String,
    /// Signed package, in place of a file that is there [default: NAME.signed.zip, beside the file]
    #[arg(long, value_name = "FILE", value_parser = NonEmptyPath)]
    out: Option<PathBuf>,
    #[command(flatten)]
    allow: AllowArgs,
    /// Skip a package whose signed form is there already: the same entries, verified, revocation included, signed by the
    /// same profile version, and valid for 24 hours more
    #[arg(long)]
    if_missing: bool,
    #[command(flatten)]
    anchor: AnchorArgs,
    /// Look at everything, say what would be signed, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Output format: `json` is one document on stdout, see schemas/package-signing.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[command(flatten)]
    plugin_config: PluginConfigArgs,
    /// Time for the whole command, for example 30m [default: 15m for each package]
    #[arg(long, value_name = "DURATION")]
    timeout: Option<String>,
}

/// What is signed although it may not be what it seems.
#[derive(Debug, clap::Args)]
struct AllowArgs {
    /// Sign although the bucket keeps no versions, so the package may be replaced before AWS Signer reads it
    #[arg(long)]
    allow_unversioned: bool,
    /// Accept symbolic links, devices and set-user-ID bits, which no signature covers
    #[arg(long)]
    allow_links: bool,
}

pub(super) async fn run(args: &Args, emit: &mut dyn FnMut(CommandOutput)) {
    let done = match prepare(args) {
        Ok(command) => Box::pin(command.run(emit)).await,
        Err(report) => Err(Stop::from(report)),
    };
    let Err(stop) = done else {
        return;
    };
    let (report, reason) = *stop.0;
    emit(match args.output {
        Output::Text => report,
        Output::Json => {
            let reason = reason.unwrap_or_else(|| report.not_begun());
            let end = PackageSigningEnd::not_begun(report.exit, reason);
            CommandOutput {
                stdout: Results::default().end(&end),
                ..report
            }
        }
    });
}

/// Why no package was begun with.
struct Stop(Box<(CommandOutput, Option<Reason>)>);

impl From<CommandOutput> for Stop {
    fn from(report: CommandOutput) -> Self {
        Self(Box::new((report, None)))
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        let (sentence, hint) = (error.to_string(), error.hint());
        let reason = Reason::new(error.code(), sentence, &error, hint, reader::current());
        Self(Box::new((text::not_looked_at(&error), Some(reason))))
    }
}

/// A package that was looked at.
type CandidateResult = Result<Candidate, Error>;

/// A package and where its signed form goes.
struct Item {
    /// As the user named it.
    name: String,
    source: Source,
    out: PathBuf,
}

/// What the command line asks for, checked.
struct Command<'a> {
    args: &'a Args,
    items: Vec<Item>,
    settings: Settings,
    context: Context,
    allowed: Allowed,
}

fn prepare(args: &Args) -> Result<Command<'_>, CommandOutput> {
    let profile = ProfileId::parse(&args.signing_profile)
        .map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
    let bucket = BucketName::new(&args.bucket).map_err(Error::from);
    let bucket = bucket.map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
    check_prefix(&args.prefix)?;
    let items = items(args)?;
    let (allowed, pipes) = time(args)?;
    let roots = args.anchor.roots(pipes)?;
    let plugin_config = args.plugin_config.parse()?;
    let context = Context::without_registry(plugin_config, Format::Known, pipes)?;
    Ok(Command {
        args,
        items,
        settings: Settings {
            profile,
            bucket,
            prefix: args.prefix.clone(),
            allow_unversioned: args.allow.allow_unversioned,
            allowed: package::Allowed {
                links: args.allow.allow_links,
            },
            roots,
        },
        context,
        allowed,
    })
}

/// A prefix is the beginning of a key, and leads nowhere else.
fn check_prefix(prefix: &str) -> Result<(), CommandOutput> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "!-_.*'()/=".contains(c);
    let is_short = prefix.len() <= MAX_OBJECT_KEY_BYTES / 2;
    let climbs = prefix
        .split('/')
        .any(|segment| matches!(segment, "." | ".."));
    if is_short && prefix.chars().all(is_plain) && !climbs {
        return Ok(());
    }
    Err(CommandOutput::usage(
        &format!("`{prefix}` cannot be the beginning of keys in Amazon S3"),
        Some("use letters, digits, `-`, `_`, `.` and `/`".to_owned()),
    ))
}

/// What each package may use, and how long a pipe may take.
fn time(args: &Args) -> Result<(Allowed, Duration), CommandOutput> {
    let whole = parse_timeout(args.timeout.as_deref())?;
    let allowed = Allowed::for_each_artifact(whole);
    let allowed = Allowed {
        time: allowed.time.map(|_| PACKAGE_SIGNING_TIMEOUT),
        // Fetched to be looked at, and fetched signed.
        bytes: MAX_PACKAGE_BYTES.saturating_mul(3),
        ..allowed
    };
    Ok((allowed, whole.unwrap_or(NAMED_PIPE_TIMEOUT)))
}

fn items(args: &Args) -> Result<Vec<Item>, CommandOutput> {
    if args.out.is_some() && args.packages.len() > 1 {
        return Err(CommandOutput::usage(
            "`--out` names one file, and there are several packages",
            Some(
                "omit it: each signed package is written beside its package, as `NAME.signed.zip`"
                    .to_owned(),
            ),
        ));
    }
    let mut items: Vec<Item> = Vec::new();
    for name in &args.packages {
        let source =
            Source::parse(name).map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
        let default = match &source {
            Source::File(path) => signed_name(path),
            Source::Object { name, .. } => {
                let last = name.key().rsplit('/').next().unwrap_or_default();
                signed_name(Path::new(last))
            }
            Source::Function(_) | Source::Layer(_) => None,
        };
        let Some(default) = default else {
            return Err(CommandOutput::usage(
                &format!("`{name}` is not a zip file or an object in Amazon S3"),
                Some("name a file, for example `./app.zip`, or `s3://BUCKET/KEY`".to_owned()),
            ));
        };
        let out = args.out.clone().unwrap_or(default);
        if items.iter().any(|item| item.out == out) {
            return Err(CommandOutput::usage(
                &format!("two packages would be written to `{}`", out.display()),
                Some("sign them one by one, each with `--out FILE`".to_owned()),
            ));
        }
        items.push(Item {
            name: name.clone(),
            source,
            out,
        });
    }
    Ok(items)
}

/// `NAME.signed.zip` beside the file.
fn signed_name(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    let name = name.strip_suffix(".zip").unwrap_or(&name);
    (!name.is_empty()).then(|| path.with_file_name(format!("{name}.signed.zip")))
}

impl Command<'_> {
    async fn run(self, emit: &mut dyn FnMut(CommandOutput)) -> Result<(), Stop> {
        let cannot = |error: &dyn std::fmt::Display| {
            CommandOutput::failed(Exit::Inconclusive, &format!("cannot sign: {error}"))
        };
        let mut interrupts = Interrupts::new().map_err(|error| cannot(&error))?;
        let aws = self.context.aws();
        let (signer, profile, candidates) = tokio::select! {
            biased;
            () = interrupts.next() => return Err(text::interrupted().into()),
            looked = self.look(&aws) => looked?,
        };
        let mut answers = Answers::new(&self, &profile);
        if self.args.dry_run || candidates.iter().any(Result::is_err) {
            self.plan(candidates, |outcome| emit(answers.add(outcome)));
        } else {
            let packages = candidates.into_iter().flatten().collect();
            let signer = self.signer(aws, signer, profile, emit);
            self.sign_all(&signer, packages, interrupts, &mut answers, emit)
                .await;
        }
        emit(answers.end());
        Ok(())
    }

    /// Looks at everything, before anything is uploaded.
    async fn look(
        &self,
        aws: &Aws,
    ) -> Result<(SigningProfiles, Profile, Vec<CandidateResult>), Stop> {
        let connecting = SigningProfiles::connect(
            aws,
            &self.settings.profile,
            self.settings.profile.location(),
        );
        let signer = self.step(connecting).await?;
        let looking = look(aws, &signer, &self.settings);
        let profile = self.step(looking).await?;
        let mut candidates = Vec::new();
        for item in &self.items {
            candidates.push(self.candidate(aws, signer.region(), item).await);
        }
        Ok((signer, profile, candidates))
    }

    /// What becomes of the packages where nothing is signed: one is refused, or nothing is to be changed.
    fn plan(&self, candidates: Vec<CandidateResult>, mut add: impl FnMut(&PackageOutcome)) {
        let is_refused = candidates.iter().any(Result::is_err);
        for (item, candidate) in self.items.iter().zip(candidates) {
            let (sha256, end) = match candidate {
                Err(error) => (String::new(), PackageEnd::Failed(error)),
                Ok(_) if is_refused => {
                    (String::new(), PackageEnd::NotTried(NotTried::AfterFailure))
                }
                Ok(candidate) => (candidate.sha256(), PackageEnd::Planned),
            };
            add(&PackageOutcome {
                name: item.name.clone(),
                sha256,
                out: item.out.clone(),
                end,
            });
        }
    }

    /// Does one step with the time that a package has.
    async fn step<T, E: Into<Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        let done = self.allowed.begin().run(Box::pin(work)).await;
        match done {
            Ok(done) => done.map_err(Into::into),
            Err(source) => Err(Error::OutOfTime {
                package: self.args.packages.join("`, `"),
                source,
            }),
        }
    }

    async fn candidate(&self, aws: &Aws, region: &str, item: &Item) -> Result<Candidate, Error> {
        match &item.source {
            Source::Object { name, version } => {
                let version = version.as_deref();
                let fetching = Candidate::fetch(aws, name, version, region, &self.settings);
                self.step(fetching).await
            }
            _ => crate::allowance::uncounted(|| {
                Candidate::open(Path::new(&item.name), &self.settings)
            }),
        }
    }

    fn signer(
        &self,
        aws: Aws,
        signer: SigningProfiles,
        profile: Profile,
        emit: &mut dyn FnMut(CommandOutput),
    ) -> PackageSigner {
        let cache = self.context.environment.cache();
        let jobs = Jobs::new(cache.map(|cache| config::signing_jobs(&cache)));
        if !jobs.is_kept() {
            emit(CommandOutput::warning(
                "there is no cache directory, so an interrupted command cannot be picked up; set `HOME` or `XDG_CACHE_HOME`",
            ));
        }
        PackageSigner {
            aws,
            signer,
            settings: self.settings.clone(),
            profile,
            jobs,
            clock: self.context.environment.clock(),
        }
    }

    async fn sign_all(
        &self,
        signer: &PackageSigner,
        candidates: Vec<Candidate>,
        interrupts: Interrupts,
        answers: &mut Answers,
        emit: &mut dyn FnMut(CommandOutput),
    ) {
        let lines = Lines::new();
        let packages = self.items.iter().zip(candidates).map(|(item, candidate)| {
            let line = lines.line(&item.name);
            GivenPackage {
                name: item.name.clone(),
                candidate,
                out: item.out.clone(),
                show: Box::new(move |step| line.show(step)),
            }
        });
        let packages: Vec<GivenPackage> = packages.collect();
        let batch = PackageBatch {
            signer,
            if_missing: self.args.if_missing.then_some(MIN_REMAINING),
            allowed: self.allowed.clone(),
        };
        let signing = batch.sign(stream::iter(packages), many::Options::default());
        let mut signing = signing.interrupted_by(interrupts.into_stream());
        while let Some(answer) = telling("signing", signing.progress(), signing.answer()).await {
            let report = answers.add(&answer.outcome);
            lines.aside(|| emit(report));
        }
    }
}

/// The answers as they come, in the form that the user asked for.
struct Answers {
    output: Output,
    profile_version: String,
    results: Results,
    summary: PackageSigningSummary,
    exit: Exit,
    is_dry: bool,
}

impl Answers {
    fn new(command: &Command<'_>, profile: &Profile) -> Self {
        Self {
            output: command.args.output,
            profile_version: profile.arn.to_string(),
            results: Results::default(),
            summary: PackageSigningSummary::default(),
            exit: Exit::Done,
            is_dry: command.args.dry_run,
        }
    }

    fn add(&mut self, outcome: &PackageOutcome) -> CommandOutput {
        let (name, out) = (outcome.name.as_str(), outcome.out.as_path());
        let sha256 = outcome.sha256.clone();
        let (result, report) = match &outcome.end {
            PackageEnd::Signed(signed) => (
                PackageSigning::signed(name, sha256, out, signed),
                text::signed(name, out, signed),
            ),
            PackageEnd::Skipped(existing) => (
                PackageSigning::skipped(name, sha256, out, existing),
                text::skipped(name, out, existing),
            ),
            PackageEnd::Planned => (
                PackageSigning::planned(name, sha256, out, self.profile_version.clone()),
                text::planned(name, out, &self.profile_version),
            ),
            PackageEnd::Failed(error) => (
                PackageSigning::failed(name, error, reader::current()),
                text::failed(name, error),
            ),
            PackageEnd::NotTried(reason) => (
                PackageSigning::not_tried(name),
                text::not_tried(name, *reason),
            ),
        };
        self.summary.count(result.state);
        let exit = report.exit;
        self.exit = self.exit.worse(exit);
        match self.output {
            Output::Text => report,
            Output::Json => CommandOutput {
                stdout: self.results.add(&result),
                exit,
                ..CommandOutput::done()
            },
        }
    }

    fn end(self) -> CommandOutput {
        match self.output {
            Output::Text if self.is_dry && self.exit == Exit::Done => CommandOutput {
                stdout: "Nothing was changed.\n".to_owned(),
                ..CommandOutput::done()
            },
            Output::Text => CommandOutput::done(),
            Output::Json => CommandOutput {
                stdout: self
                    .results
                    .end(&PackageSigningEnd::new(self.summary, self.exit)),
                ..CommandOutput::done()
            },
        }
    }
}
