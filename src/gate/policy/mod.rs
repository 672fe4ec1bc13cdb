//! The gate policy: who must have signed what may run, in a file of its own beside Notation's trust policy.
//!
//! Input: a JSON document (`schemas/gate-policy.v1.schema.json`) and the time. Output: rules, and the one that a
//! repository selects. Everything that is not known is refused with its place. No signature is looked at here.

#[doc(hidden)]
mod endpoint;
mod error;
#[doc(hidden)]
mod findings;
mod lint;
mod read;
mod rule;
mod scope;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;

pub use crate::aws::SigningProfile;
pub use crate::document::Position;
#[doc(hidden)]
pub use endpoint::normal as normal_endpoint;
pub use error::{GateFault, GatePolicyError, GateProblem};
#[doc(hidden)]
pub use findings::{GATE_LINT_RULES, findings, is_gate_policy};
pub use lint::GateWarning;
pub use rule::{
    Exemption, GateRule, MetadataNeed, Need, OnFailure, RevocationNeed, Role, RoleSigner,
    SignedIndexCovers, Tags, WildcardStatement,
};
pub use scope::{GateScope, GateScopeError, Rank};

use crate::document::Document;
use crate::files;
use crate::limits::MAX_GATE_POLICY_BYTES;
use crate::oci::{self, Digest};
use crate::reference::{Reference, Scheme};

/// A gate policy.
#[derive(Debug, Clone)]
pub struct GatePolicy {
    path: PathBuf,
    sha256: Digest,
    rules: Vec<GateRule>,
    exemptions: Vec<Exemption>,
    plugins: BTreeMap<String, PathBuf>,
    aws_endpoints: Vec<String>,
    aws_signer_answers_for: Option<Duration>,
}

/// Why no rule is chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoRule {
    /// No scope covers the repository.
    #[error("no rule of the gate policy `{}` covers `{repository}`", path.display())]
    NotCovered {
        /// The policy's file.
        path: PathBuf,
        /// The repository.
        repository: String,
        /// Until when the image was exempted, if it was.
        exempted_until: Option<OffsetDateTime>,
    },
    /// Two scopes of equal rank cover it: a port that belongs to the scheme decides.
    #[error(
        "the rules `{}` of the gate policy `{}` cover `{repository}` alike",
        names.join("` and `"),
        path.display()
    )]
    Ambiguous {
        /// The policy's file.
        path: PathBuf,
        /// The repository.
        repository: String,
        /// The rules' names.
        names: Vec<String>,
    },
}

impl NoRule {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotCovered {
                exempted_until: Some(until),
                ..
            } => format!(
                "the exemption of this image ended on {}; renew its `until`, or add a rule for the repository",
                crate::notary::rfc3339(*until)
            ),
            Self::NotCovered { repository, .. } => format!(
                "if the image is yours, add `{repository}` to the `scopes` of a rule; if it is not, exempt it by its digest"
            ),
            Self::Ambiguous { .. } => {
                "spell the registry alike in both rules, with or without the port".to_owned()
            }
        }
    }
}

impl GatePolicy {
    /// Reads the policy in the file `path`: a regular file, and no component of the path is a symbolic link. `now`
    /// decides which exemptions may be asked for.
    ///
    /// # Errors
    ///
    /// [`GatePolicyError`].
    pub fn load(path: &Path, now: OffsetDateTime) -> Result<Self, GatePolicyError> {
        let bytes = files::check_unlinked(path)
            .and_then(|()| files::read(path, MAX_GATE_POLICY_BYTES))
            .map_err(|source| match source {
                files::Error::SymbolicLink { .. } => GatePolicyError::Linked { source },
                source => GatePolicyError::Unreadable { source },
            })?;
        Self::parse(path, &bytes, now)
    }

    /// Reads the policy whose bytes must have this SHA-256 digest: links are followed, and a pipe must be written to
    /// its end within `wait`.
    ///
    /// # Errors
    ///
    /// [`GatePolicyError`].
    pub fn load_pinned(
        path: &Path,
        sha256: &Digest,
        wait: Duration,
        now: OffsetDateTime,
    ) -> Result<Self, GatePolicyError> {
        let bytes = files::read_named(path, MAX_GATE_POLICY_BYTES, wait)
            .map_err(|source| GatePolicyError::Unreadable { source })?;
        let found = oci::sha256_digest(&bytes);
        if found != *sha256 {
            return Err(GatePolicyError::OtherDigest {
                path: path.to_owned(),
                found,
                wanted: sha256.clone(),
            });
        }
        Self::parse(path, &bytes, now)
    }

