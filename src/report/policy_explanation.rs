//! Which statement applies to a repository, and what it asks (`schemas/policy-explanation.v1.schema.json`).

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use crate::notary::Action;
use crate::reference::Scheme;
use crate::trust_policy::explain::{Explanation, Spelling, ValidationPlan};
use crate::trust_policy::scope::WILDCARD;
use crate::trust_policy::{Statement, TrustPolicies};

/// The document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicyExplanation {
    /// Why there is no statement, or none could be looked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code.
    pub exit_code: u8,
    /// The policy; `None` where it could not be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<ExplainedPolicy>,
    /// The reference; `None` where it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<ExplainedReference>,
    /// The statement that applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<ExplainedStatement>,
    /// The version of the document.
    pub version: &'static str,
}

/// A trust policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedPolicy {
    /// Its file.
    pub file: String,
    /// The SHA-256 digest of its bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The digest of the certificates of all its trust stores, as `--trust-store-sha256` wants it; `None` where one of
    /// them cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust_store_sha256: Option<String>,
}

/// A reference and how its repository is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedReference {
    /// As it was given.
    pub given: String,
    /// The repository as it is compared with registry scopes.
    pub normalized: String,
    /// What differs between the two spellings, and why.
    pub reasons: Vec<String>,
    /// The repository as it was written.
    pub repository: String,
    /// The scheme over which the registry is asked: `http` or `https`.
    pub scheme: &'static str,
}

/// The statement, why it applies and what it asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedStatement {
    /// Why this statement applies.
    pub because: String,
    /// The level: `strict`, `permissive`, `audit` or `skip`.
    pub level: &'static str,
    /// The scope by which it was found.
    pub matched_scope: String,
    /// Its name.
    pub name: String,
    /// Its registry scopes.
    pub registry_scopes: Vec<String>,
    /// Its trust stores.
    pub trust_stores: Vec<ExplainedStore>,
    /// Its trusted identities.
    pub trusted_identities: Vec<String>,
    /// Whose unsigned statements about revocation count without a network.
    pub unsigned_revocation_statements: Vec<&'static str>,
    /// What each validation does.
    pub validations: Vec<ExplainedValidation>,
    /// When a timestamp is asked for: `always` or `afterCertExpiry`.
    pub verify_timestamp: &'static str,
}

/// A trust store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedStore {
    /// How many certificates it has; 0 where it cannot be used.
    pub certificates: usize,
    /// Where it is; `None` where its certificates were read before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// Its name, `type:name`.
    pub name: String,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// What one validation does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExplainedValidation {
    /// `enforce`, `log` or `skip`.
    pub action: &'static str,
    /// What it asks for.
    pub asks: String,
    /// Whether the statement changes the action of its level.
    pub is_override: bool,
    /// What follows from a failure.
    pub on_failure: &'static str,
    /// The validation.
    pub validation: &'static str,
}

impl PolicyExplanation {
    /// That nothing could be explained.
    pub fn failed(exit: Exit, error: Reason) -> Self {
        Self {
            error: Some(error),
            exit_code: exit.code(),
            policy: None,
            reference: None,
            statement: None,
            version: super::results::VERSION,
        }
    }

    /// The explanation of a reference under a policy.
    pub fn new(
        policy: ExplainedPolicy,
        reference: ExplainedReference,
        statement: ExplainedStatement,
    ) -> Self {
        Self {
            error: None,
            exit_code: Exit::Done.code(),
            policy: Some(policy),
            reference: Some(reference),
            statement: Some(statement),
            version: super::results::VERSION,
        }
    }

    /// The same document with what was found before it failed.
    #[must_use]
    pub fn with(self, policy: ExplainedPolicy, reference: ExplainedReference) -> Self {
        Self {
            policy: Some(policy),
            reference: Some(reference),
            ..self
        }
    }
}

impl ExplainedPolicy {
    /// A policy, with the digest of its stores' certificates.
    pub fn new(policies: &TrustPolicies, trust_store_sha256: Option<String>) -> Self {
        Self {
            file: policies.path().display().to_string(),
            sha256: policies.digest().map(|digest| digest.digest().to_owned()),
            trust_store_sha256,
        }
    }
}

impl ExplainedReference {
    /// A reference that was given so.
    pub fn new(given: &str, spelling: &Spelling, scheme: Scheme) -> Self {
        Self {
            given: given.to_owned(),
            normalized: spelling.normalized.clone(),
            reasons: spelling.reasons.clone(),
            repository: spelling.written.clone(),
            scheme: scheme.as_str(),
        }
    }
}

impl ExplainedStatement {
    /// The statement of an explanation, with its stores.
    pub fn new(explanation: &Explanation<'_>, trust_stores: Vec<ExplainedStore>) -> Self {
        let Statement {
            name,
            registry_scopes,
            level,
            trusted_identities,
            verify_timestamp,
            unsigned_revocation_statements,
            ..
        } = explanation.statement;
        let identities = trusted_identities.iter();
        let unsigned = unsigned_revocation_statements.iter();
        Self {
            because: because(explanation),
            level: level.base().as_str(),
            matched_scope: explanation.scope.to_owned(),
            name: name.clone(),
            registry_scopes: registry_scopes.clone(),
            trust_stores,
            trusted_identities: identities
                .map(|identity| identity.as_str().to_owned())
                .collect(),
            unsigned_revocation_statements: unsigned.map(|one| one.as_str()).collect(),
            validations: explanation.validations.iter().map(validation).collect(),
            verify_timestamp: verify_timestamp.as_str(),
        }
    }
}

fn because(explanation: &Explanation<'_>) -> String {
    let Explanation {
        spelling,
        scope,
        near,
        ..
    } = explanation;
    if *scope != WILDCARD {
        return if *scope == spelling.written {
            format!("its scope `{scope}` is this repository")
        } else {
            format!("its scope `{scope}` is this repository, in another spelling")
        };
    }
    let everything = "no other statement names this repository, and its scope is `*`";
    match near {
        None => everything.to_owned(),
        Some((scope, statement)) => {
            format!("{everything}; `{scope}` of statement `{statement}` is another repository")
        }
    }
}

fn validation(plan: &ValidationPlan) -> ExplainedValidation {
    ExplainedValidation {
        action: plan.action.as_str(),
        asks: plan.asks.clone(),
        is_override: plan.is_override,
        on_failure: match plan.action {
            Action::Enforce => "the signature is rejected",
            Action::Log => "the failure is a warning, and the artifact is tolerated",
            Action::Skip => "the validation is not carried out",
        },
        validation: plan.validation.as_str(),
    }
}
