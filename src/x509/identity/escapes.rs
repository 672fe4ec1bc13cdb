//! The text of a distinguished name (RFC 4514): separators, pairs of type and value, escapes.

use super::Error;

/// Splits at separators that no backslash precedes.
pub(super) fn split_unescaped<'a>(text: &'a str, separators: &[char]) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaping = false;
    for (index, character) in text.char_indices() {
        if escaping {
            escaping = false;
        } else if character == '\\' {
            escaping = true;
        } else if separators.contains(&character) {
            parts.extend(text.get(start..index));
            start = index + character.len_utf8();
        }
    }
    parts.extend(text.get(start..));
    parts
}

pub(super) fn parse_pair(text: &str) -> Result<(String, String), Error> {
    let incomplete = || Error::Incomplete {
        found: text.trim().to_owned(),
    };
    // Further equal signs belong to the value.
    let parts = split_unescaped(text, &['=']);
    let name = parts.first().filter(|_| parts.len() > 1);
    let name = decode(name.ok_or_else(incomplete)?)?;
    if name.is_empty() {
        return Err(incomplete());
    }
    Ok((
        name,
        decode(parts.get(1..).unwrap_or_default().join("=").as_str())?,
    ))
}

/// A type or value without its outer blanks and escapes.
fn decode(text: &str) -> Result<String, Error> {
    let text = trim(text);
    let escape = || Error::Escape {
        found: text.to_owned(),
    };
    let mut bytes = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let literal = if character == '\\' {
            let escaped = characters.next().ok_or_else(escape)?;
            if let Some(high) = escaped.to_digit(16) {
                let low = characters.next().and_then(|low| low.to_digit(16));
                let byte = u8::try_from(high * 16 + low.ok_or_else(escape)?);
                bytes.push(byte.map_err(|_| escape())?);
                continue;
            }
            if !matches!(
                escaped,
                ' ' | '"' | '#' | '+' | ',' | ';' | '<' | '=' | '>' | '\\'
            ) {
                return Err(escape());
            }
            escaped
        } else {
            character
        };
        bytes.extend_from_slice(literal.encode_utf8(&mut [0; 4]).as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| Error::NotUtf8 {
        found: text.to_owned(),
    })
}

/// Without outer blanks, save for a last one that is escaped.
fn trim(text: &str) -> &str {
    let text = text.trim_start_matches(' ');
    let trimmed = text.trim_end_matches(' ');
    let backslashes = trimmed
        .bytes()
        .rev()
        .take_while(|byte| *byte == b'\\')
        .count();
    if backslashes % 2 == 1 {
        // The first of the blanks that were cut belongs to the backslash, if there was one.
        return text.get(..=trimmed.len()).unwrap_or(trimmed);
    }
    trimmed
}
