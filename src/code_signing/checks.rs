//! The four checks of AWS Lambda, by their names: integrity, source mismatch, expiry, revocation.
//!
//! Input: a package as it was read, the trusted roots and signers, the time, what AWS Signer said of revocation.
//! Output: what each check found, and from it what AWS Lambda does under a policy. A check whose answer rests on an
//! earlier one that failed is not made.

use time::OffsetDateTime;

use super::contents::Contents;
use super::revocation::{Revocation, RevocationError};
use super::signature::{self, Signature};
use crate::archive::package::PackageError;
use crate::aws::SigningProfileVersionArn;
use crate::limits::CLOCK_SKEW;
use crate::notary::rfc3339;
use crate::oci::hex;
use crate::x509::Certificate;

/// One of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Whether the package is what was signed.
    Integrity,
    /// Whether a profile that is allowed signed it.
    SourceMismatch,
    /// Whether the signature is still valid.
    Expiry,
    /// Whether the signature was revoked.
    Revocation,
}

impl Check {
    /// All, in AWS Lambda's order.
    pub const ALL: [Self; 4] = [
        Self::Integrity,
        Self::SourceMismatch,
        Self::Expiry,
        Self::Revocation,
    ];

    /// Its name in AWS's documentation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Integrity => "integrity",
            Self::SourceMismatch => "source mismatch",
            Self::Expiry => "expiry",
            Self::Revocation => "revocation",
        }
    }
}

/// Why a check failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The zip file is not one that every reader reads in the same way.
    #[error("the zip file is refused")]
    Package(#[source] PackageError),
    /// The signature is not one of AWS Signer's.
    #[error("the signature is not accepted")]
    Signature(#[source] Box<signature::Error>),
    /// Names, contents or their order are others than those that were signed.
    #[error(
        "names, contents or order of the entries are not what was signed: digest `{}`, wanted `{}`",
        hex(found),
        hex(wanted)
    )]
    Digest {
        /// That of the package.
        found: Vec<u8>,
        /// That of the signature.
        wanted: Vec<u8>,
    },
    /// The time at which it was signed has not come yet.
    #[error(
        "the signature was made at `{}`, which is later than now, `{}`",
        rfc3339(*signing_time),
        rfc3339(*now)
    )]
    FromTheFuture {
        /// When it was signed.
        signing_time: OffsetDateTime,
        /// The time of this check.
        now: OffsetDateTime,
    },
    /// There is no signature.
    #[error("the package is not signed")]
    Unsigned,
    /// Another profile signed it.
    #[error("signing profile version `{found}` signed the package, and is not one that is allowed")]
    OtherProfile {
        /// The version that signed.
        found: String,
        /// Those that are allowed.
        allowed: Vec<String>,
    },
    /// It is expired.
    #[error("the signature expired at `{}`", rfc3339(*expires_at))]
    Expired {
        /// When.
        expires_at: OffsetDateTime,
    },
    /// The signature of this job was revoked.
    #[error("the signature of signing job `{job}` was revoked{}", since(*at))]
    JobRevoked {
        /// The job.
        job: String,
        /// When.
        at: Option<OffsetDateTime>,
    },
    /// The profile was revoked from a time on that is not later than the signature.
    #[error(
        "signing profile version `{profile}` was revoked for signatures made from `{}` on",
        rfc3339(*from)
    )]
    ProfileRevoked {
        /// The profile version.
        profile: String,
        /// From when on.
        from: OffsetDateTime,
    },
}

fn since(at: Option<OffsetDateTime>) -> String {
    at.map_or_else(String::new, |at| format!(" at `{}`", rfc3339(at)))
}

impl Failure {
    /// A name for programs to branch on; it does not change.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Package(source) => source.code(),
            Self::Signature(_) => "signature-not-accepted",
            Self::Digest { .. } => "content-changed",
            Self::FromTheFuture { .. } => "from-the-future",
            Self::Unsigned => "unsigned",
            Self::OtherProfile { .. } => "profile-not-allowed",
            Self::Expired { .. } => "expired",
            Self::JobRevoked { .. } => "signature-revoked",
            Self::ProfileRevoked { .. } => "profile-revoked",
        }
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Package(source) => source.hint(),
            Self::Signature(source) => source.hint(),
            Self::Digest { .. } => Some(
                "take the package that AWS Signer wrote; packing it again keeps the signature valid only if names, contents \
                 and order stay the same. How AWS Signer computes this digest is known from one source and not \
                 confirmed by AWS"
                    .to_owned(),
            ),
            Self::FromTheFuture { .. } => Some("check this machine's clock".to_owned()),
            Self::Unsigned => Some("sign the package with AWS Signer before it is deployed".to_owned()),
            Self::OtherProfile { allowed, .. } => {
                Some(format!("the profile versions that are allowed are: {}", allowed.join(", ")))
            }
            Self::Expired { .. } | Self::JobRevoked { .. } | Self::ProfileRevoked { .. } => {
                Some("build and sign the package again with a profile that is active".to_owned())
            }
        }
    }
}

/// What a check found.
#[derive(Debug)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed(Failure),
    /// It could not be made.
    Inconclusive(RevocationError),
    /// It says nothing, since an earlier check failed.
    NotChecked,
}

impl Outcome {
    /// Whether it passed.
    pub const fn is_passed(&self) -> bool {
        matches!(self, Self::Passed)
    }
}

/// What AWS Lambda does where a check other than integrity fails: `UntrustedArtifactOnDeployment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It deploys, and says so in its metrics and in AWS `CloudTrail`.
    Warn,
    /// It refuses.
    Enforce,
}

/// What AWS Lambda does with a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// It deploys.
    Accepted,
    /// It deploys and warns.
    Warned,
    /// It refuses.
    Refused,
    /// Not known: a check could not be made, and no other one decides.
    Inconclusive,
}

