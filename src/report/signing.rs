//! What a signing did: the document of `sign`, version 1 (`schemas/signing.v1.schema.json`).

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use super::sentence;
use super::signature::Signer;
use crate::hints::Reader;
use crate::many::NotTried;
use crate::notary::EnvelopeFormat;
use crate::reference::ArtifactReference;
use crate::registry::{Target, Warning};
use crate::sign::many::{End, Error, Outcome, Remainder, SignatureInfo};
use crate::signer_info::SignerInfo;

/// The answer of one command.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SigningV1 {
    /// The version of the document.
    pub version: &'static str,
    /// One for each reference, in the order given.
    pub results: Vec<ArtifactSigning>,
    /// What is known only at the end.
    #[serde(flatten)]
    pub end: SigningEnd,
}

impl SigningV1 {
    /// The document of these outcomes.
    pub fn of(outcomes: &[Outcome], reader: &Reader) -> Self {
        let exits = outcomes
            .iter()
            .map(|outcome| Exit::of_signing(&outcome.end));
        let exit = exits.fold(Exit::Done, Exit::worse);
        let results = outcomes.iter();
        let results = results.map(|outcome| ArtifactSigning::new(outcome, reader));
        Self::new(results.collect(), exit)
    }

    /// The document about `results`, of a command that ended with `exit`.
    pub fn new(results: Vec<ArtifactSigning>, exit: Exit) -> Self {
        let mut summary = Summary::default();
        for result in &results {
            summary.count(result.state);
        }
        Self {
            version: super::results::VERSION,
            end: SigningEnd::new(summary, exit),
            results,
        }
    }

    /// The document of a command that could not begin.
    pub fn not_begun(exit: Exit, reason: Reason) -> Self {
        Self {
            end: SigningEnd::not_begun(exit, reason),
            ..Self::new(Vec::new(), exit)
        }
    }
}

/// The members that the document ends with.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SigningEnd {
    /// Why nothing could be begun with; there are no results then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// How many references ended in which state.
    pub summary: Summary,
}

impl SigningEnd {
    /// The end of a document with results.
    pub const fn new(summary: Summary, exit_code: Exit) -> Self {
        Self {
            error: None,
            exit_code,
            summary,
        }
    }

    /// The end of a document without results.
    pub fn not_begun(exit_code: Exit, reason: Reason) -> Self {
        Self {
            error: Some(reason),
            ..Self::new(Summary::default(), exit_code)
        }
    }
}

/// How many references ended in which state.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Summary {
    /// Those that failed.
    pub failed: usize,
    /// Those that were not begun.
    pub not_tried: usize,
    /// Those that were signed.
    pub signed: usize,
    /// Those that were signed already.
    pub skipped: usize,
}

impl Summary {
    /// Adds a reference that ended in `state`.
    pub const fn count(&mut self, state: SigningState) {
        match state {
            SigningState::Signed => self.signed += 1,
            SigningState::Skipped => self.skipped += 1,
            SigningState::Failed => self.failed += 1,
            SigningState::NotTried => self.not_tried += 1,
        }
    }
}

/// How the signing of one reference ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SigningState {
    /// A signature was made and stored.
    Signed,
    /// It was signed already, or is the same as another reference of the command.
    Skipped,
    /// It was not signed, or the signature not stored.
    Failed,
    /// It was not begun, after a failure or an interrupt.
    NotTried,
}

impl From<&End> for SigningState {
    fn from(end: &End) -> Self {
        match end {
            End::Signed { .. } => Self::Signed,
            End::AlreadySigned { .. } | End::SameAs { .. } => Self::Skipped,
            End::Failed { .. } => Self::Failed,
            End::NotTried(_) => Self::NotTried,
        }
    }
}

