//! What Go's JSON parser says of a text that is not JSON, or of a value of another type than is wanted there.

use serde_json::Value;

/// A fault of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It ends too early.
    End,
    /// A byte that cannot be there, and where the parser was.
    Byte(u8, Place),
}

/// Where Go's parser was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    At(&'static str),
    /// In a literal, of which this is to come.
    Literal(&'static str, char),
}

/// What is wrong with a text that should be one JSON value; nothing for one that is.
pub(crate) fn of_text(text: &[u8]) -> Option<String> {
    let mut parser = Parser { text, at: 0 };
    let fault = parser.whole().err()?;
    Some(match fault {
        Fault::End => "unexpected end of JSON input".to_owned(),
        Fault::Byte(byte, place) => {
            let place = match place {
                Place::At(place) => place.to_owned(),
                Place::Literal(word, wanted) => {
                    format!("in literal {word} (expecting {})", quoted(wanted))
                }
            };
            format!("invalid character {} {place}", quoted(char::from(byte)))
        }
    })
}

/// The same of a text that is read as a stream, whose end has other words.
pub(crate) fn of_stream(text: &[u8]) -> Option<String> {
    let mut parser = Parser { text, at: 0 };
    parser.blanks();
    if parser.at == text.len() {
        return Some("EOF".to_owned());
    }
    match parser.value().err()? {
        Fault::End => Some("unexpected EOF".to_owned()),
        Fault::Byte(..) => of_text(text),
    }
}

/// A character as Go shows it.
fn quoted(character: char) -> String {
    match character {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        '\n' => "'\\n'".to_owned(),
        '\r' => "'\\r'".to_owned(),
        '\t' => "'\\t'".to_owned(),
        '\\' => "'\\\\'".to_owned(),
        '\u{a0}' | '\u{ad}' => format!("'\\u{:04x}'", u32::from(character)),
        character if character.is_control() && u32::from(character) < 0x80 => {
            format!("'\\x{:02x}'", u32::from(character))
        }
        character if character.is_control() => format!("'\\u{:04x}'", u32::from(character)),
        character => format!("'{character}'"),
    }
}

struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

type Parsed = Result<(), Fault>;

