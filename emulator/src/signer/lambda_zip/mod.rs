//! Packages of AWS Lambda, signed as `StartSigningJob` signs them.
//!
//! The signature is an entry of the package itself, behind all others, in a directory that is an entry too. What it
//! signs is SHA-384 of SHA-384 of all names and contents in their order, joined without lengths. This construction
//! rests on what others recorded; one signature of AWS's is known whole, and its package is not.

mod archive;
mod der;
mod signature;

use aws_lc_rs::digest::{self, SHA384};
use time::OffsetDateTime;

pub use signature::PackageSignature;

use crate::authority::SigningIdentity;
use archive::{Archive, Entry};

/// AWS signs and runs packages of 250 MB, packed and unpacked.
const MAX_PACKAGE_BYTES: usize = 250 * 1024 * 1024;

const DIRECTORY: &[u8] = b"META_INF/";
const SIGNATURE: &[u8] = b"META_INF/aws_signer_signature_v1.0.SF";

/// What a signature says, besides what it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSigning {
    /// ARN of the signing job.
    pub job_arn: String,
    /// ARN of the version of the signing profile.
    pub profile_version_arn: String,
    /// When it is signed, in milliseconds.
    pub signing_time: OffsetDateTime,
    /// When the signature expires, in milliseconds.
    pub expires_at: OffsetDateTime,
}

/// Why a package is not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackageError {
    /// It has no entry.
    #[error("the zip file is empty")]
    Empty,
    /// There is a signature in it.
    #[error("the zip file is already signed")]
    AlreadySigned,
    /// It cannot be read.
    #[error("the zip file is malformed: {0}")]
    Malformed(&'static str),
    /// More than AWS Signer takes.
    #[error("the zip file is larger than 250 MB")]
    TooLarge,
    /// The emulator's authority failed.
    #[error("the emulator's authority for packages failed: {0}")]
    Authority(&'static str),
}

/// What the signature of a package signs: SHA-384 of SHA-384 of all entries but the signature, in their order.
///
/// # Errors
///
/// [`PackageError::Malformed`] and [`PackageError::TooLarge`].
pub fn package_digest(zip: &[u8]) -> Result<Vec<u8>, PackageError> {
    Ok(digest_of(&Archive::read(zip)?, false))
}

fn digest_of(archive: &Archive<'_>, with_directory: bool) -> Vec<u8> {
    let mut context = digest::Context::new(&SHA384);
    for entry in &archive.entries {
        if entry.name != SIGNATURE {
            context.update(&entry.name);
            context.update(&entry.content);
        }
    }
    if with_directory {
        context.update(DIRECTORY);
    }
    digest::digest(&SHA384, context.finish().as_ref())
        .as_ref()
        .to_vec()
}

/// The content of a package's signature; `None` if there is no such entry.
///
/// # Errors
///
/// [`PackageError::Malformed`] and [`PackageError::TooLarge`].
pub fn package_signature(zip: &[u8]) -> Result<Option<Vec<u8>>, PackageError> {
    let entries = Archive::read(zip)?.entries.into_iter();
    let mut found = entries.filter(|entry| entry.name == SIGNATURE);
    Ok(found.next().map(|entry| entry.content))
}

/// The package with a signature that is made by `draft`, who may have changed it.
pub(crate) fn sign_with(
    zip: &[u8],
    signing: &PackageSigning,
    identity: &SigningIdentity,
    draft: impl FnOnce(PackageSignature) -> Result<Vec<u8>, PackageError>,
) -> Result<Vec<u8>, PackageError> {
    let archive = Archive::read(zip)?;
    if archive.entries.is_empty() {
        return Err(PackageError::Empty);
    }
    let has = |name: &[u8]| archive.entries.iter().any(|entry| entry.name == name);
    if has(SIGNATURE) {
        return Err(PackageError::AlreadySigned);
    }
    let with_directory = !has(DIRECTORY);
    let digest = digest_of(&archive, with_directory);
    let content = draft(PackageSignature::new(&digest, signing, identity)?)?;
    let mut more = Vec::new();
    if with_directory {
        more.push(Entry {
            name: DIRECTORY.to_vec(),
            content: Vec::new(),
        });
    }
    more.push(Entry {
        name: SIGNATURE.to_vec(),
        content,
    });
    archive.with(&more).ok_or(PackageError::TooLarge)
}

/// The package with one more file.
pub(crate) fn with_file(zip: &[u8], name: &str, content: &[u8]) -> Result<Vec<u8>, PackageError> {
    let entry = Entry {
        name: name.as_bytes().to_vec(),
        content: content.to_vec(),
    };
    Archive::read(zip)?
        .with(&[entry])
        .ok_or(PackageError::TooLarge)
}

/// The package as AWS Signer signs it.
pub(crate) fn sign(
    zip: &[u8],
    signing: &PackageSigning,
    identity: &SigningIdentity,
) -> Result<Vec<u8>, PackageError> {
    sign_with(zip, signing, identity, |signature| signature.text())
}
