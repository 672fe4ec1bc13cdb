//! A document whose list, mostly `results`, is written as its elements come, so that a command of many references
//! holds none of them for longer than it takes to print it.

use serde::Serialize;

use crate::printable;

/// The version of the documents that are written so.
pub(super) const VERSION: &str = "1";

/// A document on its way to stdout.
#[derive(Debug)]
pub struct Results {
    list: &'static str,
    count: usize,
}

impl Default for Results {
    fn default() -> Self {
        Self::named("results")
    }
}

impl Results {
    /// A document whose list has this name.
    pub(super) const fn named(list: &'static str) -> Self {
        Self { list, count: 0 }
    }

    /// The text of the next element, with what stands before it.
    pub fn add(&mut self, result: &impl Serialize) -> String {
        let mut text = if self.count == 0 {
            self.begin()
        } else {
            ",".to_owned()
        };
        self.count += 1;
        text.push_str("\n    ");
        text.push_str(&pretty(result).replace('\n', "\n    "));
        text
    }

    /// The text of the end, with the members that are known only now: those of the object `end`.
    pub fn end(self, end: &impl Serialize) -> String {
        let mut text = if self.count == 0 {
            self.begin() + "]"
        } else {
            "\n  ]".to_owned()
        };
        let members = pretty(end);
        // An object without members has no lines.
        match members.strip_prefix("{\n") {
            Some(members) => {
                text.push_str(",\n");
                text.push_str(members);
            }
            None => text.push_str("\n}"),
        }
        text.push('\n');
        text
    }

    fn begin(&self) -> String {
        let list = self.list;
        format!("{{\n  \"version\": \"{VERSION}\",\n  \"{list}\": [")
    }
}

/// A document as a whole, in several lines, without what a terminal would obey.
#[cfg_attr(
    not(feature = "cli"),
    expect(dead_code, reason = "only the command line says it")
)]
pub(crate) fn whole(document: &impl Serialize) -> String {
    pretty(document) + "\n"
}

/// `value` in several lines, without what a terminal would obey.
pub(super) fn pretty(value: &impl Serialize) -> String {
    #[expect(
        clippy::expect_used,
        reason = "strings, numbers and JSON values are JSON"
    )]
    let text = serde_json::to_string_pretty(value).expect("a document is JSON");
    printable::json(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

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
        for count in 0..4 {
            let elements: Vec<Value> = (0..count).map(|n| json!({ "n": [n, "a\nb"] })).collect();
            let mut results = Results::default();
            let mut text = String::new();
            for element in &elements {
                text.push_str(&results.add(element));
            }
            text.push_str(&results.end(&end));
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
        let text = results.add(&json!({ "a": 1 })) + &results.end(&json!({}));
        let wanted =
            "{\n  \"version\": \"1\",\n  \"results\": [\n    {\n      \"a\": 1\n    }\n  ]\n}\n";
        assert_eq!(text, wanted);
        let text = Results::default().end(&json!({ "b": {} }));
        assert_eq!(
            text,
            "{\n  \"version\": \"1\",\n  \"results\": [],\n  \"b\": {}\n}\n"
        );
    }
}
