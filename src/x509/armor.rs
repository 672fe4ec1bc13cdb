//! The text of PEM files (RFC 7468) as editors, shells and other systems leave them.
//!
//! Input: the bytes of a file. Output: its lines, each ending with a line feed, in which a block begins at
//! the beginning of a line. Read past: byte order marks, UTF-16, blanks before a line, every kind of line
//! end. What would hide a block is refused by name, since half a file must not count as a whole one.

use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// What is wrong with a PEM block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemProblem {
    /// The line does not end in dashes.
    #[error("its first line is cut short")]
    BeginLine,
    /// Another kind of block.
    #[error("it holds `{0}`, wanted `CERTIFICATE`")]
    Label(String),
    /// The end line is missing or belongs to another kind of block.
    #[error("it has no end line of its own")]
    NoEnd,
    /// Text before the dashes: a reader that looks at the beginnings of lines alone misses the block.
    #[error("text is before its first line; begin it on a line of its own")]
    TextBefore,
    /// The line breaks were lost.
    #[error("more is on its first line; it needs its line breaks")]
    OneLine,
    /// Another block begins where one ends.
    #[error("another block begins on the line where a block ends; put a line break between them")]
    SameLine,
    /// Text behind the dashes.
    #[error("text is behind its last line; put a line break after it")]
    TextBehind,
    /// The body is not base64.
    #[error("its body is not base64")]
    Base64,
}

/// The text of a file, in whichever encoding; wiped when it is dropped, because it may be a key's.
pub(crate) fn text(bytes: &[u8]) -> Zeroizing<String> {
    // Never longer than this, so that it never moves and leaves a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().saturating_mul(3)));
    match utf16(bytes) {
        Some(unit) => {
            let units = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair));
            for c in char::decode_utf16(units) {
                text.push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        // Text around the blocks may be in any encoding.
        None => {
            for chunk in bytes.utf8_chunks() {
                text.push_str(chunk.valid());
                if !chunk.invalid().is_empty() {
                    text.push(char::REPLACEMENT_CHARACTER);
                }
            }
        }
    }
    text
}

/// How two bytes make a unit of UTF-16, if the file is in it: by its mark, or by how a block begins.
fn utf16(bytes: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    const BEGINS: &[u8] = b"-\0B\0E\0G\0I\0N";
    match bytes {
        [0xff, 0xfe, ..] => Some(u16::from_le_bytes),
        [0xfe, 0xff, ..] => Some(u16::from_be_bytes),
        _ => {
            let at = bytes
                .windows(BEGINS.len())
                .position(|here| here == BEGINS)?;
            Some(if at % 2 == 0 {
                u16::from_le_bytes
            } else {
                u16::from_be_bytes
            })
        }
    }
}

/// The lines of `text`, counted from 1, without what is around them.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.split('\n').flat_map(|line| {
        // `\r\n` is one line end, and `\r` alone is one, too.
        line.strip_suffix('\r').unwrap_or(line).split('\r')
    });
    let trimmed =
        text.map(|line| line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}'));
    trimmed
        .enumerate()
        .map(|(index, line)| (index.saturating_add(1), line))
}

/// The label of the block that begins in this line; `None` where none does.
///
/// # Errors
///
/// Where a block begins and cannot be read because of what is in the same line.
pub(crate) fn begin(line: &str) -> Result<Option<&str>, PemProblem> {
    let Some((before, label)) = line.split_once(BEGIN) else {
        return Ok(None);
    };
    if !before.is_empty() {
        // Without dashes behind the label it is text about PEM.
        return match label.contains(DASHES) {
            true if before.contains(END) => Err(PemProblem::SameLine),
            true => Err(PemProblem::TextBefore),
            false => Ok(None),
        };
    }
    match label.split_once(DASHES) {
        None => Err(PemProblem::BeginLine),
        Some((label, "")) => Ok(Some(label)),
        Some(_) => Err(PemProblem::OneLine),
    }
}

/// Whether `text` has a line that looks like the first of a block.
pub(crate) fn has_block(text: &str) -> bool {
    lines(text).any(|(_, line)| !matches!(begin(line), Ok(None)))
}

/// The lines of a block's body, up to the end that belongs to `label`.
///
/// # Errors
///
/// Where there is no such end.
pub(crate) fn body<'a>(
    label: &str,
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
    mut push: impl FnMut(&str),
) -> Result<(), PemProblem> {
    loop {
        let (_, line) = lines.next().ok_or(PemProblem::NoEnd)?;
        match line.strip_prefix(END).map(|end| end.split_once(DASHES)) {
            Some(Some((end, rest))) if end == label => {
                return match rest {
                    "" => Ok(()),
                    // Files were put together, and the first had no line break at its end.
                    _ if rest.contains(BEGIN) => Err(PemProblem::SameLine),
                    _ => Err(PemProblem::TextBehind),
                };
            }
            Some(_) => return Err(PemProblem::NoEnd),
            None if line.contains(BEGIN) => return Err(PemProblem::NoEnd),
            None => push(line),
        }
    }
}
