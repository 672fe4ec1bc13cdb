//! JSON documents that people write: every value knows its JSON pointer, line and column.
//!
//! Input: bytes; output: a tree of [`Node`]s. `serde_json` judges the grammar (one value, nothing after it),
//! then a second tree gives positions. A name that occurs twice in one object is refused wherever it
//! is, since readers disagree about which one counts. What the members mean is not judged here.

mod error;
mod grammar;
mod near;
mod objects;

pub use error::{Error, NotText, Position};
pub use near::near_name;

use std::fmt;
use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::json_size::count_values;
use crate::limits::MAX_JSON_VALUES;
use grammar::check_grammar;
use objects::{Place, check_objects, child};

/// The six kinds of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are JSON's own")]
pub enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        })
    }
}

/// The text of a document, whatever its grammar.
///
/// # Errors
///
/// [`NotText`].
pub fn text_of(bytes: &[u8]) -> Result<&str, NotText> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let valid = std::str::from_utf8(valid).unwrap_or_default();
        NotText::NotUtf8(Position::at(valid, valid.len()))
    })?;
    if text.starts_with('\u{feff}') {
        return Err(NotText::ByteOrderMark);
    }
    if text.trim().is_empty() {
        return Err(NotText::Empty);
    }
    Ok(text)
}

/// A document whose grammar is right.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    root: ast::Value<'a>,
}

impl<'a> Document<'a> {
    /// Parses the text of one JSON value.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`], as they are described there.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        // No JSON text has a zero byte, and in UTF-16 every other one is.
        if matches!(
            bytes,
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..]
        ) {
            return Err(Error::Utf16);
        }
        let text = text_of(bytes)?;
        if count_values(bytes) > MAX_JSON_VALUES {
            return Err(Error::TooManyValues);
        }
        check_grammar(text)?;
        let root = parse_to_ast(text, &CollectOptions::default(), &STRICT)
            .ok()
            .and_then(|parsed| parsed.value)
            .ok_or(Error::Unlocatable)?;
        check_objects(text, &root, Place::Root, 0)?;
        Ok(Self { text, root })
    }

    /// The whole value.
    pub fn root(&self) -> Node<'_> {
        Node {
            text: self.text,
            value: &self.root,
            pointer: String::new(),
        }
    }
}

/// The second reader takes nothing that JSON has not; `serde_json` has refused it before.
const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A JSON pointer as messages show it: the pointer in backticks, or `the document` for the whole of it.
pub fn place(pointer: &str) -> String {
    if pointer.is_empty() {
        return "the document".into();
    }
    format!("`{pointer}`")
}

/// One value of a document.
#[derive(Debug, Clone)]
pub struct Node<'d> {
    text: &'d str,
    value: &'d ast::Value<'d>,
    pointer: String,
}

/// One member of an object.
#[derive(Debug, Clone)]
pub struct Member<'d> {
    /// Its name, decoded.
    pub name: &'d str,
    /// Its value; the pointer of a name is the pointer of its value.
    pub value: Node<'d>,
    name_offset: usize,
}

impl Member<'_> {
    /// Where the name stands.
    pub fn name_position(&self) -> Position {
        Position::at(self.value.text, self.name_offset)
    }
}

impl<'d> Node<'d> {
    /// JSON pointer (RFC 6901); empty for the whole document.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Where the value begins.
    pub fn position(&self) -> Position {
        Position::at(self.text, self.value.start())
    }

    /// The bytes of the value in the text, quotes and brackets included.
    pub fn range(&self) -> Range<usize> {
        self.value.start()..self.value.end()
    }

