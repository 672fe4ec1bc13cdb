//! Trust stores: the certificates that signatures may rest on (`trust-store-trust-policy.md`, "Trust Store").
//!
//! Input: `truststore/x509/TYPE/NAME/FILE` below Notation's configuration directory, or certificates in memory.
//! Output: certificates, and the one that a signature's chain rests on. A store is read once. No chain is built and
//! no expiry looked at here: the chain in an envelope has been verified as it is.

mod authenticity;
mod built_in;
mod error;
mod linked;
#[doc(hidden)]
mod manage;
#[doc(hidden)]
mod unfit;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use crate::config::StoreName;
pub use crate::notary::StoreType;
pub use crate::x509::Certificate;
pub use authenticity::{Anchor, AuthenticityError};
pub(crate) use built_in::published_partition;
pub use built_in::{PUBLISHED_PARTITIONS, built_in};
#[doc(hidden)]
pub use built_in::{built_in_file, built_in_package_root, is_published_name};
pub use error::Error;
pub use linked::digest_of;
#[doc(hidden)]
pub use manage::{ChangeError, StoreFile, StoreFiles};
#[doc(hidden)]
pub use unfit::Unfit;

use crate::allowance;
use crate::files;
use crate::limits::{MAX_TRUST_STORE_FILE_BYTES, MAX_TRUST_STORE_FILES, NAMED_PIPE_TIMEOUT};
use unfit::anchors;

/// A certificate of a store, and the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrustedCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// Its file.
    pub file: PathBuf,
}

/// The certificates of one store; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NamedStore {
    /// Type and name.
    pub name: StoreName,
    /// The certificates, in the order of the file names.
    pub certificates: Vec<TrustedCertificate>,
}

impl NamedStore {
    /// The roots of AWS Signer that are in one file, in place of those that AWS has published: an emulator's, for
    /// example.
    ///
    /// # Errors
    ///
    /// As [`NamedStore::from_file`].
    pub fn aws_signer_roots(path: &Path) -> Result<Self, Error> {
        Self::from_file(StoreName::trust_anchor(), path, NAMED_PIPE_TIMEOUT)
    }

    /// Reads a store from one file that a user named, a pipe within `wait`; links are followed.
    ///
    /// # Errors
    ///
    /// [`Error::Unreadable`], [`Error::NotCertificates`], [`Error::EmptyFile`] and [`Error::NotAnAnchor`].
    pub fn from_file(name: StoreName, path: &Path, wait: Duration) -> Result<Self, Error> {
        let file = path.display().to_string();
        let bytes = match files::read_named(path, MAX_TRUST_STORE_FILE_BYTES, wait) {
            Ok(bytes) => bytes,
            Err(source) => {
                return Err(Error::Unreadable {
                    store: name,
                    file,
                    source,
                });
            }
        };
        Self::of_bytes(name, path, &bytes)
    }

    /// The same of what was read from the file at `path` already.
    ///
    /// # Errors
    ///
    /// [`Error::NotCertificates`], [`Error::EmptyFile`] and [`Error::NotAnAnchor`].
    pub fn of_bytes(name: StoreName, path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let file = path.display().to_string();
        let certificates = anchors(name.kind(), bytes)
            .map_err(|unfit| Error::of_file(name.clone(), file, unfit))?
            .into_iter()
            .map(|certificate| TrustedCertificate {
                certificate,
                file: path.to_owned(),
            })
            .collect();
        Ok(Self { name, certificates })
    }

    /// The entry that equals a certificate, byte for byte.
    #[doc(hidden)]
    pub fn find(&self, certificate: &Certificate) -> Option<&TrustedCertificate> {
        self.certificates
            .iter()
            .find(|trusted| trusted.certificate == *certificate)
    }
}

/// What a store was found to be; failures are kept as well, so that every signature is told the same.
type Loaded = Result<Arc<NamedStore>, Arc<Error>>;

/// The trust stores of one configuration directory, or some in memory. Each is read when it is first asked for.
#[derive(Debug)]
pub struct TrustStores {
    /// `truststore/x509`; `None` where all stores are in memory.
    directory: Option<PathBuf>,
    /// Whether links in the path of a store are refused too, and not only the store itself as one.
    refuses_links: bool,
    loaded: Mutex<HashMap<StoreName, Loaded>>,
}

impl TrustStores {
    /// The stores of a configuration directory.
    pub fn new(config_dir: &Path) -> Self {
        Self {
            directory: Some(config_dir.join("truststore").join("x509")),
            refuses_links: false,
            loaded: Mutex::default(),
        }
    }

