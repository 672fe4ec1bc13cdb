//! YAML that this repository ships, as JSON: mappings, lists and texts. Numbers and `true` stay texts, tags are dropped.

use granit_parser::{Event, Parser, StrInput};
use serde_json::{Map, Value};

/// The one document in `text`.
pub(crate) fn read(text: &str) -> Value {
    let options = granit_parser::options! { emit_comments: false };
    let mut events = Parser::new_from_str_with_options(text, options);
    loop {
        if let Event::DocumentStart(..) = next(&mut events) {
            let event = next(&mut events);
            return value(&mut events, event);
        }
    }
}

fn next<'t>(events: &mut Parser<'t, StrInput<'t>>) -> Event<'t> {
    events.next().unwrap().unwrap().0
}

fn value<'t>(events: &mut Parser<'t, StrInput<'t>>, event: Event<'t>) -> Value {
    match event {
        Event::Scalar(text, ..) => Value::String(text.into_owned()),
        Event::SequenceStart(..) => {
            let mut items = Vec::new();
            loop {
                match next(events) {
                    Event::SequenceEnd => return Value::Array(items),
                    event => items.push(value(events, event)),
                }
            }
        }
        Event::MappingStart(..) => {
            let mut members = Map::new();
            loop {
                let event = next(events);
                if matches!(event, Event::MappingEnd) {
                    return Value::Object(members);
                }
                let Value::String(key) = value(events, event) else {
                    panic!("a key that is not a text");
                };
                let event = next(events);
                let found = value(events, event);
                assert_eq!(members.insert(key, found), None, "a key twice");
            }
        }
        other => panic!("an alias, or nothing: {other:?}"),
    }
}
