//! The steps of one reference, and what holds for all of them.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};

use super::args::{Args, ManyArgs};
use super::if_missing::{Found, IfMissing};
use super::outcome::{End, Error, NotTried, Outcome, Signature};
use super::stop::Stop;
use crate::cli::args::parse_pairs;
use crate::cli::context::Context;
use crate::cli::duration::parse_seconds;
use crate::cli::report::{Exit, Report};
use crate::cli::sentence;
use crate::cli::signer::Choice;
use crate::config::NotationDirs;
use crate::limits::MIN_REMAINING;
use crate::notary::rfc3339;
use crate::reference::ArtifactReference;
use crate::registry::{self, Repository, Storage, Target};
use crate::sign::{self, Made, Options};
use crate::signer::aws_signer::{self, Pace};
use crate::signer::{self, Signer};

/// Everything that holds for all references of one command.
pub(super) struct Job {
    registry: registry::Client,
    signer: Signer,
    options: Options,
    if_missing: Option<IfMissing>,
    pub(super) asked: Vec<Asked>,
    /// Digests that are being signed or have been, each with the reference that it came from.
    begun: Mutex<HashMap<String, usize>>,
    pub(super) stop: Stop,
    keeps_going: bool,
}

/// One reference of the command.
pub(super) struct Asked {
    /// As it was given.
    pub(super) text: String,
    pub(super) reference: ArtifactReference,
}

/// What a reference led to before anything is stored.
enum Next {
    /// A signature that is to be stored.
    Store(Box<(Repository, Made)>),
    /// Nothing is to be stored.
    End(Box<End>),
}

impl Job {
    /// Checks every flag and reference before anything is signed.
    pub(super) fn prepare(args: &Args) -> Result<Self, Report> {
        let usage = |text: String| Report::failed(Exit::Usage, &text);
        let user_metadata = parse_pairs("user-metadata", &args.user_metadata).map_err(usage)?;
        sign::check_user_metadata(&user_metadata)
            .map_err(|error| Report::usage(&sentence::of_signing(&error), error.hint()))?;
        let plugin_config = parse_pairs("plugin-config", &args.plugin_config).map_err(usage)?;
        let references = crate::cli::parse_references(&args.references, args.oci_layout)?;
        let choice = args
            .signer
            .choose(&NotationDirs::from_env(), plugin_config)?;
        let pace = pace(&args.many, &choice)?;
        let context = Context::new(&args.registry, &references, choice.aws_settings())?;
        let terms = args.envelope.terms(&choice, &context)?;
        let signer = choice.open(&context, pace.clone())?;
        signer
            .check(&terms)
            .map_err(|error| Report::usage(&error.to_string(), error.hint()))?;
        let storage = if args.force_referrers_tag {
            Storage::TagSchema
        } else {
            Storage::ReferrersApi
        };
        let options = Options {
            user_metadata,
            storage,
            terms,
        };
        let if_missing = if_missing(&args.many, &context, &signer, &options)?;
        let texts = args.references.iter().cloned();
        Ok(Self {
            registry: context.registry,
            signer,
            options,
            if_missing,
            asked: texts
                .zip(references)
                .map(|(text, reference)| Asked { text, reference })
                .collect(),
            begun: Mutex::default(),
            stop: Stop::new(pace),
            keeps_going: args.many.keep_going,
        })
    }

