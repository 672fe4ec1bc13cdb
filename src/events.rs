//! What this program does, as lines of a log: the one way from events to text.
//!
//! Every module says what it does by `tracing`: `debug!` for what it asks others, `info!` for what it found, with a
//! constant message and fields of the same name everywhere (`schemas/event.v1.schema.json`). A secret's type has no
//! `tracing::Value`, so it cannot be a field; what a text has of one is blotted out here. Events of other crates
//! are not written: they know nothing of secrets.
//!
//! Nothing listens unless a [`Log`] is made: an event then costs one comparison.

mod notation;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::subscriber::{Interest, SetGlobalDefaultError};
use tracing::{Event, Metadata, Subscriber};

use crate::limits::MAX_TOLD_CHARS;
use crate::{printable, secrets};

/// What events of this program are called by.
const TARGET: &str = concat!(env!("CARGO_PKG_NAME"), "::");

/// With milliseconds: what took how long is what a log is read for.
const TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// As notation has it.
const TIME_IN_SECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// Which events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What was found.
    Found,
    /// And every request.
    Requests,
}

/// How an event is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `time=... level=debug msg="request answered" status=200`.
    Fields,
    /// As notation logs: its sentences where both do the same, without the time where no request is written.
    Notation,
    /// The same as a JSON object.
    Json,
    /// For people, without the time: `registry credential: registry r.example, origin ...`.
    Words,
}

/// Writes the events of this program, a line each.
pub(crate) struct Log {
    depth: Depth,
    form: Form,
    clock: fn() -> OffsetDateTime,
    write: Box<dyn Fn(&str) + Send + Sync>,
    /// How many were written.
    requests: AtomicU64,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("depth", &self.depth)
            .field("form", &self.form)
            .finish_non_exhaustive()
    }
}

impl Log {
    /// A log whose lines, each with its line break, go to `write`, at the times that `clock` says.
    pub(crate) fn new(
        depth: Depth,
        form: Form,
        clock: fn() -> OffsetDateTime,
        write: impl Fn(&str) + Send + Sync + 'static,
    ) -> Self {
        Self {
            depth,
            form,
            clock,
            write: Box::new(write),
            requests: AtomicU64::new(0),
        }
    }

    /// From here on the events of this process go to this log.
    ///
    /// # Errors
    ///
    /// [`SetGlobalDefaultError`] if there is a log already.
    pub(crate) fn begin(self) -> Result<(), SetGlobalDefaultError> {
        tracing::subscriber::set_global_default(self)
    }

    const fn level(&self) -> LevelFilter {
        match self.depth {
            Depth::Found => LevelFilter::INFO,
            Depth::Requests => LevelFilter::DEBUG,
        }
    }
}

impl Subscriber for Log {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event()
            && metadata.target().starts_with(TARGET)
            && *metadata.level() <= self.level()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level())
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let level = event.metadata().level().as_str().to_ascii_lowercase();
        let time = (self.clock)().format(TIME).unwrap_or_default();
        let line = match self.form {
            Form::Fields => fields.in_fields(&time, &level),
            Form::Notation => {
                let time = (self.clock)().format(TIME_IN_SECONDS).unwrap_or_default();
                let head = notation::Head {
                    time: (self.depth == Depth::Requests).then_some(time.as_str()),
                    level: &level,
                };
                notation::lines(&fields, &head, || {
                    self.requests.fetch_add(1, Ordering::Relaxed)
                })
            }
            Form::Json => fields.in_json(&time, &level),
            Form::Words => fields.in_words(),
        };
        (self.write)(&line);
    }

    // This program has no spans: every event has what it needs to be understood.

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// What an event says. Its texts are on one line, without secrets, and not longer than what is read.
#[derive(Default)]
struct Fields {
    message: String,
    /// In the order in which they were written.
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => self.others.push((name, value)),
        }
    }

    fn add_text(&mut self, field: &Field, text: &str) {
        let text = printable::one_line(&secrets::blot(text));
        self.add(
            field,
            Value::from(printable::shorten(&text, MAX_TOLD_CHARS)),
        );
    }

    fn in_fields(&self, time: &str, level: &str) -> String {
        let mut line = format!("time={time} level={level} msg={}", quoted(&self.message));
        for (name, value) in &self.others {
            line.push(' ');
            line.push_str(name);
            line.push('=');
            line.push_str(&quoted(&shown(value)));
        }
        line.push('\n');
        line
    }

    fn in_json(self, time: &str, level: &str) -> String {
        let first = [
            ("time", time.into()),
            ("level", level.into()),
            ("event", self.message.into()),
        ];
        let object = InOrder(first.into_iter().chain(self.others).collect());
        // Texts and numbers under texts can always be written.
        let text = serde_json::to_string(&object).unwrap_or_default();
        format!("{}\n", printable::json(&text))
    }

    fn in_words(&self) -> String {
        let fields: Vec<String> = self
            .others
            .iter()
            .map(|(name, value)| format!("{} {}", name.replace('_', " "), shown(value)))
            .collect();
        if fields.is_empty() {
            return format!("{}\n", self.message);
        }
        format!("{}: {}\n", self.message, fields.join(", "))
    }
}

