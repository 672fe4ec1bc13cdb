//! What became of the cases of `policy test` (`schemas/policy-test.v1.schema.json`). It is about a policy: no signature
//! was looked at, and no word here says that one was.

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use crate::gate::GateCaseOutcome;
use crate::verify::{CaseOutcome, Decision};

/// One case: an element of `results`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicyCaseResult {
    /// What was expected: `accept`, `tolerate`, `reject` or `skip`.
    pub expected: &'static str,
    /// The rule of the gate policy that was expected to decide, where the case names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_rule: Option<String>,
    /// The statement that was expected to apply, where the case names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_statement: Option<String>,
    /// What the policy does.
    pub found: &'static str,
    /// The name of the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The case's number, from 1.
    pub number: usize,
    /// Whether it is as expected.
    pub passed: bool,
    /// Why the policy does not accept; `None` where it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reference.
    pub reference: String,
    /// The rule of the gate policy that decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The statement that applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
}

/// What is known at the end: the document's members behind `results`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PolicyTestEnd {
    /// Why nothing could be begun with; there are no results then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code.
    pub exit_code: u8,
    /// Cases that are not as expected.
    pub failed: usize,
    /// What was judged: always `policy`, never signatures.
    pub judged: &'static str,
    /// Cases that are as expected.
    pub passed: usize,
}

impl PolicyCaseResult {
    /// The result of a case of this number and name.
    pub fn new(
        (number, name): (usize, Option<&str>),
        reference: &str,
        (expected, expected_statement): (Decision, Option<&str>),
        outcome: &CaseOutcome,
    ) -> Self {
        let is_statement =
            expected_statement.is_none_or(|name| outcome.statement.as_deref() == Some(name));
        Self {
            expected: expected.as_str(),
            expected_rule: None,
            expected_statement: expected_statement.map(str::to_owned),
            found: outcome.decision.as_str(),
            name: name.map(str::to_owned),
            number,
            passed: outcome.decision == expected && is_statement,
            reason: outcome.reason.clone(),
            reference: reference.to_owned(),
            rule: None,
            statement: outcome.statement.clone(),
        }
    }

    /// The result of a case of this number and name that a gate policy decides.
    pub fn of_gate(
        (number, name): (usize, Option<&str>),
        reference: &str,
        (expected, expected_rule): (Decision, Option<&str>),
        outcome: &GateCaseOutcome,
    ) -> Self {
        let is_rule = expected_rule.is_none_or(|name| outcome.rule.as_deref() == Some(name));
        Self {
            expected: expected.as_str(),
            expected_rule: expected_rule.map(str::to_owned),
            expected_statement: None,
            found: outcome.decision.as_str(),
            name: name.map(str::to_owned),
            number,
            passed: outcome.decision == expected && is_rule,
            reason: outcome.reason.clone(),
            reference: reference.to_owned(),
            rule: outcome.rule.clone(),
            statement: None,
        }
    }
}

impl PolicyTestEnd {
    /// The end of a document with these results.
    pub fn new(results: &[PolicyCaseResult]) -> Self {
        let passed = results.iter().filter(|result| result.passed).count();
        let mut end = Self {
            error: None,
            exit_code: 0,
            failed: results.len() - passed,
            judged: "policy",
            passed,
        };
        end.exit_code = end.exit().code();
        end
    }

    /// The end of a document where nothing could be begun with.
    pub fn not_begun(exit: Exit, error: Reason) -> Self {
        Self {
            error: Some(error),
            exit_code: exit.code(),
            ..Self::new(&[])
        }
    }

    /// The exit code: 1 where a case is not as expected.
    pub const fn exit(&self) -> Exit {
        if self.failed > 0 {
            Exit::Rejected
        } else {
            Exit::Done
        }
    }
}
