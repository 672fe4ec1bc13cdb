//! What is said beside the answer: only what failed, what is remarked, what was found, or every request.

use time::OffsetDateTime;

use super::args::{LogFormat, MessageArgs};
use super::output;
use super::terminal::{self, Manner};
use crate::environment::Environment;
use crate::events::{Depth, Form, Log};
use crate::report::Called;

/// From here on messages are as `args` ask. A log is made only where one is asked for; `says_what_it_found` is
/// whether the command itself has words for `--verbose`.
pub(super) fn begin(args: MessageArgs, called: Called, says_what_it_found: bool) {
    let log = kind(args, called, says_what_it_found);
    terminal::set(Manner {
        is_quiet: args.quiet,
        has_log: log.is_some(),
        is_notations: called.is_notation(),
    });
    if let Some((depth, form)) = log {
        let _has_begun = Log::new(depth, form, now, output::write_stderr).begin();
    }
}

/// Which events are written, and how.
fn kind(args: MessageArgs, called: Called, says_what_it_found: bool) -> Option<(Depth, Form)> {
    let form = match (args.log_format, called) {
        (LogFormat::Text, Called::Notation) => Form::Notation,
        (LogFormat::Text, Called::Countersign) => Form::Fields,
        (LogFormat::Json, _) => Form::Json,
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
                Some((found, Form::Notation)),
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
