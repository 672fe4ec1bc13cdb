//! What a command gives back: the text of both streams and the exit code.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::reader::fitting;
use crate::limits;
use crate::outcome::FailureClass;
pub(super) use crate::printable::{draws, one_line};
use crate::{printable, secrets};

/// The exit codes of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Verified, signed, done.
    Done,
    /// Looked at and refused, or not signed.
    Rejected,
    /// Wrong flags, unreadable files.
    Usage,
    /// Could not be decided: not allowed to look, not reachable, throttled.
    Inconclusive,
}

impl Exit {
    /// The code for a verification that failed.
    pub(super) const fn of(class: FailureClass) -> Self {
        match class {
            FailureClass::Rejected => Self::Rejected,
            FailureClass::Inconclusive => Self::Inconclusive,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Rejected => 1,
            Self::Usage => 2,
            Self::Inconclusive => 3,
        }
    }

    /// The worse of two: a refusal is certain and outweighs what could not be decided.
    pub(super) fn worse(self, other: Self) -> Self {
        let rank = |exit| match exit {
            Self::Done => 0,
            Self::Inconclusive => 1,
            Self::Usage => 2,
            Self::Rejected => 3,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

/// The output of one command, or of its part for one reference.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) exit: Exit,
    /// What the text of a failure was made of, for the JSON forms.
    pub(super) told: Told,
}

/// The parts of a failure's message; empty on success.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) sentence: String,
    pub(super) causes: Vec<String>,
    pub(super) hint: Option<String>,
    /// Whether the sentence has line breaks of ours.
    in_lines: bool,
}

impl Told {
    fn text(&self) -> String {
        let sentence = if self.in_lines {
            self.sentence.clone()
        } else {
            one_line(&self.sentence)
        };
        let mut text = format!("Error: {sentence}\n");
        for cause in &self.causes {
            write_cause(&mut text, "", cause);
        }
        write_hint(&mut text, "", self.hint.clone());
        text
    }
}

impl Report {
    pub(super) fn done() -> Self {
        Self {
            stdout: String::new(),
            stderr: String::new(),
            exit: Exit::Done,
            told: Told::default(),
        }
    }

    /// A line beside what is done.
    pub(super) fn warning(line: &str) -> Self {
        Self {
            stderr: format!("Warning: {}\n", one_line(line)),
            ..Self::done()
        }
    }

    /// A failure that one sentence says whole.
    pub(super) fn failed(exit: Exit, sentence: &str) -> Self {
        Self::told(exit, sentence, Vec::new(), None)
    }

    /// The same with what to do about it.
    pub(super) fn failed_with_hint(exit: Exit, sentence: &str, hint: String) -> Self {
        Self::told(exit, sentence, Vec::new(), Some(hint))
    }

    /// The same with a sentence of several lines, in which nothing foreign has a line break.
    pub(super) fn failed_in_lines(exit: Exit, sentence: &str) -> Self {
        let mut report = Self::failed(exit, sentence);
        report.told.in_lines = true;
        report.stderr = report.told.text();
        report
    }

    /// Wrong flags or unreadable files.
    pub(super) fn usage(sentence: &str, hint: Option<String>) -> Self {
        Self::told(Exit::Usage, sentence, Vec::new(), hint)
    }