impl Parser<'_> {
    fn next(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self) -> Result<u8, Fault> {
        let byte = self.next().ok_or(Fault::End)?;
        self.at += 1;
        Ok(byte)
    }

    fn blanks(&mut self) {
        while matches!(self.next(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn whole(&mut self) -> Parsed {
        self.value()?;
        self.blanks();
        match self.next() {
            None => Ok(()),
            Some(byte) => Err(Fault::Byte(byte, Place::At("after top-level value"))),
        }
    }

    /// A value; containers are kept on a list of ours, since texts may be as deep as they like.
    fn value(&mut self) -> Parsed {
        let mut open = Vec::new();
        loop {
            self.blanks();
            let is_closed = match self.take()? {
                b'{' => {
                    open.push(b'{');
                    self.blanks();
                    if self.next() == Some(b'}') {
                        self.at += 1;
                        open.pop();
                        true
                    } else {
                        self.key()?;
                        false
                    }
                }
                b'[' => {
                    open.push(b'[');
                    self.blanks();
                    if self.next() == Some(b']') {
                        self.at += 1;
                        open.pop();
                        true
                    } else {
                        false
                    }
                }
                byte => {
                    self.scalar(byte)?;
                    true
                }
            };
            if is_closed && self.after_value(&mut open)? {
                return Ok(());
            }
        }
    }

    /// What follows a value: the end of the containers that it was in, or the next one. Gives whether all are closed.
    fn after_value(&mut self, open: &mut Vec<u8>) -> Result<bool, Fault> {
        loop {
            let Some(container) = open.last().copied() else {
                return Ok(true);
            };
            self.blanks();
            match (container, self.take()?) {
                (b'{', b',') => {
                    self.blanks();
                    self.key()?;
                    return Ok(false);
                }
                (b'[', b',') => return Ok(false),
                (b'{', b'}') | (b'[', b']') => {
                    open.pop();
                }
                (b'{', byte) => {
                    return Err(Fault::Byte(byte, Place::At("after object key:value pair")));
                }
                (_, byte) => return Err(Fault::Byte(byte, Place::At("after array element"))),
            }
        }
    }

    fn key(&mut self) -> Parsed {
        match self.take()? {
            b'"' => self.string()?,
            byte => {
                let place = Place::At("looking for beginning of object key string");
                return Err(Fault::Byte(byte, place));
            }
        }
        self.blanks();
        match self.take()? {
            b':' => Ok(()),
            byte => Err(Fault::Byte(byte, Place::At("after object key"))),
        }
    }

    fn scalar(&mut self, first: u8) -> Parsed {
        match first {
            b'"' => self.string(),
            b't' => self.literal("true"),
            b'f' => self.literal("false"),
            b'n' => self.literal("null"),
            b'-' | b'0'..=b'9' => self.number(first),
            byte => Err(Fault::Byte(
                byte,
                Place::At("looking for beginning of value"),
            )),
        }
    }

    fn literal(&mut self, word: &'static str) -> Parsed {
        for wanted in word.chars().skip(1) {
            let byte = self.take()?;
            if char::from(byte) != wanted {
                return Err(Fault::Byte(byte, Place::Literal(word, wanted)));
            }
        }
        Ok(())
    }

    fn string(&mut self) -> Parsed {
        loop {
            match self.take()? {
                b'"' => return Ok(()),
                b'\\' => match self.take()? {
                    b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => {}
                    b'u' => {
                        for _ in 0..4 {
                            let byte = self.take()?;
                            if !byte.is_ascii_hexdigit() {
                                let place = Place::At("in \\u hexadecimal character escape");
                                return Err(Fault::Byte(byte, place));
                            }
                        }
                    }
                    byte => {
                        return Err(Fault::Byte(byte, Place::At("in string escape code")));
                    }
                },
                byte if byte < 0x20 => {
                    return Err(Fault::Byte(byte, Place::At("in string literal")));
                }
                _ => {}
            }
        }
    }

    fn number(&mut self, first: u8) -> Parsed {
        let mut first = first;
        if first == b'-' {
            first = self.take()?;
            if !first.is_ascii_digit() {
                return Err(Fault::Byte(first, Place::At("in numeric literal")));
            }
        }
        if first != b'0' {
            self.digits();
        }
        if self.next() == Some(b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
            self.digits();
        }
        if matches!(self.next(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.next(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
            self.digits();
        }
        Ok(())
    }

    fn digit(&mut self, place: &'static str) -> Parsed {
        match self.take()? {
            byte if byte.is_ascii_digit() => Ok(()),
            byte => Err(Fault::Byte(byte, Place::At(place))),
        }
    }

    fn digits(&mut self) {
        while self.next().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }
}

/// A type of Go's, as far as JSON is read into it.
pub(crate) enum Shape {
    Text,
    Truth,
    /// A list of these, of this type.
    List(&'static str, &'static Self),
    /// A type that holds any object.
    Map(&'static str),
    /// A type and its fields.
    Struct(&'static str, &'static [(&'static str, Self)]),
}

impl Shape {
    /// The name of the type with its package.
    fn name(&self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Truth => "bool",
            Self::List(name, _) | Self::Map(name) | Self::Struct(name, _) => name,
        }
    }
}

/// What is wrong with a value that should have this shape; nothing for one that has.
pub(crate) fn of_value(value: &Value, shape: &Shape) -> Option<String> {
    mismatch(value, shape, shape, &mut Vec::new())
}

/// The first mismatch; `within` is the type that holds the field, at `path`.
fn mismatch(
    value: &Value,
    shape: &Shape,
    within: &Shape,
    path: &mut Vec<&'static str>,
) -> Option<String> {
    match (value, shape) {
        (Value::Null, _)
        | (Value::String(_), Shape::Text)
        | (Value::Bool(_), Shape::Truth)
        | (Value::Object(_), Shape::Map(_)) => None,
        (Value::Array(items), Shape::List(_, item)) => items
            .iter()
            .find_map(|value| mismatch(value, item, within, path)),
        (Value::Object(members), Shape::Struct(_, fields)) => {
            fields.iter().find_map(|(name, field)| {
                path.push(name);
                let found = members
                    .get(*name)
                    .and_then(|value| mismatch(value, field, shape, path));
                path.pop();
                found
            })
        }
        (value, shape) => {
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "bool",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            let place = if path.is_empty() {
                "Go value".to_owned()
            } else {
                let within = within.name();
                let name = within.rsplit_once('.').map_or(within, |(_, name)| name);
                format!("Go struct field {name}.{}", path.join("."))
            };
            Some(format!(
                "json: cannot unmarshal {kind} into {place} of type {}",
                shape.name()
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_gos_words() {
        for (text, words) in [
            ("", "unexpected end of JSON input"),
            ("{", "unexpected end of JSON input"),
            (
                "hello",
                "invalid character 'h' looking for beginning of value",
            ),
            (
                "{bad",
                "invalid character 'b' looking for beginning of object key string",
            ),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            (
                "[1,]",
                "invalid character ']' looking for beginning of value",
            ),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\":1 2}",
                "invalid character '2' after object key:value pair",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            ("{} x", "invalid character 'x' after top-level value"),
            (
                "trux",
                "invalid character 'x' in literal true (expecting 'e')",
            ),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            (
                "\"\\u00g0\"",
                "invalid character 'g' in \\u hexadecimal character escape",
            ),
            ("\"a\n\"", "invalid character '\\n' in string literal"),
            ("-x", "invalid character 'x' in numeric literal"),
            (
                "1.x",
                "invalid character 'x' after decimal point in numeric literal",
            ),
            (
                "1ex",
                "invalid character 'x' in exponent of numeric literal",
            ),
            ("01", "invalid character '1' after top-level value"),
            (
                "\u{feff}{}",
                "invalid character 'ï' looking for beginning of value",
            ),
            (
                "'",
                "invalid character '\\'' looking for beginning of value",
            ),
        ] {
            assert_eq!(of_text(text.as_bytes()).as_deref(), Some(words), "{text:?}");
        }
        for text in [
            "{}",
            " [1, -2.5e+3, {\"a\": [null, true, \"\\u00e9\"]}] ",
            "[[],{}]",
        ] {
            assert_eq!(of_text(text.as_bytes()), None, "{text}");
        }
        assert_eq!(of_stream(b" ").as_deref(), Some("EOF"));
        assert_eq!(of_stream(b"{\"a\"").as_deref(), Some("unexpected EOF"));
        assert_eq!(of_stream(b"{} x"), None);
    }

    #[test]
    fn a_text_may_be_as_deep_as_it_likes() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(
            of_text(deep.as_bytes()).as_deref(),
            Some("unexpected end of JSON input")
        );
    }

    #[test]
    fn the_first_value_of_another_type_is_named() {
        const ITEM: Shape = Shape::Struct("p.Item", &[("name", Shape::Text)]);
        const ROOT: Shape = Shape::Struct(
            "p.Root",
            &[
                ("version", Shape::Text),
                ("items", Shape::List("[]p.Item", &ITEM)),
            ],
        );
        for (text, words) in [
            (
                "[]",
                "json: cannot unmarshal array into Go value of type p.Root",
            ),
            (
                "{\"items\": {}}",
                "json: cannot unmarshal object into Go struct field Root.items of type []p.Item",
            ),
            (
                "{\"items\": [\"x\"]}",
                "json: cannot unmarshal string into Go struct field Root.items of type p.Item",
            ),
            (
                "{\"items\": [{\"name\": 1}]}",
                "json: cannot unmarshal number into Go struct field Item.items.name of type string",
            ),
        ] {
            let value = serde_json::from_str(text).unwrap();
            assert_eq!(of_value(&value, &ROOT).as_deref(), Some(words), "{text}");
        }
        let value = serde_json::from_str("{\"items\": [{}, null]}").unwrap();
        assert_eq!(of_value(&value, &ROOT), None);
    }
}
