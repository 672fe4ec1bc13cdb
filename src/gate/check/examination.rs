//! What was found about one image: which signature fills which role, and what is missing.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::statements::NoStatement;
use crate::gate::policy::{MetadataNeed, RoleSigner};
use crate::limits::MAX_TOLD_CHARS;
use crate::notary::rfc3339;
use crate::oci::Digest;
use crate::outcome::{Failure, FailureClass, SignatureOutcome};
use crate::printable;
use crate::reference::ArtifactReference;
use crate::verify::{Error, SignatureOutcomes, Unseen};

/// What was found about an artifact and its images. As an error, it says what the first image lacks that is not signed
/// as required.
#[derive(Debug)]
#[non_exhaustive]
pub struct Examination {
    /// The artifact by digest: what may run, if everything is met.
    pub reference: ArtifactReference,
    /// The media type of its manifest or index.
    pub media_type: String,
    /// The tag that was resolved; it may stand for something else by the time it is pulled.
    pub tag: Option<String>,
    /// What had to be signed: the image, or the images of an index, or the index itself.
    pub images: Vec<ImageExamination>,
    /// Entries of the index that are for no platform, and so were not verified.
    pub uncovered: Vec<Digest>,
}

impl Examination {
    /// Whether everything is met: of what is not, the worse.
    ///
    /// # Errors
    ///
    /// How it is not.
    pub fn result(&self) -> Result<(), FailureClass> {
        let mut inconclusive = self.images.is_empty();
        for image in &self.images {
            match image.result {
                Ok(()) => {}
                Err(FailureClass::Rejected) => return Err(FailureClass::Rejected),
                Err(FailureClass::Inconclusive) => inconclusive = true,
            }
        }
        if inconclusive {
            return Err(FailureClass::Inconclusive);
        }
        Ok(())
    }

    /// Whether no signature of anything was found, although the lists could be read.
    pub fn is_unsigned(&self) -> bool {
        let is_unsigned = |image: &ImageExamination| {
            image.signatures.is_empty() && image.unseen.is_none() && image.error.is_none()
        };
        !self.images.is_empty() && self.images.iter().all(is_unsigned)
    }

    /// What the first image lacks that is not signed as required: a refusal before what could not be decided.
    fn leading(&self) -> Option<Leading<'_>> {
        let of = |class| {
            let mut images = self.images.iter();
            images.find(|image| image.result == Err(class))
        };
        let image = of(FailureClass::Rejected).or_else(|| of(FailureClass::Inconclusive))?;
        image.leading()
    }

    /// What to do about what leads.
    pub(super) fn hint(&self) -> Option<String> {
        match self.leading()? {
            Leading::Error(error) => error.hint(),
            Leading::Unseen(unseen) => unseen.hint(),
            Leading::NoStatement(_, none) => none.hint(),
            Leading::Lack(image, _, shortfall) => image.failure(shortfall)?.hint(),
            Leading::NoSignature(_) => None,
        }
    }
}

/// The first thing that keeps an image from running.
enum Leading<'a> {
    /// Nothing could be judged.
    Error(&'a Error),
    /// No statement can fill the role.
    NoStatement(&'a RoleExamination, &'a NoStatement),
    /// A signature does not fill the role.
    Lack(&'a ImageExamination, &'a RoleExamination, &'a RoleShortfall),
    /// There may be a signature that was not looked at.
    Unseen(&'a Unseen),
    /// There is no signature that could fill the role.
    NoSignature(&'a RoleExamination),
}

impl fmt::Display for Examination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.leading() {
            None => f.write_str("nothing is missing"),
            Some(Leading::Error(error)) => error.fmt(f),
            Some(Leading::Unseen(unseen)) => unseen.fmt(f),
            Some(Leading::NoStatement(role, none)) => write!(f, "{role}; {none}"),
            Some(Leading::NoSignature(role)) => role.fmt(f),
            Some(Leading::Lack(image, role, shortfall)) => {
                write!(f, "{role}; ")?;
                if let Some(signature) = image.signatures.get(shortfall.signature) {
                    write!(f, "signature {}: ", signature.manifest_digest)?;
                }
                match image.failure(shortfall) {
                    Some(failure) => f.write_str(&failure.with_details()),
                    None => shortfall.lack.fmt(f),
                }
            }
        }
    }
}

impl StdError for Examination {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.leading()? {
            Leading::Error(error) => error.source(),
            Leading::Unseen(unseen) => unseen.source(),
            Leading::NoStatement(_, none) => none.source(),
            Leading::Lack(image, _, shortfall) => image.failure(shortfall)?.source(),
            Leading::NoSignature(_) => None,
        }
    }
}

/// What was found about one image or index.
#[derive(Debug)]
#[non_exhaustive]
pub struct ImageExamination {
    /// It by digest.
    pub reference: ArtifactReference,
    /// The platforms that an index has it for; empty where it stands in no index.
    pub platforms: Vec<String>,
    /// How many roles must be filled.
    pub needed: usize,
    /// The roles, in the order of the rule.
    pub roles: Vec<RoleExamination>,
    /// The signatures that were judged.
    pub signatures: Vec<SignatureOutcomes>,
    /// Why there may be signatures that were not looked at.
    pub unseen: Option<Unseen>,
    /// Why nothing could be judged.
    pub error: Option<Error>,
    /// Whether enough roles are filled.
    pub result: Result<(), FailureClass>,
}

