//! The grammar of a reference's parts.

use crate::limits;

/// Words of lower-case letters and digits, with `.`, `_`, `__` or hyphens between them, in parts
/// with slashes between them.
pub(crate) fn is_repository(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_separator = |separator: &str| {
        matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
    };
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
            && part.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit())
            && part
                .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
                .all(is_separator)
            && part
                .bytes()
                .all(|byte| is_word(byte) || matches!(byte, b'.' | b'_' | b'-'))
    };
    text.len() <= limits::MAX_REPOSITORY_BYTES && text.split('/').all(is_part)
}

/// A letter, digit or underscore, and up to 127 of these, dots and hyphens.
pub(super) fn is_tag(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut bytes = text.bytes();
    text.len() <= 128
        && bytes.next().is_some_and(is_word)
        && bytes.all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}
