//! What is allowed in a trust policy and yet probably a mistake.

use std::fmt;
use std::path::PathBuf;

use super::DocumentKind;
use super::statement::{Statement, TrustedIdentity};
use crate::aws::{ArnError, SignerArn};
use crate::document::{Position, near_name, place};
use crate::notary::StoreType;

/// Something that has no effect, or not the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// The document's file.
    pub path: PathBuf,
    /// JSON pointer of the value.
    pub pointer: String,
    /// Where it is.
    pub position: Position,
    /// What it is.
    pub cause: Cause,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, position, place) = (self.path.display(), self.position, place(&self.pointer));
        write!(f, "`{path}`, {position}: {place}: {}", self.cause)
    }
}

impl Warning {
    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        self.cause.hint()
    }
}

/// Why there is a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A member that the specification does not define; it is ignored.
    UnknownMember {
        /// Its name.
        name: String,
        /// The known member that it may have been meant to be.
        near: Option<&'static str>,
    },
    /// A member that only the other kind of document has; it is ignored.
    MemberOfOtherDocument {
        /// Its name.
        name: String,
        /// The kind of document that has it.
        kind: DocumentKind,
    },
    /// An identity that looks like a signing profile of AWS Signer and is not one.
    NotASigningProfile {
        /// What is wrong with it.
        problem: ArnError,
    },
    /// An identity that is the ARN of one signature and not of a signer.
    SigningJob {
        /// The identity.
        identity: String,
    },
    /// All trust stores are of type `tsa`, which trust timestamps and no signature.
    OnlyTimestampStores,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownMember { name, .. } => write!(f, "the unknown member `{name}` is ignored"),
            Self::MemberOfOtherDocument { name, kind } => write!(
                f,
                "the member `{name}` is ignored; only {} has it",
                kind.file_name()
            ),
            Self::NotASigningProfile { problem } => {
                write!(f, "the identity trusts no signature: {problem}")
            }
            Self::SigningJob { identity } => {
                write!(
                    f,
                    "the identity trusts no signature: `{identity}` is a signing job, not a signing profile"
                )
            }
            Self::OnlyTimestampStores => f.write_str(
                "every trust store is of type `tsa`, so no signature can pass authenticity",
            ),
        }
    }
}

impl Cause {
    fn hint(&self) -> Option<String> {
        let advice = match self {
            Self::UnknownMember { near, .. } => {
                return near.map(|near| format!("did you mean `{near}`?"));
            }
            Self::MemberOfOtherDocument { .. } => return None,
            Self::NotASigningProfile { problem } => return problem.hint(),
            Self::SigningJob { .. } => {
                "name the signing profile that signs; `countersign inspect` shows it"
            }
            Self::OnlyTimestampStores => {
                "add a store of type `signingAuthority` (AWS Signer) or `ca` (a signer's own key)"
            }
        };
        Some(advice.into())
    }
}

/// What an unknown member of an object is; `known` are the names that the object may have.
pub(super) fn unknown_member(name: &str, known: &[&'static str], kind: DocumentKind) -> Cause {
    let name = name.to_owned();
    let other = match (kind, name.as_str()) {
        (DocumentKind::Oci, "globalPolicy") => Some(DocumentKind::Blob),
        (DocumentKind::Blob, "registryScopes") => Some(DocumentKind::Oci),
        _ => None,
    };
    if let Some(kind) = other {
        return Cause::MemberOfOtherDocument { name, kind };
    }
    let near = near_name(&name, known);
    Cause::UnknownMember { name, near }
}

/// Whether a statement can authenticate nothing since its stores are for timestamps alone.
pub(super) fn has_only_timestamp_stores(statement: &Statement) -> bool {
    !statement.trust_stores.is_empty()
        && statement
            .trust_stores
            .iter()
            .all(|store| store.kind() == StoreType::Tsa)
}

/// A warning for an identity that is written like something of AWS Signer and names no signing profile.
pub(super) fn not_a_signing_profile(identity: &TrustedIdentity) -> Option<Cause> {
    let TrustedIdentity::Other(identity) = identity else {
        return None;
    };
    let mut parts = identity.split(':');
    let is = |part: Option<&str>, name| part.is_some_and(|part| part.eq_ignore_ascii_case(name));
    if !is(parts.next(), "arn") || !is(parts.nth(1), "signer") {
        return None;
    }
    match SignerArn::parse(identity) {
        Ok(SignerArn::Job(_)) => Some(Cause::SigningJob {
            identity: identity.clone(),
        }),
        Ok(_) => None,
        Err(problem) => Some(Cause::NotASigningProfile { problem }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warning(identity: &str) -> Option<Cause> {
        not_a_signing_profile(&TrustedIdentity::Other(identity.into()))
    }

    #[test]
    fn a_signing_profile_in_the_singular_is_recognised() {
        let right = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";
        for wrong in [
            "arn:aws:signer:us-west-2:111122223333:/signing-profile/Images",
            "arn:aws:signer:us-west-2:111122223333:signing-profiles/Images",
            "arn:aws:signer:us-west-2:111122223333:/Signing-Profiles/Images",
        ] {
            let cause = warning(wrong).unwrap();
            assert!(matches!(cause, Cause::NotASigningProfile { .. }), "{wrong}");
            assert_eq!(
                cause.hint(),
                Some(format!("did you mean `{right}`?")),
                "{wrong}"
            );
        }
    }

    #[test]
    fn what_can_never_match_is_warned_about_and_other_identities_are_not() {
        for wrong in [
            "arn:aws:signer:us-west-2:1111:/signing-profiles/Images",
            "arn:aws:signer:us-gov-west-1:111122223333:/signing-profiles/Images",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images*",
            "ARN:aws:Signer:us-west-2:111122223333:/signing-profiles/Images",
        ] {
            let cause = warning(wrong);
            assert!(
                matches!(cause, Some(Cause::NotASigningProfile { .. })),
                "{wrong}"
            );
        }
        let job = "arn:aws:signer:us-west-2:111122223333:/signing-jobs/x";
        let identity = job.into();
        assert_eq!(warning(job), Some(Cause::SigningJob { identity }));
        for right in [
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images/0123456789",
            "arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/Images",
            "arn:aws:signer:us-west-2:111122223333:/aliases/images",
            "arn:aws:iam::111122223333:role/x",
            "x509.SubjectAltName:a",
        ] {
            assert_eq!(warning(right), None, "{right}");
        }
    }
}
