//! What the flags of `sign` ask for.

use std::num::NonZeroU32;

use super::args::{Args, ManyArgs};
use super::rerun::Rerun;
use crate::allowance::Allowed;
use crate::cli::args::parse_pairs;
use crate::cli::context::{Context, environment, roots_of};
use crate::cli::duration::parse_seconds;
use crate::cli::output::CommandOutput;
use crate::cli::references::References;
use crate::cli::signer::Choice;
use crate::limits::MIN_REMAINING;
use crate::registry::Storage;
use crate::report::sentence;
use crate::sign::many::{IfMissing, OwnTrust, OwnTrustError};
use crate::sign::{self, ArtifactSigner, Options};
use crate::signer::Signer;

/// What the command line asks for, checked.
pub(super) struct Job {
    pub(super) signer: ArtifactSigner,
    pub(super) if_missing: Option<IfMissing>,
    pub(super) references: References,
    pub(super) keeps_going: bool,
    /// What each reference may use.
    pub(super) allowed: Allowed,
    /// Lines that are to be said on stderr first.
    pub(super) notes: String,
    pub(super) rerun: Rerun,
}

impl Job {
    /// Checks every flag and reference before anything is signed.
    pub(super) fn prepare(args: &Args) -> Result<Self, CommandOutput> {
        let user_metadata = parse_pairs("user-metadata", &args.user_metadata)?;
        sign::check_user_metadata(&user_metadata)
            .map_err(|error| CommandOutput::usage(&sentence::of_signing(&error), error.hint()))?;
        let plugin_config = parse_pairs("plugin-config", &args.plugin_config)?;
        args.envelope.check()?;
        let references = References::open(
            &args.references,
            &args.list,
            args.oci_layout,
            args.time.for_pipes()?,
        )?;
        let dirs = environment().notation_directories();
        let choice = args.signer.choose(&dirs, plugin_config)?;
        let exposed = choice.exposed(&dirs, args.many.trust_anchor.as_deref());
        let exposed: String = exposed
            .iter()
            .map(|line| CommandOutput::warning(line).stderr)
            .collect();
        let rate = rate(&args.many, &choice)?;
        let context = Context::of_references(
            &args.registry,
            &references,
            choice.aws_settings(),
            args.envelope.format_source(&choice),
            args.time.for_pipes()?,
        )?;
        let wanted = args.envelope.wanted(&choice, &context)?;
        let storage = match args.force_referrers_tag {
            Some(true) => Storage::TagSchema,
            Some(false) => Storage::OnlyReferrersApi,
            None => Storage::ReferrersApi,
        };
        let setup = wanted
            .of(choice.setup(&context)?)
            .with_user_metadata(user_metadata)
            .with_storage(storage);
        let setup = match rate {
            Some(rate) => setup.with_rate(rate),
            None => setup,
        };
        let signer = choice.connect(&setup, &context)?;
        let if_missing = if_missing(&args.many, &context, &signer)?;
        Ok(Self {
            notes: exposed + &context.notes,
            rerun: Rerun::new(signer.signer(), &args.many),
            signer,
            if_missing,
            references,
            keeps_going: args.many.keep_going,
            // Passphrases have been asked for.
            allowed: args.time.allowed()?,
        })
    }
}

/// How fast AWS Signer is asked, if that is said; nothing else has a rate.
fn rate(args: &ManyArgs, choice: &Choice) -> Result<Option<NonZeroU32>, CommandOutput> {
    match (args.rate.and_then(NonZeroU32::new), choice) {
        (None, _) => Ok(None),
        (Some(rate), Choice::AwsSigner(..)) => Ok(Some(rate)),
        (Some(_), _) => Err(CommandOutput::usage(
            "`--rate` applies to AWS Signer only, but another signer was chosen",
            Some("leave it out; other signers are not limited".to_owned()),
        )),
    }
}

fn if_missing(
    args: &ManyArgs,
    context: &Context,
    signer: &ArtifactSigner,
) -> Result<Option<IfMissing>, CommandOutput> {
    if !args.if_missing {
        return Ok(None);
    }
    let remaining = match args.min_remaining.as_deref() {
        None => MIN_REMAINING,
        Some(text) => parse_seconds("--min-remaining", "minimum remaining life", text)?,
    };
    let options = signer.options();
    let trust = own_trust(args, context, signer.signer(), &options)?;
    let verifier = context.connect(trust.setup())?;
    Ok(Some(IfMissing::new(trust, verifier, &options, remaining)))
}

/// Trust in the signer alone. AWS Signer's roots are those of `--trust-anchor`, else the published ones.
fn own_trust(
    args: &ManyArgs,
    context: &Context,
    signer: &Signer,
    options: &Options,
) -> Result<OwnTrust, CommandOutput> {
    let trust_anchor = args.trust_anchor.as_deref();
    let roots = match (signer, signer.certificate_chain()) {
        (Signer::AwsSigner(by), _) => {
            let profile = std::slice::from_ref(&by.profile);
            Some(roots_of(profile, trust_anchor, context.pipes)?)
        }
        (_, Some([leaf, ..])) if trust_anchor.is_some() => {
            return Err(CommandOutput::usage(
                &format!(
                    "`--trust-anchor` replaces AWS Signer's roots, but `{}` signs",
                    leaf.subject()
                ),
                Some("leave it out: a key's own certificates are known".to_owned()),
            ));
        }
        _ => None,
    };
    let trust = OwnTrust::new(signer, options.terms.timestamping.as_ref(), roots);
    trust.map_err(|error| match error {
        OwnTrustError::UnknownCertificate => CommandOutput::usage(
            "`--if-missing` does not work with this plugin: its signing certificate is not known in advance",
            Some(
                "it works with AWS Signer, AWS KMS and a key in a file; leave it out, and sign \
                 what `countersign verify` refuses"
                    .to_owned(),
            ),
        ),
        error => CommandOutput::unusable(&error, error.hint()),
    })
}
