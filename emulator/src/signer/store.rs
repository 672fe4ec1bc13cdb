//! Profiles and jobs, as kept in `signer.json`.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, Month, OffsetDateTime};

use crate::{error::AwsError, faults::Tamper, partition::partition};

/// All accounts, all regions.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    /// By the profile's ARN.
    pub(crate) profiles: BTreeMap<String, Profile>,
    /// By the job's ARN.
    pub(crate) jobs: BTreeMap<String, Job>,
    /// Certificate hashes that tests declared revoked.
    #[serde(default)]
    pub(crate) revoked_certificate_hashes: Vec<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) platform_id: String,
    pub(crate) validity: Validity,
    #[serde(default)]
    pub(crate) certificate_arn: Option<String>,
    #[serde(default)]
    pub(crate) overrides: Option<Value>,
    #[serde(default)]
    pub(crate) signing_parameters: Option<Value>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) is_canceled: bool,
    pub(crate) revocation: Option<ProfileRevocation>,
    #[serde(default)]
    pub(crate) permissions: Vec<Permission>,
    /// Changes with every change of the permissions.
    pub(crate) revision_id: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ProfileRevocation {
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) effective_from: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) revoked_at: OffsetDateTime,
    pub(crate) revoked_by: String,
    pub(crate) reason: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Permission {
    pub(crate) statement_id: String,
    /// `signer:SignPayload`.
    pub(crate) action: String,
    /// An account, or the ARN of a role or user.
    pub(crate) principal: String,
    pub(crate) profile_version: Option<String>,
}

/// How long a profile's signatures are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validity {
    pub(crate) value: u16,
    #[serde(rename = "type")]
    pub(crate) unit: ValidityUnit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ValidityUnit {
    Days,
    Months,
    Years,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// The profile's account.
    pub(crate) owner: String,
    /// The caller's account.
    pub(crate) invoker: String,
    pub(crate) requested_by: String,
    pub(crate) region: String,
    pub(crate) profile_name: String,
    pub(crate) profile_version: String,
    pub(crate) platform_id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) expires_at: OffsetDateTime,
    pub(crate) revocation: Option<JobRevocation>,
    /// What an archive's job works on; a payload's job has ended when it is there.
    #[serde(default)]
    pub(crate) archive: Option<Archive>,
}

/// What `StartSigningJob` is told, and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Archive {
    pub(crate) source: Source,
    pub(crate) destination: Destination,
    /// `clientRequestToken`.
    pub(crate) token: String,
    /// What is wrong with the signed archive.
    #[serde(default)]
    pub(crate) tamper: Option<Tamper>,
    /// How often it was asked about before it ended.
    pub(crate) asked: u32,
    pub(crate) ended: Option<Ended>,
}

/// The object that is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) version: String,
}

/// Where the signed one is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Destination {
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

/// How a job ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ended {
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    /// `statusReason`.
    pub(crate) reason: String,
    /// The key of the signed object; `None` for a job that failed.
    pub(crate) signed_key: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct JobRevocation {
    pub(crate) reason: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) revoked_at: OffsetDateTime,
    pub(crate) revoked_by: String,
}

/// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME`
pub(crate) fn profile_arn(region: &str, account: &str, name: &str) -> String {
    format!(
        "arn:{}:signer:{region}:{account}:/signing-profiles/{name}",
        partition(region)
    )
}

/// `arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID`
pub(crate) fn job_arn(region: &str, account: &str, id: &str) -> String {
    format!(
        "arn:{}:signer:{region}:{account}:/signing-jobs/{id}",
        partition(region)
    )
}

/// A time as the service writes it: seconds since 1970.
pub(crate) fn timestamp(time: OffsetDateTime) -> Value {
    json!(time.unix_timestamp())
}

pub(crate) fn validation(message: impl Into<String>) -> AwsError {
    AwsError::client("ValidationException", message)
}

pub(crate) fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

impl Store {
    pub(crate) fn profile(
        &self,
        region: &str,
        account: &str,
        name: &str,
    ) -> Result<&Profile, AwsError> {
        let profile = self.profiles.get(&profile_arn(region, account, name));
        profile.ok_or_else(|| profile_not_found(name))
    }

    pub(crate) fn profile_mut(
        &mut self,
        region: &str,
        account: &str,
        name: &str,
    ) -> Result<&mut Profile, AwsError> {
        let profile = self.profiles.get_mut(&profile_arn(region, account, name));
        profile.ok_or_else(|| profile_not_found(name))
    }
}

fn profile_not_found(name: &str) -> AwsError {
    not_found(format!("Signing profile {name} not found"))
}

impl Profile {
    pub(crate) fn arn(&self) -> String {
        profile_arn(&self.region, &self.account, &self.name)
    }

    pub(crate) fn version_arn(&self) -> String {
        format!("{}/{}", self.arn(), self.version)
    }

    pub(crate) fn status(&self) -> &'static str {
        if self.revocation.is_some() {
            "Revoked"
        } else if self.is_canceled {
            "Canceled"
        } else {
            "Active"
        }
    }
}

impl Job {
    pub(crate) fn arn(&self) -> String {
        job_arn(&self.region, &self.owner, &self.id)
    }

