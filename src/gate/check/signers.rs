//! Who signed: which signatures are those of one signer, who fills one role however often it signs.
//!
//! One key is one signer. So is one subject: after a renewal the same owner has a second key, and no identity of a
//! gate policy tells the two apart.

use crate::aws::SignerArn;
use crate::extended_validation::{self, attribute};
use crate::outcome::SignatureOutcome;
use crate::signer_info::{LabelKind, SignerInfo};
use crate::verify::SignatureOutcomes;
use crate::x509::Certificate;

/// What makes two signatures those of one signer.
#[derive(Debug, Clone)]
pub(super) enum SignerKey {
    /// A signing profile of AWS Signer, whatever its version.
    Profile(String),
    /// The holder of a certificate's key, and of its subject.
    Certificate {
        leaf: Box<Certificate>,
        subject: String,
    },
    /// Not known: the signature of this number could not be looked at.
    Unknown(usize),
}

/// The number of the signer of each signature, judged by so many statements.
pub(super) fn signers(signatures: &[SignatureOutcomes], statements: usize) -> Vec<usize> {
    let keys = signatures.iter().enumerate().map(|(at, signature)| {
        let outcomes = (0..statements).filter_map(|statement| signature.outcome(statement));
        let mut keys = outcomes.filter_map(SignerKey::of);
        keys.next().unwrap_or(SignerKey::Unknown(at))
    });
    groups(&keys.collect::<Vec<_>>())
}

/// The number of the group of each key. What is one signer with two others makes all three one.
fn groups(keys: &[SignerKey]) -> Vec<usize> {
    let mut groups: Vec<usize> = Vec::new();
    for (at, key) in keys.iter().enumerate() {
        let known = keys.iter().zip(&groups);
        let same = known.filter(|(other, _)| other.is(key));
        let same: Vec<usize> = same.map(|(_, group)| *group).collect();
        let group = same.first().copied().unwrap_or(at);
        for other in &mut groups {
            if same.contains(other) {
                *other = group;
            }
        }
        groups.push(group);
    }
    groups
}

impl SignerKey {
    pub(super) fn of(outcome: &SignatureOutcome) -> Option<Self> {
        let info = outcome.signer_info.as_ref()?;
        let plugin = info.signed_attributes.verification_plugin.as_deref();
        if plugin == Some(extended_validation::PLUGIN_NAME) {
            // AWS Signer's certificates are those of every signing profile.
            return profile_of(info).map(Self::Profile);
        }
        let leaf = info.certificate_chain.first()?;
        Some(Self::Certificate {
            leaf: Box::new(leaf.clone()),
            subject: leaf.subject().to_string(),
        })
    }

    /// Whether both are one signer.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Profile(one), Self::Profile(other)) => one == other,
            (
                Self::Certificate { leaf, subject },
                Self::Certificate {
                    leaf: other,
                    subject: of_other,
                },
            ) => leaf.has_key_of(other) || (!subject.is_empty() && subject == of_other),
            (Self::Unknown(one), Self::Unknown(other)) => one == other,
            _ => false,
        }
    }
}

/// The signing profile that AWS Signer names, without its version. Of a signature that is not verified, it is what is
/// claimed.
fn profile_of(info: &SignerInfo) -> Option<String> {
    let mut attributes = info.signed_attributes.extended.iter();
    let name = attribute::SIGNING_PROFILE_VERSION;
    let found = attributes.find(|one| one.label == LabelKind::Text && one.name == name)?;
    match SignerArn::parse(found.value.as_str()?).ok()? {
        SignerArn::ProfileVersion(version) => Some(version.profile().to_string()),
        SignerArn::AliasedProfile(profile) => Some(profile.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_one_by_their_name_and_what_nobody_knows_is_apart() {
        let profile = |name: &str| SignerKey::Profile(name.to_owned());
        let keys = [
            profile("a"),
            SignerKey::Unknown(1),
            profile("b"),
            profile("a"),
            SignerKey::Unknown(4),
        ];
        assert_eq!(groups(&keys), [0, 1, 2, 0, 4]);
        assert_eq!(groups(&[]), [0_usize; 0]);
    }
}
