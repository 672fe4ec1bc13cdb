//! How a [`Verifier`] is put together: its trust, what it may use, and where it runs.
//!
//! Input: signing profiles, or Notation's configuration. Output: a [`Setup`], which makes verifiers out of
//! environments; each verifier is fresh.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{Artifacts, AwsSignerChecks, OfflineDirectory, Validators, Verifier};
use crate::aws::{ArnError, SigningProfile};
use crate::config::{self, NotationDirs};
use crate::environment::{self, Clock, Environment};
use crate::extended_validation::{AnswerCache, RevocationChecker};
use crate::plugin_contract::PluginConfig;
use crate::plugin_host::PluginHost;
use crate::registry::ContentCache;
use crate::revocation::{Checker, Network};
use crate::trust_policy::{self, DocumentKind, Statement, TrustPolicies};
use crate::trust_store::{self, NamedStore, TrustStores};

/// Why a verifier cannot be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A text is not the ARN of a signing profile.
    #[error(transparent)]
    Profile(ArnError),
    /// The trust policy cannot be used.
    #[error(transparent)]
    Policy(trust_policy::Error),
    /// The roots of the profiles cannot be used.
    #[error(transparent)]
    Roots(trust_store::Error),
}

impl SetupError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Profile(error) => error.hint(),
            Self::Policy(error) => error.hint(),
            Self::Roots(error) => error.hint(),
        }
    }
}

/// Where the certificates are that are trusted.
#[derive(Debug, Clone)]
pub enum Stores {
    /// In Notation's configuration directory, this one.
    Notation(PathBuf),
    /// In this directory, in place of Notation's `truststore`; nothing in the path of a store may be a link.
    Directory(PathBuf),
    /// Here.
    Given(Vec<NamedStore>),
}

/// Which plugins may run.
#[derive(Debug, Clone)]
enum Plugins {
    /// Those that are installed in the environment.
    Installed,
    /// These, each from its directory.
    Named(BTreeMap<String, PathBuf>),
    /// No plugin.
    NoPlugin,
}

/// The trust of verifiers and what they may use, before they are connected.
#[derive(Debug, Clone)]
pub struct Setup {
    policies: TrustPolicies,
    stores: Stores,
    aws_signer_checks: AwsSignerChecks,
    plugin_config: PluginConfig,
    plugins: Plugins,
    /// Stores beside those of the trust policy.
    more_stores: Vec<NamedStore>,
    keeps_answers: Option<Duration>,
    record: Option<OfflineDirectory>,
}

impl Verifier {
    /// Trusts these signing profiles of AWS Signer, or versions of profiles, for every repository, at level
    /// strict; needs no trust policy and no trust store. Each is an ARN,
    /// `arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME`. Their roots are those that AWS has published.
    ///
    /// # Errors
    ///
    /// [`SetupError::Profile`], and [`SetupError::Roots`] for a partition of AWS without a published root.
    pub fn for_signing_profiles<P: AsRef<str>>(
        profiles: impl IntoIterator<Item = P>,
    ) -> Result<Setup, SetupError> {
        let profiles = parse(profiles)?;
        let roots = published_roots(&profiles)?;
        Ok(Setup::of_signing_profiles(&profiles, roots))
    }

    /// The same with these roots in place of the published ones.
    ///
    /// # Errors
    ///
    /// [`SetupError::Profile`].
    pub fn for_signing_profiles_under<P: AsRef<str>>(
        profiles: impl IntoIterator<Item = P>,
        roots: Vec<NamedStore>,
    ) -> Result<Setup, SetupError> {
        Ok(Setup::of_signing_profiles(&parse(profiles)?, roots))
    }

    /// Trusts what Notation's trust policy and trust stores name: `trustpolicy.oci.json`, else
    /// `trustpolicy.json`. The policy is read now; stores are read by each verifier, once.
    ///
    /// # Errors
    ///
    /// [`SetupError::Policy`].
    pub fn from_notation_config(directories: &NotationDirs) -> Result<Setup, SetupError> {
        Setup::of_notation(DocumentKind::Oci, directories)
    }

    /// The same for files: `trustpolicy.blob.json`.
    ///
    /// # Errors
    ///
    /// [`SetupError::Policy`].
    pub fn of_blobs_from_notation_config(directories: &NotationDirs) -> Result<Setup, SetupError> {
        Setup::of_notation(DocumentKind::Blob, directories)
    }
}

