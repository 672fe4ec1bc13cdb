//! Values as notation, a program in Go, writes them.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use time::UtcOffset;
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

use crate::printable::draws;

/// How an output writes times, always in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// `Sun Nov 22 06:00:00 2026`, in trees.
    Ansic,
    /// `2026-11-22T06:00:00Z`, in JSON.
    Rfc3339,
}

const ANSIC: &[BorrowedFormatItem<'_>] = format_description!(
    "[weekday repr:short] [month repr:short] [day padding:space] [hour]:[minute]:[second] [year]"
);

impl Times {
    pub(crate) fn write(self, time: OffsetDateTime) -> String {
        let utc = time.checked_to_offset(UtcOffset::UTC).unwrap_or(time);
        let utc = utc.replace_nanosecond(0).unwrap_or(utc);
        match self {
            Self::Ansic => utc.format(ANSIC),
            Self::Rfc3339 => utc.format(&Rfc3339),
        }
        .unwrap_or_else(|_| utc.to_string())
    }
}

/// The value of an extended attribute as Go prints it: `map[a:[1 two]]`.
pub(crate) fn go_value(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(go_value).collect();
            format!("[{}]", values.join(" "))
        }
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{name}:{}", go_value(value)))
                .collect();
            format!("map[{}]", members.join(" "))
        }
    }
}

/// `document` as indented JSON with the escapes of Go's encoder, and with one for every character
/// that terminals obey. All of these occur in strings only.
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "only the command line says it")
)]
pub(crate) fn json<T: Serialize>(document: &T) -> String {
    #[expect(
        clippy::expect_used,
        reason = "strings, numbers and JSON values are JSON"
    )]
    let text = serde_json::to_string_pretty(document).expect("a document is JSON");
    let mut escaped = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if matches!(character, '<' | '>' | '&') || (draws(character) && character != '\n') {
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped.push('\n');
    escaped
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn times_are_written_in_utc_whatever_the_envelope_has() {
        let time = datetime!(2026-11-02 03:04:05.678 +02:00);
        assert_eq!(Times::Ansic.write(time), "Mon Nov  2 01:04:05 2026");
        assert_eq!(Times::Rfc3339.write(time), "2026-11-02T01:04:05Z");
    }

    #[test]
    fn values_are_printed_as_go_prints_them() {
        let value = serde_json::json!({"nested": [1, "two", null, {"z": 5.5, "a": true}]});
        assert_eq!(
            go_value(&value),
            "map[nested:[1 two <nil> map[a:true z:5.5]]]"
        );
        assert_eq!(go_value(&serde_json::json!("text")), "text");
    }

    #[test]
    fn json_keeps_foreign_text_from_the_terminal() {
        let document = serde_json::json!({"a": "<b>&\u{1b}[31m\u{9b}\u{202e}\u{2028}ü\n"});
        let written = json(&document);
        assert_eq!(
            written,
            "{\n  \"a\": \"\\u003cb\\u003e\\u0026\\u001b[31m\\u009b\\u202e\\u2028ü\\n\"\n}\n"
        );
        assert_eq!(
            serde_json::from_str::<Value>(&written).unwrap(),
            document,
            "an escape changes nothing"
        );
    }
}
