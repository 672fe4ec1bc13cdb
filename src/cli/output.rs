//! What a command gives back: the text of both streams and the exit code.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use super::reader::{self, fitting};
use super::terminal;
use crate::causes;
use crate::limits;
pub(super) use crate::printable::one_line;
pub(super) use crate::report::Exit;
use crate::report::Reason;
use crate::{printable, secrets};

/// The output of one command, or of its part for one reference.
#[derive(Debug)]
pub(super) struct CommandOutput {
    pub(super) stdout: String,
    pub(super) stderr: String,
    /// A file's content for stdout, of which no byte may change on the way; after the text.
    pub(super) document: String,
    pub(super) exit: Exit,
    /// What the text of a failure was made of, for the JSON forms.
    pub(super) failure: FailureText,
}

/// The parts of a failure's message; empty on success.
#[derive(Debug, Default)]
pub(super) struct FailureText {
    sentence: String,
    causes: Vec<String>,
    hint: Option<String>,
    /// Whether the sentence has line breaks of ours.
    in_lines: bool,
}

impl FailureText {
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

impl CommandOutput {
    pub(super) fn done() -> Self {
        Self {
            stdout: String::new(),
            stderr: String::new(),
            document: String::new(),
            exit: Exit::Done,
            failure: FailureText::default(),
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
        Self::failure(exit, sentence, Vec::new(), None)
    }

    /// The same with what to do about it.
    pub(super) fn failed_with_hint(exit: Exit, sentence: &str, hint: String) -> Self {
        Self::failure(exit, sentence, Vec::new(), Some(hint))
    }

    /// The same with a sentence of several lines, in which nothing foreign has a line break.
    pub(super) fn failed_in_lines(exit: Exit, sentence: &str) -> Self {
        let mut report = Self::failed(exit, sentence);
        report.failure.in_lines = true;
        report.stderr = report.failure.text();
        report
    }

    /// A failure whose sentence has several lines, in which nothing foreign has a line break; then what caused it, then
    /// what to do.
    pub(super) fn error_in_lines(
        exit: Exit,
        sentence: &str,
        error: &(dyn StdError + 'static),
        hint: Option<String>,
    ) -> Self {
        let mut report = Self::error(exit, sentence, error, hint);
        report.failure.in_lines = true;
        report.stderr = report.failure.text();
        report
    }

    /// Wrong flags or unreadable files.
    pub(super) fn usage(sentence: &str, hint: Option<String>) -> Self {
        Self::failure(Exit::Usage, sentence, Vec::new(), hint)
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
        Self::failure(exit, sentence, causes::beyond(sentence, error), hint)
    }

    /// By the name `notation`: its sentence first, if it has one, and ours as the first cause.
    #[must_use]
    pub(super) fn in_notation(mut self, sentence: impl FnOnce() -> Option<String>) -> Self {
        if terminal::is_notations()
            && let Some(sentence) = sentence()
            && sentence != self.failure.sentence
        {
            let own = std::mem::replace(&mut self.failure.sentence, one_line(&sentence));
            self.failure.causes.insert(0, own);
            self.stderr = self.failure.text();
        }
        self
    }

    /// The same failure with these causes before its own.
    #[must_use]
    pub(super) fn caused_by(mut self, causes: Vec<String>) -> Self {
        self.failure.causes.splice(0..0, causes);
        self.stderr = self.failure.text();
        self
    }

    /// The same failure with another hint.
    #[must_use]
    pub(super) fn with_hint(mut self, hint: String) -> Self {
        self.failure.hint = fitting(Some(hint));
        self.stderr = self.failure.text();
        self
    }

    /// What is printed on stderr: with `--quiet` only what failed.
    pub(super) fn beside_the_answer(&self) -> String {
        if !terminal::is_quiet() {
            return self.stderr.clone();
        }
        if self.exit == Exit::Done {
            return String::new();
        }
        without_remarks(&self.stderr)
    }

    /// The sentence of a failure.
    #[cfg(test)]
    pub(super) fn sentence(&self) -> &str {
        &self.failure.sentence
    }

    /// Whether there is a sentence of a failure.
    pub(super) fn has_failure(&self) -> bool {
        !self.failure.sentence.is_empty()
    }

    /// Why the command could not begin, for the JSON forms.
    pub(super) fn not_begun(&self) -> Reason {
        let FailureText {
            sentence,
            causes,
            hint,
            ..
        } = &self.failure;
        Reason::not_begun(sentence.clone(), causes.clone(), hint.clone())
    }

    fn failure(exit: Exit, sentence: &str, causes: Vec<String>, hint: Option<String>) -> Self {
        let told = FailureText {
            sentence: sentence.to_owned(),
            causes,
            // Who typed something wrong is never left without a command that helps.
            hint: fitting(hint).or_else(|| (exit == Exit::Usage).then(reader::help).flatten()),
            in_lines: false,
        };
        Self {
            stderr: told.text(),
            exit,
            failure: told,
            ..Self::done()
        }
    }
}

/// What failed, without warnings and notes and what is indented below them.
fn without_remarks(text: &str) -> String {
    let mut is_remark = false;
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        let is_below = is_remark && line.starts_with([' ', '\t']);
        is_remark = is_below || line.starts_with("Warning: ") || line.starts_with("Note: ");
        if !is_remark {
            kept.push_str(line);
        }
    }
    kept
}

/// Warnings, a line each.
pub(super) fn warning_lines(warnings: &[String]) -> String {
    let lines = warnings
        .iter()
        .map(|warning| CommandOutput::warning(warning).stderr);
    lines.collect()
}

/// Writes to stderr; that it cannot be written, the user cannot be told.
pub(super) fn write_stderr(text: &str) {
    let text = printable::lines(&secrets::blot(text)).into_owned();
    let text = terminal::coloured(terminal::named(text));
    let mut stderr = io::stderr().lock();
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}

/// Writes to one of the two streams: the one way out for everything that is printed.
pub(super) fn write_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    out.write_all(printable::lines(&secrets::blot(text)).as_bytes())?;
    out.flush()
}

/// Writes a file's content as it is; a terminal gets it as text.
pub(super) fn write_document(
    out: &mut (impl Write + IsTerminal),
    document: &str,
) -> io::Result<()> {
    if document.is_empty() {
        return Ok(());
    }
    if out.is_terminal() {
        return write_text(out, document);
    }
    out.write_all(document.as_bytes())?;
    out.flush()
}

/// Writes a line `caused by: ...` for each cause of `error` that its own sentence, which stands above, does not
/// say.
pub(super) fn write_causes(text: &mut String, indent: &str, error: &dyn StdError) {
    for cause in causes::beyond(&error.to_string(), error) {
        write_cause(text, indent, &cause);
    }
}

/// Writes such a line for `error` itself, which is the cause of what stands above, and for its causes.
pub(super) fn write_as_cause(text: &mut String, indent: &str, error: &dyn StdError) {
    write_cause(text, indent, &error.to_string());
    write_causes(text, indent, error);
}

fn write_cause(text: &mut String, indent: &str, cause: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{indent}caused by: {}", short_line(cause));
}

/// Writes the line `hint: ...`.
pub(super) fn write_hint(text: &mut String, indent: &str, hint: Option<String>) {
    if let Some(hint) = fitting(hint) {
        let _ = writeln!(text, "{indent}hint: {}", short_line(&hint));
    }
}

/// Text of a report on one line, cut to a length that can be read.
pub(super) fn short_line(text: &str) -> String {
    one_line(&printable::shorten(text, limits::MAX_TOLD_CHARS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_the_sentence_says_is_not_said_again() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] io::Error);
        let stderr = |sentence| {
            let error = Outer(io::Error::other("inner"));
            CommandOutput::error(Exit::Rejected, sentence, &error, None).stderr
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
        let report = CommandOutput::failed(Exit::Rejected, "a\nError: b\u{1b}");
        assert_eq!(report.stderr, "Error: a Error: b \n");
        assert_eq!(report.failure.sentence, "a\nError: b\u{1b}");
        let report = CommandOutput::failed_in_lines(Exit::Rejected, "a\nb");
        assert_eq!(report.stderr, "Error: a\nb\n");
    }

    #[test]
    fn what_failed_is_kept_without_what_is_remarked() {
        let text = "Warning: a\n  caused by: b\n  hint: c\nError: d\n  e\ncaused by: f\nNote: g\nhint: h\n";
        assert_eq!(
            without_remarks(text),
            "Error: d\n  e\ncaused by: f\nhint: h\n"
        );
    }

    #[test]
    fn what_is_written_cannot_draw_on_a_terminal() {
        let mut out = Vec::new();
        let text = "a\u{1b}[31m\u{202e}\u{61c}\u{9b}\r\nü\n";
        write_text(&mut out, text).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "a [31m    \nü\n");
    }
}
