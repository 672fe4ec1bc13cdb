//! Certificates, the requirements on their chains, and distinguished names
//! (`signature-specification.md`, "Certificate Requirements").
//!
//! Input: bytes. Output: certificates that are parsed once and kept with their bytes. Nothing here
//! reads a file, asks for revocation or knows a trust store: a chain that fits its requirements is
//! well formed and not yet trusted.

pub(crate) mod armor;
mod bounded;
mod certificate;
mod chain;
mod constraints;
mod extensions;
mod file;
pub mod identity;
mod key;
mod known;
mod name;
pub(crate) mod rfc5280;
#[cfg(test)]
pub(crate) mod testing;

use der::Tag;

use crate::allowance::Exhausted;

pub use armor::PemProblem;
pub use bounded::DerError;
pub(crate) use bounded::{check_lists, decode as decode_bounded};
pub use certificate::Certificate;
pub use chain::{ChainProblem, Purpose, verify_code_signing_chain, verify_timestamping_chain};
pub(crate) use extensions::uris;
pub use extensions::{DistributionPoint, parse_distribution_points};
pub use file::parse_certificates;
pub use name::{Attribute, DistinguishedName};

/// Why bytes are not a certificate, or a certificate is not what it must be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Larger than [`crate::limits::MAX_CERTIFICATE_BYTES`].
    #[error("certificate has {bytes} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: u64,
    },
    /// The time was over before the chain was checked to its end.
    #[error("the certificates were not checked to their end")]
    Unfinished {
        /// What was used up.
        source: Exhausted,
    },
    /// Not a certificate in DER.
    #[error("cannot be read as a certificate in DER")]
    Malformed {
        /// Where it departs from DER.
        #[source]
        source: der::Error,
    },
    /// A certificate that would cost too much to read.
    #[error("certificate has more in it than is read")]
    Excessive {
        /// What there is too much of.
        #[source]
        source: DerError,
    },
    /// A certificate, and then more.
    #[error("{bytes} bytes follow the certificate")]
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
    /// The signed part names another signature algorithm than the certificate around it.
    #[error("signature algorithms inside and outside the signed part of the certificate differ")]
    AlgorithmsDiffer,
    /// RFC 5280 allows each extension once.
    #[error("extension `{oid}` occurs twice")]
    DuplicateExtension {
        /// The extension's type.
        oid: String,
    },
    /// An extension that this program honours cannot be read.
    #[error("extension `{oid}` cannot be read")]
    MalformedExtension {
        /// The extension's type.
        oid: String,
        /// Where it departs from DER, or from what is read.
        #[source]
        source: DerError,
    },
    /// A name's value is not a string, or not of its type's alphabet.
    #[error("attribute `{attribute}` of a name is not a valid `{tag}`")]
    UnreadableName {
        /// The attribute's type.
        attribute: String,
        /// The value's type.
        tag: Tag,
    },
    /// A time that no calendar has.
    #[error("validity is out of range")]
    TimeOutOfRange,
    /// A public key that is not of its algorithm's form.
    #[error("public key is malformed")]
    MalformedKey,
    /// A key that may not sign artifacts.
    #[error(
        "signing key is `{key}`, wanted RSA of 2048, 3072 or 4096 bits or ECDSA on P-256, P-384 or P-521"
    )]
    UnsupportedSigningKey {
        /// The key.
        key: String,
    },
    /// A signature over a hash that can be forged.
    #[error("signature is `{algorithm}`, which is no longer safe")]
    BrokenHash {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// A signature of an algorithm that is not known here.
    #[error("signature algorithm `{oid}` is not supported")]
    UnsupportedAlgorithm {
        /// The algorithm's identifier.
        oid: String,
    },
    /// A signature algorithm with parameters that are not known here.
    #[error("parameters of signature algorithm `{oid}` are not supported")]
    UnsupportedParameters {
        /// The algorithm's identifier.
        oid: String,
    },
    /// The issuer's key cannot have made this signature, or cannot be used here.
    #[error("a key `{key}` cannot check a signature `{algorithm}`")]
    KeyCannotVerify {
        /// The key.
        key: String,
        /// The signature's algorithm.
        algorithm: String,
    },
    /// The signature was made with another key or over other bytes.
    #[error("signature does not match the key and the signed bytes")]
    SignatureMismatch,
    /// A PEM block that is not a certificate's.
    #[error("PEM block in line {line} is malformed")]
    Pem {
        /// The line in which it begins, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        problem: PemProblem,
    },
    /// A file of something else.
    #[error("the file has no PEM block and is not DER")]
    NeitherForm,
    /// One certificate of a file that cannot be read.
    #[error("certificate {position} of the file cannot be read")]
    InFile {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: Box<Self>,
    },
    /// No certificate at all.
    #[error("{purpose} chain has no certificate")]
    EmptyChain {
        /// What its leaf should sign.
        purpose: Purpose,
    },
    /// More than [`crate::limits::MAX_CHAIN_CERTIFICATES`].
    #[error("{purpose} chain has {count} certificates, more than the {limit} that are read")]
    ChainTooLong {
        /// What its leaf should sign.
        purpose: Purpose,
        /// How many there are.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// A certificate that does not fit its place in the chain.
    #[error(
        "certificate {position} of {count} in the {purpose} chain (`{subject}`) does not fit its place"
    )]
    Chain {
        /// What the leaf should sign.
        purpose: Purpose,
        /// Which certificate, counted from 1; the leaf is 1.
        position: usize,
        /// How many there are.
        count: usize,
        /// Whose certificate.
        subject: String,
        /// The requirement that it does not meet.
        #[source]
        problem: ChainProblem,
    },
}

