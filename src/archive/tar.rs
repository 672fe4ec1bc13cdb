//! Tar files, compressed with gzip.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;

use super::Take;
use super::budget::{Budget, CountingReader};
use super::entry::{Content, Entry, Names};
use super::error::Error;
use super::tar_header::{BLOCK, Extended, Header, Kind};
use crate::limits::MAX_ARCHIVE_HEADER_BYTES;

const FORM: &str = "tar.gz";

pub(super) fn unpack(archive: &File, take: &mut Take<'_>) -> Result<(), Error> {
    let mut start = archive;
    start
        .rewind()
        .map_err(|source| Error::reading(FORM, source))?;
    let (counted, packed) = CountingReader::new(archive);
    let mut archive = Archive {
        stream: MultiGzDecoder::new(BufReader::new(counted)),
        packed,
        budget: Budget::new(FORM),
    };
    let mut names = Names::new(FORM);
    let mut extended = Extended::default();
    while let Some(header) = archive.header()? {
        let size = extended.size.unwrap_or(header.size);
        match header.kind {
            Kind::Extended => {
                let records = archive.small(header.size)?;
                extended = Extended::parse(&records)?;
                continue;
            }
            Kind::LongName => {
                let mut name = archive.small(header.size)?;
                while name.last() == Some(&0) {
                    name.pop();
                }
                extended.path = Some(name);
                continue;
            }
            Kind::LongLink => {
                archive.small(header.size)?;
                continue;
            }
            Kind::Global => {
                // A name or a size for every entry makes no sense, and another program may use it.
                let global = Extended::parse(&archive.small(header.size)?)?;
                if global.path.is_some() || global.size.is_some() {
                    return Err(Error::Tar {
                        problem: "its global header has a name or a size",
                    });
                }
                continue;
            }
            Kind::Regular | Kind::Other | Kind::Skipped => {}
        }
        let name = extended.path.take().unwrap_or(header.name);
        let name = names.check(&name)?;
        extended = Extended::default();
        match header.kind {
            Kind::Other => {}
            Kind::Regular => {
                let entry = Entry {
                    name: names.take(&name)?,
                    mode: Some(header.mode),
                };
                archive.file(&entry, size, take)?;
            }
            _ => archive.skip(size)?,
        }
    }
    archive.finish()
}

struct Archive<'f> {
    stream: MultiGzDecoder<BufReader<CountingReader<&'f File>>>,
    /// How many bytes of the compressed file were read.
    packed: Rc<Cell<u64>>,
    budget: Budget,
}

impl Archive<'_> {
    /// The next header; `None` at the end.
    fn header(&mut self) -> Result<Option<Header>, Error> {
        let mut block = [0; BLOCK];
        let mut length = 0;
        while let Some(room) = block.get_mut(length..).filter(|room| !room.is_empty()) {
            match self.stream.read(room) {
                // Some writers leave the two blocks of the end out.
                Ok(0) if length == 0 => return Ok(None),
                Ok(0) => return Err(Error::Ended),
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::reading(FORM, error)),
            }
        }
        let packed = self.packed.get();
        self.budget.bytes(512, packed)?;
        let header = Header::parse(&block)?;
        if header.is_some() {
            self.budget.entry()?;
        }
        Ok(header)
    }

    /// The content of a header that is part of another.
    fn small(&mut self, size: u64) -> Result<Vec<u8>, Error> {
        if size > MAX_ARCHIVE_HEADER_BYTES {
            return Err(Error::Tar {
                problem: "an extended header is too long",
            });
        }
        let mut bytes = Vec::new();
        self.content(size, &mut |content| {
            content.read_to_end(&mut bytes).map(drop)
        })?;
        Ok(bytes)
    }

    fn file(&mut self, entry: &Entry, size: u64, take: &mut Take<'_>) -> Result<(), Error> {
        self.content(size, &mut |content| take(entry, content))
            .map_err(|error| match error {
                Error::Write { source, .. } => Error::Write {
                    name: entry.name.clone(),
                    source,
                },
                other => other,
            })
    }

    fn skip(&mut self, size: u64) -> Result<(), Error> {
        self.content(size, &mut |_| Ok(()))
    }

    /// Hands the next `size` bytes to `read`, and passes over the rest of them and what they are padded with.
    fn content(
        &mut self,
        size: u64,
        read: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
    ) -> Result<(), Error> {
        let padding = (512 - size % 512) % 512;
        let mut content = Content::new(
            Metered {
                stream: &mut self.stream,
                packed: &self.packed,
                budget: &mut self.budget,
                refused: None,
            },
            size.saturating_add(padding),
        );
        let done = {
            let mut wanted = Content::new(&mut content, size);
            read(&mut wanted)
        };
        let failed = |content: Content<Metered<'_, '_>>, error| {
            let is_archive = !content.is_whole_so_far();
            match content.into_inner().refused {
                Some(refused) => refused,
                None if is_archive => Error::reading(FORM, error),
                None => Error::Write {
                    name: String::new(),
                    source: error,
                },
            }
        };
        if let Err(error) = done {
            return Err(failed(content, error));
        }
        match io::copy(&mut content, &mut io::sink()) {
            Ok(_) => Ok(()),
            Err(error) => Err(failed(content, error)),
        }
    }

    /// Reads to the end, so that the checksum of the whole is compared. What follows the end is padding.
    fn finish(&mut self) -> Result<(), Error> {
        let mut buffer = [0; 8_192];
        loop {
            let read = match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Error::reading(FORM, error)),
            };
            if buffer.iter().take(read).any(|byte| *byte != 0) {
                return Err(Error::Tar {
                    problem: "something follows the end of the archive",
                });
            }
            let packed = self.packed.get();
            self.budget
                .bytes(u64::try_from(read).unwrap_or(u64::MAX), packed)?;
        }
    }
}

/// A stream of which every piece is counted.
struct Metered<'a, 'f> {
    stream: &'a mut MultiGzDecoder<BufReader<CountingReader<&'f File>>>,
    packed: &'a Cell<u64>,
    budget: &'a mut Budget,
    /// Why no more may come out of it.
    refused: Option<Error>,
}

impl Read for Metered<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        let more = u64::try_from(read).unwrap_or(u64::MAX);
        if let Err(error) = self.budget.bytes(more, self.packed.get()) {
            let words = error.to_string();
            self.refused = Some(error);
            return Err(io::Error::other(words));
        }
        Ok(read)
    }
}
