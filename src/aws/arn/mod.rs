//! Amazon Resource Names: AWS Signer's signing profiles, their versions, signing jobs and aliases, and
//! the names of keys of AWS KMS.
//!
//! Input is text from a command line, a trust policy or a signature; output is a typed name or a
//! sentence that says which part is wrong. Nothing here asks AWS whether the thing exists.

mod error;
mod kms_key;
mod signing_profile;
mod syntax;

use std::fmt;

use crate::partition::Partition;

pub use error::{ArnError, ArnService};
pub use kms_key::{KmsKeyId, KmsKeyIdError};
pub use signing_profile::SigningProfile;
pub(crate) use syntax::is_account;
pub(crate) use syntax::is_profile_name;
use syntax::{is_alphanumeric, is_plain, suggest};
pub(super) use syntax::{is_region, parse_location};

const WANTED_PROFILE: &str = "`/signing-profiles/NAME`";
const WANTED_PROFILE_VERSION: &str = "`/signing-profiles/NAME/VERSION`";
const WANTED_JOB: &str = "`/signing-jobs/ID`";
const WANTED_ALIAS: &str = "`/aliases/NAME`";
const WANTED_ANY: &str = "`/signing-profiles/NAME`, `/signing-profiles/NAME/VERSION`, `/signing-jobs/ID` or `/aliases/NAME`";

/// Where a resource lives: partition, region, account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    service: ArnService,
    partition: Partition,
    region: String,
    account: String,
}

impl Location {
    /// The partition, for example `aws-us-gov`.
    pub fn partition(&self) -> Partition {
        self.partition
    }

    /// The region, for example `us-gov-west-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account, 12 digits.
    pub fn account(&self) -> &str {
        &self.account
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            service,
            partition,
            region,
            account,
        } = self;
        let service = service.id();
        write!(f, "arn:{partition}:{service}:{region}:{account}:")
    }
}

/// `arn:…:/signing-profiles/NAME`: a signing profile, whatever its version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SigningProfileArn {
    location: Location,
    name: String,
}

/// `arn:…:/signing-profiles/NAME/VERSION`: one version of a signing profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SigningProfileVersionArn {
    profile: SigningProfileArn,
    version: String,
}

/// `arn:…:/signing-jobs/ID`: one act of signing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SigningJobArn {
    location: Location,
    id: String,
}

/// `arn:…:/aliases/NAME`: a name that stands for a signing profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SigningProfileAliasArn {
    location: Location,
    alias: String,
}

/// `arn:…:/aliased-signing-profiles/ID`: what a signature carries in place of a profile version
/// where its profile can only be used through an alias.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AliasedSigningProfileArn {
    location: Location,
    id: String,
}

/// Any ARN of AWS Signer that has to do with signatures.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SignerArn {
    /// A signing profile.
    Profile(SigningProfileArn),
    /// A version of a signing profile.
    ProfileVersion(SigningProfileVersionArn),
    /// A signing job.
    Job(SigningJobArn),
    /// An alias of a signing profile.
    Alias(SigningProfileAliasArn),
    /// A signing profile that is only known by its alias.
    AliasedProfile(AliasedSigningProfileArn),
}

impl SignerArn {
    /// Parses any of the five kinds.
    ///
    /// # Errors
    ///
    /// [`ArnError`], naming the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        Self::parse_wanting(text, WANTED_ANY)
    }

    fn parse_wanting(text: &str, wanted: &'static str) -> Result<Self, ArnError> {
        let (location, resource) = parse_location(text, ArnService::Signer)?;
        Self::from_resource(&location, resource).ok_or_else(|| ArnError::Resource {
            text: text.to_owned(),
            resource: resource.to_owned(),
            wanted,
            suggestion: suggest(&location, resource),
        })
    }

    fn from_resource(location: &Location, resource: &str) -> Option<Self> {
        let location = location.clone();
        let profile = |name: &str| SigningProfileArn {
            location: location.clone(),
            name: name.to_owned(),
        };
        let parts: Vec<&str> = resource.split('/').collect();
        match parts.as_slice() {
            ["", "signing-profiles", name] if is_profile_name(name) => {
                Some(Self::Profile(profile(name)))
            }
            ["", "signing-profiles", name, version]
                if is_profile_name(name) && is_alphanumeric(version) =>
            {
                Some(Self::ProfileVersion(SigningProfileVersionArn {
                    profile: profile(name),
                    version: (*version).to_owned(),
                }))
            }
            ["", "signing-jobs", id] if is_plain(id) => Some(Self::Job(SigningJobArn {
                location,
                id: (*id).to_owned(),
            })),
            ["", "aliases", alias] if is_plain(alias) => {
                Some(Self::Alias(SigningProfileAliasArn {
                    location,
                    alias: (*alias).to_owned(),
                }))
            }
            ["", "aliased-signing-profiles", id] if is_plain(id) => {
                Some(Self::AliasedProfile(AliasedSigningProfileArn {
                    location,
                    id: (*id).to_owned(),
                }))
            }
            _ => None,
        }
    }

    /// Where the resource lives.
    pub fn location(&self) -> &Location {
        match self {
            Self::Profile(arn) => &arn.location,
            Self::ProfileVersion(arn) => &arn.profile.location,
            Self::Job(arn) => &arn.location,
            Self::Alias(arn) => &arn.location,
            Self::AliasedProfile(arn) => &arn.location,
        }
    }

    fn is_not(&self, wanted: &'static str) -> ArnError {
        let text = self.to_string();
        let resource = text.splitn(6, ':').last().unwrap_or_default().to_owned();
        ArnError::Resource {
            text,
            resource,
            wanted,
            suggestion: None,
        }
    }
}

