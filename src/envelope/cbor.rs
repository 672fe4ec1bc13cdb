//! CBOR in the one form in which COSE is signed here (RFC 8949 section 4.2.1, but for the order of map
//! keys, which is free).
//!
//! Input: bytes. Output: items that borrow from them. Refused: indefinite lengths, numbers and
//! lengths that are not in their shortest form, a map key twice, more than [`MAX_NESTING`] levels,
//! more than [`MAX_CBOR_ITEMS`] items, and tags where the caller does not want any.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minicbor::data::{Tag, Type};
use minicbor::decode::Decoder;
use serde_json::{Map, Number, Value, json};

use crate::limits::{MAX_CBOR_ITEMS, MAX_CBOR_KEY_BYTES, MAX_NESTING};

/// Why bytes are not strict CBOR of the wanted form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not CBOR.
    #[error("not CBOR at byte {position}")]
    Syntax {
        /// Where the item begins.
        position: usize,
        /// Why not.
        source: minicbor::decode::Error,
    },
    /// A string, array or map without a length.
    #[error("item at byte {position} has an indefinite length")]
    IndefiniteLength {
        /// Where it begins.
        position: usize,
    },
    /// A number or a length in more bytes than it needs.
    #[error("item at byte {position} is not in its shortest form")]
    NotShortest {
        /// Where it begins.
        position: usize,
    },
    /// A key that is in the map already.
    #[error("map key at byte {position} occurs twice")]
    DuplicateKey {
        /// Where its second occurrence begins.
        position: usize,
    },
    /// A key of too many bytes.
    #[error("map key at byte {position} is longer than {limit} bytes")]
    LongKey {
        /// Where it begins.
        position: usize,
        /// The limit.
        limit: usize,
    },
    /// A tag where none is allowed.
    #[error("tag at byte {position} is not allowed there")]
    Tag {
        /// Where it begins.
        position: usize,
    },
    /// Arrays, maps and tags inside each other.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Too many values.
    #[error("more than {limit} items")]
    TooManyItems {
        /// The limit.
        limit: usize,
    },
    /// Bytes after the value.
    #[error("{bytes} bytes follow")]
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
}

/// Whether tags are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tags {
    Allowed,
    Refused,
}

/// A CBOR value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item<'a> {
    /// From -2^64 to 2^64 - 1.
    Integer(i128),
    Bytes(&'a [u8]),
    Text(&'a str),
    Array(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Tagged(u64, Box<Self>),
    Bool(bool),
    Null,
    Undefined,
    Float(f64),
    /// A simple value without a meaning.
    Simple(u8),
}

impl<'a> Item<'a> {
    /// What it is, with its article.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Integer(_) => "an integer",
            Self::Bytes(_) => "bytes",
            Self::Text(_) => "text",
            Self::Array(_) => "an array",
            Self::Map(_) => "a map",
            Self::Tagged(..) => "a tagged value",
            Self::Bool(_) => "a boolean",
            Self::Null => "null",
            Self::Undefined => "undefined",
            Self::Float(_) => "a float",
            Self::Simple(_) => "a simple value",
        }
    }

    pub(super) fn as_bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The value in JSON: bytes as standard base64, tags as `{"tag": number, "value": value}`, what
    /// has no name as null. `None` if JSON cannot tell it from another value: a number out of range,
    /// a simple value, a map with keys that are neither text nor integers or that JSON writes alike.
    pub(super) fn to_json(&self) -> Option<Value> {
        Some(match self {
            Self::Integer(number) => match i64::try_from(*number) {
                Ok(number) => Value::from(number),
                Err(_) => Value::from(u64::try_from(*number).ok()?),
            },
            Self::Bytes(bytes) => Value::from(STANDARD.encode(bytes)),
            Self::Text(text) => Value::from(*text),
            Self::Array(items) => items.iter().map(Self::to_json).collect::<Option<_>>()?,
            Self::Map(entries) => {
                let mut members = Map::new();
                for (key, value) in entries {
                    let name = match key {
                        Self::Text(text) => (*text).to_owned(),
                        Self::Integer(number) => number.to_string(),
                        _ => return None,
                    };
                    if members.insert(name, value.to_json()?).is_some() {
                        return None;
                    }
                }
                Value::Object(members)
            }
            Self::Tagged(tag, value) => json!({ "tag": tag, "value": value.to_json()? }),
            Self::Bool(value) => Value::Bool(*value),
            Self::Null | Self::Undefined => Value::Null,
            Self::Float(number) => Value::Number(Number::from_f64(*number)?),
            Self::Simple(_) => return None,
        })
    }
}

