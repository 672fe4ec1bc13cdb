//! `countersign gate audit-service`: whether services of Amazon ECS call the gate, as they should.

use crate::aws::{EcsArn, EcsKind, FunctionArn, is_ecs_name};
use crate::cli::args::{Output, TimeArgs};
use crate::cli::context::{Context, Format};
use crate::cli::doctor::answer;
use crate::cli::output::CommandOutput;
use crate::doctor::{AuditedServices, Finding, HookAudit};
use crate::limits::{DEFAULT_HOOK_TIMEOUT_MINUTES, HOOK_TIMEOUT_MINUTES};

/// Flags of `gate audit-service`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign gate audit-service --function arn:aws:lambda:us-east-1:111122223333:function:gate prod/web\n  \
    countersign gate audit-service --function FUNCTION_ARN --all --output json\n\n\
    Exit codes: 0 nothing failed and everything is known, 1 something failed, 2 usage, 3 nothing failed and something is \
    not known.")]
pub(in crate::cli) struct Args {
    /// Services in the function's account and region, or their ARNs
    #[arg(value_name = "CLUSTER/SERVICE", required_unless_present = "all")]
    services: Vec<String>,
    /// Look at every service of every cluster in the function's account and region
    #[arg(long, conflicts_with = "services")]
    all: bool,
    /// ARN of the function that must decide, with its version or alias where the hooks name one
    #[arg(long, value_name = "ARN", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    function: String,
    /// Longest time that a deployment may wait for the hook, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = HOOK_TIMEOUT_MINUTES,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(DEFAULT_HOOK_TIMEOUT_MINUTES)))]
    max_hook_timeout: u32,
    /// Output format: `json` is one document on stdout, see schemas/doctor.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    output: Output,
    #[command(flatten)]
    time: TimeArgs,
}

pub(super) async fn run(args: &Args) -> CommandOutput {
    answer(audited(args).await, args.output)
}

async fn audited(args: &Args) -> Result<(String, Vec<Finding>), CommandOutput> {
    let function = FunctionArn::new(&args.function)
        .map_err(|error| CommandOutput::unusable(&error, Some(error.hint())))?;
    let services = if args.all {
        AuditedServices::All
    } else {
        let services = args.services.iter().map(|text| service(text, &function));
        AuditedServices::Named(services.collect::<Result<_, _>>()?)
    };
    let audit = HookAudit {
        function,
        services,
        max_minutes: args.max_hook_timeout,
    };
    let no_config = std::collections::BTreeMap::new();
    let pipes = args.time.for_pipes()?;
    let context = Context::without_registry(no_config, Format::Known, pipes)?;
    let aws = context.aws();
    let now = context.environment.now();
    let findings = Box::pin(audit.findings(&aws, now));
    let findings = args.time.allowed()?.begin().lend(findings).await;
    Ok((String::new(), findings))
}

/// A service by `CLUSTER/SERVICE`, which is where the function is, or by its ARN.
fn service(text: &str, function: &FunctionArn) -> Result<EcsArn, CommandOutput> {
    let arn = match text.split_once('/') {
        Some((cluster, name)) if is_ecs_name(cluster) && is_ecs_name(name) => {
            let before = function.function().replacen(":lambda:", ":ecs:", 1);
            let before = before.split(":function:").next().unwrap_or_default();
            format!("{before}:service/{text}")
        }
        _ => text.to_owned(),
    };
    EcsArn::new(EcsKind::Service, &arn).map_err(|error| {
        let hint = format!("write CLUSTER/SERVICE, or the ARN: {}", error.hint());
        CommandOutput::unusable(&error, Some(hint))
    })
}
