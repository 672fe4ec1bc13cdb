//! Whether one signature fills one role.

use time::OffsetDateTime;

use super::examination::RoleLack;
use crate::extended_validation::{self, Claims};
use crate::gate::policy::{RevocationNeed, Role};
use crate::limits::CLOCK_SKEW;
use crate::notary::Validation;
use crate::outcome::{FailureClass, SignatureOutcome, Standing};

/// Whether a signature fills a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does.
    Met,
    /// It could not be decided.
    Inconclusive(RoleLack),
    /// It does not.
    Unmet(RoleLack),
}

/// Whether the signature of which the statement of number `statement` said `outcome` fills `role`.
pub(super) fn fit(
    role: &Role,
    revocation: RevocationNeed,
    statement: usize,
    outcome: Option<&SignatureOutcome>,
    now: OffsetDateTime,
) -> Fit {
    let not_verified = RoleLack::NotVerified { statement };
    let Some(outcome) = outcome else {
        return Fit::Inconclusive(not_verified);
    };
    match outcome.standing() {
        Standing::Verified => match lack_of(role, revocation, outcome, now) {
            None => Fit::Met,
            Some(lack) => Fit::Unmet(lack),
        },
        // Only what may yet be verified leaves the role open, and only if it says what is asked for.
        Standing::Tolerated | Standing::Refused => {
            if is_inconclusive(outcome) && !lacks_metadata(role, outcome) {
                Fit::Inconclusive(not_verified)
            } else {
                Fit::Unmet(not_verified)
            }
        }
    }
}

/// Whether everything that failed could not be decided.
fn is_inconclusive(outcome: &SignatureOutcome) -> bool {
    let failures = outcome.validations.iter();
    let failures = failures.filter_map(|one| one.failure.as_ref());
    let mut failures = failures.chain(&outcome.failure).peekable();
    failures.peek().is_some() && failures.all(|one| one.class() == FailureClass::Inconclusive)
}

/// Whether what the envelope says, whose integrity was verified, cannot be enough.
fn lacks_metadata(role: &Role, outcome: &SignatureOutcome) -> bool {
    let was_compared = outcome.signer_info.is_some() && outcome.left_out_metadata == 0;
    was_compared && !outcome.validations.is_empty() && missing_metadata(role, outcome).is_some()
}

/// What a signature that is verified lacks.
fn lack_of(
    role: &Role,
    revocation: RevocationNeed,
    outcome: &SignatureOutcome,
    now: OffsetDateTime,
) -> Option<RoleLack> {
    if revocation == RevocationNeed::Required && outcome.skipped.contains(&Validation::Revocation) {
        return Some(RoleLack::RevocationSkipped);
    }
    if let Some(max_age) = role.max_age {
        let Some(signed_at) = outcome.authentic_time else {
            return Some(RoleLack::NoAuthenticTime { max_age });
        };
        let age = now - signed_at;
        // A time that is not there yet says nothing of an age.
        if age > max_age || -age > CLOCK_SKEW {
            return Some(RoleLack::TooOld { signed_at, max_age });
        }
    }
    missing_metadata(role, outcome)
}

fn missing_metadata(role: &Role, outcome: &SignatureOutcome) -> Option<RoleLack> {
    let of_key = |key: &str| {
        let mut pairs = outcome.user_metadata.iter();
        pairs
            .find(|(found, _)| found == key)
            .map(|(_, value)| value)
    };
    let mut needs = role.user_metadata.iter();
    let (key, wanted) =
        needs.find(|(key, wanted)| !wanted.is_met_by(of_key(key).map(String::as_str)))?;
    Some(RoleLack::UserMetadata {
        key: key.clone(),
        found: of_key(key).cloned(),
        wanted: wanted.clone(),
    })
}

/// The signer as it is shown: the signing profile with its version, or the certificate's subject.
pub(super) fn shown(outcome: &SignatureOutcome) -> String {
    let Some(info) = &outcome.signer_info else {
        return String::new();
    };
    let plugin = info.signed_attributes.verification_plugin.as_deref();
    let claims = Claims::from_signer_info(info).ok();
    if let (Some(extended_validation::PLUGIN_NAME), Some(claims)) = (plugin, claims) {
        return claims.signer().to_string();
    }
    let leaf = info.certificate_chain.first();
    leaf.map(|leaf| leaf.subject().to_string())
        .unwrap_or_default()
}
