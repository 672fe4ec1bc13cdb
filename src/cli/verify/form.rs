//! The forms in which `verify` answers programs, written as its results come.

use crate::report::{
    ArtifactVerdict, Invocation, Junit, LastVerdictLine, Results, SarifVerdicts, VerdictEnd,
};

/// Forms of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Form {
    Text,
    Json,
    Jsonl,
    Junit,
    Sarif,
}

/// An answer in one of them, on its way to stdout.
pub(super) enum Document {
    Text,
    Json(Results),
    Jsonl,
    Junit(Junit),
    Sarif(SarifVerdicts),
}

impl Form {
    /// The answer of this run, before its beginning.
    pub(super) fn begin(self, invocation: Invocation) -> Document {
        match self {
            Self::Text => Document::Text,
            Self::Json => Document::Json(Results::default()),
            Self::Jsonl => Document::Jsonl,
            Self::Junit => Document::Junit(Junit::new(invocation)),
            Self::Sarif => Document::Sarif(SarifVerdicts::default()),
        }
    }
}

impl Document {
    /// The text of the next result; empty for the form in words, which is printed elsewhere.
    pub(super) fn add(&mut self, result: &ArtifactVerdict) -> String {
        match self {
            Self::Text => String::new(),
            Self::Json(results) => results.add(result),
            Self::Jsonl => result.line(),
            Self::Junit(report) => report.add(result),
            Self::Sarif(log) => log.add(result),
        }
    }

    /// The text of the end.
    pub(super) fn end(self, end: VerdictEnd) -> String {
        match self {
            Self::Text => String::new(),
            Self::Json(results) => results.end(&end),
            Self::Jsonl => LastVerdictLine::new(end).line(),
            Self::Junit(report) => report.end(&end),
            Self::Sarif(log) => log.end(&end),
        }
    }
}
