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

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::super::PLATFORM_ID;
    use super::super::error::Class;
    use super::super::profile::ProfileRevocation;
    use super::super::rules::RuleError;
    use super::*;
    use crate::aws::SigningProfileVersionArn;

    fn profile(status: Status) -> Profile {
        let arn = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images/OF8IVUsPJq";
        Profile {
            arn: SigningProfileVersionArn::parse(arn).unwrap(),
            platform: PLATFORM_ID.to_owned(),
            status,
            status_reason: None,
            validity: None,
            revocation: None,
        }
    }

    fn effect(text: &str) -> Effect {
        Effect::parse(text, datetime!(2026-06-01 12:00 UTC)).unwrap()
    }

    #[test]
    fn only_an_active_profile_is_canceled() {
        for (status, need) in [
            (Status::Active, Need::Change),
            (Status::Other("New".to_owned()), Need::Change),
            (Status::Canceled, Need::Nothing),
        ] {
            assert_eq!(profile(status).check_cancel().unwrap(), need);
        }
        let error = profile(Status::Revoked).check_cancel().unwrap_err();
        assert!(matches!(error, Error::Revoked(_)));
        assert_eq!(error.class(), Class::Refused);
    }

    #[test]
    fn a_revocation_moves_to_an_earlier_time_alone() {
        let at = effect("2026-01-02T00:00:00Z");
        for status in [Status::Active, Status::Canceled] {
            assert_eq!(profile(status).check_revoke(at).unwrap(), Need::Change);
        }
        let mut revoked = profile(Status::Revoked);
        revoked.revocation = Some(ProfileRevocation {
            effective_from: Some(at.time()),
            at: None,
            by: None,
        });
        assert_eq!(revoked.check_revoke(at).unwrap(), Need::Nothing);
        let earlier = effect("2026-01-01T23:59:59Z");
        assert_eq!(revoked.check_revoke(earlier).unwrap(), Need::Change);
        let later = effect("2026-01-02T00:00:01Z");
        let error = revoked.check_revoke(later).unwrap_err();
        assert!(matches!(error, Error::Later { .. }), "{error}");
    }

    #[test]
    fn what_is_shared_is_new_and_can_be_used() {
        let (principal, id) = (
            Principal::parse("444455556666").unwrap(),
            StatementId::parse("ci").unwrap(),
        );
        let sign = SharedAction::SignPayload;
        let none = Permissions::default();
        let grant = |profile: &Profile, permissions: &Permissions, action| {
            profile.check_grant(permissions, &principal, action, &id)
        };
        let active = profile(Status::Active);
        assert_eq!(grant(&active, &none, sign).unwrap(), Need::Change);
        let revoked = profile(Status::Revoked);
        let error = grant(&revoked, &none, sign).unwrap_err();
        assert!(matches!(error, Error::NotActive { .. }));
        // Signatures of a profile that signs no more can still be revoked.
        let end = SharedAction::RevokeSignature;
        assert_eq!(grant(&revoked, &none, end).unwrap(), Need::Change);
        let lambda = Profile {
            platform: "AWSLambda-SHA384-ECDSA".to_owned(),
            ..active.clone()
        };
        let error = grant(&lambda, &none, sign).unwrap_err();
        assert!(matches!(error, Error::OtherPlatform { .. }));
        let with = |version: Option<&str>| Permissions {
            revision: None,
            statements: vec![Permission {
                action: sign.as_str().to_owned(),
                principal: "444455556666".to_owned(),
                statement_id: "ci".to_owned(),
                version: version.map(str::to_owned),
            }],
        };
        assert_eq!(grant(&active, &with(None), sign).unwrap(), Need::Nothing);
        // Of one version it is not the same.
        let error = grant(&active, &with(Some("OF8IVUsPJq")), sign).unwrap_err();
        assert!(matches!(error, Error::StatementTaken { .. }));
        let role = Principal::parse("arn:aws-us-gov:iam::444455556666:role/ci").unwrap();
        let error = active.check_grant(&none, &role, sign, &id).unwrap_err();
        assert!(matches!(
            error,
            Error::Rule(RuleError::PrincipalPartition { .. })
        ));
        assert_eq!(error.class(), Class::Usage);
    }
}
