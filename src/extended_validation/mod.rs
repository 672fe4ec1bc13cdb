//! AWS Signer's own validations: is the signing profile one that is trusted, and was anything that
//! the signature rests on revoked?
//!
//! Every customer of AWS Signer has the same certificates, so the trust store says nothing about
//! who signed; only the signing profile in the signature does. Input is what a signature of
//! verified integrity claims ([`Claims`]); used by `verify` in process, and by the Notation plugin.
//!
//! Not checked here: the envelope, its certificates, its time and its expiry.

mod error;
mod near_miss;
mod revocation;
mod trusted_identity;

pub use error::Error;
pub use near_miss::NearMiss;
pub(crate) use revocation::PLATFORM_ID;
#[cfg(fuzzing)]
pub use revocation::fuzzing;
pub use revocation::{
    AnswerCache, DocumentError, Evidence, Inquiry, Place, Question, RevocationAnswer,
    RevocationChecker, RevokedEntity, StoredAnswers, Subject, UnsignedAnswers, check_revocation,
    revoked_in_aws_words,
};
pub use trusted_identity::check_trusted_identity;

use std::fmt;

use serde_json::Value;
use time::OffsetDateTime;

use crate::aws::{
    AliasedSigningProfileArn, Location, SignerArn, SigningJobArn, SigningProfileAliasArn,
    SigningProfileVersionArn,
};
use crate::notary::SigningScheme;
use crate::plugin_contract::CriticalAttributes;
use crate::signer_info::{LabelKind, SignerInfo};

/// The plugin that AWS Signer's signatures ask for.
pub const PLUGIN_NAME: &str = "com.amazonaws.signer.notation.plugin";

/// The version of AWS's plugin whose behaviour this is: what a signature's minimum is held against.
pub const PLUGIN_VERSION: &str = "1.0.2292";

/// Names of the attributes that AWS Signer adds to a signature; each is critical.
pub mod attribute {
    /// ARN of the signing profile's version.
    pub const SIGNING_PROFILE_VERSION: &str = "com.amazonaws.signer.signingProfileVersion";
    /// ARN of the signing job.
    pub const SIGNING_JOB: &str = "com.amazonaws.signer.signingJob";
    /// ARN of the alias through which the profile was used; only where there was one.
    pub const SIGNING_PROFILE_ALIAS: &str = "com.amazonaws.signer.signingProfileAlias";

    /// All of them.
    pub const ALL: [&str; 3] = [SIGNING_PROFILE_VERSION, SIGNING_JOB, SIGNING_PROFILE_ALIAS];
}

/// What a signature names as its signing profile.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Signer {
    /// A version of a signing profile.
    ProfileVersion(SigningProfileVersionArn),
    /// A signing profile that is only known by its alias.
    AliasedProfile(AliasedSigningProfileArn),
}

impl Signer {
    /// Where the profile lives.
    pub fn location(&self) -> &Location {
        match self {
            Self::ProfileVersion(arn) => arn.profile().location(),
            Self::AliasedProfile(arn) => arn.location(),
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProfileVersion(arn) => arn.fmt(f),
            Self::AliasedProfile(arn) => arn.fmt(f),
        }
    }
}

/// What AWS Signer vouches for in a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    signer: Signer,
    job: SigningJobArn,
    alias: Option<SigningProfileAliasArn>,
    signing_time: OffsetDateTime,
}

