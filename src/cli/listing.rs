//! How commands answer programs that show what is there.

use serde::Serialize;

use super::args::Output;
use super::output::CommandOutput;
use crate::report::ListingV1;
use crate::report::results::whole;

/// The report of what was listed, in words or as a document. Warnings stand in both.
pub(super) fn shown<L: Serialize>(form: Output, listed: L, report: CommandOutput) -> CommandOutput {
    if form == Output::Text {
        return report;
    }
    let document = ListingV1::new(listed, report.exit, warnings(&report.stderr));
    let document = match report.exit {
        super::output::Exit::Done => document,
        _ if report.has_failure() => document.with_error(report.not_begun()),
        _ => document,
    };
    CommandOutput {
        stdout: whole(&document),
        ..report
    }
}

/// The report of what could not be listed.
pub(super) fn not_shown(form: Output, report: CommandOutput) -> CommandOutput {
    if form == Output::Text {
        return report;
    }
    let document = ListingV1::<()>::failed(report.exit, report.not_begun());
    CommandOutput {
        stdout: whole(&document),
        ..report
    }
}

/// What is said beside the answer, without its causes and hints.
fn warnings(stderr: &str) -> Vec<String> {
    let lines = stderr.lines();
    let lines = lines.filter_map(|line| {
        let warning = line.strip_prefix("Warning: ");
        warning.or_else(|| line.strip_prefix("Error: "))
    });
    lines.map(str::to_owned).collect()
}