fn parse<P: AsRef<str>>(
    profiles: impl IntoIterator<Item = P>,
) -> Result<Vec<SigningProfile>, SetupError> {
    let profiles = profiles.into_iter();
    profiles
        .map(|profile| SigningProfile::parse(profile.as_ref()).map_err(SetupError::Profile))
        .collect()
}

/// The roots that AWS has published for the partitions of these signing profiles.
///
/// # Errors
///
/// [`SetupError::Roots`].
pub(crate) fn published_roots(profiles: &[SigningProfile]) -> Result<Vec<NamedStore>, SetupError> {
    let mut partitions = Vec::new();
    for profile in profiles {
        let partition = profile.arn().location().partition().as_str();
        if !partitions.contains(&partition) {
            partitions.push(partition);
        }
    }
    partitions
        .into_iter()
        .map(|partition| trust_store::built_in(partition).map_err(SetupError::Roots))
        .collect()
}

impl Setup {
    fn new(policies: TrustPolicies, stores: Stores) -> Self {
        Self {
            policies,
            stores,
            aws_signer_checks: AwsSignerChecks::default(),
            plugin_config: BTreeMap::new(),
            plugins: Plugins::Installed,
            more_stores: Vec::new(),
            keeps_answers: None,
            record: None,
        }
    }

    /// Trusts these signing profiles, for every repository, at level strict, under these roots.
    pub(crate) fn of_signing_profiles(profiles: &[SigningProfile], roots: Vec<NamedStore>) -> Self {
        let names = roots.iter().map(|store| store.name.clone()).collect();
        let policies = TrustPolicies::of_signing_profiles(profiles, names);
        Self::new(policies, Stores::Given(roots))
    }

    /// Verifiers by this policy over these stores.
    pub fn of_policies(policies: TrustPolicies, stores: Stores) -> Self {
        Self::new(policies, stores)
    }

    /// Trusts by this statement alone, over these stores.
    pub fn of_statement(statement: Statement, stores: Vec<NamedStore>) -> Self {
        Self::new(
            TrustPolicies::of_statement(statement),
            Stores::Given(stores),
        )
    }

    fn of_notation(kind: DocumentKind, directories: &NotationDirs) -> Result<Self, SetupError> {
        let directory = &directories.config;
        let policies = match kind {
            DocumentKind::Oci => TrustPolicies::load_oci(directory),
            DocumentKind::Blob => TrustPolicies::load_blob(directory),
        };
        let policies = policies.map_err(SetupError::Policy)?;
        Ok(Self::new(policies, Stores::Notation(directory.clone())))
    }

    /// The policy.
    pub fn policies(&self) -> &TrustPolicies {
        &self.policies
    }

    /// The trust stores, not read yet.
    pub fn stores(&self) -> TrustStores {
        let stores = match &self.stores {
            Stores::Notation(directory) => TrustStores::new(directory),
            Stores::Directory(directory) => TrustStores::in_directory(directory),
            Stores::Given(stores) => TrustStores::in_memory(stores.iter().cloned()),
        };
        stores.with(self.more_stores.iter().cloned())
    }

    /// The same with these stores beside those of the trust policy; they beat stores of the same name.
    #[must_use]
    pub fn with_stores(mut self, stores: impl IntoIterator<Item = NamedStore>) -> Self {
        self.more_stores.extend(stores);
        self
    }

    /// The same with another policy over the same stores.
    #[must_use]
    pub fn with_policies(self, policies: TrustPolicies) -> Self {
        Self { policies, ..self }
    }

    /// The same, where this one judges AWS Signer's signatures.
    #[must_use]
    pub fn with_aws_signer_checks(self, aws_signer_checks: AwsSignerChecks) -> Self {
        Self {
            aws_signer_checks,
            ..self
        }
    }

    /// The same with these settings for plugins.
    #[must_use]
    pub fn with_plugin_config(self, plugin_config: PluginConfig) -> Self {
        Self {
            plugin_config,
            ..self
        }
    }

    /// The same without plugins: what only a plugin could judge is refused.
    #[must_use]
    pub fn without_plugins(self) -> Self {
        Self {
            plugins: Plugins::NoPlugin,
            ..self
        }
    }

