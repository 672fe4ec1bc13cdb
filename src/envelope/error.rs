//! Why an envelope is refused.

use time::OffsetDateTime;

use crate::algorithm::{KeySpec, SignatureAlgorithm};
use crate::allowance::Exhausted;
use crate::notary::{PAYLOAD_MEDIA_TYPE, SigningScheme, rfc3339};
use crate::{json, x509};

pub use super::cbor::Error as CborError;

/// Why bytes are not an envelope, or an envelope is not whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Larger than [`crate::limits::MAX_ENVELOPE_BYTES`].
    #[error("envelope has {bytes} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: u64,
    },
    /// The time was over before the envelope was read to its end.
    #[error("the envelope was not read to its end")]
    Unfinished {
        /// What was used up.
        source: Exhausted,
    },
    /// A JWS that is not the flattened serialisation.
    #[error("not a JSON Web Signature in flattened form")]
    Json {
        /// Where and why.
        source: serde_json::Error,
    },
    /// Bytes that do not begin a JSON object.
    #[error("not a JSON object, as a JSON Web Signature in flattened form must be")]
    NotAnObject,
    /// A member that is not base64url, or not in its only form.
    #[error("`{member}` is not base64url without padding")]
    Base64Url {
        /// The member.
        member: &'static str,
        /// Where and why.
        source: base64::DecodeError,
    },
    /// A member that is not base64, or not in its only form.
    #[error("`{member}` is not base64 with padding")]
    Base64 {
        /// The member.
        member: &'static str,
        /// Where and why.
        source: base64::DecodeError,
    },
    /// Bytes that are not strict CBOR.
    #[error("{part} cannot be read")]
    Cbor {
        /// The part of the envelope; positions count from its beginning.
        part: &'static str,
        /// What is wrong with it.
        source: CborError,
    },
    /// CBOR that is not a tagged `COSE_Sign1`.
    #[error("not a COSE_Sign1: wanted tag 18 and an array of 4")]
    NotSign1,
    /// A part of another kind.
    #[error("{part} is {found}, wanted {wanted}")]
    WrongPart {
        /// The part.
        part: &'static str,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// A label that is not text or a 64-bit integer.
    #[error("label in the {part} is {found}, wanted text or an integer of 64 bits")]
    BadLabel {
        /// The part.
        part: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A header in both buckets.
    #[error("header `{header}` is in the protected and in the unprotected header")]
    InBothHeaders {
        /// Its name.
        header: String,
    },
    /// A header in a place that the signature does not cover.
    #[error("header `{header}` is not protected")]
    NotProtected {
        /// Its name.
        header: String,
    },
    /// The chain in the protected header.
    #[error("certificate chain is in the protected header, wanted in the unprotected one")]
    ProtectedChain,
    /// A value that plugins and people cannot be told.
    #[error("header `{header}` has a value that JSON cannot express")]
    NotInJson {
        /// Its name.
        header: String,
    },
    /// A number and a text of the same digits.
    #[error("header `{header}` occurs as a number and as text")]
    AmbiguousLabel {
        /// Its name.
        header: String,
    },
    /// Larger than its limit in [`crate::limits`].
    #[error("`{part}` has more than the {limit} bytes that are read")]
    PartTooLarge {
        /// The part.
        part: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
    /// Larger than [`crate::limits::MAX_PROTECTED_HEADER_BYTES`].
    #[error("protected header has {bytes} bytes, more than the {limit} that are read")]
    HeaderTooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// A protected header that is not strict JSON.
    #[error("protected header cannot be read")]
    HeaderJson {
        /// What is wrong with it.
        source: json::Error,
    },
    /// A part that must be there and not be empty.
    #[error("envelope has no {part}")]
    MissingPart {
        /// The part.
        part: &'static str,
    },
    /// A header that must be there.
    #[error("header `{header}` is missing")]
    MissingHeader {
        /// Its name.
        header: &'static str,
    },
    /// A header of another kind.
    #[error("header `{header}` is {found}, wanted {wanted}")]
    WrongKind {
        /// Its name.
        header: String,
        /// What it is.
        found: &'static str,
        /// What it should be.
        wanted: &'static str,
    },
    /// An algorithm that the specification does not have.
    #[error("signature algorithm `{found}` is not supported")]
    UnsupportedAlgorithm {
        /// As the envelope names it.
        found: String,
    },
    /// A time that is not in the specification's form.
    #[error("header `{header}` has `{found}`, which is not an RFC 3339 time")]
    NotATime {
        /// Its name.
        header: String,
        /// What it has.
        found: String,
    },
    /// A time before 1970 or after 9999.
    #[error("header `{header}` has a time out of range")]
    TimeOutOfRange {
        /// Its name.
        header: String,
    },
    /// A signing scheme that the specification does not have.
    #[error("signing scheme `{found}` is not supported")]
    UnsupportedScheme {
        /// As the envelope names it.
        found: String,
    },
    /// A header that the signing scheme does not have.
    #[error("header `{header}` does not belong to signing scheme `{scheme}`")]
    NotOfScheme {
        /// Its name.
        header: &'static str,
        /// The scheme.
        scheme: SigningScheme,
    },
    /// An expiry that was over when it was signed.
    #[error(
        "expiry `{}` is not after the signing time `{}`",
        rfc3339(*expiry), rfc3339(*signing_time)
    )]
    ExpiryNotAfterSigning {
        /// The expiry.
        expiry: OffsetDateTime,
        /// The signing time.
        signing_time: OffsetDateTime,
    },
    /// A header that must be critical.
    #[error("header `{header}` is not marked critical")]
    NotCritical {
        /// Its name.
        header: &'static str,
    },
    /// No list of critical headers, or an empty one.
    #[error("no header is marked critical")]
    NoCritical,
    /// A name twice in the list of critical headers.
    #[error("header `{header}` is marked critical twice")]
    CriticalTwice {
        /// Its name.
        header: String,
    },
    /// A critical header that is not there.
    #[error("header `{header}` is marked critical and missing")]
    CriticalMissing {
        /// Its name.
        header: String,
    },
    /// A header that the specifications do not allow to be critical.
    #[error("header `{header}` must not be marked critical")]
    MayNotBeCritical {
        /// Its name.
        header: String,
    },
    /// A plugin name that is blank.
    #[error("header `{header}` is blank")]
    Blank {
        /// Its name.
        header: &'static str,
    },
    /// A lowest version that is not a semantic version.
    #[error("header `{header}` has `{found}`, which is not a semantic version")]
    NotAVersion {
        /// Its name.
        header: &'static str,
        /// What it has.
        found: String,
    },
    /// A lowest version of no plugin.
    #[error("header `{header}` names a version and no plugin")]
    VersionWithoutPlugin {
        /// Its name.
        header: &'static str,
    },
    /// An attribute twice, or one of the name of a header (when an envelope is written).
    #[error("header `{header}` occurs twice")]
    AttributeTwice {
        /// Its name.
        header: String,
    },
    /// An attribute whose name the format does not have (when an envelope is written).
    #[error("header `{header}` cannot be written in this format")]
    NotInFormat {
        /// Its name.
        header: String,
    },
    /// No certificate.
    #[error("envelope has no certificate chain")]
    NoCertificate,
    /// More certificates than [`crate::limits::MAX_CHAIN_CERTIFICATES`].
    #[error("certificate chain has more than the {limit} certificates that are read")]
    TooManyCertificates {
        /// The limit.
        limit: usize,
    },
    /// A certificate that cannot be read.
    #[error("certificate {position} of the chain cannot be read")]
    Certificate {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: x509::Error,
    },
    /// The envelope names another algorithm than the signer's key has.
    #[error("envelope names algorithm `{named}`, but a key `{key}` signs with `{wanted}`")]
    AlgorithmMismatch {
        /// The signer's key.
        key: KeySpec,
        /// As the envelope names it.
        named: SignatureAlgorithm,
        /// What the key signs with.
        wanted: SignatureAlgorithm,
    },
    /// The signature does not fit, or cannot be checked.
    #[error("signature of the envelope is invalid")]
    Signature {
        /// Why.
        source: x509::Error,
    },
    /// Another media type than the specification's.
    #[error("content type is `{found}`, wanted `{PAYLOAD_MEDIA_TYPE}`")]
    ContentType {
        /// As the envelope names it.
        found: String,
    },
    /// A chain that does not meet the specification's requirements.
    #[error("certificate chain of the envelope is invalid")]
    Chain {
        /// Which certificate and which requirement.
        source: x509::Error,
    },
}

impl Error {
    /// What the reader may do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Certificate { source, .. }
            | Self::Signature {
                source: source @ x509::Error::UnsupportedSigningKey { .. },
            }
            | Self::Chain { source } => source.hint(),
            Self::Signature { .. } => Some(
                "the envelope was changed after it was signed, or its first certificate is not the \
                 signer's"
                    .to_owned(),
            ),
            Self::VersionWithoutPlugin { .. }
            | Self::NotOfScheme { .. }
            | Self::AlgorithmMismatch { .. } => Some(
                "the program that signed does not follow the specification"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_given_where_there_is_some() {
        let hint = |source| Error::Signature { source }.hint().unwrap();
        assert!(hint(x509::Error::SignatureMismatch).starts_with("the envelope was changed"));
        let key = "RSA of 1024 bits".to_owned();
        assert!(hint(x509::Error::UnsupportedSigningKey { key }).starts_with("use a key"));
        assert_eq!(Error::NoCritical.hint(), None);
    }
}
