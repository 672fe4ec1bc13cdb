//! How a [`Gate`] is put together: the gate policy, the trust policy where its statements are named, the roots of
//! signing profiles, and where it runs.

use super::Gate;
use super::statements::{self, Roots, UnknownStatement};
use crate::aws::SigningProfile;
use crate::environment::{self, Environment};
use crate::gate::policy::{GatePolicy, RoleSigner};
use crate::http::redact_text;
use crate::partition::Partition;
use crate::trust_policy::TrustPolicies;
use crate::trust_store::{self, NamedStore, TrustStores};
use crate::verify::Setup;

/// The roots that signatures of signing profiles rest on.
#[derive(Debug, Clone)]
pub enum GateRoots {
    /// Those that AWS has published for each profile's partition.
    Published,
    /// These, for every profile.
    Given(Vec<NamedStore>),
}

/// Why a gate cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateSetupError {
    /// The gate policy names statements, and there is no trust policy.
    #[error("the signer `{role}` of the rule `{rule}` needs a trust policy")]
    NoTrustPolicy {
        /// The rule.
        rule: String,
        /// The role.
        role: String,
    },
    /// The trust policy has not what the gate policy names.
    #[error("the signer `{role}` of the rule `{rule}` cannot be used")]
    Statement {
        /// The rule.
        rule: String,
        /// The role.
        role: String,
        /// What the trust policy lacks.
        #[source]
        source: UnknownStatement,
    },
    /// The roots of a signing profile cannot be used.
    #[error("the signer `{role}` of the rule `{rule}` cannot be used")]
    Roots {
        /// The rule.
        rule: String,
        /// The role.
        role: String,
        /// Why.
        #[source]
        source: trust_store::Error,
    },
    /// There is no signer at all.
    #[error("the gate policy has no signer")]
    NoSigner,
}

impl GateSetupError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoTrustPolicy { .. } => Some(
                "write a trust policy with the statement, or name a `signingProfile`".to_owned(),
            ),
            Self::Statement { source, .. } => Some(source.hint()),
            Self::Roots { source, .. } => source.hint(),
            Self::NoSigner => None,
        }
    }
}

/// Why a gate does not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateConnectError {
    /// The environment cannot be used.
    #[error(transparent)]
    Environment(environment::Error),
    /// AWS would be asked elsewhere than at its own endpoints: whoever answers there says what is revoked.
    #[error(
        "{} sets the endpoint `{url}`, which is not AWS's own and which the gate policy does not name",
        from
    )]
    Endpoint {
        /// Where it is set.
        from: String,
        /// The URL, without what may be secret in it.
        url: String,
    },
}

impl GateConnectError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Environment(error) => error.hint(),
            Self::Endpoint { url, .. } => Some(format!(
                "unset it; or, if AWS is to be asked there, add `{url}` to `awsEndpoints` of the gate policy"
            )),
        }
    }
}

/// A gate before it is connected.
#[derive(Debug, Clone)]
pub struct GateSetup {
    policy: GatePolicy,
    trust_policies: Option<TrustPolicies>,
    roots: Roots,
    setup: Setup,
}

impl GateSetup {
    /// A gate by `policy`. `trust` is the trust policy and its stores; it is needed where
    /// [`GatePolicy::names_statements`].
    ///
    /// # Errors
    ///
    /// [`GateSetupError`].
    pub fn new(
        policy: GatePolicy,
        trust: Option<Setup>,
        roots: &GateRoots,
    ) -> Result<Self, GateSetupError> {
        let mut profiles: Vec<SigningProfile> = Vec::new();
        let mut partitions: Vec<Partition> = Vec::new();
        let mut stores = Vec::new();
        for rule in policy.rules() {
            for role in &rule.roles {
                let names = || (rule.name.clone(), role.name.clone());
                let RoleSigner::SigningProfile(profile) = &role.signer else {
                    let Some(trust) = &trust else {
                        let (rule, role) = names();
                        return Err(GateSetupError::NoTrustPolicy { rule, role });
                    };
                    statements::check(trust.policies(), role).map_err(|source| {
                        let (rule, role) = names();
                        GateSetupError::Statement { rule, role, source }
                    })?;
                    continue;
                };
                profiles.push(profile.clone());
                let partition = profile.arn().location().partition();
                if matches!(roots, GateRoots::Published) && !partitions.contains(&partition) {
                    let store = trust_store::built_in(partition.as_str()).map_err(|source| {
                        let (rule, role) = names();
                        GateSetupError::Roots { rule, role, source }
                    })?;
                    stores.push((Some(partition), store));
                    partitions.push(partition);
                }
            }
        }
        if let GateRoots::Given(given) = roots {
            stores.extend(given.iter().map(|store| (None, store.clone())));
        }
        let roots = Roots::new(stores);
        let trust_policies = trust.as_ref().map(|trust| trust.policies().clone());
        let setup = match trust {
            Some(trust) => trust,
            // Which statement a verifier has of its own makes no difference: each role has its own.
            None => {
                let of_profiles = TrustPolicies::of_signing_profiles(&profiles, Vec::new());
                let statement = of_profiles.statements().first().cloned();
                Setup::of_statement(statement.ok_or(GateSetupError::NoSigner)?, Vec::new())
            }
        };
        let setup = setup
            .with_stores(roots.stores())
            .with_only_plugins(policy.plugins().clone());
        Ok(Self {
            policy,
            trust_policies,
            roots,
            setup,
        })
    }

    /// The gate policy.
    pub const fn policy(&self) -> &GatePolicy {
        &self.policy
    }

    /// The trust policy, where there is one.
    pub const fn trust_policies(&self) -> Option<&TrustPolicies> {
        self.trust_policies.as_ref()
    }

    /// The trust stores, not read yet.
    pub fn stores(&self) -> TrustStores {
        self.setup.stores()
    }

    /// A gate that runs in `environment`. No registry is asked yet; AWS's configuration is read, and an endpoint that
    /// is not AWS's own and that the gate policy does not name is refused.
    ///
    /// A gate keeps what it was told for as long as it lives. For a decision that rests on nothing older, call this
    /// again.
    ///
    /// # Errors
    ///
    /// [`GateConnectError`].
    pub async fn connect(&self, environment: &Environment) -> Result<Gate, GateConnectError> {
        let urls = environment.aws_endpoint_urls().await;
        for (from, url) in urls.map_err(GateConnectError::Environment)? {
            if !self.policy.allows_endpoint(&url) {
                let url = redact_text(&url);
                return Err(GateConnectError::Endpoint { from, url });
            }
        }
        let verifier = self.setup.connect(environment);
        Ok(Gate {
            policy: self.policy.clone(),
            trust_policies: self.trust_policies.clone(),
            roots: self.roots.clone(),
            verifier: verifier.map_err(GateConnectError::Environment)?,
        })
    }
}
