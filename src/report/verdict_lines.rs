//! Verdicts as JSON lines (`schemas/verdict-line.v1.schema.json`): one object for each artifact, and a last one with the
//! version and the exit code. A text without that last line was cut off.

use serde::Serialize;

use super::results::VERSION;
use super::verdict::{ArtifactVerdict, VerdictEnd};
use crate::printable;

/// The last line.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LastVerdictLine {
    /// The version of the lines.
    pub version: &'static str,
    /// What is known only at the end.
    #[serde(flatten)]
    pub end: VerdictEnd,
}

impl ArtifactVerdict {
    /// The line about one artifact.
    pub fn line(&self) -> String {
        line(self)
    }
}

impl LastVerdictLine {
    /// The end of the lines.
    pub const fn new(end: VerdictEnd) -> Self {
        Self {
            version: VERSION,
            end,
        }
    }

    /// Its text.
    pub fn line(&self) -> String {
        line(self)
    }
}

fn line(value: &impl Serialize) -> String {
    #[expect(
        clippy::expect_used,
        reason = "strings, numbers and JSON values are JSON"
    )]
    let text = serde_json::to_string(value).expect("a document is JSON");
    printable::json(&text).into_owned() + "\n"
}
