//! Archives of plugins, zip and tar.gz, read in pieces and within bounds; and packages of AWS Lambda (`package`).
//!
//! Input: a file that no other program changes. Output: its regular files one after the other, each by the last part
//! of its name; the caller writes them. No link, device or directory is ever made, and no name leads anywhere. An
//! archive in which anything contradicts anything else is refused: two programs could read it in two ways.

mod budget;
mod entry;
mod error;
pub mod package;
mod tar;
mod tar_header;
mod zip;
mod zip_content;
mod zip_directory;
mod zip_records;

use std::fs::File;
use std::io::Read;

pub use entry::Entry;
pub use error::Error;

/// What is done with a file of an archive: its content is read to the end, or not at all.
pub type Take<'t> = dyn FnMut(&Entry, &mut dyn Read) -> std::io::Result<()> + 't;

/// The form of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A zip file.
    Zip,
    /// A tar file, compressed with gzip.
    TarGz,
}

impl Form {
    /// Bytes at a file's beginning that [`Form::of`] looks at.
    pub const HEAD_BYTES: usize = 4;

    /// The form of a file that begins with `head`; `None` if it is not an archive.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [b'P', b'K', 3, 4, ..] => Some(Self::Zip),
            [0x1f, 0x8b, 8, ..] => Some(Self::TarGz),
            _ => None,
        }
    }
}

/// Gives every regular file of `archive`, which is read from its beginning, to `take`. In a zip file those in directories are left out, unless `is_wanted`
/// wants one by the last part of its name and none beside the directories; a tar file is read whole.
///
/// # Errors
///
/// [`Error`], before or after files were taken: what was taken of an archive that fails is to be thrown away.
pub fn unpack(
    archive: &File,
    form: Form,
    is_wanted: &dyn Fn(&str) -> bool,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    match form {
        Form::Zip => zip::unpack(archive, is_wanted, take),
        Form::TarGz => tar::unpack(archive, take),
    }
}

#[cfg(test)]
mod tests;
