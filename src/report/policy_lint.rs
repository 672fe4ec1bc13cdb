//! What `policy lint` found (`schemas/policy-lint.v1.schema.json`), and the same as SARIF.

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use super::sarif::{Sarif, SarifLocation, SarifResult};
use crate::gate::policy::GATE_LINT_RULES;
use crate::hints::Reader;
use crate::trust_policy::lint::{Finding, LINT_RULES, Severity};

/// One trust policy or gate policy: an element of `results`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LintedPolicy {
    /// Its file, as it was named.
    pub file: String,
    /// What was found, in the order of the file.
    pub findings: Vec<LintFinding>,
    /// `oci`, `blob` or `gate`.
    pub kind: &'static str,
}

/// One thing that is wrong, or probably not meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LintFinding {
    /// The character of the line, from 1.
    pub column: usize,
    /// What to do, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The line, from 1.
    pub line: usize,
    /// What was found.
    pub message: String,
    /// JSON pointer of the value; empty for the whole document.
    pub pointer: String,
    /// The rule's name.
    pub rule: &'static str,
    /// `error` or `warning`.
    pub severity: &'static str,
}

/// What is known at the end: the document's members behind `results`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LintEnd {
    /// Why nothing could be begun with; there are no results then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// Findings of severity `error`.
    pub errors: usize,
    /// The exit code.
    pub exit_code: u8,
    /// Findings of severity `warning`.
    pub warnings: usize,
}

impl LintedPolicy {
    /// The findings of a file; of hints, what fits their reader.
    pub fn new(file: &str, kind: &'static str, findings: &[Finding], reader: &Reader) -> Self {
        let finding = |finding: &Finding| LintFinding {
            column: finding.position.column,
            hint: fitting_hint(finding, reader),
            line: finding.position.line,
            message: finding.message.clone(),
            pointer: finding.pointer.clone(),
            rule: finding.rule,
            severity: finding.severity.as_str(),
        };
        Self {
            file: file.to_owned(),
            findings: findings.iter().map(finding).collect(),
            kind,
        }
    }
}

fn fitting_hint(finding: &Finding, reader: &Reader) -> Option<String> {
    let hint = finding.hint.as_deref();
    hint.and_then(|hint| reader.fitting(hint))
}

impl LintEnd {
    /// The end of a document about these findings.
    pub fn new<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut end = Self::default();
        for finding in findings {
            match finding.severity {
                Severity::Error => end.errors += 1,
                Severity::Warning => end.warnings += 1,
            }
        }
        end.exit_code = end.exit().code();
        end
    }

    /// The end of a document where nothing could be begun with.
    pub fn not_begun(exit: Exit, error: Reason) -> Self {
        Self {
            error: Some(error),
            exit_code: exit.code(),
            ..Self::default()
        }
    }

    /// The exit code: 1 where there is an error.
    pub const fn exit(&self) -> Exit {
        if self.errors > 0 {
            Exit::Rejected
        } else {
            Exit::Done
        }
    }
}

impl Sarif {
    /// The findings of `policy lint` as a log; of hints, what fits their reader.
    pub fn of_lint<'f>(findings: impl IntoIterator<Item = &'f Finding>, reader: &Reader) -> Self {
        let rules = LINT_RULES.iter().chain(GATE_LINT_RULES);
        let rules = rules.map(|rule| (rule.name, rule.summary));
        let results = findings.into_iter().map(|finding| {
            let text = match fitting_hint(finding, reader) {
                Some(hint) => format!("{}; {hint}", finding.message),
                None => finding.message.clone(),
            };
            let position = finding.position;
            let place = SarifLocation::in_file(&finding.path, position.line, position.column);
            SarifResult::new(finding.rule, finding.severity.as_str(), text, place)
        });
        Self::new(rules, results.collect())
    }
}
