//! What a person calls a signing profile or a signing job: its name in the caller's account, or its ARN.

use std::fmt;

use super::rules::{self, RuleError};
use crate::aws::{
    Location, Partition, SignerArn, SigningJobArn, SigningProfileArn, is_profile_name,
};

/// A signing profile by its name in the caller's account and region, or by its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileId {
    name: String,
    arn: Option<SigningProfileArn>,
    version: Option<String>,
    owner: Option<String>,
}

impl ProfileId {
    /// Parses a name, or the ARN of a profile or of a profile version.
    ///
    /// # Errors
    ///
    /// [`RuleError::ProfileName`] and [`RuleError::ProfileArn`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        if !text.starts_with("arn:") {
            if !is_profile_name(text) {
                return Err(RuleError::ProfileName(text.to_owned()));
            }
            return Ok(Self {
                name: text.to_owned(),
                arn: None,
                version: None,
                owner: None,
            });
        }
        let (arn, version) = match SignerArn::parse(text) {
            Ok(SignerArn::ProfileVersion(arn)) => {
                (arn.profile().clone(), Some(arn.version().to_owned()))
            }
            _ => (
                SigningProfileArn::parse(text).map_err(RuleError::ProfileArn)?,
                None,
            ),
        };
        Ok(Self {
            name: arn.name().to_owned(),
            owner: Some(arn.location().account().to_owned()),
            arn: Some(arn),
            version,
        })
    }

    /// The same in this account.
    ///
    /// # Errors
    ///
    /// [`RuleError::Account`], and [`RuleError::OtherAccount`] beside an ARN with another one.
    pub fn owned_by(self, account: Option<&str>) -> Result<Self, RuleError> {
        let Some(account) = account else {
            return Ok(self);
        };
        let named = self.arn.as_ref();
        let named = named.map(|arn| (arn.location().account(), arn));
        let owner = Some(owner(account, named)?);
        Ok(Self { owner, ..self })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ARN, where it was named by that.
    pub fn arn(&self) -> Option<&SigningProfileArn> {
        self.arn.as_ref()
    }

    /// The version, where one was named.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The account that owns it, where one was named.
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Where it lives, where it was named by its ARN.
    pub fn location(&self) -> Option<&Location> {
        self.arn.as_ref().map(SigningProfileArn::location)
    }

    /// What an IAM policy calls it in `region`; `*` stands for an account that is not known.
    pub(super) fn resource(&self, region: &str) -> String {
        resource(
            region,
            self.owner(),
            &format!("/signing-profiles/{}", self.name),
        )
    }
}

impl fmt::Display for ProfileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.arn {
            Some(arn) => arn.fmt(f),
            None => f.write_str(&self.name),
        }
    }
}

/// A signing job by its ID in the caller's account and region, or by its ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobId {
    id: String,
    arn: Option<SigningJobArn>,
    owner: Option<String>,
}

impl JobId {
    /// Parses an ID or an ARN.
    ///
    /// # Errors
    ///
    /// [`RuleError::JobId`] and [`RuleError::JobArn`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        if text.starts_with("arn:") {
            let arn = SigningJobArn::parse(text).map_err(RuleError::JobArn)?;
            return Ok(Self {
                id: arn.id().to_owned(),
                owner: Some(arn.location().account().to_owned()),
                arn: Some(arn),
            });
        }
        let is_id = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
        if text.len() == 36 && text.bytes().all(is_id) {
            return Ok(Self {
                id: text.to_owned(),
                arn: None,
                owner: None,
            });
        }
        Err(RuleError::JobId(text.to_owned()))
    }

    /// The same of this account.
    ///
    /// # Errors
    ///
    /// [`RuleError::Account`], and [`RuleError::OtherAccount`] beside an ARN with another one.
    pub fn owned_by(self, account: Option<&str>) -> Result<Self, RuleError> {
        let Some(account) = account else {
            return Ok(self);
        };
        let named = self.arn.as_ref();
        let named = named.map(|arn| (arn.location().account(), arn));
        let owner = Some(owner(account, named)?);
        Ok(Self { owner, ..self })
    }

    /// The ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The account that owns it, where one was named.
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// Where it lives, where it was named by its ARN.
    pub fn location(&self) -> Option<&Location> {
        self.arn.as_ref().map(SigningJobArn::location)
    }

    /// What an IAM policy calls it in `region`; `*` stands for an account that is not known.
    pub(super) fn resource(&self, region: &str) -> String {
        resource(region, self.owner(), &format!("/signing-jobs/{}", self.id))
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.arn {
            Some(arn) => arn.fmt(f),
            None => f.write_str(&self.id),
        }
    }
}

