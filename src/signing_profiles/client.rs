//! The calls. Whatever changes something is given a record that was looked at first, so that AWS's rules are known
//! before.

use std::fmt::Display;

use aws_sdk_signer::Client;
use aws_sdk_signer::config::retry::RetryConfig;
use aws_sdk_signer::operation::RequestId as _;
use aws_sdk_signer::types::{SignatureValidityPeriod, SigningProfileStatus, ValidityType};
use aws_smithy_types::DateTime;

use super::PLATFORM_ID;
use super::calls::{Repeat, insist};
use super::error::Error;
use super::job::{Job, JobList};
use super::names::{JobId, ProfileId, resource};
use super::permission::{Permission, Permissions, SharedAction};
use super::profile::{NewProfile, Profile, ProfileList, Status};
use super::rules::{Effect, Principal, Reason, StatementId, ValidityUnit, in_words};
use crate::aws::{
    Aws, Call, CallError, CallErrorKind, Location, RateLimit,
    SigningProfileVersionArn,
};
use crate::limits::{MAX_SIGNER_PAGES, SIGNER_LISTS_PER_SECOND};

/// AWS Signer in one region, as its administrator uses it.
#[derive(Debug)]
pub struct SigningProfiles {
    client: Client,
    region: String,
    lists: RateLimit,
}

/// Whether there is anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is still to be done.
    Needed,
    /// It is as it was asked for.
    Already,
}

impl SigningProfiles {
    /// AWS Signer where `what` is: in the region of its ARN, else in the one that is set or that AWS's own rules find.
    ///
    /// # Errors
    ///
    /// [`Error::OtherRegion`], [`Error::NoRegion`] and [`Error::Settings`].
    pub async fn connect(
        aws: &Aws,
        what: &dyn Display,
        location: Option<&Location>,
    ) -> Result<Self, Error> {
        let region = match location {
            Some(location) => {
                let choice = aws.region_for(&what.to_string(), location);
                let choice = choice.map_err(Error::Settings)?;
                if let Some(wanted) = choice.conflicts_with {
                    return Err(Error::OtherRegion {
                        arn: what.to_string(),
                        wanted,
                        set: choice.region,
                    });
                }
                choice.region
            }
            None => aws
                .default_region()
                .await
                .ok_or_else(|| Error::NoRegion(what.to_string()))?,
        };
        let client = aws.signer(&region).await.map_err(Error::Settings)?;
        // Attempts are counted here.
        let config = client.config().to_builder();
        let config = config.retry_config(RetryConfig::disabled()).build();
        Ok(Self {
            client: Client::from_conf(config),
            region,
            lists: RateLimit::new(SIGNER_LISTS_PER_SECOND),
        })
    }

    /// The region that is asked.
    pub fn region(&self) -> &str {
        &self.region
    }