impl From<DerError> for Error {
    /// What is wrong with the DER of a whole certificate.
    fn from(error: DerError) -> Self {
        match error {
            DerError::Der(source) => Self::Malformed { source },
            source => Self::Excessive { source },
        }
    }
}

impl Error {
    /// What Go says of a file that is not made of certificates, by what it begins with.
    pub fn in_words_of_go(&self) -> &'static str {
        match self {
            Self::InFile { source, .. } => source.in_words_of_go(),
            // Go takes every block for a certificate; a private key begins with a number.
            Self::Pem {
                problem: PemProblem::Label(label),
                ..
            } if label.ends_with("PRIVATE KEY") && !label.starts_with("ENCRYPTED") => {
                "x509: malformed tbs certificate"
            }
            _ => "x509: malformed certificate",
        }
    }

    /// What the reader may do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::BrokenHash { .. } => {
                Some("request a new certificate with SHA-256 or better".to_owned())
            }
            Self::UnsupportedSigningKey { .. } => {
                Some("use a key of one of these kinds; AWS Signer's are ECDSA on P-384".to_owned())
            }
            Self::Pem {
                problem: PemProblem::Label(_),
                ..
            } => Some("keep only `CERTIFICATE` blocks in the file".to_owned()),
            Self::NeitherForm => Some(
                "a certificate file is PEM, with lines `-----BEGIN CERTIFICATE-----` and \
                 `-----END CERTIFICATE-----`, or DER"
                    .to_owned(),
            ),
            Self::InFile { source, .. } => source.hint(),
            Self::Chain { problem, .. } => problem.hint(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_comes_from_the_innermost_problem() {
        let broken = || Error::BrokenHash {
            algorithm: "RSA with SHA-1",
        };
        let in_chain = Error::Chain {
            purpose: Purpose::CodeSigning,
            position: 2,
            count: 2,
            subject: "CN=root".to_owned(),
            problem: ChainProblem::NotSelfSigned {
                source: Box::new(broken()),
            },
        };
        let in_file = Error::InFile {
            position: 1,
            source: Box::new(broken()),
        };
        let wanted = Some("request a new certificate with SHA-256 or better".to_owned());
        assert_eq!(in_chain.hint(), wanted);
        assert_eq!(in_file.hint(), wanted);
        assert_eq!(Error::MalformedKey.hint(), None);
    }
}
