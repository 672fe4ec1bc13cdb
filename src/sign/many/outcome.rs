//! What became of each reference.

use time::OffsetDateTime;

use super::error::{Error, Remainder};
use super::if_missing::Refusals;
use super::signature::SignatureInfo;
use crate::many::NotTried;
use crate::reference::ArtifactReference;
use crate::registry::{Target, Warning};
use crate::sign;

/// What became of one reference.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The reference as it was given.
    pub text: String,
    /// The reference.
    pub reference: ArtifactReference,
    /// What it stands for, once it was resolved.
    pub target: Option<Target>,
    /// How its signing ended.
    pub end: End,
}

/// How the signing of one reference ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum End {
    /// A signature was made and stored.
    Signed {
        /// The signature manifest, by digest.
        reference: ArtifactReference,
        /// The signature.
        signature: SignatureInfo,
        /// What the registry did not do as it should, without harm.
        warnings: Vec<Warning>,
        /// What is worth knowing.
        notes: Vec<Note>,
        /// Why signatures that were there did not count as it.
        refusals: Option<Box<Refusals>>,
    },
    /// The signature was there already.
    AlreadySigned {
        /// The signature manifest, by digest.
        reference: ArtifactReference,
        /// The signature.
        signature: SignatureInfo,
    },
    /// It stands for the same as another reference, which is what was signed.
    SameAs {
        /// The other one, as it was given.
        other: String,
    },
    /// It was not signed, or the signature not stored.
    Failed {
        /// Why.
        error: Box<Error>,
        /// The signature, if one was made.
        signature: Option<SignatureInfo>,
    },
    /// It was not begun.
    NotTried(NotTried),
}

/// What is worth knowing of a new signature.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// What the signer has to say, in a sentence.
    OfSigner(String),
    /// The signature expires sooner than one that would count as it must, so that the next run signs again.
    ExpiresTooSoon(OffsetDateTime),
}

impl End {
    /// Whether the signature was pushed, and cannot be found.
    pub fn is_not_listed(&self) -> bool {
        match self {
            Self::Failed { error, .. } => matches!(error.remainder(), Remainder::NotListed { .. }),
            _ => false,
        }
    }

    /// Whether the same signing may succeed when it is run again, without any other change.
    pub fn may_be_signed_by_the_next_run(&self) -> bool {
        match self {
            Self::Signed { .. } | Self::AlreadySigned { .. } | Self::SameAs { .. } => false,
            Self::NotTried(_) => true,
            Self::Failed { error, .. } => match &**error {
                Error::Sign(sign::Error::Moved { .. }) | Error::OtherMoved { .. } => true,
                // It would make a second signature that nothing leads to.
                _ if self.is_not_listed() => false,
                error => error.is_inconclusive(),
            },
        }
    }
}
