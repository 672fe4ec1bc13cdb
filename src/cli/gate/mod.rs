//! `countersign gate`: decides what may run, and lets nothing else pass.

mod args;
mod audit_service;
mod check;
mod document;
mod document_text;
mod flags;
mod source;
mod text;
mod wait;

pub(super) use args::load_gate_policy;
pub(super) use text::in_words;

use clap::Subcommand;

use super::output::CommandOutput;
use crate::gate::documents::Kind;
use flags::Flags;

/// Commands of `gate`.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Decide whether images may run: all signers that the gate policy asks for must have signed
    Check(check::Args),
    /// Decide about every image of an ECS task definition, or write it with digests
    TaskDefinition(TaskDefinitionArgs),
    /// Decide about every image of a Compose file, or write it with digests
    #[command(after_help = "Examples:\n  \
        countersign gate compose --gate-policy gate.json compose.yaml\n  \
        countersign gate compose --gate-policy gate.json --pin --out pinned.yaml compose.yaml")]
    Compose(FileArgs),
    /// Decide about every image of Kubernetes manifests, or write them with digests
    #[command(after_help = "Examples:\n  \
        countersign gate kubernetes --gate-policy gate.json manifests.yaml\n  \
        countersign gate kubernetes --gate-policy gate.json --pin --out pinned.yaml manifests.yaml")]
    Kubernetes(FileArgs),
    /// Decide about every image of an `imagedefinitions.json`, or write it with digests
    #[command(after_help = "Examples:\n  \
        countersign gate image-definitions --gate-policy gate.json imagedefinitions.json\n  \
        countersign gate image-definitions --gate-policy gate.json --pin --out pinned.json imagedefinitions.json")]
    ImageDefinitions(FileArgs),
    /// Decide about the image of an `imageDetail.json`, or write it with its digest
    #[command(after_help = "Examples:\n  \
        countersign gate image-detail --gate-policy gate.json imageDetail.json\n  \
        countersign gate image-detail --gate-policy gate.json --pin --out pinned.json imageDetail.json")]
    ImageDetail(FileArgs),
    /// Decide about every image of a CloudFormation template, or write it with digests
    #[command(name = "cloudformation")]
    CloudFormation(TemplateArgs),
    /// Decide about the image of an AWS Lambda function, or write the request with its digest
    #[command(after_help = "Examples:\n  \
        countersign gate lambda-function --gate-policy gate.json function.json\n  \
        countersign gate lambda-function --gate-policy gate.json --pin --out pinned.json function.json")]
    LambdaFunction(FileArgs),
    /// Check that deployments of ECS services call the gate: hook, stage, time limit, permissions
    AuditService(audit_service::Args),
}

/// Flags of `gate task-definition`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign gate task-definition --gate-policy gate.json taskdef.json\n  \
    countersign gate task-definition --gate-policy gate.json --pin --out pinned.json taskdef.json\n  \
    countersign gate task-definition --gate-policy gate.json app:7    (as Amazon ECS describes it)")]
pub(super) struct TaskDefinitionArgs {
    /// File with the task definition, `-` for stdin, or the ARN, FAMILY or FAMILY:REVISION that Amazon ECS is
    /// asked about; a file's name has a `.` or a `/`
    #[arg(value_name = "FILE|ARN|FAMILY|-")]
    document: String,
    #[command(flatten)]
    flags: Flags,
}

/// Flags of the commands about a file.
#[derive(Debug, clap::Args)]
pub(super) struct FileArgs {
    /// File with the document; `-` for stdin
    #[arg(value_name = "FILE|-")]
    document: String,
    #[command(flatten)]
    flags: Flags,
}

/// Flags of `gate cloudformation`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign gate cloudformation --gate-policy gate.json template.yaml\n  \
    countersign gate cloudformation --gate-policy gate.json --parameter Image=REGISTRY/REPOSITORY@DIGEST template.yaml")]
pub(super) struct TemplateArgs {
    /// File with the template, JSON or YAML; `-` for stdin
    #[arg(value_name = "FILE|-")]
    document: String,
    /// Value of a parameter that is an image by a plain `Ref`. May be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    parameter: Vec<String>,
    #[command(flatten)]
    flags: Flags,
}

pub(super) async fn run(command: Command, emit: &mut dyn FnMut(CommandOutput)) {
    let (kind, document, flags, parameters) = match command {
        Command::Check(args) => return check::run(&args, emit).await,
        Command::AuditService(args) => return emit(audit_service::run(&args).await),
        Command::TaskDefinition(args) => {
            (Kind::TaskDefinition, args.document, args.flags, Vec::new())
        }
        Command::Compose(args) => (Kind::Compose, args.document, args.flags, Vec::new()),
        Command::Kubernetes(args) => (Kind::Kubernetes, args.document, args.flags, Vec::new()),
        Command::ImageDefinitions(args) => (
            Kind::ImageDefinitions,
            args.document,
            args.flags,
            Vec::new(),
        ),
        Command::ImageDetail(args) => (Kind::ImageDetail, args.document, args.flags, Vec::new()),
        Command::CloudFormation(args) => (
            Kind::CloudFormation,
            args.document,
            args.flags,
            args.parameter,
        ),
        Command::LambdaFunction(args) => {
            (Kind::LambdaFunction, args.document, args.flags, Vec::new())
        }
    };
    document::run(kind, &document, &flags, &parameters, emit).await;
}
