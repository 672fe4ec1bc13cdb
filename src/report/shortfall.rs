//! Why one signature does not count for a signer that a gate policy's rule names.

use serde::Serialize;

use super::reason::Reason;
use super::shorten::Shorten as _;
use crate::gate::{ImageExamination, RoleLack, RoleShortfall};
use crate::hints::Reader;

/// Why one signature does not count.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GateShortfall {
    /// The digest of the signature manifest.
    pub digest: String,
    /// What it lacks.
    pub reason: Reason,
}

impl GateShortfall {
    pub(super) fn new(
        image: &ImageExamination,
        shortfall: &RoleShortfall,
        reader: &Reader,
    ) -> Option<Self> {
        let signature = image.signatures.get(shortfall.signature)?;
        let mut reason = match &shortfall.lack {
            RoleLack::NotVerified { .. } => not_verified(image, shortfall, reader),
            lack => Reason::plain(code(lack), lack.to_string(), false),
        };
        reason.shorten();
        Some(Self {
            digest: signature.manifest_digest.to_string(),
            reason,
        })
    }
}

/// Why a signature is not verified: what refuses it, or else what the trust policy only logs.
fn not_verified(image: &ImageExamination, shortfall: &RoleShortfall, reader: &Reader) -> Reason {
    match image.failure(shortfall) {
        Some(failure) => Reason::of_failure(failure, reader),
        None => Reason::plain("not-judged", shortfall.lack.to_string(), true),
    }
}

/// A name for what a verified signature lacks.
const fn code(lack: &RoleLack) -> &'static str {
    match lack {
        RoleLack::NotVerified { .. } => "not-judged",
        RoleLack::RevocationSkipped => "revocation-skipped",
        RoleLack::NoAuthenticTime { .. } => "no-authentic-time",
        RoleLack::TooOld { .. } => "too-old",
        RoleLack::UserMetadata { .. } => "user-metadata",
        RoleLack::FillsAnother { .. } => "fills-another-role",
    }
}