/// How the signing of one reference ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ArtifactSigning {
    /// The reference as it was given.
    pub asked: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The media type of the artifact, once it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Why it was skipped or not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The artifact by digest, once it was resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The signature that was made, or that was there already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<SigningSignature>,
    /// How it ended, in one word.
    pub state: SigningState,
    /// What is worth knowing, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl ArtifactSigning {
    /// What became of one reference; of hints, what fits their reader.
    pub fn new(outcome: &Outcome, reader: &Reader) -> Self {
        let (text, target) = (outcome.text.as_str(), outcome.target.as_ref());
        match &outcome.end {
            End::Signed {
                reference,
                signature: SignatureInfo { format, info },
                warnings,
                notes,
                refusals,
            } => {
                let signature = SigningSignature::stored(*format, info, reference);
                let refusals = refusals.as_deref().map(sentence::of_refusals);
                let warnings = warnings.iter().map(warning);
                let warnings = warnings.chain(notes.iter().map(sentence::of_note));
                Self::signed(text, target, signature, warnings.chain(refusals).collect())
            }
            End::AlreadySigned {
                reference,
                signature: SignatureInfo { format, info },
            } => {
                let signature = SigningSignature::stored(*format, info, reference);
                let message = format!("`{text}` is signed already");
                let reason = Reason::plain("already-signed", message, false);
                Self::skipped(text, target, Some(signature), reason)
            }
            End::SameAs { other } => {
                let message = sentence::of_same_artifact(text, other);
                let reason = Reason::plain("given-twice", message, false);
                Self::skipped(text, target, None, reason)
            }
            End::Failed { error, signature } => {
                let signature = signature.as_ref();
                let signature =
                    signature.map(|made| SigningSignature::unlisted(made, &error.remainder()));
                Self::failed(text, target, signature, failure(error, reader))
            }
            End::NotTried(why) => Self::not_tried(text, target, not_tried(*why)),
        }
    }

    /// A signature was made and stored.
    #[doc(hidden)]
    pub fn signed(
        asked: &str,
        target: Option<&Target>,
        signature: SigningSignature,
        warnings: Vec<String>,
    ) -> Self {
        Self {
            signature: Some(signature),
            warnings,
            ..Self::ended(asked, target, SigningState::Signed)
        }
    }

    /// It was not signed once more: the signature that is there, if it is this artifact's own, and why.
    #[doc(hidden)]
    pub fn skipped(
        asked: &str,
        target: Option<&Target>,
        signature: Option<SigningSignature>,
        reason: Reason,
    ) -> Self {
        Self {
            signature,
            reason: Some(reason),
            ..Self::ended(asked, target, SigningState::Skipped)
        }
    }

    /// It was not signed, or `signature` was not stored.
    #[doc(hidden)]
    pub fn failed(
        asked: &str,
        target: Option<&Target>,
        signature: Option<SigningSignature>,
        error: Reason,
    ) -> Self {
        Self {
            signature,
            error: Some(error),
            ..Self::ended(asked, target, SigningState::Failed)
        }
    }

    /// It was not begun.
    #[doc(hidden)]
    pub fn not_tried(asked: &str, target: Option<&Target>, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..Self::ended(asked, target, SigningState::NotTried)
        }
    }

    fn ended(asked: &str, target: Option<&Target>, state: SigningState) -> Self {
        Self {
            asked: asked.to_owned(),
            error: None,
            media_type: target.map(|target| target.descriptor.media_type().to_string()),
            reason: None,
            reference: target.map(|target| target.reference.to_string()),
            signature: None,
            state,
            warnings: Vec::new(),
        }
    }
}

fn failure(error: &Error, reader: &Reader) -> Reason {
    let is_interrupted = matches!(
        error,
        Error::Interrupted { .. } | Error::InterruptedPush { .. }
    );
    Reason::new(
        error.code(),
        sentence::of_many_signing(error),
        sentence::below_many_signing(error),
        error.hint(),
        reader,
    )
    .retryable_if(is_interrupted)
}

fn not_tried(why: NotTried) -> Reason {
    let message = match why {
        NotTried::AfterFailure => "another one failed first",
        NotTried::Interrupted => "the command was interrupted first",
        NotTried::OutOfTime(_) => "the time for the command was over before",
    };
    Reason::plain(why.code(), message.to_owned(), true)
}

fn warning(warning: &Warning) -> String {
    match warning {
        Warning::OldIndexNotDeleted { index, source } => {
            format!("the outdated referrers index `{index}` could not be removed: {source}")
        }
        Warning::NotListed | Warning::IndexContended => sentence::of_warning(warning).to_owned(),
    }
}

/// Whether a repository has a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PushState {
    /// It has.
    Yes,
    /// It has not.
    No,
    /// The registry did not confirm it.
    Unknown,
}

/// A signature that was made, or that was there already.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SigningSignature {
    /// The digest of the signature manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The envelope's format.
    pub envelope_media_type: &'static str,
    /// Whether the repository has it.
    pub pushed: PushState,
    /// The signature manifest, by digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the envelope says.
    pub signer: Signer,
}

impl SigningSignature {
    /// A signature that is stored as `reference`.
    #[doc(hidden)]
    pub fn stored(
        format: EnvelopeFormat,
        info: &SignerInfo,
        reference: &ArtifactReference,
    ) -> Self {
        Self {
            digest: reference.digest().map(ToString::to_string),
            reference: Some(reference.to_string()),
            ..Self::unstored(format, info, PushState::Yes)
        }
    }

    /// A signature that was pushed as this digest, to which no list leads.
    #[doc(hidden)]
    pub fn not_listed(format: EnvelopeFormat, info: &SignerInfo, digest: &str) -> Self {
        Self {
            digest: Some(digest.to_owned()),
            ..Self::unstored(format, info, PushState::Yes)
        }
    }

    /// A signature that no reference leads to.
    #[doc(hidden)]
    pub fn unstored(format: EnvelopeFormat, info: &SignerInfo, pushed: PushState) -> Self {
        Self {
            digest: None,
            envelope_media_type: format.media_type(),
            pushed,
            reference: None,
            signer: Signer::from(info),
        }
    }

    /// A signature that was made, where storing it left this behind.
    fn unlisted(signature: &SignatureInfo, remainder: &Remainder) -> Self {
        let SignatureInfo { format, info } = signature;
        match remainder {
            Remainder::Nothing => Self::unstored(*format, info, PushState::No),
            Remainder::Unknown => Self::unstored(*format, info, PushState::Unknown),
            Remainder::NotListed { manifest } => Self::not_listed(*format, info, manifest),
        }
    }
}