    /// How an archive's job ended; nothing while it goes on, and for a payload's job.
    fn ended(&self) -> Option<&Ended> {
        self.archive.as_ref()?.ended.as_ref()
    }

    pub(crate) fn status(&self) -> &'static str {
        match (&self.archive, self.ended()) {
            (None, _) => "Succeeded",
            (Some(_), None) => "InProgress",
            (Some(_), Some(ended)) if ended.signed_key.is_some() => "Succeeded",
            (Some(_), Some(_)) => "Failed",
        }
    }

    pub(crate) fn status_reason(&self) -> Option<&str> {
        self.ended().map(|ended| ended.reason.as_str())
    }

    /// When it ended.
    pub(crate) fn completed_at(&self) -> Option<OffsetDateTime> {
        match self.archive {
            None => Some(self.created_at),
            Some(_) => self.ended().map(|ended| ended.at),
        }
    }

    /// The source as the API has it.
    pub(crate) fn source(&self) -> Option<Value> {
        let Source {
            bucket,
            key,
            version,
        } = &self.archive.as_ref()?.source;
        Some(json!({ "s3": { "bucketName": bucket, "key": key, "version": version } }))
    }

    /// The signed object as the API has it.
    pub(crate) fn signed_object(&self) -> Option<Value> {
        let bucket = &self.archive.as_ref()?.destination.bucket;
        let key = self.ended()?.signed_key.as_ref()?;
        Some(json!({ "s3": { "bucketName": bucket, "key": key } }))
    }

    pub(crate) fn profile_version_arn(&self) -> String {
        let profile = profile_arn(&self.region, &self.owner, &self.profile_name);
        format!("{profile}/{}", self.profile_version)
    }
}

impl Validity {
    /// AWS's default, and its maximum.
    pub(crate) const MAX: Self = Self {
        value: 135,
        unit: ValidityUnit::Months,
    };

    /// Whether this is at least a day and at most 135 months.
    pub(crate) fn is_allowed(self) -> bool {
        let max = match self.unit {
            ValidityUnit::Days => 4_110,
            ValidityUnit::Months => 135,
            ValidityUnit::Years => 11,
        };
        (1..=max).contains(&self.value)
    }

    /// When a signature made at `start` ends. Months are calendar months; the 31st becomes the month's last day.
    pub(crate) fn end(self, start: OffsetDateTime) -> OffsetDateTime {
        match self.unit {
            ValidityUnit::Days => start + Duration::days(i64::from(self.value)),
            ValidityUnit::Months => add_months(start, self.value),
            ValidityUnit::Years => add_months(start, self.value.saturating_mul(12)),
        }
    }
}

fn add_months(start: OffsetDateTime, months: u16) -> OffsetDateTime {
    let index = i32::from(u8::from(start.month())) - 1 + i32::from(months);
    let year = start.year() + index / 12;
    let month = u8::try_from(index % 12 + 1)
        .ok()
        .and_then(|month| Month::try_from(month).ok())
        .unwrap_or(Month::January);
    let day = start.day().min(month.length(year));
    time::Date::from_calendar_date(year, month, day).map_or(start, |date| start.replace_date(date))
}

/// Checks that a profile signs now, and that `operation` is of its platform.
pub(super) fn check_profile(
    profile: &Profile,
    platform: &str,
    operation: &str,
) -> Result<(), AwsError> {
    if profile.platform_id != platform {
        return Err(validation(format!(
            "Platform {} is not supported for {operation}",
            profile.platform_id
        )));
    }
    match profile.status() {
        "Active" => Ok(()),
        status => Err(validation(format!(
            "Signing profile {} is not active: its status is {status}",
            profile.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn validity_as_aws_s_signatures_show_it() {
        // Both from AWS: a profile of three years and one of the default 135 months.
        let years = Validity {
            value: 3,
            unit: ValidityUnit::Years,
        };
        assert_eq!(
            years.end(datetime!(2023-12-06 01:20:03 UTC)),
            datetime!(2026-12-06 01:20:03 UTC)
        );
        assert_eq!(
            Validity::MAX.end(datetime!(2023-07-18 10:51:39 UTC)),
            datetime!(2034-10-18 10:51:39 UTC)
        );
    }

    #[test]
    fn a_month_that_is_shorter() {
        let month = Validity {
            value: 1,
            unit: ValidityUnit::Months,
        };
        assert_eq!(
            month.end(datetime!(2024-01-31 12:00 UTC)),
            datetime!(2024-02-29 12:00 UTC)
        );
        assert_eq!(
            month.end(datetime!(2023-12-31 12:00 UTC)),
            datetime!(2024-01-31 12:00 UTC)
        );
    }

    #[test]
    fn the_limits_of_a_validity() {
        for (unit, max) in [
            (ValidityUnit::Days, 4_110),
            (ValidityUnit::Months, 135),
            (ValidityUnit::Years, 11),
        ] {
            assert!(Validity { value: 1, unit }.is_allowed());
            assert!(Validity { value: max, unit }.is_allowed());
            assert!(
                !Validity {
                    value: max + 1,
                    unit
                }
                .is_allowed()
            );
            assert!(!Validity { value: 0, unit }.is_allowed());
        }
    }
}