    fn call(&self, action: &'static str, resource: String) -> Call {
        Call {
            action,
            resource,
            region: self.region.clone(),
        }
    }

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
        let call = || self.call("signer:GetSigningProfile", id.resource(&self.region));
        let asked = insist(Repeat::Harmless, || async {
            let request = self.client.get_signing_profile();
            let request = request.profile_name(id.name());
            let answer = request.set_profile_owner(owner.map(str::to_owned)).send();
            let answer = answer.await;
            answer.map_err(|error| CallError::from_sdk(call(), &error))
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
            Error::Call(CallError::malformed(call(), problem, output.request_id()))
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
        let call = || self.call("signer:ListSigningProfiles", resource(&self.region, None, path));
        let mut pages = Pages::default();
        let mut profiles = Vec::new();
        while let Some(token) = pages.next() {
            let output = insist(Repeat::Harmless, || async {
                self.lists.pass().await;
                let request = self.client.list_signing_profiles();
                let request = request.platform_id(PLATFORM_ID).set_next_token(token.clone());
                let request = if all {
                    request
                        .statuses(SigningProfileStatus::Active)
                        .statuses(SigningProfileStatus::Canceled)
                        .statuses(SigningProfileStatus::Revoked)
                } else {
                    request.statuses(SigningProfileStatus::Active)
                };
                let answer = request.send().await;
                answer.map_err(|error| CallError::from_sdk(call(), &error))
            })
            .await?;
            let malformed = |problem: String| {
                Error::Call(CallError::malformed(call(), problem, output.request_id()))
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
        let call = || self.call("signer:PutSigningProfile", resource(&self.region, None, &path));
        let unit = match new.validity.unit {
            ValidityUnit::Days => ValidityType::Days,
            ValidityUnit::Months => ValidityType::Months,
            ValidityUnit::Years => ValidityType::Years,
        };
        let value = i32::try_from(new.validity.value).unwrap_or(i32::MAX);
        let period = SignatureValidityPeriod::builder().value(value).r#type(unit).build();
        let put = insist(Repeat::Harmful, || async {
            let request = self.client.put_signing_profile().profile_name(&new.name);
            let request = request.platform_id(PLATFORM_ID);
            let answer = request.signature_validity_period(period.clone()).send().await;
            answer.map_err(|error| CallError::from_sdk(call(), &error))
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
                Err(Error::Call(CallError::malformed(call(), problem, output.request_id())))
            }
        }
    }

    /// Cancels a profile, for which [`Self::check_cancel`] was asked.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn cancel(&self, profile: &Profile) -> Result<(), Error> {
        let name = profile.profile().name();
        let call = || self.call("signer:CancelSigningProfile", profile.profile().to_string());
        insist(Repeat::Harmless, || async {
            let answer = self.client.cancel_signing_profile().profile_name(name).send().await;
            answer.map_err(|error| CallError::from_sdk(call(), &error))
        })
        .await
        .map(drop)
    }

    /// Whether a profile can be canceled.
    ///
    /// # Errors
    ///
    /// [`Error::Revoked`].
    pub fn check_cancel(profile: &Profile) -> Result<Written, Error> {
        match profile.status {
            Status::Canceled => Ok(Written::Already),
            Status::Revoked => Err(Error::Revoked(profile.profile().to_string())),
            _ => Ok(Written::Needed),
        }
    }

    /// Revokes a profile, for which [`Self::check_revoke`] was asked.
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
        let call = || self.call("signer:RevokeSigningProfile", profile.profile().to_string());
        insist(Repeat::Harmless, || async {
            let request = self.client.revoke_signing_profile();
            let answer = request
                .profile_name(profile.profile().name())
                .profile_version(profile.arn.version())
                .reason(reason.as_str())
                .effective_time(DateTime::from_secs(effect.time().unix_timestamp()))
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call(), &error))
        })
        .await
        .map(drop)
    }

    /// Whether a profile can be revoked from this time on.
    ///
    /// # Errors
    ///
    /// [`Error::Later`].
    pub fn check_revoke(profile: &Profile, effect: Effect) -> Result<Written, Error> {
        match profile.revoked_from() {
            Some(before) if before == effect.time() => Ok(Written::Already),
            Some(before) if before < effect.time() => Err(Error::Later {
                profile: profile.profile().to_string(),
                before: in_words(before),
                wanted: effect.to_string(),
            }),
            _ => Ok(Written::Needed),
        }
    }

    /// What other accounts may do with a profile of the caller's account.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn permissions(&self, profile: &Profile) -> Result<Permissions, Error> {
        let call = || self.call("signer:ListProfilePermissions", profile.profile().to_string());
        let mut pages = Pages::default();
        let mut permissions = Permissions::default();
        while let Some(token) = pages.next() {
            let asked = insist(Repeat::Harmless, || async {
                self.lists.pass().await;
                let request = self.client.list_profile_permissions();
                let request = request.profile_name(profile.profile().name());
                let answer = request.set_next_token(token.clone()).send().await;
                answer.map_err(|error| CallError::from_sdk(call(), &error))
            });
            let output = match asked.await {
                Ok(output) => output,
                // The profile was found, so it is the policy that does not exist.
                Err(Error::Call(error)) if error.kind() == CallErrorKind::NotFound => break,
                Err(error) => return Err(error),
            };
            permissions.revision = output.revision_id().map(str::to_owned);
            permissions.statements.extend(output.permissions().iter().map(Permission::read));
            let malformed = |problem| {
                Error::Call(CallError::malformed(call(), problem, output.request_id()))
            };
            pages.turn(output.next_token()).map_err(malformed)?;
        }
        if pages.is_complete() {
            Ok(permissions)
        } else {
            let problem = "it has more permissions than a policy can have";
            Err(Error::Call(CallError::malformed(call(), problem, None)))
        }
    }

    /// Whether `action` can be shared with `principal` under the name `id`.
    ///
    /// # Errors
    ///
    /// [`Error::Rule`], [`Error::OtherPlatform`], [`Error::NotActive`] and [`Error::StatementTaken`].
    pub fn check_grant(
        profile: &Profile,
        permissions: &Permissions,
        principal: &Principal,
        action: SharedAction,
        id: &StatementId,
    ) -> Result<Written, Error> {
        principal.check(profile.profile().location().partition())?;
        if permissions.allowing(principal, action).is_some() {
            return Ok(Written::Already);
        }
        if !profile.is_for_images() {
            return Err(Error::OtherPlatform {
                profile: profile.profile().to_string(),
                platform: profile.platform.clone(),
            });
        }
        if profile.status != Status::Active && action == SharedAction::SignPayload {
            return Err(Error::NotActive {
                profile: profile.profile().to_string(),
                status: profile.status.as_str().to_owned(),
            });
        }
        match permissions.find(id) {
            Some(other) => Err(Error::StatementTaken {
                id: id.as_str().to_owned(),
                principal: other.principal.clone(),
                action: other.action.clone(),
            }),
            None => Ok(Written::Needed),
        }
    }

    /// Shares `action` with `principal`, for which [`Self::check_grant`] was asked about the same `permissions`.
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
        let call = || self.call("signer:AddProfilePermission", profile.profile().to_string());
        insist(Repeat::Harmful, || async {
            let request = self.client.add_profile_permission();
            let answer = request
                .profile_name(profile.profile().name())
                .action(action.as_str())
                .principal(principal.as_str())
                .statement_id(id.as_str())
                .set_revision_id(permissions.revision.clone())
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call(), &error))
        })
        .await
        .map(drop)
        .map_err(|error| changed(profile, error))
    }

    /// The permission `id`.
    ///
    /// # Errors
    ///
    /// [`Error::NoStatement`].
    pub fn check_revoke_grant<'a>(
        profile: &Profile,
        permissions: &'a Permissions,
        id: &StatementId,
    ) -> Result<&'a Permission, Error> {
        permissions.find(id).ok_or_else(|| Error::NoStatement {
            profile: profile.profile().to_string(),
            id: id.as_str().to_owned(),
            known: permissions
                .statements
                .iter()
                .map(|permission| format!("`{}`", permission.statement_id))
                .collect(),
        })
    }

    /// Ends the permission `id`, which [`Self::check_revoke_grant`] found in the same `permissions`.
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
        let call = || self.call("signer:RemoveProfilePermission", profile.profile().to_string());
        insist(Repeat::Harmful, || async {
            let request = self.client.remove_profile_permission();
            let answer = request
                .profile_name(profile.profile().name())
                .statement_id(id.as_str())
                .revision_id(permissions.revision.clone().unwrap_or_default())
                .send()
                .await;
            answer.map_err(|error| CallError::from_sdk(call(), &error))
        })
        .await
        .map(drop)
        .map_err(|error| changed(profile, error))
    }

    /// What AWS says of a job to its owner, and to the account that asked for it.
    ///
    /// # Errors
    ///
    /// [`Error::NoJob`], [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn job(&self, id: &JobId) -> Result<Job, Error> {
        let call = || self.call("signer:DescribeSigningJob", id.resource(&self.region));
        let asked = insist(Repeat::Harmless, || async {
            self.lists.pass().await;
            let answer = self.client.describe_signing_job().job_id(id.id()).send().await;
            answer.map_err(|error| CallError::from_sdk(call(), &error))
        });
        let output = asked.await.map_err(|error| match error {
            Error::Call(source) if source.kind() == CallErrorKind::NotFound => Error::NoJob {
                job: id.to_string(),
                region: self.region.clone(),
                source: Box::new(source),
            },
            error => error,
        })?;
        let malformed = |problem: String| {
            Error::Call(CallError::malformed(call(), problem, output.request_id()))
        };
        let job = Job::read(&output, id.id(), &self.region).map_err(malformed)?;
        match id.owner() {
            Some(owner) if owner != job.owner => Err(malformed(format!("it is about `{}`", job.arn))),
            _ => Ok(job),
        }
    }

    /// The newest `most` jobs of a profile in the caller's account, with who asked for each.
    ///
    /// # Errors
    ///
    /// [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn jobs(&self, profile: &Profile, most: usize) -> Result<JobList, Error> {
        let path = "/signing-jobs/*";
        let account = profile.profile().location().account();
        let resource = resource(&self.region, Some(account), path);
        let call = || self.call("signer:ListSigningJobs", resource.clone());
        let mut pages = Pages::default();
        let mut jobs: Vec<Job> = Vec::new();
        while let Some(token) = pages.next() {
            let output = insist(Repeat::Harmless, || async {
                self.lists.pass().await;
                let request = self.client.list_signing_jobs().platform_id(&profile.platform);
                let answer = request.set_next_token(token.clone()).send().await;
                answer.map_err(|error| CallError::from_sdk(call(), &error))
            })
            .await?;
            let malformed = |problem: String| {
                Error::Call(CallError::malformed(call(), problem, output.request_id()))
            };
            for row in output.jobs() {
                if row.profile_name() == Some(profile.profile().name()) {
                    jobs.push(Job::read_row(row, &self.region).map_err(malformed)?);
                }
            }
            pages.turn(output.next_token()).map_err(malformed)?;
        }
        let all = jobs.len();
        jobs.sort_by_key(|job| std::cmp::Reverse(job.created_at));
        jobs.truncate(most);
        // A list does not say who asked.
        for job in &mut jobs {
            if let Ok(id) = JobId::parse(&job.arn.to_string()) {
                *job = self.job(&id).await?;
            }
        }
        Ok(JobList {
            jobs,
            all,
            is_complete: pages.is_complete(),
        })
    }

    /// Revokes the signature of a job, also of another account's.
    ///
    /// # Errors
    ///
    /// [`Error::NoJob`], [`Error::Call`] and [`Error::OutOfTime`].
    pub async fn revoke_signature(&self, id: &JobId, reason: &Reason) -> Result<(), Error> {
        let call = || self.call("signer:RevokeSignature", id.resource(&self.region));
        let asked = insist(Repeat::Harmless, || async {
            let request = self.client.revoke_signature().job_id(id.id());
            let request = request.set_job_owner(id.owner().map(str::to_owned));
            let answer = request.reason(reason.as_str()).send().await;
            answer.map_err(|error| CallError::from_sdk(call(), &error))
        });
        asked.await.map(drop).map_err(|error| match error {
            Error::Call(source) if source.kind() == CallErrorKind::NotFound => Error::NoJob {
                job: id.to_string(),
                region: self.region.clone(),
                source: Box::new(source),
            },
            error => error,
        })
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

fn says(error: &CallError, words: &str) -> bool {
    error.kind() == CallErrorKind::Invalid
        && error.message().is_some_and(|message| message.contains(words))
}

/// The pages of a list, of which there is an end.
#[derive(Debug, Default)]
struct Pages {
    read: usize,
    /// The token of the next page; `None` inside for the first.
    next: Option<Option<String>>,
    is_over: bool,
}

impl Pages {
    /// The token of the next page, if there is one that is read.
    fn next(&self) -> Option<Option<String>> {
        if self.is_over || self.read >= MAX_SIGNER_PAGES {
            return None;
        }
        Some(self.next.clone().unwrap_or_default())
    }

    /// Goes on to the page that `token` names.
    fn turn(&mut self, token: Option<&str>) -> Result<(), String> {
        self.read += 1;
        let token = token.filter(|token| !token.is_empty()).map(str::to_owned);
        if token.is_some() && self.next.as_ref() == Some(&token) {
            return Err("its next page is the same one".to_owned());
        }
        self.is_over = token.is_none();
        self.next = Some(token);
        Ok(())
    }

    /// Whether the last page was read, or there was nothing behind the one that was.
    fn is_complete(&self) -> bool {
        self.is_over || self.read < MAX_SIGNER_PAGES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_end() {
        let mut pages = Pages::default();
        assert_eq!(pages.next(), Some(None));
        pages.turn(Some("a")).unwrap();
        assert_eq!(pages.next(), Some(Some("a".to_owned())));
        assert_eq!(pages.turn(Some("a")).unwrap_err(), "its next page is the same one");
        pages.turn(None).unwrap();
        assert_eq!(pages.next(), None);
        assert!(pages.is_complete());
        let mut pages = Pages::default();
        for number in 0..MAX_SIGNER_PAGES {
            assert!(pages.next().is_some());
            pages.turn(Some(&number.to_string())).unwrap();
        }
        assert_eq!(pages.next(), None);
        assert!(!pages.is_complete());
    }
}