/// A JSON object whose members stay where they are.
struct InOrder(Vec<(&'static str, Value)>);

impl Serialize for InOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            object.serialize_entry(name, value)?;
        }
        object.end()
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add_text(field, &format!("{value:?}"));
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// As logfmt has it: in quotation marks where it would not be read as one word.
fn quoted(text: &str) -> String {
    let is_word =
        !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '='));
    if is_word {
        text.to_owned()
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use time::macros::datetime;

    use super::*;

    /// What the log writes of these events.
    fn written(depth: Depth, form: Form, events: impl FnOnce()) -> String {
        let text = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&text);
        let clock = || datetime!(2026-02-03 04:05:06.789 UTC);
        let log = Log::new(depth, form, clock, move |line| {
            kept.lock().unwrap().push_str(line);
        });
        tracing::subscriber::with_default(log, events);
        let text = text.lock().unwrap();
        text.clone()
    }

    fn events() {
        tracing::debug!(method = "GET", status = 200, "request answered");
        tracing::info!(origin = "a \"file\"\u{1b}[31m\nx=1", "registry credential");
        tracing::info!("nothing else");
        tracing::debug!(target: "hyper", token = "HUSH", "of another crate");
    }

    #[test]
    fn an_event_is_one_line_that_cannot_draw() {
        assert_eq!(
            written(Depth::Requests, Form::Fields, events),
            "time=2026-02-03T04:05:06.789Z level=debug msg=\"request answered\" method=GET status=200\n\
             time=2026-02-03T04:05:06.789Z level=info msg=\"registry credential\" origin=\"a \\\"file\\\" [31m x=1\"\n\
             time=2026-02-03T04:05:06.789Z level=info msg=\"nothing else\"\n"
        );
        assert_eq!(
            written(Depth::Found, Form::Words, events),
            "registry credential: origin a \"file\" [31m x=1\nnothing else\n"
        );
    }

    #[test]
    fn in_json_numbers_are_numbers() {
        let text = written(Depth::Requests, Form::Json, events);
        let first: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(
            first,
            serde_json::json!({
                "time": "2026-02-03T04:05:06.789Z",
                "level": "debug",
                "event": "request answered",
                "method": "GET",
                "status": 200,
            })
        );
        assert_eq!(text.lines().count(), 3);
    }

    #[test]
    fn a_known_secret_is_blotted_out_however_it_is_quoted() {
        secrets::remember("a\"secret\\of this t3st");
        for form in [Form::Fields, Form::Json, Form::Words] {
            let text = written(Depth::Requests, form, || {
                tracing::info!(error = "not a\"secret\\of this t3st?", "x");
                tracing::info!("a\"secret\\of this t3st");
            });
            assert!(
                !text.contains("t3st") && text.matches("[secret]").count() == 2,
                "{text}"
            );
        }
    }
}
