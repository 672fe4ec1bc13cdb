//! `countersign lambda explain`: what AWS Lambda would do with code and layers, and why.

use std::fmt::Write as _;
use std::fs::File;

use super::roots::AnchorArgs;
use super::source::{self, Source};
use crate::allowance::Allowed as Budget;
use crate::archive::package::Allowed;
use crate::aws::{Aws, CodeSigningConfig, FunctionName, LambdaFunction, LayerVersionArn};
use crate::causes;
use crate::cli::args::{Output, PluginConfigArgs, TimeArgs};
use crate::cli::context::{Context, Format};
use crate::cli::management::Stop;
use crate::cli::output::{CommandOutput, one_line, short_line};
use crate::code_signing::configuration::{Error, of_config, of_function};
use crate::code_signing::fetch::{fetch_function, fetch_layer};
use crate::code_signing::{self, PackageChecks, PackageOf, Policy, explain};
use crate::report::{ExplainedPackage, LambdaExplanationV1};
use crate::x509::Certificate;

/// Flags of `lambda explain`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda explain FUNCTION    (the code that it runs)\n  \
    countersign lambda explain FUNCTION --zip app.signed.zip    (the code that is to be deployed)\n  \
    countersign lambda explain arn:aws:lambda:us-east-1:111122223333:function:api:live --output json\n\n\
    Exit codes: 0 the configuration would accept everything with `Enforce`, or the function has none and no `--zip` \
    is named; 1 it would refuse something, 2 usage, 3 that is not known.")]
pub(in crate::cli) struct Args {
    /// Name or ARN of a function, with its version or alias where that is meant
    #[arg(value_name = "FUNCTION")]
    function: String,
    /// Package that is to be deployed, in the place of the code that the function runs: a file, or `s3://BUCKET/KEY`
    #[arg(long, value_name = "FILE", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    zip: Option<String>,
    #[command(flatten)]
    anchor: AnchorArgs,
    /// Output format: `json` is one document on stdout, see schemas/lambda-explanation.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[command(flatten)]
    plugin_config: PluginConfigArgs,
    #[command(flatten)]
    time: TimeArgs,
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    match Box::pin(explained(args)).await {
        Ok(document) => CommandOutput {
            stdout: match args.output {
                Output::Text => in_words(&document),
                Output::Json => document.text(),
            },
            exit: document.exit_code,
            ..CommandOutput::done()
        },
        Err(stop) => {
            let (report, reason) = stop.apart();
            if args.output == Output::Text {
                return report;
            }
            let document = LambdaExplanationV1::not_begun(&args.function, report.exit, reason);
            CommandOutput {
                stdout: document.text(),
                ..report
            }
        }
    }
}

/// What packages of a function are held to.
struct FunctionChecks<'a> {
    aws: &'a Aws,
    config: &'a CodeSigningConfig,
    roots: &'a [Certificate],
    context: &'a Context,
    budget: &'a Budget,
}

async fn explained(args: &Args) -> Result<LambdaExplanationV1, Stop> {
    let name = FunctionName::parse(&args.function)
        .map_err(|error| CommandOutput::unusable(&error, Some(error.hint())))?;
    let pipes = args.time.for_pipes()?;
    let roots = args.anchor.roots(pipes)?;
    let budget = source::budget(&args.time)?;
    let given = args.zip.as_deref().map(Source::open).transpose()?;
    let plugin_config = args.plugin_config.parse()?;
    let context = Context::without_registry(plugin_config, Format::Known, pipes)?;
    let aws = context.aws();
    let step = || budget.begin();
    let region = step().lend(source::region_of_function(&aws, &name)).await?;
    let asking = of_function(&name, None, aws.function(&name, &region));
    let function = step().lend(asking).await?.function;
    if function.is_image {
        return Err(Error::IsImage(name.to_string()).into());
    }
    let asking = of_function(
        &name,
        None,
        aws.function_code_signing_config(&name, &region),
    );
    let arn = function.arn.to_string();
    let Some(config) = step().lend(asking).await? else {
        let packages = without_config(args, &function);
        return Ok(LambdaExplanationV1::new(&arn, None, packages));
    };
    let asking = of_config(&config, aws.code_signing_config(&config));
    let config = step().lend(asking).await?;
    let held = FunctionChecks {
        aws: &aws,
        config: &config,
        roots: &roots,
        context: &context,
        budget: &budget,
    };
    let mut packages = vec![held.code(&name, &region, &function, given).await];
    for layer in &function.layers {
        packages.push(held.layer(&layer.arn).await);
    }
    Ok(LambdaExplanationV1::new(&arn, Some(&config), packages))
}