/// What was found about one role.
#[derive(Debug)]
#[non_exhaustive]
pub struct RoleExamination {
    /// Its name.
    pub name: String,
    /// Who had to sign.
    pub signer: RoleSigner,
    /// The signature that fills it.
    pub filled: Option<Filling>,
    /// Why no statement can fill it.
    pub no_statement: Option<Arc<NoStatement>>,
    /// Why each signature does not fill it; empty for a role that is filled.
    pub shortfalls: Vec<RoleShortfall>,
}

impl fmt::Display for RoleExamination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is missing, wanted {}", self.name, self.signer)
    }
}

/// The signature that fills a role.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filling {
    /// The digest of the signature manifest.
    pub manifest_digest: Digest,
    /// The signing profile with its version, or the subject of the signer's certificate.
    pub signer: String,
}

/// Why one signature does not fill a role.
#[derive(Debug)]
#[non_exhaustive]
pub struct RoleShortfall {
    /// The number of the signature in [`ImageExamination::signatures`].
    pub signature: usize,
    /// What it lacks.
    pub lack: RoleLack,
}

/// What a signature lacks to fill a role.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoleLack {
    /// It is not verified by the statement of this number ([`SignatureOutcomes::outcome`] has why), or that could not
    /// be decided.
    NotVerified {
        /// The statement.
        statement: usize,
    },
    /// It is verified, and its revocation was not looked at.
    RevocationSkipped,
    /// It has no time that a party other than the signer states.
    NoAuthenticTime {
        /// How old it may be.
        max_age: Duration,
    },
    /// It is too old.
    TooOld {
        /// When it was signed.
        signed_at: OffsetDateTime,
        /// How old it may be.
        max_age: Duration,
    },
    /// It has not the user metadata.
    UserMetadata {
        /// The key.
        key: String,
        /// What was signed under it.
        found: Option<String>,
        /// What is asked for.
        wanted: MetadataNeed,
    },
    /// Its signer fills another role, and one signer fills one.
    FillsAnother {
        /// The other role's name.
        role: String,
    },
}

impl fmt::Display for RoleLack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotVerified { .. } => f.write_str("the signature was not judged"),
            Self::RevocationSkipped => {
                f.write_str("the trust policy skips revocation, and the rule requires it")
            }
            Self::NoAuthenticTime { max_age } => write!(
                f,
                "no authority and no verified timestamp says when it was signed, wanted at most {} ago",
                hours(*max_age)
            ),
            Self::TooOld { signed_at, max_age } => write!(
                f,
                "it was signed on {}, wanted at most {} ago",
                rfc3339(*signed_at),
                hours(*max_age)
            ),
            Self::UserMetadata { key, found, wanted } => {
                write!(f, "user metadata `{key}`: ")?;
                match found {
                    None => f.write_str("no value was signed")?,
                    Some(value) => {
                        let value = printable::shorten(value, MAX_TOLD_CHARS);
                        write!(f, "`{value}` was signed")?;
                    }
                }
                match wanted {
                    MetadataNeed::Present => f.write_str(", wanted any value"),
                    MetadataNeed::Value(value) => write!(f, ", wanted `{value}`"),
                }
            }
            Self::FillsAnother { role } => {
                write!(
                    f,
                    "its signer counts for `{role}`, and one signer counts once"
                )
            }
        }
    }
}

fn hours(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds / 3_600, seconds % 3_600) {
        (hours, 0) => format!("{hours}h"),
        _ => format!("{seconds}s"),
    }
}

impl ImageExamination {
    /// What keeps it from running.
    fn leading(&self) -> Option<Leading<'_>> {
        if let Some(error) = &self.error {
            return Some(Leading::Error(error));
        }
        let missing = || self.roles.iter().filter(|role| role.filled.is_none());
        let lacks = || {
            missing().flat_map(|role| {
                let shortfalls = role.shortfalls.iter();
                shortfalls.map(move |shortfall| Leading::Lack(self, role, shortfall))
            })
        };
        let unseen = || self.unseen.as_ref().map(Leading::Unseen);
        if self.result == Err(FailureClass::Inconclusive) {
            let is_open = |lead: &Leading<'_>| match lead {
                Leading::Lack(_, _, shortfall) => self
                    .failure(shortfall)
                    .is_none_or(|failure| failure.class() == FailureClass::Inconclusive),
                _ => false,
            };
            if let Some(open) = lacks().find(is_open).or_else(unseen) {
                return Some(open);
            }
        }
        let first = missing().next()?;
        match first.no_statement.as_deref() {
            Some(none) => Some(Leading::NoStatement(first, none)),
            None => lacks()
                .next()
                .or_else(unseen)
                .or(Some(Leading::NoSignature(first))),
        }
    }

    /// Why the signature is not verified: what refuses it, or else what the trust policy only logs.
    pub(crate) fn failure(&self, shortfall: &RoleShortfall) -> Option<&Failure> {
        let outcome = self.outcome(shortfall)?;
        let logged = || outcome.logged().next().map(|(_, failure)| failure);
        outcome.refusal().or_else(logged)
    }

    /// The outcome that a lack rests on.
    pub fn outcome(&self, shortfall: &RoleShortfall) -> Option<&SignatureOutcome> {
        let RoleLack::NotVerified { statement } = &shortfall.lack else {
            return None;
        };
        self.signatures
            .get(shortfall.signature)
            .and_then(|one| one.outcome(*statement))
    }

    /// How many roles are filled.
    pub fn filled(&self) -> usize {
        self.roles
            .iter()
            .filter(|role| role.filled.is_some())
            .count()
    }
}
