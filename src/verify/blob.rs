//! Verifies the signature of a blob, a file of any size.
//!
//! Input: an open file and an envelope. Output: a [`Verification`], or the reason for a refusal.
//! The signature is judged by the same steps as one of an image; only what it must be a signature
//! of is another, and has its digest in the algorithm of the key that signed.

pub use crate::blob::{Blob, Progress};

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::REQUIREMENT_HINT;
use super::signature_check::{BlobSubject, SignatureCheck, Subject};
use super::{Requirement, Shortfall, Verifier};
use crate::allowance::Allowed;
use crate::notary::EnvelopeFormat;
use crate::oci::sha256_digest;
use crate::outcome::{Acceptance, Failure, FailureClass, SignatureOutcome};
use crate::trust_policy::{self, Statement, StatementName, TrustPolicies};

/// What one verification asks for beyond the policy.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// Media type that must have been signed; without one, any type but an image's.
    pub media_type: Option<String>,
    /// User metadata that must have been signed.
    pub user_metadata: BTreeMap<String, String>,
    /// The time and the bytes that the verification may use; reading the blob takes no time.
    pub allowed: Allowed,
}

/// A blob whose signature the policy accepts.
#[derive(Debug)]
#[non_exhaustive]
pub struct Accepted {
    /// The policy statement that applied.
    pub statement: StatementName,
    /// The signature.
    pub signature: SignatureOutcome,
}

/// The answer to a verification that did not fail.
#[derive(Debug)]
#[must_use = "only `Verified` is a permission to use the file"]
pub enum Verification {
    /// The signature passed every validation; revocation alone may have been skipped
    /// ([`SignatureOutcome::skipped`]).
    Verified(Box<Accepted>),
    /// The policy only logs what failed or could not be decided. This is not a permission to use the blob.
    Tolerated(Box<Accepted>),
    /// The policy says that signatures are not verified; nothing was looked at.
    Skipped {
        /// The policy statement that says so.
        statement: StatementName,
    },
}

/// A blob whose signature is not accepted. As an error, it says what the signature lacks.
#[derive(Debug)]
#[non_exhaustive]
pub struct RejectedBlob {
    /// The blob.
    pub path: PathBuf,
    /// The policy statement that applied.
    pub statement: StatementName,
    /// The signature.
    pub outcome: SignatureOutcome,
}

impl fmt::Display for RejectedBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome.refusal() {
            Some(failure) => f.write_str(&failure.with_details()),
            None => f.write_str("the signature is not refused"),
        }
    }
}

impl StdError for RejectedBlob {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.outcome.refusal().and_then(StdError::source)
    }
}

/// Why a blob is not verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No statement of the policy applies.
    #[error("no trust policy statement for `{}`", path.display())]
    Policy {
        /// The blob.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: trust_policy::Error,
    },
    /// The statement that applies is less than what is required of it.
    #[error("{statement} is weaker than required for `{}`", path.display())]
    Requirement {
        /// The blob.
        path: PathBuf,
        /// The statement.
        statement: StatementName,
        /// In what it falls short.
        #[source]
        source: Shortfall,
    },
    /// The signature is not accepted.
    #[error("the signature of `{}` is not trusted", .0.path.display())]
    Rejected(#[source] Box<RejectedBlob>),
    /// The signature could not be judged.
    #[error("the signature of `{}` could not be judged", .0.path.display())]
    Inconclusive(#[source] Box<RejectedBlob>),
}

impl Error {
    /// Whether the blob was refused, or could not be judged.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Inconclusive(_) => FailureClass::Inconclusive,
            Self::Policy { .. } | Self::Requirement { .. } | Self::Rejected(_) => {
                FailureClass::Rejected
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Policy { source, .. } => source.hint(),
            Self::Requirement { .. } => Some(REQUIREMENT_HINT.to_owned()),
            Self::Rejected(refused) | Self::Inconclusive(refused) => {
                refused.outcome.refusal().and_then(Failure::hint)
            }
        }
    }
}