impl Claims {
    /// Reads the claims of a signature with this scheme and this authentic signing time.
    ///
    /// `attribute` gives the value of a signed extended attribute.
    ///
    /// # Errors
    ///
    /// [`Error`], naming the attribute that is missing or wrong.
    pub fn new<'a>(
        signing_scheme: &str,
        signing_time: Option<OffsetDateTime>,
        attribute: impl Fn(&str) -> Option<&'a Value>,
    ) -> Result<Self, Error> {
        if signing_scheme != SigningScheme::SigningAuthority.as_str() {
            return Err(Error::Scheme {
                found: signing_scheme.to_owned(),
            });
        }
        let signing_time = signing_time.ok_or(Error::NoSigningTime)?;
        let name = attribute::SIGNING_PROFILE_VERSION;
        let text = required(&attribute, name)?;
        let signer = match SignerArn::parse(text) {
            Ok(SignerArn::ProfileVersion(arn)) => Signer::ProfileVersion(arn),
            Ok(SignerArn::AliasedProfile(arn)) => Signer::AliasedProfile(arn),
            Ok(_) => Signer::ProfileVersion(
                SigningProfileVersionArn::parse(text)
                    .map_err(|source| Error::Attribute { name, source })?,
            ),
            Err(source) => return Err(Error::Attribute { name, source }),
        };
        let name = attribute::SIGNING_JOB;
        let job = SigningJobArn::parse(required(&attribute, name)?)
            .map_err(|source| Error::Attribute { name, source })?;
        let name = attribute::SIGNING_PROFILE_ALIAS;
        let alias = text_of(&attribute, name)?
            .map(SigningProfileAliasArn::parse)
            .transpose()
            .map_err(|source| Error::Attribute { name, source })?;

        let partition = signer.location().partition();
        let of_other_partition = |location: &Location| location.partition() != partition;
        let differs = |other: &dyn fmt::Display| Error::PartitionsDiffer {
            profile: signer.to_string(),
            other: other.to_string(),
        };
        if of_other_partition(job.location()) {
            return Err(differs(&job));
        }
        if let Some(alias) = &alias
            && of_other_partition(alias.location())
        {
            return Err(differs(alias));
        }
        Ok(Self {
            signer,
            job,
            alias,
            signing_time,
        })
    }

    /// Reads the claims of an envelope's signature.
    ///
    /// # Errors
    ///
    /// As [`Claims::new`].
    pub fn from_signer_info(signer_info: &SignerInfo) -> Result<Self, Error> {
        let attributes = &signer_info.signed_attributes;
        let signing_time = match attributes.signing_scheme {
            SigningScheme::SigningAuthority => Some(attributes.signing_time),
            SigningScheme::X509 => None,
        };
        Self::new(attributes.signing_scheme.as_str(), signing_time, |name| {
            attributes
                .extended
                .iter()
                .find(|found| found.label == LabelKind::Text && found.name == name)
                .map(|found| &found.value)
        })
    }

    /// Reads the claims of the signature in a plugin's `verify-signature` request.
    ///
    /// # Errors
    ///
    /// As [`Claims::new`].
    pub fn from_request(attributes: &CriticalAttributes) -> Result<Self, Error> {
        Self::new(
            &attributes.signing_scheme,
            attributes.authentic_signing_time,
            |name| attributes.extended_attributes.get(name),
        )
    }

    /// The signing profile, with its version.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// The signing job.
    pub fn job(&self) -> &SigningJobArn {
        &self.job
    }

    /// The alias through which the profile was used.
    pub fn alias(&self) -> Option<&SigningProfileAliasArn> {
        self.alias.as_ref()
    }

    /// When the signature was made, as AWS Signer vouches for.
    pub fn signing_time(&self) -> OffsetDateTime {
        self.signing_time
    }

    /// Names of the attributes that reading the claims has processed.
    pub fn processed_attributes(&self) -> Vec<&'static str> {
        let mut names = vec![attribute::SIGNING_PROFILE_VERSION, attribute::SIGNING_JOB];
        if self.alias.is_some() {
            names.push(attribute::SIGNING_PROFILE_ALIAS);
        }
        names
    }
}

fn required<'a>(
    attribute: impl Fn(&str) -> Option<&'a Value>,
    name: &'static str,
) -> Result<&'a str, Error> {
    text_of(attribute, name)?.ok_or(Error::NoAttribute { name })
}

