//! What `verify` found about the images of an index, in words.

use std::fmt::Write as _;

use super::text::{self, write_tolerated, write_verified};
use crate::cli::output::{CommandOutput, Exit, one_line, write_causes, write_hint};
use crate::report::{Called, sentence};
use crate::verify::{
    Error, ImageFinding, ImageVerification, IndexVerification, Platform, Verification,
};

/// The answer where no image failed.
pub(super) fn judged(found: &IndexVerification, verbose: bool, called: Called) -> CommandOutput {
    let mut report = CommandOutput::done();
    if let Some(covering) = &found.covering {
        write_one(
            &mut report,
            &found.index.reference.to_string(),
            covering,
            verbose,
            called,
        );
    }
    for image in &found.images {
        match &image.finding {
            ImageFinding::Own(Ok(own)) => {
                write_one(
                    &mut report,
                    &image.reference.to_string(),
                    own,
                    verbose,
                    called,
                );
                let _ = writeln!(report.stdout, "image for {}", platforms(image));
            }
            ImageFinding::Own(Err(_)) => {}
            ImageFinding::Covered => {
                let _ = writeln!(
                    report.stdout,
                    "covered by the index: {} for {}",
                    image.reference,
                    platforms(image)
                );
            }
        }
    }
    report.stderr.push_str(&uncovered_note(found));
    report
}

/// What was found about the index or one image.
fn write_one(
    report: &mut CommandOutput,
    what: &str,
    found: &Verification,
    verbose: bool,
    called: Called,
) {
    let (Verification::Verified(accepted) | Verification::Tolerated(accepted)) = found else {
        return;
    };
    let (signature, statement) = (&accepted.signature, &accepted.statement);
    report.stderr.push_str(&text::remarks(accepted, verbose));
    let text = &mut report.stdout;
    match found {
        Verification::Verified(_) => write_verified(text, what, signature, statement, called),
        _ => write_tolerated(text, what, signature, statement, called),
    }
}

/// The answer where an image failed.
pub(super) fn failed(
    error: &Error,
    found: &IndexVerification,
    scope: &str,
    called: Called,
) -> CommandOutput {
    let sentence = sentence::of_verification(error, scope, called);
    let mut report = CommandOutput::failed(Exit::of(error.class()), &sentence);
    let text = &mut report.stderr;
    text::write_policy(text, &found.statement);
    for image in &found.images {
        write_image(text, image, scope, called);
    }
    text.push_str(&uncovered_note(found));
    write_hint(text, "", error.hint_beside_findings());
    report
}

fn write_image(text: &mut String, image: &ImageVerification, scope: &str, called: Called) {
    let _ = write!(text, "image {} for {}: ", image.reference, platforms(image));
    let error = match &image.finding {
        ImageFinding::Covered => return text.push_str("covered by the index\n"),
        ImageFinding::Own(Ok(Verification::Verified(_))) => return text.push_str("verified\n"),
        ImageFinding::Own(Ok(_)) => return text.push_str("tolerated, not verified\n"),
        ImageFinding::Own(Err(error)) => error,
    };
    let sentence = sentence::of_verification(error, scope, called);
    let _ = writeln!(text, "{}", one_line(&sentence));
    match error {
        Error::Rejected(refused) | Error::Inconclusive(refused) => {
            text::write_refused(text, refused);
        }
        _ => {
            write_causes(text, "  ", error);
            write_hint(text, "  ", error.hint());
            text::write_wanted(text, "  ", error);
        }
    }
}

/// For which platforms the image is.
fn platforms(image: &ImageVerification) -> String {
    if image.platforms.is_empty() {
        return "a platform that the index does not name".to_owned();
    }
    let platforms: Vec<_> = image.platforms.iter().map(Platform::to_string).collect();
    one_line(&platforms.join(", "))
}

/// Which entries were not judged.
fn uncovered_note(found: &IndexVerification) -> String {
    let entries = match found.uncovered.len() {
        0 => return String::new(),
        1 => "1 entry is".to_owned(),
        count => format!("{count} entries are"),
    };
    format!(
        "Note: {entries} not verified: for the platform `unknown`, in the index {}\n",
        found.index.reference
    )
}
