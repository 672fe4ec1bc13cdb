//! Why a document is refused.

use crate::document::{self, NotText, Position};
use crate::limits::{
    MAX_HINT_PLACES, MAX_LISTED_PLACES, MAX_NESTING, MAX_RUN_DOCUMENT_BYTES,
    MAX_RUN_DOCUMENT_KEY_BYTES, MAX_RUN_DOCUMENT_VALUES,
};
use crate::reference;

/// Why a document is refused, with the place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Longer than [`MAX_RUN_DOCUMENT_BYTES`].
    #[error("the document has {length} bytes, more than {MAX_RUN_DOCUMENT_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        length: usize,
    },
    /// More values than are read.
    #[error("the document has more than {MAX_RUN_DOCUMENT_VALUES} values, at {position}")]
    TooManyValues {
        /// The first one past the limit.
        position: Position,
    },
    /// Nested deeper than what is read.
    #[error("nested deeper than {MAX_NESTING} levels at {position}")]
    TooDeep {
        /// Where the limit is passed.
        position: Position,
    },
    /// Bytes that are not UTF-8.
    #[error("not UTF-8 text at {position}")]
    NotUtf8 {
        /// Where the first such byte is.
        position: Position,
    },
    /// A byte order mark, as some Windows editors write.
    #[error("a byte order mark is before the document")]
    ByteOrderMark,
    /// There is no value.
    #[error("the document is empty")]
    Empty,
    /// Not JSON as it should be.
    #[error("the document is not valid JSON")]
    Json(#[source] document::Error),
    /// Not YAML as it should be.
    #[error("not valid YAML at {position}: {problem}")]
    Yaml {
        /// Where reading stopped.
        position: Position,
        /// What the parser says.
        problem: String,
    },
    /// A character that ends a line for some readers of YAML only.
    #[error(
        "the character U+{code:04X} at {position} ends a line for some readers of YAML and not for others"
    )]
    LineBreak {
        /// Where it is.
        position: Position,
        /// The character's number.
        code: u32,
    },
    /// Text on the line that separates two documents.
    #[error(
        "a line that begins with `---` has more text at {position}, which readers of YAML take in different ways"
    )]
    Separator {
        /// Where the line begins.
        position: Position,
    },
    /// A key that occurs twice in one mapping.
    #[error("the key `{name}` occurs twice in one mapping, at {first} and again at {position}")]
    DuplicateKey {
        /// The key.
        name: String,
        /// Where it is first.
        first: Position,
        /// Where it is again.
        position: Position,
    },
    /// A key `<<`, which brings in members from elsewhere.
    #[error("a merge key `<<` is at {position}")]
    MergeKey {
        /// Where it is.
        position: Position,
    },
    /// A key that is not text as it stands: an alias, a tag, a list, a mapping.
    #[error("the key at {position} is not plain text")]
    Key {
        /// Where it is.
        position: Position,
    },
    /// A key that is longer than any name.
    #[error("the key at {position} has more than {MAX_RUN_DOCUMENT_KEY_BYTES} bytes")]
    LongKey {
        /// Where it is.
        position: Position,
    },
    /// More than one document where one is wanted.
    #[error("a second document begins at {position}, where one is wanted")]
    Several {
        /// Where the second one begins.
        position: Position,
    },
    /// An alias at an image, or at what an image is in.
    #[error(
        "{} at {position} is an alias, so what runs stands elsewhere",
        document::place(pointer)
    )]
    Alias {
        /// The place.
        pointer: String,
        /// Where it is.
        position: Position,
    },
    /// A tag at an image, or at what an image is in.
    #[error(
        "{} at {position} has the tag `{tag}`, so what runs is not what is written",
        document::place(pointer)
    )]
    Tag {
        /// The place.
        pointer: String,
        /// The tag.
        tag: String,
        /// Where it is.
        position: Position,
    },
    /// A function of CloudFormation at an image.
    #[error(
        "{} at {position} is the function `{name}`, so what runs is not what is written",
        document::place(pointer)
    )]
    Function {
        /// The place.
        pointer: String,
        /// Its name.
        name: String,
        /// Where it is.
        position: Position,
    },
    /// A parameter at an image, whose value is not known.
    #[error(
        "{} at {position} is the value of parameter `{name}`, which is not given",
        document::place(pointer)
    )]
    Parameter {
        /// The place.
        pointer: String,
        /// The parameter.
        name: String,
        /// Where it is.
        position: Position,
    },
    /// A value that was given for a parameter that no image is.
    #[error("no image in the document is the value of parameter `{name}`")]
    UnusedParameter {
        /// The parameter.
        name: String,
    },
    /// A value of another form than the document's kind has there.
    #[error("{} at {position} is {found}, not {wanted}", document::place(pointer))]
    Shape {
        /// The place.
        pointer: String,
        /// Where it is.
        position: Position,
        /// What is there.
        found: &'static str,
        /// What is wanted.
        wanted: &'static str,
    },
    /// A member that must be there is not.
    #[error("{} at {position} has no `{name}`", document::place(pointer))]
    Missing {
        /// The place.
        pointer: String,
        /// Where it is.
        position: Position,
        /// The member.
        name: &'static str,
    },
    /// An image that is not a reference.
    #[error(
        "{} at {position} is not the reference of an image",
        document::place(pointer)
    )]
    NotReference {
        /// The place.
        pointer: String,
        /// Where it is.
        position: Position,
        /// Whether it may have a variable in it.
        has_variable: bool,
        /// What is wrong with it.
        #[source]
        source: reference::Error,
    },
    /// An image whose registry is left to who pulls it.
    #[error(
        "the image `{image}` in {} at {position} names no registry, so who pulls it decides what runs",
        document::place(pointer)
    )]
    NoRegistry {
        /// The place.
        pointer: String,
        /// Where it is.
        position: Position,
        /// As it is written.
        image: String,
    },
    /// Images, or what may bring some, in places that are not known.
    #[error("{}", unknown(.0))]
    Unknown(Vec<Unknown>),
    /// A place to ignore that the document does not have.
    #[error("the document has nothing at `{pointer}`, which is to be ignored")]
    UnusedIgnore {
        /// The place.
        pointer: String,
    },
    /// A place to ignore that has an image that runs.
    #[error(
        "the image {} at {position} runs, and cannot be ignored",
        document::place(pointer)
    )]
    IgnoredImage {
        /// The image's place.
        pointer: String,
        /// Where it is.
        position: Position,
    },
    /// There is no image.
    #[error("the document has no image")]
    NoImage,
    /// Two digests of one image.
    #[error(
        "{} at {position} is `{found}`, but the image is `{wanted}`",
        document::place(pointer)
    )]
    Digest {
        /// The place.
        pointer: String,
        /// Where it is.
        position: Position,
        /// The digest there.
        found: String,
        /// The image's own.
        wanted: String,
    },
    /// A scalar that cannot be written again without a change of others.
    #[error(
        "the image in {} at {position} cannot be replaced where it stands",
        document::place(pointer)
    )]
    Unwritable {
        /// The place.
        pointer: String,
        /// Where it is.
        position: Position,
    },
    /// What was written does not read as what was to be written.
    #[error("the document with digests would not read as it should")]
    Different,
    /// The readers do not agree about the text.
    #[error("the document could not be located")]
    Unlocatable,
}

