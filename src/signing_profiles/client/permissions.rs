//! Calls about what other accounts may do.

use aws_sdk_signer::operation::RequestId as _;

use super::{SigningProfiles, pages};
use crate::aws::{CallError, CallErrorKind, Repeat};
use crate::signing_profiles::calls::{HARMLESS, ask};
use crate::signing_profiles::error::Error;
use crate::signing_profiles::permission::{Permission, Permissions, SharedAction};
use crate::signing_profiles::profile::Profile;
use crate::signing_profiles::rules::{Principal, StatementId};

impl SigningProfiles {
    /// What other accounts may do with a profile of the caller's account.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn permissions(&self, profile: &Profile) -> Result<Permissions, Error> {
        let call = self.call(
            "signer:ListProfilePermissions",
            profile.profile().to_string(),
        );
        let mut pages = pages();
        let mut permissions = Permissions::default();
        while pages.has_next() {
            let token = pages.token();
            let asked = ask(&self.lists, HARMLESS, &call, || async {
                let request = self.client.list_profile_permissions();
                let request = request.profile_name(profile.profile().name());
                let answer = request.set_next_token(token.clone()).send().await;
                answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
            });
            let output = match asked.await {
                Ok(output) => output,
                // The profile was found, so it is the policy that does not exist.
                Err(Error::Call(error)) if error.kind() == CallErrorKind::NotFound => break,
                Err(error) => return Err(error),
            };
            permissions.revision = output.revision_id().map(str::to_owned);
            permissions
                .statements
                .extend(output.permissions().iter().map(Permission::read));
            let malformed = |problem| {
                Error::Call(CallError::malformed(
                    call.clone(),
                    problem,
                    output.request_id(),
                ))
            };
            pages.turn(output.next_token()).map_err(malformed)?;
        }
        if pages.is_complete() {
            Ok(permissions)
        } else {
            let problem = "it has more permissions than a policy can have";
            Err(Error::Call(CallError::malformed(
                call.clone(),
                problem,
                None,
            )))
        }
    }

    /// Shares `action` with `principal`, for which [`Profile::check_grant`] was asked about the same `permissions`.
    ///
    /// # Errors
    ///
    /// [`Error::PermissionsChanged`], [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn grant(
        &self,
        profile: &Profile,
        permissions: &Permissions,
        principal: &Principal,
        action: SharedAction,
        id: &StatementId,
    ) -> Result<(), Error> {
        let call = self.call("signer:AddProfilePermission", profile.profile().to_string());
        ask(&self.pace, Repeat::Fails, &call, || async {
            let request = self.client.add_profile_permission();
            let answer = request
                .profile_name(profile.profile().name())
                .action(action.as_str())
                .principal(principal.as_str())
                .statement_id(id.as_str())
                .set_revision_id(permissions.revision.clone())
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        })
        .await
        .map(drop)
        .map_err(|error| changed(profile, error))
    }

    /// Ends the permission `id`, which [`Profile::check_revoke_grant`] found in the same `permissions`.
    ///
    /// # Errors
    ///
    /// As [`Self::grant`].
    pub async fn revoke_grant(
        &self,
        profile: &Profile,
        permissions: &Permissions,
        id: &StatementId,
    ) -> Result<(), Error> {
        let call = self.call(
            "signer:RemoveProfilePermission",
            profile.profile().to_string(),
        );
        ask(&self.pace, Repeat::Fails, &call, || async {
            let request = self.client.remove_profile_permission();
            let answer = request
                .profile_name(profile.profile().name())
                .statement_id(id.as_str())
                .revision_id(permissions.revision.clone().unwrap_or_default())
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        })
        .await
        .map(drop)
        .map_err(|error| changed(profile, error))
    }
}

/// What a call about permissions says of those of others.
fn changed(profile: &Profile, error: Error) -> Error {
    match error {
        Error::Call(source) if source.code() == Some("ConflictException") => {
            Error::PermissionsChanged {
                profile: profile.profile().to_string(),
                source: Box::new(source),
            }
        }
        error => error,
    }
}
