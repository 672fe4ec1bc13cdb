//! What no reader of a document may disagree about: each name once in its object, and nesting within the limit.

use std::collections::HashMap;

use jsonc_parser::ast;
use jsonc_parser::common::Ranged as _;

use super::error::{Error, Position};
use crate::limits::MAX_NESTING;

/// Where a value is, by what it is in: written as a pointer only where one is wanted, because a name may
/// be as long as the document and have as many values in it.
#[derive(Clone, Copy)]
pub(super) enum Place<'p> {
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
pub(super) fn check_objects(
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
pub(super) fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