/// A place that may have an image, and is not one that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The place.
    pub pointer: String,
    /// Where it is.
    pub position: Position,
    /// What is there.
    pub what: &'static str,
}

/// What an unknown place has whose name is that of an image.
pub(super) const IMAGE_ELSEWHERE: &str = "an image in a place that is not known";

fn unknown(places: &[Unknown]) -> String {
    let listed = places.iter().take(MAX_LISTED_PLACES).map(|place| {
        let Unknown {
            pointer,
            position,
            what,
        } = place;
        format!("{} at {position} is {what}", document::place(pointer))
    });
    let mut listed: Vec<String> = listed.collect();
    if places.len() > MAX_LISTED_PLACES {
        listed.push(format!("and {} more", places.len() - MAX_LISTED_PLACES));
    }
    listed.join(", ")
}

/// How the places are left out from which nothing runs.
fn ignoring(places: &[Unknown]) -> String {
    let settings = places.iter().take(MAX_HINT_PLACES);
    let settings: Vec<String> = settings
        .map(|place| format!("the setting `ignore {}`", place.pointer))
        .collect();
    let noun = if places.len() == 1 {
        "the place"
    } else {
        "each place"
    };
    format!(
        "if nothing runs from there, name {noun} with {}",
        settings.join(" and ")
    )
}

