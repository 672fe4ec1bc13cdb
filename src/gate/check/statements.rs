//! The statements that judge signatures: one for each role.
//!
//! A role with a signing profile has a strict statement of its own. One with an identity has the statement of the
//! trust policy, for that identity alone, where it applies to the artifact.

use crate::aws::SigningProfile;
use crate::config::StoreName;
use crate::gate::policy::{GateRule, Role, RoleSigner, WildcardStatement};
use crate::partition::Partition;
use crate::reference::{Reference, Scheme};
use crate::trust_policy::{self, Statement, TrustPolicies, TrustedIdentity};
use crate::trust_store::NamedStore;

/// Why no statement fills a role for an artifact.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NoStatement {
    /// No statement applies.
    #[error("no statement of the trust policy applies")]
    Nothing {
        /// Why.
        #[source]
        source: trust_policy::Error,
    },
    /// Another one applies.
    #[error("the statement `{found}` applies, wanted `{wanted}`")]
    Another {
        /// The one that applies.
        found: String,
        /// The one that the role names.
        wanted: String,
    },
    /// It applies through `*` alone.
    #[error("the statement `{statement}` applies only through `*`")]
    Wildcard {
        /// Its name.
        statement: String,
    },
    /// There are no trusted roots for a signing profile.
    #[error("no root of AWS Signer is trusted for the signing profile")]
    NoRoot,
}

impl NoStatement {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Nothing { source } => source.hint(),
            Self::Another { wanted, .. } => Some(format!(
                "add the repository to the `registryScopes` of the statement `{wanted}`; or name the statement that applies in the gate policy"
            )),
            Self::Wildcard { .. } => Some(
                "add the repository to the statement's `registryScopes`; or set `wildcardStatement` to `accept` in the rule of the gate policy"
                    .to_owned(),
            ),
            Self::NoRoot => None,
        }
    }
}

/// What the trust policy lacks for a role of the gate policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownStatement {
    /// It has no such statement.
    #[error("the trust policy has no statement `{statement}`")]
    Missing {
        /// The statement.
        statement: String,
        /// The statements that there are.
        known: Vec<String>,
    },
    /// The statement has nothing verified.
    #[error("the statement `{statement}` skips verification")]
    Skips {
        /// The statement.
        statement: String,
    },
    /// The statement does not trust the identity.
    #[error("the statement `{statement}` does not trust `{identity}`")]
    Identity {
        /// The statement.
        statement: String,
        /// The identity.
        identity: String,
        /// Those that it trusts.
        known: Vec<String>,
    },
}

impl UnknownStatement {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Missing { known, .. } => {
                format!("the statements are `{}`", known.join("`, `"))
            }
            Self::Skips { .. } => {
                "name a statement that verifies signatures; a level of `strict` is usual".to_owned()
            }
            Self::Identity { known, .. } => format!(
                "write one of its `trustedIdentities`, or a narrower subject: `{}`",
                known.join("`, `")
            ),
        }
    }
}

/// Checks that the trust policy has what `role` names.
pub(super) fn check(policies: &TrustPolicies, role: &Role) -> Result<(), UnknownStatement> {
    let RoleSigner::Identity {
        statement,
        identity,
    } = &role.signer
    else {
        return Ok(());
    };
    let name = || statement.clone();
    let mut statements = policies.statements().iter();
    let Some(found) = statements.find(|one| one.name == *statement) else {
        let known = policies.statements().iter().map(|one| one.name.clone());
        return Err(UnknownStatement::Missing {
            statement: name(),
            known: known.collect(),
        });
    };
    if found.level.is_skip() {
        return Err(UnknownStatement::Skips { statement: name() });
    }
    if !trusts(found, identity) {
        let known = found.trusted_identities.iter();
        return Err(UnknownStatement::Identity {
            statement: name(),
            identity: identity.as_str().to_owned(),
            known: known.map(|one| one.as_str().to_owned()).collect(),
        });
    }
    Ok(())
}

/// Whether the statement trusts the owner of `identity`, too.
fn trusts(statement: &Statement, identity: &TrustedIdentity) -> bool {
    statement
        .trusted_identities
        .iter()
        .any(|trusted| match (trusted, identity) {
            (TrustedIdentity::Any, TrustedIdentity::X509Subject { .. }) => true,
            (
                TrustedIdentity::X509Subject { subject: wide, .. },
                TrustedIdentity::X509Subject { subject, .. },
            ) => wide.is_part_of(subject),
            (trusted, identity) => trusted == identity,
        })
}

/// Where the roots of signing profiles are from, each in a store whose name no trust policy has.
#[derive(Debug, Clone)]
pub(super) struct Roots {
    /// The stores of each partition; of `None`, those for every partition.
    stores: Vec<(Option<Partition>, NamedStore)>,
}

impl Roots {
    pub(super) fn new(stores: impl IntoIterator<Item = (Option<Partition>, NamedStore)>) -> Self {
        let renamed = stores.into_iter().enumerate().map(|(number, (of, store))| {
            let name = StoreName::of_gate(number);
            (of, NamedStore { name, ..store })
        });
        Self {
            stores: renamed.collect(),
        }
    }

    pub(super) fn stores(&self) -> impl Iterator<Item = NamedStore> {
        self.stores.iter().map(|(_, store)| store.clone())
    }

    /// The stores for this profile.
    fn of(&self, profile: &SigningProfile) -> Vec<StoreName> {
        let partition = profile.arn().location().partition();
        let fits = |of: &Option<Partition>| of.is_none_or(|of| of == partition);
        let stores = self.stores.iter().filter(|(of, _)| fits(of));
        stores.map(|(_, store)| store.name.clone()).collect()
    }
}

/// Who is trusted: by the trust policy, and by AWS's roots.
pub(super) struct Trust<'a> {
    pub(super) policies: Option<&'a TrustPolicies>,
    pub(super) roots: &'a Roots,
}

impl Trust<'_> {
    /// The statement that judges signatures for the role `signer`, of the artifact that `reference` names.
    pub(super) fn statement(
        &self,
        rule: &GateRule,
        signer: &Role,
        reference: &Reference,
        scheme: Scheme,
    ) -> Result<Statement, NoStatement> {
        let (wanted, identity) = match &signer.signer {
            RoleSigner::SigningProfile(profile) => {
                let stores = self.roots.of(profile);
                if stores.is_empty() {
                    return Err(NoStatement::NoRoot);
                }
                let profiles = std::slice::from_ref(profile);
                let of_profile = TrustPolicies::of_signing_profiles(profiles, stores);
                let found = of_profile.statements().first().cloned();
                return found.ok_or(NoStatement::NoRoot);
            }
            RoleSigner::Identity {
                statement,
                identity,
            } => (statement, identity),
        };
        let Some(policies) = self.policies else {
            return Err(NoStatement::NoRoot);
        };
        let found = policies
            .select_over(&reference.scope(scheme), scheme)
            .map_err(|source| NoStatement::Nothing { source })?;
        if found.name != *wanted {
            return Err(NoStatement::Another {
                found: found.name.clone(),
                wanted: wanted.clone(),
            });
        }
        if found.is_about_everything() && rule.wildcard_statement == WildcardStatement::Refuse {
            return Err(NoStatement::Wildcard {
                statement: found.name.clone(),
            });
        }
        // The identity alone fills this role, whomever else the statement trusts.
        Ok(Statement {
            trusted_identities: vec![identity.clone()],
            unsigned_revocation_statements: Vec::new(),
            ..found.clone()
        })
    }
}
