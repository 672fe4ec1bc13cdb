//! What is said beside the answer: only what failed, what is remarked, what was found, or every request.

use std::sync::OnceLock;

use time::OffsetDateTime;

use super::args::{LogFormat, MessageArgs};
use super::output;
use crate::environment::Environment;
use crate::events::{Depth, Form, Log};
use crate::report::Called;

static ASKED: OnceLock<Asked> = OnceLock::new();

/// What this run was asked to say.
#[derive(Debug, Clone, Copy)]
struct Asked {
    is_quiet: bool,
    has_log: bool,
    called: Called,
}

/// From here on messages are as `args` ask. A log is made only where one is asked for; `says_what_it_found` is
/// whether the command itself has words for `--verbose`.
pub(super) fn begin(args: MessageArgs, called: Called, says_what_it_found: bool) {
    let log = kind(args, called, says_what_it_found);
    // A process runs one command.
    let _ = ASKED.set(Asked {
        is_quiet: args.quiet,
        has_log: log.is_some(),
        called,
    });
    if let Some((depth, form)) = log {
        let _has_begun = Log::new(depth, form, now, output::write_stderr).begin();
    }
}

/// Which events are written, and how.
fn kind(args: MessageArgs, called: Called, says_what_it_found: bool) -> Option<(Depth, Form)> {
    let form = match args.log_format {
        LogFormat::Text => Form::Fields,
        LogFormat::Json => Form::Json,
    };
    match (args.debug, args.verbose, called) {
        (true, _, _) => Some((Depth::Requests, form)),
        // As in notation 1.3, whose `-v` is a log.
        (false, true, Called::Notation) => Some((Depth::Found, form)),
        (false, true, Called::Countersign) if !says_what_it_found => {
            Some((Depth::Found, Form::Words))
        }
        _ => None,
    }
}

/// The system's time: a log says when something really was.
fn now() -> OffsetDateTime {
    Environment::of_process().now()
}

/// Whether only errors and the answer are printed.
pub(super) fn are_quiet() -> bool {
    ASKED.get().is_some_and(|asked| asked.is_quiet)
}

/// Whether nothing may be drawn between the lines: the user wants none, or a log is written there.
pub(super) fn are_plain() -> bool {
    ASKED
        .get()
        .is_some_and(|asked| asked.is_quiet || asked.has_log)
}

/// Whether stderr is Notation's, byte for byte.
pub(super) fn are_notations() -> bool {
    ASKED.get().is_some_and(|asked| asked.called.is_notation())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_follows_from_the_flags_and_the_name() {
        use Called::{Countersign, Notation};
        let (found, requests) = (Depth::Found, Depth::Requests);
        let args = |verbose, debug, log_format| MessageArgs {
            verbose,
            debug,
            quiet: false,
            log_format,
        };
        let (text, json) = (LogFormat::Text, LogFormat::Json);
        for (flags, called, has_words, wanted) in [
            (args(false, false, json), Countersign, false, None),
            (args(true, false, text), Countersign, true, None),
            (
                args(true, false, text),
                Countersign,
                false,
                Some((found, Form::Words)),
            ),
            (
                args(true, false, text),
                Notation,
                true,
                Some((found, Form::Fields)),
            ),
            (
                args(true, true, text),
                Countersign,
                true,
                Some((requests, Form::Fields)),
            ),
            (
                args(false, true, json),
                Notation,
                false,
                Some((requests, Form::Json)),
            ),
        ] {
            assert_eq!(kind(flags, called, has_words), wanted, "{flags:?}");
        }
    }
}
