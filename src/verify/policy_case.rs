//! What a trust policy makes of a signature that is good but for its signer: the policy is judged, not signatures.
//!
//! Input: a policy, a repository, and an imagined signer. Output: accepted, tolerated, rejected or skipped, with the
//! statement and the reason. Statement, stores, identities, levels and user metadata count; nothing is read or asked.

use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;

use crate::aws::{ArnError, SignerArn, SigningProfileArn};
use crate::extended_validation::{self, Claims, Signer, attribute, check_trusted_identity};
use crate::notary::{Action, SigningScheme, Validation};
use crate::reference::Scheme;
use crate::trust_policy::{IdentityError, Statement, TrustPolicies, TrustedIdentity};
use crate::x509::identity::{self, SubjectIdentity};

/// Who signed, as a case imagines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseSigner {
    /// AWS Signer, with a signing profile.
    AwsSigner(Box<Claims>),
    /// The holder of a certificate with this subject.
    Subject(SubjectIdentity),
}

/// Why a text is not a signer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaseSignerError {
    /// Neither of the two forms.
    #[error(
        "found signer `{found}`; allowed: a signing profile's ARN, or `x509.subject: C=.., ST=.., O=..`"
    )]
    Form {
        /// The text.
        found: String,
    },
    /// Not the ARN of a signing profile.
    #[error("the signer cannot be used")]
    Arn {
        /// What is wrong with it.
        source: ArnError,
    },
    /// Not what AWS Signer would say of a signer.
    #[error("the signer cannot be used")]
    Claims {
        /// What is wrong with it.
        source: Box<extended_validation::Error>,
    },
    /// Not a subject.
    #[error("the signer's subject cannot be used: {source}")]
    Subject {
        /// What is wrong with it.
        source: identity::Error,
    },
}

impl CaseSignerError {
    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Form { .. } => None,
            Self::Arn { source } => source.hint(),
            Self::Claims { source } => source.hint(),
            Self::Subject { source } => source.hint(),
        }
    }
}

/// The version of a profile that stands for any.
const SOME_VERSION: &str = "0000000000";

impl CaseSigner {
    /// Reads the ARN of a signing profile or of a version of one, or `x509.subject: ...`.
    ///
    /// # Errors
    ///
    /// Every variant of [`CaseSignerError`].
    pub fn parse(text: &str) -> Result<Self, CaseSignerError> {
        if let Some(subject) = text.strip_prefix("x509.subject:") {
            return SubjectIdentity::parse(subject)
                .map(Self::Subject)
                .map_err(|source| CaseSignerError::Subject { source });
        }
        if !text.starts_with("arn:") {
            let found = text.to_owned();
            return Err(CaseSignerError::Form { found });
        }
        let arn = |source| CaseSignerError::Arn { source };
        let parsed = SignerArn::parse(text).map_err(arn)?;
        let (version, location) = if let SignerArn::ProfileVersion(found) = parsed {
            (text.to_owned(), found.profile().location().clone())
        } else {
            // Of another kind than a profile; this says which one is wanted.
            let found = SigningProfileArn::parse(text).map_err(arn)?;
            (format!("{text}/{SOME_VERSION}"), found.location().clone())
        };
        let job = format!(
            "arn:{}:signer:{}:{}:/signing-jobs/00000000-0000-0000-0000-000000000000",
            location.partition(),
            location.region(),
            location.account()
        );
        let (version, job) = (Value::from(version), Value::from(job));
        let claims = Claims::new(
            SigningScheme::SigningAuthority.as_str(),
            Some(OffsetDateTime::UNIX_EPOCH),
            |name| match name {
                attribute::SIGNING_PROFILE_VERSION => Some(&version),
                attribute::SIGNING_JOB => Some(&job),
                _ => None,
            },
        );
        claims
            .map(|claims| Self::AwsSigner(Box::new(claims)))
            .map_err(|source| CaseSignerError::Claims {
                source: Box::new(source),
            })
    }

    /// Whether both are one signer: the same signing profile, whatever its version, or the same subject.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::AwsSigner(one), Self::AwsSigner(other)) => {
                profile_of(one.signer()) == profile_of(other.signer())
            }
            (Self::Subject(one), Self::Subject(other)) => one == other,
            _ => false,
        }
    }

    const fn scheme(&self) -> SigningScheme {
        match self {
            Self::AwsSigner(_) => SigningScheme::SigningAuthority,
            Self::Subject(_) => SigningScheme::X509,
        }
    }
}

