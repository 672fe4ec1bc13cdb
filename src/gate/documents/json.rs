//! JSON as a tree of values with their bytes.

use super::error::Error;
use super::tree::{Content, Member, Node, Scalar, Style};
use crate::document::{self, Document, Kind};
use crate::limits::{MAX_RUN_DOCUMENT_KEY_BYTES, MAX_RUN_DOCUMENT_VALUES};

/// Reads one JSON value.
pub(super) fn read(bytes: &[u8]) -> Result<Node, Error> {
    let document = Document::parse(bytes).map_err(Error::Json)?;
    let mut count = 0;
    node(&document.root(), &mut count)
}

fn node(value: &document::Node<'_>, count: &mut usize) -> Result<Node, Error> {
    *count += 1;
    if *count > MAX_RUN_DOCUMENT_VALUES {
        return Err(Error::TooManyValues {
            position: value.position(),
        });
    }
    let content = match value.kind() {
        Kind::Object => {
            let members = value.members().unwrap_or_default().into_iter();
            let members = members.map(|member| {
                if member.name == "<<" {
                    return Err(Error::MergeKey {
                        position: member.name_position(),
                    });
                }
                if member.name.len() > MAX_RUN_DOCUMENT_KEY_BYTES {
                    return Err(Error::LongKey {
                        position: member.name_position(),
                    });
                }
                Ok(Member {
                    name: member.name.to_owned(),
                    value: node(&member.value, count)?,
                })
            });
            Content::Mapping(members.collect::<Result<_, Error>>()?)
        }
        Kind::Array => {
            let elements = value.elements().unwrap_or_default().into_iter();
            let elements = elements.map(|element| node(&element, count));
            Content::Sequence(elements.collect::<Result<_, Error>>()?)
        }
        Kind::String => Content::Scalar(Scalar {
            text: value.as_str().unwrap_or_default().to_owned(),
            style: Style::Quoted,
        }),
        Kind::Null | Kind::Boolean | Kind::Number => Content::Scalar(Scalar {
            text: value.as_text().to_owned(),
            style: Style::Plain,
        }),
    };
    Ok(Node {
        content,
        range: value.range(),
        tag: None,
    })
}