    /// Reads the policy in `bytes`; `path` is for messages.
    ///
    /// # Errors
    ///
    /// [`GatePolicyError::TooLong`], [`GatePolicyError::Malformed`] and [`GatePolicyError::Invalid`].
    pub fn parse(path: &Path, bytes: &[u8], now: OffsetDateTime) -> Result<Self, GatePolicyError> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let path = path.to_owned();
        if length > MAX_GATE_POLICY_BYTES {
            return Err(GatePolicyError::TooLong { path });
        }
        let document = match Document::parse(bytes) {
            Ok(document) => document,
            Err(source) => return Err(GatePolicyError::Malformed { path, source }),
        };
        let content = read::read(&document, &path, now)
            .map_err(|problems| GatePolicyError::Invalid { problems })?;
        Ok(Self {
            path,
            sha256: oci::sha256_digest(bytes),
            rules: content.rules,
            exemptions: content.exemptions,
            plugins: content.plugins,
            aws_endpoints: content.aws_endpoints,
            aws_signer_answers_for: content.aws_signer_answers_for,
        })
    }

    /// The file that it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The digest of the very bytes that were read.
    pub const fn sha256(&self) -> &Digest {
        &self.sha256
    }

    /// Every rule, in the order of the document.
    pub fn rules(&self) -> &[GateRule] {
        &self.rules
    }

    /// Every exemption, those that have ended among them.
    pub fn exemptions(&self) -> &[Exemption] {
        &self.exemptions
    }

    /// The plugins that may run, each with the directory of plugins that it is installed in.
    pub const fn plugins(&self) -> &BTreeMap<String, PathBuf> {
        &self.plugins
    }

    /// Whether a role names a statement of Notation's trust policy.
    pub fn names_statements(&self) -> bool {
        let mut roles = self.rules.iter().flat_map(|rule| &rule.roles);
        roles.any(|role| matches!(role.signer, RoleSigner::Identity { .. }))
    }

    /// Whether AWS may be asked at this URL in place of its own endpoints.
    pub fn allows_endpoint(&self, url: &str) -> bool {
        normal_endpoint(url).is_some_and(|url| self.aws_endpoints.contains(&url))
    }

    /// How long AWS Signer's answer that nothing was revoked counts, in a process that judges again and again; `None`
    /// where it is asked every time.
    pub const fn aws_signer_answers_for(&self) -> Option<Duration> {
        self.aws_signer_answers_for
    }

    /// What is allowed and probably not meant.
    pub fn warnings(&self, now: OffsetDateTime) -> Vec<GateWarning> {
        lint::warnings(self, now)
    }

    /// The exemption of the image that `reference` names by its digest, at the time `now`.
    pub fn exemption(
        &self,
        reference: &Reference,
        scheme: Scheme,
        now: OffsetDateTime,
    ) -> Option<&Exemption> {
        self.exempted(reference, scheme)
            .find(|exemption| now < exemption.until)
    }

    fn exempted(&self, reference: &Reference, scheme: Scheme) -> impl Iterator<Item = &Exemption> {
        self.exemptions.iter().filter(move |exemption| {
            reference.digest() == Some(exemption.digest.as_ref())
                && exemption.repository.rank(reference, scheme) == Some(Rank::Exact)
        })
    }

    /// The rule for the repository of `reference`, whose registry is asked over `scheme`: the one with its scope, else
    /// the one with the longest prefix.
    ///
    /// # Errors
    ///
    /// [`NoRule`].
    pub fn rule(&self, reference: &Reference, scheme: Scheme) -> Result<&GateRule, NoRule> {
        let mut best: Option<Rank> = None;
        let mut chosen: Vec<&GateRule> = Vec::new();
        for rule in &self.rules {
            for rank in rule
                .scopes
                .iter()
                .filter_map(|one| one.rank(reference, scheme))
            {
                if best.is_none_or(|best| rank > best) {
                    best = Some(rank);
                    chosen = vec![rule];
                } else if best == Some(rank) && !chosen.contains(&rule) {
                    chosen.push(rule);
                }
            }
        }
        let path = || self.path.clone();
        let repository = reference.repository_with_registry();
        match chosen.as_slice() {
            [rule] => Ok(rule),
            [] => Err(NoRule::NotCovered {
                path: path(),
                repository,
                exempted_until: self.exempted(reference, scheme).map(|one| one.until).max(),
            }),
            several => Err(NoRule::Ambiguous {
                path: path(),
                repository,
                names: several.iter().map(|rule| rule.name.clone()).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
