//! Archives of plugins, as they should be and as they should not.

use std::io::Write as _;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};

/// Kinds of files in a mode.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const DIRECTORY: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// A file of an archive: its name, its mode with the bits that say what it is, its content.
pub(crate) type File<'f> = (&'f str, u32, &'f [u8]);

/// The metadata of a plugin, as a line of JSON.
pub(crate) fn metadata(name: &str, version: &str) -> String {
    format!(
        "{{\"name\": \"{name}\", \"description\": \"{name} test plugin\", \"version\": \"{version}\", \"url\": \
         \"https://example.com/{name}\", \"supportedContractVersions\": [\"1.0\"], \"capabilities\": \
         [\"SIGNATURE_GENERATOR.RAW\"]}}"
    )
}

/// A plugin as a shell script that answers this line.
pub(crate) fn script(answer: &str) -> String {
    format!(
        "#!/bin/sh\ncat >/dev/null\ncase \"$1\" in\nget-plugin-metadata) cat <<'E'\n{answer}\nE\n;;\n*) exit 1;;\nesac\n"
    )
}

/// The plugin `name` in this version.
pub(crate) fn plugin(name: &str, version: &str) -> String {
    script(&metadata(name, version))
}

/// An entry of a zip file, of which a test may spoil every part.
#[derive(Debug, Clone)]
pub(crate) struct ZipEntry {
    pub(crate) name: Vec<u8>,
    /// The name in the header before the entry.
    pub(crate) local_name: Vec<u8>,
    pub(crate) mode: u32,
    pub(crate) flags: u16,
    pub(crate) method: u16,
    pub(crate) checksum: u32,
    pub(crate) packed: Vec<u8>,
    pub(crate) size: u32,
    /// Where the directory says that the entry is, if not where it is.
    pub(crate) offset: Option<u32>,
}

impl ZipEntry {
    pub(crate) fn new((name, mode, content): File<'_>) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        let mut checksum = Crc::new();
        checksum.update(content);
        Self {
            name: name.as_bytes().to_vec(),
            local_name: name.as_bytes().to_vec(),
            mode,
            flags: 0,
            method: 8,
            checksum: checksum.sum(),
            packed: encoder.finish().unwrap(),
            size: u32::try_from(content.len()).unwrap(),
            offset: None,
        }
    }

    fn fields(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for short in [20, self.flags, self.method, 0, 0] {
            bytes.extend(short.to_le_bytes());
        }
        let packed = u32::try_from(self.packed.len()).unwrap();
        for long in [self.checksum, packed, self.size] {
            bytes.extend(long.to_le_bytes());
        }
        bytes
    }
}

fn short(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap().to_le_bytes()
}

fn long(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap().to_le_bytes()
}

/// A zip file of these entries.
pub(crate) fn zip_of(entries: &[ZipEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let offset = entry
            .offset
            .map_or_else(|| long(bytes.len()), u32::to_le_bytes);
        bytes.extend(b"PK\x03\x04");
        bytes.extend(entry.fields());
        bytes.extend(short(entry.local_name.len()));
        bytes.extend([0, 0]);
        bytes.extend(&entry.local_name);
        bytes.extend(&entry.packed);
        // Made by version 2.0 for Unix.
        directory.extend(b"PK\x01\x02\x14\x03");
        directory.extend(entry.fields());
        directory.extend(short(entry.name.len()));
        directory.extend([0; 8]);
        directory.extend((entry.mode << 16).to_le_bytes());
        directory.extend(offset);
        directory.extend(&entry.name);
    }
    let start = bytes.len();
    bytes.extend(&directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(short(entries.len()));
    bytes.extend(short(entries.len()));
    bytes.extend(long(directory.len()));
    bytes.extend(long(start));
    bytes.extend([0, 0]);
    bytes
}

/// A zip file of these files.
pub(crate) fn zip(files: &[File<'_>]) -> Vec<u8> {
    let entries: Vec<ZipEntry> = files.iter().map(|file| ZipEntry::new(*file)).collect();
    zip_of(&entries)
}

/// A block of a tar file and its content: the type, the name, the mode, the content.
pub(crate) fn tar_entry(kind: u8, name: &[u8], mode: u32, content: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 512];
    block[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    let mut put = |at: usize, text: String| {
        block[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(100, format!("{:07o}", mode & 0o7777));
    put(108, format!("{:07o}", 0));
    put(116, format!("{:07o}", 0));
    put(124, format!("{:011o}", content.len()));
    put(136, format!("{:011o}", 0));
    put(148, " ".repeat(8));
    put(257, "ustar\x0000".to_owned());
    block[156] = kind;
    if kind == b'2' || kind == b'1' {
        block[157..168].copy_from_slice(b"/etc/passwd");
    }
    with_sum(&mut block);
    let mut bytes = block.to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().div_ceil(512) * 512, 0);
    bytes
}

/// Writes the checksum of a header.
pub(crate) fn with_sum(block: &mut [u8; 512]) {
    block[148..156].copy_from_slice(b"        ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tar file of these files, without its end.
pub(crate) fn tar(files: &[File<'_>]) -> Vec<u8> {
    let entries = files.iter().map(|(name, mode, content)| match mode & KIND {
        DIRECTORY => tar_entry(b'5', name.as_bytes(), *mode, b""),
        LINK => tar_entry(b'2', name.as_bytes(), *mode, b""),
        0 | REGULAR => tar_entry(b'0', name.as_bytes(), *mode, content),
        other => panic!("{other:o}"),
    });
    entries.collect::<Vec<_>>().concat()
}

pub(crate) fn tar_gz(files: &[File<'_>]) -> Vec<u8> {
    let mut bytes = tar(files);
    bytes.extend([0; 1024]);
    gzip(&bytes)
}
