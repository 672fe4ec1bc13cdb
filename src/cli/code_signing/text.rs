//! What was found of a package, in words.

use std::fmt::Write as _;

use crate::cli::output::{
    CommandOutput, one_line, short_line, write_as_cause, write_causes, write_hint,
};
use crate::code_signing::{
    Check, Contents, Difference, Failure, Outcome, PackageChecks, Signature,
};
use crate::limits::MAX_TOLD_VALUES;
use crate::notary::rfc3339;
use crate::report::PackageState;

/// The answer about a package, and the version that was fetched, of an object that has one.
pub(super) fn answer(
    name: &str,
    version: Option<&str>,
    contents: Option<&Contents>,
    checks: &PackageChecks,
    differences: Option<&[Difference]>,
) -> CommandOutput {
    let name = one_line(name);
    let state = PackageState::of(checks, differences);
    let mut text = String::new();
    // Which bytes this is about: a name stands for others tomorrow.
    if let Some(version) = version {
        let _ = writeln!(text, "  object version: {}", one_line(version));
    }
    if let Some(contents) = contents {
        let _ = writeln!(text, "  CodeSha256: {}", contents.code_sha256());
    }
    // What the signature of a changed package says is true, but not of this package.
    if let Some(signature) = checks.to_ask() {
        write_signature(&mut text, signature);
    }
    for (check, outcome) in checks.outcomes() {
        write_check(&mut text, check, outcome);
    }
    if let Some(differences) = differences {
        write_differences(&mut text, differences);
    }
    let unusual = contents.map_or(0, Contents::unusual);
    if unusual > 0 {
        let _ = writeln!(
            text,
            "  links, devices and set-user-ID bits, accepted by `--allow-links`: {unusual}"
        );
    }
    if state == PackageState::Verified {
        return CommandOutput {
            stdout: format!("Successfully verified package {name}\n{text}"),
            ..CommandOutput::done()
        };
    }
    let sentence = match state {
        PackageState::Inconclusive => {
            format!("whether package `{name}` is trusted could not be decided")
        }
        _ => format!("package `{name}` is rejected: {}", failed(checks)),
    };
    let mut report = CommandOutput::failed(state.exit(), &sentence);
    report.stderr.push_str(&text);
    report
}

/// What a rejection rests on.
fn failed(checks: &PackageChecks) -> String {
    let failed = checks.outcomes();
    let failed = failed.filter(|(_, outcome)| matches!(outcome, Outcome::Failed(_)));
    let failed: Vec<&str> = failed.map(|(check, _)| check.name()).collect();
    if failed.is_empty() {
        return "its entries differ from those of the other package".to_owned();
    }
    format!("{} failed", failed.join(" and "))
}

fn write_signature(text: &mut String, signature: &Signature) {
    let lines = [
        ("signing profile", signature.profile_version().to_string()),
        ("signing job", signature.job().to_string()),
        ("signed at", rfc3339(signature.signing_time())),
        ("expires at", rfc3339(signature.expires_at())),
    ];
    for (what, value) in lines {
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  {what}: {value}");
    }
}

fn write_check(text: &mut String, check: Check, outcome: &Outcome) {
    let mut line = |words: &str| {
        let _ = writeln!(text, "  {}: {}", check.name(), short_line(words));
    };
    match outcome {
        Outcome::Passed => line("passed"),
        Outcome::NotChecked => line("not checked"),
        Outcome::Failed(failure) => {
            line("failed");
            write_failure(text, failure);
        }
        Outcome::Inconclusive(error) => {
            line("could not be decided");
            write_as_cause(text, "    ", error);
            write_hint(text, "    ", error.hint());
        }
    }
}

fn write_failure(text: &mut String, failure: &Failure) {
    let _ = writeln!(text, "    {}", short_line(&failure.to_string()));
    write_causes(text, "    ", failure);
    write_hint(text, "    ", failure.hint());
}

fn write_differences(text: &mut String, differences: &[Difference]) {
    if differences.is_empty() {
        text.push_str("  entries: the same as in the other package\n");
        return;
    }
    let count = differences.len();
    let plural = if count == 1 { "" } else { "s" };
    let _ = writeln!(
        text,
        "  entries: {count} difference{plural} from the other package"
    );
    for difference in differences.iter().take(MAX_TOLD_VALUES) {
        let words = match difference {
            Difference::Added(_) => "only in this package",
            Difference::Missing(_) => "only in the other package",
            Difference::Content(_) => "other content",
            Difference::Kind(_) => "another kind of file",
            Difference::SetId(_) => "a set-user-ID or set-group-ID bit in this package alone",
            Difference::Mode(_) => "other mode",
            Difference::Order(_) => "another place",
        };
        let name = short_line(difference.name());
        let _ = writeln!(text, "    {name}: {words}");
    }
    let more = differences.len().saturating_sub(MAX_TOLD_VALUES);
    if more > 0 {
        let _ = writeln!(text, "    and {more} more");
    }
}
