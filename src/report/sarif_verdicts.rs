//! Verdicts as SARIF, written as they come: a result for each artifact that is not verified.

use super::results::pretty;
use super::sarif::{Sarif, SarifInvocation, SarifLocation, SarifResult};
use super::verdict::{ArtifactVerdict, Verdict, VerdictEnd};

/// Where the results stand in a log that has none.
const RESULTS: &str = "\"results\": [";

/// A log on its way to stdout.
#[derive(Debug, Default)]
pub struct SarifVerdicts {
    is_begun: bool,
    has_results: bool,
}

impl SarifVerdicts {
    /// The text of the next artifact, with what stands before it; nothing for one that is verified, once the log is
    /// begun.
    pub fn add(&mut self, result: &ArtifactVerdict) -> String {
        let mut text = self.begin();
        for result in std::iter::once(result).chain(&result.images) {
            if let Some(result) = SarifResult::of_verdict(result) {
                text.push_str(&self.element(&result));
            }
        }
        text
    }

    /// The text of the end.
    pub fn end(mut self, end: &VerdictEnd) -> String {
        let mut text = self.begin();
        if let Some(reason) = &end.error {
            let place = SarifLocation::named("countersign verify".to_owned());
            let message = with_hint(&reason.message, reason.hint.as_deref());
            text.push_str(&self.element(&SarifResult::new(reason.code, "error", message, place)));
        }
        if self.has_results {
            text.push_str("\n      ");
        }
        let log = Sarif::new([], Vec::new());
        let ended = SarifInvocation::new(end.exit_code).successful_if(end.error.is_none());
        let ended = match &end.invocation {
            Some(invocation) => ended.of(invocation),
            None => ended,
        };
        let log = pretty(&log.with_invocation(ended));
        let behind = log.split_once(RESULTS).map_or("", |(_, behind)| behind);
        text + behind + "\n"
    }

    fn begin(&mut self) -> String {
        if std::mem::replace(&mut self.is_begun, true) {
            return String::new();
        }
        let log = pretty(&Sarif::new([], Vec::new()));
        let before = log.split_once(RESULTS).map_or("", |(before, _)| before);
        format!("{before}{RESULTS}")
    }

    fn element(&mut self, result: &SarifResult) -> String {
        let comma = if self.has_results { "," } else { "" };
        self.has_results = true;
        let text = pretty(result).replace('\n', "\n        ");
        format!("{comma}\n        {text}")
    }
}

impl SarifResult {
    /// What is to be said of an artifact; nothing of one that is verified.
    fn of_verdict(result: &ArtifactVerdict) -> Option<Self> {
        let place = SarifLocation::named(result.asked.clone());
        let (level, fallback) = match result.verdict {
            Verdict::Verified => return None,
            Verdict::Tolerated => ("warning", ("tolerated", "is tolerated, not verified")),
            Verdict::Skipped => (
                "note",
                ("skipped", "is not verified: the trust policy skips it"),
            ),
            Verdict::Unsigned | Verdict::Rejected | Verdict::Inconclusive => {
                ("error", ("not-verified", "is not verified"))
            }
        };
        let (code, message) = match &result.error {
            Some(reason) => (
                reason.code,
                with_hint(&reason.message, reason.hint.as_deref()),
            ),
            None => (fallback.0, format!("{} {}", result.asked, fallback.1)),
        };
        Some(Self::new(code, level, message, place))
    }
}

fn with_hint(message: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("{message}\nhint: {hint}"),
        None => message.to_owned(),
    }
}
