//! Why one signature does not count for a signer that a gate policy's rule names.

use std::time::Duration;

use serde::Serialize;

use super::reason::Reason;
use super::shorten::Shorten as _;
use crate::gate::policy::MetadataNeed;
use crate::gate::{ImageExamination, RoleLack, RoleShortfall};
use crate::hints::Reader;
use crate::limits::MAX_TOLD_CHARS;
use crate::notary::rfc3339;
use crate::printable;

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
            lack => {
                let (code, message) = in_words(lack);
                Reason::plain(code, message, false)
            }
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
    let outcome = image.outcome(shortfall);
    let logged = outcome.and_then(|outcome| outcome.logged().next());
    if let Some(failure) = outcome.and_then(|outcome| outcome.refusal()) {
        return Reason::of_failure(failure, reader);
    }
    match logged {
        Some((_, failure)) => Reason::of_failure(failure, reader),
        None => Reason::plain(
            "not-judged",
            "the signature was not judged".to_owned(),
            true,
        ),
    }
}

/// What a verified signature lacks.
fn in_words(lack: &RoleLack) -> (&'static str, String) {
    match lack {
        RoleLack::NotVerified { .. } => ("not-judged", "the signature was not judged".to_owned()),
        RoleLack::RevocationSkipped => (
            "revocation-skipped",
            "the trust policy skips revocation, and the rule requires it".to_owned(),
        ),
        RoleLack::NoAuthenticTime { max_age } => (
            "no-authentic-time",
            format!(
                "no authority and no verified timestamp says when it was signed, wanted at most {} ago",
                hours(*max_age)
            ),
        ),
        RoleLack::TooOld { signed_at, max_age } => (
            "too-old",
            format!(
                "it was signed on {}, wanted at most {} ago",
                rfc3339(*signed_at),
                hours(*max_age)
            ),
        ),
        RoleLack::UserMetadata { key, found, wanted } => {
            let found = match found {
                None => "no value was signed".to_owned(),
                Some(value) => {
                    format!("`{}` was signed", printable::shorten(value, MAX_TOLD_CHARS))
                }
            };
            let wanted = match wanted {
                MetadataNeed::Present => "any value".to_owned(),
                MetadataNeed::Value(value) => format!("`{value}`"),
            };
            (
                "user-metadata",
                format!("user metadata `{key}`: {found}, wanted {wanted}"),
            )
        }
        RoleLack::FillsAnother { role } => (
            "fills-another-role",
            format!("its signer counts for `{role}`, and one signer counts once"),
        ),
    }
}

fn hours(span: Duration) -> String {
    let seconds = span.as_secs();
    match (seconds / 3_600, seconds % 3_600) {
        (hours, 0) => format!("{hours}h"),
        _ => format!("{seconds}s"),
    }
}
