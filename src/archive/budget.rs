//! How much may come out of an archive.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use super::error::Error;
use crate::limits::{
    FREE_ARCHIVE_BYTES, MAX_ARCHIVE_ENTRIES, MAX_ARCHIVE_RATIO, MAX_PLUGIN_SOURCE_BYTES,
};

/// What has come out of an archive so far.
#[derive(Debug)]
pub(super) struct Budget {
    form: &'static str,
    entries: usize,
    bytes: u64,
}

impl Budget {
    pub(super) fn new(form: &'static str) -> Self {
        Self {
            form,
            entries: 0,
            bytes: 0,
        }
    }

    /// Counts an entry.
    pub(super) fn entry(&mut self) -> Result<(), Error> {
        self.entries += 1;
        if self.entries > MAX_ARCHIVE_ENTRIES {
            return Err(Error::TooManyEntries {
                form: self.form,
                max: MAX_ARCHIVE_ENTRIES,
            });
        }
        Ok(())
    }

    /// Counts bytes that come out of `packed` bytes, which is everything that was read so far.
    pub(super) fn bytes(&mut self, more: u64, packed: u64) -> Result<(), Error> {
        let form = self.form;
        self.bytes = self.bytes.saturating_add(more);
        // Reaching the limit is too much, as in notation.
        if self.bytes >= MAX_PLUGIN_SOURCE_BYTES {
            return Err(Error::TooLarge {
                form,
                max: MAX_PLUGIN_SOURCE_BYTES,
            });
        }
        if self.bytes > FREE_ARCHIVE_BYTES.saturating_add(packed.saturating_mul(MAX_ARCHIVE_RATIO))
        {
            return Err(Error::Bomb {
                form,
                max: MAX_ARCHIVE_RATIO,
            });
        }
        Ok(())
    }
}

/// Counts what is read through it.
#[derive(Debug)]
pub(super) struct CountingReader<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> CountingReader<R> {
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<u64>>) {
        let count = Rc::<Cell<u64>>::default();
        let counted = Self {
            inner,
            count: Rc::clone(&count),
        };
        (counted, count)
    }
}

impl<R: Read> Read for CountingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let more = u64::try_from(read).unwrap_or(u64::MAX);
        self.count.set(self.count.get().saturating_add(more));
        Ok(read)
    }
}
