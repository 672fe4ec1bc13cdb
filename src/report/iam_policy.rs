//! A policy of IAM, in IAM's own form (`schemas/iam-policy.schema.json`).

use std::collections::BTreeMap;

use serde::Serialize;

/// A policy: what its principals may do, and what they may not whatever else allows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct IamPolicy {
    /// The version of IAM's language.
    pub version: &'static str,
    /// The statements.
    pub statement: Vec<IamStatement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct IamStatement {
    /// Its name: letters and digits.
    pub sid: &'static str,
    /// `Allow` or `Deny`.
    pub effect: &'static str,
    /// The actions.
    pub action: Vec<&'static str>,
    /// ARNs, or `*`.
    pub resource: Vec<String>,
    /// Operators, each with its keys and their values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<&'static str, BTreeMap<&'static str, Vec<String>>>,
}

impl IamPolicy {
    /// A policy of these statements.
    pub const fn new(statement: Vec<IamStatement>) -> Self {
        Self {
            version: "2012-10-17",
            statement,
        }
    }

    /// The policy as text.
    pub fn text(&self) -> String {
        let mut text = super::results::pretty(self);
        text.push('\n');
        text
    }
}

impl IamStatement {
    /// That these actions are allowed on these resources.
    pub fn allow(sid: &'static str, action: &[&'static str], resource: &[String]) -> Self {
        Self::new("Allow", sid, action, resource)
    }

    /// That these actions are denied on these resources.
    pub fn deny(sid: &'static str, action: &[&'static str], resource: &[String]) -> Self {
        Self::new("Deny", sid, action, resource)
    }

    fn new(
        effect: &'static str,
        sid: &'static str,
        action: &[&'static str],
        resource: &[String],
    ) -> Self {
        Self {
            sid,
            effect,
            action: action.to_vec(),
            resource: resource.to_vec(),
            condition: BTreeMap::new(),
        }
    }

    /// The same, where `key` is among `values` by this operator.
    #[must_use]
    pub fn when(mut self, operator: &'static str, key: &'static str, values: &[String]) -> Self {
        let keys = self.condition.entry(operator).or_default();
        keys.insert(key, values.to_vec());
        self
    }
}
