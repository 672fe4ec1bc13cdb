//! AWS Signer's own validations: is the signing profile one that is trusted, and was anything that
//! the signature rests on revoked?
//!
//! Every customer of AWS Signer has the same certificates, so the trust store says nothing about
//! who signed; only the signing profile in the signature does. Input is what a signature of
//! verified integrity claims ([`Claims`]); used by `verify` in process, and by the Notation plugin.
//!
//! Not checked here: the envelope, its certificates, its time and its expiry.

mod revocation;
mod trusted_identity;

pub use revocation::{
    Answer, AnswerCache, DocumentError, Evidence, Inquiry, Origin, Place, Question,
    RevocationChecker, RevokedEntity, StoredAnswers, Subject, check_revocation,
    revoked_in_aws_words,
};
pub use trusted_identity::{NearMiss, check_trusted_identity};

use std::fmt;
use std::path::PathBuf;

use serde_json::Value;
use time::OffsetDateTime;

use crate::aws::{
    AliasedSigningProfileArn, ArnError, CallError, Location, SettingsError, SignerArn,
    SigningJobArn, SigningProfileAliasArn, SigningProfileVersionArn,
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

/// Why a signature is not accepted, or why it cannot be said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The signature is not by a signing authority, so not by AWS Signer.
    #[error(
        "signing scheme `{found}` is not AWS Signer's, wanted `{}`",
        SigningScheme::SigningAuthority
    )]
    Scheme {
        /// The scheme found.
        found: String,
    },
    /// The signature does not say when it was made.
    #[error("the signature has no authentic signing time")]
    NoSigningTime,
    /// An attribute of AWS Signer is not there.
    #[error("the signature lacks the attribute `{name}`")]
    NoAttribute {
        /// The attribute.
        name: &'static str,
    },
    /// An attribute of AWS Signer is something else than text.
    #[error("the signature's attribute `{name}` is not a string")]
    AttributeType {
        /// The attribute.
        name: &'static str,
    },
    /// An attribute of AWS Signer does not hold what it should.
    #[error("the signature's attribute `{name}` cannot be read")]
    Attribute {
        /// The attribute.
        name: &'static str,
        /// What is wrong with it.
        #[source]
        source: ArnError,
    },
    /// The signature's attributes are of more than one partition.
    #[error("the signature's profile `{profile}` and `{other}` are of two partitions")]
    PartitionsDiffer {
        /// The profile version.
        profile: String,
        /// The job or alias.
        other: String,
    },
    /// The policy trusts everybody.
    #[error("trusted identity `*` trusts every customer of AWS Signer")]
    Wildcard,
    /// The signing profile is not one that is trusted.
    #[error("signed with `{signer}`, which is none of the trusted identities")]
    Untrusted {
        /// The profile version, and the alias where there is one.
        signer: String,
        /// Trusted identities that may have been meant for it.
        near_misses: Vec<NearMiss>,
    },
    /// The settings contradict the signature.
    #[error("the revocation status cannot be asked for")]
    Settings(#[source] SettingsError),
    /// The question about revocation was not answered.
    #[error("the revocation status is not known")]
    RevocationUnknown(#[source] CallError),
    /// Nothing may be asked, and no answer is stored.
    #[error("no answer of AWS Signer about `{job}` is stored in `{}`", directory.display())]
    NotStored {
        /// The signing job.
        job: String,
        /// Where answers are.
        directory: PathBuf,
    },
    /// A stored answer does not count.
    #[error("the stored answer of AWS Signer does not count")]
    Stored {
        /// Why.
        #[source]
        source: DocumentError,
    },
    /// An answer is stored, and the trust policy does not allow that it counts.
    #[error("nobody has signed the stored answer `{}`, and the trust policy does not allow it", path.display())]
    UnsignedNotAllowed {
        /// The file.
        path: PathBuf,
    },
    /// Something that the signature rests on was revoked.
    #[error("{}", revocation::in_words(revoked))]
    Revoked {
        /// What was revoked.
        revoked: Vec<RevokedEntity>,
    },
    /// AWS named as revoked what it was not asked about.
    #[error("AWS's answer says `{entity}` was revoked, which was not asked about")]
    UnexpectedEntity {
        /// What it named.
        entity: String,
    },
    /// No certificates, or too many, to ask about.
    #[error("the signature has {found} certificates, wanted 1 to {limit}")]
    ChainLength {
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Attribute { source, .. } => source.hint(),
            Self::Wildcard => Some(
                "name the signing profiles, for example `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`"
                    .to_owned(),
            ),
            Self::Untrusted { near_misses, .. } => {
                let text: Vec<String> = near_misses.iter().map(NearMiss::to_string).collect();
                Some(if text.is_empty() {
                    "if you trust that profile, name it in `trustedIdentities`, or with \
                     `--signing-profile`; else sign with one that you trust"
                        .to_owned()
                } else {
                    text.join("; ")
                })
            }
            Self::Settings(source) => source.hint(),
            Self::RevocationUnknown(source) => source.hint(),
            Self::NotStored { .. } | Self::Stored { .. } => Some(
                "with a network, `countersign revocation fetch REFERENCE --out DIR` asks AWS Signer \
                 again and stores its answer"
                    .to_owned(),
            ),
            Self::UnsignedNotAllowed { .. } => Some(
                "if you trust whoever can write that directory, add \
                 `\"unsignedRevocationStatements\": [\"aws-signer\"]` to `signatureVerification` of the \
                 trust policy's statement, or give `--unsigned-revocation-statements aws-signer` with \
                 `--signing-profile`"
                    .to_owned(),
            ),
            Self::Revoked { .. } => Some(
                "a revocation is for ever: use another artifact, or sign this one again if it is good"
                    .to_owned(),
            ),
            Self::Scheme { .. }
            | Self::NoSigningTime
            | Self::NoAttribute { .. }
            | Self::AttributeType { .. }
            | Self::PartitionsDiffer { .. }
            | Self::UnexpectedEntity { .. }
            | Self::ChainLength { .. } => None,
        }
    }

    /// Whether the answer is unknown rather than no.
    pub fn is_inconclusive(&self) -> bool {
        matches!(
            self,
            Self::RevocationUnknown(_)
                | Self::Settings(_)
                | Self::NotStored { .. }
                | Self::Stored { .. }
                | Self::UnsignedNotAllowed { .. }
        )
    }
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
