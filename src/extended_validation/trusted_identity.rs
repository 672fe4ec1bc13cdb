//! Is the signing profile one that the policy trusts?
//!
//! Names are compared letter for letter. AWS's plugin ignores letter case; but profiles whose names
//! differ only in that are two profiles, and IAM, which decides who may make and use them, tells
//! them apart.

use super::near_miss::NearMiss;
use super::{Claims, Error, Signer};
use crate::aws::SignerArn;
use crate::document::near_name;
use crate::limits;

/// Finds the trusted identity that covers the signature, and gives it back.
///
/// An identity is the ARN of a signing profile (any of its versions), of a profile version, of an
/// alias, or of a profile that is only known by its alias. Others, such as `x509.subject:`, are for
/// other signers and do not match.
///
/// # Errors
///
/// [`Error::Wildcard`] if `*` is among the identities, [`Error::Untrusted`] if none matches.
pub fn check_trusted_identity<'a, S: AsRef<str>>(
    claims: &Claims,
    trusted_identities: &'a [S],
) -> Result<&'a str, Error> {
    let identities = || trusted_identities.iter().map(AsRef::as_ref);
    if identities().any(|identity| identity.trim() == "*") {
        return Err(Error::Wildcard);
    }
    identities()
        .find(|identity| SignerArn::parse(identity).is_ok_and(|arn| covers(&arn, claims)))
        .ok_or_else(|| Error::Untrusted {
            signer: signer_in_words(claims),
            near_misses: identities()
                .filter_map(|identity| near_miss(identity, claims))
                .take(limits::MAX_NEAR_MISSES)
                .collect(),
            trusted: identities()
                .take(limits::MAX_NEAR_MISSES)
                .map(str::to_owned)
                .collect(),
            more: identities().count().saturating_sub(limits::MAX_NEAR_MISSES),
        })
}

fn covers(trusted: &SignerArn, claims: &Claims) -> bool {
    match (trusted, claims.signer()) {
        (SignerArn::Profile(trusted), Signer::ProfileVersion(found)) => trusted == found.profile(),
        (SignerArn::ProfileVersion(trusted), Signer::ProfileVersion(found)) => trusted == found,
        (SignerArn::AliasedProfile(trusted), Signer::AliasedProfile(found)) => trusted == found,
        (SignerArn::Alias(trusted), _) => claims.alias() == Some(trusted),
        _ => false,
    }
}

fn signer_in_words(claims: &Claims) -> String {
    match claims.alias() {
        None => claims.signer().to_string(),
        Some(alias) => format!("{}` through `{alias}", claims.signer()),
    }
}

