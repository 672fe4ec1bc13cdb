//! `countersign verify`: verifies artifacts in a registry against Notation's trust policy, or
//! against AWS Signer profiles named on the command line.

use std::error::Error as _;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use futures_util::StreamExt as _;
use time::OffsetDateTime;

use super::args::{RegistryArgs, parse_pairs};
use super::context::Context;
use super::report::{Exit, Report, one_line, write_causes, write_hint};
use super::{index_note, sentence};
use crate::extended_validation::attribute;
use crate::limits;
use crate::notary::Validation;
use crate::outcome::{FailureClass, SignatureOutcome, rfc1123z};
use crate::reference::ArtifactReference;
use crate::verify::{Error, Options, Unseen, Verification, Verified, Verifier};

/// Flags of `verify`; those that notation has work as they do there.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    countersign verify --signing-profile arn:aws:signer:us-east-1:111122223333:/signing-profiles/release \\\n      \
    111122223333.dkr.ecr.us-east-1.amazonaws.com/app@sha256:...\n  \
    countersign verify REFERENCE    (with Notation's trust policy and trust store)")]
pub(super) struct Args {
    /// Artifacts to verify: registry/repository@digest, or :tag; with --oci-layout directory@digest,
    /// or :tag
    #[arg(required = true, value_name = "REFERENCE")]
    references: Vec<String>,
    /// AWS Signer profile, or profile version, that must have signed; needs no trust policy and no
    /// trust store. May be given several times
    // An empty value is a variable that is not set; no trust policy may stand in for it.
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new())]
    signing_profile: Vec<String>,
    /// Certificate file that replaces AWS Signer's published roots
    #[arg(long, value_name = "FILE", requires = "signing_profile")]
    trust_anchor: Option<PathBuf>,
    /// User metadata that must have been signed
    #[arg(short = 'm', long, value_name = "KEY=VALUE")]
    user_metadata: Vec<String>,
    /// Settings of AWS Signer's checks: aws-profile, aws-region, aws-signer-endpoint-url
    #[arg(long, value_name = "KEY=VALUE")]
    plugin_config: Vec<String>,
    /// Signatures that are looked at, for each artifact
    #[arg(long, value_name = "NUMBER", default_value_t = i64::try_from(limits::MAX_SIGNATURES).unwrap_or(i64::MAX), allow_negative_numbers = true)]
    max_signatures: i64,
    /// Say on stderr what was found, in the same detail as for a failure
    #[arg(short, long)]
    verbose: bool,
    /// Verify in an OCI image layout, a directory on this machine
    #[arg(long)]
    oci_layout: bool,
    /// Registry scope of the trust policy statement for the layout, for example local/app
    #[arg(long)]
    scope: Option<String>,
    #[command(flatten)]
    registry: RegistryArgs,
}

/// The scope of a layout where profiles on the command line stand for the policy: its statement is
/// about everything.
const ANY_LAYOUT_SCOPE: &str = "local/layout";

/// A layout has no name that trust policies know, so that both flags come together; and nothing but a
/// layout may choose the statement that it is judged by.
fn check_scope(args: &Args) -> Result<(), Report> {
    let missing = match (args.oci_layout, &args.scope) {
        (true, None) if args.signing_profile.is_empty() => "scope",
        (false, Some(_)) => "oci-layout",
        _ => return Ok(()),
    };
    Err(Report::failed(
        Exit::Usage,
        &format!(
            "if any flags in the group [oci-layout scope] are set they must all be set; missing \
             [{missing}]"
        ),
    ))
}

pub(super) async fn run(args: Args, emit: &mut dyn FnMut(Report)) {
    let job = match Job::prepare(&args) {
        Ok(job) => job,
        Err(report) => return emit(report),
    };
    let mut reports = futures_util::stream::iter(&job.references)
        .map(|reference| job.verify(reference))
        .buffered(limits::MAX_CONCURRENT_VERIFICATIONS);
    while let Some(report) = reports.next().await {
        emit(report);
    }
}

/// Everything that holds for all references of one command.
struct Job {
    verifier: Verifier,
    options: Options,
    references: Vec<ArtifactReference>,
    /// By which the trust policy knows an OCI image layout.
    scope: String,
    now: OffsetDateTime,
    verbose: bool,
    warnings: String,
}