    /// How what is left can be done without signing anything twice.
    pub(super) fn how_to_finish(&self) -> Option<&'static str> {
        let can_look = matches!(self.signer, Signer::AwsSigner(_))
            || self.signer.certificate_chain().is_some();
        match (&self.if_missing, can_look) {
            (Some(_), _) => Some("the same command does what is left"),
            (None, true) => Some("the same command with `--if-missing` does what is left"),
            (None, false) => None,
        }
    }

    /// Signs one of the references, unless it is too late to begin.
    pub(super) async fn sign(&self, index: usize, asked: &Asked) -> Outcome {
        let mut outcome = Outcome {
            target: None,
            end: End::NotTried(NotTried::AfterFailure),
        };
        outcome.end = match self.stop.reason() {
            Some(reason) => End::NotTried(reason),
            None => self.begin(index, asked, &mut outcome.target).await,
        };
        if matches!(outcome.end, End::Failed { .. }) && !self.keeps_going {
            self.stop.after_failure();
        }
        outcome
    }

    async fn begin(&self, index: usize, asked: &Asked, target: &mut Option<Target>) -> End {
        if let Some(other) = self.same_reference(index, asked) {
            return End::SameAs {
                other: other.text.clone(),
            };
        }
        // Until a push has begun, an interrupt ends it.
        let next = tokio::select! {
            biased;
            next = self.make(index, asked, target) => next,
            () = self.stop.interrupted() => Err(Error::Interrupted { asked: asked.text.clone() }),
        };
        let (repository, made) = match next {
            Ok(Next::Store(begun)) => *begun,
            Ok(Next::End(end)) => return *end,
            Err(Error::Sign(error)) if is_not_asked(&error) => {
                let reason = self.stop.reason().unwrap_or(NotTried::AfterFailure);
                return End::NotTried(reason);
            }
            Err(error) => {
                return End::Failed {
                    error: Box::new(error),
                    signature: None,
                };
            }
        };
        // What has begun to be pushed is not left half done.
        let stored = tokio::select! {
            biased;
            stored = sign::store(&repository, &made, self.options.storage) => {
                stored.map_err(Error::Sign)
            }
            () = self.stop.given_up() => Err(Error::InterruptedPush { asked: asked.text.clone() }),
        };
        let notes = self.notes(&made);
        let signature = Signature::new(made.signer.envelope.format, made.info);
        match stored {
            Ok(stored) => End::Signed {
                reference: stored.signature,
                signature,
                warnings: stored.warnings,
                notes,
            },
            Err(error) => End::Failed {
                error: Box::new(error),
                signature: Some(signature),
            },
        }
    }

    /// Everything but storing the signature.
    async fn make(
        &self,
        index: usize,
        asked: &Asked,
        shown: &mut Option<Target>,
    ) -> Result<Next, Error> {
        let repository = sign::open(&asked.reference, &self.registry).map_err(Error::Sign)?;
        let (target, found) = match &self.if_missing {
            Some(if_missing) => {
                let (target, found) = if_missing.look(&repository).await.map_err(Error::Sign)?;
                (target, Some(found))
            }
            None => (sign::resolve(&repository).await.map_err(Error::Sign)?, None),
        };
        *shown = Some(target.clone());
        if let Some(other) = self.same_artifact(index, &target) {
            return Ok(Next::End(Box::new(End::SameAs { other })));
        }
        let found = found.transpose().map_err(Error::Look)?.flatten();
        if let Some(Found {
            manifest,
            signature,
        }) = found
        {
            let reference = target.reference.with_digest(&manifest);
            return Ok(Next::End(Box::new(End::AlreadySigned {
                reference,
                signature,
            })));
        }
        // Looking has left nothing behind.
        if let Some(reason) = self.stop.reason() {
            return Ok(Next::End(Box::new(End::NotTried(reason))));
        }
        let made = sign::make(target, &self.signer, &self.options).await;
        let made = made.map_err(Error::Sign)?;
        Ok(Next::Store(Box::new((repository, made))))
    }

    /// An earlier reference that is written the same.
    fn same_reference(&self, index: usize, asked: &Asked) -> Option<&Asked> {
        let mut earlier = self.asked.iter().take(index);
        earlier.find(|earlier| earlier.reference == asked.reference)
    }

    /// The reference, as it was given, for which this artifact has been begun with.
    fn same_artifact(&self, index: usize, target: &Target) -> Option<String> {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *begun.entry(target.reference.to_string()).or_insert(index);
        let other = self.asked.get(first).filter(|_| first != index);
        other.map(|other| other.text.clone())
    }

    fn notes(&self, made: &Made) -> Vec<String> {
        let mut notes: Vec<String> = made.signer.warning.clone().into_iter().collect();
        let expiry = made.info.signed_attributes.expiry;
        if let (Some(if_missing), Some(expiry)) = (&self.if_missing, expiry)
            && if_missing.is_too_short(Some(expiry))
        {
            notes.push(format!(
                "the new signature is good until {} only, which is too short for \
                 `--min-remaining`: the next run signs again",
                rfc3339(expiry)
            ));
        }
        notes
    }
}

/// How fast AWS Signer is asked; nothing else has a rate.
fn pace(args: &ManyArgs, choice: &Choice) -> Result<Pace, Report> {
    match (args.rate.and_then(NonZeroU32::new), choice) {
        (None, _) => Ok(Pace::default()),
        (Some(rate), Choice::AwsSigner(..)) => Ok(Pace::per_second(rate)),
        (Some(_), _) => Err(Report::usage(
            "`--rate` is about AWS Signer, and another signer was chosen",
            Some("leave it out: nothing else is slowed down".to_owned()),
        )),
    }
}

fn if_missing(
    args: &ManyArgs,
    context: &Context,
    signer: &Signer,
    options: &Options,
) -> Result<Option<IfMissing>, Report> {
    if !args.if_missing {
        return Ok(None);
    }
    let remaining = match args.min_remaining.as_deref() {
        None => MIN_REMAINING,
        Some(text) => parse_seconds("--min-remaining", "minimum remaining life", text)
            .map_err(|sentence| Report::failed(Exit::Usage, &sentence))?,
    };
    let trust_anchor = args.trust_anchor.as_deref();
    IfMissing::new(context, signer, options, trust_anchor, remaining).map(Some)
}

/// Whether signing ended before the signer was asked for anything.
fn is_not_asked(error: &sign::Error) -> bool {
    matches!(
        error,
        sign::Error::Signer {
            source: signer::Error::AwsSigner(aws_signer::Error::NotAsked),
            ..
        }
    )
}
