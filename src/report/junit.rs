//! Verdicts as a JUnit report, which build servers show: a test case for each artifact and each image of an index, written as it comes. Only
//! `verified` is a test that passed.

use std::fmt::Write as _;

use super::invocation::Invocation;
use super::reason::Reason;
use super::verdict::{ArtifactVerdict, Verdict, VerdictEnd};

/// A report on its way to stdout.
#[derive(Debug)]
pub struct Junit {
    is_begun: bool,
    /// When, by which program and by which policy.
    invocation: Invocation,
}

impl Junit {
    /// A report of this run, of which nothing is written yet.
    pub const fn new(invocation: Invocation) -> Self {
        Self {
            is_begun: false,
            invocation,
        }
    }

    /// The text of the next artifact, with what stands before it.
    pub fn add(&mut self, result: &ArtifactVerdict) -> String {
        let mut text = self.begin();
        text.push_str(&case(&result.asked, Self::what(result)));
        for image in &result.images {
            let platforms = image.platforms.join(", ");
            let name = format!("{}: {} {platforms}", result.asked, image.asked);
            text.push_str(&case(name.trim_end(), Self::what(image)));
        }
        text
    }

    /// What is said of an artifact that is not verified.
    fn what(result: &ArtifactVerdict) -> Option<String> {
        match (result.verdict, &result.error) {
            (Verdict::Verified, _) => None,
            (Verdict::Tolerated, _) => Some(skipped("tolerated, not verified")),
            (Verdict::Skipped, _) => Some(skipped("the trust policy skips verification")),
            (Verdict::Unsigned | Verdict::Rejected, Some(reason)) => {
                Some(problem("failure", reason))
            }
            (Verdict::Inconclusive, Some(reason)) => Some(problem("error", reason)),
            (Verdict::Unsigned | Verdict::Rejected | Verdict::Inconclusive, None) => {
                Some("      <error/>\n".to_owned())
            }
        }
    }

    /// The text of the end.
    pub fn end(mut self, end: &VerdictEnd) -> String {
        let mut text = self.begin();
        if let Some(reason) = &end.error {
            text.push_str(&case("the command", Some(problem("error", reason))));
        }
        text.push_str("  </testsuite>\n</testsuites>\n");
        text
    }

    fn begin(&mut self) -> String {
        if std::mem::replace(&mut self.is_begun, true) {
            return String::new();
        }
        let Invocation {
            policy,
            program_version,
            time,
            ..
        } = &self.invocation;
        let mut properties = property("programVersion", program_version);
        if let Some(policy) = policy {
            properties.push_str(&property("policy.file", &policy.file));
            properties.push_str(&property("policy.sha256", &policy.sha256));
        }
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"countersign\">\n  \
             <testsuite name=\"verify\" timestamp=\"{}\">\n    <properties>\n{properties}    </properties>\n",
            escaped(time)
        )
    }
}

fn property(name: &str, value: &str) -> String {
    format!(
        "      <property name=\"{name}\" value=\"{}\"/>\n",
        escaped(value)
    )
}

fn case(name: &str, what: Option<String>) -> String {
    let name = escaped(name);
    let begin = format!("    <testcase classname=\"countersign.verify\" name=\"{name}\"");
    match what {
        None => format!("{begin}/>\n"),
        Some(what) => format!("{begin}>\n{what}    </testcase>\n"),
    }
}

fn skipped(why: &str) -> String {
    format!("      <skipped message=\"{why}\"/>\n")
}

fn problem(element: &str, reason: &Reason) -> String {
    let mut text = String::new();
    for cause in &reason.causes {
        let _ = writeln!(text, "caused by: {cause}");
    }
    if let Some(hint) = &reason.hint {
        let _ = writeln!(text, "hint: {hint}");
    }
    let (code, message) = (escaped(reason.code), escaped(&reason.message));
    format!(
        "      <{element} type=\"{code}\" message=\"{message}\">{}</{element}>\n",
        escaped(text.trim_end())
    )
}

/// `text` for an attribute or an element; what XML cannot say is a question mark.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            character if character.is_control() => escaped.push('?'),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escaped("<a b=\"c\">&'\n\u{0}\u{1b}\u{ffff}ü"),
            "&lt;a b=&quot;c&quot;&gt;&amp;&apos;&#10;???ü"
        );
    }

    #[test]
    fn a_report_without_artifacts_is_whole() {
        let reason = Reason::not_begun("no <policy>".to_owned(), vec!["a & b".to_owned()], None);
        let end = VerdictEnd::not_begun(super::super::exit::Exit::Usage, reason);
        let invocation = Invocation::begun(time::macros::datetime!(2026-01-02 03:04:05 UTC));
        let version = env!("CARGO_PKG_VERSION");
        let begin = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"countersign\">\n  \
             <testsuite name=\"verify\" timestamp=\"2026-01-02T03:04:05Z\">\n    <properties>\n      \
             <property name=\"programVersion\" value=\"{version}\"/>\n    </properties>\n"
        );
        assert_eq!(
            Junit::new(invocation).end(&end),
            begin
                + "    <testcase classname=\"countersign.verify\" \
             name=\"the command\">\n      <error type=\"not-begun\" \
             message=\"no &lt;policy&gt;\">caused by: a &amp; b</error>\n    </testcase>\n  \
             </testsuite>\n</testsuites>\n"
        );
    }
}
