//! The flags of `sign`.

use std::path::PathBuf;

use crate::cli::args::{Output, RegistryArgs, TimeArgs};
use crate::cli::envelope::EnvelopeArgs;
use crate::cli::references::ListArgs;
use crate::cli::signer::SignerArgs;
use crate::cli::switches;
use crate::limits;

/// Flags of `sign`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  countersign sign --signing-profile ARN \
    111122223333.dkr.ecr.us-east-1.amazonaws.com/app@sha256:...\n  countersign sign --signing-profile ARN \
    --if-missing --keep-going --output json REFERENCE REFERENCE\n  countersign sign --signing-profile ARN \
    --if-missing --references-from images.txt\n  countersign sign --plugin \
    com.amazonaws.signer.notation.plugin --id ARN REFERENCE\n  countersign sign --kms-key alias/release \
    --certificate-chain release.crt REFERENCE\n  countersign sign --key release --signature-format cose \
    --expiry 720h REFERENCE\n\nSeveral references are signed at the same time. The first failure stops what \
    has not begun,\nunless --keep-going is given. An interrupt (SIGINT, SIGTERM) stops it too, finishes the \
    pushes\nthat have begun, and leads to exit code 3 if anything is left. Run the same command \
    with\n--if-missing to sign the rest.")]
pub(in crate::cli) struct Args {
    /// Artifacts to sign: registry/repository@digest, or :tag; with --oci-layout directory@digest,
    /// or :tag. An artifact given twice is signed once
    #[arg(required_unless_present = "references_from", value_name = "REFERENCE")]
    pub(super) references: Vec<String>,
    #[command(flatten)]
    pub(super) list: ListArgs,
    /// User metadata to sign with the artifact
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    pub(super) user_metadata: Vec<String>,
    /// Settings for the plugin; AWS Signer and AWS KMS take aws-profile, aws-region,
    /// aws-signer-endpoint-url, aws-kms-endpoint-url
    #[arg(long, value_name = "KEY=VALUE")]
    pub(super) plugin_config: Vec<String>,
    /// Store the signature with the referrers tag schema, even where the registry has the referrers
    /// API; with `=false` never, even where the registry does not list it otherwise [default: where
    /// it is needed]
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        value_parser = switches::value_parser(),
        conflicts_with = "oci_layout"
    )]
    pub(super) force_referrers_tag: Option<bool>,
    /// Sign in an OCI image layout, a directory on this machine
    #[arg(long)]
    pub(super) oci_layout: bool,
    #[command(flatten)]
    pub(super) signer: SignerArgs,
    #[command(flatten)]
    pub(super) envelope: EnvelopeArgs,
    #[command(flatten)]
    pub(super) many: ManyArgs,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    #[command(flatten)]
    pub(super) time: TimeArgs,
}

/// How several artifacts are signed, and what happens to those that are signed already.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Many artifacts")]
pub(super) struct ManyArgs {
    /// Skip an artifact that already has a verified signature, revocation included, by the same
    /// profile or certificate and with the same metadata
    #[arg(long)]
    pub(super) if_missing: bool,
    /// How much longer that signature must be valid [default: 24h]
    #[arg(
        long,
        value_name = "DURATION",
        requires = "if_missing",
        allow_hyphen_values = true
    )]
    pub(super) min_remaining: Option<String>,
    /// Certificate file that replaces AWS Signer's published roots for --if-missing
    #[arg(long, value_name = "FILE", requires = "if_missing")]
    pub(super) trust_anchor: Option<PathBuf>,
    /// Continue with the other artifacts after a failure
    #[arg(long)]
    pub(super) keep_going: bool,
    /// Maximum number of signatures to request from AWS Signer per second [default: 10, AWS's
    /// default quota]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..=i64::from(limits::MAX_SIGN_PAYLOAD_PER_SECOND)))]
    pub(super) rate: Option<u32>,
    /// Output format: `json` is one document on stdout, see schemas/signing.v1.schema.json
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub(super) output: Output,
}