impl Job {
    fn prepare(args: &Args) -> Result<Self, Report> {
        let usage = |text: String| Report::failed(Exit::Usage, &text);
        let max_signatures = usize::try_from(args.max_signatures)
            .ok()
            .filter(|count| *count > 0);
        let max_signatures = max_signatures.ok_or_else(|| {
            usage(format!(
                "max-signatures value {} must be a positive number",
                args.max_signatures
            ))
        })?;
        check_scope(args)?;
        let user_metadata = parse_pairs("user-metadata", &args.user_metadata).map_err(usage)?;
        let plugin_config = parse_pairs("plugin-config", &args.plugin_config).map_err(usage)?;
        let references = super::parse_references(&args.references, args.oci_layout)?;
        let context = Context::new(&args.registry, &references, plugin_config)?;
        let now = context.now;
        let (verifier, warnings) =
            context.verifier(&args.signing_profile, args.trust_anchor.as_deref())?;
        let warnings = warnings.iter().fold(String::new(), |mut text, warning| {
            let _ = writeln!(text, "Warning: {}", one_line(warning));
            text
        });
        Ok(Self {
            verifier,
            options: Options {
                max_signatures,
                user_metadata,
            },
            references,
            scope: args
                .scope
                .clone()
                .unwrap_or_else(|| ANY_LAYOUT_SCOPE.to_owned()),
            now,
            verbose: args.verbose,
            warnings,
        })
    }

    async fn verify(&self, reference: &ArtifactReference) -> Report {
        let Self {
            verifier, options, ..
        } = self;
        // On the heap: several of these are under way at once.
        let verification = match reference {
            ArtifactReference::Registry(reference) => {
                Box::pin(verifier.verify(reference, options, self.now)).await
            }
            ArtifactReference::Layout(reference) => match super::open_layout(reference) {
                Ok(layout) => {
                    let scope = &self.scope;
                    Box::pin(verifier.verify_layout(&layout, scope, options, self.now)).await
                }
                Err(report) => return report,
            },
        };
        let mut report = match verification {
            Ok(Verification::Verified(verified)) => self.verified(&verified),
            Ok(Verification::Skipped { reference, .. }) => {
                let mut report = Report::done();
                let _ = writeln!(
                    report.stdout,
                    "Trust policy is configured to skip signature verification for {reference}"
                );
                report
            }
            Err(error) => {
                let report = failed(&error, &self.scope);
                if matches!(error, Error::Policy { .. } | Error::Resolve { .. }) {
                    // Nothing was resolved that a tag could have led astray.
                    return report;
                }
                report
            }
        };
        let mut before = String::new();
        if let (None, Some(tag)) = (reference.digest(), reference.tag()) {
            let _ = writeln!(
                before,
                "Warning: Always verify the artifact using digest(@sha256:...) rather than a \
                 tag(:{tag}) because resolved digest may not point to the same signed artifact, as \
                 tags are mutable."
            );
        }
        before.push_str(&self.warnings);
        // Notation parts its warnings from the answer by a blank line.
        if report.exit == Exit::Done
            && !(before.is_empty() && report.stderr.is_empty())
            && !self.verbose
        {
            report.stdout.insert(0, '\n');
        }
        report.stderr.insert_str(0, &before);
        report
    }

    fn verified(&self, verified: &Verified) -> Report {
        let mut report = Report::done();
        for (validation, failure) in verified.accepted.logged() {
            let _ = writeln!(
                report.stderr,
                "Warning: {validation} was set to \"log\" and failed with error: {}",
                one_line(&failure.to_string())
            );
            write_causes(&mut report.stderr, "  ", failure.source());
            write_hint(&mut report.stderr, "  ", failure.hint());
        }
        report
            .stderr
            .push_str(&index_note(&verified.target, "verified"));
        if self.verbose {
            write_outcome(&mut report.stderr, &verified.accepted);
            for outcome in &verified.refused {
                write_outcome(&mut report.stderr, outcome);
            }
        }
        let _ = writeln!(
            report.stdout,
            "Successfully verified signature for {}",
            verified.reference
        );
        write_metadata(&mut report.stdout, &verified.accepted.user_metadata);
        report
    }
}

