//! Why an archive is refused.

use std::io;

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that could lead out of the directory. The sentence is notation's.
    #[error("file name in {form} cannot contain '..', but found \"{}\"", .name.escape_debug())]
    Climbs {
        /// `zip` or `tar.gz`.
        form: &'static str,
        /// The name.
        name: String,
    },
    /// A name that no file can have here.
    #[error("the {form} has the file name \"{}\", which {problem}", .name.escape_debug())]
    Name {
        /// `zip` or `tar.gz`.
        form: &'static str,
        /// The name, as far as it is text.
        name: String,
        /// What is wrong with it: a verb and its object.
        problem: &'static str,
    },
    /// Two files of one name. The sentence is notation's, which has it for zip files alone.
    #[error("{name}: duplicate entries in {form} file")]
    Twice {
        /// `zip` or `tar.gz`.
        form: &'static str,
        /// The name.
        name: String,
    },
    /// It is not a zip file, or one that contradicts itself.
    #[error("zip: not a valid zip file: {problem}")]
    Zip {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It is not a tar file, or one that contradicts itself.
    #[error("archive/tar: invalid tar header: {problem}")]
    Tar {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// It ends too early. The sentence is notation's.
    #[error("unexpected EOF")]
    Ended,
    /// A kind of archive that is not read.
    #[error("the {form} {problem}")]
    Unsupported {
        /// `zip` or `tar.gz`.
        form: &'static str,
        /// What it has or is: a verb and its object.
        problem: &'static str,
    },
    /// More entries than are read.
    #[error("the {form} has more than {max} entries")]
    TooManyEntries {
        /// `zip` or `tar.gz`.
        form: &'static str,
        /// The limit.
        max: usize,
    },
    /// More comes out of it than may.
    #[error("the content of the {form} reaches {max} bytes")]
    TooLarge {
        /// `zip` or `tar.gz`.
        form: &'static str,
        /// The limit, in bytes.
        max: u64,
    },
    /// Far more comes out of it than it has bytes.
    #[error("the content of the {form} is more than {max} times as long as the {form}")]
    Bomb {
        /// `zip` or `tar.gz`.
        form: &'static str,
        /// The limit.
        max: u64,
    },
    /// It cannot be unpacked.
    #[error("the {form} cannot be unpacked")]
    Unpack {
        /// `zip` or `tar.gz`.
        form: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file out of it cannot be written.
    #[error("the file `{name}` of the archive cannot be written")]
    Write {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// What an answer of the system or of the decompression means.
    pub(super) fn reading(form: &'static str, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::UnexpectedEof {
            Self::Ended
        } else {
            Self::Unpack { form, source }
        }
    }

    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Ended | Self::Zip { .. } | Self::Tar { .. } | Self::Unpack { .. } => Some(
                "the file may be damaged or cut off: get it again and compare its SHA-256 checksum with the publisher's"
                    .to_owned(),
            ),
            Self::Climbs { .. }
            | Self::Name { .. }
            | Self::Twice { .. }
            | Self::TooManyEntries { .. }
            | Self::TooLarge { .. }
            | Self::Bomb { .. } => {
                Some("nothing was installed; ask the plugin's publisher what this archive is".to_owned())
            }
            Self::Unsupported { .. } => {
                Some("unpack it with another program, and install the plugin's executable by its path".to_owned())
            }
            Self::Write { .. } => None,
        }
    }
}
