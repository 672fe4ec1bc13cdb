//! Documents that say what will run: where their images are, and the same documents with digests.
//!
//! Input: the bytes of a document and its [`Kind`]; output: a [`RunDocument`] with every image, its place and its
//! reference. [`RunDocument::pin`] writes other references at the same places and changes no other byte. Nothing is
//! resolved here, and no request is sent.
//!
//! What is not known is refused: an image where the kind has none (any key that `place::names_image`, with a value),
//! whatever brings images from elsewhere, and everything that two readers of the same bytes may take differently.
//! The user may name such a place in [`Options::ignored`]; an image that is known to run cannot be ignored.

mod cloudformation;
mod compose;
mod error;
mod image_files;
mod json;
mod kind;
mod kubernetes;
mod lambda_function;
mod lines;
mod place;
mod rewrite;
mod task_definition;
mod tree;
mod yaml;

#[cfg(test)]
mod tests;

pub use error::{Error, Unknown};
pub use kind::Kind;
pub use place::Image;

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{Position, text_of};
use crate::limits::MAX_RUN_DOCUMENT_BYTES;
use lines::Lines;
use place::{Finder, Place};
use tree::{Content, Node};

/// What the user says about a document.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Places from which nothing runs: JSON pointers, behind `NUMBER:` where the file has several documents.
    pub ignored: Vec<String>,
    /// The values of parameters of a CloudFormation template.
    pub parameters: BTreeMap<String, String>,
}

/// A document with its images.
#[derive(Debug)]
pub struct RunDocument<'t> {
    kind: Kind,
    text: &'t str,
    options: Options,
    images: Vec<Image>,
    /// The digest that `imageDetail.json` has beside its image.
    digest: Option<DigestBeside>,
}

/// A digest beside an image, and where it is.
#[derive(Debug)]
struct DigestBeside {
    pointer: String,
    position: Position,
    text: String,
}

impl<'t> RunDocument<'t> {
    /// Finds every image of a document.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`] but those of [`RunDocument::pin`].
    pub fn parse(kind: Kind, bytes: &'t [u8], options: &Options) -> Result<Self, Error> {
        let text = decode(bytes)?;
        let roots = read(kind, text)?;
        let (mut images, mut used) = (Vec::new(), BTreeSet::new());
        let lines = Lines::new(text);
        let is_several = roots.len() > 1;
        let mut unused: Vec<&String> = options.ignored.iter().collect();
        let mut unknown = Vec::new();
        let mut digest = None;
        for (index, node) in roots.iter().enumerate() {
            let root = Place {
                node,
                pointer: if is_several {
                    format!("{}:", index + 1)
                } else {
                    String::new()
                },
            };
            unused.retain(|pointer| !has_place(&root, pointer));
            let mut finder = Finder::new(&lines, &options.ignored, &options.parameters);
            kind.find(&mut finder, &root)?;
            if kind == Kind::ImageDetail {
                digest = image_files::digest(&finder, &root)?;
                if let (Some(digest), Some(wanted)) = (&digest, finder.digest()) {
                    digest.check(wanted)?;
                }
            }
            match finder.end() {
                Ok((of_document, of_parameters)) => {
                    images.extend(of_document);
                    used.extend(of_parameters);
                }
                Err(Error::Unknown(places)) => unknown.extend(places),
                Err(other) => return Err(other),
            }
        }
        if let Some(pointer) = unused.first() {
            let pointer = (*pointer).clone();
            return Err(Error::UnusedIgnore { pointer });
        }
        if !unknown.is_empty() {
            return Err(Error::Unknown(unknown));
        }
        if let Some(name) = options.parameters.keys().find(|name| !used.contains(*name)) {
            return Err(Error::UnusedParameter { name: name.clone() });
        }
        if images.is_empty() {
            return Err(Error::NoImage);
        }
        Ok(Self {
            kind,
            text,
            options: options.clone(),
            images,
            digest,
        })
    }

