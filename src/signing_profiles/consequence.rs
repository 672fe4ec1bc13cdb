//! What a change does to signatures that exist and to those to come, in sentences a person confirms.

use std::fmt;

use super::permission::SharedAction;
use super::rules::{Effect, Validity, in_words};
use crate::limits::MAX_REVOCATION_CACHE_TTL;

/// One thing that follows from a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consequence {
    /// A name is used up.
    NameUsedUp {
        /// The name.
        name: String,
        /// The region.
        region: String,
    },
    /// The validity of signatures cannot be changed later.
    FixedValidity(Validity),
    /// The profile signs no more.
    SignsNoMore,
    /// What it signed stays valid.
    SignaturesStay,
    /// What it signed from a time on is not trusted.
    SignaturesEnd(Effect),
    /// What it signed before that stays valid.
    OlderSignaturesStay(Effect),
    /// The time can be moved one way only.
    OnlyEarlier,
    /// It was revoked before, from a later time on.
    MovedFrom(time::OffsetDateTime),
    /// A job's signature is not trusted, wherever a copy of it is.
    SignatureEnds,
    /// Other signatures of the profile are left alone.
    OtherSignaturesStay,
    /// Verifications that keep answers hear of it later.
    HeardLater,
    /// The name is not free again.
    NameStaysUsed,
    /// It cannot be undone.
    Permanent,
    /// Another account can do something.
    Shared {
        /// Who.
        principal: String,
        /// What.
        action: SharedAction,
    },
    /// The other account's own policy must allow it too.
    NeedsOwnPolicy,
    /// Another account can no longer do something.
    Unshared {
        /// Who.
        principal: String,
        /// The IAM action.
        action: String,
    },
    /// What another account signed stays valid.
    SharedSignaturesStay,
}

impl fmt::Display for Consequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameUsedUp { name, region } => write!(
                f,
                "the name `{name}` will be used up in this account in region `{region}`: AWS never frees a name, not even \
                 after the profile is canceled or revoked"
            ),
            Self::FixedValidity(validity) => write!(
                f,
                "each signature is valid for {validity} after it is made; that cannot be changed later"
            ),
            Self::SignsNoMore => f.write_str(
                "the profile makes no signature from now on, and cannot be made active again: builds that sign with \
                 it fail",
            ),
            Self::SignaturesStay => f.write_str(
                "signatures that it made stay valid until they expire; `countersign profile revoke` ends them",
            ),
            Self::SignaturesEnd(from) => write!(
                f,
                "signatures that it made at {from} or later are rejected by every verification that asks about \
                 revocation"
            ),
            Self::OlderSignaturesStay(from) => {
                write!(f, "signatures that it made before {from} stay valid")
            }
            Self::OnlyEarlier => {
                f.write_str("the time can be moved to an earlier one, never to a later one")
            }
            Self::MovedFrom(before) => write!(
                f,
                "the profile is revoked already, for signatures made at {} or later",
                in_words(*before)
            ),
            Self::SignatureEnds => f.write_str(
                "the signature of this job is rejected by every verification that asks about revocation, wherever a \
                 copy of it is",
            ),
            Self::OtherSignaturesStay => {
                f.write_str("other signatures of the profile stay valid, also those of the same image")
            }
            Self::HeardLater => write!(
                f,
                "a verifier that caches answers notices within {} hours at most, one without \
                 a network when its stored answers are renewed",
                MAX_REVOCATION_CACHE_TTL.as_secs() / 3_600
            ),
            Self::NameStaysUsed => f.write_str("its name cannot be used for another profile"),
            Self::Permanent => f.write_str("this cannot be undone"),
            Self::Shared { principal, action } => match action {
                SharedAction::SignPayload => write!(
                    f,
                    "`{principal}` can make signatures of this profile; every verifier that trusts the profile trusts \
                     them"
                ),
                SharedAction::GetSigningProfile => {
                    write!(f, "`{principal}` can see the settings and the status of this profile")
                }
                SharedAction::RevokeSignature => write!(
                    f,
                    "`{principal}` can revoke signatures of this profile, which cannot be undone"
                ),
            },
            Self::NeedsOwnPolicy => {
                f.write_str("an IAM policy of the other account must allow the action as well")
            }
            Self::Unshared { principal, action } => {
                write!(f, "`{principal}` is no longer permitted `{action}` by this permission")
            }
            Self::SharedSignaturesStay => f.write_str(
                "signatures that it made stay valid; `countersign signature revoke` ends one",
            ),
        }
    }
}

impl Consequence {
    /// Of creating a profile.
    pub fn of_create(name: &str, region: &str, validity: Validity) -> Vec<Self> {
        vec![
            Self::NameUsedUp {
                name: name.to_owned(),
                region: region.to_owned(),
            },
            Self::FixedValidity(validity),
        ]
    }

    /// Of canceling a profile.
    pub fn of_cancel() -> Vec<Self> {
        vec![
            Self::SignsNoMore,
            Self::SignaturesStay,
            Self::NameStaysUsed,
            Self::Permanent,
        ]
    }

    /// Of revoking a profile; `before` is from when on it is revoked already.
    pub fn of_revoke(effect: Effect, before: Option<time::OffsetDateTime>) -> Vec<Self> {
        let mut consequences: Vec<Self> = before.map(Self::MovedFrom).into_iter().collect();
        consequences.extend([
            Self::SignaturesEnd(effect),
            Self::OlderSignaturesStay(effect),
        ]);
        if before.is_none() {
            consequences.extend([Self::SignsNoMore, Self::NameStaysUsed]);
        }
        consequences.extend([Self::HeardLater, Self::OnlyEarlier, Self::Permanent]);
        consequences
    }

    /// Of permitting another account something.
    pub fn of_grant(principal: &str, action: SharedAction) -> Vec<Self> {
        let principal = principal.to_owned();
        vec![Self::Shared { principal, action }, Self::NeedsOwnPolicy]
    }

    /// Of ending that.
    pub fn of_revoke_grant(principal: &str, action: &str) -> Vec<Self> {
        let mut consequences = vec![Self::Unshared {
            principal: principal.to_owned(),
            action: action.to_owned(),
        }];
        if action == SharedAction::SignPayload.as_str() {
            consequences.push(Self::SharedSignaturesStay);
        }
        consequences
    }

    /// Of revoking the signature of a job.
    pub fn of_revoke_signature() -> Vec<Self> {
        vec![
            Self::SignatureEnds,
            Self::OtherSignaturesStay,
            Self::HeardLater,
            Self::Permanent,
        ]
    }
}
