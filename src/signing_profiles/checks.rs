//! What AWS would refuse of a change, known from the record of the profile.

use super::error::Error;
use super::permission::{Permission, Permissions, SharedAction};
use super::profile::{Profile, Status};
use super::rules::{Effect, Principal, StatementId, in_words};

/// Whether there is anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// It is still to be done.
    Change,
    /// It is as it was asked for.
    Nothing,
}

impl Profile {
    /// Whether a profile can be canceled.
    ///
    /// # Errors
    ///
    /// [`Error::Revoked`].
    pub fn check_cancel(&self) -> Result<Need, Error> {
        match self.status {
            Status::Canceled => Ok(Need::Nothing),
            Status::Revoked => Err(Error::Revoked(self.profile().to_string())),
            _ => Ok(Need::Change),
        }
    }

    /// Whether a profile can be revoked from this time on.
    ///
    /// # Errors
    ///
    /// [`Error::Later`].
    pub fn check_revoke(&self, effect: Effect) -> Result<Need, Error> {
        match self.revoked_from() {
            Some(before) if before == effect.time() => Ok(Need::Nothing),
            Some(before) if before < effect.time() => Err(Error::Later {
                profile: self.profile().to_string(),
                before: in_words(before),
                wanted: effect.to_string(),
            }),
            _ => Ok(Need::Change),
        }
    }

    /// Whether `action` can be shared with `principal` under the name `id`.
    ///
    /// # Errors
    ///
    /// [`Error::Rule`], [`Error::OtherPlatform`], [`Error::NotActive`] and [`Error::StatementTaken`].
    pub fn check_grant(
        &self,
        permissions: &Permissions,
        principal: &Principal,
        action: SharedAction,
        id: &StatementId,
    ) -> Result<Need, Error> {
        principal.check(self.profile().location().partition())?;
        if permissions.allowing(principal, action).is_some() {
            return Ok(Need::Nothing);
        }
        if !self.is_for_images() {
            return Err(Error::OtherPlatform {
                profile: self.profile().to_string(),
                platform: self.platform.clone(),
            });
        }
        if self.status != Status::Active && action == SharedAction::SignPayload {
            return Err(Error::NotActive {
                profile: self.profile().to_string(),
                status: self.status.as_str().to_owned(),
            });
        }
        match permissions.find(id) {
            Some(other) => Err(Error::StatementTaken {
                id: id.as_str().to_owned(),
                principal: other.principal.clone(),
                action: other.action.clone(),
            }),
            None => Ok(Need::Change),
        }
    }

    /// The permission `id`.
    ///
    /// # Errors
    ///
    /// [`Error::NoStatement`].
    pub fn check_revoke_grant<'a>(
        &self,
        permissions: &'a Permissions,
        id: &StatementId,
    ) -> Result<&'a Permission, Error> {
        permissions.find(id).ok_or_else(|| Error::NoStatement {
            profile: self.profile().to_string(),
            id: id.as_str().to_owned(),
            known: permissions
                .statements
                .iter()
                .map(|permission| format!("`{}`", permission.statement_id))
                .collect(),
        })
    }
}
