//! What a gate says of one reference.

use super::examination::Examination;
use crate::gate::policy::{Exemption, GateRule, NoRule, OnFailure};
use crate::outcome::FailureClass;
use crate::reference::{ArtifactReference, Reference};
use crate::verify::{ENTRY_DIFFERS, Error, IndexFault, images_unknown};

/// What a gate says of one reference.
#[derive(Debug)]
#[non_exhaustive]
#[must_use = "only `Verified` and what the gate policy lets pass may run"]
pub struct Decision {
    /// The reference as it was asked about.
    pub reference: Reference,
    /// The rule that decided; nothing where none did.
    pub rule: Option<String>,
    /// Whether it may run.
    pub ruling: Ruling,
}

impl Decision {
    pub(super) fn new(reference: &Reference, rule: Option<&GateRule>, ruling: Ruling) -> Self {
        Self {
            reference: reference.clone(),
            rule: rule.map(|rule| rule.name.clone()),
            ruling,
        }
    }
}

/// Whether an artifact may run.
#[derive(Debug)]
pub enum Ruling {
    /// Every requirement is met by verified signatures.
    Verified(Box<Examination>),
    /// The rule only warns of this refusal. It may run, and it is not verified.
    Tolerated(Box<Refusal>),
    /// The gate policy exempts this very image. It may run, and it is not verified.
    Exempted(Exemption),
    /// It may not run.
    Refused(Box<Refusal>),
}

impl Ruling {
    /// The ruling of a rule with this setting.
    pub(super) fn of(on_failure: OnFailure, examined: Result<Examination, Refusal>) -> Self {
        let refusal = match examined {
            Ok(examination) if examination.result().is_ok() => {
                return Self::Verified(Box::new(examination));
            }
            Ok(examination) => Refusal::Unmet(Box::new(examination)),
            Err(refusal) => refusal,
        };
        match on_failure {
            OnFailure::Enforce => Self::Refused(Box::new(refusal)),
            OnFailure::Warn => Self::Tolerated(Box::new(refusal)),
        }
    }

    /// What was found about the artifact's images.
    pub fn examination(&self) -> Option<&Examination> {
        match self {
            Self::Verified(examination) => Some(examination),
            Self::Tolerated(refusal) | Self::Refused(refusal) => match refusal.as_ref() {
                Refusal::Unmet(examination) => Some(examination),
                _ => None,
            },
            Self::Exempted(_) => None,
        }
    }

    /// The artifact by digest, where it may run and was resolved.
    pub fn may_run(&self) -> Option<&ArtifactReference> {
        match self {
            Self::Refused(_) => None,
            _ => self.examination().map(|examination| &examination.reference),
        }
    }
}

/// Why an artifact may not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No rule is about it.
    #[error(transparent)]
    NoRule(NoRule),
    /// It is a tag, which may stand for another image when it is pulled.
    #[error("the tag `{tag}` can be moved, and the rule `{rule}` refuses tags")]
    Tag {
        /// The tag.
        tag: String,
        /// The rule.
        rule: String,
    },
    /// It could not be resolved, or what it needs could not be read.
    #[error("the image could not be examined")]
    Artifact {
        /// Why.
        #[source]
        source: Error,
    },
    /// It is an index that cannot be gone through.
    #[error("{}", images_unknown(reference))]
    Index {
        /// The index.
        reference: Box<ArtifactReference>,
        /// Why.
        #[source]
        source: IndexFault,
    },
    /// An image of an index is not what the index says.
    #[error("{ENTRY_DIFFERS}")]
    Entry {
        /// The difference.
        #[source]
        source: IndexFault,
    },
    /// Not enough roles are filled.
    #[error("{}", unmet(.0))]
    Unmet(#[source] Box<Examination>),
}

fn unmet(examination: &Examination) -> &'static str {
    match examination.result() {
        Err(FailureClass::Inconclusive) => {
            "whether the image is signed as required could not be decided"
        }
        _ if examination.is_unsigned() => "the image has no signature",
        _ => "the image is not signed as required",
    }
}

impl Refusal {
    /// Whether it was refused, or could not be decided.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::NoRule(_) | Self::Tag { .. } | Self::Index { .. } | Self::Entry { .. } => {
                FailureClass::Rejected
            }
            Self::Artifact { source } => source.class(),
            Self::Unmet(examination) => match examination.result() {
                Err(class) => class,
                // A requirement that is met is not a refusal; why it was refused could not be decided.
                Ok(()) => FailureClass::Inconclusive,
            },
        }
    }

    /// A name for programs to branch on; it does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoRule(NoRule::NotCovered { .. }) => "no-rule",
            Self::NoRule(NoRule::Ambiguous { .. }) => "ambiguous-rule",
            Self::Tag { .. } => "tag-refused",
            Self::Artifact { .. } => "artifact-not-resolved",
            Self::Index { .. } => "index-unusable",
            Self::Entry { .. } => "index-entry-differs",
            Self::Unmet(_) => "requirement-not-met",
        }
    }

    /// What to do about it. Never to sign: the reader at a gate wants to run the image.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoRule(none) => Some(none.hint()),
            Self::Tag { .. } => Some(
                "name the image by its digest, `REPOSITORY@sha256:...`; or set `tags` to `resolve` in the rule"
                    .to_owned(),
            ),
            Self::Artifact { source } => source.hint(),
            Self::Index { source, .. } | Self::Entry { source } => source.hint(),
            Self::Unmet(examination) => self
                .hint_beside_findings()
                .or_else(|| examination.hint()),
        }
    }

    /// What to do about it, for who shows beside it what was found about each image.
    pub(crate) fn hint_beside_findings(&self) -> Option<String> {
        match self {
            Self::Unmet(examination) => examination.is_unsigned().then(|| {
                "do not run the image: signing it belongs in the pipeline that builds it".to_owned()
            }),
            _ => self.hint(),
        }
    }
}