fn failed(error: &Error, scope: &str) -> Report {
    let exit = match error.class() {
        FailureClass::Rejected => Exit::Rejected,
        FailureClass::Inconclusive => Exit::Inconclusive,
    };
    let sentence = sentence::of_verification(error, scope);
    let (Error::Rejected(refused) | Error::Inconclusive(refused)) = error else {
        return Report::error(exit, &sentence, error, error.hint());
    };
    let mut report = Report::failed(exit, &sentence);
    for outcome in &refused.outcomes {
        write_outcome(&mut report.stderr, outcome);
    }
    match &refused.unseen {
        Some(Unseen::Limit(limit)) => {
            let _ = writeln!(
                report.stderr,
                "signature evaluation stopped. The configured limit of {limit} signatures to verify \
                 per artifact exceeded\nhint: the artifact has more signatures than that; remove \
                 those that nobody trusts, or raise `--max-signatures`"
            );
        }
        Some(Unseen::Listing(error)) => {
            let _ = writeln!(
                report.stderr,
                "there may be more signatures: {}",
                one_line(&error.to_string())
            );
            write_causes(&mut report.stderr, "", error.source());
            write_hint(&mut report.stderr, "", error.hint());
        }
        None => {}
    }
    report
}

/// One signature: what it is, each validation with its action and result, the reasons.
fn write_outcome(text: &mut String, outcome: &SignatureOutcome) {
    let _ = writeln!(text, "signature {}", outcome.manifest_digest);
    if let Some(info) = &outcome.signer_info {
        let attributes = &info.signed_attributes;
        let signer = attributes
            .extended
            .iter()
            .find(|attribute| attribute.name == attribute::SIGNING_PROFILE_VERSION)
            .and_then(|attribute| attribute.value.as_str())
            .map(str::to_owned)
            .or_else(|| {
                info.certificate_chain
                    .first()
                    .map(|leaf| leaf.subject().to_string())
            })
            .unwrap_or_default();
        let _ = writeln!(text, "  signed by {}", one_line(&signer));
        let _ = writeln!(
            text,
            "  signed on {}, scheme {}, algorithm {}",
            rfc1123z(attributes.signing_time),
            attributes.signing_scheme,
            info.signature_algorithm
        );
        if let Some(expiry) = attributes.expiry {
            let _ = writeln!(text, "  expires on {}", rfc1123z(expiry));
        }
    }
    for validation in &outcome.validations {
        write_validation(
            text,
            validation.validation,
            validation.action.as_str(),
            validation.failure.as_ref(),
        );
    }
    if let Some(failure) = &outcome.failure {
        let _ = writeln!(text, "  refused: {}", one_line(&failure.to_string()));
        write_details(text, failure);
    }
}

fn write_validation(
    text: &mut String,
    validation: Validation,
    action: &str,
    failure: Option<&crate::outcome::Failure>,
) {
    match failure {
        None => {
            let _ = writeln!(text, "  {validation} ({action}): passed");
        }
        Some(failure) => {
            let _ = writeln!(
                text,
                "  {validation} ({action}): failed: {}",
                one_line(&failure.to_string())
            );
            write_details(text, failure);
        }
    }
}

fn write_details(text: &mut String, failure: &crate::outcome::Failure) {
    for line in failure.details() {
        let _ = writeln!(text, "    {}", one_line(&line));
    }
    write_causes(text, "    ", failure.source());
    write_hint(text, "    ", failure.hint());
}

/// The table of signed metadata, laid out as notation lays it out.
fn write_metadata(text: &mut String, metadata: &[(String, String)]) {
    if metadata.is_empty() {
        return;
    }
    text.push_str("\nThe artifact was signed with the following user metadata.\n\n");
    let rows: Vec<(String, String)> = std::iter::once(("KEY".to_owned(), "VALUE".to_owned()))
        .chain(
            metadata
                .iter()
                .map(|(key, value)| (one_line(key), one_line(value))),
        )
        .collect();
    let width = |column: fn(&(String, String)) -> &String| {
        rows.iter()
            .map(|row| column(row).chars().count())
            .max()
            .unwrap_or(0)
            + 3
    };
    let (keys, values) = (width(|row| &row.0), width(|row| &row.1));
    for (key, value) in &rows {
        let _ = writeln!(text, "{key:keys$}{value:values$}");
    }
}
