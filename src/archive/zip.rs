//! Zip files.

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::Crc;
use flate2::bufread::DeflateDecoder;

use super::Take;
use super::budget::Budget;
use super::entry::{Content, Entry, Names};
use super::error::Error;
use super::zip_directory::{self, Listed};

const FORM: &str = "zip";

/// The bits of a mode that say what it is, and the two values for a regular file.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

pub(super) fn unpack(
    archive: &File,
    is_wanted: &dyn Fn(&str) -> bool,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    let mut file = archive;
    let listed = zip_directory::read(&mut file)?;
    let mut names = Names::new(FORM);
    let mut budget = Budget::new(FORM);
    let mut regular = Vec::new();
    for entry in &listed {
        budget.entry()?;
        let name = names.check(&entry.name)?;
        if is_regular(entry) {
            regular.push((entry, name));
        }
    }
    let is_beside_directories = |name: &str| !name.trim_start_matches('/').contains('/');
    let last = |name: &str| is_wanted(name.rsplit('/').next().unwrap_or_default());
    let has_wanted = regular
        .iter()
        .any(|(_, name)| is_beside_directories(name) && last(name));
    let mut packed = 0_u64;
    for (entry, name) in regular {
        if !is_beside_directories(&name) && (has_wanted || !last(&name)) {
            continue;
        }
        packed = packed.saturating_add(entry.packed);
        budget.bytes(entry.size, packed)?;
        let entry_name = Entry {
            name: names.take(&name)?,
            mode: entry.mode.map(|mode| mode & 0o7777),
        };
        zip_directory::seek(&mut file, entry)?;
        unpack_one(file, entry, &entry_name, take)?;
    }
    Ok(())
}

fn is_regular(entry: &Listed) -> bool {
    !entry.is_directory
        && entry
            .mode
            .is_none_or(|mode| matches!(mode & KIND, 0 | REGULAR))
}

/// Unpacks the entry whose content begins at the file's position; it must be exactly as the directory says.
fn unpack_one(
    file: &File,
    listed: &Listed,
    entry: &Entry,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    let packed = BufReader::new(file.take(listed.packed));
    if listed.is_deflated {
        let mut stream = DeflateDecoder::new(packed);
        copy(&mut stream, listed, entry, take)?;
        // The compressed data ends where it says, and so does what it is compressed from.
        let has_more = stream
            .read(&mut [0])
            .map_err(|source| Error::reading(FORM, source))?;
        if has_more > 0 || stream.total_in() != listed.packed {
            return Err(Error::Zip {
                problem: "an entry is longer than it says",
            });
        }
        Ok(())
    } else {
        let mut packed = packed;
        copy(&mut packed, listed, entry, take)
    }
}

fn copy(
    stream: &mut dyn Read,
    listed: &Listed,
    entry: &Entry,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    let mut content = Content::new(
        Checked {
            stream,
            checksum: Crc::new(),
        },
        listed.size,
    );
    let taken = take(entry, &mut content).and_then(|()| io::copy(&mut content, &mut io::sink()));
    match taken {
        Err(error) if content.is_whole_so_far() => Err(Error::Write {
            name: entry.name.clone(),
            source: error,
        }),
        Err(error) => Err(Error::reading(FORM, error)),
        Ok(_) if content.into_inner().checksum.sum() == listed.checksum => Ok(()),
        Ok(_) => Err(Error::Zip {
            problem: "the checksum of an entry is wrong",
        }),
    }
}

/// A stream with the checksum of what was read.
struct Checked<'s> {
    stream: &'s mut dyn Read,
    checksum: Crc,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.checksum.update(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
