//! References: those of the command line, and then those of a list that is read as it is needed.
//!
//! A list has one reference on each line, or one JSON object with a member `reference`. It is never held as a whole. A
//! line that is not a reference ends it: what comes behind is not read.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::output::CommandOutput;
use super::{parse_reference, parse_references};
use crate::files::NamedStream;
use crate::limits::{MAX_REFERENCE_LINE_BYTES, MAX_REFERENCE_LINES_AHEAD};
use crate::reference::ArtifactReference;
use crate::report::sentence;
use crate::sign::many::GivenReference;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// References beside those of the command line.
#[derive(Debug, Default, clap::Args)]
pub(super) struct ListArgs {
    /// File with more references, `-` for standard input: one on each line, or JSON objects with a
    /// member `reference`; a line that begins with `#` is a comment
    #[arg(long, value_name = "FILE", conflicts_with_all = ["username", "password", "password_stdin"])]
    references_from: Option<PathBuf>,
}

impl ListArgs {
    /// Whether the list comes from standard input.
    pub(super) fn is_stdin(&self) -> bool {
        let path = self.references_from.as_ref();
        path.is_some_and(|path| path.as_os_str() == "-")
    }
}

/// The references of one command.
pub(super) struct References {
    given: Vec<GivenReference>,
    list: Option<List>,
}

/// A list that is open, and not read yet.
struct List {
    /// As messages call it.
    name: String,
    input: NamedStream,
    oci_layout: bool,
}

/// What becomes of a list while it is read.
#[derive(Clone, Default)]
pub(super) struct Reading(Arc<OnceLock<Fault>>);

/// Why a list was not read to its end.
#[derive(Debug, Clone)]
struct Fault {
    sentence: String,
    hint: Option<String>,
}

impl References {
    /// Checks those of the command line, and opens the list; a pipe of which must have a line within `wait`.
    ///
    /// # Errors
    ///
    /// The report of what cannot be used.
    pub(super) fn open(
        texts: &[String],
        list: &ListArgs,
        oci_layout: bool,
        wait: Duration,
    ) -> Result<Self, CommandOutput> {
        let given = texts
            .iter()
            .cloned()
            .zip(parse_references(texts, oci_layout)?);
        let given = given.map(|(text, reference)| GivenReference::new(text, reference));
        let given = given.collect();
        let Some(path) = &list.references_from else {
            return Ok(Self { given, list: None });
        };
        let is_stdin = list.is_stdin();
        let opened = if is_stdin {
            Path::new("/dev/stdin")
        } else {
            path
        };
        let input = NamedStream::open(opened, wait).map_err(|error| {
            let hint = error.hint();
            CommandOutput::error(super::Exit::Usage, &sentence::of_file(&error), &error, hint)
        })?;
        let list = List {
            name: if is_stdin {
                "standard input".to_owned()
            } else {
                format!("`{}`", path.display())
            },
            input,
            oci_layout,
        };
        Ok(Self {
            given,
            list: Some(list),
        })
    }

    /// Whether there is a list beside those of the command line.
    pub(super) const fn has_list(&self) -> bool {
        self.list.is_some()
    }

    /// Whether there may be more than one.
    pub(super) const fn are_several(&self) -> bool {
        self.has_list() || self.given.len() > 1
    }

    /// Those of the command line.
    pub(super) fn given(&self) -> Vec<ArtifactReference> {
        let given = self.given.iter();
        given.map(|given| given.reference.clone()).collect()
    }

    /// How many there are, if that is known.
    pub(super) fn count(&self) -> Option<usize> {
        self.list.is_none().then_some(self.given.len())
    }

    /// All of them, in their order, and what becomes of the list meanwhile.
    pub(super) fn stream(self) -> (BoxStream<'static, GivenReference>, Reading) {
        let reading = Reading::default();
        let given = stream::iter(self.given);
        let Some(list) = self.list else {
            return (given.boxed(), reading);
        };
        let (sender, mut receiver) = mpsc::channel(MAX_REFERENCE_LINES_AHEAD);
        let fault = reading.clone();
        // Reading blocks, and what is under way must go on. The thread ends with the list or with the process.
        thread::spawn(move || list.read(&sender, &fault));
        let listed = stream::poll_fn(move |context| receiver.poll_recv(context));
        (given.chain(listed).boxed(), reading)
    }
}

impl Reading {
    /// Why the list was not read to its end; nothing if it was.
    pub(super) fn fault(&self) -> Option<CommandOutput> {
        let fault = self.0.get()?;
        Some(CommandOutput::usage(&fault.sentence, fault.hint.clone()))
    }

    fn end(&self, fault: Fault) {
        // The first one counts, and ends it.
        let _ = self.0.set(fault);
    }
}

/// The object of a line in JSON; whatever else is in it is not looked at.
#[derive(Deserialize)]
struct Object {
    reference: String,
}