/// What becomes of packages where there is no configuration: nothing is looked at. Whether `Enforce` would accept what is to
/// be deployed is asked, and depends on a configuration.
fn without_config(args: &Args, function: &LambdaFunction) -> Vec<ExplainedPackage> {
    let own = function.arn.to_string();
    let code = match args.zip.as_deref() {
        Some(zip) => ExplainedPackage::not_enforced(PackageOf::Code, zip),
        None => ExplainedPackage::unchecked(PackageOf::Code, &own),
    };
    let mut packages = vec![code];
    packages.extend(function.layers.iter().map(|layer| {
        let name = layer.arn.to_string();
        ExplainedPackage::unchecked(PackageOf::Layer, &name)
    }));
    packages
}

impl FunctionChecks<'_> {
    /// The code that is to be deployed, or that the function runs.
    async fn code(
        &self,
        name: &FunctionName,
        region: &str,
        function: &LambdaFunction,
        given: Option<Source>,
    ) -> ExplainedPackage {
        let of = PackageOf::Code;
        if let Some(given) = given {
            let shown = given.name.clone();
            let fetched = self.budget.begin().lend(given.here(self.aws)).await;
            return match fetched {
                Ok(source) => self.judged(of, &shown, source.read(LINKS)).await,
                Err(error) => ExplainedPackage::unknown(of, &shown, causes::in_one_line(&error)),
            };
        }
        let asking = fetch_function(self.aws, name, region);
        let fetched = self.budget.begin().lend(Box::pin(asking)).await;
        let file = fetched.map(|(_, fetched)| fetched.file);
        self.fetched(of, &function.arn.to_string(), file).await
    }

    async fn layer(&self, arn: &LayerVersionArn) -> ExplainedPackage {
        let asking = fetch_layer(self.aws, arn);
        let fetched = self.budget.begin().lend(Box::pin(asking)).await;
        let file = fetched.map(|(_, fetched)| fetched.file);
        self.fetched(PackageOf::Layer, &arn.to_string(), file).await
    }

    async fn fetched(
        &self,
        of: PackageOf,
        name: &str,
        file: Result<File, code_signing::fetch::Error>,
    ) -> ExplainedPackage {
        match file {
            Ok(file) => self.judged(of, name, source::read(&file, LINKS)).await,
            Err(error) => {
                let why = causes::in_one_line(&error);
                ExplainedPackage::unknown(of, name, why)
            }
        }
    }

    async fn judged(
        &self,
        of: PackageOf,
        name: &str,
        contents: Result<code_signing::Contents, crate::archive::package::PackageError>,
    ) -> ExplainedPackage {
        let now = self.context.environment.now();
        let checks = match contents {
            Ok(contents) => PackageChecks::begin(&contents, &self.config.profiles, self.roots, now),
            Err(error) => PackageChecks::refused(error),
        };
        let checks = match checks.to_ask().cloned() {
            Some(signature) => {
                let asking = Box::pin(code_signing::ask(self.aws, &signature));
                checks.with_revocation(self.budget.begin().lend(asking).await)
            }
            None => checks,
        };
        let now = explain(of, &checks, Policy::from(self.config.untrusted));
        let enforced = explain(of, &checks, Policy::Enforce);
        ExplainedPackage::new(of, name, &now, &enforced)
    }
}

/// AWS Lambda deploys packages with links.
const LINKS: Allowed = Allowed { links: true };

/// A line for each package, and below it why it is not simply accepted.
fn in_words(document: &LambdaExplanationV1) -> String {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = match (&document.configuration, document.untrusted) {
        (Some(configuration), Some(untrusted)) => writeln!(
            text,
            "Function {} has the configuration {configuration}, which says {untrusted}",
            one_line(&document.function)
        ),
        _ => writeln!(
            text,
            "Function {} does not have a code signing configuration: AWS Lambda deploys any code",
            one_line(&document.function)
        ),
    };
    for package in &document.packages {
        let _ = write!(
            text,
            "{} {}: {}",
            package.of,
            one_line(&package.package),
            package.decision
        );
        match package.enforced {
            Some(enforced) if enforced != package.decision => {
                let _ = writeln!(text, "; {enforced} with `Enforce`");
            }
            _ => text.push('\n'),
        }
        if package.enforced.is_some() {
            for reason in &package.reasons {
                let _ = writeln!(text, "  {}", short_line(reason));
            }
        }
    }
    text
}
