//! Strict JSON for documents that a signature covers or that decide about one.
//!
//! Input: bytes. Output: one value. Two readers must not be able to understand the same bytes
//! differently, so besides the grammar of RFC 8259 these are refused: a second member of the same
//! name, data after the value, a byte order mark, and more than [`MAX_NESTING`] levels. More than
//! [`MAX_JSON_VALUES`] values are not read either: the tree would take too much memory.

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::json_size::count_values;
use crate::limits::{MAX_JSON_VALUES, MAX_NESTING};

/// Why bytes are not strict JSON of the wanted form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not JSON, or not JSON alone.
    #[error("not a JSON document")]
    Syntax {
        /// Where and why.
        source: serde_json::Error,
    },
    /// An object with two members of one name.
    #[error("member `{name}` occurs twice")]
    DuplicateMember {
        /// The member's name.
        name: String,
    },
    /// Arrays and objects inside each other.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More values than a tree is made of.
    #[error("more than {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// Another kind of value than an object.
    #[error("value is {found}, wanted an object")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// A member whose name differs from a known one only in letter case.
    #[error("member `{found}` is not spelt `{wanted}`")]
    CaseVariant {
        /// As it is spelt.
        found: String,
        /// As it should be.
        wanted: &'static str,
    },
}

/// Parses `bytes` as one JSON value.
///
/// # Errors
///
/// [`Error::Syntax`], [`Error::DuplicateMember`], [`Error::TooDeep`] or [`Error::TooManyValues`].
pub fn parse(bytes: &[u8]) -> Result<Value, Error> {
    if count_values(bytes) > MAX_JSON_VALUES {
        return Err(Error::TooManyValues {
            limit: MAX_JSON_VALUES,
        });
    }
    let problem = RefCell::new(None);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Strict {
        levels_left: MAX_NESTING,
        problem: &problem,
    };
    seed.deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|source| {
            problem
                .borrow_mut()
                .take()
                .unwrap_or(Error::Syntax { source })
        })
}

/// Parses `bytes` as one JSON object.
///
/// # Errors
///
/// As for [`parse`], and [`Error::NotAnObject`].
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Error> {
    match parse(bytes)? {
        Value::Object(members) => Ok(members),
        other => Err(Error::NotAnObject {
            found: kind(&other),
        }),
    }
}

/// Refuses members whose names differ from a known name only in letter case: other readers, Go's
/// among them, take them for the known one.
///
/// # Errors
///
/// [`Error::CaseVariant`] with the first such member.
pub fn check_case(members: &Map<String, Value>, known: &[&'static str]) -> Result<(), Error> {
    for found in members.keys() {
        let variant_of = known.iter().find(|wanted| is_variant(found, wanted));
        if let Some(wanted) = variant_of {
            return Err(Error::CaseVariant {
                found: found.clone(),
                wanted,
            });
        }
    }
    Ok(())
}

/// Whether the two names differ, and only in letter case.
fn is_variant(found: &str, wanted: &str) -> bool {
    if found == wanted {
        return false;
    }
    if found.is_ascii() && wanted.is_ascii() {
        return found.eq_ignore_ascii_case(wanted);
    }
    // Go folds Unicode letters, such as the Kelvin sign to `k` and the long s to `s`. Only the first of these has a
    // lower case, and only the second one an upper case.
    found.to_uppercase().to_lowercase() == wanted.to_lowercase()
}

/// Writes `value` as notation's own encoder does (Go's): compact, with `<`, `>`, `&`, U+2028 and
/// U+2029 escaped. Bytes that are signed must be the same ones.
///
/// # Panics
///
/// If `value` is not JSON: a map with keys that are not text, or a type whose serialisation fails.
pub fn to_text<T: Serialize>(value: &T) -> String {
    #[expect(
        clippy::expect_used,
        reason = "the types that are written have a JSON form"
    )]
    let text = serde_json::to_string(value).expect("JSON");
    let mut escaped = String::with_capacity(text.len());
    // These occur in strings only.
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// What a value is, with its article: `a string`, `an array`, `null`.
pub const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Reads one value and counts the levels.
#[derive(Clone, Copy)]
struct Strict<'a> {
    levels_left: usize,
    /// What serde's own error cannot carry.
    problem: &'a RefCell<Option<Error>>,
}

