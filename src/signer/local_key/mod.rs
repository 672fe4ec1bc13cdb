//! A key in a file, with its certificate chain in another: bring your own key.

mod error;
mod generate;
mod private_key;

pub use error::Error;
pub use generate::{TestKey, TestKeySize};

use std::fmt;
use std::path::{Path, PathBuf};

use crate::files;
use crate::limits::{MAX_KEY_BYTES, MAX_TRUST_STORE_FILE_BYTES};
use crate::x509::{Certificate, parse_certificates};
use private_key::{KeyBlock, PrivateKey};
use zeroize::Zeroizing;

/// A key file and its certificates, read and not yet opened.
pub struct KeyFile {
    key: KeyBlock,
    chain: Vec<Certificate>,
    leaf: Certificate,
    certificate_path: PathBuf,
}

impl KeyFile {
    /// Reads a private key in PEM and its certificates, the signer's first.
    ///
    /// # Errors
    ///
    /// [`Error`] if a file cannot be read or has something else in it.
    pub fn read(key: &Path, certificates: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Unreadable { source };
        // Keys and certificates are often mounted as links, and what is in them is checked.
        let bytes = files::read_following_links(certificates, MAX_TRUST_STORE_FILE_BYTES)
            .map_err(unreadable)?;
        let chain = parse_certificates(&bytes).map_err(|source| Error::Certificates {
            path: certificates.to_owned(),
            source,
        })?;
        let leaf = chain.first().cloned().ok_or_else(|| Error::NoCertificate {
            path: certificates.to_owned(),
        })?;
        let pem = files::read_following_links(key, MAX_KEY_BYTES).map_err(unreadable)?;
        Ok(Self {
            key: KeyBlock::parse(&Zeroizing::new(pem))?,
            chain,
            leaf,
            certificate_path: certificates.to_owned(),
        })
    }

    /// Whether [`KeyFile::open`] needs a passphrase.
    pub fn is_encrypted(&self) -> bool {
        self.key.is_encrypted()
    }

    /// Opens the key, with the passphrase if it is encrypted, and checks that it is the first
    /// certificate's.
    ///
    /// # Errors
    ///
    /// [`Error`]; whether the certificates may sign is looked at when they do.
    pub fn open(self, passphrase: Option<&[u8]>) -> Result<LocalKey, Error> {
        let spec = self.leaf.key_spec().map_err(|source| Error::Certificates {
            path: self.certificate_path.clone(),
            source,
        })?;
        let key = self.key.open(spec, passphrase)?;
        if key.public_key_bits() != self.leaf.public_key_bits() {
            return Err(Error::Mismatch {
                subject: self.leaf.subject().to_string(),
            });
        }
        Ok(LocalKey {
            key,
            chain: self.chain,
        })
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").finish_non_exhaustive()
    }
}

/// A key that signs, with its certificate chain.
pub struct LocalKey {
    key: PrivateKey,
    chain: Vec<Certificate>,
}

impl LocalKey {
    /// The certificates, the signer's first. Never empty.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.key.sign(message)
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}