    /// The same, as an error says it, with what caused it.
    pub(super) fn unusable(error: &(dyn StdError + 'static), hint: Option<String>) -> Self {
        Self::error(Exit::Usage, &error.to_string(), error, hint)
    }

    /// A failure: notation's sentence, then what caused it, then what to do.
    pub(super) fn error(
        exit: Exit,
        sentence: &str,
        error: &(dyn StdError + 'static),
        hint: Option<String>,
    ) -> Self {
        Self::told(exit, sentence, causes_below(sentence, error), hint)
    }

    /// The same failure with these causes before its own.
    #[must_use]
    pub(super) fn caused_by(mut self, causes: Vec<String>) -> Self {
        self.told.causes.splice(0..0, causes);
        self.stderr = self.told.text();
        self
    }

    fn told(exit: Exit, sentence: &str, causes: Vec<String>, hint: Option<String>) -> Self {
        let told = Told {
            sentence: sentence.to_owned(),
            causes,
            hint: fitting(hint),
            in_lines: false,
        };
        Self {
            stderr: told.text(),
            exit,
            told,
            ..Self::done()
        }
    }
}

/// Writes to one of the two streams: the one way out for everything that is printed.
pub(super) fn write_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(printable::lines(&secrets::blot(text)).as_bytes())?;
    out.flush()
}

/// What each error below `error` says that `sentence` does not say already: some of notation's sentences say
/// what caused them.
pub(super) fn causes_below(sentence: &str, error: &(dyn StdError + 'static)) -> Vec<String> {
    let mut causes = causes(error.source());
    causes.retain(|cause| !sentence.contains(cause.as_str()));
    causes
}

/// Writes a line `caused by: ...` for each error of the chain that begins with `cause`.
pub(super) fn write_causes(
    text: &mut String,
    indent: &str,
    cause: Option<&(dyn StdError + 'static)>,
) {
    for cause in causes(cause) {
        write_cause(text, indent, &cause);
    }
}

/// What each error of the chain says that begins with `cause`.
pub(super) fn causes(mut cause: Option<&(dyn StdError + 'static)>) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    while let Some(error) = cause {
        let sentence = error.to_string();
        // Transparent wrappers of foreign libraries repeat their source.
        if causes.last() != Some(&sentence) {
            causes.push(sentence);
        }
        cause = error.source();
    }
    causes
}

fn write_cause(text: &mut String, indent: &str, cause: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{indent}caused by: {}", told(cause));
}

/// Writes the line `hint: ...`.
pub(super) fn write_hint(text: &mut String, indent: &str, hint: Option<String>) {
    if let Some(hint) = fitting(hint) {
        let _ = writeln!(text, "{indent}hint: {}", told(&hint));
    }
}

/// Text of a report on one line, and not longer than anybody reads.
pub(super) fn told(text: &str) -> String {
    one_line(&shorten(text, limits::MAX_TOLD_CHARS))
}

/// The first `max` characters of `text`; that there were more is said.
pub(super) fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            format!("{kept}... ({} bytes in all)", text.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_outweighs_what_could_not_be_decided() {
        assert_eq!(Exit::Done.worse(Exit::Inconclusive), Exit::Inconclusive);
        assert_eq!(Exit::Inconclusive.worse(Exit::Rejected), Exit::Rejected);
        assert_eq!(Exit::Rejected.worse(Exit::Inconclusive), Exit::Rejected);
        assert_eq!(Exit::Rejected.worse(Exit::Done), Exit::Rejected);
    }

    #[test]
    fn a_cause_that_the_sentence_says_is_not_said_again() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] io::Error);
        let stderr = |sentence| {
            let error = Outer(io::Error::other("inner"));
            Report::error(Exit::Rejected, sentence, &error, None).stderr
        };
        assert_eq!(stderr("failed: inner"), "Error: failed: inner\n");
        assert_eq!(
            stderr("inner, so it failed"),
            "Error: inner, so it failed\n"
        );
        assert_eq!(stderr("failed"), "Error: failed\ncaused by: inner\n");
    }

    #[test]
    fn a_foreign_sentence_stays_on_its_line() {
        let report = Report::failed(Exit::Rejected, "a\nError: b\u{1b}");
        assert_eq!(report.stderr, "Error: a Error: b \n");
        assert_eq!(report.told.sentence, "a\nError: b\u{1b}");
        let report = Report::failed_in_lines(Exit::Rejected, "a\nb");
        assert_eq!(report.stderr, "Error: a\nb\n");
    }

    #[test]
    fn what_is_written_cannot_draw_on_a_terminal() {
        let mut out = Vec::new();
        let text = "a\u{1b}[31m\u{202e}\u{61c}\u{9b}\r\nü\n";
        write_text(&mut out, text).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a [31m    \nü\n");
    }
}
