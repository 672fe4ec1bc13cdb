//! What a gate policy allows and probably does not mean.

use std::fmt;

use time::OffsetDateTime;

use super::GatePolicy;
use super::read::{signer_of, version_of};
use super::rule::{
    GateRule, MetadataNeed, OnFailure, RevocationNeed, Role, RoleSigner, SignedIndexCovers, Tags,
    WildcardStatement,
};
use crate::notary::rfc3339;

/// Something that is allowed and probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateWarning {
    /// A more specific scope asks less than a wider one: a new rule takes images out of the wider one.
    AsksLess {
        /// The more specific scope.
        scope: String,
        /// Its rule.
        rule: String,
        /// The wider scope.
        wider_scope: String,
        /// The wider scope's rule.
        wider_rule: String,
        /// In what it asks less.
        less: Vec<&'static str>,
    },
    /// An exemption that does not count any more.
    ExemptionOver {
        /// The image, `HOST/REPOSITORY@DIGEST`.
        image: String,
        /// When it ended.
        until: OffsetDateTime,
    },
}

impl fmt::Display for GateWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AsksLess {
                scope,
                rule,
                wider_scope,
                wider_rule,
                less,
            } => write!(
                f,
                "the scope `{scope}` of the rule `{rule}` asks less than the wider scope `{wider_scope}` of the rule \
                 `{wider_rule}`: {}",
                less.join(", ")
            ),
            Self::ExemptionOver { image, until } => {
                write!(f, "the exemption of `{image}` ended on {}", rfc3339(*until))
            }
        }
    }
}

/// Everything that is probably not meant, at the time `now`.
pub(super) fn warnings(policy: &GatePolicy, now: OffsetDateTime) -> Vec<GateWarning> {
    let mut warnings = Vec::new();
    for rule in &policy.rules {
        for wider in policy.rules.iter().filter(|other| other.name != rule.name) {
            let pair = rule.scopes.iter().find_map(|scope| {
                let mut scopes = wider.scopes.iter();
                Some((scope, scopes.find(|other| other.is_wider_than(scope))?))
            });
            let Some((scope, wider_scope)) = pair else {
                continue;
            };
            let less = asks_less(rule, wider);
            if !less.is_empty() {
                warnings.push(GateWarning::AsksLess {
                    scope: scope.to_string(),
                    rule: rule.name.clone(),
                    wider_scope: wider_scope.to_string(),
                    wider_rule: wider.name.clone(),
                    less,
                });
            }
        }
    }
    let over = policy.exemptions.iter().filter(|one| one.until <= now);
    warnings.extend(over.map(|one| GateWarning::ExemptionOver {
        image: format!("{}@{}", one.repository, one.digest),
        until: one.until,
    }));
    warnings
}

/// In what `rule` asks less than `wider`.
fn asks_less(rule: &GateRule, wider: &GateRule) -> Vec<&'static str> {
    let mut less = Vec::new();
    if !has_signers_of(rule, wider) {
        less.push("signers");
    }
    let settings = [
        (
            "onFailure",
            rule.on_failure == OnFailure::Warn,
            wider.on_failure == OnFailure::Warn,
        ),
        (
            "tags",
            rule.tags == Tags::Resolve,
            wider.tags == Tags::Resolve,
        ),
        (
            "signedIndexCovers",
            rule.signed_index_covers == SignedIndexCovers::Index,
            wider.signed_index_covers == SignedIndexCovers::Index,
        ),
        (
            "revocation",
            rule.revocation == RevocationNeed::AsStatement,
            wider.revocation == RevocationNeed::AsStatement,
        ),
        (
            "wildcardStatement",
            rule.wildcard_statement == WildcardStatement::Accept,
            wider.wildcard_statement == WildcardStatement::Accept,
        ),
    ];
    let lax = settings
        .into_iter()
        .filter(|(_, here, there)| *here && !*there);
    less.extend(lax.map(|(name, ..)| name));
    less
}

/// Whether everything that fills enough roles of `rule` fills enough of `wider`: however its roles are filled, enough
/// of them are roles of the wider rule, too.
fn has_signers_of(rule: &GateRule, wider: &GateRule) -> bool {
    let is_of_wider = |role: &&Role| wider.roles.iter().any(|other| is_as_strict(role, other));
    let shared = rule.roles.iter().filter(is_of_wider).count();
    let others = rule.roles.len().saturating_sub(shared);
    rule.needed().saturating_sub(others) >= wider.needed()
}

/// Whether every signer that fills `role` also fills `other`.
fn is_as_strict(role: &Role, other: &Role) -> bool {
    let is_young = match (role.max_age, other.max_age) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(here), Some(there)) => here <= there,
    };
    let has_metadata = other.user_metadata.iter().all(|(key, wanted)| {
        match (role.user_metadata.get(key), wanted) {
            (None, _) => false,
            (Some(_), MetadataNeed::Present) => true,
            (Some(here), MetadataNeed::Value(_)) => here == wanted,
        }
    });
    is_signer_of(&role.signer, &other.signer) && is_young && has_metadata
}

/// Whether every signature of `signer` counts as one of `other`: of the same profile or identity, of its version if it has
/// one, and under the same statement of the trust policy.
fn is_signer_of(signer: &RoleSigner, other: &RoleSigner) -> bool {
    let is_under_statement = match (signer, other) {
        (
            RoleSigner::Identity { statement, .. },
            RoleSigner::Identity {
                statement: there, ..
            },
        ) => statement == there,
        _ => true,
    };
    let has_version = version_of(other).is_none_or(|wanted| version_of(signer) == Some(wanted));
    is_under_statement && has_version && signer_of(signer) == signer_of(other)
}
