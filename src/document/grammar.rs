//! Whether a text is one JSON value, with nothing after it.

use super::error::{Error, Position};

/// Checks the grammar of `text`, as `serde_json` reads it.
pub(super) fn check_grammar(text: &str) -> Result<(), Error> {
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
