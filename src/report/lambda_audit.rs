//! What `lambda audit` found: its document, version 1 (`schemas/lambda-audit.v1.schema.json`), and the same as CSV and SARIF.

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use super::sarif::{Sarif, SarifInvocation, SarifLocation, SarifResult};
use crate::code_signing::audit::{AUDIT_RULES, AuditFinding, AuditResult, Severity};
use crate::hints::Reader;
use crate::printable::one_line;

/// What was found of the functions of an account in a region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LambdaAuditV1 {
    /// How many code signing configurations there are.
    pub configurations: usize,
    /// Why nothing could be looked at; there are no findings then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// What was found, of configurations first.
    pub findings: Vec<LambdaAuditFinding>,
    /// How many functions there are.
    pub functions: usize,
    /// How many of them are container images, which no configuration counts for.
    pub images: usize,
    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How many findings are how severe.
    pub summary: LambdaAuditSummary,
    /// The version of the document.
    pub version: &'static str,
}

/// How many findings are how severe.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LambdaAuditSummary {
    /// Code that is not signed as it should be is deployed, or can be.
    pub fail: usize,
    /// Could not be looked at.
    pub unknown: usize,
    /// Worth a change.
    pub warn: usize,
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LambdaAuditFinding {
    /// What is there.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What was looked for.
    pub rule: &'static str,
    /// `fail`, `warn` or `unknown`.
    pub status: &'static str,
    /// The ARN of the function or the configuration.
    pub subject: String,
}

impl LambdaAuditV1 {
    /// The document about what was found in `region`; of hints, what fits their reader.
    pub fn new(region: &str, audited: &AuditResult, reader: &Reader) -> Self {
        let mut summary = LambdaAuditSummary::default();
        for finding in &audited.findings {
            match finding.severity {
                Severity::Fail => summary.fail += 1,
                Severity::Warn => summary.warn += 1,
                Severity::Unknown => summary.unknown += 1,
            }
        }
        let findings = audited.findings.iter();
        Self {
            configurations: audited.configurations,
            error: None,
            exit_code: Exit::of_findings(summary.fail, summary.unknown),
            findings: findings
                .map(|finding| LambdaAuditFinding::new(finding, reader))
                .collect(),
            functions: audited.functions,
            images: audited.images,
            region: Some(region.to_owned()),
            summary,
            version: super::results::VERSION,
        }
    }

    /// The document of a command that could not begin.
    pub fn not_begun(exit_code: Exit, reason: Reason) -> Self {
        Self {
            error: Some(reason),
            exit_code,
            region: None,
            ..Self::new("", &AuditResult::default(), &Reader::any())
        }
    }

    /// The document as text.
    pub fn text(&self) -> String {
        let mut text = super::results::pretty(self);
        text.push('\n');
        text
    }

    /// The findings as comma-separated values (RFC 4180), with a head.
    pub fn csv(&self) -> String {
        let mut text = "status,rule,subject,found,hint\r\n".to_owned();
        for finding in &self.findings {
            let cells = [
                finding.status,
                finding.rule,
                &finding.subject,
                &finding.found,
                finding.hint.as_deref().unwrap_or_default(),
            ];
            let cells = cells.map(|cell| format!("\"{}\"", one_line(cell).replace('"', "\"\"")));
            text.push_str(&cells.join(","));
            text.push_str("\r\n");
        }
        text
    }

    /// The findings as SARIF.
    pub fn sarif(&self) -> String {
        let rules = AUDIT_RULES.map(|(rule, summary)| (rule.code(), summary));
        let results = self.findings.iter().map(|finding| {
            let level = match finding.status {
                "warn" => "warning",
                _ => "error",
            };
            let text = match &finding.hint {
                Some(hint) => format!("{}; {hint}", finding.found),
                None => finding.found.clone(),
            };
            let place = SarifLocation::named(finding.subject.clone());
            SarifResult::new(finding.rule, level, text, place)
        });
        let log = Sarif::new(rules, results.collect());
        let ended = SarifInvocation::new(self.exit_code).successful_if(self.error.is_none());
        let mut text = super::results::pretty(&log.with_invocation(ended));
        text.push('\n');
        text
    }
}

impl LambdaAuditFinding {
    fn new(finding: &AuditFinding, reader: &Reader) -> Self {
        let hint = finding.hint.as_deref();
        Self {
            found: finding.found.clone(),
            hint: hint.and_then(|hint| reader.fitting(hint)),
            rule: finding.rule.code(),
            status: finding.severity.code(),
            subject: finding.subject.clone(),
        }
    }
}
