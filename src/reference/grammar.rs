//! The grammar of a reference's parts.

use crate::limits;

/// `HOST[:PORT]`, where the host is labels of letters, digits and inner hyphens with dots between
/// them, or an IPv6 address in brackets.
pub(super) fn is_registry(text: &str) -> bool {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let Some((address, rest)) = rest.split_once(']') else {
            return false;
        };
        if address.parse::<std::net::Ipv6Addr>().is_err() {
            return false;
        }
        match rest.strip_prefix(':') {
            Some(port) => (None, Some(port)),
            None if rest.is_empty() => (None, None),
            None => return false,
        }
    } else {
        match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        }
    };
    let is_label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let host_is_valid = host.is_none_or(|host| host.len() <= 253 && host.split('.').all(is_label));
    let port_is_valid = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|p| p > 0)
    });
    host_is_valid && port_is_valid
}

/// Words of lower-case letters and digits, with `.`, `_`, `__` or hyphens between them, in parts
/// with slashes between them.
pub(super) fn is_repository(text: &str) -> bool {
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
