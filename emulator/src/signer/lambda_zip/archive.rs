//! A zip file as it is uploaded: its entries in order, and the same with more entries at its end.

use std::io::Read as _;

use flate2::{Compression, Crc, read::DeflateDecoder, write::DeflateEncoder};

use super::{MAX_PACKAGE_BYTES, PackageError};

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";

/// A file or directory of a zip file.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) content: Vec<u8>,
}

/// A zip file in its parts.
#[derive(Debug)]
pub(super) struct Archive<'b> {
    /// In the order of the directory.
    pub(super) entries: Vec<Entry>,
    /// Everything before the directory.
    body: &'b [u8],
    directory: &'b [u8],
    count: u16,
}

const fn malformed(problem: &'static str) -> PackageError {
    PackageError::Malformed(problem)
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<2>()?;
    Some(usize::from(u16::from_le_bytes(*found)))
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    let found = bytes.get(at..)?.first_chunk::<4>()?;
    usize::try_from(u32::from_le_bytes(*found)).ok()
}

impl<'b> Archive<'b> {
    /// Reads a whole zip file.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, PackageError> {
        if bytes.len() > MAX_PACKAGE_BYTES {
            return Err(PackageError::TooLarge);
        }
        let end = bytes
            .windows(END.len())
            .rposition(|window| window == END)
            .ok_or(malformed("it has no directory"))?;
        Self::at(bytes, end).ok_or(malformed("its directory is cut off"))?
    }

    fn at(bytes: &'b [u8], end: usize) -> Option<Result<Self, PackageError>> {
        let record = bytes.get(end..)?;
        let (count, length, start) = (short(record, 10)?, long(record, 12)?, long(record, 16)?);
        let directory = bytes.get(start..)?.get(..length)?;
        let mut rest = directory;
        let mut entries = Vec::new();
        let mut unpacked = 0_usize;
        for _ in 0..count {
            if !rest.starts_with(CENTRAL) {
                return Some(Err(malformed(
                    "its directory has fewer entries than it says",
                )));
            }
            let name = rest.get(46..)?.get(..short(rest, 28)?)?;
            unpacked = unpacked.checked_add(long(rest, 24)?)?;
            if unpacked > MAX_PACKAGE_BYTES {
                return Some(Err(PackageError::TooLarge));
            }
            match content(bytes, rest)? {
                Ok(content) => entries.push(Entry {
                    name: name.to_vec(),
                    content,
                }),
                Err(error) => return Some(Err(error)),
            }
            let all = 46 + name.len() + short(rest, 30)? + short(rest, 32)?;
            rest = rest.get(all..)?;
        }
        Some(Ok(Self {
            entries,
            body: bytes.get(..start)?,
            directory,
            count: u16::try_from(count).ok()?,
        }))
    }

    /// The same with more entries, the last ones.
    pub(super) fn with(&self, more: &[Entry]) -> Option<Vec<u8>> {
        let mut bytes = self.body.to_vec();
        let mut directory = self.directory.to_vec();
        let mut count = self.count;
        for entry in more {
            let offset = u32::try_from(bytes.len()).ok()?;
            let (local, central) = headers(entry, offset)?;
            bytes.extend(local);
            directory.extend(central);
            count = count.checked_add(1)?;
        }
        let start = u32::try_from(bytes.len()).ok()?;
        let length = u32::try_from(directory.len()).ok()?;
        bytes.extend(directory);
        bytes.extend_from_slice(END);
        bytes.extend([0; 4]);
        bytes.extend(count.to_le_bytes());
        bytes.extend(count.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(start.to_le_bytes());
        bytes.extend([0; 2]);
        Some(bytes)
    }
}

/// The content of the entry that begins the rest of a directory.
fn content(bytes: &[u8], central: &[u8]) -> Option<Result<Vec<u8>, PackageError>> {
    let (method, packed, size) = (short(central, 10)?, long(central, 20)?, long(central, 24)?);
    let local = bytes.get(long(central, 42)?..)?;
    if !local.starts_with(LOCAL) {
        return Some(Err(malformed("an entry is not where its directory says")));
    }
    let start = 30 + short(local, 26)? + short(local, 28)?;
    let packed = local.get(start..)?.get(..packed)?;
    let content = match method {
        0 => packed.to_vec(),
        8 => {
            let mut content = Vec::new();
            let limit = u64::try_from(size).ok()?.checked_add(1)?;
            if DeflateDecoder::new(packed)
                .take(limit)
                .read_to_end(&mut content)
                .is_err()
            {
                return Some(Err(malformed("an entry cannot be unpacked")));
            }
            content
        }
        _ => return Some(Err(malformed("an entry is packed in another way"))),
    };
    Some(if content.len() == size {
        Ok(content)
    } else {
        Err(malformed("an entry is not as long as it says"))
    })
}

/// The local header with the content, and the entry of the directory.
fn headers(entry: &Entry, offset: u32) -> Option<(Vec<u8>, Vec<u8>)> {
    use std::io::Write as _;
    let is_directory = entry.name.ends_with(b"/");
    let mut crc = Crc::new();
    crc.update(&entry.content);
    let (method, packed) = if is_directory {
        (0_u16, Vec::new())
    } else {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&entry.content).ok()?;
        (8, encoder.finish().ok()?)
    };
    // Version 2.0, no flags, the first day of 1980.
    let mut fields = vec![20, 0, 0, 0];
    fields.extend(method.to_le_bytes());
    fields.extend([0, 0, 0x21, 0]);
    fields.extend(crc.sum().to_le_bytes());
    fields.extend(u32::try_from(packed.len()).ok()?.to_le_bytes());
    fields.extend(u32::try_from(entry.content.len()).ok()?.to_le_bytes());
    fields.extend(u16::try_from(entry.name.len()).ok()?.to_le_bytes());
    fields.extend([0; 2]);
    let local = [LOCAL, &fields, &entry.name, &packed].concat();
    // No comment, one disk, and no attributes of any system.
    let central = [
        CENTRAL,
        &[20, 0],
        &fields,
        &[0; 10],
        &offset.to_le_bytes(),
        &entry.name,
    ];
    Some((local, central.concat()))
}
