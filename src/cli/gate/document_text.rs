//! What the gate found about a document, in words.

use std::fmt::Write as _;

use crate::cli::output::{CommandOutput, Exit, one_line};
use crate::cli::verify::text;
use crate::gate::documents::{Image, RunDocument};
use crate::report::Called;
use crate::verify::many::ArtifactVerification;
use crate::verify::{ANY_LAYOUT_SCOPE, Verification};

const CALLED: Called = Called::Countersign;

/// What was found about one image, and where it stands.
pub(super) fn image(places: &[&Image], answer: &ArtifactVerification) -> CommandOutput {
    let mut report = match &answer.found {
        Ok(Verification::Verified(accepted)) => text::verified(accepted, false, CALLED),
        Ok(Verification::Tolerated(accepted)) => refused(
            &format!(
                "{} is not verified: the trust policy only logs what failed",
                accepted.reference
            ),
            &text::tolerated(accepted, false, CALLED),
        ),
        Ok(Verification::Skipped {
            reference,
            statement,
        }) => refused(
            &format!("{reference} is not verified: the trust policy has its signatures skipped"),
            &text::skipped(&reference.to_string(), statement, CALLED),
        ),
        Err(error) => text::failed(error, ANY_LAYOUT_SCOPE, answer.statement.as_ref(), CALLED),
    };
    let to = if report.exit == Exit::Done {
        &mut report.stdout
    } else {
        &mut report.stderr
    };
    write_places(to, places);
    report
}

/// A refusal of what `verify` accepts; its words follow.
fn refused(sentence: &str, accepted: &CommandOutput) -> CommandOutput {
    let hint = "have the trust policy enforce every validation for this image";
    let mut report = CommandOutput::failed_with_hint(Exit::Rejected, sentence, hint.to_owned());
    report.stderr.push_str(&accepted.stdout);
    report.stderr.push_str(&accepted.stderr);
    report
}

fn write_places(text: &mut String, images: &[&Image]) {
    for image in images {
        let (pointer, position) = (one_line(&image.pointer), image.position);
        let written = one_line(&image.text);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "  `{pointer}` at {position}: {written}");
    }
}

/// That tags stay in the document, although others can move them.
pub(super) fn tags(document: &RunDocument<'_>) -> String {
    let tags = document.images().iter();
    let tags = tags.filter(|image| image.reference.digest().is_none());
    let images = match tags.count() {
        0 => return String::new(),
        1 => "1 image is".to_owned(),
        count => format!("{count} images are"),
    };
    format!(
        "Warning: {images} named by tag in the document, and a tag may point to another image when it is deployed; \
         `--pin` writes digests\n"
    )
}
