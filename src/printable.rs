//! Text that a terminal can only show.
//!
//! Whatever is printed goes through here: what a registry, an envelope, a file's name or a program says
//! must not be able to draw on a terminal, to break a line or to turn its direction.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Whether terminals obey this character instead of showing it: control characters, line separators,
/// and marks of writing direction.
pub fn draws(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{206f}'
        )
}

/// Foreign text on one line: each character that [`draws`] is a blank.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if draws(c) { ' ' } else { c })
        .collect()
}

/// Lines of ours: as [`one_line`], but line breaks and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    let is_foreign = |c| draws(c) && !matches!(c, '\n' | '\t');
    if text.contains(is_foreign) {
        text.chars()
            .map(|c| if is_foreign(c) { ' ' } else { c })
            .collect()
    } else {
        Cow::Borrowed(text)
    }
}

/// The first `max` characters of `text`; that there were more is said.
pub fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((end, _)) => {
            let kept = text.get(..end).unwrap_or_default();
            format!("{kept}... ({} bytes in all)", text.len())
        }
    }
}

/// JSON in which no character [`draws`] but line breaks between its values: it is written as `\uXXXX`,
/// which every reader reads as the same value. `text` is JSON, which has such characters in strings only.
pub fn json(text: &str) -> Cow<'_, str> {
    let is_foreign = |c| draws(c) && !matches!(c, '\n' | '\r' | '\t');
    if !text.contains(is_foreign) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if is_foreign(character) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a `String` cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(character);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every character that must not be printed, from the standards' tables.
    fn drawing() -> impl Iterator<Item = char> {
        let ranges = [
            '\0'..='\u{1f}',
            '\u{7f}'..='\u{9f}',
            '\u{61c}'..='\u{61c}',
            '\u{200e}'..='\u{200f}',
            '\u{2028}'..='\u{202e}',
            '\u{2066}'..='\u{2069}',
        ];
        ranges.into_iter().flatten()
    }

    #[test]
    fn nothing_that_draws_is_printed() {
        for c in drawing() {
            assert!(draws(c), "{c:?}");
            assert_eq!(one_line(&format!("a{c}b")), "a b", "{c:?}");
            let kept = matches!(c, '\n' | '\t');
            let wanted = if kept { c } else { ' ' };
            assert_eq!(lines(&format!("a{c}b")), format!("a{wanted}b"), "{c:?}");
        }
        for shown in ["ü", "日本", "🙂", "\u{a0}", "e\u{301}", "שלום"] {
            assert_eq!(one_line(shown), shown);
            assert_eq!(lines(shown), shown);
            assert_eq!(json(shown), shown);
        }
    }

    #[test]
    fn in_json_the_value_stays() {
        for c in drawing() {
            let value = serde_json::Value::from(format!("a{c}b"));
            let text = value.to_string();
            let escaped = json(&text);
            assert!(!escaped.contains(draws), "{c:?}");
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&escaped).unwrap(),
                value
            );
        }
        assert_eq!(json("\"a\u{202e}b\u{9b}\""), "\"a\\u202eb\\u009b\"");
        assert_eq!(json("{\n\t\"a\": 1\n}"), "{\n\t\"a\": 1\n}");
    }
}