impl Strict<'_> {
    fn refuse<E: serde::de::Error>(&self, problem: Error) -> E {
        let text = problem.to_string();
        self.problem.borrow_mut().get_or_insert(problem);
        E::custom(text)
    }

    fn one_level_down<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.levels_left.checked_sub(1) {
            Some(levels_left) => Ok(Self {
                levels_left,
                ..self
            }),
            None => Err(self.refuse(Error::TooDeep { limit: MAX_NESTING })),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.one_level_down()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.one_level_down()?;
        let mut members = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if members.contains_key(&name) {
                return Err(self.refuse(Error::DuplicateMember { name }));
            }
            members.insert(name, access.next_value_seed(inner)?);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_json_is_read_as_serde_json_reads_it() {
        let text = r#" {"a":[1,-2,3.5,true,null,"é\u0041"],"b":{},"c":18446744073709551615} "#;
        assert_eq!(
            parse(text.as_bytes()).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }

    #[test]
    fn members_of_one_name_are_refused_at_every_level() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"b":[{"a":1,"\u0061":2}]}"#,
            r#"{"b":{"a":{},"c":0,"a":[]}}"#,
        ] {
            let error = parse(text.as_bytes()).unwrap_err();
            assert!(
                matches!(&error, Error::DuplicateMember { name } if name == "a"),
                "{error}"
            );
        }
    }

    #[test]
    fn nesting_ends_at_the_limit() {
        let nested = |levels| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(MAX_NESTING).as_bytes()).is_ok());
        assert!(matches!(
            parse(nested(MAX_NESTING + 1).as_bytes()),
            Err(Error::TooDeep { limit: MAX_NESTING })
        ));
    }

    #[test]
    fn a_tree_has_no_more_values_than_the_limit() {
        let list = |values: usize| format!("[{}]", vec!["0"; values].join(","));
        assert!(parse(list(MAX_JSON_VALUES).as_bytes()).is_ok());
        assert!(matches!(
            parse(list(MAX_JSON_VALUES + 1).as_bytes()),
            Err(Error::TooManyValues {
                limit: MAX_JSON_VALUES
            })
        ));
    }

    #[test]
    fn one_document_without_anything_round_it() {
        for text in [
            "",
            " ",
            "{} {}",
            "{}x",
            "\u{feff}{}",
            "{'a':1}",
            "[1,]",
            "NaN",
            "1e999",
            "\"\\ud800\"",
        ] {
            assert!(
                matches!(parse(text.as_bytes()), Err(Error::Syntax { .. })),
                "{text}"
            );
        }
        assert!(matches!(parse(b"\"\xff\""), Err(Error::Syntax { .. })));
        assert!(matches!(
            parse_object(b"[]"),
            Err(Error::NotAnObject { found: "an array" })
        ));
    }

    #[test]
    fn a_name_in_other_letter_case_is_not_taken_for_the_known_one() {
        let check =
            |value: Value| check_case(value.as_object().unwrap(), &["crit", "kid", "digest"]);
        assert!(check(json!({"crit": 1, "kid": 2, "other": 3, "Crit ": 4})).is_ok());
        for found in ["CRIT", "Crit", "\u{212a}id", "dige\u{17f}t"] {
            assert!(matches!(
                check(json!({ found: 1 })),
                Err(Error::CaseVariant { found: name, .. }) if name == found
            ));
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in values()) {
            let text = serde_json::to_vec(&value).unwrap();
            prop_assert_eq!(parse(&text).unwrap(), value);
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = parse(&bytes);
        }
    }
}