    /// The stores of a directory that a user named in place of Notation's `truststore`: `x509/TYPE/NAME` below it. No
    /// component of a store's path may be a symbolic link.
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            directory: Some(directory.join("x509")),
            refuses_links: true,
            loaded: Mutex::default(),
        }
    }

    /// These stores and no others.
    pub fn in_memory(stores: impl IntoIterator<Item = NamedStore>) -> Self {
        let loaded = stores
            .into_iter()
            .map(|store| (store.name.clone(), Ok(Arc::new(store))));
        Self {
            directory: None,
            refuses_links: false,
            loaded: Mutex::new(loaded.collect()),
        }
    }

    /// The same with these stores beside, which are in memory and beat those of the same name in the directory.
    #[must_use]
    pub fn with(self, stores: impl IntoIterator<Item = NamedStore>) -> Self {
        {
            let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
            for store in stores {
                loaded.insert(store.name.clone(), Ok(Arc::new(store)));
            }
        }
        self
    }

    /// The directory of a store; `None` where all stores are in memory.
    #[doc(hidden)]
    pub fn directory_of(&self, name: &StoreName) -> Option<PathBuf> {
        let directory = self.directory.as_ref()?;
        Some(directory.join(name.kind().as_str()).join(name.name()))
    }

    /// Loads a store, once.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`] but [`Error::NoPublishedRoot`]; the same one each time.
    #[doc(hidden)]
    pub fn load(&self, name: &StoreName) -> Loaded {
        // A panic elsewhere leaves nothing half done in the map.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = loaded
            .entry(name.clone())
            .or_insert_with(|| match self.directory_of(name) {
                Some(directory) => {
                    allowance::uncounted(|| read_store(name, &directory, self.refuses_links))
                        .map(Arc::new)
                        .map_err(Arc::new)
                }
                None => Err(Arc::new(Error::Missing {
                    store: name.clone(),
                    directory: None,
                })),
            });
        entry.clone()
    }
}

fn read_store(
    name: &StoreName,
    directory: &Path,
    refuses_links: bool,
) -> Result<NamedStore, Error> {
    let unlinked = if refuses_links {
        files::check_unlinked(directory)
    } else {
        Ok(())
    };
    let paths = unlinked
        .and_then(|()| files::read_directory(directory, MAX_TRUST_STORE_FILES))
        .map_err(|source| unlisted(name, directory, source))?;
    of_files(name, paths, read_file)
}

/// Why a store cannot be listed.
fn unlisted(name: &StoreName, directory: &Path, source: files::Error) -> Error {
    let store = name.clone();
    if source.is_not_found() {
        Error::Missing {
            store,
            directory: Some(directory.to_owned()),
        }
    } else if source.is_wrong_kind() {
        Error::NotDirectory { store, source }
    } else {
        Error::Unlistable { store, source }
    }
}

/// The store that these files are.
fn of_files(
    name: &StoreName,
    paths: Vec<PathBuf>,
    read: impl Fn(&StoreName, &Path) -> Result<Vec<Certificate>, Error>,
) -> Result<NamedStore, Error> {
    let mut certificates = Vec::new();
    for path in paths {
        for certificate in read(name, &path)? {
            certificates.push(TrustedCertificate {
                certificate,
                file: path.clone(),
            });
        }
    }
    let store = name.clone();
    if certificates.is_empty() {
        return Err(Error::Empty { store });
    }
    Ok(NamedStore {
        name: store,
        certificates,
    })
}

/// The certificates of one file of a store.
fn read_file(name: &StoreName, path: &Path) -> Result<Vec<Certificate>, Error> {
    certificates_of(name, path, files::read(path, MAX_TRUST_STORE_FILE_BYTES))
}

fn certificates_of(
    name: &StoreName,
    path: &Path,
    bytes: Result<Vec<u8>, files::Error>,
) -> Result<Vec<Certificate>, Error> {
    let store = || name.clone();
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match bytes {
        Ok(bytes) => {
            anchors(name.kind(), &bytes).map_err(|unfit| Error::of_file(store(), file, unfit))
        }
        // Off-spec: the specification passes over directories; we refuse them, as notation does.
        Err(source) if source.is_wrong_kind() => Err(Error::NotRegular {
            store: store(),
            file,
            source,
        }),
        Err(source) => Err(Error::Unreadable {
            store: store(),
            file,
            source,
        }),
    }
}

#[cfg(test)]
mod tests;
