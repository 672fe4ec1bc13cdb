//! JSON documents that people write: every value knows its JSON pointer, line and column.
//!
//! Input: bytes; output: a tree of [`Node`]s. `serde_json` judges the grammar (one value, nothing after it),
//! then a second tree gives positions. A name that occurs twice in one object is refused wherever it
//! is, since readers disagree about which one counts. What the members mean is not judged here.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::json_size::count_values;
use crate::limits::{MAX_JSON_VALUES, MAX_NESTING};

/// A place in a document; both counts start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

impl Position {
    /// The place of the byte `offset` in `text`; an offset past the end is the end.
    pub(crate) fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why bytes are not a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not the text of one JSON value.
    #[error("not valid JSON at {position}")]
    Syntax {
        /// Where reading stopped.
        position: Position,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// More text after the JSON value.
    #[error("more text after the end of the JSON document at {position}")]
    TrailingData {
        /// Where it begins.
        position: Position,
    },
    /// The file is empty, or holds blanks alone.
    #[error("the document is empty")]
    Empty,
    /// Bytes that are not UTF-8.
    #[error("not UTF-8 text at {position}")]
    NotUtf8 {
        /// Where the first such byte is.
        position: Position,
    },
    /// UTF-16, as PowerShell's `>` writes it.
    #[error("the document is UTF-16, not UTF-8")]
    Utf16,
    /// A byte order mark, as some Windows editors write.
    #[error("a byte order mark is before the JSON document")]
    ByteOrderMark,
    /// A name that occurs twice in one object.
    #[error("the name `{name}` occurs twice in one object, at {first} and again at {second}")]
    DuplicateName {
        /// The name.
        name: String,
        /// JSON pointer of the object.
        pointer: String,
        /// Where it is first.
        first: Position,
        /// Where it is again.
        second: Position,
    },
    /// Nested deeper than anything that is read here.
    #[error("nested deeper than {MAX_NESTING} levels at {position}")]
    TooDeep {
        /// Where the limit is passed.
        position: Position,
    },
    /// More values than are read into a tree.
    #[error("more than {MAX_JSON_VALUES} values are in the document")]
    TooManyValues,
    /// The two readers do not agree about the text.
    #[error("the JSON document could not be located")]
    Unlocatable,
}

impl Error {
    /// Where in the document, where that is known.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax { position, .. }
            | Self::TrailingData { position }
            | Self::NotUtf8 { position }
            | Self::TooDeep { position } => Some(*position),
            Self::DuplicateName { second, .. } => Some(*second),
            Self::ByteOrderMark | Self::Utf16 => Some(Position { line: 1, column: 1 }),
            Self::Empty | Self::TooManyValues | Self::Unlocatable => None,
        }
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::ByteOrderMark => Some("save the file as UTF-8 without a byte order mark".into()),
            Self::Utf16 | Self::NotUtf8 { .. } => Some("save the file as UTF-8".into()),
            Self::DuplicateName { name, .. } => Some(format!(
                "keep one `{name}`; readers disagree about which of the two counts"
            )),
            Self::Syntax { .. } => Some("comments and trailing commas are not part of JSON".into()),
            _ => None,
        }
    }
}

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
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let valid = std::str::from_utf8(valid).unwrap_or_default();
            Error::NotUtf8 {
                position: Position::at(valid, valid.len()),
            }
        })?;
        if text.starts_with('\u{feff}') {
            return Err(Error::ByteOrderMark);
        }
        if text.trim().is_empty() {
            return Err(Error::Empty);
        }
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

fn check_grammar(text: &str) -> Result<(), Error> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let first = values.next();
    let end = values.byte_offset();
    if let Some(Err(source)) = first {
        // Its columns count bytes.
        let line = source.line().max(1);
        let content = text.lines().nth(line - 1).unwrap_or_default();
        let before = content.bytes().take(source.column().saturating_sub(1));
        let position = Position {
            line,
            column: before.filter(|byte| !is_continuation(*byte)).count() + 1,
        };
        return Err(Error::Syntax { position, source });
    }
    let rest = text.get(end..).unwrap_or_default();
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    if blanks == rest.len() {
        return Ok(());
    }
    Err(Error::TrailingData {
        position: Position::at(text, end + blanks),
    })
}

/// Whether a byte of UTF-8 is not the first one of its character.
const fn is_continuation(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

/// Where a value is, by what it is in: written as a pointer only where one is wanted, because a name may
/// be as long as the document and have as many values in it.
#[derive(Clone, Copy)]
enum Place<'p> {
    Root,
    Member(&'p Self, &'p str),
    Element(&'p Self, usize),
}

impl Place<'_> {
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Member(parent, name) => child(&parent.pointer(), name),
            Self::Element(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}

/// Looks for duplicate names and for nesting past the limit, everywhere.
fn check_objects(
    text: &str,
    value: &ast::Value<'_>,
    place: Place<'_>,
    depth: usize,
) -> Result<(), Error> {
    let is_container = matches!(value, ast::Value::Object(_) | ast::Value::Array(_));
    if is_container && depth >= MAX_NESTING {
        return Err(Error::TooDeep {
            position: Position::at(text, value.start()),
        });
    }
    match value {
        ast::Value::Object(object) => {
            let mut seen: HashMap<&str, usize> = HashMap::new();
            for property in &object.properties {
                let name = property.name.as_str();
                let start = property.name.start();
                if let Some(first) = seen.insert(name, start) {
                    return Err(Error::DuplicateName {
                        name: name.to_owned(),
                        pointer: place.pointer(),
                        first: Position::at(text, first),
                        second: Position::at(text, start),
                    });
                }
                let member = Place::Member(&place, name);
                check_objects(text, &property.value, member, depth + 1)?;
            }
        }
        ast::Value::Array(array) => {
            for (index, element) in array.elements.iter().enumerate() {
                check_objects(text, element, Place::Element(&place, index), depth + 1)?;
            }
        }
        ast::Value::StringLit(_)
        | ast::Value::NumberLit(_)
        | ast::Value::BooleanLit(_)
        | ast::Value::NullKeyword(_) => {}
    }
    Ok(())
}

/// JSON pointer (RFC 6901) of a member.
fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

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

/// The candidate that `name` was probably meant to be; `None` where none is near.
///
/// Near is the same but for letter case, or one edit in a name of up to five letters, or two in a longer one
/// (a swapped pair is one edit).
pub fn near_name<'c>(name: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let lower = name.to_lowercase();
    candidates
        .iter()
        .map(|candidate| {
            let distance = strsim::osa_distance(&lower, &candidate.to_lowercase());
            (distance, *candidate)
        })
        .filter(|(distance, candidate)| *distance <= if candidate.len() <= 5 { 1 } else { 2 })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let fields = ["name", "override", "verifyTimestamp"];
        assert_eq!(near_name("overide", &fields), Some("override"));
        assert_eq!(
            near_name("verifyTimeStamp", &fields),
            Some("verifyTimestamp")
        );
        assert_eq!(near_name("nmae", &fields), Some("name"));
        assert_eq!(near_name("comment", &fields), None);
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
