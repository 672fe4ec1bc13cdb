//! YAML as trees of values with their bytes, one for each document of the stream.
//!
//! What runs is decided by another reader than this one: `kubectl`, Docker Compose, CloudFormation. So
//! everything is refused that readers of YAML are known to take in different ways: duplicate and merge keys,
//! keys that are not plain text, directives, the line breaks of YAML 1.1, and text on the line of `---`.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle, Span, StrInput};

use super::error::Error;
use super::tree::{Content, Member, Node, Scalar, Style, Tag};
use crate::document::Position;
use crate::limits::{MAX_NESTING, MAX_RUN_DOCUMENT_KEY_BYTES, MAX_RUN_DOCUMENT_VALUES};

/// Reads every document of `text`; one without a value is left out.
pub(super) fn read(text: &str) -> Result<Vec<Node>, Error> {
    check_lines(text)?;
    let options = granit_parser::options! {
        strict_indentation: true,
        disallow_directives: true,
        emit_comments: false,
    };
    let mut reader = Reader {
        text,
        events: Parser::new_from_str_with_options(text, options),
        count: 0,
    };
    let mut documents = Vec::new();
    loop {
        match reader.next()? {
            (Event::DocumentStart(..), _) => {
                let (event, span) = reader.next()?;
                let root = reader.node(event, span, 0)?;
                if !root.is_null() {
                    documents.push(root);
                }
            }
            (Event::StreamEnd, _) => return Ok(documents),
            _ => {}
        }
    }
}

/// Refuses what YAML 1.1 takes for the end of a line and YAML 1.2 does not, and what stands behind `---`: such
/// text is a value for some readers, and nothing for others.
fn check_lines(text: &str) -> Result<(), Error> {
    let breaks = ['\u{85}', '\u{2028}', '\u{2029}'];
    if let Some((at, found)) = text.char_indices().find(|(_, c)| breaks.contains(c)) {
        return Err(Error::LineBreak {
            position: Position::at(text, at),
            code: u32::from(found),
        });
    }
    let mut start = 0;
    for line in text.split_inclusive(['\n', '\r']) {
        let rest = line.strip_prefix("---").map(|rest| {
            let is_apart = rest.is_empty() || rest.starts_with([' ', '\t', '\n', '\r']);
            (is_apart, rest.trim_start())
        });
        if let Some((is_apart, rest)) = rest
            && !(is_apart && (rest.is_empty() || rest.starts_with('#')))
        {
            return Err(Error::Separator {
                position: Position::at(text, start),
            });
        }
        start += line.len();
    }
    Ok(())
}

struct Reader<'t> {
    text: &'t str,
    events: Parser<'t, StrInput<'t>>,
    count: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Error> {
        match self.events.next() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(Error::Yaml {
                position: Position {
                    line: error.marker().line().max(1),
                    column: error.marker().col() + 1,
                },
                problem: error.info(),
            }),
            None => Err(Error::Yaml {
                position: Position::at(self.text, self.text.len()),
                problem: "the document ends too early".to_owned(),
            }),
        }
    }

    fn position(&self, at: usize) -> Position {
        Position::at(self.text, at)
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Node, Error> {
        let range = span.byte_range().ok_or(Error::Unlocatable)?;
        self.count += 1;
        if self.count > MAX_RUN_DOCUMENT_VALUES {
            return Err(Error::TooManyValues {
                position: self.position(range.start),
            });
        }
        let is_container = matches!(event, Event::MappingStart(..) | Event::SequenceStart(..));
        if is_container && depth >= MAX_NESTING {
            return Err(Error::TooDeep {
                position: self.position(range.start),
            });
        }
        let tag = tag(&event, &span)?;
        let start = range.start;
        let (content, end) = match event {
            Event::Scalar(text, style, ..) => {
                let text = text.into_owned();
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
                    ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
                };
                (Content::Scalar(Scalar { text, style }), range.end)
            }
            Event::Alias(_) => (Content::Alias, range.end),
            Event::SequenceStart(..) => self.sequence(start, depth)?,
            Event::MappingStart(..) => self.mapping(start, depth)?,
            _ => return Err(Error::Unlocatable),
        };
        Ok(Node {
            content,
            range: start..end,
            tag,
        })
    }

    /// What is in a list, and where it ends.
    fn sequence(&mut self, start: usize, depth: usize) -> Result<(Content, usize), Error> {
        let mut elements: Vec<Node> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                let last = elements.last().map(|last| last.range.end);
                return Ok((Content::Sequence(elements), end_of(&span, start, last)?));
            }
            elements.push(self.node(event, span, depth + 1)?);
        }
    }

    /// What is in a mapping, and where it ends.
    fn mapping(&mut self, start: usize, depth: usize) -> Result<(Content, usize), Error> {
        let mut members: Vec<Member> = Vec::new();
        let mut seen: HashMap<String, usize> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                let last = members.last().map(|last| last.value.range.end);
                return Ok((Content::Mapping(members), end_of(&span, start, last)?));
            }
            let key = self.node(event, span, depth + 1)?;
            let key_start = key.start();
            let Some(name) = key.text().map(str::to_owned) else {
                return Err(Error::Key {
                    position: self.position(key_start),
                });
            };
            if name == "<<" {
                return Err(Error::MergeKey {
                    position: self.position(key_start),
                });
            }
            if name.len() > MAX_RUN_DOCUMENT_KEY_BYTES {
                return Err(Error::LongKey {
                    position: self.position(key_start),
                });
            }
            if let Some(first) = seen.insert(name.clone(), key_start) {
                return Err(Error::DuplicateKey {
                    name,
                    first: self.position(first),
                    position: self.position(key_start),
                });
            }
            let (event, span) = self.next()?;
            members.push(Member {
                name,
                value: self.node(event, span, depth + 1)?,
            });
        }
    }
}

fn tag(event: &Event<'_>, span: &Span) -> Result<Option<Tag>, Error> {
    let Some(tag) = event.tag() else {
        return Ok(None);
    };
    let start = span.tag_start().and_then(|start| start.byte_offset());
    Ok(Some(Tag {
        text: tag.original(),
        start: start.ok_or(Error::Unlocatable)?,
    }))
}

/// Where a collection ends: at its bracket, or where its last value does.
fn end_of(closing: &Span, start: usize, last: Option<usize>) -> Result<usize, Error> {
    let range = closing.byte_range().ok_or(Error::Unlocatable)?;
    Ok(if range.is_empty() {
        last.unwrap_or(start).max(start)
    } else {
        range.end
    })
}
