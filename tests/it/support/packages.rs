//! Packages of AWS Lambda as they should be, and with every field of every record as a test wants it.

use std::io::Write as _;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};

/// What both headers of an entry say.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) version: u16,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) time: u32,
    pub(crate) checksum: u32,
    pub(crate) packed: u32,
    pub(crate) size: u32,
    pub(crate) name: Vec<u8>,
    pub(crate) extra: Vec<u8>,
}

impl Header {
    fn fields(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for short in [self.version, self.flags, self.method] {
            bytes.extend(short.to_le_bytes());
        }
        for long in [self.time, self.checksum, self.packed, self.size] {
            bytes.extend(long.to_le_bytes());
        }
        bytes.extend(short(self.name.len()));
        bytes.extend(short(self.extra.len()));
        bytes
    }
}

/// An entry.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) local: Header,
    pub(crate) central: Header,
    /// The bytes between the headers of this entry and what follows it.
    pub(crate) packed: Vec<u8>,
    /// The record behind it.
    pub(crate) descriptor: Vec<u8>,
    /// Bytes before it that belong to nothing.
    pub(crate) before: Vec<u8>,
    pub(crate) made_by: u8,
    /// The internal attributes.
    pub(crate) internal: u16,
    /// The external attributes; a mode is their upper half.
    pub(crate) attributes: u32,
    pub(crate) comment: Vec<u8>,
    pub(crate) disk: u16,
    /// Where the directory says that it is, if not where it is.
    pub(crate) offset: Option<u32>,
}

impl Member {
    /// A compressed file, or a directory if its name ends with a slash.
    pub(crate) fn new(name: &str, content: &[u8]) -> Self {
        if name.ends_with('/') {
            let mut member = Self::stored(name, content);
            member.attributes = 0o040_755 << 16 | 0x10;
            return member;
        }
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        Self::packed(name, content, 8, encoder.finish().unwrap())
    }

    /// A file that is not compressed.
    pub(crate) fn stored(name: &str, content: &[u8]) -> Self {
        Self::packed(name, content, 0, content.to_vec())
    }

    fn packed(name: &str, content: &[u8], method: u16, packed: Vec<u8>) -> Self {
        let mut checksum = Crc::new();
        checksum.update(content);
        let header = Header {
            version: 20,
            flags: if name.is_ascii() { 0 } else { 1 << 11 },
            method,
            time: 0x5a21_0000,
            checksum: checksum.sum(),
            packed: u32::try_from(packed.len()).unwrap(),
            size: u32::try_from(content.len()).unwrap(),
            name: name.as_bytes().to_vec(),
            extra: Vec::new(),
        };
        Self {
            local: header.clone(),
            central: header,
            packed,
            descriptor: Vec::new(),
            before: Vec::new(),
            made_by: 3,
            internal: 0,
            attributes: 0o100_644 << 16,
            comment: Vec::new(),
            disk: 0,
            offset: None,
        }
    }

    /// The same with this mode.
    pub(crate) fn with_mode(mut self, mode: u32) -> Self {
        self.attributes = mode << 16;
        self
    }

    /// The same as a writer makes it that cannot go back: with its sizes behind it.
    pub(crate) fn streamed(mut self) -> Self {
        let mut descriptor = b"PK\x07\x08".to_vec();
        for long in [
            self.central.checksum,
            self.central.packed,
            self.central.size,
        ] {
            descriptor.extend(long.to_le_bytes());
        }
        self.descriptor = descriptor;
        self.central.flags |= 8;
        self.local.flags |= 8;
        (self.local.checksum, self.local.packed, self.local.size) = (0, 0, 0);
        self
    }

    /// The same with a change in both headers.
    pub(crate) fn with_both(mut self, change: impl Fn(&mut Header)) -> Self {
        change(&mut self.local);
        change(&mut self.central);
        self
    }
}

/// A zip file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Zip {
    pub(crate) members: Vec<Member>,
    /// Bytes between the last entry and the directory.
    pub(crate) before_directory: Vec<u8>,
    /// Bytes between the directory and the end record.
    pub(crate) before_end: Vec<u8>,
    /// More bytes that the directory counts as its own.
    pub(crate) in_directory: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) after: Vec<u8>,
    /// The numbers of disks, the counts of entries, and the place of the directory, if they are to be others.
    pub(crate) disks: (u16, u16),
    pub(crate) counts: Option<(u16, u16)>,
    pub(crate) place: Option<(u32, u32)>,
}

impl Zip {
    pub(crate) fn of(members: Vec<Member>) -> Self {
        Self {
            members,
            ..Self::default()
        }
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut directory = Vec::new();
        for member in &self.members {
            bytes.extend(&member.before);
            let offset = member
                .offset
                .unwrap_or_else(|| u32::try_from(bytes.len()).unwrap());
            bytes.extend(b"PK\x03\x04");
            bytes.extend(member.local.fields());
            bytes.extend(&member.local.name);
            bytes.extend(&member.local.extra);
            bytes.extend(&member.packed);
            bytes.extend(&member.descriptor);
            directory.extend(b"PK\x01\x02\x14");
            directory.push(member.made_by);
            directory.extend(member.central.fields());
            directory.extend(short(member.comment.len()));
            directory.extend(member.disk.to_le_bytes());
            directory.extend(member.internal.to_le_bytes());
            directory.extend(member.attributes.to_le_bytes());
            directory.extend(offset.to_le_bytes());
            directory.extend(&member.central.name);
            directory.extend(&member.central.extra);
            directory.extend(&member.comment);
        }
        directory.extend(&self.in_directory);
        bytes.extend(&self.before_directory);
        let count = u16::try_from(self.members.len()).unwrap();
        let counts = self.counts.unwrap_or((count, count));
        let place = self.place.unwrap_or_else(|| {
            (
                u32::try_from(directory.len()).unwrap(),
                u32::try_from(bytes.len()).unwrap(),
            )
        });
        bytes.extend(directory);
        bytes.extend(&self.before_end);
        bytes.extend(b"PK\x05\x06");
        for short in [self.disks.0, self.disks.1, counts.0, counts.1] {
            bytes.extend(short.to_le_bytes());
        }
        bytes.extend(place.0.to_le_bytes());
        bytes.extend(place.1.to_le_bytes());
        bytes.extend(short(self.comment.len()));
        bytes.extend(&self.comment);
        bytes.extend(&self.after);
        bytes
    }
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap().to_le_bytes()
}

/// An extra field.
pub(crate) fn extra(id: u16, content: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &short(content.len()), content].concat()
}