    /// The value as it is written.
    pub fn as_text(&self) -> &'d str {
        self.text.get(self.range()).unwrap_or_default()
    }

    /// What kind of value this is.
    pub fn kind(&self) -> Kind {
        match self.value {
            ast::Value::StringLit(_) => Kind::String,
            ast::Value::NumberLit(_) => Kind::Number,
            ast::Value::BooleanLit(_) => Kind::Boolean,
            ast::Value::Object(_) => Kind::Object,
            ast::Value::Array(_) => Kind::Array,
            ast::Value::NullKeyword(_) => Kind::Null,
        }
    }

    /// The decoded text of a string.
    pub fn as_str(&self) -> Option<&'d str> {
        self.value
            .as_string_lit()
            .map(|literal| literal.value.as_ref())
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        self.value.as_boolean_lit().map(|literal| literal.value)
    }

    /// A number as it is written.
    pub fn as_number(&self) -> Option<&'d str> {
        self.value.as_number_lit().map(|literal| literal.value)
    }

    /// The members of an object, in the order of the text.
    pub fn members(&self) -> Option<Vec<Member<'d>>> {
        let object = self.value.as_object()?;
        let member = |property: &'d ast::ObjectProp<'d>| {
            let name = property.name.as_str();
            Member {
                name,
                name_offset: property.name.start(),
                value: Self {
                    text: self.text,
                    value: &property.value,
                    pointer: child(&self.pointer, name),
                },
            }
        };
        Some(object.properties.iter().map(member).collect())
    }

    /// The elements of an array.
    pub fn elements(&self) -> Option<Vec<Self>> {
        let array = self.value.as_array()?;
        let element = |(index, value): (usize, &'d ast::Value<'d>)| Self {
            text: self.text,
            value,
            pointer: format!("{}/{index}", self.pointer),
        };
        Some(array.elements.iter().enumerate().map(element).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_NESTING;

    fn position(line: usize, column: usize) -> Position {
        Position { line, column }
    }

    #[test]
    fn every_value_knows_where_it_is() {
        let text = "{\n  \"a/b~\": [1, {\"ü\": true}],\n\t\"s\": \"x\\u00fc\"\n}\n";
        let document = Document::parse(text.as_bytes()).unwrap();
        let members = document.root().members().unwrap();
        assert_eq!(members[0].name, "a/b~");
        assert_eq!(members[0].name_position(), position(2, 3));
        assert_eq!(members[0].value.pointer(), "/a~1b~0");
        let elements = members[0].value.elements().unwrap();
        assert_eq!(elements[1].position(), position(2, 15));
        let inner = elements[1].members().unwrap().remove(0);
        assert_eq!(inner.value.pointer(), "/a~1b~0/1/ü");
        // Columns count characters, not bytes.
        assert_eq!(inner.value.position(), position(2, 21));
        assert_eq!(inner.value.as_bool(), Some(true));
        assert_eq!(members[1].value.as_str(), Some("xü"));
        assert_eq!(members[1].value.position(), position(3, 7));
    }

    #[test]
    fn refuses_what_is_not_one_json_value() {
        let error = |text: &[u8]| Document::parse(text).unwrap_err();
        assert!(matches!(error(b" \n"), Error::Empty));
        assert!(matches!(error(b"\xef\xbb\xbf{}"), Error::ByteOrderMark));
        assert!(matches!(
            error(b"{\n\"a\": \xff}"),
            Error::NotUtf8 { position: p } if p == position(2, 6)
        ));
        for (text, line, column) in [
            ("{bad", 1, 2),
            ("{\"a\": 1,\n}", 2, 1),
            ("{\"a\": NaN}", 1, 7),
            ("{\"\u{fc}\": NaN}", 1, 7),
            ("// x\n{}", 1, 1),
            ("{\"a\": \"\\ud800\"}", 1, 14),
        ] {
            let error = error(text.as_bytes());
            let Error::Syntax {
                position: found, ..
            } = &error
            else {
                panic!("{text}: {error:?}");
            };
            assert_eq!(*found, position(line, column), "{text}");
        }
        for (text, line, column) in [("{} x", 1, 4), ("{}\n\n{}", 3, 1), ("{}\u{a0}", 1, 3)] {
            let error = error(text.as_bytes());
            let Error::TrailingData { position: found } = error else {
                panic!("{text}: {error:?}");
            };
            assert_eq!(found, position(line, column), "{text}");
        }
    }

    #[test]
    fn refuses_a_name_twice_wherever_it_is() {
        let text = b"{\"x\": [{\"n\": 1,\n \"\\u006e\": 2}]}";
        let error = Document::parse(text).unwrap_err();
        let Error::DuplicateName {
            name,
            pointer,
            first,
            second,
        } = &error
        else {
            panic!("{error:?}");
        };
        assert_eq!((name.as_str(), pointer.as_str()), ("n", "/x/0"));
        assert_eq!((*first, *second), (position(1, 9), position(2, 2)));
        assert_eq!(
            error.to_string(),
            "the name `n` occurs twice in one object, at line 1, column 9 and again at line 2, column 2"
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Document::parse(nested(MAX_NESTING).as_bytes()).is_ok());
        assert!(matches!(
            Document::parse(nested(MAX_NESTING + 1).as_bytes()),
            Err(Error::TooDeep { position: p }) if p == position(1, MAX_NESTING + 1)
        ));
        let empty = nested(MAX_NESTING + 1).replace('1', "");
        let found = Document::parse(empty.as_bytes());
        assert!(matches!(found, Err(Error::TooDeep { .. })), "{found:?}");
        // Far deeper is refused by the first reader, before anything recurses.
        assert!(matches!(
            Document::parse(nested(10_000).as_bytes()),
            Err(Error::Syntax { .. })
        ));
    }

    #[test]
    fn no_more_values_are_read_than_the_limit() {
        let list = |values: usize| format!("[{}]", vec!["0"; values].join(","));
        assert!(Document::parse(list(MAX_JSON_VALUES).as_bytes()).is_ok());
        assert!(matches!(
            Document::parse(list(MAX_JSON_VALUES + 1).as_bytes()),
            Err(Error::TooManyValues)
        ));
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = Document::parse(&bytes);
        }

        #[test]
        fn json_like_text_never_panics(text in "[\\[\\]{}\",:0-9a-f\\\\u \nü-]{0,80}") {
            // Whatever the first reader takes, the second one must be able to locate.
            if let Err(error) = Document::parse(text.as_bytes()) {
                proptest::prop_assert!(!matches!(error, Error::Unlocatable), "{text}");
            }
        }
    }
}