impl fmt::Display for SignerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile(arn) => arn.fmt(f),
            Self::ProfileVersion(arn) => arn.fmt(f),
            Self::Job(arn) => arn.fmt(f),
            Self::Alias(arn) => arn.fmt(f),
            Self::AliasedProfile(arn) => arn.fmt(f),
        }
    }
}

impl SigningProfileArn {
    /// Parses `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME`.
    ///
    /// # Errors
    ///
    /// [`ArnError`], also for an ARN of another kind, a profile version among them.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        match SignerArn::parse_wanting(text, WANTED_PROFILE)? {
            SignerArn::Profile(arn) => Ok(arn),
            other => Err(other.is_not(WANTED_PROFILE)),
        }
    }

    /// Where the profile lives.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The profile's name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl SigningProfileVersionArn {
    /// Parses `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION`.
    ///
    /// # Errors
    ///
    /// [`ArnError`], also for an ARN of another kind.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        match SignerArn::parse_wanting(text, WANTED_PROFILE_VERSION)? {
            SignerArn::ProfileVersion(arn) => Ok(arn),
            other => Err(other.is_not(WANTED_PROFILE_VERSION)),
        }
    }

    /// The profile of which this is a version.
    pub fn profile(&self) -> &SigningProfileArn {
        &self.profile
    }

    /// The version, ten letters and digits.
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl SigningJobArn {
    /// Parses `arn:PARTITION:signer:REGION:ACCOUNT:/signing-jobs/ID`.
    ///
    /// # Errors
    ///
    /// [`ArnError`], also for an ARN of another kind.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        match SignerArn::parse_wanting(text, WANTED_JOB)? {
            SignerArn::Job(arn) => Ok(arn),
            other => Err(other.is_not(WANTED_JOB)),
        }
    }

    /// Where the job ran.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The job's identifier.
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl SigningProfileAliasArn {
    /// Parses `arn:PARTITION:signer:REGION:ACCOUNT:/aliases/NAME`.
    ///
    /// # Errors
    ///
    /// [`ArnError`], also for an ARN of another kind.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        match SignerArn::parse_wanting(text, WANTED_ALIAS)? {
            SignerArn::Alias(arn) => Ok(arn),
            other => Err(other.is_not(WANTED_ALIAS)),
        }
    }

    /// Where the alias lives.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The alias.
    pub fn alias(&self) -> &str {
        &self.alias
    }
}

impl AliasedSigningProfileArn {
    /// Where the profile lives.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl fmt::Display for SigningProfileArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/signing-profiles/{}", self.location, self.name)
    }
}

impl fmt::Display for SigningProfileVersionArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.profile, self.version)
    }
}

impl fmt::Display for SigningJobArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/signing-jobs/{}", self.location, self.id)
    }
}

impl fmt::Display for SigningProfileAliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/aliases/{}", self.location, self.alias)
    }
}

