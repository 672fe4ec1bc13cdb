//! Text in a URL.

use std::fmt::Write as _;

/// RFC 3986, section 2.3: all but the unreserved characters, and slashes in a path.
pub(super) fn escaped(text: &str, is_path: bool) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => escaped.push(char::from(byte)),
            b'/' if is_path => escaped.push('/'),
            byte if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            byte => {
                // Writing to a `String` cannot fail.
                let _ = write!(escaped, "%{byte:02X}");
            }
        }
    }
    escaped
}
