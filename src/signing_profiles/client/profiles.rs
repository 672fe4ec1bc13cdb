//! Calls about profiles.

use aws_sdk_signer::operation::RequestId as _;
use aws_sdk_signer::types::{SignatureValidityPeriod, SigningProfileStatus, ValidityType};
use aws_smithy_types::DateTime;

use super::{SigningProfiles, pages};
use crate::aws::{CallError, CallErrorKind, Repeat, SigningProfileVersionArn};
use crate::signing_profiles::PLATFORM_ID;
use crate::signing_profiles::calls::{HARMLESS, ask};
use crate::signing_profiles::error::Error;
use crate::signing_profiles::names::{ProfileId, resource};
use crate::signing_profiles::profile::{NewProfile, Profile, ProfileList};
use crate::signing_profiles::rules::{Effect, Reason, ValidityUnit};

impl SigningProfiles {
    /// What AWS says of a profile, also of another account's.
    ///
    /// # Errors
    ///
    /// [`Error::NoProfile`], [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn profile(&self, id: &ProfileId) -> Result<Profile, Error> {
        self.get(id, id.owner()).await
    }

    /// The same of a profile that is to be changed: AWS knows no owner there, so a profile of that name in the
    /// caller's account would be changed in its place.
    ///
    /// # Errors
    ///
    /// As [`Self::profile`]; [`Error::OtherOwner`] and [`Error::NotCurrent`].
    pub async fn own_profile(&self, id: &ProfileId) -> Result<Profile, Error> {
        let profile = self.get(id, None).await?;
        let found = profile.profile().location().account();
        if let Some(owner) = id.owner()
            && owner != found
        {
            return Err(Error::OtherOwner {
                profile: id.to_string(),
                owner: owner.to_owned(),
                caller: found.to_owned(),
            });
        }
        match id.version() {
            Some(version) if version != profile.arn.version() => Err(Error::NotCurrent {
                profile: profile.profile().to_string(),
                wanted: version.to_owned(),
                current: profile.arn.version().to_owned(),
            }),
            _ => Ok(profile),
        }
    }

    async fn get(&self, id: &ProfileId, owner: Option<&str>) -> Result<Profile, Error> {
        let call = self.call("signer:GetSigningProfile", id.resource(&self.region));
        let asked = ask(&self.pace, HARMLESS, &call, || async {
            let request = self.client.get_signing_profile();
            let request = request.profile_name(id.name());
            let answer = request.set_profile_owner(owner.map(str::to_owned)).send();
            let answer = answer.await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        });
        let output = asked.await.map_err(|error| match error {
            Error::Call(source) if source.kind() == CallErrorKind::NotFound => Error::NoProfile {
                profile: id.to_string(),
                region: self.region.clone(),
                source: Box::new(source),
            },
            error => error,
        })?;
        let malformed = |problem: String| {
            Error::Call(CallError::malformed(
                call.clone(),
                problem,
                output.request_id(),
            ))
        };
        let profile = Profile::read(&output).map_err(malformed)?;
        let found = profile.profile();
        let is_it = found.name() == id.name()
            && found.location().region() == self.region
            && owner.is_none_or(|owner| owner == found.location().account());
        if is_it {
            Ok(profile)
        } else {
            Err(malformed(format!("it is about `{found}`")))
        }
    }

    /// The profiles for container images of the caller's account: the active ones, or all.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn profiles(&self, all: bool) -> Result<ProfileList, Error> {
        let path = "/signing-profiles/*";
        let call = self.call(
            "signer:ListSigningProfiles",
            resource(&self.region, None, path),
        );
        let mut pages = pages();
        let mut profiles = Vec::new();
        while pages.has_next() {
            let token = pages.token();
            let output = ask(&self.lists, HARMLESS, &call, || async {
                let request = self.client.list_signing_profiles();
                let request = request
                    .platform_id(PLATFORM_ID)
                    .set_next_token(token.clone());
                let request = if all {
                    request
                        .statuses(SigningProfileStatus::Active)
                        .statuses(SigningProfileStatus::Canceled)
                        .statuses(SigningProfileStatus::Revoked)
                } else {
                    request.statuses(SigningProfileStatus::Active)
                };
                let answer = request.send().await;
                answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
            })
            .await?;
            let malformed = |problem: String| {
                Error::Call(CallError::malformed(
                    call.clone(),
                    problem,
                    output.request_id(),
                ))
            };
            for row in output.profiles() {
                profiles.push(Profile::read_row(row).map_err(malformed)?);
            }
            pages.turn(output.next_token()).map_err(malformed)?;
        }
        Ok(ProfileList {
            profiles,
            is_complete: pages.is_complete(),
        })
    }

    /// Checks that a name is free; one that cannot be looked for may be.
    ///
    /// # Errors
    ///
    /// [`Error::NameTaken`], and what kept AWS from an answer.
    pub async fn check_free(&self, name: &ProfileId) -> Result<(), Error> {
        match self.get(name, None).await {
            Ok(profile) => Err(Error::NameTaken {
                name: name.name().to_owned(),
                region: self.region.clone(),
                status: Some(profile.status.as_str().to_owned()),
            }),
            Err(Error::NoProfile { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Creates a profile for container images.
    ///
    /// # Errors
    ///
    /// [`Error::NameTaken`], [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn create(&self, new: &NewProfile) -> Result<SigningProfileVersionArn, Error> {
        let path = format!("/signing-profiles/{}", new.name);
        let call = self.call(
            "signer:PutSigningProfile",
            resource(&self.region, None, &path),
        );
        let unit = match new.validity.unit {
            ValidityUnit::Days => ValidityType::Days,
            ValidityUnit::Months => ValidityType::Months,
            ValidityUnit::Years => ValidityType::Years,
        };
        let value = i32::try_from(new.validity.value).unwrap_or(i32::MAX);
        let period = SignatureValidityPeriod::builder()
            .value(value)
            .r#type(unit)
            .build();
        let put = ask(&self.pace, Repeat::Fails, &call, || async {
            let request = self.client.put_signing_profile().profile_name(&new.name);
            let request = request.platform_id(PLATFORM_ID);
            let answer = request
                .signature_validity_period(period.clone())
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        });
        let output = put.await.map_err(|error| match error {
            // AWS has no code for it.
            Error::Call(source) if says(&source, "already exists") => Error::NameTaken {
                name: new.name.clone(),
                region: self.region.clone(),
                status: None,
            },
            error => error,
        })?;
        let arn = SigningProfileVersionArn::parse(output.profile_version_arn().unwrap_or_default());
        match arn {
            Ok(arn) if arn.profile().name() == new.name => Ok(arn),
            _ => {
                let problem = "it does not name the profile that was asked for";
                Err(Error::Call(CallError::malformed(
                    call,
                    problem,
                    output.request_id(),
                )))
            }
        }
    }

    /// Cancels a profile, for which [`Profile::check_cancel`] was asked.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn cancel(&self, profile: &Profile) -> Result<(), Error> {
        let name = profile.profile().name();
        let call = self.call("signer:CancelSigningProfile", profile.profile().to_string());
        ask(&self.pace, HARMLESS, &call, || async {
            let answer = self
                .client
                .cancel_signing_profile()
                .profile_name(name)
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        })
        .await
        .map(drop)
    }

    /// Revokes a profile, for which [`Profile::check_revoke`] was asked.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn revoke(
        &self,
        profile: &Profile,
        effect: Effect,
        reason: &Reason,
    ) -> Result<(), Error> {
        let call = self.call("signer:RevokeSigningProfile", profile.profile().to_string());
        ask(&self.pace, HARMLESS, &call, || async {
            let request = self.client.revoke_signing_profile();
            let answer = request
                .profile_name(profile.profile().name())
                .profile_version(profile.arn.version())
                .reason(reason.as_str())
                .effective_time(DateTime::from_secs(effect.time().unix_timestamp()))
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call.clone(), &error))
        })
        .await
        .map(drop)
    }
}

fn says(error: &CallError, words: &str) -> bool {
    error.kind() == CallErrorKind::Invalid
        && error
            .message()
            .is_some_and(|message| message.contains(words))
}
