//! Why a key file does not sign. Nothing of a key or a passphrase is ever in an error.

use std::path::PathBuf;

use crate::algorithm::KeySpec;
use crate::files;
use crate::limits::MAX_PBKDF2_ITERATIONS;
use crate::signer::certificate_chain::CertificateChainError;
use crate::x509::PemProblem;

/// Why a local key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The certificates may not sign, or the chain is empty.
    #[error(transparent)]
    Chain(CertificateChainError),
    /// The key file could not be read.
    #[error("the key file `{}` cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: files::Error,
    },
    /// The key file has no key that could be used.
    #[error("the key file `{}` {problem}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: KeyProblem,
    },
    /// Another key than the certificate's.
    #[error(
        "the private key in `{}` does not match the public key of the first certificate in `{}`, \
         `{subject}` ({})",
        key.display(), certificates.display(), spec.as_str()
    )]
    Mismatch {
        /// The key file.
        key: PathBuf,
        /// The certificate file.
        certificates: PathBuf,
        /// The certificate's subject.
        subject: String,
        /// The certificate's kind of key.
        spec: KeySpec,
    },
    /// No test key could be made.
    #[error("could not generate a test key")]
    NotGenerated {
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The cryptographic library gave no signature.
    #[error("the key could not sign")]
    NotSigned,
}

/// What is wrong with a key file, said of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyProblem {
    /// Something else is in it.
    #[error("has no private key in PEM{}", found.as_ref().map_or_else(String::new, |found| format!(", but `{found}`")))]
    NoKey {
        /// The label of a block that it has instead.
        found: Option<String>,
    },
    /// A PEM block without its end, or that is not base64.
    #[error("is not well-formed PEM")]
    Pem {
        /// What is wrong with the block.
        #[source]
        problem: PemProblem,
    },
    /// Two keys in one file.
    #[error("has several private keys")]
    SeveralKeys,
    /// PEM with its own encryption, whose key derivation is one round of MD5.
    #[error("is encrypted in PEM's old way, `Proc-Type: 4,ENCRYPTED`")]
    LegacyEncryption,
    /// A way of encryption that is not read.
    #[error("is encrypted with {what}; only PBES2 with PBKDF2 and AES-CBC is supported")]
    UnsupportedEncryption {
        /// What it is encrypted with.
        what: String,
    },
    /// Too much work for a passphrase, or none.
    #[error("asks for {found} rounds of PBKDF2; from 1 to {MAX_PBKDF2_ITERATIONS} are accepted")]
    Iterations {
        /// The number in the file.
        found: u32,
    },
    /// The key is encrypted.
    #[error("is encrypted and there is no passphrase")]
    NoPassphrase,
    /// The passphrase does not open the key.
    #[error("cannot be decrypted: the passphrase is wrong, or the file is damaged")]
    WrongPassphrase,
    /// The key cannot be read.
    #[error("has a private key that is malformed, or too weak to be read")]
    Malformed,
    /// Another kind of key than the certificate's.
    #[error("has a different kind of key than the certificate")]
    OtherKey,
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Chain(source) => source.hint(),
            Self::Unreadable { source, .. } => Some(format!(
                "{}; the file must contain one private key in PEM",
                source.hint().as_deref().unwrap_or("check the path")
            )),
            Self::KeyFile { problem, .. } => Some(problem.hint().to_owned()),
            Self::Mismatch { .. } => Some(
                "put the signer's own certificate first in the certificate file, then its issuers; the key \
                 file must contain the key that the certificate was issued for"
                    .to_owned(),
            ),
            Self::NotGenerated { .. } | Self::NotSigned => None,
        }
    }
}

impl KeyProblem {
    fn hint(&self) -> &'static str {
        match self {
            Self::NoKey { found: Some(found) } if found.contains("CERTIFICATE") => {
                "the key file and the certificate file may have been switched"
            }
            Self::NoKey { found: Some(found) } if found.contains("PUBLIC KEY") => {
                "give the private key that belongs to the public key"
            }
            Self::NoKey { .. } => {
                "give a private key in PEM, `-----BEGIN PRIVATE KEY-----`; from DER: `openssl pkey -inform \
                 DER -in OLD.key -out NEW.key`"
            }
            Self::Pem { .. } => "the file may have been cut short or edited; copy it again",
            Self::SeveralKeys => "leave in the file only the key of the signer's certificate",
            Self::LegacyEncryption
            | Self::UnsupportedEncryption { .. }
            | Self::Iterations { .. } => {
                "convert it: `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD.key -out NEW.key`"
            }
            Self::NoPassphrase => {
                "run it in a terminal to be asked, or give the setting `key-passphrase-fd N` with the \
                 passphrase on file descriptor N"
            }
            Self::WrongPassphrase => {
                "try the passphrase with `openssl pkey -noout -in FILE`; spaces around the passphrase are \
                 part of it"
            }
            Self::Malformed | Self::OtherKey => {
                "the key must be RSA of 2048, 3072 or 4096 bits or ECDSA on P-256, P-384 or P-521; check it \
                 with `openssl pkey -noout -check -in FILE`"
            }
        }
    }
}
