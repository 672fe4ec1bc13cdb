//! Colour, bars and silence: on a terminal, as the user wants them.

use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use crate::environment::Environment;

static MANNER: OnceLock<Manner> = OnceLock::new();

/// How this run prints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// Only errors and the answer.
    pub(super) is_quiet: bool,
    /// Lines of a log may come at any time.
    pub(super) has_log: bool,
    /// Stderr is Notation's, byte for byte.
    pub(super) is_notations: bool,
}

/// From here on everything is printed in this manner.
pub(super) fn set(manner: Manner) {
    // A process runs one command.
    let _ = MANNER.set(manner);
}

/// Whether only errors and the answer are printed.
pub(super) fn is_quiet() -> bool {
    MANNER.get().is_some_and(|manner| manner.is_quiet)
}

/// How lines of stderr begin, and the colour of that.
const COLOURS: [(&str, &str); 4] = [
    ("Error:", "\u{1b}[1;31m"),
    ("Warning:", "\u{1b}[1;33m"),
    ("Note:", "\u{1b}[1m"),
    ("hint:", "\u{1b}[36m"),
];

const PLAIN: &str = "\u{1b}[0m";

/// Whether a bar may be drawn on stderr.
pub(super) fn has_bars() -> bool {
    let manner = MANNER.get();
    let is_plain = manner.is_some_and(|manner| manner.is_quiet || manner.has_log);
    io::stderr().is_terminal() && !is_plain
}

/// Whether the program was called by Notation's name.
pub(super) fn is_notations() -> bool {
    MANNER.get().is_some_and(|manner| manner.is_notations)
}

/// Text in which commands to type begin with the name that this user types.
pub(super) fn named(text: String) -> String {
    if !is_notations() {
        return text;
    }
    text.replace("`countersign ", "`notation ")
        .replace("\n  countersign ", "\n  notation ")
}

/// What is printed on stderr, in colour if there is any.
pub(super) fn coloured(text: String) -> String {
    let variable = |name: &str| Environment::of_process().variable(name);
    if text.is_empty() || is_notations() || !has_colour(io::stderr().is_terminal(), variable) {
        return text;
    }
    text.split_inclusive('\n').map(line).collect()
}

/// `NO_COLOR` (no-color.org) says no, before `CLICOLOR_FORCE` says yes; else a terminal has colour, unless it cannot.
fn has_colour(is_terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() {
        return false;
    }
    match set("CLICOLOR_FORCE").as_deref() {
        Some("0") | None => {}
        Some(_) => return true,
    }
    let is_off = set("CLICOLOR").as_deref() == Some("0");
    is_terminal && !is_off && set("TERM").as_deref() != Some("dumb")
}

fn line(line: &str) -> String {
    let inner = line.trim_start_matches(' ');
    let indent = line.strip_suffix(inner).unwrap_or_default();
    for (begin, colour) in COLOURS {
        if let Some(rest) = inner.strip_prefix(begin) {
            return format!("{indent}{colour}{begin}{PLAIN}{rest}");
        }
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wants_no_colour_gets_none() {
        for (is_terminal, pairs, wanted) in [
            (true, &[][..], true),
            (false, &[], false),
            (true, &[("NO_COLOR", "1")], false),
            (true, &[("NO_COLOR", "")], true),
            (true, &[("TERM", "dumb")], false),
            (true, &[("CLICOLOR", "0")], false),
            (false, &[("CLICOLOR_FORCE", "1")], true),
            (false, &[("CLICOLOR_FORCE", "0")], false),
            (false, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        ] {
            let variable = |asked: &str| {
                let pair = pairs.iter().find(|(name, _)| *name == asked);
                pair.map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(
                has_colour(is_terminal, variable),
                wanted,
                "{is_terminal} {pairs:?}"
            );
        }
    }

    #[test]
    fn only_the_beginning_of_a_line_is_coloured() {
        assert_eq!(
            line("Error: a Error: b\n"),
            "\u{1b}[1;31mError:\u{1b}[0m a Error: b\n"
        );
        assert_eq!(line("  hint: a\n"), "  \u{1b}[36mhint:\u{1b}[0m a\n");
        assert_eq!(line("caused by: Error: a\n"), "caused by: Error: a\n");
    }
}
