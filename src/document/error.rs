//! Why bytes are not a document, and where in them.

use std::fmt;

use crate::limits::{MAX_JSON_VALUES, MAX_NESTING};

/// A place in a document; both counts start at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

impl Position {
    /// The place of the byte `offset` in `text`; an offset past the end is the end.
    pub(crate) fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// Why bytes are not a document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not the text of one JSON value.
    #[error("not valid JSON at {position}")]
    Syntax {
        /// Where reading stopped.
        position: Position,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// More text after the JSON value.
    #[error("more text after the end of the JSON document at {position}")]
    TrailingData {
        /// Where it begins.
        position: Position,
    },
    /// The file is empty, or holds blanks alone.
    #[error("the document is empty")]
    Empty,
    /// Bytes that are not UTF-8.
    #[error("not UTF-8 text at {position}")]
    NotUtf8 {
        /// Where the first such byte is.
        position: Position,
    },
    /// UTF-16, as PowerShell's `>` writes it.
    #[error("the document is UTF-16, not UTF-8")]
    Utf16,
    /// A byte order mark, as some Windows editors write.
    #[error("a byte order mark is before the JSON document")]
    ByteOrderMark,
    /// A name that occurs twice in one object.
    #[error("the name `{name}` occurs twice in one object, at {first} and again at {second}")]
    DuplicateName {
        /// The name.
        name: String,
        /// JSON pointer of the object.
        pointer: String,
        /// Where it is first.
        first: Position,
        /// Where it is again.
        second: Position,
    },
    /// Nested deeper than anything that is read here.
    #[error("nested deeper than {MAX_NESTING} levels at {position}")]
    TooDeep {
        /// Where the limit is passed.
        position: Position,
    },
    /// More values than are read into a tree.
    #[error("more than {MAX_JSON_VALUES} values are in the document")]
    TooManyValues,
    /// The two readers do not agree about the text.
    #[error("the JSON document could not be located")]
    Unlocatable,
}

/// Why bytes are not the text of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotText {
    /// The byte at this place is not UTF-8.
    NotUtf8(Position),
    /// It begins with a byte order mark.
    ByteOrderMark,
    /// There is nothing in it.
    Empty,
}

impl From<NotText> for Error {
    fn from(fault: NotText) -> Self {
        match fault {
            NotText::NotUtf8(position) => Self::NotUtf8 { position },
            NotText::ByteOrderMark => Self::ByteOrderMark,
            NotText::Empty => Self::Empty,
        }
    }
}

impl Error {
    /// Where in the document, where that is known.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::Syntax { position, .. }
            | Self::TrailingData { position }
            | Self::NotUtf8 { position }
            | Self::TooDeep { position } => Some(*position),
            Self::DuplicateName { second, .. } => Some(*second),
            Self::ByteOrderMark | Self::Utf16 => Some(Position { line: 1, column: 1 }),
            Self::Empty | Self::TooManyValues | Self::Unlocatable => None,
        }
    }

    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Empty => Some("look at what writes the file: nothing is in it".into()),
            Self::ByteOrderMark => Some("save the file as UTF-8 without a byte order mark".into()),
            Self::Utf16 | Self::NotUtf8 { .. } => Some("save the file as UTF-8".into()),
            Self::DuplicateName { name, .. } => Some(format!(
                "keep one `{name}`; readers disagree about which of the two counts"
            )),
            Self::Syntax { source, .. } if source.is_eof() => {
                Some("the end of the document is missing: get or write the whole of it".into())
            }
            Self::Syntax { .. } => Some("comments and trailing commas are not part of JSON".into()),
            _ => None,
        }
    }
}
