//! Which rule of a gate policy decides about a repository, and what it asks
//! (`schemas/gate-explanation.v1.schema.json`).

use std::collections::BTreeMap;

use serde::Serialize;

use super::exit::Exit;
use super::gate::{GateExemption, GatePolicyFile};
use super::reason::Reason;
use crate::causes;
use crate::gate::policy::{Exemption, GatePolicy, MetadataNeed, RoleSigner};
use crate::gate::{ExplainedRole, GateExplanation};

/// The document.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GateExplanationV1 {
    /// Why there is no rule, or none could be looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exemption of this very image, which no rule decides about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exemption: Option<GateExemption>,
    /// The exit code.
    pub exit_code: u8,
    /// The gate policy, once it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate_policy: Option<GatePolicyFile>,
    /// The reference, as it was given.
    pub reference: String,
    /// The rule that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<ExplainedRule>,
    /// The version of the document.
    pub version: &'static str,
}

/// A rule, and why it decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedRule {
    /// Its scope that covers the repository.
    pub matched_scope: String,
    /// Its name.
    pub name: String,
    /// How many signers must be there.
    pub needed: usize,
    /// Its settings, by their names in the gate policy.
    pub settings: BTreeMap<&'static str, &'static str>,
    /// The signers that it asks for.
    pub signers: Vec<ExplainedSigner>,
    /// Wider scopes that cover the repository too, and do not count.
    pub wider: Vec<WiderScope>,
}

/// A scope that does not count, since a more specific one does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct WiderScope {
    /// Its rule.
    pub rule: String,
    /// The scope.
    pub scope: String,
}

/// A signer that a rule asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedSigner {
    /// How old its signature may be, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u64>,
    /// Its name in the rule.
    pub name: String,
    /// Why no signature can be this signer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The statement of the trust policy that judges its signatures; none for a signing profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// User metadata that its signature must have; `null` for any value.
    pub user_metadata: BTreeMap<String, Option<String>>,
    /// Who it is.
    pub wanted: String,
}

impl GateExplanationV1 {
    /// A document without anything yet.
    pub fn of(reference: &str) -> Self {
        Self {
            error: None,
            exemption: None,
            exit_code: Exit::Done.code(),
            gate_policy: None,
            reference: reference.to_owned(),
            rule: None,
            version: super::results::VERSION,
        }
    }

    /// The same about this policy.
    #[must_use]
    pub fn with_policy(self, policy: &GatePolicy) -> Self {
        Self {
            gate_policy: Some(policy.into()),
            ..self
        }
    }

    /// The same with the exemption.
    #[must_use]
    pub fn with_exemption(self, exemption: Option<&Exemption>) -> Self {
        Self {
            exemption: exemption.map(Into::into),
            ..self
        }
    }

    /// The same with the rule that decides.
    #[must_use]
    pub fn with_rule(self, explanation: &GateExplanation<'_>) -> Self {
        Self {
            rule: Some(ExplainedRule::new(explanation)),
            ..self
        }
    }

    /// The same, failed.
    #[must_use]
    pub fn with_error(self, exit: Exit, error: Reason) -> Self {
        Self {
            error: Some(error),
            exit_code: exit.code(),
            ..self
        }
    }
}

impl ExplainedRule {
    fn new(explanation: &GateExplanation<'_>) -> Self {
        let rule = explanation.rule;
        let wider = explanation.wider.iter().map(|(scope, rule)| WiderScope {
            rule: (*rule).to_owned(),
            scope: scope.to_string(),
        });
        Self {
            matched_scope: explanation.scope.to_string(),
            name: rule.name.clone(),
            needed: rule.needed(),
            settings: BTreeMap::from([
                ("onFailure", rule.on_failure.as_str()),
                ("revocation", rule.revocation.as_str()),
                ("signedIndexCovers", rule.signed_index_covers.as_str()),
                ("tags", rule.tags.as_str()),
                ("wildcardStatement", rule.wildcard_statement.as_str()),
            ]),
            signers: explanation.roles.iter().map(ExplainedSigner::new).collect(),
            wider: wider.collect(),
        }
    }
}

impl ExplainedSigner {
    fn new(explained: &ExplainedRole<'_>) -> Self {
        let role = explained.role;
        let is_of_policy = matches!(role.signer, RoleSigner::Identity { .. });
        let statement = explained.statement.as_ref().ok().filter(|_| is_of_policy);
        let needs = role.user_metadata.iter().map(|(key, need)| {
            let value = match need {
                MetadataNeed::Present => None,
                MetadataNeed::Value(value) => Some(value.clone()),
            };
            (key.clone(), value)
        });
        let problem = explained.statement.as_ref().err();
        Self {
            max_age_seconds: role.max_age.map(|age| age.as_secs()),
            name: role.name.clone(),
            problem: problem.map(|error| causes::in_one_line(error)),
            statement: statement.map(|statement| statement.name.clone()),
            user_metadata: needs.collect(),
            wanted: role.signer.to_string(),
        }
    }
}