impl From<NotText> for Error {
    fn from(fault: NotText) -> Self {
        match fault {
            NotText::NotUtf8(position) => Self::NotUtf8 { position },
            NotText::ByteOrderMark => Self::ByteOrderMark,
            NotText::Empty => Self::Empty,
        }
    }
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Json(error) => return error.hint(),
            Self::NotUtf8 { .. } => "save the file as UTF-8",
            Self::ByteOrderMark => "save the file as UTF-8 without a byte order mark",
            Self::TooLarge { .. } | Self::TooManyValues { .. } => {
                "check the parts of the document one by one"
            }
            Self::DuplicateKey { .. } => {
                "keep one of the two; readers disagree about which one counts"
            }
            Self::MergeKey { .. } => "write the members out where they belong",
            Self::Alias { .. } => "write the value out where it belongs",
            Self::Separator { .. } => "put `---` on a line of its own",
            Self::LineBreak { .. } => {
                "remove the character, or write it as an escape in double quotes"
            }
            Self::Key { .. } => "write the key as text, without tag, alias or brackets",
            Self::Several { .. } => "put each document into a file of its own",
            Self::Tag { .. } | Self::Function { .. } => {
                "write the image itself; a plain `Ref` to a parameter is resolved by the setting `parameter NAME=VALUE`"
            }
            Self::Parameter { name, .. } => {
                return Some(format!(
                    "name the image that is deployed: the setting `parameter {name}=REGISTRY/REPOSITORY@DIGEST`"
                ));
            }
            Self::UnusedParameter { name } => {
                return Some(format!(
                    "remove the setting `parameter {name}=...`, or correct its name"
                ));
            }
            Self::NotReference {
                has_variable: true, ..
            } => {
                "write the image without variables; for a Compose file, `docker compose config` does so"
            }
            Self::NotReference { source, .. } => {
                return match source {
                    reference::Error::MissingTagOrDigest { .. } => {
                        Some("write the tag or the digest; without one, `latest` runs".to_owned())
                    }
                    other => other.hint(),
                };
            }
            Self::NoRegistry { image, .. } => {
                let library = if image.contains('/') { "" } else { "library/" };
                return Some(format!(
                    "write the registry; for an image of Docker Hub, `docker.io/{library}{image}`"
                ));
            }
            Self::Unknown(places) => return Some(ignoring(places)),
            Self::UnusedIgnore { pointer } => {
                return Some(format!(
                    "remove the setting `ignore {pointer}`, or correct its path"
                ));
            }
            Self::IgnoredImage { .. } => {
                "remove the setting `ignore` that covers the image, or name a place that does not"
            }
            Self::NoImage | Self::Missing { .. } => {
                "check that this is the document that is deployed, and of this kind"
            }
            Self::Empty => "check the path, and that the step before wrote the document",
            Self::Digest { .. } => {
                "the two are of different builds: deploy what the build of this image wrote"
            }
            Self::Yaml { .. } | Self::Shape { .. } => "correct the document at that place",
            Self::Unwritable { .. } => "write the image on one line, and without escapes",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
