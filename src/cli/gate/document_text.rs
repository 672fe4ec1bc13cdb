//! What the gate decided about a document, in words.

use std::fmt::Write as _;
use std::path::Path;

use super::text;
use crate::cli::output::{CommandOutput, Exit, one_line};
use crate::gate::documents::{Image, RunDocument};
use crate::report::GateResult;

/// What was decided about one image, and where it stands.
pub(super) fn image(places: &[&Image], result: &GateResult, policy: &Path) -> CommandOutput {
    let mut report = text::in_words(result, policy);
    let to = if report.exit == Exit::Done {
        &mut report.stdout
    } else {
        &mut report.stderr
    };
    write_places(to, places);
    report
}

fn write_places(text: &mut String, images: &[&Image]) {
    for image in images {
        let (pointer, position) = (one_line(&image.pointer), image.position);
        let written = one_line(&image.text);
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "at `{pointer}`, {position}: {written}");
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