impl List {
    fn read(self, sender: &mpsc::Sender<GivenReference>, reading: &Reading) {
        let Self {
            name,
            input,
            oci_layout,
        } = self;
        let mut input = BufReader::new(input);
        let mut number = 0_u64;
        let mut is_empty = true;
        loop {
            number = number.saturating_add(1);
            let line = match read_line(&mut input) {
                Ok(Some(line)) => line,
                Ok(None) if is_empty => {
                    return reading.end(Fault {
                        sentence: format!("{name} has no reference"),
                        hint: Some("write one reference on each line".to_owned()),
                    });
                }
                Ok(None) => return,
                Err(fault) => return reading.end(fault.at(&name, number)),
            };
            // Some editors write a byte order mark, which no reference begins with.
            let line = match line.strip_prefix(BYTE_ORDER_MARK) {
                Some(line) if number == 1 => line,
                _ => &line,
            };
            match reference_of(line, oci_layout) {
                Ok(None) => {}
                Ok(Some(given)) => {
                    is_empty = false;
                    // The receiver is gone.
                    if sender.blocking_send(given).is_err() {
                        return;
                    }
                }
                Err(fault) => return reading.end(fault.at(&name, number)),
            }
        }
    }
}

impl Fault {
    fn new(sentence: impl Into<String>, hint: Option<&str>) -> Self {
        Self {
            sentence: sentence.into(),
            hint: hint.map(str::to_owned),
        }
    }

    fn at(self, name: &str, number: u64) -> Self {
        Self {
            sentence: format!("line {number} of {name}: {}", self.sentence),
            ..self
        }
    }
}

/// The next line without its end; nothing at the end of the list.
fn read_line(input: &mut impl std::io::BufRead) -> Result<Option<Vec<u8>>, Fault> {
    // With room for `\r\n`.
    let most = MAX_REFERENCE_LINE_BYTES.saturating_add(2);
    let mut line = Vec::new();
    let mut bounded = input.take(u64::try_from(most).unwrap_or(u64::MAX));
    let read = bounded.read_until(b'\n', &mut line);
    match read {
        Ok(0) => return Ok(None),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            return Err(Fault::new(
                "nothing was written to the pipe in time",
                Some("raise `--timeout`, or write the list to a file first"),
            ));
        }
        Err(error) => return Err(Fault::new(format!("cannot be read: {error}"), None)),
    }
    for end in [b'\n', b'\r'] {
        if line.last() == Some(&end) {
            line.pop();
        }
    }
    if line.len() > MAX_REFERENCE_LINE_BYTES {
        return Err(Fault::new(
            format!("the line is longer than {MAX_REFERENCE_LINE_BYTES} bytes"),
            Some("write one reference on each line"),
        ));
    }
    Ok(Some(line))
}

/// The reference of a line; nothing for an empty line and a comment.
fn reference_of(line: &[u8], oci_layout: bool) -> Result<Option<GivenReference>, Fault> {
    let text = str::from_utf8(line).map_err(|_| {
        let hint = "write the list as plain UTF-8 text";
        Fault::new("the line is not UTF-8", Some(hint))
    })?;
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let text = if text.starts_with('{') {
        let object: Object = serde_json::from_str(text).map_err(|error| {
            let hint =
                "write one JSON object on each line, with the reference as its member `reference`";
            Fault::new(format!("the object cannot be read: {error}"), Some(hint))
        })?;
        object.reference
    } else {
        text.to_owned()
    };
    match parse_reference(&text, oci_layout) {
        Ok(reference) => Ok(Some(GivenReference::new(text, reference))),
        Err(report) => {
            let reason = report.not_begun();
            Err(Fault {
                sentence: reason.message,
                hint: reason.hint,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Result<Option<String>, String> {
        let found = reference_of(text.as_bytes(), false);
        found
            .map(|given| given.map(|given| given.text))
            .map_err(|fault| fault.sentence)
    }

    #[test]
    fn a_line_is_a_reference_an_object_or_a_comment() {
        let wanted = Ok(Some("r.test/app:v1".to_owned()));
        assert_eq!(line("  r.test/app:v1 \r"), wanted);
        assert_eq!(line(r#"{"reference":"r.test/app:v1","more":[1]}"#), wanted);
        for nothing in ["", "  ", "# r.test/app:v1", "  # x"] {
            assert_eq!(line(nothing), Ok(None), "{nothing}");
        }
        for wrong in [
            "r.test/app:v1 r.test/app:v2",
            "app",
            "{}",
            r#"{"reference":7}"#,
            r#"{"reference":"r.test/a:v1","reference":"r.test/b:v1"}"#,
            r#"{"reference":"r.test/a:v1"} x"#,
        ] {
            assert!(line(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        for (length, fits) in [
            (MAX_REFERENCE_LINE_BYTES, true),
            (MAX_REFERENCE_LINE_BYTES + 1, false),
            (MAX_REFERENCE_LINE_BYTES + 9, false),
        ] {
            for end in ["", "\n", "\r\n"] {
                let text = "x".repeat(length) + end;
                let found = read_line(&mut text.as_bytes());
                assert_eq!(found.is_ok(), fits, "{length} {end:?}");
            }
        }
        let mut lines = "a\n\nb".as_bytes();
        let mut next = || read_line(&mut lines).ok().flatten();
        let found = [next(), next(), next(), next()];
        let wanted = [
            Some(b"a".to_vec()),
            Some(Vec::new()),
            Some(b"b".to_vec()),
            None,
        ];
        assert_eq!(found, wanted);
    }
}