/// The statement of `policies` about `blob`: the one of this name, or without a name the global one. It must
/// be as is required.
///
/// # Errors
///
/// [`Error::Policy`] and [`Error::Requirement`].
pub fn select<'a>(
    policies: &'a TrustPolicies,
    blob: &Blob,
    name: Option<&str>,
    requirement: &Requirement,
) -> Result<&'a Statement, Error> {
    let path = || blob.path().to_owned();
    let selected = policies.select_for_blob(name);
    let statement = selected.map_err(|source| Error::Policy {
        path: path(),
        source,
    })?;
    statement.tell(blob.path().display());
    let checked = requirement.check_for_blob(statement, name.is_some());
    checked.map_err(|source| Error::Requirement {
        path: path(),
        statement: statement.named(),
        source,
    })?;
    Ok(statement)
}

/// A signature's bytes, as they came.
#[derive(Debug, Clone, Copy)]
pub struct Signature<'a> {
    /// The envelope's format.
    pub format: EnvelopeFormat,
    /// The envelope.
    pub envelope: &'a [u8],
}

impl Verifier {
    /// Verifies the signature of `blob` against a statement of this verifier's policy: [`select`] chooses it.
    /// `progress` is told how much of the blob was read; it is read only for a signature that is intact.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] and [`Error::Inconclusive`].
    pub async fn verify_blob(
        &self,
        blob: &Blob,
        signature: Signature<'_>,
        statement: &Statement,
        options: &Options,
        progress: Progress<'_>,
    ) -> Result<Verification, Error> {
        let name = statement.named();
        if statement.level.is_skip() {
            return Ok(Verification::Skipped { statement: name });
        }
        let check = SignatureCheck {
            validators: &self.validators,
            subject: Subject::Blob(BlobSubject {
                blob,
                media_type: options.media_type.as_deref(),
                progress,
            }),
            statement,
            user_metadata: &options.user_metadata,
            now: self.clock.now(),
        };
        let mut outcome = SignatureOutcome::new(sha256_digest(signature.envelope));
        let allowance = options.allowed.begin();
        let judging = check.judge(signature.format, signature.envelope, &mut outcome);
        if let Err(source) = allowance.run(judging).await {
            outcome.failure = Some(Failure::Unfinished { source });
        }
        allowance
            .lend(async { outcome.undecided_if_exhausted() })
            .await;
        outcome.tell(None);
        answer(blob.path(), name, outcome)
    }
}

/// The answer about a signature that was judged.
fn answer(
    path: &Path,
    statement: StatementName,
    outcome: SignatureOutcome,
) -> Result<Verification, Error> {
    let (path, signature) = (path.to_owned(), outcome);
    let accepted = |signature| {
        let statement = statement.clone();
        Box::new(Accepted {
            statement,
            signature,
        })
    };
    match signature.acceptance() {
        Ok(Acceptance::Verified) => Ok(Verification::Verified(accepted(signature))),
        Ok(Acceptance::Tolerated) => Ok(Verification::Tolerated(accepted(signature))),
        Err(failure) => {
            let class = failure.class();
            let refused = Box::new(RejectedBlob {
                path,
                statement,
                outcome: signature,
            });
            Err(match class {
                FailureClass::Rejected => Error::Rejected(refused),
                FailureClass::Inconclusive => Error::Inconclusive(refused),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_never_an_answer_and_says_why() {
        let statement = || crate::verify::testing::audit().named();
        let outcome = |failure| {
            let mut outcome = SignatureOutcome::new(sha256_digest(b"s"));
            outcome.failure = failure;
            outcome
        };
        let answer = |failure| answer(Path::new("/f"), statement(), outcome(failure));
        assert!(matches!(answer(None), Ok(Verification::Tolerated(_))));
        let failure = || Failure::Expired {
            expiry: time::OffsetDateTime::UNIX_EPOCH,
        };
        let error = answer(Some(failure())).unwrap_err();
        assert_eq!(error.class(), FailureClass::Rejected);
        let words = [error.to_string(), failure().to_string()];
        assert_eq!(crate::causes::in_one_line(&error), words.join(": "));
        assert_eq!(error.hint(), failure().hint());
    }

    #[test]
    fn a_file_without_a_statement_has_the_policys_hint() {
        let hint = |source| {
            let path = "/f".into();
            Error::Policy { path, source }.hint()
        };
        let path = || "/c/trustpolicy.blob.json".into();
        assert_eq!(
            hint(trust_policy::Error::NoGlobalStatement { path: path() }).as_deref(),
            Some("name the statement with the setting `policy-name`, or set `globalPolicy` in one")
        );
        assert_eq!(hint(trust_policy::Error::BlankName), None);
    }
}
