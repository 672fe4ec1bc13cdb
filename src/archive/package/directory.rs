//! The end record and the directory of a package: nothing in them is left to a reader's choice.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Seek as _, SeekFrom};

use super::error::PackageError as Error;
use super::{Allowed, EntryKind, PackageEntry, extra, names};
use crate::archive::zip_content::Facts;
use crate::archive::zip_records::{
    CENTRAL, CENTRAL_BYTES, ENCRYPTED, END, END_BYTES, Fields, KIND, REGULAR, SIZES_FOLLOW,
};
use crate::limits::{
    FREE_PACKAGE_BYTES, MAX_ARCHIVE_RATIO, MAX_PACKAGE_BYTES, MAX_PACKAGE_DIRECTORY_BYTES,
    MAX_PACKAGE_ENTRIES,
};

/// What precedes the end record where there are zip64 records.
const ZIP64_LOCATOR: &[u8] = b"PK\x06\x07";
const ZIP64_LOCATOR_BYTES: usize = 20;

/// Names are UTF-8.
pub(super) const UTF8: u16 = 1 << 11;
/// How hard the compression tried; nothing that a reader needs.
const EFFORT: u16 = 0b110;

const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;
const SET_ID: u32 = 0o6_000;

/// Where the directory is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) start: u64,
    bytes: u64,
    count: usize,
}

/// Finds the directory of a file of `length` bytes.
pub(super) fn find(file: &mut &File, length: u64) -> Result<Place, Error> {
    if length > MAX_PACKAGE_BYTES {
        return Err(Error::TooLarge {
            bytes: length,
            max: MAX_PACKAGE_BYTES,
        });
    }
    // The longest comment, the end record, and what would stand before it.
    let most = ZIP64_LOCATOR_BYTES + END_BYTES + usize::from(u16::MAX);
    let tail = length.min(u64::try_from(most).unwrap_or_default());
    let mut bytes = vec![0; usize::try_from(tail).unwrap_or_default()];
    file.seek(SeekFrom::Start(length - tail))
        .and_then(|_| file.read_exact(&mut bytes))
        .map_err(Error::Read)?;
    let (record, at) = end(&bytes, length - tail)?;
    let fields = Fields(record);
    let (count, size, start) = (fields.short(10), fields.long(12), fields.long(16));
    let before = usize::try_from(at - (length - tail)).unwrap_or_default();
    let locator = bytes.get(..before).unwrap_or_default();
    let locator = locator.get(before.saturating_sub(ZIP64_LOCATOR_BYTES)..);
    if count == u16::MAX
        || size == u32::MAX
        || start == u32::MAX
        || locator.is_some_and(|bytes| bytes.starts_with(ZIP64_LOCATOR))
    {
        return Err(Error::Zip64);
    }
    if fields.short(4) != 0 || fields.short(6) != 0 {
        return Err(Error::SeveralParts);
    }
    if fields.short(8) != count {
        return Err(Error::Count);
    }
    if usize::from(count) > MAX_PACKAGE_ENTRIES {
        return Err(Error::TooManyEntries {
            max: MAX_PACKAGE_ENTRIES,
        });
    }
    let (size, start) = (u64::from(size), u64::from(start));
    if start.checked_add(size) != Some(at) {
        return Err(Error::DirectoryPlace);
    }
    if size > MAX_PACKAGE_DIRECTORY_BYTES {
        return Err(Error::LargeDirectory {
            bytes: size,
            max: MAX_PACKAGE_DIRECTORY_BYTES,
        });
    }
    Ok(Place {
        start,
        bytes: size,
        count: usize::from(count),
    })
}

/// The end record among the last `bytes` of a file, which begin at `offset`; and where it begins. Readers look for it from
/// the end or from the front, and some do not ask whether its comment ends with the file.
fn end(bytes: &[u8], offset: u64) -> Result<(&[u8], u64), Error> {
    let place = |at: usize| offset.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
    let mut found = None;
    for at in (0..bytes.len()).rev() {
        let Some(rest) = bytes.get(at..).filter(|rest| rest.starts_with(END)) else {
            continue;
        };
        let comment = match rest.get(..END_BYTES) {
            Some(record) => usize::from(Fields(record).short(20)),
            // It is cut off: whatever stands before it, some reader takes this one.
            None if found.is_none() => return Err(Error::NoEnd),
            None => continue,
        };
        let ends = END_BYTES + comment;
        match found {
            None if ends == rest.len() => found = Some((rest, at)),
            None if ends < rest.len() => {
                let after = rest.len() - ends;
                return Err(Error::DataAfter {
                    bytes: u64::try_from(after).unwrap_or(u64::MAX),
                });
            }
            None => return Err(Error::NoEnd),
            Some(_) if ends == rest.len() => return Err(Error::SecondEnd { at: place(at) }),
            Some(_) => {}
        }
    }
    let (record, at) = found.ok_or(Error::NoEnd)?;
    Ok((record, place(at)))
}

/// Reads the directory that is at `place`.
pub(super) fn read(
    file: &mut &File,
    place: Place,
    allowed: Allowed,
) -> Result<Vec<PackageEntry>, Error> {
    file.seek(SeekFrom::Start(place.start))
        .map_err(Error::Read)?;
    let mut directory = BufReader::new(file.take(place.bytes));
    let mut entries = Vec::new();
    let mut budget = Budget::default();
    for _ in 0..place.count {
        let entry = central(&mut directory, allowed)?;
        budget.add(&entry.facts)?;
        entries.push(entry);
    }
    if !directory.fill_buf().map_err(Error::Read)?.is_empty() {
        return Err(Error::Count);
    }
    let all: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    names::check_all(&all)?;
    Ok(entries)
}

