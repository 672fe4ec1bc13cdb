//! A package from its first byte to its last: every byte belongs to one entry, to the directory or to the end record.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek as _, SeekFrom};

use super::error::PackageError as Error;
use super::{PackageEntry, extra};
use crate::algorithm::{HashAlgorithm, Hasher};
use crate::archive::zip_content::{self, Facts, Fault};
use crate::archive::zip_records::{Fields, LOCAL, LOCAL_BYTES, SIZES_FOLLOW};

/// The record behind an entry whose sizes stand there.
const DESCRIPTOR: &[u8] = b"PK\x07\x08";
const DESCRIPTOR_BYTES: usize = 16;

/// A file that is read once, with where it is and the hash of what was read.
struct Tape<'f> {
    file: BufReader<&'f File>,
    position: u64,
    hasher: Hasher,
}

impl Read for Tape<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        if let (Some(from), Some(to)) = (available.get(..count), buffer.get_mut(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Tape<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.file.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let consumed = self.file.buffer().get(..count).unwrap_or_default();
        self.hasher.update(consumed);
        self.position = self
            .position
            .saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        self.file.consume(count);
    }
}

/// What is done with the content of an entry.
pub(super) type Take<'t> = dyn FnMut(&PackageEntry, &mut dyn Read) -> io::Result<()> + 't;

/// Gives every content to `take`; answers the SHA-256 of the file.
pub(super) fn walk(
    file: &File,
    entries: &[PackageEntry],
    directory: u64,
    take: &mut Take<'_>,
) -> Result<Vec<u8>, Error> {
    let mut start = file;
    start.seek(SeekFrom::Start(0)).map_err(Error::Read)?;
    let mut reader = Tape {
        file: BufReader::with_capacity(64 * 1024, file),
        position: 0,
        hasher: HashAlgorithm::Sha256.hasher(),
    };
    for entry in entries {
        check_place(reader.position, entry.offset, &entry.name)?;
        one(&mut reader, entry, take)?;
    }
    check_place(reader.position, directory, "(the directory)")?;
    io::copy(&mut reader, &mut io::sink()).map_err(Error::Read)?;
    Ok(reader.hasher.finish())
}

/// What follows begins where the one before ended.
fn check_place(position: u64, offset: u64, name: &str) -> Result<(), Error> {
    match offset.checked_sub(position) {
        Some(0) => Ok(()),
        Some(bytes) if position == 0 => Err(Error::DataBefore { bytes }),
        Some(bytes) => Err(Error::DataBetween {
            bytes,
            before: name.to_owned(),
        }),
        None => Err(Error::Order {
            name: name.to_owned(),
        }),
    }
}

fn one(reader: &mut Tape<'_>, entry: &PackageEntry, take: &mut Take<'_>) -> Result<(), Error> {
    let name = || entry.name.clone();
    header(reader, entry)?;
    let unpacked = zip_content::unpack(reader, entry.facts, &mut |content| take(entry, content));
    unpacked.map_err(|fault| match fault {
        Fault::Read(source) => Error::Unpack {
            name: name(),
            source,
        },
        Fault::Taken(source) => Error::Taken {
            name: name(),
            source,
        },
        Fault::Longer => Error::Length { name: name() },
        Fault::Checksum => Error::Checksum { name: name() },
    })?;
    if entry.flags & SIZES_FOLLOW != 0 {
        descriptor(reader, entry)?;
    }
    Ok(())
}

/// Reads the header before an entry, of which every field must be the directory's.
fn header(reader: &mut Tape<'_>, entry: &PackageEntry) -> Result<(), Error> {
    let name = || entry.name.clone();
    let missing = |_| Error::NoHeader { name: name() };
    let mut head = [0; LOCAL_BYTES];
    reader.read_exact(&mut head).map_err(missing)?;
    if !head.starts_with(LOCAL) {
        return Err(Error::NoHeader { name: name() });
    }
    let fields = Fields(&head);
    let mut local_name = vec![0; usize::from(fields.short(26))];
    let mut local_extra = vec![0; usize::from(fields.short(28))];
    reader.read_exact(&mut local_name).map_err(missing)?;
    reader.read_exact(&mut local_extra).map_err(missing)?;
    let Facts {
        is_deflated,
        checksum,
        packed,
        size,
    } = entry.facts;
    let sizes = (
        fields.long(14),
        u64::from(fields.long(18)),
        u64::from(fields.long(22)),
    );
    // Where a record follows, what was not known yet is zero; Info-ZIP knows the size.
    let follows = entry.flags & SIZES_FOLLOW != 0;
    let is_other = |found: u64, wanted: u64| found != wanted && !(follows && found == 0);
    let method = if is_deflated { 8 } else { 0 };
    let differs = [
        ("version", fields.short(4) != entry.version),
        ("set of flags", fields.short(6) != entry.flags),
        ("method", fields.short(8) != method),
        ("time", fields.long(10) != entry.time),
        ("checksum", is_other(sizes.0.into(), checksum.into())),
        ("packed size", is_other(sizes.1, packed)),
        ("size", is_other(sizes.2, size)),
        ("name", local_name != entry.name.as_bytes()),
    ];
    if let Some((field, _)) = differs.into_iter().find(|(_, differs)| *differs) {
        return Err(Error::HeadersDiffer {
            name: name(),
            field,
        });
    }
    if !is_deflated && sizes.1 != packed {
        return Err(Error::EndUnknown { name: name() });
    }
    extra::check(&entry.name, &local_extra)
}

/// Reads the record behind an entry.
fn descriptor(reader: &mut Tape<'_>, entry: &PackageEntry) -> Result<(), Error> {
    let wrong = |problem| Error::Descriptor {
        name: entry.name.clone(),
        problem,
    };
    let mut record = [0; DESCRIPTOR_BYTES];
    reader
        .read_exact(&mut record)
        .map_err(|_| wrong("is missing"))?;
    if !record.starts_with(DESCRIPTOR) {
        return Err(wrong("is missing, or has no mark"));
    }
    let fields = Fields(&record);
    let found = (
        fields.long(4),
        u64::from(fields.long(8)),
        u64::from(fields.long(12)),
    );
    if found != (entry.facts.checksum, entry.facts.packed, entry.facts.size) {
        return Err(wrong("says something else than the directory"));
    }
    Ok(())
}
