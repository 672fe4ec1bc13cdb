//! `countersign sign`: signs artifacts in a registry.

use std::fmt::Write as _;

use std::ffi::OsString;
use std::path::Path;

use super::args::{RegistryArgs, parse_pairs};
use super::context::Context;
use super::duration::parse_expiry;
use super::report::{Exit, Report, one_line, write_causes};
use super::signer::SignerArgs;
use super::{index_note, sentence};
use crate::config::NotationDirs;
use crate::notary::EnvelopeFormat;
use crate::reference::ArtifactReference;
use crate::registry::{Storage, Warning};
use crate::sign::{self, Error, Options, Signed};
use crate::signer::{Signer, Terms};

/// Flags of `sign`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign sign --signing-profile arn:aws:signer:us-east-1:111122223333:/signing-profiles/release \\\n      \
    111122223333.dkr.ecr.us-east-1.amazonaws.com/app@sha256:...\n  \
    countersign sign --plugin com.amazonaws.signer.notation.plugin --id ARN REFERENCE\n  \
    countersign sign --kms-key alias/release --certificate-chain release.crt REFERENCE\n  \
    countersign sign --key release --signature-format cose --expiry 720h REFERENCE")]
pub(super) struct Args {
    /// Artifacts to sign: registry/repository@digest, or :tag; with --oci-layout directory@digest, or
    /// :tag
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    #[command(flatten)]
    signer: SignerArgs,
    /// User metadata to sign with the artifact
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    user_metadata: Vec<String>,
    /// Settings of the plugin; of AWS Signer and AWS KMS: aws-profile, aws-region,
    /// aws-signer-endpoint-url, aws-kms-endpoint-url
    #[arg(long, value_name = "KEY=VALUE")]
    plugin_config: Vec<String>,
    /// Envelope format, `jws` or `cose`; AWS Signer makes JWS only [default: `signatureFormat` of
    /// Notation's `config.json`, then `jws`]
    #[arg(long, value_name = "FORMAT")]
    signature_format: Option<String>,
    /// How long the signature shall be good, such as `24h` or `1h30m` [default: for ever]
    #[arg(short, long, value_name = "DURATION", allow_hyphen_values = true)]
    expiry: Option<String>,
    /// Time-stamping authority (RFC 3161) that is asked for a time stamp
    #[arg(long, value_name = "URL", requires = "timestamp_root_cert")]
    timestamp_url: Option<String>,
    /// File with the one root certificate of that authority
    #[arg(long, value_name = "FILE", requires = "timestamp_url")]
    timestamp_root_cert: Option<OsString>,
    /// Store the signature with the referrers tag schema, even where the registry has the referrers
    /// API
    #[arg(long, conflicts_with = "oci_layout")]
    force_referrers_tag: bool,
    /// Sign in an OCI image layout, a directory on this machine
    #[arg(long)]
    oci_layout: bool,
    #[command(flatten)]
    registry: RegistryArgs,
}

pub(super) async fn run(args: Args, emit: &mut dyn FnMut(Report)) {
    let job = match Job::prepare(&args) {
        Ok(job) => job,
        Err(report) => return emit(report),
    };
    for reference in &job.references {
        emit(job.sign(reference).await);
    }
}

/// Everything that holds for all references of one command.
struct Job {
    context: Context,
    signer: Signer,
    options: Options,
    references: Vec<ArtifactReference>,
}

impl Job {
    /// Checks every flag and reference before anything is signed.
    fn prepare(args: &Args) -> Result<Self, Report> {
        let usage = |text: String| Report::failed(Exit::Usage, &text);
        let format = match args.signature_format.as_deref() {
            None => None,
            Some("jws") => Some(EnvelopeFormat::Jws),
            Some("cose") => Some(EnvelopeFormat::Cose),
            Some(other) => {
                return Err(usage(format!(
                    "signature format \"{other}\" not supported\nSupported signature envelope \
                     formats are \"jws\" and \"cose\""
                )));
            }
        };
        let expiry = args.expiry.as_deref().map(parse_expiry).transpose();
        let expiry = expiry.map_err(usage)?.flatten();
        let user_metadata = parse_pairs("user-metadata", &args.user_metadata).map_err(usage)?;
        let plugin_config = parse_pairs("plugin-config", &args.plugin_config).map_err(usage)?;
        let references = super::parse_references(&args.references, args.oci_layout)?;
        let choice = args
            .signer
            .choose(&NotationDirs::from_env(), plugin_config)?;
        let context = Context::new(&args.registry, &references, choice.aws_settings())?;
        let timestamping = match (&args.timestamp_url, &args.timestamp_root_cert) {
            (Some(url), Some(root)) => Some(context.timestamping(url, Path::new(root))?),
            _ => None,
        };
        let terms = Terms {
            format: choice.format(format, context.signature_format)?,
            expiry,
            timestamping,
            now: context.now,
        };
        let signer = choice.open(&context)?;
        signer
            .check(&terms)
            .map_err(|error| Report::usage(&error.to_string(), error.hint()))?;
        let storage = if args.force_referrers_tag {
            Storage::TagSchema
        } else {
            Storage::ReferrersApi
        };
        Ok(Self {
            context,
            signer,
            options: Options {
                user_metadata,
                storage,
                terms,
            },
            references,
        })
    }

    async fn sign(&self, reference: &ArtifactReference) -> Report {
        let (by, options) = (&self.signer, &self.options);
        let signed = match reference {
            ArtifactReference::Registry(reference) => {
                sign::sign(reference, by, &self.context.registry, options).await
            }
            ArtifactReference::Layout(reference) => sign::sign_layout(reference, by, options).await,
        };
        let mut report = match signed {
            Ok(signed) => success(&signed),
            Err(error) => {
                let exit = match &error {
                    Error::ReservedMetadata { .. } => Exit::Usage,
                    error if error.is_inconclusive() => Exit::Inconclusive,
                    _ => Exit::Rejected,
                };
                let report =
                    Report::error(exit, &sentence::of_signing(&error), &error, error.hint());
                if matches!(
                    error,
                    Error::Open { .. } | Error::Resolve { .. } | Error::ReservedMetadata { .. }
                ) {
                    // Nothing was resolved that a tag could have led astray.
                    return report;
                }
                report
            }
        };
        if let (None, Some(tag)) = (reference.digest(), reference.tag()) {
            report.stderr.insert_str(
                0,
                &format!(
                    "Warning: Always sign the artifact using digest(@sha256:...) rather than a \
                     tag(:{tag}) because tags are mutable and a tag reference can point to a \
                     different artifact than the one signed.\n"
                ),
            );
        }
        report
    }
}

fn success(signed: &Signed) -> Report {
    let mut report = Report::done();
    for Warning::OldIndexNotDeleted { source, .. } in &signed.warnings {
        report.stderr.push_str(
            "Warning: Removal of outdated referrers index from remote registry failed. Garbage \
             collection may be required.\n",
        );
        write_causes(&mut report.stderr, "  ", Some(source));
    }
    if let Some(warning) = &signed.signer.warning {
        let _ = writeln!(report.stderr, "Warning: {}", one_line(warning));
    }
    report
        .stderr
        .push_str(&index_note(&signed.target, "signed"));
    let _ = writeln!(report.stdout, "Successfully signed {}", signed.reference);
    let _ = writeln!(
        report.stdout,
        "Pushed the signature to {}",
        signed.signature
    );
    report
}
