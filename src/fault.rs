//! What a panic says, and how the process ends then: a fault of this program never looks like a verdict.
//!
//! One line on stderr, or the plugin contract's error, and the exit status that says "could not be
//! decided" under each name. No core file is left, because it would hold what was in memory.

use std::panic::{self, PanicHookInfo};
use std::path::Path;

use crate::limits;
use crate::plugin_contract::{ErrorCode, ErrorResponse};
use crate::printable;

/// As what the program was started, and so how it tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// By its own name: a line, and 3.
    Own,
    /// By the name `notation`: a line, and 1.
    Notation,
    /// As a plugin: the contract's error, and 1.
    Plugin,
    /// As an image verifier of containerd: a line on stdout, which is all that containerd shows, and 3.
    ImageVerifier,
}

impl Manner {
    /// The exit status.
    const fn status(self) -> i32 {
        match self {
            Self::Own | Self::ImageVerifier => 3,
            Self::Notation | Self::Plugin => 1,
        }
    }

    /// What is written.
    fn words(self, fault: &str) -> String {
        match self {
            Self::Own | Self::Notation | Self::ImageVerifier => format!("Error: {fault}\n"),
            Self::Plugin => {
                let response = ErrorResponse {
                    error_code: ErrorCode::Error,
                    error_message: fault.to_owned(),
                    error_metadata: std::collections::BTreeMap::default(),
                };
                let text = serde_json::to_string(&response).unwrap_or_default();
                printable::json(&text).into_owned()
            }
        }
    }
}

/// From here on a panic ends the process in this manner, whichever thread it is in.
#[expect(
    clippy::exit,
    reason = "nothing may go on after a fault, and an abort would leave a core file and no words"
)]
pub fn prepare(manner: Manner) {
    without_core_file();
    panic::set_hook(Box::new(move |info| {
        write(manner, &manner.words(&describe(info)));
        std::process::exit(manner.status());
    }));
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(String::new, |location| {
        format!(" at `{}:{}`", short(location.file()), location.line())
    });
    // Words that were put together may hold what was in memory, a token for example.
    let words = info.payload().downcast_ref::<&'static str>();
    sentence(&place, words.copied())
}

fn sentence(place: &str, words: Option<&str>) -> String {
    let words = words.map_or_else(String::new, |words| {
        let end = words.floor_char_boundary(limits::MAX_PANIC_CHARS);
        format!(": {}", words.get(..end).unwrap_or_default())
    });
    printable::one_line(&format!(
        "countersign ended by a fault of its own{place}{words}; nothing that was asked for counts as done; please \
         report it"
    ))
}

/// The end of a path: where this program was built helps no reader.
fn short(path: &str) -> String {
    let path = Path::new(path);
    if path.is_relative() {
        return path.display().to_string();
    }
    let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
    let last = names.len().saturating_sub(4);
    names.get(last..).unwrap_or_default().join("/")
}

/// Past the lock on the stream, which the thread that panicked may hold.
#[cfg(unix)]
fn write(manner: Manner, text: &str) {
    use std::os::fd::AsFd;

    let mut rest = text.as_bytes();
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    let stream = match manner {
        Manner::ImageVerifier => stdout.as_fd(),
        _ => stderr.as_fd(),
    };
    while !rest.is_empty() {
        match rustix::io::write(stream, rest) {
            Ok(count) if count > 0 => rest = rest.get(count..).unwrap_or_default(),
            Err(rustix::io::Errno::INTR) => {}
            // There is no way left to report that writing failed.
            _ => return,
        }
    }
}

#[cfg(not(unix))]
fn write(_: Manner, text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Only the limit that counts now is lowered; a program that is started may raise it again.
#[cfg(unix)]
fn without_core_file() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = Rlimit {
        current: Some(0),
        ..getrlimit(Resource::Core)
    };
    // A limit can always be lowered.
    let _ = setrlimit(Resource::Core, limit);
}

#[cfg(not(unix))]
fn without_core_file() {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_one_line_and_short() {
        assert_eq!(
            sentence(" at `src/a.rs:1`", Some("a\u{1b}[31m\nb")),
            "countersign ended by a fault of its own at `src/a.rs:1`: a [31m b; nothing that was asked for counts as \
             done; please report it"
        );
        let long = "ü".repeat(limits::MAX_PANIC_CHARS);
        assert!(sentence("", Some(&long)).len() < 2 * limits::MAX_PANIC_CHARS);
        assert!(!sentence("", None).contains(": "));
    }

    #[test]
    fn a_path_does_not_say_where_the_program_was_built() {
        assert_eq!(short("src/a/b.rs"), "src/a/b.rs");
        assert_eq!(
            short("/home/x/.cargo/y/time-0.3/src/a.rs"),
            "y/time-0.3/src/a.rs"
        );
    }

    #[test]
    fn a_plugin_answers_in_the_contracts_form() {
        let words = Manner::Plugin.words("a \u{202e} b");
        assert_eq!(
            words,
            r#"{"errorCode":"ERROR","errorMessage":"a \u202e b"}"#
        );
        assert_eq!(Manner::Own.words("x"), "Error: x\n");
        assert_eq!(
            [
                Manner::Own,
                Manner::Notation,
                Manner::Plugin,
                Manner::ImageVerifier
            ]
            .map(Manner::status),
            [3, 1, 1, 3]
        );
    }
}
