//! Why a key file does not sign. Nothing of a key or a passphrase is ever in an error.

use std::path::PathBuf;

use crate::algorithm::KeySpec;
use crate::limits::MAX_PBKDF2_ITERATIONS;
use crate::{files, x509};

/// Why a local key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("the signing key cannot be read")]
    Unreadable {
        /// Why.
        #[source]
        source: files::Error,
    },
    /// The certificate file is not one.
    #[error("the certificates in `{}` cannot be used", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// No certificate in the file.
    #[error("there is no certificate in `{}`", path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A key file with something else in it.
    #[error("the key file has no private key in PEM{}", found.as_ref().map_or_else(String::new, |found| format!(", but `{found}`")))]
    NoKey {
        /// The label of a block that it has instead.
        found: Option<String>,
    },
    /// A PEM block without its end, or that is not base64.
    #[error("the key file is not well-formed PEM")]
    Pem,
    /// Two keys in one file.
    #[error("the key file has several private keys")]
    SeveralKeys,
    /// PEM with its own encryption, whose key derivation is one round of MD5.
    #[error("the key file is encrypted in PEM's old way, `Proc-Type: 4,ENCRYPTED`")]
    LegacyEncryption,
    /// A way of encryption that is not read.
    #[error("the key file is encrypted with {what}; PBES2 with PBKDF2 and AES-CBC is read")]
    UnsupportedEncryption {
        /// What it is encrypted with.
        what: String,
    },
    /// Too much work for a passphrase, or none.
    #[error(
        "the key file asks for {found} rounds of PBKDF2; from 1 to {MAX_PBKDF2_ITERATIONS} are done"
    )]
    Iterations {
        /// The number in the file.
        found: u32,
    },
    /// The key is encrypted.
    #[error("the key file is encrypted and there is no passphrase")]
    NoPassphrase,
    /// The passphrase does not open the key.
    #[error("the passphrase does not open the key file, or the file is damaged")]
    WrongPassphrase,
    /// The key cannot be read.
    #[error("the private key is malformed, or too weak to be read")]
    Malformed,
    /// Another kind of key than the certificate's.
    #[error("the private key is not the certificate's, which is {wanted}")]
    OtherKey {
        /// The certificate's kind of key.
        wanted: KeySpec,
    },
    /// The same kind of key, and another one.
    #[error("private key does not match the public key of the certificate `{subject}`")]
    Mismatch {
        /// The certificate's subject.
        subject: String,
    },
    /// No test key could be made.
    #[error("no test key can be generated")]
    NotGenerated {
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// The cryptographic library gave no signature.
    #[error("the key made no signature")]
    NotSigned,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Unreadable { source } => return source.hint(),
            Self::Certificates { source, .. } => return source.hint(),
            Self::NoKey { found: Some(found) } if found.contains("CERTIFICATE") => {
                "`keyPath` and `certPath` may have been switched"
            }
            Self::LegacyEncryption
            | Self::UnsupportedEncryption { .. }
            | Self::Iterations { .. } => {
                "write it anew: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.key -out NEW.key`"
            }
            Self::NoPassphrase => {
                "run it in a terminal to be asked, or give `--key-passphrase-fd N` with the \
                 passphrase on file descriptor N"
            }
            Self::OtherKey { .. } | Self::Mismatch { .. } => {
                "the signer's own certificate comes first in the certificate file, then its issuers"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}
