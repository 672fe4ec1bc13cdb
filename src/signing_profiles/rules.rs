//! AWS Signer's rules, held before a call: an answer that is known needs no question, and no quota.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::aws::{ArnError, Partition};
use crate::limits::{
    MAX_REVOCATION_REASON_CHARS, MAX_ROLE_CHARS, MAX_SIGNATURE_VALIDITY_DAYS,
    MAX_SIGNATURE_VALIDITY_MONTHS, MAX_SIGNATURE_VALIDITY_YEARS, MAX_STATEMENT_ID_CHARS,
};

/// What is wrong with a value, before AWS is asked.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleError {
    /// A name that no signing profile can have.
    #[error("`{0}` is not the name or the ARN of a signing profile")]
    ProfileName(String),
    /// An ARN that is not that of a signing profile.
    #[error("the signing profile cannot be used")]
    ProfileArn(#[source] ArnError),
    /// A text that no signing job has as its name.
    #[error("`{0}` is not the ID or the ARN of a signing job")]
    JobId(String),
    /// An ARN that is not that of a signing job.
    #[error("the signing job cannot be used")]
    JobArn(#[source] ArnError),
    /// An account that is not twelve digits.
    #[error("`{0}` is not an AWS account")]
    Account(String),
    /// An account beside an ARN that names another one.
    #[error("the account `{account}` is not the one in `{arn}`")]
    OtherAccount {
        /// The account.
        account: String,
        /// The ARN.
        arn: String,
    },
    /// A period of validity that cannot be read.
    #[error("`{0}` is not a period of validity")]
    Validity(String),
    /// A period of validity that AWS does not give.
    #[error("a validity of {0} is not between 1 day and {MAX_SIGNATURE_VALIDITY_MONTHS} months")]
    ValidityRange(String),
    /// A reason that AWS does not take.
    #[error("the reason has {0} characters, wanted 1 to {MAX_REVOCATION_REASON_CHARS}")]
    Reason(usize),
    /// A time that cannot be read.
    #[error("`{0}` is not a time")]
    Time(String),
    /// A revocation that would begin later than now.
    #[error("the effective time `{time}` is in the future, it is `{now}` now")]
    FutureTime {
        /// The time.
        time: String,
        /// Now.
        now: String,
    },
    /// Neither an account nor a role.
    #[error("`{0}` is not an AWS account or the ARN of an IAM role")]
    Principal(String),
    /// A role of a partition that knows nothing of the profile's.
    #[error("`{principal}` is of partition `{found}`, the signing profile of `{wanted}`")]
    PrincipalPartition {
        /// The role.
        principal: String,
        /// Its partition.
        found: String,
        /// The profile's partition.
        wanted: Partition,
    },
    /// An action that cannot be shared.
    #[error("`{0}` is not an action that another account can be permitted")]
    Action(String),
    /// A name that no statement can have.
    #[error("`{0}` is not the ID of a permission")]
    StatementId(String),
}

impl RuleError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::ProfileArn(source) | Self::JobArn(source) => return source.hint(),
            Self::ProfileName(_) => "a name has 2 to 64 letters, digits and `_`; an ARN is like \
                                     `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`"
                .to_owned(),
            Self::JobId(_) => "an ID is like `e218ee67-5dd3-4dc4-8caf-224898b12493`; `countersign inspect` shows the \
                               ARN of a signature's job as `com.amazonaws.signer.signingJob`"
                .to_owned(),
            Self::Account(_) => "an account has 12 digits".to_owned(),
            Self::OtherAccount { .. } => "omit the account; the one in the ARN is used".to_owned(),
            Self::Validity(_) | Self::ValidityRange(_) => format!(
                "a period is like `90days`, `12months` or `3years`; the longest is \
                 {MAX_SIGNATURE_VALIDITY_MONTHS} months, which AWS takes if none is named"
            ),
            Self::Reason(_) => "say why in a sentence; all callers that may read the profile or the job see it".to_owned(),
            Self::Time(_) => "a time is like `2026-06-01T12:00:00Z`".to_owned(),
            Self::FutureTime { .. } => "AWS Signer takes a time in the past; if it is, check this machine's clock".to_owned(),
            Self::Principal(_) => "an account has 12 digits; a role is like `arn:aws:iam::444455556666:role/ci`".to_owned(),
            Self::PrincipalPartition { .. } => "partitions share nothing; name a role of the signing profile's".to_owned(),
            Self::Action(_) => "allowed: `signer:SignPayload`, `signer:GetSigningProfile`, `signer:RevokeSignature`".to_owned(),
            Self::StatementId(_) => format!("an ID has 1 to {MAX_STATEMENT_ID_CHARS} letters, digits, `-` and `_`"),
        })
    }
}