impl fmt::Display for AliasedSigningProfileArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/aliased-signing-profiles/{}", self.location, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";
    const VERSION: &str =
        "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images/OF8IVUsPJq";
    const JOB: &str = "arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-jobs/97af3947-e7b2-4533-8d9d-6741156f0b79";
    const ALIAS: &str = "arn:aws-cn:signer:cn-north-1:111122223333:/aliases/release-images";
    const ALIASED: &str = "arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/97af3947-e7b2-4533-8d9d-6741156f0b79";

    #[test]
    fn every_kind_is_parsed_and_written_back() {
        for text in [PROFILE, VERSION, JOB, ALIAS, ALIASED] {
            assert_eq!(SignerArn::parse(text).unwrap().to_string(), text);
        }
        let version = SigningProfileVersionArn::parse(VERSION).unwrap();
        assert_eq!(version.version(), "OF8IVUsPJq");
        assert_eq!(
            version.profile(),
            &SigningProfileArn::parse(PROFILE).unwrap()
        );
        assert_eq!(version.profile().name(), "Images");
        let job = SigningJobArn::parse(JOB).unwrap();
        assert_eq!(job.location().partition(), Partition::AwsUsGov);
        assert_eq!(job.location().region(), "us-gov-west-1");
        assert_eq!(job.location().account(), "111122223333");
        assert_eq!(
            SigningProfileAliasArn::parse(ALIAS).unwrap().alias(),
            "release-images"
        );
    }

    #[test]
    fn a_near_miss_is_answered_with_what_was_meant() {
        let error = SigningProfileArn::parse(
            "arn:aws:signer:us-west-2:111122223333:/signing-profile/Images",
        )
        .unwrap_err();
        assert_eq!(error.hint().unwrap(), format!("did you mean `{PROFILE}`?"));
        assert_eq!(
            error.to_string(),
            "`arn:aws:signer:us-west-2:111122223333:/signing-profile/Images` has the resource `/signing-profile/Images`, wanted `/signing-profiles/NAME`"
        );
        // Without the leading slash, as IAM policies are often written.
        let error = SignerArn::parse(
            "arn:aws:signer:us-west-2:111122223333:signing-profiles/Images/OF8IVUsPJq",
        )
        .unwrap_err();
        assert_eq!(error.hint().unwrap(), format!("did you mean `{VERSION}`?"));
    }

    #[test]
    fn another_kind_of_arn_is_refused() {
        assert!(matches!(
            SigningProfileArn::parse(VERSION),
            Err(ArnError::Resource {
                wanted: WANTED_PROFILE,
                suggestion: None,
                ..
            })
        ));
        assert!(matches!(
            SigningProfileVersionArn::parse(ALIASED),
            Err(ArnError::Resource {
                wanted: WANTED_PROFILE_VERSION,
                ..
            })
        ));
        assert!(matches!(
            SigningProfileArn::parse("arn:aws:kms:us-west-2:111122223333:key/1234"),
            Err(ArnError::OtherService { service, .. }) if service == "kms"
        ));
    }

    #[test]
    fn each_part_is_checked() {
        let reason = |text: &str| match SignerArn::parse(text) {
            Err(ArnError::NotAnArn { reason, .. }) => reason,
            other => panic!("{text}: {other:?}"),
        };
        for text in [
            "",
            "Images",
            "arn:aws:signer:us-west-2:111122223333",
            "ARN:aws:signer:us-west-2:111122223333:/x",
        ] {
            assert!(reason(text).contains("six parts"), "{text}");
        }
        assert!(reason("arn:aws:signer:US-west-2:111122223333:/aliases/a").contains("region"));
        assert!(reason("arn:aws:signer::111122223333:/aliases/a").contains("region"));
        assert!(reason("arn:aws:signer:us-west-2:11112222333:/aliases/a").contains("12 digits"));
        assert!(matches!(
            SignerArn::parse("arn:aws-x:signer:us-west-2:111122223333:/aliases/a"),
            Err(ArnError::UnknownPartition { partition, .. }) if partition == "aws-x"
        ));
        assert!(matches!(
            SignerArn::parse("arn:aws:signer:us-gov-west-1:111122223333:/aliases/a"),
            Err(ArnError::RegionOfOtherPartition {
                belongs_to: Partition::AwsUsGov,
                ..
            })
        ));
        for resource in [
            "",
            "/",
            "/signing-profiles",
            "/signing-profiles/",
            "/signing-profiles/x",
            "/signing-profiles/*",
            "/signing-profiles/Images/",
            "/signing-profiles/Images/a/b",
            "/signing-profiles/Images/v-1",
            "/signing-jobs/a b",
            "//signing-jobs/a",
            "/other/a",
        ] {
            let text = format!("arn:aws:signer:us-west-2:111122223333:{resource}");
            assert!(
                matches!(SignerArn::parse(&text), Err(ArnError::Resource { .. })),
                "{text}"
            );
        }
        let long = format!(
            "arn:aws:signer:us-west-2:111122223333:/aliases/{}",
            "a".repeat(3000)
        );
        assert!(reason(&long).contains("2048"));
    }
}