fn profile_of(signer: &Signer) -> String {
    match signer {
        Signer::ProfileVersion(version) => version.profile().to_string(),
        Signer::AliasedProfile(profile) => profile.to_string(),
    }
}

/// A signature as a case imagines it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyCase {
    /// The repository, `registry/repository`.
    pub scope: String,
    /// The scheme over which its registry is asked.
    pub scheme: Scheme,
    /// Who signed; `None` where there is no signature.
    pub signer: Option<CaseSigner>,
    /// The user metadata that was signed.
    pub user_metadata: BTreeMap<String, String>,
}

/// What a policy does with an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Takes it, if the signature is good.
    Accept,
    /// Takes it with a warning.
    Tolerate,
    /// Does not take it, whatever the signature.
    Reject,
    /// Takes it without looking at signatures.
    Skip,
}

impl Decision {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Accept, Self::Tolerate, Self::Reject, Self::Skip];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Tolerate => "tolerate",
            Self::Reject => "reject",
            Self::Skip => "skip",
        }
    }

    /// The decision of this exact word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// What a policy does with a case, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseOutcome {
    /// What it does.
    pub decision: Decision,
    /// The name of the statement that applies.
    pub statement: Option<String>,
    /// Why it does not accept.
    pub reason: Option<String>,
}

impl PolicyCase {
    /// What a policy decides about the case, where the signature must have this user metadata.
    pub fn decide(
        &self,
        policies: &TrustPolicies,
        wanted_metadata: &BTreeMap<String, String>,
    ) -> CaseOutcome {
        let statement = match policies.select_over(&self.scope, self.scheme) {
            Ok(statement) => statement,
            Err(error) => {
                return CaseOutcome {
                    decision: Decision::Reject,
                    statement: None,
                    reason: Some(error.to_string()),
                };
            }
        };
        let outcome = |decision, reason| CaseOutcome {
            decision,
            statement: Some(statement.name.clone()),
            reason,
        };
        if statement.level.is_skip() {
            let reason = "the statement has level `skip`, so no signature is examined";
            return outcome(Decision::Skip, Some(reason.to_owned()));
        }
        let Some(signer) = &self.signer else {
            let reason = "the case has no signer, so there is no signature";
            return outcome(Decision::Reject, Some(reason.to_owned()));
        };
        let authentic = authenticity(statement, signer);
        let is_enforced = statement.level.action(Validation::Authenticity) == Action::Enforce;
        if let (Err(reason), true) = (&authentic, is_enforced) {
            return outcome(Decision::Reject, Some(reason.clone()));
        }
        // At every level, as for a signature.
        for (name, wanted) in wanted_metadata {
            let found = self.user_metadata.get(name);
            if found != Some(wanted) {
                let found = found.map_or("nothing".to_owned(), |found| format!("`{found}`"));
                let reason =
                    format!("the user metadata `{name}` must be `{wanted}` and is {found}");
                return outcome(Decision::Reject, Some(reason));
            }
        }
        match authentic {
            Ok(()) => outcome(Decision::Accept, None),
            Err(reason) => outcome(Decision::Tolerate, Some(reason)),
        }
    }
}

/// Whether the statement trusts the signer, if its chain rests on one of the statement's stores.
pub(crate) fn authenticity(statement: &Statement, signer: &CaseSigner) -> Result<(), String> {
    let kind = signer.scheme().store_type();
    if statement.trust_stores_of(kind).is_empty() {
        return Err(format!(
            "no trust store of the statement is of type `{kind}`, where this signer's root would be"
        ));
    }
    match signer {
        CaseSigner::Subject(subject) => statement
            .check_subject_identity(subject)
            .map_err(|error: IdentityError| error.to_string()),
        CaseSigner::AwsSigner(claims) => {
            let identities: Vec<&str> = statement
                .trusted_identities
                .iter()
                .map(TrustedIdentity::as_str)
                .collect();
            check_trusted_identity(claims, &identities)
                .map(drop)
                .map_err(|error| crate::causes::in_one_line(&error))
        }
    }
}
