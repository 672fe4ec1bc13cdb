//! A whole package of AWS Lambda, a zip file, read strictly: its entries in their order, each with its content.
//!
//! Input: a file that no other program changes. Output: entries, and contents as a stream, in memory that does not grow
//! with them. A package is refused where a reader that begins at the front, one that begins at the directory, one that
//! searches for the end, one that believes extra fields, or one on another file system could find something else than
//! this one.

mod directory;
mod error;
mod extra;
mod names;
mod walk;

use std::fs::File;
use std::io::Read;
use std::time::SystemTime;

pub use error::PackageError;

use super::zip_content::Facts;

/// What is accepted although it is unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Symbolic links, devices, and bits that run a file as another user.
    pub links: bool,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; its content is where it leads.
    Link,
    /// A device, a pipe or a socket.
    Device,
}

/// An entry of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageEntry {
    name: String,
    kind: EntryKind,
    mode: u32,
    facts: Facts,
    version: u16,
    flags: u16,
    /// Time and date, as MS-DOS has them.
    time: u32,
    offset: u64,
}

impl PackageEntry {
    /// Its name, which ends with a slash where it is a directory.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is.
    pub const fn kind(&self) -> EntryKind {
        self.kind
    }

    /// Its mode as Unix knows it, with its kind; zero where it has none.
    pub const fn mode(&self) -> u32 {
        self.mode
    }

    /// Bytes of its content.
    pub const fn size(&self) -> u64 {
        self.facts.size
    }
}

/// A package whose directory was read.
#[derive(Debug)]
pub struct Package<'f> {
    file: &'f File,
    entries: Vec<PackageEntry>,
    directory: u64,
    state: State,
}

/// What shows that a file was written to.
#[derive(Debug, PartialEq, Eq)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
}

impl State {
    fn of(file: &File) -> Result<Self, PackageError> {
        let metadata = file.metadata().map_err(PackageError::Read)?;
        Ok(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

impl<'f> Package<'f> {
    /// Reads the directory of the package in `file`.
    ///
    /// # Errors
    ///
    /// [`PackageError`].
    pub fn open(file: &'f File, allowed: Allowed) -> Result<Self, PackageError> {
        let state = State::of(file)?;
        let mut reader = file;
        let place = directory::find(&mut reader, state.length)?;
        let entries = directory::read(&mut reader, place, allowed)?;
        Ok(Self {
            file,
            entries,
            directory: place.start,
            state,
        })
    }

    /// Its entries, in their order in the file, which is that of the directory.
    pub fn entries(&self) -> &[PackageEntry] {
        &self.entries
    }

    /// Gives the content of every entry to `take`, in order, and answers the SHA-256 of the whole file. Only when it has
    /// answered is the package one that every reader reads in the same way.
    ///
    /// # Errors
    ///
    /// [`PackageError`].
    pub fn read_through(
        &self,
        take: &mut dyn FnMut(&PackageEntry, &mut dyn Read) -> std::io::Result<()>,
    ) -> Result<Vec<u8>, PackageError> {
        let digest = walk::walk(self.file, &self.entries, self.directory, take)?;
        if State::of(self.file)? == self.state {
            Ok(digest)
        } else {
            Err(PackageError::Changed)
        }
    }
}
