//! The same text with other images: only the bytes of the scalars change.

use std::ops::Range;

use super::error::Error;
use super::place::{Form, Image};
use super::tree::Style;

/// `text` with these words in the place of the images, one for each in the same order.
pub(super) fn rewrite(text: &str, images: &[Image], words: &[String]) -> Result<String, Error> {
    let mut changes = Vec::new();
    for (image, words) in images.iter().zip(words) {
        changes.push(change(text, image, words)?);
    }
    changes.sort_by_key(|(range, _)| range.start);
    let mut result = String::with_capacity(text.len() + 80 * changes.len());
    let mut done = 0;
    for (range, words) in changes {
        result.push_str(text.get(done..range.start).ok_or(Error::Unlocatable)?);
        result.push_str(&words);
        done = range.end;
    }
    result.push_str(text.get(done..).ok_or(Error::Unlocatable)?);
    Ok(result)
}

/// The bytes to replace, and what comes there. Quotes stay; a reference needs no escape in any of them.
fn change(text: &str, image: &Image, words: &str) -> Result<(Range<usize>, String), Error> {
    let unwritable = || Error::Unwritable {
        pointer: image.pointer.clone(),
        position: image.position,
    };
    let range = image.range.clone();
    let written = text.get(range.clone()).ok_or(Error::Unlocatable)?;
    match image.form {
        Form::Parameter => Ok((range, format!("\"{words}\""))),
        Form::Scalar(Style::Quoted) => {
            let is_quoted = |quote: char| {
                written.len() >= 2 && written.starts_with(quote) && written.ends_with(quote)
            };
            if !is_quoted('"') && !is_quoted('\'') {
                return Err(unwritable());
            }
            Ok((range.start + 1..range.end - 1, words.to_owned()))
        }
        Form::Scalar(Style::Plain | Style::Block) => {
            let before = &image.text;
            let mut found = written.match_indices(before.as_str());
            match (found.next(), found.next()) {
                (Some((at, _)), None) => {
                    let start = range.start + at;
                    Ok((start..start + before.len(), words.to_owned()))
                }
                _ => Err(unwritable()),
            }
        }
    }
}
