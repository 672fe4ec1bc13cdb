//! The values of a document with the bytes that each takes up, whatever the document's format.

use std::ops::Range;

/// One value.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    /// The bytes of the value, without its tag.
    pub(super) range: Range<usize>,
    /// An explicit tag of YAML.
    pub(super) tag: Option<Tag>,
}

/// An explicit tag of YAML.
#[derive(Debug)]
pub(super) struct Tag {
    /// As it is written, for example `!Sub`.
    pub(super) text: String,
    /// Where it begins, in bytes.
    pub(super) start: usize,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Content {
    Scalar(Scalar),
    Mapping(Vec<Member>),
    Sequence(Vec<Node>),
    /// The value of another place.
    Alias,
}

/// A value without values in it.
#[derive(Debug)]
pub(super) struct Scalar {
    /// Decoded.
    pub(super) text: String,
    pub(super) style: Style,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes; in JSON a number, a boolean or `null`.
    Plain,
    Quoted,
    /// A literal or folded block of YAML.
    Block,
}

/// One member of a mapping.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) value: Node,
}

impl Node {
    /// Where the value begins with its tag, in bytes.
    pub(super) fn start(&self) -> usize {
        let tag = self.tag.as_ref().map(|tag| tag.start);
        tag.map_or(self.range.start, |tag| tag.min(self.range.start))
    }

    /// Whether nothing is written, or `null`.
    pub(super) fn is_null(&self) -> bool {
        self.tag.is_none()
            && matches!(&self.content, Content::Scalar(scalar)
                if scalar.style == Style::Plain && matches!(scalar.text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The value of this member of a mapping.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Content::Mapping(members) = &self.content else {
            return None;
        };
        let found = members.iter().find(|member| member.name == name);
        found.map(|member| &member.value)
    }

    /// The decoded text of a scalar without a tag.
    pub(super) fn text(&self) -> Option<&str> {
        match (&self.content, &self.tag) {
            (Content::Scalar(scalar), None) => Some(&scalar.text),
            _ => None,
        }
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match &self.content {
            _ if self.is_null() => "nothing",
            Content::Scalar(_) => "a scalar",
            Content::Mapping(_) => "a mapping",
            Content::Sequence(_) => "a list",
            Content::Alias => "an alias",
        }
    }
}