/// How much may come out of a package.
#[derive(Debug, Default)]
struct Budget {
    packed: u64,
    size: u64,
}

impl Budget {
    fn add(&mut self, facts: &Facts) -> Result<(), Error> {
        self.packed = self.packed.saturating_add(facts.packed);
        self.size = self.size.saturating_add(facts.size);
        if self.size > MAX_PACKAGE_BYTES {
            return Err(Error::Content {
                max: MAX_PACKAGE_BYTES,
            });
        }
        let allowed = self.packed.saturating_mul(MAX_ARCHIVE_RATIO);
        if self.size > FREE_PACKAGE_BYTES.saturating_add(allowed) {
            return Err(Error::Bomb {
                max: MAX_ARCHIVE_RATIO,
            });
        }
        Ok(())
    }
}

/// Reads one entry of the directory.
fn central(directory: &mut impl Read, allowed: Allowed) -> Result<PackageEntry, Error> {
    let mut head = [0; CENTRAL_BYTES];
    let mut fill = |bytes: &mut [u8]| {
        let read = directory.read_exact(bytes);
        read.map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::Count,
            _ => Error::Read(error),
        })
    };
    fill(&mut head)?;
    if !head.starts_with(CENTRAL) {
        return Err(Error::Directory);
    }
    let fields = Fields(&head);
    let mut name = vec![0; usize::from(fields.short(28))];
    let mut extra = vec![0; usize::from(fields.short(30))];
    let mut comment = vec![0; usize::from(fields.short(32))];
    fill(&mut name)?;
    fill(&mut extra)?;
    fill(&mut comment)?;
    let flags = fields.short(8);
    let name = names::check(&name, flags & UTF8 != 0)?;
    if flags & ENCRYPTED != 0 {
        return Err(Error::Encrypted { name });
    }
    if flags & !(UTF8 | EFFORT | SIZES_FOLLOW) != 0 {
        return Err(Error::Flags { name, flags });
    }
    extra::check(&name, &extra)?;
    let (packed, size, offset) = (fields.long(20), fields.long(24), fields.long(42));
    if [packed, size, offset].contains(&u32::MAX) {
        return Err(Error::Zip64);
    }
    if fields.short(34) != 0 {
        return Err(Error::SeveralParts);
    }
    let is_deflated = match fields.short(10) {
        0 if packed == size => false,
        0 => return Err(Error::Length { name }),
        8 => true,
        method => return Err(Error::Method { name, method }),
    };
    check_origin(&name, &fields)?;
    let attributes = fields.long(38);
    let kind = kind(&name, attributes, allowed)?;
    if kind == EntryKind::Directory && size > 0 {
        return Err(Error::DirectoryContent { name });
    }
    Ok(PackageEntry {
        name,
        kind,
        mode: attributes >> 16,
        facts: Facts {
            is_deflated,
            checksum: fields.long(16),
            packed: u64::from(packed),
            size: u64::from(size),
        },
        version: fields.short(6),
        flags,
        time: fields.long(12),
        offset: u64::from(offset),
    })
}

/// Checks what an entry says of its making. A reader that knows less than it needs leaves it out, or refuses the file; a
/// system decides what attributes mean.
fn check_origin(name: &str, fields: &Fields<'_>) -> Result<(), Error> {
    let name = || name.to_owned();
    match fields.short(6) {
        // Files; directories and deflate.
        10 | 20 => {}
        45 => return Err(Error::Zip64),
        version => {
            return Err(Error::Version {
                name: name(),
                version,
            });
        }
    }
    match fields.short(4) >> 8 {
        // MS-DOS, Unix, NTFS by either number, VFAT, macOS.
        0 | 3 | 10 | 11 | 14 | 19 => {}
        system => {
            return Err(Error::System {
                name: name(),
                system,
            });
        }
    }
    match fields.short(36) {
        // Whether it looks like text.
        0 | 1 => Ok(()),
        attributes => Err(Error::Attributes {
            name: name(),
            attributes,
        }),
    }
}

/// What an entry is. Some readers take a mode for one whatever system made the archive, others do not.
fn kind(name: &str, attributes: u32, allowed: Allowed) -> Result<EntryKind, Error> {
    const DOS_VOLUME_LABEL: u32 = 0x08;
    const DOS_DIRECTORY: u32 = 0x10;
    let owned = || name.to_owned();
    if attributes & DOS_VOLUME_LABEL != 0 {
        return Err(Error::VolumeLabel { name: owned() });
    }
    let mode = attributes >> 16;
    let is_named = name.ends_with('/');
    if mode & SET_ID != 0 && !allowed.links {
        return Err(Error::SetId { name: owned() });
    }
    let kind = match mode & KIND {
        0 if is_named => EntryKind::Directory,
        0 | REGULAR => EntryKind::File,
        DIRECTORY => EntryKind::Directory,
        LINK if allowed.links => EntryKind::Link,
        LINK => return Err(Error::Link { name: owned() }),
        _ if allowed.links => EntryKind::Device,
        _ => return Err(Error::Device { name: owned() }),
    };
    let by = match (is_named, kind == EntryKind::Directory) {
        (true, false) => "its name",
        (false, true) => "its mode",
        (false, false) if attributes & DOS_DIRECTORY != 0 => "its attributes",
        _ => return Ok(kind),
    };
    Err(Error::Kind { name: owned(), by })
}
