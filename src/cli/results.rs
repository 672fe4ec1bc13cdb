//! One JSON document whose list `results` is written as its elements come, so that a command of many
//! references holds none of them for longer than it takes to print it.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::printable;

/// A document on its way to stdout.
#[derive(Debug, Default)]
pub(super) struct Results {
    count: usize,
}

const BEGIN: &str = "{\n  \"version\": \"1\",\n  \"results\": [";

impl Results {
    /// The text of the next element, with what stands before it.
    pub(super) fn add(&mut self, result: &Value) -> String {
        let mut text = if self.count == 0 {
            BEGIN.to_owned()
        } else {
            ",".to_owned()
        };
        self.count += 1;
        push_indented(&mut text, "\n    ", result);
        text
    }

    /// The text of the end, with the members that are known only now.
    pub(super) fn end(self, members: &Map<String, Value>) -> String {
        let mut text = if self.count == 0 {
            format!("{BEGIN}]")
        } else {
            "\n  ]".to_owned()
        };
        for (name, value) in members {
            // Writing to a `String` cannot fail.
            let _ = write!(text, ",\n  {}: ", Value::from(name.as_str()));
            push_indented(&mut text, "", value);
        }
        text.push_str("\n}\n");
        text
    }
}

/// Pushes `value` in several lines, each but the first indented as far as `before` is.
fn push_indented(text: &mut String, before: &str, value: &Value) {
    let indent = if before.is_empty() { "\n  " } else { before };
    text.push_str(before);
    let value = format!("{value:#}");
    text.push_str(&printable::json(&value).replace('\n', indent));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_would_draw_is_written_with_its_number() {
        let value = json!({ "a": "\u{7f}\u{202e}\u{1b}\n" });
        let text = Results::default().add(&value);
        assert!(text.contains(r#""a": "\u007f\u202e\u001b\n""#), "{text}");
    }

    #[test]
    fn the_pieces_are_one_document() {
        let end = json!({ "exitCode": 1, "summary": { "signed": 2 } });
        let end = end.as_object().unwrap();
        for count in 0..4 {
            let elements: Vec<Value> = (0..count).map(|n| json!({ "n": [n, "a\nb"] })).collect();
            let mut results = Results::default();
            let mut text = String::new();
            for element in &elements {
                text.push_str(&results.add(element));
            }
            text.push_str(&results.end(end));
            let found: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(
                found,
                json!({
                    "version": "1", "results": elements, "exitCode": 1, "summary": { "signed": 2 },
                }),
                "{text}"
            );
        }
        let mut results = Results::default();
        let text = results.add(&json!({ "a": 1 })) + &results.end(&Map::new());
        let wanted =
            "{\n  \"version\": \"1\",\n  \"results\": [\n    {\n      \"a\": 1\n    }\n  ]\n}\n";
        assert_eq!(text, wanted);
    }
}
