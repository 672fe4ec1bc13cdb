//! The steps of one reference, and what holds for all of them.

use std::num::NonZeroU32;
use std::pin::Pin;

use super::args::{Args, ManyArgs};
use super::claims::{ClaimResult, Claims};
use super::if_missing::{self, ExistingSignature, IfMissing, Presence};
use super::outcome::{End, Error, NotTried, Outcome};
use super::signature::Signature;
use super::stop::Stop;
use crate::allowance::{self, Allowed};
use crate::cli::args::parse_pairs;
use crate::cli::context::{Context, environment};
use crate::cli::duration::parse_seconds;
use crate::cli::output::{CommandOutput, Exit};
use crate::cli::signer::Choice;
use crate::limits::MIN_REMAINING;
use crate::notary::rfc3339;
use crate::reference::ArtifactReference;
use crate::registry::{self, Repository, Storage, Target};
use crate::report::sentence;
use crate::sign::{self, Options, UnstoredSignature};
use crate::signer::aws_signer::{self, Pace};
use crate::signer::{self, Signer};

/// Everything that holds for all references of one command.
pub(super) struct Job {
    registry: registry::Client,
    signer: Signer,
    options: Options,
    if_missing: Option<IfMissing>,
    pub(super) asked: Vec<Asked>,
    claims: Claims,
    pub(super) stop: Stop,
    keeps_going: bool,
    /// Lines that are to be said on stderr first.
    pub(super) notes: String,
    /// What each reference may use.
    allowed: Allowed,
}

/// One reference of the command.
pub(super) struct Asked {
    /// As it was given.
    pub(super) text: String,
    pub(super) reference: ArtifactReference,
}

/// What a reference stands for.
struct Resolved {
    repository: Repository,
    target: Target,
    /// The answer to `--if-missing`, if that was asked.
    found: Option<Result<Presence, if_missing::Error>>,
}

impl Job {
    /// Checks every flag and reference before anything is signed.
    pub(super) fn prepare(args: &Args) -> Result<Self, CommandOutput> {
        let usage = |text: String| CommandOutput::failed(Exit::Usage, &text);
        let user_metadata = parse_pairs("user-metadata", &args.user_metadata).map_err(usage)?;
        sign::check_user_metadata(&user_metadata)
            .map_err(|error| CommandOutput::usage(&sentence::of_signing(&error), error.hint()))?;
        let plugin_config = parse_pairs("plugin-config", &args.plugin_config).map_err(usage)?;
        let references = crate::cli::parse_references(&args.references, args.oci_layout)?;
        let dirs = environment().notation_directories();
        let choice = args.signer.choose(&dirs, plugin_config)?;
        let exposed = choice.exposed(&dirs, args.many.trust_anchor.as_deref());
        let exposed: String = exposed
            .iter()
            .map(|line| CommandOutput::warning(line).stderr)
            .collect();
        let pace = pace(&args.many, &choice)?;
        let context = Context::new(
            &args.registry,
            &references,
            choice.aws_settings(),
            args.envelope.format_source(&choice),
            args.time.for_pipes()?,
        )?;
        let terms = args.envelope.terms(&choice, &context)?;
        let signer = choice.open(&context, pace.clone())?;
        signer
            .check(&terms)
            .map_err(|error| CommandOutput::unusable(&error, error.hint()))?;
        let storage = match args.force_referrers_tag {
            Some(true) => Storage::TagSchema,
            Some(false) => Storage::OnlyReferrersApi,
            None => Storage::ReferrersApi,
        };
        let options = Options {
            user_metadata,
            storage,
            terms,
        };
        let if_missing = if_missing(&args.many, &context, &signer, &options)?;
        let texts = args.references.iter().cloned();
        Ok(Self {
            notes: exposed + &context.notes,
            registry: context.registry(),
            signer,
            options,
            if_missing,
            asked: texts
                .zip(references)
                .map(|(text, reference)| Asked { text, reference })
                .collect(),
            claims: Claims::default(),
            stop: Stop::new(pace),
            keeps_going: args.many.keep_going,
            // Passphrases have been asked for.
            allowed: args.time.allowed()?,
        })
    }

    /// How what is left can be done without signing anything twice; nothing where the same command
    /// could do no more.
    pub(super) fn how_to_finish(&self, outcomes: &[Outcome]) -> Option<String> {
        let any = |is: fn(&End) -> bool| outcomes.iter().any(|outcome| is(&outcome.end));
        // A signature that nothing leads to would be made again.
        if any(End::is_not_listed) || !any(End::may_be_signed_by_the_next_run) {
            return None;
        }
        let can_look = matches!(self.signer, Signer::AwsSigner(_))
            || self.signer.certificate_chain().is_some();
        if self.if_missing.is_none() && !can_look {
            return None;
        }
        // What fails again must not stop the rest again.
        let fails_again =
            any(|end| matches!(end, End::Failed { .. }) && !end.may_be_signed_by_the_next_run());
        let flags: Vec<&str> = [
            (self.if_missing.is_none(), "`--if-missing`"),
            (fails_again && !self.keeps_going, "`--keep-going`"),
        ]
        .into_iter()
        .filter_map(|(is_needed, flag)| is_needed.then_some(flag))
        .collect();
        let flags = match flags.as_slice() {
            [] => String::new(),
            flags => format!(" with {}", flags.join(" and ")),
        };
        Some(format!("run the same command{flags} to sign the rest"))
    }

