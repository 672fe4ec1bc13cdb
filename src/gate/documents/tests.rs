//! Whole documents of every kind: what is found, what is refused, and what is written again.

mod bytes;
mod kinds;
mod properties;
mod refusals;
mod rewriting;
mod unseen;

use super::*;

pub(super) const DIGEST: &str =
    "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The images of a document, each with its place.
#[track_caller]
pub(super) fn found(kind: Kind, text: &str) -> Vec<(String, String)> {
    let document = RunDocument::parse(kind, text.as_bytes(), &Options::default());
    let document = document.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let images = document.images().iter();
    images
        .map(|image| (image.pointer.clone(), image.text.clone()))
        .collect()
}

#[track_caller]
pub(super) fn refusal_with(kind: Kind, text: &str, options: &Options) -> String {
    match RunDocument::parse(kind, text.as_bytes(), options) {
        Ok(document) => panic!("{:#?}\n{text}", document.images()),
        Err(error) => error.to_string(),
    }
}

#[track_caller]
pub(super) fn refusal(kind: Kind, text: &str) -> String {
    refusal_with(kind, text, &Options::default())
}

/// Places that are to be ignored.
pub(super) fn ignoring(places: &[&str]) -> Options {
    Options {
        ignored: places.iter().map(|place| (*place).to_owned()).collect(),
        parameters: BTreeMap::new(),
    }
}

/// The reference with [`DIGEST`] in the place of its tag.
pub(super) fn by_digest(image: &Image) -> String {
    let reference = &image.reference;
    format!(
        "{}/{}@{DIGEST}",
        reference.registry(),
        reference.repository()
    )
}

/// The document with [`DIGEST`] at every image.
#[track_caller]
pub(super) fn pinned_with(kind: Kind, text: &str, options: &Options) -> String {
    let document = RunDocument::parse(kind, text.as_bytes(), options);
    let document = document.unwrap_or_else(|error| panic!("{error}\n{text}"));
    let words: Vec<String> = document.images().iter().map(by_digest).collect();
    document
        .pin(&words)
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[track_caller]
pub(super) fn pinned(kind: Kind, text: &str) -> String {
    pinned_with(kind, text, &Options::default())
}
