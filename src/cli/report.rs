//! What a command gives back: the text of both streams and the exit code.

use std::error::Error as StdError;
use std::fmt::Write as _;

use super::reader::fitting;
use crate::outcome::FailureClass;

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

/// What a failure is told with; empty where nothing failed.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) sentence: String,
    pub(super) causes: Vec<String>,
    pub(super) hint: Option<String>,
}

impl Told {
    fn text(&self) -> String {
        let mut text = format!("Error: {}\n", self.sentence);
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

    /// A failure that one sentence says whole.
    pub(super) fn failed(exit: Exit, sentence: &str) -> Self {
        Self::told(exit, sentence, Vec::new(), None)
    }

    /// Wrong flags or unreadable files.
    pub(super) fn usage(sentence: &str, hint: Option<String>) -> Self {
        Self::told(Exit::Usage, sentence, Vec::new(), hint)
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
        };
        Self {
            stderr: told.text(),
            exit,
            told,
            ..Self::done()
        }
    }
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
    let _ = writeln!(text, "{indent}caused by: {}", one_line(cause));
}

/// Writes the line `hint: ...`.
pub(super) fn write_hint(text: &mut String, indent: &str, hint: Option<String>) {
    if let Some(hint) = fitting(hint) {
        let _ = writeln!(text, "{indent}hint: {}", one_line(&hint));
    }
}

/// Foreign text on one line and without control characters: what a registry or an envelope says
/// must not be able to draw on a terminal.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if draws(c) { ' ' } else { c })
        .collect()
}

/// Whether terminals obey this character instead of showing it: control characters, line
/// separators, and marks of writing direction.
pub(super) fn draws(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
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
        struct Outer(#[source] std::io::Error);
        let stderr = |sentence| {
            let error = Outer(std::io::Error::other("inner"));
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
    fn foreign_text_cannot_draw_on_a_terminal() {
        assert_eq!(one_line("a\u{1b}[31mb\r\nc"), "a [31mb  c");
        assert_eq!(one_line("a\u{202e}b\u{2028}c\u{9b}d ü"), "a b c d ü");
    }
}
