//! Where a trust policy is read from: Notation's configuration directory, or a file that a user named; with or
//! without the digest that its bytes must have.

use std::path::Path;
use std::time::Duration;

use super::{DocumentKind, Error, TrustPolicies};
use crate::files;
use crate::limits::MAX_POLICY_BYTES;
use crate::oci::{self, Digest};

/// The name of the OCI policy in Notation's older releases, which newer ones read where there is no
/// `trustpolicy.oci.json`.
pub const LEGACY_FILE_NAME: &str = "trustpolicy.json";

impl DocumentKind {
    /// The names of the document in Notation's configuration directory; the first that is there counts.
    const fn file_names(self) -> &'static [&'static str] {
        const OCI: [&str; 2] = [DocumentKind::Oci.file_name(), LEGACY_FILE_NAME];
        const BLOB: [&str; 1] = [DocumentKind::Blob.file_name()];
        match self {
            Self::Oci => &OCI,
            Self::Blob => &BLOB,
        }
    }
}

impl TrustPolicies {
    /// Loads the OCI policy of a configuration directory: `trustpolicy.oci.json` and, only where that does not
    /// exist, `trustpolicy.json`.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotRegular`], [`Error::Unreadable`], [`Error::Malformed`] and [`Error::Invalid`].
    pub fn load_oci(config_dir: &Path) -> Result<Self, Error> {
        Self::load(DocumentKind::Oci, config_dir, None)
    }

    /// Loads the blob policy of a configuration directory, `trustpolicy.blob.json`.
    ///
    /// # Errors
    ///
    /// As [`Self::load_oci`].
    pub fn load_blob(config_dir: &Path) -> Result<Self, Error> {
        Self::load(DocumentKind::Blob, config_dir, None)
    }

    /// Loads the policy of a configuration directory. With a SHA-256 digest, links are followed, and the bytes that are
    /// parsed must have it.
    ///
    /// # Errors
    ///
    /// As [`Self::load_oci`], and [`Error::OtherDigest`].
    pub fn load(
        kind: DocumentKind,
        config_dir: &Path,
        sha256: Option<&Digest>,
    ) -> Result<Self, Error> {
        let names = kind.file_names();
        for (position, name) in names.iter().enumerate() {
            let path = config_dir.join(name);
            let bytes = match sha256 {
                None => files::read(&path, MAX_POLICY_BYTES),
                Some(_) => files::read_following_links(&path, MAX_POLICY_BYTES),
            };
            match bytes {
                Ok(bytes) => {
                    check_digest(&path, &bytes, sha256)?;
                    let mut policies = Self::parse(kind, &path, &bytes)?;
                    let others = names.iter().skip(position + 1);
                    policies.unused = others
                        .map(|other| config_dir.join(other))
                        .find(|other| says_something_else(other, &bytes));
                    return Ok(policies);
                }
                Err(error) if error.is_not_found() => {}
                Err(source) => return Err(unread(source)),
            }
        }
        let directory = config_dir.to_owned();
        Err(Error::Missing { directory, kind })
    }

    /// Loads a document from a file that a user named: a regular file, and no component of its path is a symbolic link.
    /// With a SHA-256 digest links are followed, a pipe is read within `wait`, and the bytes that are parsed must
    /// have the digest.
    ///
    /// # Errors
    ///
    /// [`Error::Linked`], [`Error::NotRegular`], [`Error::Unreadable`], [`Error::OtherDigest`], [`Error::Malformed`]
    /// and [`Error::Invalid`].
    pub fn load_file(
        kind: DocumentKind,
        path: &Path,
        sha256: Option<&Digest>,
        wait: Duration,
    ) -> Result<Self, Error> {
        let bytes = match sha256 {
            Some(_) => files::read_named(path, MAX_POLICY_BYTES, wait),
            None => files::check_unlinked(path).and_then(|()| files::read(path, MAX_POLICY_BYTES)),
        };
        let bytes = bytes.map_err(|source| match source {
            files::Error::SymbolicLink { .. } => Error::Linked { source },
            source => unread(source),
        })?;
        check_digest(path, &bytes, sha256)?;
        Self::parse(kind, path, &bytes)
    }
}

fn unread(source: files::Error) -> Error {
    if source.is_wrong_kind() {
        Error::NotRegular { source }
    } else {
        Error::Unreadable { source }
    }
}

fn check_digest(path: &Path, bytes: &[u8], wanted: Option<&Digest>) -> Result<(), Error> {
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let found = oci::sha256_digest(bytes);
    if found == *wanted {
        return Ok(());
    }
    Err(Error::OtherDigest {
        path: path.to_owned(),
        found,
        wanted: wanted.clone(),
    })
}

/// Whether the document `path` is there and is not the same JSON as `bytes`, as far as it can be read.
fn says_something_else(path: &Path, bytes: &[u8]) -> bool {
    let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    match files::read(path, MAX_POLICY_BYTES) {
        Ok(other) => other != bytes && value(&other) != value(bytes),
        Err(error) => !error.is_not_found(),
    }
}
