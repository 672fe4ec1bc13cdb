//! `countersign lambda audit`: whether functions deploy signed code only.

use std::fmt::Write as _;
use std::time::Duration;

use crate::allowance::Allowed;
use crate::cli::args::{PluginConfigArgs, TimeArgs};
use crate::cli::context::{Context, Format};
use crate::cli::management::Stop;
use crate::cli::output::{CommandOutput, one_line, short_line};
use crate::cli::reader;
use crate::code_signing::audit::Audit;
use crate::limits::{LAMBDA_AUDIT_TIMEOUT, MAX_EXPIRY_NOTICE_DAYS};
use crate::report::{LambdaAuditV1, Reason};
use crate::signing_profiles::SigningProfiles;

/// Flags of `lambda audit`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign lambda audit\n  \
    countersign lambda audit --output csv > functions.csv\n  \
    countersign lambda audit --plugin-config aws-region=eu-central-1 --expires-within 90 --output sarif\n\n\
    Exit codes: 0 nothing failed and everything is known, 1 something failed, 2 usage, 3 nothing failed and something is \
    not known.")]
pub(in crate::cli) struct Args {
    /// Warn of signatures of deployed code that expire within so many days; 0 asks about no signing job
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=MAX_EXPIRY_NOTICE_DAYS))]
    expires_within: u64,
    /// Output format: `json`, see schemas/lambda-audit.v1.schema.json, `csv`, or `sarif`, SARIF 2.1.0
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Form,
    #[command(flatten)]
    plugin_config: PluginConfigArgs,
    #[command(flatten)]
    time: TimeArgs,
}

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    Text,
    Json,
    Csv,
    Sarif,
}

impl Form {
    fn of(self, document: &LambdaAuditV1) -> String {
        match self {
            Self::Text => in_words(document),
            Self::Json => document.text(),
            Self::Csv => document.csv(),
            Self::Sarif => document.sarif(),
        }
    }
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    match Box::pin(audited(args)).await {
        Ok(document) => CommandOutput {
            document: args.output.of(&document),
            exit: document.exit_code,
            ..CommandOutput::done()
        },
        Err(stop) => {
            let (report, reason): (CommandOutput, Reason) = stop.apart();
            let document = LambdaAuditV1::not_begun(report.exit, reason);
            CommandOutput {
                document: match args.output {
                    // A list without an entry would say that nothing was found.
                    Form::Text | Form::Csv => String::new(),
                    form => form.of(&document),
                },
                ..report
            }
        }
    }
}

async fn audited(args: &Args) -> Result<LambdaAuditV1, Stop> {
    let plugin_config = args.plugin_config.parse()?;
    let pipes = args.time.for_pipes()?;
    let context = Context::without_registry(plugin_config, Format::Known, pipes)?;
    let aws = context.aws();
    let mut allowed: Allowed = args.time.allowed()?;
    // Each function may be a question.
    allowed.time = allowed.time.map(|_| LAMBDA_AUDIT_TIMEOUT);
    allowed.bytes = u64::MAX;
    let work = async {
        let signer = SigningProfiles::connect(&aws, &"functions", None).await?;
        let days = Duration::from_hours(24);
        let audit = Audit {
            aws: &aws,
            signer: &signer,
            now: context.environment.now(),
            soon: (args.expires_within > 0)
                .then(|| days * u32::try_from(args.expires_within).unwrap_or(u32::MAX)),
        };
        let audited = Box::pin(audit.audited()).await?;
        Ok(LambdaAuditV1::new(
            signer.region(),
            &audited,
            reader::current(),
        ))
    };
    allowed.begin().lend(Box::pin(work)).await
}

/// A line for each finding, with what to do below it, and what was looked at.
fn in_words(document: &LambdaAuditV1) -> String {
    let mut text = String::new();
    for finding in &document.findings {
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "{:<7}  {}: {} [{}]",
            finding.status,
            one_line(&finding.subject),
            short_line(&finding.found),
            finding.rule
        );
        if let Some(hint) = &finding.hint {
            let _ = writeln!(text, "         hint: {}", short_line(hint));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let summary = document.summary;
    let of_images = match document.images {
        0 => String::new(),
        images => format!(
            " ({}, which has no code signing)",
            count(images, "container image")
        ),
    };
    let _ = writeln!(
        text,
        "{}{} and {}: {} failed, {} with a warning, {} not known",
        count(document.functions, "function"),
        of_images,
        count(document.configurations, "configuration"),
        summary.fail,
        summary.warn,
        summary.unknown
    );
    text
}
