//! A key in a file, with its certificate chain in another: bring your own key.

mod error;
#[cfg(feature = "cli")]
mod generate;
mod private_key;

pub use error::{Error, KeyProblem};
#[cfg(feature = "cli")]
pub use generate::{TestKey, TestKeySize};

use std::fmt;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::certificate_chain::CertificateChain;
use crate::files;
use crate::limits::MAX_KEY_BYTES;
use crate::x509::Certificate;
use private_key::{KeyBlock, PrivateKey};

/// A key file and its certificates, read and not yet opened.
pub struct KeyFile {
    key: KeyBlock,
    key_path: PathBuf,
    chain: CertificateChain,
    certificate_path: PathBuf,
}

impl KeyFile {
    /// Reads a private key in PEM and its certificates, the signer's first, which must be fit to
    /// sign code at `now`.
    ///
    /// # Errors
    ///
    /// [`Error`] if a file cannot be read, has something else in it, or may not sign.
    pub fn read(key: &Path, certificates: &Path, now: OffsetDateTime) -> Result<Self, Error> {
        let chain = CertificateChain::read(certificates, now).map_err(Error::Chain)?;
        // Keys are often mounted as links.
        let pem = files::read_following_links(key, MAX_KEY_BYTES).map_err(|source| {
            Error::Unreadable {
                path: key.to_owned(),
                source,
            }
        })?;
        let block = KeyBlock::parse(&Zeroizing::new(pem)).map_err(|problem| Error::KeyFile {
            path: key.to_owned(),
            problem,
        })?;
        Ok(Self {
            key: block,
            key_path: key.to_owned(),
            chain,
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
    /// [`Error::KeyFile`] and [`Error::Mismatch`].
    pub fn open(self, passphrase: Option<&[u8]>) -> Result<LocalKey, Error> {
        let spec = self.chain.key_spec();
        let leaf = self.chain.leaf();
        let mismatch = || Error::Mismatch {
            key: self.key_path.clone(),
            certificates: self.certificate_path.clone(),
            subject: leaf.subject().to_string(),
            spec,
        };
        let key = self.key.open(spec, passphrase).map_err(|problem| {
            if problem == KeyProblem::OtherKey {
                return mismatch();
            }
            Error::KeyFile {
                path: self.key_path.clone(),
                problem,
            }
        })?;
        if key.public_key_bits() != leaf.public_key_bits() {
            return Err(mismatch());
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
    chain: CertificateChain,
}

impl LocalKey {
    /// The certificates, the signer's first. Never empty.
    pub fn chain(&self) -> &[Certificate] {
        self.chain.certificates()
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
