//! How a [`Gate`] is put together: the gate policy, the trust policy where its statements are named, the roots of
//! signing profiles, and where it runs.

use std::fmt;

use super::Gate;
use super::statements::{self, Roots, UnknownStatement};
use crate::aws::SigningProfile;
use crate::environment::{self, Environment};
use crate::gate::policy::{GatePolicy, GateRule, Role, RoleSigner};
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

/// A signer that a rule names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignerName {
    /// The rule's name.
    pub rule: String,
    /// The signer's name in it.
    pub signer: String,
}

impl SignerName {
    fn of(rule: &GateRule, signer: &Role) -> Self {
        Self {
            rule: rule.name.clone(),
            signer: signer.name.clone(),
        }
    }
}

impl fmt::Display for SignerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the signer `{}` of the rule `{}`",
            self.signer, self.rule
        )
    }
}

/// Why a gate cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GateSetupError {
    /// The gate policy names statements, and there is no trust policy.
    #[error("{signer} needs a trust policy")]
    NoTrustPolicy {
        /// The signer.
        signer: SignerName,
    },
    /// The trust policy has not what the gate policy names.
    #[error("{signer} cannot be used")]
    Statement {
        /// The signer.
        signer: SignerName,
        /// What the trust policy lacks.
        #[source]
        source: UnknownStatement,
    },
    /// The roots of a signing profile cannot be used.
    #[error("{signer} cannot be used")]
    Roots {
        /// The signer.
        signer: SignerName,
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
    /// AWS would be asked elsewhere than at its own endpoints: the server there would decide what is revoked.
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
        let trust_policies = trust.as_ref().map(|trust| trust.policies().clone());
        let profiles = profiles(&policy, trust_policies.as_ref())?;
        let roots = stores(&profiles, roots)?;
        let setup = if let Some(trust) = trust {
            trust
        } else {
            // Which statement a verifier has of its own makes no difference: each role has its own.
            let profiles: Vec<SigningProfile> = profiles.into_iter().map(|(_, one)| one).collect();
            let of_profiles = TrustPolicies::of_signing_profiles(&profiles, Vec::new());
            let statement = of_profiles.statements().first().cloned();
            Setup::of_statement(statement.ok_or(GateSetupError::NoSigner)?, Vec::new())
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

    /// The same for a process that judges again and again: an answer of AWS Signer counts for as long as the gate policy
    /// says, by the directory of kept answers that the environment has.
    #[must_use]
    pub fn keeping_signer_answers(self) -> Self {
        match self.policy.aws_signer_answers_for() {
            Some(time) => Self {
                setup: self.setup.keeping_answers(time),
                ..self
            },
            None => self,
        }
    }

    /// The gate policy.
    pub const fn policy(&self) -> &GatePolicy {
        &self.policy
    }

    /// The roots of signing profiles.
    pub(super) const fn roots(&self) -> &Roots {
        &self.roots
    }

    /// The trust policy, where there is one.
    pub const fn trust_policies(&self) -> Option<&TrustPolicies> {
        self.trust_policies.as_ref()
    }

    /// The trust stores, not read yet.
    pub fn stores(&self) -> TrustStores {
        self.setup.stores()
    }

    /// Checks that AWS is asked at its own endpoints, or at those that the gate policy names. Whatever a gate asks AWS
    /// about before it is connected comes after this.
    ///
    /// # Errors
    ///
    /// [`GateConnectError`].
    pub async fn check_endpoints(&self, environment: &Environment) -> Result<(), GateConnectError> {
        let other = other_endpoint(environment, |url| self.policy.allows_endpoint(url)).await;
        match other.map_err(GateConnectError::Environment)? {
            Some((from, url)) => Err(GateConnectError::Endpoint { from, url }),
            None => Ok(()),
        }
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
        self.check_endpoints(environment).await?;
        let verifier = self.setup.connect(environment);
        Ok(Gate {
            policy: self.policy.clone(),
            trust_policies: self.trust_policies.clone(),
            roots: self.roots.clone(),
            verifier: verifier.map_err(GateConnectError::Environment)?,
        })
    }
}

/// The first URL that is not AWS's own endpoint and that is not allowed, without what may be secret in it, and where it
/// is set.
///
/// # Errors
///
/// As [`Environment::aws_endpoint_urls`].
pub(crate) async fn other_endpoint(
    environment: &Environment,
    allows: impl Fn(&str) -> bool,
) -> Result<Option<(String, String)>, environment::Error> {
    let mut urls = environment.aws_endpoint_urls().await?.into_iter();
    let other = urls.find(|(_, url)| !allows(url));
    Ok(other.map(|(from, url)| (from, redact_text(&url))))
}

/// The signing profiles that the gate policy names. Every other signer must be one that the trust policy has.
fn profiles(
    policy: &GatePolicy,
    trust_policies: Option<&TrustPolicies>,
) -> Result<Vec<(SignerName, SigningProfile)>, GateSetupError> {
    let mut profiles = Vec::new();
    for rule in policy.rules() {
        for one in &rule.roles {
            let signer = SignerName::of(rule, one);
            match (&one.signer, trust_policies) {
                (RoleSigner::SigningProfile(profile), _) => {
                    profiles.push((signer, profile.clone()));
                }
                (RoleSigner::Identity { .. }, None) => {
                    return Err(GateSetupError::NoTrustPolicy { signer });
                }
                (RoleSigner::Identity { .. }, Some(policies)) => {
                    statements::check(policies, one)
                        .map_err(|source| GateSetupError::Statement { signer, source })?;
                }
            }
        }
    }
    Ok(profiles)
}

/// The roots for these signing profiles.
fn stores(
    profiles: &[(SignerName, SigningProfile)],
    roots: &GateRoots,
) -> Result<Roots, GateSetupError> {
    let mut stores: Vec<(Option<Partition>, NamedStore)> = Vec::new();
    match roots {
        GateRoots::Given(given) => {
            stores.extend(given.iter().map(|store| (None, store.clone())));
        }
        GateRoots::Published => {
            for (signer, profile) in profiles {
                let partition = profile.arn().location().partition();
                if stores.iter().any(|(of, _)| *of == Some(partition)) {
                    continue;
                }
                let store = trust_store::built_in(partition.as_str()).map_err(|source| {
                    let signer = signer.clone();
                    GateSetupError::Roots { signer, source }
                })?;
                stores.push((Some(partition), store));
            }
        }
    }
    Ok(Roots::new(stores))
}
