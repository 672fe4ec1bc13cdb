//! Texts that are refused whatever they say: two readers may take them differently, or they are too large.

use super::*;
use crate::limits::{MAX_NESTING, MAX_RUN_DOCUMENT_KEY_BYTES, MAX_RUN_DOCUMENT_VALUES};

/// A Compose file of one good service, and of these lines.
fn compose(lines: &str) -> String {
    format!("services:\n  a: {{image: r.io/a:1}}\n{lines}")
}

#[test]
fn what_two_readers_may_take_differently() {
    for (text, words) in [
        (
            "services: {}\nservices:\n  a: {image: r.io/a:1}\n",
            "the key `services` occurs twice in one mapping, at line 1, column 1 and again at line 2, column 1",
        ),
        (
            "services:\n  a: {image: r.io/a:1, \"image\": r.io/b:1}\n",
            "the key `image` occurs twice in one mapping, at line 2, column 7 and again at line 2, column 24",
        ),
        (
            "x-a: &a {b: c}\nservices:\n  a:\n    <<: *a\n    image: r.io/a:1\n",
            "a merge key `<<` is at line 4, column 5",
        ),
        (
            "x-a: &a {b: c}\nservices:\n  a: {\"<<\": *a, image: r.io/a:1}\n",
            "a merge key `<<` is at line 3, column 7",
        ),
        (
            "x: &k image\nservices:\n  a: {*k : r.io/a:1}\n",
            "the key at line 3, column 7 is not plain text",
        ),
        (
            "services:\n  a: {!!binary aW1hZ2U=: r.io/a:1}\n",
            "the key at line 2, column 7 is not plain text",
        ),
        (
            "? [a]\n: b\n",
            "the key at line 1, column 3 is not plain text",
        ),
        (
            "services:\n  a:\n    # x\u{2028}    image: r.io/evil:1\n    image: r.io/a:1\n",
            "the character U+2028 at line 3, column 8 ends a line for some readers of YAML and not for others",
        ),
        (
            "--- {a: b}\n",
            "a line that begins with `---` has more text at line 1, column 1, which readers of YAML take in different ways",
        ),
        (
            "a: b\n---x: y\n",
            "a line that begins with `---` has more text at line 2, column 1, which readers of YAML take in different ways",
        ),
        (
            "services:\n  a: {image: r.io/a:1}\n---\nservices: {}\n",
            "a second document begins at line 4, column 1, where one is wanted",
        ),
        (
            "\u{feff}services: {}\n",
            "a byte order mark is before the document",
        ),
        (" \n", "the document is empty"),
        ("# only a comment\n", "the document is empty"),
    ] {
        assert_eq!(refusal(Kind::Compose, text), words, "{text}");
    }
    assert_eq!(
        refusal(Kind::Compose, "%YAML 1.1\n---\na: b\n"),
        "not valid YAML at line 1, column 1: YAML directives are disallowed"
    );
    assert_eq!(
        refusal(Kind::Compose, "a: [\n"),
        "not valid YAML at line 1, column 4: unclosed bracket '['"
    );
    assert_eq!(
        RunDocument::parse(Kind::Compose, b"a: \xff", &Options::default())
            .unwrap_err()
            .to_string(),
        "not UTF-8 text at line 1, column 4"
    );
    let json = r#"{"containerDefinitions": [], "containerDefinitions": []}"#;
    let error = RunDocument::parse(Kind::TaskDefinition, json.as_bytes(), &Options::default());
    let Error::Json(source) = error.unwrap_err() else {
        panic!();
    };
    let words = "the name `containerDefinitions` occurs twice in one object, at line 1, column 2 and again at line 1, column 30";
    assert_eq!(source.to_string(), words);
}

#[test]
fn keys_have_a_limit() {
    let key = "k".repeat(MAX_RUN_DOCUMENT_KEY_BYTES);
    let yaml = |key: &str| format!("services: {{a: {{image: r.io/a:1}}}}\n? {key}\n: x\n");
    let json = |key: &str| {
        format!("{{\"services\": {{\"a\": {{\"image\": \"r.io/a:1\"}}}}, \"{key}\": 1}}")
    };
    assert_eq!(found(Kind::Compose, &yaml(&key)).len(), 1);
    assert_eq!(found(Kind::Compose, &json(&key)).len(), 1);
    let key = key + "k";
    let words = "has more than 1024 bytes";
    assert_eq!(
        refusal(Kind::Compose, &yaml(&key)),
        format!("the key at line 2, column 3 {words}")
    );
    assert_eq!(
        refusal(Kind::Compose, &json(&key)),
        format!("the key at line 1, column 44 {words}")
    );
}

#[test]
fn sizes_are_limits() {
    let list = |values: usize| {
        format!(
            "services: {{a: {{image: r.io/a:1}}}}\nx: [{}]\n",
            vec!["0"; values].join(",")
        )
    };
    // Three mappings, their four names and one value; then the list.
    let others = 9;
    assert_eq!(
        found(Kind::Compose, &list(MAX_RUN_DOCUMENT_VALUES - others)).len(),
        1
    );
    let words = refusal(Kind::Compose, &list(MAX_RUN_DOCUMENT_VALUES - others + 1));
    assert!(
        words.starts_with("the document has more than 10000 values, at line 2, column "),
        "{words}"
    );
    let nested = |levels: usize| {
        format!(
            "services: {{a: {{image: r.io/a:1}}}}\nx: {}{}\n",
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert_eq!(found(Kind::Compose, &nested(MAX_NESTING - 1)).len(), 1);
    let words = refusal(Kind::Compose, &nested(MAX_NESTING));
    let column = 4 + MAX_NESTING - 1;
    assert_eq!(
        words,
        format!("nested deeper than {MAX_NESTING} levels at line 2, column {column}")
    );
    let limit = usize::try_from(MAX_RUN_DOCUMENT_BYTES).unwrap();
    let mut text = compose("# ");
    text.push_str(&"x".repeat(limit - text.len()));
    assert_eq!(found(Kind::Compose, &text).len(), 1);
    text.push('x');
    let words = format!("the document has {} bytes, more than {limit}", limit + 1);
    assert_eq!(refusal(Kind::Compose, &text), words);
    // Deeper than any stack: refused by the parser, before anything recurses.
    refusal(Kind::Compose, &format!("x: {}", "[".repeat(100_000)));
}