/// The unit of a period of validity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValidityUnit {
    /// Days.
    Days,
    /// Months.
    Months,
    /// Years.
    Years,
}

/// How long a signature of a profile is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// How many of the unit.
    pub value: u32,
    /// The unit.
    pub unit: ValidityUnit,
}

impl Validity {
    /// What AWS gives where none is named, and the longest.
    pub const LONGEST: Self = Self {
        value: MAX_SIGNATURE_VALIDITY_MONTHS,
        unit: ValidityUnit::Months,
    };

    /// Parses `90days`, `12months` or `3years`, also in the singular.
    ///
    /// # Errors
    ///
    /// [`RuleError::Validity`], and [`RuleError::ValidityRange`] for one that AWS does not give.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let invalid = || RuleError::Validity(text.to_owned());
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(end).ok_or_else(invalid)?;
        let (unit, most) = match unit.trim_start() {
            "day" | "days" => (ValidityUnit::Days, MAX_SIGNATURE_VALIDITY_DAYS),
            "month" | "months" => (ValidityUnit::Months, MAX_SIGNATURE_VALIDITY_MONTHS),
            "year" | "years" => (ValidityUnit::Years, MAX_SIGNATURE_VALIDITY_YEARS),
            _ => return Err(invalid()),
        };
        if number.is_empty() {
            return Err(invalid());
        }
        match number.parse() {
            Ok(value) if (1..=most).contains(&value) => Ok(Self { value, unit }),
            _ => Err(RuleError::ValidityRange(text.to_owned())),
        }
    }
}

impl fmt::Display for Validity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            ValidityUnit::Days => "day",
            ValidityUnit::Months => "month",
            ValidityUnit::Years => "year",
        };
        let plural = if self.value == 1 { "" } else { "s" };
        write!(f, "{} {unit}{plural}", self.value)
    }
}

/// Why something is revoked, as AWS keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// A reason of 1 to 500 characters.
    ///
    /// # Errors
    ///
    /// [`RuleError::Reason`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let text = text.trim();
        match text.chars().count() {
            1..=MAX_REVOCATION_REASON_CHARS => Ok(Self(text.to_owned())),
            count => Err(RuleError::Reason(count)),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// From when on a revoked profile's signatures are not trusted: a whole second in the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect(OffsetDateTime);

impl Effect {
    /// Parses a time of RFC 3339, which must not be later than `now`. A part of a second is left out: the second
    /// that it is in is revoked whole.
    ///
    /// # Errors
    ///
    /// [`RuleError::Time`] and [`RuleError::FutureTime`].
    pub fn parse(text: &str, now: OffsetDateTime) -> Result<Self, RuleError> {
        let time = OffsetDateTime::parse(text, &Rfc3339).ok();
        let seconds = time.map(OffsetDateTime::unix_timestamp);
        let time = seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
        let time = time.ok_or_else(|| RuleError::Time(text.to_owned()))?;
        if time > now {
            return Err(RuleError::FutureTime {
                time: in_words(time),
                now: in_words(now),
            });
        }
        Ok(Self(time))
    }

    /// The time.
    pub const fn time(self) -> OffsetDateTime {
        self.0
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_words(self.0))
    }
}

/// A time to the second.
pub(super) fn in_words(time: OffsetDateTime) -> String {
    let time = time.replace_nanosecond(0).unwrap_or(time);
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

/// Twelve digits.
pub(super) fn account(text: &str) -> Result<String, RuleError> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err(RuleError::Account(text.to_owned()))
}

/// The account that a profile is shared with, or one role of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    text: String,
    account: String,
    partition: Option<String>,
    /// The role's name, without its path.
    role: Option<String>,
}

