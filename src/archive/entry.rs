//! A file of an archive, and what its name may be.

use std::collections::BTreeSet;
use std::io::{self, Read};

use super::error::Error;
use crate::limits::{MAX_ARCHIVE_FILE_NAME_BYTES, MAX_ARCHIVE_NAME_BYTES, MAX_NAME_CHARS};

/// A regular file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The last part of its name, which is a file's name.
    pub name: String,
    /// Its permissions; `None` where the archive knows none.
    pub mode: Option<u32>,
}

/// Names of the files that were taken.
#[derive(Debug)]
pub(super) struct Names {
    form: &'static str,
    taken: BTreeSet<String>,
}

impl Names {
    pub(super) fn new(form: &'static str) -> Self {
        Self {
            form,
            taken: BTreeSet::new(),
        }
    }

    /// Checks the name of an entry of whatever kind; gives it as text.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<String, Error> {
        let form = self.form;
        let wrong = |problem| Error::Name {
            form,
            name: String::from_utf8_lossy(bytes)
                .chars()
                .take(MAX_NAME_CHARS)
                .collect(),
            problem,
        };
        if bytes.len() > MAX_ARCHIVE_NAME_BYTES {
            return Err(wrong("is too long"));
        }
        let name = std::str::from_utf8(bytes).map_err(|_| wrong("is not UTF-8"))?;
        if name.contains("..") {
            return Err(Error::Climbs {
                form,
                name: name.to_owned(),
            });
        }
        if name.contains('\\') {
            return Err(wrong("has a backslash"));
        }
        if name.chars().any(char::is_control) {
            return Err(wrong("has a control character"));
        }
        Ok(name.to_owned())
    }

    /// The last part of a regular file's name, which no file before it has.
    pub(super) fn take(&mut self, name: &str) -> Result<String, Error> {
        let form = self.form;
        let last = name.rsplit('/').next().unwrap_or_default();
        let problem = match last {
            "" | "." => "is not that of a file",
            last if last.len() > MAX_ARCHIVE_FILE_NAME_BYTES => "is too long",
            _ => "",
        };
        if !problem.is_empty() {
            return Err(Error::Name {
                form,
                name: name.chars().take(MAX_NAME_CHARS).collect(),
                problem,
            });
        }
        if !self.taken.insert(last.to_owned()) {
            return Err(Error::Twice {
                form,
                name: last.to_owned(),
            });
        }
        Ok(last.to_owned())
    }
}

/// The content of a file, which has exactly so many bytes.
pub(super) struct Content<R> {
    inner: R,
    left: u64,
    /// What reading failed with, which the one who wrote the file need not have kept.
    failed: Option<io::ErrorKind>,
}

impl<R: Read> Content<R> {
    pub(super) fn new(inner: R, size: u64) -> Self {
        Self {
            inner,
            left: size,
            failed: None,
        }
    }

    pub(super) fn into_inner(self) -> R {
        self.inner
    }

    /// Whether it was not the archive that failed.
    pub(super) fn is_whole_so_far(&self) -> bool {
        self.failed.is_none()
    }
}

impl<R: Read> Read for Content<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let Some(room) = buffer.get_mut(..most).filter(|room| !room.is_empty()) else {
            return Ok(0);
        };
        let read = match self.inner.read(room) {
            Ok(0) => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            read => read,
        };
        match &read {
            Ok(count) => {
                let count = u64::try_from(*count).unwrap_or(u64::MAX);
                self.left = self.left.saturating_sub(count);
            }
            Err(error) => self.failed = Some(error.kind()),
        }
        read
    }
}
