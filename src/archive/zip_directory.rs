//! The central directory of a zip file, which says what is in it; and the header before each entry, which must say the
//! same.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use super::error::Error;
use super::zip_records::{
    CENTRAL, CENTRAL_BYTES, ENCRYPTED, END, END_BYTES, Fields, LOCAL, LOCAL_BYTES, SIZES_FOLLOW,
};
use crate::limits::MAX_ARCHIVE_ENTRIES;

const FORM: &str = "zip";

/// An entry as the central directory has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DirectoryEntry {
    pub(super) name: Vec<u8>,
    pub(super) is_deflated: bool,
    pub(super) checksum: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// What Unix knows about it, its kind included; `None` where another system wrote the archive.
    pub(super) mode: Option<u32>,
    /// Whether it is a directory for other systems.
    pub(super) is_directory: bool,
    flags: u16,
    method: u16,
    offset: u64,
}

const fn wrong(problem: &'static str) -> Error {
    Error::Zip { problem }
}

const fn unsupported(problem: &'static str) -> Error {
    Error::Unsupported {
        form: FORM,
        problem,
    }
}

fn read_at(file: &mut &File, offset: u64, bytes: &mut [u8]) -> Result<(), Error> {
    file.seek(SeekFrom::Start(offset))
        .and_then(|_| file.read_exact(bytes))
        .map_err(|source| Error::reading(FORM, source))
}

/// The entries of a zip file, in the order in which the central directory lists them.
pub(super) fn read(file: &mut &File) -> Result<Vec<DirectoryEntry>, Error> {
    let length = file
        .seek(SeekFrom::End(0))
        .map_err(|source| Error::reading(FORM, source))?;
    let (end, at) = find_end(file, length)?;
    let end = Fields(&end);
    let (count, bytes, start) = (end.short(10), end.long(12), end.long(16));
    if end.short(4) != 0 || end.short(6) != 0 || end.short(8) != count {
        return Err(unsupported("is one of several parts"));
    }
    if count == u16::MAX || bytes == u32::MAX || start == u32::MAX {
        return Err(unsupported("is in the zip64 form"));
    }
    if usize::from(count) > MAX_ARCHIVE_ENTRIES {
        return Err(Error::TooManyEntries {
            form: FORM,
            max: MAX_ARCHIVE_ENTRIES,
        });
    }
    let (bytes, start) = (u64::from(bytes), u64::from(start));
    if start.checked_add(bytes) != Some(at) {
        return Err(wrong("its directory is not where it says"));
    }
    let mut directory = vec![0; usize::try_from(bytes).unwrap_or_default()];
    read_at(file, start, &mut directory)?;
    let mut rest = directory.as_slice();
    let mut entries = Vec::new();
    for _ in 0..count {
        let entry;
        (entry, rest) = central(rest)?;
        entries.push(entry);
    }
    if !rest.is_empty() {
        return Err(wrong("its directory has more entries than it says"));
    }
    check_apart(&entries, start)?;
    Ok(entries)
}

/// The record at the end, and where it is: what follows it is its comment and nothing else.
fn find_end(file: &mut &File, length: u64) -> Result<([u8; END_BYTES], u64), Error> {
    const NONE: Error = wrong("it has no directory at its end");
    let most = u64::try_from(END_BYTES).unwrap_or_default() + u64::from(u16::MAX);
    let tail = length.min(most);
    let mut bytes = vec![0; usize::try_from(tail).unwrap_or_default()];
    read_at(file, length - tail, &mut bytes)?;
    let last = bytes.len().checked_sub(END_BYTES).ok_or(NONE)?;
    for at in (0..=last).rev() {
        let Some(record) = bytes.get(at..) else {
            continue;
        };
        let Some(end) = record.first_chunk::<END_BYTES>() else {
            continue;
        };
        let comment = usize::from(Fields(end).short(20));
        if end.starts_with(END) && record.len() == END_BYTES + comment {
            let from_tail = u64::try_from(at).unwrap_or_default();
            return Ok((*end, length - tail + from_tail));
        }
    }
    Err(NONE)
}

