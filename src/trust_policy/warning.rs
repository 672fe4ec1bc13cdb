//! What is allowed in a trust policy and yet probably a mistake.

use std::fmt;

use super::DocumentKind;
use super::statement::{Statement, TrustedIdentity};
use crate::document::{Position, near_name, place};
use crate::notary::StoreType;

/// Something that has no effect, or not the one that was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// JSON pointer of the value.
    pub pointer: String,
    /// Where it is.
    pub position: Position,
    /// What it is.
    pub cause: Cause,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: {}",
            self.position,
            place(&self.pointer),
            self.cause
        )
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
    /// An identity that looks like a signing profile of AWS Signer and is none, so that it trusts no signature.
    NotASigningProfile {
        /// The identity.
        identity: String,
        /// The identity as it was probably meant.
        near: Option<String>,
    },
    /// All trust stores are of type `tsa`, which trust time stamps and no signature.
    OnlyTimestampStores,
    /// Another scope of the document is the same repository in another spelling.
    ScopeRespelled {
        /// The scope.
        scope: String,
        /// The earlier one.
        other: String,
    },
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
            Self::NotASigningProfile { identity, .. } => {
                write!(
                    f,
                    "`{identity}` is not the ARN of a signing profile and trusts no signature"
                )
            }
            Self::OnlyTimestampStores => {
                f.write_str("every trust store is of type `tsa`, so that no signature is authentic")
            }
            Self::ScopeRespelled { scope, other } => {
                write!(
                    f,
                    "the scope `{scope}` is the repository `{other}` in another spelling"
                )
            }
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
            Self::NotASigningProfile { near, .. } => {
                return Some(signing_profile_advice(near.as_deref()));
            }
            Self::OnlyTimestampStores => {
                "add a store of type `signingAuthority` (AWS Signer) or `ca` (a signer's own key)"
            }
            Self::ScopeRespelled { .. } => "keep one of the two",
        };
        Some(advice.into())
    }
}

/// What to write for a signing profile; `near` is what was probably meant.
fn signing_profile_advice(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "the ARN of a signing profile is \
            `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`, and `/VERSION` after it where only one version is \
            trusted"
            .into(),
    }
}

/// Advice about a text that must be the ARN of a signing profile; `None` where it is.
pub(super) fn advice_for_signing_profile(text: &str) -> Option<String> {
    if is_signing_profile_arn(text) {
        return None;
    }
    let near = match not_a_signing_profile(&TrustedIdentity::Other(text.to_owned())) {
        Some(Cause::NotASigningProfile { near, .. }) => near,
        _ => None,
    };
    Some(signing_profile_advice(near.as_deref()))
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

/// Whether a statement can authenticate nothing since its stores are for time stamps alone.
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
    let parts: Vec<&str> = identity.splitn(6, ':').collect();
    let [arn, partition, service, region, account, resource] = parts.as_slice() else {
        return None;
    };
    if !arn.eq_ignore_ascii_case("arn") || !service.eq_ignore_ascii_case("signer") {
        return None;
    }
    if is_signing_profile_arn(identity) {
        return None;
    }
    // Notation's documents and AWS's have had it in the singular; the slash before it is easily lost.
    let name = resource
        .trim_start_matches('/')
        .split_once('/')
        .and_then(|(collection, name)| near_name(collection, &["signing-profiles"]).map(|_| name));
    let near = name
        .map(|name| format!("/signing-profiles/{name}"))
        .filter(|resource| is_signing_profile(partition, region, account, resource))
        .map(|resource| format!("arn:{partition}:signer:{region}:{account}:{resource}"));
    let identity = identity.clone();
    Some(Cause::NotASigningProfile { identity, near })
}

/// Whether a text is the ARN of a signing profile or of a version of one.
pub(super) fn is_signing_profile_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "signer", region, account, resource] = parts.as_slice() else {
        return false;
    };
    is_signing_profile(partition, region, account, resource)
}

/// The parts of `arn:PARTITION:signer:REGION:ACCOUNT:/signing-profiles/NAME[/VERSION]`.
fn is_signing_profile(partition: &str, region: &str, account: &str, resource: &str) -> bool {
    let is_word = |text: &str, more: fn(u8) -> bool| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || more(byte))
    };
    let Some(profile) = resource.strip_prefix("/signing-profiles/") else {
        return false;
    };
    let (name, version) = match profile.split_once('/') {
        Some((name, version)) => (name, Some(version)),
        None => (profile, None),
    };
    partition.starts_with("aws")
        && is_word(partition, |byte| byte == b'-')
        && is_word(region, |byte| byte == b'-')
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && is_word(name, |byte| byte == b'_')
        && version.is_none_or(|version| version.len() == 10 && is_word(version, |_| false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(identity: &str) -> Option<Option<String>> {
        match not_a_signing_profile(&TrustedIdentity::Other(identity.into()))? {
            Cause::NotASigningProfile { near, .. } => Some(near),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_signing_profile_in_the_singular_is_recognised() {
        let right = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/P";
        for wrong in [
            "arn:aws:signer:us-west-2:111122223333:/signing-profile/P",
            "arn:aws:signer:us-west-2:111122223333:signing-profiles/P",
            "arn:aws:signer:us-west-2:111122223333:signing-profile/P",
            "arn:aws:signer:us-west-2:111122223333:/Signing-Profiles/P",
        ] {
            assert_eq!(near(wrong), Some(Some(right.into())), "{wrong}");
        }
        assert_eq!(
            near("arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profile/P/0123456789"),
            Some(Some(
                "arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/P/0123456789"
                    .into()
            ))
        );
    }

    #[test]
    fn other_arns_of_the_service_are_warned_about_and_other_identities_are_not() {
        for wrong in [
            "arn:aws:signer:us-west-2:111122223333:/signing-jobs/x",
            "arn:aws:signer:us-west-2:1111:/signing-profiles/P",
            "arn:aws:signer::111122223333:/signing-profiles/P",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/P/short",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/P*",
        ] {
            assert_eq!(near(wrong), Some(None), "{wrong}");
        }
        for other in [
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/P",
            "arn:aws:signer:us-west-2:111122223333:/signing-profiles/P_1/0123456789",
            "arn:aws-cn:signer:cn-north-1:111122223333:/signing-profiles/P",
            "arn:aws:iam::111122223333:role/x",
            "x509.SubjectAltName:a",
        ] {
            assert_eq!(near(other), None, "{other}");
        }
    }
}