/// What was found of a package.
#[derive(Debug)]
pub struct PackageChecks {
    /// The signature, where it is one of AWS Signer's; not of this package if integrity failed.
    pub signature: Option<Signature>,
    outcomes: [Outcome; 4],
}

impl PackageChecks {
    /// A package that could not be read.
    pub const fn refused(error: PackageError) -> Self {
        Self::broken(None, Failure::Package(error))
    }

    const fn broken(signature: Option<Signature>, failure: Failure) -> Self {
        Self {
            signature,
            outcomes: [
                Outcome::Failed(failure),
                Outcome::NotChecked,
                Outcome::NotChecked,
                Outcome::NotChecked,
            ],
        }
    }

    /// Judges everything but revocation, which is asked for where it matters.
    pub fn begin(
        contents: &Contents,
        allowed: &[SigningProfileVersionArn],
        roots: &[Certificate],
        now: OffsetDateTime,
    ) -> Self {
        let Some(text) = &contents.signature else {
            return Self {
                signature: None,
                outcomes: [
                    Outcome::NotChecked,
                    Outcome::Failed(Failure::Unsigned),
                    Outcome::NotChecked,
                    Outcome::NotChecked,
                ],
            };
        };
        let signature = match Signature::verify(text, roots) {
            Ok(signature) => signature,
            Err(error) => return Self::broken(None, Failure::Signature(Box::new(error))),
        };
        if let Err(failure) = integrity(contents, &signature, now) {
            return Self::broken(Some(signature), failure);
        }
        let mismatch = source(&signature, allowed);
        let expiry = expiry(&signature, now);
        Self {
            signature: Some(signature),
            outcomes: [Outcome::Passed, mismatch, expiry, Outcome::NotChecked],
        }
    }

    /// The signature whose revocation is to be asked for: that of an intact package.
    pub fn to_ask(&self) -> Option<&Signature> {
        let [integrity, ..] = &self.outcomes;
        self.signature.as_ref().filter(|_| integrity.is_passed())
    }

    /// The same with what AWS Signer said.
    #[must_use]
    pub fn with_revocation(mut self, answer: Result<Revocation, RevocationError>) -> Self {
        let [.., revocation] = &mut self.outcomes;
        *revocation = match answer {
            Ok(Revocation::NotRevoked) => Outcome::Passed,
            Ok(Revocation::Job { job, at }) => Outcome::Failed(Failure::JobRevoked { job, at }),
            Ok(Revocation::Profile { profile, from }) => {
                Outcome::Failed(Failure::ProfileRevoked { profile, from })
            }
            Err(error) => Outcome::Inconclusive(error),
        };
        self
    }

    /// The signature, if every check passed but revocation, which is not looked at.
    ///
    /// # Errors
    ///
    /// The failure of the first check that did not pass.
    pub fn into_signature(self) -> Result<Signature, Failure> {
        let [integrity, mismatch, expiry, _] = self.outcomes;
        let mut before = [integrity, mismatch, expiry].into_iter();
        let failed = before.find_map(|outcome| match outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        });
        match (failed, self.signature) {
            (Some(failure), _) => Err(failure),
            (None, Some(signature)) => Ok(signature),
            (None, None) => Err(Failure::Unsigned),
        }
    }

    /// What each check found, in AWS Lambda's order.
    pub fn outcomes(&self) -> impl Iterator<Item = (Check, &Outcome)> {
        Check::ALL.into_iter().zip(&self.outcomes)
    }

    /// What a check found.
    pub fn outcome(&self, check: Check) -> &Outcome {
        let [integrity, mismatch, expiry, revocation] = &self.outcomes;
        match check {
            Check::Integrity => integrity,
            Check::SourceMismatch => mismatch,
            Check::Expiry => expiry,
            Check::Revocation => revocation,
        }
    }

    /// Whether all four checks passed.
    pub fn is_verified(&self) -> bool {
        self.outcomes.iter().all(Outcome::is_passed)
    }

    /// What AWS Lambda does with the code of a function under this policy. A layer with a broken signature is published
    /// without one, and refused when a function takes it.
    pub fn decision(&self, policy: Policy) -> Deployment {
        let is_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
        let [integrity, others @ ..] = &self.outcomes;
        if is_failed(integrity) {
            return Deployment::Refused;
        }
        if others.iter().any(is_failed) {
            return match policy {
                Policy::Warn => Deployment::Warned,
                Policy::Enforce => Deployment::Refused,
            };
        }
        if self.is_verified() {
            Deployment::Accepted
        } else {
            Deployment::Inconclusive
        }
    }
}

fn integrity(
    contents: &Contents,
    signature: &Signature,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    if contents.digest != signature.message_digest() {
        return Err(Failure::Digest {
            found: contents.digest.clone(),
            wanted: signature.message_digest().to_vec(),
        });
    }
    let signing_time = signature.signing_time();
    if signing_time - now > CLOCK_SKEW {
        return Err(Failure::FromTheFuture { signing_time, now });
    }
    Ok(())
}

fn source(signature: &Signature, allowed: &[SigningProfileVersionArn]) -> Outcome {
    let found = signature.profile_version();
    if allowed.contains(found) {
        return Outcome::Passed;
    }
    Outcome::Failed(Failure::OtherProfile {
        found: found.to_string(),
        allowed: allowed.iter().map(ToString::to_string).collect(),
    })
}

fn expiry(signature: &Signature, now: OffsetDateTime) -> Outcome {
    let expires_at = signature.expires_at();
    if now < expires_at {
        Outcome::Passed
    } else {
        Outcome::Failed(Failure::Expired { expires_at })
    }
}
