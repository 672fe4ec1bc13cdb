//! Trust stores: the certificates that signatures may rest on (`trust-store-trust-policy.md`, "Trust Store").
//!
//! Input: `truststore/x509/TYPE/NAME/FILE` below Notation's configuration directory, or certificates in memory.
//! Output: certificates, and the one that a signature's chain rests on. A store is read once. No chain is built and
//! no expiry looked at here: the chain in an envelope has been verified as it is.

mod authenticity;
mod built_in;
mod error;
mod manage;
mod unfit;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use authenticity::{Anchor, AuthenticityError};
pub use built_in::{built_in, built_in_file};
pub use error::Error;
pub use manage::{ChangeError, StoreFile, StoreFiles};
pub use unfit::Unfit;

use crate::allowance;
use crate::config::StoreName;
use crate::files;
use crate::limits::{MAX_TRUST_STORE_FILE_BYTES, MAX_TRUST_STORE_FILES, NAMED_PIPE_TIMEOUT};
use crate::x509::Certificate;
use unfit::anchors;

/// A certificate of a store, and the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedCertificate {
    /// The certificate.
    pub certificate: Certificate,
    /// Its file.
    pub file: PathBuf,
}

/// The certificates of one store; at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        let certificates = anchors(name.kind(), &bytes)
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
    loaded: Mutex<HashMap<StoreName, Loaded>>,
}

impl TrustStores {
    /// The stores of a configuration directory.
    pub fn new(config_dir: &Path) -> Self {
        Self {
            directory: Some(config_dir.join("truststore").join("x509")),
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
            loaded: Mutex::new(loaded.collect()),
        }
    }

    /// The directory of a store; `None` where all stores are in memory.
    pub fn directory_of(&self, name: &StoreName) -> Option<PathBuf> {
        let directory = self.directory.as_ref()?;
        Some(directory.join(name.kind().as_str()).join(name.name()))
    }

    /// Loads a store, once.
    ///
    /// # Errors
    ///
    /// Every variant of [`Error`] but [`Error::NoPublishedRoot`]; the same one each time.
    pub fn load(&self, name: &StoreName) -> Loaded {
        // A panic elsewhere leaves nothing half done in the map.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = loaded
            .entry(name.clone())
            .or_insert_with(|| match self.directory_of(name) {
                Some(directory) => allowance::uncounted(|| read_store(name, &directory))
                    .map(Arc::new)
                    .map_err(Arc::new),
                None => Err(Arc::new(Error::Missing {
                    store: name.clone(),
                    directory: None,
                })),
            });
        entry.clone()
    }
}

fn read_store(name: &StoreName, directory: &Path) -> Result<NamedStore, Error> {
    let store = || name.clone();
    let paths = files::read_directory(directory, MAX_TRUST_STORE_FILES).map_err(|source| {
        if source.is_not_found() {
            Error::Missing {
                store: store(),
                directory: Some(directory.to_owned()),
            }
        } else if source.is_wrong_kind() {
            Error::NotDirectory {
                store: store(),
                source,
            }
        } else {
            Error::Unlistable {
                store: store(),
                source,
            }
        }
    })?;
    let mut certificates = Vec::new();
    for path in paths {
        for certificate in read_file(name, &path)? {
            certificates.push(TrustedCertificate {
                certificate,
                file: path.clone(),
            });
        }
    }
    if certificates.is_empty() {
        return Err(Error::Empty { store: store() });
    }
    Ok(NamedStore {
        name: store(),
        certificates,
    })
}

/// The certificates of one file of a store.
fn read_file(name: &StoreName, path: &Path) -> Result<Vec<Certificate>, Error> {
    let store = || name.clone();
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    match files::read(path, MAX_TRUST_STORE_FILE_BYTES) {
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
