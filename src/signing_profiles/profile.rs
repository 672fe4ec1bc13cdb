//! A signing profile as AWS Signer describes it.

use aws_sdk_signer::operation::get_signing_profile::GetSigningProfileOutput;
use aws_sdk_signer::types::{
    SignatureValidityPeriod, SigningProfile as Row, SigningProfileStatus, ValidityType,
};
use aws_smithy_types::DateTime;
use time::OffsetDateTime;

use super::PLATFORM_ID;
use super::rules::{Validity, ValidityUnit};
use crate::aws::{SigningProfileArn, SigningProfileVersionArn};

/// Where a signing profile is in its life. There is no way back from any of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It signs.
    Active,
    /// It signs no more; its signatures stay valid.
    Canceled,
    /// It signs no more; its signatures from a time on are not trusted.
    Revoked,
    /// Something that AWS has added since.
    Other(String),
}

impl Status {
    /// AWS's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Active => "Active",
            Self::Canceled => "Canceled",
            Self::Revoked => "Revoked",
            Self::Other(status) => status,
        }
    }

    fn of(status: Option<&SigningProfileStatus>) -> Self {
        match status.map(SigningProfileStatus::as_str) {
            Some("Active") => Self::Active,
            Some("Canceled") => Self::Canceled,
            Some("Revoked") => Self::Revoked,
            other => Self::Other(other.unwrap_or("unknown").to_owned()),
        }
    }
}

/// Who revoked a profile, and from when on that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRevocation {
    /// Signatures made from then on are not trusted.
    pub effective_from: Option<OffsetDateTime>,
    /// When it was revoked.
    pub at: Option<OffsetDateTime>,
    /// The IAM identity that revoked it.
    pub by: Option<String>,
}

/// A signing profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its ARN, with its version.
    pub arn: SigningProfileVersionArn,
    /// The signing platform.
    pub platform: String,
    /// Its status.
    pub status: Status,
    /// What AWS says about the status.
    pub status_reason: Option<String>,
    /// How long its signatures are valid.
    pub validity: Option<Validity>,
    /// Who revoked it.
    pub revocation: Option<ProfileRevocation>,
}

impl Profile {
    /// Its ARN without its version.
    pub fn profile(&self) -> &SigningProfileArn {
        self.arn.profile()
    }

    /// Whether it signs container images.
    pub fn is_for_images(&self) -> bool {
        self.platform == PLATFORM_ID
    }

    /// From when on its signatures are not trusted.
    pub fn revoked_from(&self) -> Option<OffsetDateTime> {
        self.revocation.as_ref()?.effective_from
    }

    /// What AWS answered, or what is wrong with the answer.
    pub(super) fn read(output: &GetSigningProfileOutput) -> Result<Self, String> {
        let revocation = output.revocation_record().map(|record| ProfileRevocation {
            effective_from: time_of(record.revocation_effective_from()),
            at: time_of(record.revoked_at()),
            by: record.revoked_by().map(str::to_owned),
        });
        Ok(Self {
            arn: version_arn(output.profile_version_arn())?,
            platform: output.platform_id().unwrap_or("unknown").to_owned(),
            status: Status::of(output.status()),
            status_reason: output.status_reason().map(str::to_owned),
            validity: output.signature_validity_period().and_then(validity_of),
            revocation,
        })
    }

    /// The same for a row of a list.
    pub(super) fn read_row(row: &Row) -> Result<Self, String> {
        Ok(Self {
            arn: version_arn(row.profile_version_arn())?,
            platform: row.platform_id().unwrap_or("unknown").to_owned(),
            status: Status::of(row.status()),
            status_reason: None,
            validity: row.signature_validity_period().and_then(validity_of),
            revocation: None,
        })
    }
}

/// A signing profile to create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// Its name.
    pub name: String,
    /// How long its signatures are to be valid.
    pub validity: Validity,
}

/// The signing profiles of an account in a region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileList {
    /// The profiles, in AWS's order.
    pub profiles: Vec<Profile>,
    /// Whether these are all: not so where there are more than are read.
    pub is_complete: bool,
}

fn version_arn(text: Option<&str>) -> Result<SigningProfileVersionArn, String> {
    SigningProfileVersionArn::parse(text.unwrap_or_default())
        .map_err(|error| format!("its profile version is unusable: {error}"))
}

fn validity_of(period: &SignatureValidityPeriod) -> Option<Validity> {
    let unit = match period.r#type().map(ValidityType::as_str) {
        Some("DAYS") => ValidityUnit::Days,
        Some("MONTHS") => ValidityUnit::Months,
        Some("YEARS") => ValidityUnit::Years,
        _ => return None,
    };
    let value = u32::try_from(period.value()).ok()?;
    Some(Validity { value, unit })
}

/// A time of AWS's, if it is one.
pub(super) fn time_of(time: Option<&DateTime>) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(time?.secs()).ok()
}