/// Reads strict CBOR, item by item.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    decoder: Decoder<'a>,
    items_left: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            decoder: Decoder::new(bytes),
            items_left: MAX_CBOR_ITEMS,
        }
    }

    /// Checks that nothing follows.
    pub(super) fn finish(self) -> Result<(), Error> {
        match self
            .decoder
            .input()
            .len()
            .saturating_sub(self.decoder.position())
        {
            0 => Ok(()),
            bytes => Err(Error::TrailingBytes { bytes }),
        }
    }

    /// Reads the head of a tag, if that is what comes next.
    pub(super) fn tag(&mut self) -> Result<Option<u64>, Error> {
        let position = self.decoder.position();
        match self.datatype()? {
            Type::Tag => {
                let tag = self.decode(Decoder::tag)?.as_u64();
                self.check_shortest(position, tag, 0)?;
                Ok(Some(tag))
            }
            _ => Ok(None),
        }
    }

    /// Reads the head of an array, if that is what comes next; its items follow.
    pub(super) fn array(&mut self) -> Result<Option<u64>, Error> {
        let position = self.decoder.position();
        match self.datatype()? {
            Type::Array | Type::ArrayIndef => {
                let length = self.decode(Decoder::array)?;
                self.definite(position, length).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Reads a whole item.
    pub(super) fn item(&mut self, tags: Tags) -> Result<Item<'a>, Error> {
        self.nested_item(tags, MAX_NESTING)
    }

    fn nested_item(&mut self, tags: Tags, levels_left: usize) -> Result<Item<'a>, Error> {
        self.items_left = self.items_left.checked_sub(1).ok_or(Error::TooManyItems {
            limit: MAX_CBOR_ITEMS,
        })?;
        let position = self.decoder.position();
        match self.datatype()? {
            Type::Bool => self.decode(Decoder::bool).map(Item::Bool),
            Type::Null => self.decode(Decoder::null).map(|()| Item::Null),
            Type::Undefined => self.decode(Decoder::undefined).map(|()| Item::Undefined),
            Type::F16 => self
                .decode(Decoder::f16)
                .map(|float| Item::Float(float.into())),
            Type::F32 => self
                .decode(Decoder::f32)
                .map(|float| Item::Float(float.into())),
            Type::F64 => self.decode(Decoder::f64).map(Item::Float),
            Type::Simple => self.decode(Decoder::simple).map(Item::Simple),
            Type::Bytes => {
                let bytes = self.decode(Decoder::bytes)?;
                self.check_shortest(position, length_of(bytes), bytes.len())?;
                Ok(Item::Bytes(bytes))
            }
            Type::String => {
                let text = self.decode(Decoder::str)?;
                self.check_shortest(position, length_of(text.as_bytes()), text.len())?;
                Ok(Item::Text(text))
            }
            Type::Array => {
                let length = self.decode(Decoder::array)?;
                let length = self.definite(position, length)?;
                self.array_items(length, tags, one_level_down(levels_left)?)
            }
            Type::Map => {
                let length = self.decode(Decoder::map)?;
                let length = self.definite(position, length)?;
                self.map_entries(length, tags, one_level_down(levels_left)?)
            }
            Type::Tag if tags == Tags::Refused => Err(Error::Tag { position }),
            Type::Tag => {
                let tag: Tag = self.decode(Decoder::tag)?;
                self.check_shortest(position, tag.as_u64(), 0)?;
                let value = self.nested_item(tags, one_level_down(levels_left)?)?;
                Ok(Item::Tagged(tag.as_u64(), Box::new(value)))
            }
            Type::BytesIndef | Type::StringIndef | Type::ArrayIndef | Type::MapIndef => {
                Err(Error::IndefiniteLength { position })
            }
            // Every other type is an integer, or an error that the decoder names.
            _ => {
                let number = i128::from(self.decode(Decoder::int)?);
                let argument = if number < 0 { -1 - number } else { number };
                let argument = u64::try_from(argument).unwrap_or(u64::MAX);
                self.check_shortest(position, argument, 0)?;
                Ok(Item::Integer(number))
            }
        }
    }

    fn array_items(
        &mut self,
        length: u64,
        tags: Tags,
        levels_left: usize,
    ) -> Result<Item<'a>, Error> {
        // No room is made for a length that the bytes may not keep.
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.nested_item(tags, levels_left)?);
        }
        Ok(Item::Array(items))
    }

    fn map_entries(
        &mut self,
        length: u64,
        tags: Tags,
        levels_left: usize,
    ) -> Result<Item<'a>, Error> {
        let mut entries = Vec::new();
        // In their shortest form keys are equal if their bytes are.
        let mut keys = HashSet::new();
        for _ in 0..length {
            let start = self.decoder.position();
            let key = self.nested_item(tags, levels_left)?;
            let bytes = self.decoder.input().get(start..self.decoder.position());
            if bytes.is_none_or(|bytes| bytes.len() > MAX_CBOR_KEY_BYTES) {
                return Err(Error::LongKey {
                    position: start,
                    limit: MAX_CBOR_KEY_BYTES,
                });
            }
            if !keys.insert(bytes) {
                return Err(Error::DuplicateKey { position: start });
            }
            entries.push((key, self.nested_item(tags, levels_left)?));
        }
        Ok(Item::Map(entries))
    }

    fn datatype(&self) -> Result<Type, Error> {
        self.decoder.datatype().map_err(|source| Error::Syntax {
            position: self.decoder.position(),
            source,
        })
    }

    fn decode<T>(
        &mut self,
        read: fn(&mut Decoder<'a>) -> Result<T, minicbor::decode::Error>,
    ) -> Result<T, Error> {
        let position = self.decoder.position();
        read(&mut self.decoder).map_err(|source| Error::Syntax { position, source })
    }

    fn definite(&self, position: usize, length: Option<u64>) -> Result<u64, Error> {
        let length = length.ok_or(Error::IndefiniteLength { position })?;
        self.check_shortest(position, length, 0)?;
        Ok(length)
    }

    /// Checks that the item that began at `position` and has `content` bytes after its head has the
    /// shortest head for its `argument`.
    fn check_shortest(&self, position: usize, argument: u64, content: usize) -> Result<(), Error> {
        let shortest = match argument {
            0..=23 => 1,
            24..=0xff => 2,
            0x100..=0xffff => 3,
            0x1_0000..=0xffff_ffff => 5,
            _ => 9,
        };
        let head = self
            .decoder
            .position()
            .saturating_sub(position)
            .saturating_sub(content);
        if head == shortest {
            Ok(())
        } else {
            Err(Error::NotShortest { position })
        }
    }
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn one_level_down(levels_left: usize) -> Result<usize, Error> {
    levels_left
        .checked_sub(1)
        .ok_or(Error::TooDeep { limit: MAX_NESTING })
}

#[cfg(test)]
mod tests;
