//! Walks over a document to the places where its kind has images, and collects what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::error::{Error, IMAGE_ELSEWHERE, Unknown};
use super::lines::Lines;
use super::tree::{Content, Node, Style};
use crate::document::Position;
use crate::reference::Reference;

/// An image of a document.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its place: a JSON pointer, behind `NUMBER:` where the file has several documents.
    pub pointer: String,
    /// Where it is.
    pub position: Position,
    /// The image as the document says it, or as the parameter's value does.
    pub text: String,
    /// The same, parsed.
    pub reference: Reference,
    /// The bytes that say it.
    pub(super) range: Range<usize>,
    pub(super) form: Form,
}

/// How the bytes of an image are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The reference in a scalar of this style.
    Scalar(Style),
    /// A `Ref` to a parameter.
    Parameter,
}

/// One value on the way to an image.
#[derive(Debug, Clone)]
pub(super) struct Place<'d> {
    pub(super) node: &'d Node,
    pub(super) pointer: String,
}

/// What is found in one document on the way.
#[derive(Debug)]
pub(super) struct Finder<'d> {
    lines: &'d Lines<'d>,
    ignored: &'d [String],
    parameters: &'d BTreeMap<String, String>,
    /// Parameters whose value is an image.
    used: BTreeSet<String>,
    images: Vec<Image>,
    /// Their pointers.
    places: BTreeSet<String>,
    unknown: Vec<Unknown>,
    /// Pointers of mappings whose members have names that people choose.
    chosen: BTreeSet<String>,
    /// Pointers of places in which nothing is looked for.
    passed: BTreeSet<String>,
}

impl<'d> Finder<'d> {
    pub(super) fn new(
        lines: &'d Lines<'d>,
        ignored: &'d [String],
        parameters: &'d BTreeMap<String, String>,
    ) -> Self {
        Self {
            lines,
            ignored,
            parameters,
            used: BTreeSet::new(),
            images: Vec::new(),
            places: BTreeSet::new(),
            unknown: Vec::new(),
            chosen: BTreeSet::new(),
            passed: BTreeSet::new(),
        }
    }

    pub(super) fn position(&self, node: &Node) -> Position {
        self.lines.position(node.start())
    }

    /// Checks that the value is written here: it is not an alias, and it has no tag that makes it another one.
    pub(super) fn check(&self, place: &Place<'_>) -> Result<(), Error> {
        if let Some(tag) = &place.node.tag {
            return Err(Error::Tag {
                pointer: place.pointer.clone(),
                tag: tag.text.clone(),
                position: self.position(place.node),
            });
        }
        match place.node.content {
            Content::Alias => Err(Error::Alias {
                pointer: place.pointer.clone(),
                position: self.position(place.node),
            }),
            _ => Ok(()),
        }
    }

    /// That the value is not what is wanted there.
    pub(super) fn shape(&self, place: &Place<'_>, wanted: &'static str) -> Error {
        Error::Shape {
            pointer: place.pointer.clone(),
            position: self.position(place.node),
            found: place.node.kind(),
            wanted,
        }
    }

    /// That the value does not have the member.
    pub(super) fn missing(&self, place: &Place<'_>, name: &'static str) -> Error {
        Error::Missing {
            pointer: place.pointer.clone(),
            position: self.position(place.node),
            name,
        }
    }

