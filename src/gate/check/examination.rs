//! What was found about one image: which signature fills which role, and what is missing.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::statements::NoStatement;
use crate::gate::policy::{MetadataNeed, RoleSigner};
use crate::oci::Digest;
use crate::outcome::{FailureClass, SignatureOutcome};
use crate::reference::ArtifactReference;
use crate::verify::{Error, SignatureJudgement, Unseen};

/// What was found about an artifact and its images.
#[derive(Debug)]
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
}

/// What was found about one image or index.
#[derive(Debug)]
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
    pub signatures: Vec<SignatureJudgement>,
    /// Why there may be signatures that were not looked at.
    pub unseen: Option<Unseen>,
    /// Why nothing could be judged.
    pub error: Option<Error>,
    /// Whether enough roles are filled.
    pub result: Result<(), FailureClass>,
}

/// What was found about one role.
#[derive(Debug)]
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

/// The signature that fills a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filling {
    /// The digest of the signature manifest.
    pub manifest_digest: Digest,
    /// The signing profile with its version, or the subject of the signer's certificate.
    pub signer: String,
}

/// Why one signature does not fill a role.
#[derive(Debug)]
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
    /// It is not verified by the statement of this number ([`SignatureJudgement::outcome`] has why), or that could not
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

impl ImageExamination {
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
