//! Why the signature of a package is not accepted.

use time::OffsetDateTime;

use crate::aws::ArnError;
use crate::cms::SignerError;
use crate::notary::rfc3339;
use crate::{cms, x509};

/// Why the signature of a package is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Longer than [`crate::limits::MAX_PACKAGE_SIGNATURE_BYTES`].
    #[error("the signature is longer than the {max} bytes that are read")]
    TooLarge {
        /// The limit in bytes.
        max: u64,
    },
    /// There is no block `PKCS7`.
    #[error("the signature is not one block `PKCS7` in PEM")]
    NotPem,
    /// The body of the block is not base64.
    #[error("the body of the signature is not base64")]
    Base64(#[source] base64::DecodeError),
    /// The block is written in another way than AWS Signer writes it.
    #[error("the signature is not in lines of 64 characters that each end with a line feed")]
    Lines,
    /// The message begins in another way than AWS Signer's.
    #[error(
        "the CMS message does not begin as AWS Signer's: version 1, SHA-384, detached data, indefinite lengths"
    )]
    Beginning,
    /// The message ends in another way than AWS Signer's.
    #[error("the CMS message does not end after its signer")]
    End,
    /// Something in the message is not DER.
    #[error("the CMS message is malformed")]
    MalformedCms {
        /// Where it departs from DER.
        #[source]
        source: der::Error,
    },
    /// More of something than is looked at.
    #[error("the signature has more than {limit} {what}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// Another number of signers than one.
    #[error("the signature has {found} signers, wanted exactly one")]
    SignerCount {
        /// How many there are.
        found: usize,
    },
    /// Another version of the signer's structure.
    #[error("the signer's structure has version {found}, wanted 1")]
    Version {
        /// Its version.
        found: u32,
    },
    /// The signer, or what it signed, is not as it must be.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// Attributes that the signature does not cover.
    #[error("the signature has unsigned attributes")]
    UnsignedAttributes,
    /// The attributes are in another order than DER's.
    #[error("the signed attributes are not in the order of DER")]
    AttributeOrder,
    /// An attribute that AWS Signer does not write.
    #[error("the signature has a signed attribute that is not known, `{oid}`")]
    UnknownAttribute {
        /// Its type.
        oid: String,
    },
    /// An attribute with another value than AWS Signer's.
    #[error("signed attribute `{attribute}` does not have the value that AWS Signer writes")]
    AttributeValue {
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute that is not such a time.
    #[error("signed attribute `{attribute}` is not a time like `20220211174524.338Z`")]
    Time {
        /// The attribute.
        attribute: &'static str,
    },
    /// An attribute that is not such an ARN.
    #[error("signed attribute `{attribute}` is not an ARN of AWS Signer")]
    Arn {
        /// The attribute.
        attribute: &'static str,
        /// What is wrong with it.
        #[source]
        source: ArnError,
    },
    /// The job and the profile are not of one account and region.
    #[error("the signing job `{job}` is not where the signing profile `{profile}` is")]
    Places {
        /// The job.
        job: String,
        /// The profile version.
        profile: String,
    },
    /// It expires before it is made.
    #[error("the signature expires at `{}`, before it was made at `{}`", rfc3339(*expires_at), rfc3339(*signing_time))]
    Times {
        /// When it was made.
        signing_time: OffsetDateTime,
        /// When it expires.
        expires_at: OffsetDateTime,
    },
    /// A digest or signature algorithm other than AWS Signer's.
    #[error("the {what} algorithm is not `{wanted}` as AWS Signer writes it")]
    Algorithm {
        /// What it is for.
        what: &'static str,
        /// The wanted one.
        wanted: &'static str,
    },
    /// A certificate cannot be read.
    #[error("certificate {position} of the signature cannot be read")]
    Certificate {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        #[source]
        source: x509::Error,
    },
    /// The certificates do not end with a trusted root, twice.
    #[error(
        "the certificates of the signature do not end with the root of AWS Signer for AWS Lambda, twice"
    )]
    Root,
    /// The signer is not the first certificate.
    #[error("the signer is not the first certificate of the signature")]
    OtherSigner,
    /// The chain does not meet the requirements, or was not valid at the signing time.
    #[error("the certificates of the signature are not a chain for code signing")]
    Chain {
        /// Which certificate, and which requirement.
        #[source]
        source: x509::Error,
    },
    /// The signer's certificate is not for code signing.
    #[error("extended key usage of `{subject}` does not name code signing")]
    Purpose {
        /// Whose certificate.
        subject: String,
    },
    /// The signer's key is of another kind.
    #[error("the key of `{subject}` is `{key}`, wanted `EC-384`")]
    Key {
        /// Whose certificate.
        subject: String,
        /// The kind of the key.
        key: String,
    },
    /// The signature's value is wrong.
    #[error("the signature of `{subject}` is not valid")]
    Signature {
        /// Whose certificate.
        subject: String,
        /// What is wrong.
        #[source]
        source: x509::Error,
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

impl From<der::Error> for Error {
    fn from(source: der::Error) -> Self {
        Self::MalformedCms { source }
    }
}

impl Error {
    /// What to do about it, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Root => Some(
                "only AWS Signer's root for AWS Lambda is trusted; name the root certificate that your own records hold \
                 with the setting `trust-anchor`"
                    .to_owned(),
            ),
            Self::Certificate { source, .. } | Self::Chain { source } => source.hint(),
            _ => Some(
                "AWS Signer did not write this signature in this form; sign the unsigned package again".to_owned(),
            ),
        }
    }
}
