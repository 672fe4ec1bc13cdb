//! The signed attributes: exactly the seven that AWS Signer writes.

use der::asn1::{ObjectIdentifier, OctetStringRef, Utf8StringRef};
use der::{Decode as _, SliceReader};
use time::OffsetDateTime;

use super::{Error, generalized_time};
use crate::aws::{ArnError, SigningJobArn, SigningProfileVersionArn};
use crate::cms::{CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, Signer, SignerError, decode, find};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const ALGORITHM_PROTECTION: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.52");
const JOB: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.187.137.1.2");
const EXPIRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.187.137.1.3");
const PROFILE_VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.187.137.1.4");

const ALL: [ObjectIdentifier; 7] = [
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_TIME,
    ALGORITHM_PROTECTION,
    JOB,
    EXPIRY,
    PROFILE_VERSION,
];

/// `CMSAlgorithmProtection` (RFC 6211) of SHA-384, with its parameter, and ECDSA with SHA-384.
const PROTECTION: &[u8] = &[
    0x30, 0x1b, 0x30, 0x0d, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2, 5, 0, 0xa1, 0x0a, 6, 8,
    0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3,
];

/// What the attributes say.
#[derive(Debug)]
pub(super) struct Attributes {
    pub(super) message_digest: Vec<u8>,
    pub(super) signing_time: OffsetDateTime,
    pub(super) expires_at: OffsetDateTime,
    pub(super) job: SigningJobArn,
    pub(super) profile_version: SigningProfileVersionArn,
}

impl Attributes {
    pub(super) fn parse(signer: &Signer<'_>) -> Result<Self, Error> {
        let known = |oid: &[u8]| ALL.iter().any(|known| known.as_bytes() == oid);
        if let Some(other) = signer.attributes.iter().find(|other| !known(other.oid)) {
            let oid = ObjectIdentifier::from_bytes(other.oid);
            return Err(Error::UnknownAttribute {
                oid: oid.map_or_else(|_| "unreadable".to_owned(), |oid| oid.to_string()),
            });
        }
        let value = |oid, attribute| {
            find(&signer.attributes, oid, attribute)?
                .ok_or(SignerError::AttributeMissing { attribute })
        };
        let is_data = decode(
            value(CONTENT_TYPE, "contentType")?,
            "contentType",
            ObjectIdentifier::decode,
        )? == DATA;
        if !is_data {
            return Err(Error::AttributeValue {
                attribute: "contentType",
            });
        }
        if value(ALGORITHM_PROTECTION, "CMSAlgorithmProtection")? != PROTECTION {
            return Err(Error::AttributeValue {
                attribute: "CMSAlgorithmProtection",
            });
        }
        let digest =
            |reader: &mut SliceReader<'_>| Ok(OctetStringRef::decode(reader)?.as_bytes().to_vec());
        let time = |oid, attribute| {
            generalized_time::parse(value(oid, attribute)?).ok_or(Error::Time { attribute })
        };
        Ok(Self {
            message_digest: decode(
                value(MESSAGE_DIGEST, "messageDigest")?,
                "messageDigest",
                digest,
            )?,
            signing_time: time(SIGNING_TIME, "signingTime")?,
            expires_at: time(EXPIRY, "expiry")?,
            job: arn(
                value(JOB, "signingJob")?,
                "signingJob",
                SigningJobArn::parse,
            )?,
            profile_version: arn(
                value(PROFILE_VERSION, "signingProfileVersion")?,
                "signingProfileVersion",
                SigningProfileVersionArn::parse,
            )?,
        })
    }
}

fn arn<T>(
    value: &[u8],
    attribute: &'static str,
    parse: impl FnOnce(&str) -> Result<T, ArnError>,
) -> Result<T, Error> {
    let text = decode(value, attribute, |reader| {
        Ok(Utf8StringRef::decode(reader)?.as_str().to_owned())
    })?;
    parse(&text).map_err(|source| Error::Arn { attribute, source })
}