    /// Signs the reference of this number; nothing where there is none.
    pub(super) async fn sign_nth(&self, index: usize) -> Option<Outcome> {
        Some(self.sign(index, self.asked.get(index)?).await)
    }

    /// Signs one of the references, unless it is too late to begin.
    async fn sign(&self, index: usize, asked: &Asked) -> Outcome {
        let mut outcome = Outcome {
            target: None,
            end: End::NotTried(NotTried::AfterFailure),
        };
        let is_too_late = self.allowed.check_whole().is_err();
        outcome.end = match self.stop.reason() {
            Some(reason) => End::NotTried(reason),
            None if is_too_late => End::NotTried(NotTried::OutOfTime),
            None => self.begin(index, asked, &mut outcome.target).await,
        };
        if matches!(outcome.end, End::Failed { .. }) && !self.keeps_going {
            self.stop.after_failure();
        }
        // Whoever waits for this one must find the end of the command, if this is it.
        match &outcome.end {
            End::Signed { .. } | End::AlreadySigned { .. } | End::SameAs { .. } => {
                self.claims.done(index);
            }
            // It is there, and another one would be as hard to find.
            end if end.is_not_listed() => self.claims.done(index),
            End::Failed { .. } | End::NotTried(_) => self.claims.give_up(index),
        }
        outcome
    }

    /// All steps of a reference. `shown` gets what it stands for.
    async fn begin(&self, index: usize, asked: &Asked, shown: &mut Option<Target>) -> End {
        let allowance = self.allowed.begin();
        let end = allowance
            .lend(Box::pin(self.run(index, asked, shown)))
            .await;
        end.unwrap_or_else(|end| *end)
    }

    async fn run(
        &self,
        index: usize,
        asked: &Asked,
        shown: &mut Option<Target>,
    ) -> Result<End, Box<End>> {
        self.claim(index, asked.reference.to_string()).await?;
        let resolved = self
            .unless_interrupted(asked, Box::pin(self.resolve(asked)))
            .await?;
        let Resolved {
            repository,
            target,
            found,
        } = resolved;
        *shown = Some(target.clone());
        let claimed = self.claim(index, target.reference.to_string()).await;
        if let Err(end) = claimed {
            self.check_not_moved(asked, &repository, &target, &end)
                .await?;
            return Err(end);
        }
        let found = found.transpose();
        let refused = match found.map_err(|error| failed(Error::Look(error)))? {
            Some(Presence::There(found)) => {
                let ExistingSignature {
                    manifest,
                    signature,
                } = *found;
                let reference = target.reference.with_digest(&manifest);
                return Ok(End::AlreadySigned {
                    reference,
                    signature,
                });
            }
            Some(Presence::Missing { refused }) => refused,
            None => None,
        };
        // Looking has left nothing behind.
        if let Some(reason) = self.stop.reason() {
            return Ok(End::NotTried(reason));
        }
        // On the heap: it is large, and there are several under way at once.
        let making = Box::pin(async {
            let made = sign::make(target, &self.signer, &self.options).await;
            made.map_err(Error::Sign)
        });
        let made = self.unless_interrupted(asked, making).await?;
        Ok(self.store(asked, &repository, made, refused).await)
    }

    /// Does what leaves nothing behind, until an interrupt or until its time is over.
    async fn unless_interrupted<T>(
        &self,
        asked: &Asked,
        work: Pin<Box<impl Future<Output = Result<T, Error>>>>,
    ) -> Result<T, Box<End>> {
        let done = tokio::select! {
            biased;
            done = allowance::in_time(work) => done.unwrap_or_else(|source| {
                Err(Error::Unfinished { asked: asked.text.clone(), source })
            }),
            () = self.stop.interrupted() => Err(Error::Interrupted { asked: asked.text.clone() }),
        };
        done.map_err(|error| match error {
            Error::Sign(error) if is_not_asked(&error) => {
                let reason = self.stop.reason().unwrap_or(NotTried::AfterFailure);
                Box::new(End::NotTried(reason))
            }
            error => failed(error),
        })
    }

    async fn resolve(&self, asked: &Asked) -> Result<Resolved, Error> {
        let repository = sign::open(&asked.reference, &self.registry).map_err(Error::Sign)?;
        let (target, found) = match &self.if_missing {
            Some(if_missing) => {
                let (target, found) = if_missing.look(&repository).await.map_err(Error::Sign)?;
                (target, Some(found))
            }
            None => (sign::resolve(&repository).await.map_err(Error::Sign)?, None),
        };
        Ok(Resolved {
            repository,
            target,
            found,
        })
    }

