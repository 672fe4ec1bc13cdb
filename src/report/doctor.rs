//! What `doctor` found: its document, version 1 (`schemas/doctor.v1.schema.json`).

use serde::Serialize;

use super::exit::Exit;
use super::reason::Reason;
use crate::doctor::{Finding, Status};
use crate::hints::Reader;

/// What was found on one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DoctorV1 {
    /// The version of the document.
    pub version: &'static str,
    /// One for each thing that was looked at.
    pub findings: Vec<FindingV1>,
    /// Why nothing could be looked at; there are no findings then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// How many findings have which status.
    pub summary: DoctorSummary,
}

/// How many findings have which status.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct DoctorSummary {
    /// Signing or verifying cannot work with them.
    pub fail: usize,
    /// As they must be.
    pub pass: usize,
    /// Could not be looked at, or only doing it would show.
    pub unknown: usize,
    /// Work, and are worth a change.
    pub warn: usize,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FindingV1 {
    /// What was looked at.
    pub check: &'static str,
    /// What is there.
    pub found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The smallest statement of an IAM policy that would allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statement: Option<StatementV1>,
    /// How it is.
    pub status: &'static str,
    /// Which one of several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
}

/// A statement of an IAM policy, in IAM's form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct StatementV1 {
    /// The actions.
    pub action: Vec<&'static str>,
    /// `Allow`.
    pub effect: &'static str,
    /// The ARN, or `*`.
    pub resource: String,
}

impl DoctorV1 {
    /// The document about these findings; of hints, what fits their reader.
    pub fn new(findings: &[Finding], reader: &Reader) -> Self {
        let mut summary = DoctorSummary::default();
        for finding in findings {
            match finding.status {
                Status::Pass => summary.pass += 1,
                Status::Warn => summary.warn += 1,
                Status::Fail => summary.fail += 1,
                Status::Unknown => summary.unknown += 1,
            }
        }
        Self {
            version: super::results::VERSION,
            findings: findings
                .iter()
                .map(|finding| FindingV1::new(finding, reader))
                .collect(),
            error: None,
            exit_code: Exit::of_findings(summary.fail, summary.unknown),
            summary,
        }
    }

    /// The document of a command that could not begin.
    pub fn not_begun(exit_code: Exit, reason: Reason) -> Self {
        Self {
            error: Some(reason),
            exit_code,
            ..Self::new(&[], &Reader::any())
        }
    }
}

impl FindingV1 {
    /// The finding as a document has it; of its hint, what fits the reader.
    pub fn new(finding: &Finding, reader: &Reader) -> Self {
        let hint = finding.hint.as_deref();
        Self {
            check: finding.check.code(),
            found: finding.found.clone(),
            hint: hint.and_then(|hint| reader.fitting(hint)),
            statement: finding.statement.as_ref().map(|statement| StatementV1 {
                action: statement.actions.clone(),
                effect: "Allow",
                resource: statement.resource.clone(),
            }),
            status: finding.status.code(),
            subject: finding.subject.clone(),
            wanted: finding.wanted.clone(),
        }
    }
}