    /// Checks that the digest beside an image that is named by a tag is the one that the tag had when it was decided
    /// about. `references` are the images by their digests, in the order of [`RunDocument::images`].
    ///
    /// # Errors
    ///
    /// [`Error::Digest`].
    pub fn check_digest(&self, references: &[String]) -> Result<(), Error> {
        let found = references
            .first()
            .and_then(|reference| reference.split_once('@'));
        match (&self.digest, found) {
            (Some(digest), Some((_, found))) => digest.check(found),
            _ => Ok(()),
        }
    }

    /// The images, in the order of the kind's places: at least one.
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// The text with `references` in the place of the images, one for each in the same order; no other byte
    /// changes.
    ///
    /// # Errors
    ///
    /// [`Error::Unwritable`] for an image that cannot be replaced where it stands; [`Error::Different`] if the
    /// result does not read as it should.
    pub fn pin(&self, references: &[String]) -> Result<String, Error> {
        if references.len() != self.images.len() {
            return Err(Error::Different);
        }
        // A tag that has moved since the other digest was written beside it.
        self.check_digest(references)?;
        let pinned = rewrite::rewrite(self.text, &self.images, references)?;
        // Whatever the rewriting did, the result is judged by reading it.
        let options = Options {
            ignored: self.options.ignored.clone(),
            parameters: BTreeMap::new(),
        };
        let again = RunDocument::parse(self.kind, pinned.as_bytes(), &options);
        let again = again.map_err(|_| Error::Different)?;
        let is_same = again.images.len() == self.images.len()
            && again.images.iter().zip(&self.images).zip(references).all(
                |((new, old), reference)| new.pointer == old.pointer && new.text == *reference,
            );
        if is_same {
            Ok(pinned)
        } else {
            Err(Error::Different)
        }
    }
}

/// The document's text.
fn decode(bytes: &[u8]) -> Result<&str, Error> {
    let length = bytes.len();
    if u64::try_from(length).unwrap_or(u64::MAX) > MAX_RUN_DOCUMENT_BYTES {
        return Err(Error::TooLarge { length });
    }
    Ok(text_of(bytes)?)
}

/// The values of the file. What begins as JSON is read as JSON, by the stricter of the two readers.
fn read(kind: Kind, text: &str) -> Result<Vec<Node>, Error> {
    if kind.is_json() || text.trim_start().starts_with(['{', '[']) {
        return Ok(vec![json::read(text.as_bytes())?]);
    }
    let roots = yaml::read(text)?;
    match roots.as_slice() {
        [] => Err(Error::Empty),
        [_, second, ..] if !kind.may_be_several() => Err(Error::Several {
            position: Position::at(text, second.start()),
        }),
        _ => Ok(roots),
    }
}

/// Whether the document has something at this place.
fn has_place(root: &Place<'_>, pointer: &str) -> bool {
    let Some(path) = pointer.strip_prefix(root.pointer.as_str()) else {
        return false;
    };
    let Some(path) = path.strip_prefix('/') else {
        return false;
    };
    let mut node = root.node;
    for part in path.split('/') {
        let name = part.replace("~1", "/").replace("~0", "~");
        let next = match &node.content {
            Content::Mapping(_) => node.get(&name),
            Content::Sequence(elements) => name
                .parse()
                .ok()
                .and_then(|index: usize| elements.get(index)),
            Content::Scalar(_) | Content::Alias => None,
        };
        match next {
            Some(next) => node = next,
            None => return false,
        }
    }
    true
}

impl DigestBeside {
    /// The digest must be that of the image, which is `wanted`.
    fn check(&self, wanted: &str) -> Result<(), Error> {
        if self.text == wanted {
            return Ok(());
        }
        Err(Error::Digest {
            pointer: self.pointer.clone(),
            position: self.position,
            found: self.text.clone(),
            wanted: wanted.to_owned(),
        })
    }
}