    /// Stores a signature. What has begun to be pushed is not left half done, while there is time.
    async fn store(
        &self,
        asked: &Asked,
        repository: &Repository,
        made: UnstoredSignature,
        refused: Option<String>,
    ) -> End {
        let stored = tokio::select! {
            biased;
            stored = allowance::in_time(Box::pin(sign::store(repository, &made, self.options.storage))) => {
                match stored {
                    Ok(stored) => stored.map_err(Error::Sign),
                    Err(source) => {
                        Err(Error::UnfinishedPush { asked: asked.text.clone(), source })
                    }
                }
            }
            () = self.stop.given_up() => Err(Error::InterruptedPush { asked: asked.text.clone() }),
        };
        let notes = self.notes(&made);
        let signature = Signature::new(made.signer.envelope.format(), made.info().clone());
        match stored {
            Ok(stored) => End::Signed {
                reference: stored.signature,
                signature,
                warnings: stored.warnings,
                notes,
                refused,
            },
            Err(error) => End::Failed {
                error: Box::new(error),
                signature: Some(signature),
            },
        }
    }

    /// Takes `what` upon this reference. Where another one has, its end is waited for: what it has
    /// signed is not signed again, and what it has not is this one's, unless it is too late to begin.
    async fn claim(&self, index: usize, what: String) -> Result<(), Box<End>> {
        let mut has_waited = false;
        loop {
            match self.claims.claim(what.clone(), index) {
                ClaimResult::Own => {
                    return match self.stop.reason() {
                        Some(reason) if has_waited => Err(Box::new(End::NotTried(reason))),
                        _ => Ok(()),
                    };
                }
                ClaimResult::Done { by } => {
                    let other = self.asked.get(by).map(|other| other.text.clone());
                    let other = other.unwrap_or_default();
                    return Err(Box::new(End::SameAs { other }));
                }
                ClaimResult::Wait(wait) => wait.end().await,
            }
            has_waited = true;
        }
    }

    /// A tag may have moved while the signature of its artifact was made for another reference.
    async fn check_not_moved(
        &self,
        asked: &Asked,
        repository: &Repository,
        target: &Target,
        end: &End,
    ) -> Result<(), Box<End>> {
        let End::SameAs { other } = end else {
            return Ok(());
        };
        if asked.reference.digest().is_some() {
            return Ok(());
        }
        let resolving = Box::pin(async { sign::resolve(repository).await.map_err(Error::Sign) });
        let now = self.unless_interrupted(asked, resolving).await?;
        let (signed, found) = (target.descriptor.digest(), now.descriptor.digest());
        if signed == found {
            return Ok(());
        }
        Err(failed(Error::OtherMoved {
            asked: asked.text.clone(),
            other: other.clone(),
            signed: signed.clone(),
            found: found.clone(),
        }))
    }

    fn notes(&self, made: &UnstoredSignature) -> Vec<String> {
        let mut notes: Vec<String> = made.signer.warning.clone().into_iter().collect();
        let expiry = made.info().signed_attributes.expiry;
        if let (Some(if_missing), Some(expiry)) = (&self.if_missing, expiry)
            && if_missing.is_too_short(Some(expiry))
        {
            notes.push(format!(
                "the new signature is good until {} only, which is too short for `--min-remaining`; the next \
                 run will sign again",
                rfc3339(expiry)
            ));
        }
        notes
    }
}

/// How fast AWS Signer is asked; nothing else has a rate.
fn pace(args: &ManyArgs, choice: &Choice) -> Result<Pace, CommandOutput> {
    match (args.rate.and_then(NonZeroU32::new), choice) {
        (None, _) => Ok(Pace::default()),
        (Some(rate), Choice::AwsSigner(..)) => Ok(Pace::per_second(rate)),
        (Some(_), _) => Err(CommandOutput::usage(
            "`--rate` applies to AWS Signer only, but another signer was chosen",
            Some("leave it out; other signers are not limited".to_owned()),
        )),
    }
}

fn if_missing(
    args: &ManyArgs,
    context: &Context,
    signer: &Signer,
    options: &Options,
) -> Result<Option<IfMissing>, CommandOutput> {
    if !args.if_missing {
        return Ok(None);
    }
    let remaining = match args.min_remaining.as_deref() {
        None => MIN_REMAINING,
        Some(text) => parse_seconds("--min-remaining", "minimum remaining life", text)
            .map_err(|sentence| CommandOutput::failed(Exit::Usage, &sentence))?,
    };
    let trust_anchor = args.trust_anchor.as_deref();
    IfMissing::new(context, signer, options, trust_anchor, remaining).map(Some)
}

fn failed(error: Error) -> Box<End> {
    Box::new(End::Failed {
        error: Box::new(error),
        signature: None,
    })
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
