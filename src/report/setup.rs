//! What `setup` did: its document, version 1 (`schemas/setup.v1.schema.json`).

use serde::Serialize;

use super::doctor::FindingV1;
use super::exit::Exit;
use super::reason::Reason;
use crate::install::{Change, InstalledFile, Plan, Purpose, State};

/// What was set up, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SetupV1 {
    /// The version of the document.
    pub version: &'static str,
    /// Whether nothing was written because that was asked for.
    pub dry_run: bool,
    /// Why it was not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Reason>,
    /// The exit code of the command.
    pub exit_code: Exit,
    /// The files, in the order in which they were written.
    pub files: Vec<FileV1>,
    /// What a look at the result found.
    pub findings: Vec<FindingV1>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileV1 {
    /// `created`, `unchanged`, `replaced`, or in a dry run `differs` or `missing`.
    pub change: &'static str,
    /// The copy of what was there, if it was replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// Its place.
    pub path: String,
    /// What it is for.
    pub purpose: &'static str,
}

impl SetupV1 {
    /// The document about these files and findings.
    pub fn new(
        dry_run: bool,
        files: Vec<FileV1>,
        findings: Vec<FindingV1>,
        exit_code: Exit,
    ) -> Self {
        Self {
            version: super::results::VERSION,
            dry_run,
            error: None,
            exit_code,
            files,
            findings,
        }
    }

    /// The document of a command that wrote nothing, or not everything, for this reason.
    pub fn not_done(dry_run: bool, files: Vec<FileV1>, exit_code: Exit, error: Reason) -> Self {
        Self {
            error: Some(error),
            ..Self::new(dry_run, files, Vec::new(), exit_code)
        }
    }
}

impl FileV1 {
    /// The files of a plan, of which none is written.
    pub fn of_plan(plan: &Plan) -> Vec<Self> {
        let files = plan.files().iter().map(|file| Self {
            change: match file.state {
                State::Missing => "missing",
                State::Same => "unchanged",
                State::Differs => "differs",
            },
            kept: None,
            path: file.path.display().to_string(),
            purpose: purpose(file.purpose),
        });
        files.collect()
    }

    /// The files that are at their places.
    pub fn of_installed(installed: &[InstalledFile]) -> Vec<Self> {
        let files = installed.iter().map(|file| Self {
            change: match file.change {
                Change::Created => "created",
                Change::Unchanged => "unchanged",
                Change::Replaced { .. } => "replaced",
            },
            kept: match &file.change {
                Change::Replaced { kept } => Some(kept.display().to_string()),
                Change::Created | Change::Unchanged => None,
            },
            path: file.path.display().to_string(),
            purpose: purpose(file.purpose),
        });
        files.collect()
    }
}

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Root => "root",
        Purpose::Plugin => "plugin",
        Purpose::TrustPolicy => "trust-policy",
    }
}
