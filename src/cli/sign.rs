//! `countersign sign`: signs artifacts in a registry with AWS Signer.

use std::fmt::Write as _;

use clap::builder::NonEmptyStringValueParser;

use super::args::{RegistryArgs, parse_pairs};
use super::context::Context;
use super::report::{Exit, Report, one_line, write_causes};
use super::{index_note, sentence};
use crate::extended_validation::PLUGIN_NAME;
use crate::notary::EnvelopeFormat;
use crate::reference::ArtifactReference;
use crate::registry::{Storage, Warning};
use crate::sign::{self, Error, Options, Signed};
use crate::signer::aws_signer::SigningProfile;

/// Flags of `sign`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign sign --signing-profile arn:aws:signer:us-east-1:111122223333:/signing-profiles/release \\\n      \
    111122223333.dkr.ecr.us-east-1.amazonaws.com/app@sha256:...\n  \
    countersign sign --plugin com.amazonaws.signer.notation.plugin --id ARN REFERENCE")]
pub(super) struct Args {
    /// Artifacts to sign: registry/repository@digest, or :tag; with --oci-layout directory@digest, or
    /// :tag
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    /// AWS Signer profile, or profile version, that signs
    // An empty value is a variable that is not set; nothing may be signed with a default then.
    #[arg(long, value_name = "ARN", conflicts_with_all = ["plugin", "id"], value_parser = NonEmptyStringValueParser::new())]
    signing_profile: Option<String>,
    /// Plugin that signs; AWS Signer's is built in
    #[arg(long, value_name = "NAME", requires = "id", value_parser = NonEmptyStringValueParser::new())]
    plugin: Option<String>,
    /// Key of the plugin; for AWS Signer the profile's ARN
    #[arg(long, value_name = "ARN", requires = "plugin", value_parser = NonEmptyStringValueParser::new())]
    id: Option<String>,
    /// User metadata to sign with the artifact
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    user_metadata: Vec<String>,
    /// Settings of the plugin: aws-profile, aws-region, aws-signer-endpoint-url
    #[arg(long, value_name = "KEY=VALUE")]
    plugin_config: Vec<String>,
    /// Envelope format; AWS Signer makes JWS only
    #[arg(long, value_name = "FORMAT")]
    signature_format: Option<String>,
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
    profile: SigningProfile,
    options: Options,
    references: Vec<ArtifactReference>,
}

impl Job {
    /// Checks every flag and reference before anything is signed.
    fn prepare(args: &Args) -> Result<Self, Report> {
        let usage = |text: String| Report::failed(Exit::Usage, &text);
        match args.signature_format.as_deref() {
            None | Some("jws") => {}
            Some("cose") => {
                return Err(usage(
                    "AWS Signer makes JWS envelopes only; leave out `--signature-format cose`"
                        .to_owned(),
                ));
            }
            Some(other) => {
                return Err(usage(format!(
                    "signature format \"{other}\" not supported\nSupported signature envelope \
                     formats are \"jws\" and \"cose\""
                )));
            }
        }
        let profile = match (&args.signing_profile, args.plugin.as_deref(), &args.id) {
            (Some(profile), ..) => profile,
            (None, Some(PLUGIN_NAME), Some(id)) => id,
            (None, Some(other), _) => {
                return Err(usage(format!(
                    "plugin `{other}` is not supported: this version signs with `{PLUGIN_NAME}`"
                )));
            }
            _ => {
                return Err(usage(
                    "no signing profile: give `--signing-profile ARN`, or `--plugin NAME --id ARN`"
                        .to_owned(),
                ));
            }
        };
        let user_metadata = parse_pairs("user-metadata", &args.user_metadata).map_err(usage)?;
        let plugin_config = parse_pairs("plugin-config", &args.plugin_config).map_err(usage)?;
        let references = super::parse_references(&args.references, args.oci_layout)?;
        let context = Context::new(&args.registry, &references, plugin_config)?;
        if args.signature_format.is_none() && context.signature_format == Some(EnvelopeFormat::Cose)
        {
            return Err(usage(
                "AWS Signer makes JWS envelopes only, and `signatureFormat` in Notation's \
                 `config.json` is `cose`; give `--signature-format jws`"
                    .to_owned(),
            ));
        }
        let profile = SigningProfile::parse(profile)
            .map_err(|error| Report::usage(&error.to_string(), error.hint()))?;
        let storage = if args.force_referrers_tag {
            Storage::TagSchema
        } else {
            Storage::ReferrersApi
        };
        Ok(Self {
            context,
            profile,
            options: Options {
                user_metadata,
                storage,
            },
            references,
        })
    }

    async fn sign(&self, reference: &ArtifactReference) -> Report {
        let Context { aws, registry, .. } = &self.context;
        let signed = match reference {
            ArtifactReference::Registry(reference) => {
                sign::sign(reference, aws, &self.profile, registry, &self.options).await
            }
            ArtifactReference::Layout(reference) => {
                sign::sign_layout(reference, aws, &self.profile, &self.options).await
            }
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
    if let Some(warning) = signed.signer.region.warning() {
        let _ = writeln!(report.stderr, "Warning: {}", one_line(&warning));
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
