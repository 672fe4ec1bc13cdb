//! Why a timestamp is not believed, or none was got.

use der::Tag;
use time::OffsetDateTime;

use crate::cms::SignerError;
use crate::notary::rfc3339;
use crate::{cms, http, x509};

/// Why a timestamp is not believed, or none was got.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Longer than [`crate::limits::MAX_TIMESTAMP_BYTES`].
    #[error("timestamp has {bytes} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: u64,
    },
    /// Elements inside elements beyond the limit.
    #[error("timestamp is nested more than {limit} levels deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More of something than is looked at.
    #[error("timestamp has more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Not BER.
    #[error("timestamp is not in BER: {0}")]
    NotBer(&'static str),
    /// A timestamp, and then more.
    #[error("{bytes} bytes follow the timestamp")]
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
    /// Not a `SignedData` of RFC 5652.
    #[error("timestamp is not a CMS signed message")]
    MalformedCms {
        /// Where it departs from DER.
        #[source]
        source: der::Error,
    },
    /// Something else is signed or sent than a timestamp.
    #[error("content type is `{found}`, wanted `{wanted}`")]
    ContentType {
        /// The identifier that was found.
        found: String,
        /// The name of the wanted one.
        wanted: &'static str,
    },
    /// The signature's own attribute names another content.
    #[error("the signed attribute `contentType` is `{found}`, not that of the content")]
    ContentTypeAttribute {
        /// The identifier that was found.
        found: String,
    },
    /// A structure of another version.
    #[error("{what} has version {found}, wanted {wanted}")]
    Version {
        /// Which structure.
        what: &'static str,
        /// Its version.
        found: u32,
        /// The version wanted.
        wanted: u32,
    },
    /// The content was left out.
    #[error("timestamp has no content")]
    ContentMissing,
    /// RFC 3161 allows one signer.
    #[error("timestamp has {found} signers, wanted exactly one")]
    SignerCount {
        /// How many there are.
        found: usize,
    },
    /// The signer, or what it signed, is not as it must be.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// Among the certificates is something else.
    #[error("a certificate of the timestamp is a `{tag}`, not an X.509 certificate")]
    NotACertificate {
        /// What it is.
        tag: Tag,
    },
    /// A certificate cannot be read.
    #[error("certificate {position} of the timestamp cannot be read")]
    Certificate {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: Box<x509::Error>,
    },
    /// A signed attribute that names no certificate.
    #[error("signed attribute `{attribute}` names no certificate")]
    AttributeEmpty {
        /// The attribute.
        attribute: &'static str,
    },
    /// A hash algorithm that is broken or unknown.
    #[error("hash algorithm of the {what} is `{oid}`, wanted SHA-256, SHA-384 or SHA-512")]
    HashAlgorithm {
        /// What is hashed.
        what: &'static str,
        /// The algorithm's identifier.
        oid: String,
    },
    /// The content is not what was signed.
    #[error("the signed attribute `messageDigest` is not the hash of the content")]
    DigestMismatch,
    /// Not a `TSTInfo` of RFC 3161.
    #[error("the signed content is not timestamp information (TSTInfo)")]
    MalformedTstInfo {
        /// Where it departs from DER.
        #[source]
        source: der::Error,
    },
    /// The stamp was made for something else.
    #[error("timestamp is for another signature")]
    ImprintMismatch,
    /// The time and its accuracy leave the calendar.
    #[error("time `{}` with its accuracy is out of range", rfc3339(*generated_at))]
    TimeOutOfRange {
        /// The stamped time.
        generated_at: OffsetDateTime,
    },
    /// The time has not come yet.
    #[error(
        "timestamp says `{}`, which is later than now, `{}`",
        rfc3339(*generated_at),
        rfc3339(*now)
    )]
    FromTheFuture {
        /// The stamped time.
        generated_at: OffsetDateTime,
        /// The time of this check.
        now: OffsetDateTime,
    },
    /// There is no certificate at all.
    #[error("timestamp has no certificate")]
    CertificatesMissing,
    /// The signer's certificate is not among the certificates.
    #[error("the certificate that signed the timestamp is not in it")]
    SigningCertificateMissing,
    /// Two statements about the signer's certificate disagree.
    #[error("timestamp names its signer's certificate in two ways, and `{subject}` fits only one")]
    SigningCertificateMismatch {
        /// Whose certificate fits the hash.
        subject: String,
    },
    /// The signature over the timestamp is wrong.
    #[error("signature of `{subject}` over the timestamp is not valid")]
    Signature {
        /// Whose certificate.
        subject: String,
        /// What is wrong.
        source: Box<x509::Error>,
    },
    /// No chain from the signer's certificate to a trusted root.
    #[error(
        "no chain from the timestamping certificate `{subject}`, issued by `{issuer}`, to one of \
         the {roots} trusted roots"
    )]
    UntrustedAuthority {
        /// Whose certificate.
        subject: String,
        /// Who signed it.
        issuer: String,
        /// How many roots there are.
        roots: usize,
    },
    /// The chain ends in a trusted root and does not meet the requirements.
    #[error("the timestamping authority's chain does not meet the requirements")]
    Chain {
        /// Which certificate, and which requirement.
        source: Box<x509::Error>,
    },
    /// A certificate authority that does not issue for timestamping.
    #[error("extended key usage of `{subject}` does not allow timestamping below it")]
    AuthorityPurpose {
        /// Whose certificate.
        subject: String,
    },
    /// The signer's own statement of the time contradicts its certificates.
    #[error(
        "the signed attribute `signingTime` is `{}`, when `{subject}` was not valid",
        rfc3339(*time)
    )]
    SigningTime {
        /// The attribute's time.
        time: OffsetDateTime,
        /// Whose certificate.
        subject: String,
    },
    /// The stamped signature's certificate was not, or not certainly, valid then.
    #[error(
        "signature was made between `{}` and `{}`, and certificate `{subject}` is valid from `{}` \
         to `{}`",
        rfc3339(*earliest),
        rfc3339(*latest),
        rfc3339(*not_before),
        rfc3339(*not_after)
    )]
    OutsideValidity {
        /// Whose certificate.
        subject: String,
        /// The earliest time that the stamp allows.
        earliest: OffsetDateTime,
        /// The latest time that the stamp allows.
        latest: OffsetDateTime,
        /// The certificate's first second.
        not_before: OffsetDateTime,
        /// The certificate's last second.
        not_after: OffsetDateTime,
    },
    /// The address of the authority cannot be used.
    #[error("`{url}` is not an `http` or `https` URL with a host")]
    Url {
        /// The address, without what may be secret in it.
        url: String,
    },
    /// No random number for the request.
    #[error("could not generate a random number for the request")]
    Random,
    /// The request got no answer.
    #[error("the timestamping authority did not answer")]
    Http {
        /// Why.
        source: Box<http::Error>,
    },
    /// An answer other than a timestamp.
    #[error("the timestamping authority `{url}` answered with status {status}")]
    Status {
        /// Its address.
        url: String,
        /// The HTTP status code.
        status: u16,
    },
    /// An answer of another type.
    #[error(
        "the timestamping authority `{url}` answered with content type `{found}`, wanted \
         `application/timestamp-reply`"
    )]
    MediaType {
        /// Its address.
        url: String,
        /// The content type.
        found: String,
    },
    /// Not a `TimeStampResp` of RFC 3161.
    #[error("the timestamping authority's answer is malformed")]
    MalformedResponse {
        /// Where it departs from DER.
        #[source]
        source: der::Error,
    },
    /// The authority said no.
    #[error("the timestamping authority refused: status {status}{reason}")]
    Refused {
        /// `PKIStatus` by name.
        status: String,
        /// Its failure information and text, as `: ...`; empty without.
        reason: String,
    },
    /// The authority said yes and sent nothing.
    #[error("the timestamping authority's answer has no timestamp")]
    TokenMissing,
    /// The answer is to another request.
    #[error("the timestamp's {what} is not that of the request")]
    NotAsRequested {
        /// What differs.
        what: &'static str,
    },
}

impl From<cms::Error> for Error {
    fn from(error: cms::Error) -> Self {
        match error {
            cms::Error::Malformed(source) => Self::MalformedCms { source },
            cms::Error::TooMany { what, limit } => Self::TooMany { what, limit },
            cms::Error::Signer(error) => Self::Signer(error),
        }
    }
}

impl Error {
    /// Advice, where there is some.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UntrustedAuthority { .. } => Some(
                "add the authority's root certificate to a `tsa` trust store that the trust \
                 policy lists"
                    .to_owned(),
            ),
            Self::FromTheFuture { .. } => Some("check this machine's clock".to_owned()),
            Self::Certificate { source, .. }
            | Self::Signature { source, .. }
            | Self::Chain { source } => source.hint(),
            Self::Http { source } => source.hint(),
            _ => None,
        }
    }
}