    /// The same, where only these plugins may run: each by its name, from the directory of plugins that it is
    /// installed in. The checks for AWS Signer that are built in run in any case.
    #[must_use]
    pub fn with_only_plugins(self, plugins: BTreeMap<String, PathBuf>) -> Self {
        Self {
            plugins: Plugins::Named(plugins),
            ..self
        }
    }

    /// The same, where AWS Signer's answers that nothing was revoked are kept on disk, in the environment's
    /// cache, and count for `time`. They do not satisfy `strict` of a [`super::Requirement`].
    #[must_use]
    pub fn keeping_answers(self, time: Duration) -> Self {
        Self {
            keeps_answers: Some(time),
            ..self
        }
    }

    /// The same, where every answer about revocation that counts is stored in `directory`.
    #[must_use]
    pub fn recording(self, directory: OfflineDirectory) -> Self {
        Self {
            record: Some(directory),
            ..self
        }
    }

    /// A verifier that runs in `environment`. No request is sent yet.
    ///
    /// A verifier keeps what it was told for as long as it lives: trust stores, tokens of registries, and each
    /// answer about revocation. For a decision that rests on nothing older, call this again; the new
    /// verifier shares only connections, credentials and their tokens with the environment's others.
    ///
    /// # Errors
    ///
    /// [`environment::Error`].
    pub fn connect(&self, environment: &Environment) -> Result<Verifier, environment::Error> {
        let connections = environment.connections()?;
        let revocation = match &self.record {
            // No cache stands between what is stored and who was asked.
            Some(directory) => Checker::new(Arc::new(Network::new(connections.pool)))
                .with_record(directory.revocation()),
            None => environment.revocation(&connections),
        };
        let aws_signer = match environment.cache() {
            Some(cache) => {
                let directory = config::aws_signer_cache(&cache);
                let answers = match self.keeps_answers {
                    Some(time) => AnswerCache::new(directory, time),
                    None => AnswerCache::unread(directory),
                };
                RevocationChecker::with_cache(connections.aws, answers)
            }
            None => RevocationChecker::new(connections.aws),
        };
        let plugins = match &self.plugins {
            Plugins::Installed => environment.plugin_host().ok(),
            Plugins::Named(named) => {
                let host = PluginHost::named(named.clone());
                Some(host.with_variables(environment.child_variables()))
            }
            Plugins::NoPlugin => None,
        };
        let validators = Validators {
            stores: self.stores(),
            aws_signer,
            revocation,
            plugins,
            plugin_config: self.plugin_config.clone(),
            aws_signer_checks: self.aws_signer_checks,
        };
        let content = environment.content_cache().map(ContentCache::new);
        Ok(Verifier {
            policies: self.policies.clone(),
            artifacts: Artifacts::Registries(connections.registry.with_content_cache(content)),
            validators,
            clock: environment.clock(),
        })
    }

    /// A verifier that sends no requests: it has only what is in `directory`, where AWS Signer's answers count that
    /// are at most `max_age` old and that the policy allows. It runs no plugin.
    pub fn offline(
        &self,
        directory: OfflineDirectory,
        max_age: Duration,
        clock: Clock,
    ) -> Verifier {
        Verifier {
            policies: self.policies.clone(),
            validators: Validators {
                stores: self.stores(),
                aws_signer: RevocationChecker::stored(directory.aws_signer(max_age)),
                revocation: Checker::stored(directory.revocation()),
                plugins: None,
                plugin_config: BTreeMap::new(),
                aws_signer_checks: AwsSignerChecks::InProcess,
            },
            artifacts: Artifacts::Stored(directory),
            clock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_is_that_of_what_cannot_be_used() {
        let profile = || SigningProfile::parse("x").unwrap_err();
        let policy = || trust_policy::Error::Missing {
            directory: "/c".into(),
            kind: DocumentKind::Oci,
        };
        let roots = || trust_store::built_in("x").unwrap_err();
        for (error, hint) in [
            (SetupError::Profile(profile()), profile().hint()),
            (SetupError::Policy(policy()), policy().hint()),
            (SetupError::Roots(roots()), roots().hint()),
        ] {
            assert!(hint.as_ref().is_some_and(|hint| hint.len() > 5), "{error}");
            assert_eq!(error.hint(), hint, "{error}");
        }
    }
}