impl Principal {
    /// Parses an account or the ARN of a role.
    ///
    /// # Errors
    ///
    /// [`RuleError::Principal`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        if let Ok(account) = account(text) {
            return Ok(Self {
                text: text.to_owned(),
                account,
                partition: None,
                role: None,
            });
        }
        let invalid = || RuleError::Principal(text.to_owned());
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let ["arn", partition, "iam", "", of, resource] = *parts.as_slice() else {
            return Err(invalid());
        };
        let role = resource.strip_prefix("role/").ok_or_else(invalid)?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_/-".contains(&byte);
        let name = role.rsplit('/').next().unwrap_or_default();
        let account = account(of).map_err(|_| invalid())?;
        if name.is_empty()
            || text.len() > 2_048
            || !role.bytes().all(is_name)
            || Partition::from_name(partition).is_none()
        {
            return Err(invalid());
        }
        Ok(Self {
            text: text.to_owned(),
            account,
            partition: Some((*partition).to_owned()),
            role: Some(name.to_owned()),
        })
    }

    /// Checks that it can be permitted something in `partition`.
    ///
    /// # Errors
    ///
    /// [`RuleError::PrincipalPartition`].
    pub fn check(&self, partition: Partition) -> Result<(), RuleError> {
        match &self.partition {
            Some(found) if found != partition.as_str() => Err(RuleError::PrincipalPartition {
                principal: self.text.clone(),
                found: found.clone(),
                wanted: partition,
            }),
            _ => Ok(()),
        }
    }

    /// As AWS is told it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What can be part of a statement's ID.
    pub(super) fn short(&self) -> String {
        let role = self.role.as_deref().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let role: String = role.chars().take(MAX_ROLE_CHARS).map(plain).collect();
        let dash = if role.is_empty() { "" } else { "-" };
        format!("{}{dash}{role}", self.account)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The name of a permission in its profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementId(String);

impl StatementId {
    /// Parses one that can be part of a URL.
    ///
    /// # Errors
    ///
    /// [`RuleError::StatementId`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if (1..=MAX_STATEMENT_ID_CHARS).contains(&text.len()) && text.bytes().all(is_plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(RuleError::StatementId(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_validity_is_from_a_day_to_135_months() {
        for (text, shown) in [
            ("1day", "1 day"),
            ("90 days", "90 days"),
            ("4110days", "4110 days"),
            ("1month", "1 month"),
            ("135months", "135 months"),
            ("11years", "11 years"),
        ] {
            assert_eq!(Validity::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "0days",
            "4111days",
            "136months",
            "12years",
            "99999999999days",
        ] {
            let error = Validity::parse(text).unwrap_err();
            assert_eq!(error, RuleError::ValidityRange(text.to_owned()));
        }
        for text in [
            "", "12", "months", "-1days", "1.5years", "3m", "1 DAY", "1é",
        ] {
            let error = Validity::parse(text).unwrap_err();
            assert_eq!(error, RuleError::Validity(text.to_owned()));
        }
    }

    #[test]
    fn a_reason_has_1_to_500_characters() {
        assert_eq!(Reason::parse(" leaked\n").unwrap().as_str(), "leaked");
        assert!(Reason::parse(&"é".repeat(500)).is_ok());
        assert_eq!(Reason::parse(&"é".repeat(501)), Err(RuleError::Reason(501)));
        assert_eq!(Reason::parse("  "), Err(RuleError::Reason(0)));
    }

    #[test]
    fn a_revocation_begins_in_the_past() {
        let now = datetime!(2026-06-01 12:00 UTC);
        let parsed = Effect::parse("2026-06-01T14:00:00.9+02:00", now);
        assert_eq!(parsed.unwrap().to_string(), "2026-06-01T12:00:00Z");
        let later = Effect::parse("2026-06-01T12:00:01Z", now).unwrap_err();
        assert_eq!(
            later.to_string(),
            "the effective time `2026-06-01T12:00:01Z` is in the future, it is `2026-06-01T12:00:00Z` now"
        );
        for text in ["", "now", "2026-06-01", "1780315200"] {
            let error = Effect::parse(text, now).unwrap_err();
            assert_eq!(error, RuleError::Time(text.to_owned()));
        }
    }

    #[test]
    fn a_principal_is_an_account_or_a_role() {
        let role = "arn:aws:iam::444455556666:role/ci/build.er";
        for (text, account, short) in [
            ("444455556666", "444455556666", "444455556666"),
            (role, "444455556666", "444455556666-build-er"),
        ] {
            let principal = Principal::parse(text).unwrap();
            assert_eq!((principal.as_str(), principal.account()), (text, account));
            assert_eq!(principal.short(), short);
            assert_eq!(principal.check(Partition::Aws), Ok(()));
        }
        let principal = Principal::parse(role).unwrap();
        let error = principal.check(Partition::AwsUsGov).unwrap_err();
        assert!(matches!(error, RuleError::PrincipalPartition { .. }));
        for text in [
            "",
            "*",
            "44445555666",
            "arn:aws:iam::444455556666:user/x",
            "arn:aws:iam::444455556666:root",
            "arn:aws:iam::444455556666:role/",
            "arn:aws:iam::444455556666:role/*",
            "arn:aws-x:iam::444455556666:role/x",
            "arn:aws:sts::444455556666:assumed-role/x/y",
        ] {
            let error = Principal::parse(text).unwrap_err();
            assert_eq!(error, RuleError::Principal(text.to_owned()));
        }
    }

    #[test]
    fn a_statement_id_can_be_part_of_a_url() {
        assert!(StatementId::parse(&"a".repeat(MAX_STATEMENT_ID_CHARS)).is_ok());
        for text in [
            "",
            "a b",
            "a/b",
            "..",
            &"a".repeat(MAX_STATEMENT_ID_CHARS + 1),
        ] {
            let error = StatementId::parse(text).unwrap_err();
            assert_eq!(error, RuleError::StatementId(text.to_owned()));
        }
    }
}
