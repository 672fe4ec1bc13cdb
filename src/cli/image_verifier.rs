//! This program as an image verifier of containerd: the verdict is the exit code, the reason is on stdout.
//!
//! containerd takes 0 for "may be pulled" and everything else for "may not". It hands down its own environment, which
//! counts for nothing here, and ends what has not answered in time; what it says then is not why.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::gate::in_words;
use super::output::{self, Exit, short_line, write_causes, write_hint};
use super::reader;
use crate::allowance::Allowed;
use crate::causes;
use crate::environment::Clock;
use crate::limits::{
    MAX_FETCHED_BYTES, MAX_VERIFIER_REASON_BYTES, VERIFIER_ANSWER_MARGIN, VERIFIER_REPORT_MARGIN,
    VERIFIER_TIME_LIMIT, VERIFIER_WATCH_INTERVAL,
};
use crate::node::image_verifier::{
    self, DIRECTORY, ImageVerifier, Request, VerifierError, check_media_type,
};
use crate::report::GateResult;
use crate::verify::Options;

/// Whether a program started by this name is asked as an image verifier.
pub fn is_image_verifier(program: &OsStr) -> bool {
    image_verifier::is_program(Path::new(program))
}

/// The time limit in milliseconds, which the configuration may change.
static LIMIT: AtomicU64 = AtomicU64::new(0);

/// Held for good by the thread that answers: there is one answer.
static ANSWER: Mutex<bool> = Mutex::new(false);

/// The exit code, and the reason.
struct Verdict {
    exit: Exit,
    text: String,
}

impl Verdict {
    /// What is said where no decision was come to.
    fn of(name: Option<&str>, error: &VerifierError) -> Self {
        let exit = match error {
            VerifierError::MediaType { .. } => Exit::Rejected,
            _ => Exit::Usage,
        };
        let about = name.map_or_else(String::new, |name| format!("{}: ", short_line(name)));
        let mut text = format!("Error: {about}{}\n", short_line(&error.to_string()));
        write_causes(&mut text, "", error);
        write_hint(&mut text, "", error.hint());
        Self { exit, text }
    }

    fn failed(sentence: &str, hint: &str) -> Self {
        let mut text = format!("Error: {sentence}\n");
        write_hint(&mut text, "", Some(hint.to_owned()));
        Self {
            exit: Exit::Inconclusive,
            text,
        }
    }
}

/// Answers one question of containerd. `arguments` are without the program's name.
pub fn run(arguments: &[OsString]) -> u8 {
    let begun = Instant::now();
    set_limit(VERIFIER_TIME_LIMIT);
    // No command runs that has settings.
    reader::set_without_settings();
    if let Err(error) = watch(begun) {
        let sentence = format!("the time cannot be watched: {error}");
        return answer(&Verdict::failed(
            &sentence,
            "see why no thread can be started",
        ));
    }
    answer(&verdict(arguments, begun))
}

fn set_limit(limit: Duration) {
    let limit = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    LIMIT.store(limit, Ordering::SeqCst);
}

/// How long after the start the answer is due.
fn due() -> Duration {
    Duration::from_millis(LIMIT.load(Ordering::SeqCst)).saturating_sub(VERIFIER_ANSWER_MARGIN)
}

/// Refuses when the time is over, whatever keeps the rest from it: a file, a name server, stdin.
#[expect(
    clippy::exit,
    reason = "what still runs is what did not answer in time"
)]
fn watch(begun: Instant) -> io::Result<()> {
    let watching = move || {
        while begun.elapsed() < due() {
            thread::sleep(VERIFIER_WATCH_INTERVAL.min(due().saturating_sub(begun.elapsed())));
        }
        let sentence = format!("no decision within {} seconds", due().as_secs());
        let hint = "see what the node waits for: stdin, a file or a name server";
        let code = answer(&Verdict::failed(&sentence, hint));
        std::process::exit(code.into());
    };
    thread::Builder::new().spawn(watching).map(drop)
}

/// Writes the reason and gives the exit code. Only the first caller comes back.
fn answer(verdict: &Verdict) -> u8 {
    let mut is_answered = ANSWER.lock().unwrap_or_else(PoisonError::into_inner);
    if *is_answered {
        drop(is_answered);
        // The other thread ends the process.
        loop {
            thread::park();
        }
    }
    *is_answered = true;
    drop(is_answered);
    let written = output::write_text(&mut io::stdout().lock(), &bounded(&verdict.text));
    // A permission is given with its reason, or not at all.
    match verdict.exit {
        Exit::Done if written.is_err() => Exit::Inconclusive.code(),
        exit => exit.code(),
    }
}

/// The reason, no longer than is kept of it.
fn bounded(text: &str) -> String {
    const CUT: &str = "\n(shortened)\n";
    if text.len() <= MAX_VERIFIER_REASON_BYTES {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(MAX_VERIFIER_REASON_BYTES - CUT.len());
    format!("{}{CUT}", text.get(..end).unwrap_or_default())
}

fn verdict(arguments: &[OsString], begun: Instant) -> Verdict {
    let request = match Request::read(arguments, io::stdin().lock()) {
        Ok(request) => request,
        Err(error) => return Verdict::of(None, &VerifierError::Request(error)),
    };
    let name = request.name();
    let verifier = match ImageVerifier::read(Path::new(DIRECTORY)) {
        Ok(verifier) => verifier,
        Err(error) => return Verdict::of(Some(name), &VerifierError::Configuration(error)),
    };
    set_limit(verifier.configuration().time_limit);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let sentence = format!("nothing can be asked: {}", causes::in_one_line(&error));
            return Verdict::failed(&sentence, "see whether the node has file descriptors left");
        }
    };
    let decided = runtime.block_on(Box::pin(decide(&request, &verifier, begun)));
    // A name that is being looked up is not worth waiting for.
    runtime.shutdown_background();
    decided.unwrap_or_else(|error| Verdict::of(Some(name), &error))
}

async fn decide(
    request: &Request,
    verifier: &ImageVerifier,
    begun: Instant,
) -> Result<Verdict, VerifierError> {
    let now = Clock::System.now();
    let gate = verifier.gate(Clock::Fixed(now)).await?;
    // It ends a moment before the watch, so that the reason names what was waited for.
    let time = due().saturating_sub(begun.elapsed() + VERIFIER_REPORT_MARGIN);
    let options = Options {
        max_signatures: verifier.configuration().max_signatures,
        allowed: Allowed {
            time: Some(time),
            bytes: MAX_FETCHED_BYTES,
            whole: None,
        },
        ..Options::default()
    };
    let decision = gate.check(request.reference(), &options).await;
    check_media_type(request, &decision)?;
    let result = GateResult::new(request.name(), &decision, reader::current());
    let words = in_words(&result, gate.policy().path());
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = write!(text, "{}{}", words.stdout, words.stderr);
    Ok(Verdict {
        exit: words.exit,
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_not_longer_than_is_kept() {
        assert_eq!(bounded("a\n"), "a\n");
        let long = bounded(&"ü".repeat(MAX_VERIFIER_REASON_BYTES));
        assert!(
            long.len() <= MAX_VERIFIER_REASON_BYTES && long.len() > MAX_VERIFIER_REASON_BYTES - 3
        );
        assert!(long.ends_with("ü\n(shortened)\n"));
    }
}