/// Why `identity` does not match, where that looks like a mistake.
fn near_miss(identity: &str, claims: &Claims) -> Option<NearMiss> {
    let miss = |reason: String| {
        Some(NearMiss {
            identity: identity.to_owned(),
            reason,
        })
    };
    let arn = match SignerArn::parse(identity) {
        Ok(arn) => arn,
        Err(error) if identity.to_ascii_lowercase().starts_with("arn:") => {
            if identity.contains('*') {
                return miss("has a wildcard; every signing profile must be named".to_owned());
            }
            return miss(match error.hint() {
                Some(hint) => format!("is not an ARN of AWS Signer: {hint}"),
                None => format!("cannot be used: {error}"),
            });
        }
        Err(_) => return None,
    };
    let found = claims.signer().to_string();
    let (trusted, found_lower) = (identity.to_ascii_lowercase(), found.to_ascii_lowercase());
    if found_lower == trusted || found_lower.starts_with(&format!("{trusted}/")) {
        return miss("differs only in letter case, which counts".to_owned());
    }
    match (&arn, claims.signer()) {
        (SignerArn::Job(_), _) => {
            miss("is a signing job; trust the signing profile instead".to_owned())
        }
        (SignerArn::ProfileVersion(trusted), Signer::ProfileVersion(found))
            if trusted.profile() == found.profile() =>
        {
            miss(format!(
                "is another version of this profile, `{}`; without a version every version is trusted",
                trusted.version()
            ))
        }
        (SignerArn::Profile(trusted), Signer::ProfileVersion(found))
            if trusted.name() == found.profile().name() =>
        {
            let (here, there) = (trusted.location(), found.profile().location());
            let part = if here.partition() != there.partition() {
                "partition"
            } else if here.region() != there.region() {
                "region"
            } else {
                "account"
            };
            miss(format!("is of another {part}"))
        }
        (SignerArn::Profile(trusted), Signer::ProfileVersion(found))
            if trusted.location() == found.profile().location()
                && near_name(found.profile().name(), &[trusted.name()]).is_some() =>
        {
            miss(format!(
                "has a similar name; the signature's profile is `{}`",
                found.profile().name()
            ))
        }
        (SignerArn::Alias(_), _) if claims.alias().is_none() => {
            miss("is an alias, but the signature has no alias".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::attribute;
    use super::super::tests::{ALIAS, JOB, VERSION, claims, good_claims};
    use super::*;

    const PROFILE: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images";

    fn near_miss_of(identity: &str) -> String {
        match check_trusted_identity(&good_claims(), &[identity]) {
            Err(error @ Error::Untrusted { .. }) => error.hint().unwrap_or_default(),
            other => panic!("{identity}: {other:?}"),
        }
    }

    #[test]
    fn a_profile_covers_its_versions_and_a_version_itself() {
        let claims = good_claims();
        let others = [
            "x509.subject: C=US, ST=WA, O=x",
            "arn:aws:iam::111122223333:role/x",
        ];
        for identity in [PROFILE, VERSION] {
            let identities = [others[0], others[1], identity];
            assert_eq!(
                check_trusted_identity(&claims, &identities).unwrap(),
                identity
            );
        }
    }

    #[test]
    fn anything_else_does_not_match_and_near_misses_are_explained() {
        for (identity, reason) in [
            ("x509.subject: C=US, ST=WA, O=x", ""),
            ("", ""),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Charts",
                "",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Image",
                "has a similar name; the signature's profile is `Images`",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images2",
                "has a similar name; the signature's profile is `Images`",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/images",
                "letter case",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images/of8ivuspjq",
                "letter case",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images/XX8IVUsPJq",
                "another version of this profile, `XX8IVUsPJq`",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Others/XX8IVUsPJq",
                "",
            ),
            (
                "arn:aws:signer:us-east-1:111122223333:/signing-profiles/Images",
                "another region",
            ),
            (
                "arn:aws:signer:us-west-2:999922223333:/signing-profiles/Images",
                "another account",
            ),
            (
                "arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/Images",
                "another partition",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profile/Images",
                "did you mean `arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images`?",
            ),
            (
                "arn:aws:signer:us-west-2:111122223333:/signing-profiles/*",
                "has a wildcard",
            ),
            (JOB, "is a signing job"),
            (ALIAS, "is an alias"),
        ] {
            let found = near_miss_of(identity);
            let wanted = if reason.is_empty() {
                "unless you trust that profile"
            } else {
                reason
            };
            assert!(found.contains(wanted), "{identity}: {found}");
        }
    }

    #[test]
    fn a_wildcard_is_refused_beside_a_match() {
        for wildcard in ["*", " * "] {
            assert!(matches!(
                check_trusted_identity(&good_claims(), &[PROFILE, wildcard]),
                Err(Error::Wildcard)
            ));
        }
        assert!(matches!(
            check_trusted_identity::<&str>(&good_claims(), &[]),
            Err(Error::Untrusted { .. })
        ));
    }

    #[test]
    fn an_alias_covers_what_was_signed_through_it() {
        let aliased = "arn:aws:signer:us-west-2:111122223333:/aliased-signing-profiles/97af3947";
        let claims = claims(&[
            (attribute::SIGNING_PROFILE_VERSION, json!(aliased)),
            (attribute::SIGNING_JOB, json!(JOB)),
            (attribute::SIGNING_PROFILE_ALIAS, json!(ALIAS)),
        ])
        .unwrap();
        for identity in [ALIAS, aliased] {
            assert_eq!(
                check_trusted_identity(&claims, &[identity]).unwrap(),
                identity
            );
        }
        let error = check_trusted_identity(&claims, &[PROFILE, &ALIAS.replace("release", "other")])
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("signed with `{aliased}` through `{ALIAS}`, which is not a trusted identity")
        );
        // That the signature names no alias is said only where it is so.
        assert!(matches!(error, Error::Untrusted { near_misses, .. } if near_misses.is_empty()));
    }
}