/// The ARN of `resource` in `region`, with `*` for an account that is not known.
pub(super) fn resource(region: &str, account: Option<&str>, resource: &str) -> String {
    let partition = Partition::of_region(region);
    let account = account.unwrap_or("*");
    format!("arn:{partition}:signer:{region}:{account}:{resource}")
}

/// The owner that `account` is; an ARN that was given must be of the same account.
fn owner<A: fmt::Display>(account: &str, arn: Option<(&str, &A)>) -> Result<String, RuleError> {
    let account = rules::account(account)?;
    match arn {
        Some((found, arn)) if found != account => Err(RuleError::OtherAccount {
            account,
            arn: arn.to_string(),
        }),
        _ => Ok(account),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";
    const JOB: &str = "e218ee67-5dd3-4dc4-8caf-224898b12493";

    #[test]
    fn a_profile_is_named_by_name_arn_or_version() {
        let id = ProfileId::parse("Images").unwrap();
        assert_eq!((id.name(), id.owner()), ("Images", None));
        assert_eq!(
            id.resource("us-gov-west-1"),
            "arn:aws-us-gov:signer:us-gov-west-1:*:/signing-profiles/Images"
        );
        let id = ProfileId::parse(&format!("{PROFILE}/OF8IVUsPJq")).unwrap();
        assert_eq!(id.version(), Some("OF8IVUsPJq"));
        assert_eq!(id.to_string(), PROFILE);
        assert_eq!(id.resource("us-west-2"), PROFILE);
        for text in ["", "x", "a-b", "a/b", "a.b", &"a".repeat(65)] {
            let error = ProfileId::parse(text).unwrap_err();
            assert_eq!(error, RuleError::ProfileName(text.to_owned()));
        }
        let error =
            ProfileId::parse("arn:aws:signer:us-west-2:111122223333:/signing-profile/Images");
        let hint = error.unwrap_err().hint().unwrap();
        assert_eq!(hint, format!("did you mean `{PROFILE}`?"));
    }

    #[test]
    fn an_account_beside_an_arn_is_the_arns() {
        let id = || ProfileId::parse(PROFILE).unwrap();
        assert_eq!(id().owned_by(Some("111122223333")), Ok(id()));
        assert!(matches!(
            id().owned_by(Some("444455556666")),
            Err(RuleError::OtherAccount { .. })
        ));
        let of_other = ProfileId::parse("Images")
            .unwrap()
            .owned_by(Some("444455556666"));
        assert_eq!(of_other.unwrap().owner(), Some("444455556666"));
        let not_one = ProfileId::parse("Images").unwrap().owned_by(Some("4444"));
        assert_eq!(not_one, Err(RuleError::Account("4444".to_owned())));
    }

    #[test]
    fn a_job_is_named_by_id_or_arn() {
        let arn = format!("arn:aws:signer:us-west-2:111122223333:/signing-jobs/{JOB}");
        for text in [JOB, &arn] {
            let id = JobId::parse(text).unwrap();
            assert_eq!((id.id(), id.to_string().as_str()), (JOB, text));
        }
        for text in ["", "x", "../x", JOB.trim_start_matches('e')] {
            let error = JobId::parse(text).unwrap_err();
            assert_eq!(error, RuleError::JobId(text.to_owned()));
        }
        assert!(matches!(JobId::parse(PROFILE), Err(RuleError::JobArn(_))));
    }
}