/// Reads one entry; gives the rest.
fn central(bytes: &[u8]) -> Result<(DirectoryEntry, &[u8]), Error> {
    const SHORT: Error = wrong("its directory ends too early");
    let (head, rest) = bytes.split_at_checked(CENTRAL_BYTES).ok_or(SHORT)?;
    if !head.starts_with(CENTRAL) {
        return Err(wrong("its directory has something other than entries"));
    }
    let fields = Fields(head);
    let (name, rest) = rest
        .split_at_checked(usize::from(fields.short(28)))
        .ok_or(SHORT)?;
    let more = usize::from(fields.short(30)) + usize::from(fields.short(32));
    let (_, rest) = rest.split_at_checked(more).ok_or(SHORT)?;
    let (packed, size, offset) = (fields.long(20), fields.long(24), fields.long(42));
    if [packed, size, offset].contains(&u32::MAX) {
        return Err(unsupported("is in the zip64 form"));
    }
    let (flags, method) = (fields.short(8), fields.short(10));
    if flags & ENCRYPTED != 0 {
        return Err(unsupported("is encrypted"));
    }
    let is_deflated = match method {
        0 if packed == size => false,
        0 => return Err(wrong("an entry has two sizes")),
        8 => true,
        _ => {
            return Err(unsupported(
                "has an entry that is not compressed by deflate",
            ));
        }
    };
    let attributes = fields.long(38);
    // Unix and macOS keep a file's mode there.
    let is_unix = matches!(fields.short(4) >> 8, 3 | 19);
    let entry = DirectoryEntry {
        is_directory: name.ends_with(b"/") || (!is_unix && attributes & 0x10 != 0),
        name: name.to_vec(),
        is_deflated,
        checksum: fields.long(16),
        packed: u64::from(packed),
        size: u64::from(size),
        mode: is_unix.then_some(attributes >> 16),
        flags,
        method,
        offset: u64::from(offset),
    };
    Ok((entry, rest))
}

/// No byte of the file belongs to two entries: one piece that is unpacked many times is how a small file becomes an
/// endless one. What an entry takes at least is its header, its name and its bytes.
fn check_apart(entries: &[DirectoryEntry], directory: u64) -> Result<(), Error> {
    let mut places: Vec<(u64, u64)> = entries
        .iter()
        .map(|entry| {
            let head = LOCAL_BYTES + entry.name.len();
            let head = u64::try_from(head).unwrap_or(u64::MAX);
            (
                entry.offset,
                entry
                    .offset
                    .saturating_add(head)
                    .saturating_add(entry.packed),
            )
        })
        .collect();
    places.sort_unstable();
    places.push((directory, directory));
    for pair in places.windows(2) {
        if let [(_, end), (next, _)] = pair
            && end > next
        {
            return Err(wrong("its entries overlap"));
        }
    }
    Ok(())
}

/// Goes to the content of an entry, whose own header must say what the directory says.
pub(super) fn seek(file: &mut &File, entry: &DirectoryEntry) -> Result<(), Error> {
    const OTHERWISE: Error = wrong("the header of an entry says something else than the directory");
    let mut head = [0; LOCAL_BYTES];
    read_at(file, entry.offset, &mut head)?;
    let fields = Fields(&head);
    let has_sizes = entry.flags & SIZES_FOLLOW == 0;
    let sizes = (
        fields.long(14),
        u64::from(fields.long(18)),
        u64::from(fields.long(22)),
    );
    if !head.starts_with(LOCAL)
        || fields.short(6) != entry.flags
        || fields.short(8) != entry.method
        || usize::from(fields.short(26)) != entry.name.len()
        || has_sizes && sizes != (entry.checksum, entry.packed, entry.size)
    {
        return Err(OTHERWISE);
    }
    let mut name = vec![0; entry.name.len()];
    file.read_exact(&mut name)
        .map_err(|source| Error::reading(FORM, source))?;
    if name != entry.name {
        return Err(OTHERWISE);
    }
    file.seek(SeekFrom::Current(i64::from(fields.short(28))))
        .map(drop)
        .map_err(|source| Error::reading(FORM, source))
}