fn text_of<'a>(
    attribute: impl Fn(&str) -> Option<&'a Value>,
    name: &'static str,
) -> Result<Option<&'a str>, Error> {
    attribute(name)
        .map(|value| value.as_str().ok_or(Error::AttributeType { name }))
        .transpose()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    pub(crate) const VERSION: &str =
        "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images/OF8IVUsPJq";
    pub(crate) const JOB: &str =
        "arn:aws:signer:us-west-2:444455556666:/signing-jobs/97af3947-e7b2-4533-8d9d-6741156f0b79";
    pub(crate) const ALIAS: &str = "arn:aws:signer:us-west-2:111122223333:/aliases/release";

    pub(crate) fn claims(attributes: &[(&str, Value)]) -> Result<Claims, Error> {
        let attributes: BTreeMap<&str, Value> = attributes.iter().cloned().collect();
        Claims::new(
            "notary.x509.signingAuthority",
            Some(datetime!(2026-01-02 03:04:05 UTC)),
            |name| attributes.get(name),
        )
    }

    pub(crate) fn good_claims() -> Claims {
        claims(&[
            (attribute::SIGNING_PROFILE_VERSION, json!(VERSION)),
            (attribute::SIGNING_JOB, json!(JOB)),
        ])
        .unwrap()
    }

    #[test]
    fn claims_are_read() {
        let found = good_claims();
        assert_eq!(found.signer().to_string(), VERSION);
        assert_eq!(found.job().to_string(), JOB);
        assert_eq!(
            found.processed_attributes(),
            [attribute::SIGNING_PROFILE_VERSION, attribute::SIGNING_JOB]
        );
        let found = claims(&[
            (
                attribute::SIGNING_PROFILE_VERSION,
                json!("arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/97af3947"),
            ),
            (attribute::SIGNING_JOB, json!(JOB)),
            (attribute::SIGNING_PROFILE_ALIAS, json!(ALIAS)),
        ])
        .unwrap();
        assert_eq!(found.alias().unwrap().to_string(), ALIAS);
        assert_eq!(found.processed_attributes(), attribute::ALL);
    }

    #[test]
    fn missing_and_wrong_claims_are_named() {
        let profile = (attribute::SIGNING_PROFILE_VERSION, json!(VERSION));
        let job = (attribute::SIGNING_JOB, json!(JOB));
        assert!(matches!(
            claims(std::slice::from_ref(&job)),
            Err(Error::NoAttribute { name }) if name == attribute::SIGNING_PROFILE_VERSION
        ));
        assert!(matches!(
            claims(std::slice::from_ref(&profile)),
            Err(Error::NoAttribute { name }) if name == attribute::SIGNING_JOB
        ));
        assert!(matches!(
            claims(&[profile.clone(), (attribute::SIGNING_JOB, json!([JOB]))]),
            Err(Error::AttributeType { name }) if name == attribute::SIGNING_JOB
        ));
        assert!(matches!(
            claims(&[profile.clone(), (attribute::SIGNING_JOB, json!(VERSION))]),
            Err(Error::Attribute { name, .. }) if name == attribute::SIGNING_JOB
        ));
        // A profile without its version.
        let unversioned = VERSION.trim_end_matches("/OF8IVUsPJq");
        assert!(matches!(
            claims(&[(attribute::SIGNING_PROFILE_VERSION, json!(unversioned)), job.clone()]),
            Err(Error::Attribute { name, .. }) if name == attribute::SIGNING_PROFILE_VERSION
        ));
        assert!(matches!(
            claims(&[profile.clone(), job, (attribute::SIGNING_PROFILE_ALIAS, json!(1))]),
            Err(Error::AttributeType { name }) if name == attribute::SIGNING_PROFILE_ALIAS
        ));
        let elsewhere =
            json!("arn:aws-us-gov:signer:us-gov-west-1:444455556666:/signing-jobs/97af3947");
        assert!(matches!(
            claims(&[profile, (attribute::SIGNING_JOB, elsewhere)]),
            Err(Error::PartitionsDiffer { .. })
        ));
    }

    #[test]
    fn only_a_signing_authority_with_a_time_is_heard() {
        let now = Some(datetime!(2026-01-02 03:04:05 UTC));
        for scheme in ["notary.x509", "notary.x509.SigningAuthority", ""] {
            assert!(matches!(
                Claims::new(scheme, now, |_| None),
                Err(Error::Scheme { found }) if found == scheme
            ));
        }
        assert!(matches!(
            Claims::new("notary.x509.signingAuthority", None, |_| None),
            Err(Error::NoSigningTime)
        ));
    }
}