    /// A member of a mapping; `None` without it, or if it is `null`.
    pub(super) fn member(&self, place: &Place<'d>, name: &str) -> Result<Option<Place<'d>>, Error> {
        self.check(place)?;
        if !matches!(place.node.content, Content::Mapping(_)) {
            return Err(self.shape(place, "a mapping"));
        }
        let found = place.node.get(name).filter(|node| !node.is_null());
        Ok(found.map(|node| place.below(name, node)))
    }

    /// The value at the end of this way of members; `None` where the way ends before.
    pub(super) fn at(&self, place: &Place<'d>, way: &[&str]) -> Result<Option<Place<'d>>, Error> {
        let mut here = place.clone();
        for name in way {
            match self.member(&here, name)? {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// The members of a mapping.
    pub(super) fn members(&self, place: &Place<'d>) -> Result<Vec<(&'d str, Place<'d>)>, Error> {
        self.check(place)?;
        match &place.node.content {
            Content::Mapping(members) => Ok(members
                .iter()
                .map(|member| {
                    let name = member.name.as_str();
                    (name, place.below(name, &member.value))
                })
                .collect()),
            _ => Err(self.shape(place, "a mapping")),
        }
    }

    /// The elements of a list.
    pub(super) fn elements(&self, place: &Place<'d>) -> Result<Vec<Place<'d>>, Error> {
        self.check(place)?;
        match &place.node.content {
            Content::Sequence(elements) => Ok(elements
                .iter()
                .enumerate()
                .map(|(index, node)| place.below(&index.to_string(), node))
                .collect()),
            _ => Err(self.shape(place, "a list")),
        }
    }

    /// The elements of the list that a member is; nothing where there is no such member.
    pub(super) fn elements_of(
        &self,
        place: &Place<'d>,
        name: &str,
    ) -> Result<Vec<Place<'d>>, Error> {
        let list = self.member(place, name)?;
        list.map_or(Ok(Vec::new()), |list| self.elements(&list))
    }

    /// The text of a member, where it is one.
    pub(super) fn text_of(&self, place: &Place<'d>, name: &str) -> Result<Option<&'d str>, Error> {
        let Some(member) = self.member(place, name)? else {
            return Ok(None);
        };
        self.check(&member)?;
        let text = member.node.text();
        text.map(Some).ok_or_else(|| self.shape(&member, "a text"))
    }

    /// The image that a member must be.
    pub(super) fn image_in(&mut self, place: &Place<'d>, name: &'static str) -> Result<(), Error> {
        let image = self.member(place, name)?;
        let image = image.ok_or_else(|| self.missing(place, name))?;
        self.image(&image)
    }

    /// The image that this value is.
    pub(super) fn image(&mut self, place: &Place<'d>) -> Result<(), Error> {
        self.check(place)?;
        let Content::Scalar(scalar) = &place.node.content else {
            return Err(self.shape(place, "the reference of an image"));
        };
        let (range, form) = (place.node.range.clone(), Form::Scalar(scalar.style));
        self.add(place, &scalar.text, range, form)
    }

    /// The image that this value is by a `Ref` to a parameter, in these bytes.
    pub(super) fn parameter(
        &mut self,
        place: &Place<'d>,
        name: &str,
        range: Range<usize>,
    ) -> Result<(), Error> {
        let Some(value) = self.parameters.get(name) else {
            return Err(Error::Parameter {
                pointer: place.pointer.clone(),
                name: name.to_owned(),
                position: self.position(place.node),
            });
        };
        self.used.insert(name.to_owned());
        self.add(place, value, range, Form::Parameter)
    }

    fn add(
        &mut self,
        place: &Place<'d>,
        text: &str,
        range: Range<usize>,
        form: Form,
    ) -> Result<(), Error> {
        let reference = self.reference(place, text)?;
        self.places.insert(place.pointer.clone());
        self.images.push(Image {
            pointer: place.pointer.clone(),
            position: self.position(place.node),
            text: text.to_owned(),
            reference,
            range,
            form,
        });
        Ok(())
    }

    /// What runs by this text. Docker takes a first component without a dot and a colon for a part of the
    /// name, not for a registry.
    fn reference(&self, place: &Place<'_>, text: &str) -> Result<Reference, Error> {
        let (pointer, position) = (place.pointer.clone(), self.position(place.node));
        let first = text.split_once('/').map(|(first, _)| first);
        let is_registry = |name: &str| name.contains(['.', ':']) || name == "localhost";
        let is_plain = !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'$');
        if is_plain && !first.is_some_and(is_registry) {
            return Err(Error::NoRegistry {
                pointer,
                position,
                image: text.to_owned(),
            });
        }
        Reference::parse(text).map_err(|source| Error::NotReference {
            pointer,
            position,
            has_variable: text.contains('$'),
            source,
        })
    }

    /// The digest of the only image, where it has one.
    pub(super) fn digest(&self) -> Option<&str> {
        match self.images.as_slice() {
            [image] => image.reference.digest(),
            _ => None,
        }
    }

    /// A value that may bring images of which nothing is known here.
    pub(super) fn unknown(&mut self, place: &Place<'_>, what: &'static str) {
        if !self.is_ignored(&place.pointer) {
            self.unknown.push(Unknown {
                pointer: place.pointer.clone(),
                position: self.position(place.node),
                what,
            });
        }
    }

    /// Whether the user says that nothing runs from there.
    fn is_ignored(&self, pointer: &str) -> bool {
        self.ignored.iter().any(|ignored| is_in(pointer, ignored))
    }

    /// Whether an image is known at this place, or below it.
    fn has_image(&self, pointer: &str) -> bool {
        let below = format!("{pointer}/");
        self.places.contains(pointer)
            || self
                .places
                .range(below.clone()..)
                .next()
                .is_some_and(|first| first.starts_with(&below))
    }

    /// Notes that people choose the names of this mapping's members, so that they say nothing of what is in them.
    pub(super) fn has_chosen_names(&mut self, place: &Place<'_>) {
        self.chosen.insert(place.pointer.clone());
    }

    /// Notes that nothing runs from this place, or that it was looked at.
    pub(super) fn pass_over(&mut self, place: &Place<'_>) {
        self.passed.insert(place.pointer.clone());
    }

    /// Looks for images in every other place below this one.
    pub(super) fn look_elsewhere(&mut self, place: &Place<'d>) {
        if self.passed.contains(&place.pointer) {
            return;
        }
        match &place.node.content {
            Content::Mapping(members) => {
                let is_chosen = self.chosen.contains(&place.pointer);
                for member in members {
                    let inner = place.below(&member.name, &member.value);
                    if !is_chosen
                        && names_image(&member.name)
                        && may_be_image(&member.value)
                        && !self.has_image(&inner.pointer)
                    {
                        self.unknown(&inner, IMAGE_ELSEWHERE);
                    }
                    self.look_elsewhere(&inner);
                }
            }
            Content::Sequence(elements) => {
                for (index, node) in elements.iter().enumerate() {
                    self.look_elsewhere(&place.below(&index.to_string(), node));
                }
            }
            Content::Scalar(_) | Content::Alias => {}
        }
    }

    /// The images, if that is all that runs.
    ///
    /// # Errors
    ///
    /// [`Error::Unknown`] and [`Error::IgnoredImage`].
    pub(super) fn end(mut self) -> Result<(Vec<Image>, BTreeSet<String>), Error> {
        if !self.unknown.is_empty() {
            self.unknown.sort_by_key(|unknown| unknown.position);
            self.unknown.dedup();
            return Err(Error::Unknown(self.unknown));
        }
        let ignored = self
            .images
            .iter()
            .find(|image| self.is_ignored(&image.pointer));
        if let Some(image) = ignored {
            return Err(Error::IgnoredImage {
                pointer: image.pointer.clone(),
                position: image.position,
            });
        }
        Ok((self.images, self.used))
    }
}

impl<'d> Place<'d> {
    pub(super) fn below(&self, name: &str, node: &'d Node) -> Self {
        let name = name.replace('~', "~0").replace('/', "~1");
        Self {
            node,
            pointer: format!("{}/{name}", self.pointer),
        }
    }
}

/// Whether the first place is the second one, or in it.
pub(super) fn is_in(inner: &str, outer: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a key of this name may have an image: `image`, `imageUri`, `sidecar-image`, `containerUri` and the
/// like, however they are spelled.
pub(super) fn names_image(name: &str) -> bool {
    const ENDS: [&str; 13] = [
        "image",
        "images",
        "imageuri",
        "imageurl",
        "imagename",
        "imageref",
        "imagereference",
        "imageidentifier",
        "containeruri",
        "imageuris",
        "imageurls",
        "imagerepository",
        "containeruris",
    ];
    let letters = name.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a value may be an image, or have some in it: anything but nothing, an empty text or list, and a boolean.
fn may_be_image(node: &Node) -> bool {
    match &node.content {
        _ if node.is_null() => false,
        Content::Scalar(scalar) => {
            let is_boolean =
                scalar.style == Style::Plain && matches!(scalar.text.as_str(), "true" | "false");
            !is_boolean && !scalar.text.trim().is_empty()
        }
        Content::Mapping(members) => !members.is_empty(),
        Content::Sequence(elements) => !elements.is_empty(),
        Content::Alias => true,
    }
}
