//! A package, read through once: what is signed of it, its signature, and what is in it.

use std::fs::File;
use std::io::{self, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::digest::ContentDigest;
use crate::algorithm::HashAlgorithm;
use crate::archive::package::{Allowed, EntryKind, Package, PackageEntry, PackageError};
use crate::limits::MAX_PACKAGE_SIGNATURE_BYTES;

/// The entry that holds the signature.
pub const SIGNATURE_NAME: &str = "META_INF/aws_signer_signature_v1.0.SF";

/// The directory that AWS Signer adds with it, which is signed.
pub const SIGNATURE_DIRECTORY: &str = "META_INF/";

/// Bits of a mode by which a file runs as another user or group.
pub(super) const SET_ID: u32 = 0o6_000;

/// An entry and its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its mode as Unix knows it; zero where it has none.
    pub mode: u32,
    /// Bytes of its content.
    pub size: u64,
    /// SHA-256 of its content.
    pub sha256: [u8; 32],
}

/// A package that every reader reads in the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// SHA-256 of the whole file.
    pub sha256: Vec<u8>,
    /// What a signature of it signs.
    pub digest: Vec<u8>,
    /// The bytes of its signature, one more than are read at most; `None` if it has none.
    pub signature: Option<Vec<u8>>,
    /// Its entries in their order, the signature too.
    pub entries: Vec<Content>,
}

impl Contents {
    /// Reads the package in `file`, which is read twice and never kept.
    ///
    /// # Errors
    ///
    /// [`PackageError`].
    pub fn read(file: &File, allowed: Allowed) -> Result<Self, PackageError> {
        let package = Package::open(file, allowed)?;
        let mut digest = ContentDigest::new();
        let mut signature = None;
        let mut entries = Vec::with_capacity(package.entries().len());
        let mut buffer = vec![0; 64 * 1024];
        let sha256 = package.read_through(&mut |entry, content| {
            let mut hasher = HashAlgorithm::Sha256.hasher();
            if entry.name() == SIGNATURE_NAME {
                let bytes = read_signature(content)?;
                hasher.update(&bytes);
                signature = Some(bytes);
            } else {
                digest.update(entry.name().as_bytes());
                in_pieces(content, &mut buffer, |piece| {
                    digest.update(piece);
                    hasher.update(piece);
                })?;
            }
            entries.push(described(entry, &hasher.finish()));
            Ok(())
        })?;
        Ok(Self {
            sha256,
            digest: digest.finish(),
            signature,
            entries,
        })
    }

    /// Its SHA-256 as AWS Lambda shows it (`CodeSha256`): in base64.
    pub fn code_sha256(&self) -> String {
        STANDARD.encode(&self.sha256)
    }

    /// How many of its entries are links or devices, or run as another user.
    pub fn unusual(&self) -> usize {
        let is_unusual = |entry: &&Content| {
            matches!(entry.kind, EntryKind::Link | EntryKind::Device) || entry.mode & SET_ID != 0
        };
        self.entries.iter().filter(is_unusual).count()
    }
}

fn described(entry: &PackageEntry, sha256: &[u8]) -> Content {
    Content {
        name: entry.name().to_owned(),
        kind: entry.kind(),
        mode: entry.mode(),
        size: entry.size(),
        sha256: sha256.try_into().unwrap_or([0; 32]),
    }
}

fn read_signature(content: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = MAX_PACKAGE_SIGNATURE_BYTES.saturating_add(1);
    content.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn in_pieces(
    content: &mut dyn Read,
    buffer: &mut [u8],
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    loop {
        let count = content.read(buffer)?;
        if count == 0 {
            return Ok(());
        }
        take(buffer.get(..count).unwrap_or_default());
    }
}
