//! The signed attributes of a timestamp (RFC 5652 section 11, RFC 5035).
//!
//! Input: a signer's attributes. Output: the four that decide, each read whole and found at most once.

use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::{AnyRef, Decode, Reader, SliceReader, Tag, TagNumber, Tagged as _};
use time::OffsetDateTime;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::Error;
use super::tst_info::sha2;
use crate::algorithm::HashAlgorithm;
use crate::cms::{
    CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, Signer, SignerError, decode, find, read_time,
};
use crate::x509::Certificate;

const SIGNING_CERTIFICATE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// What a signer's attributes say.
#[derive(Debug)]
pub(super) struct SignedAttributes<'a> {
    pub(super) content_type: ObjectIdentifier,
    pub(super) message_digest: &'a [u8],
    pub(super) signing_time: Option<OffsetDateTime>,
    certificate: CertificateId<'a>,
    /// The older attribute names the same certificate where both are there.
    certificate_v1: Option<CertificateId<'a>>,
}

impl<'a> SignedAttributes<'a> {
    pub(super) fn parse(signer: &Signer<'a>) -> Result<Self, Error> {
        let find = |oid, attribute| find(&signer.attributes, oid, attribute);
        let required = |oid, attribute| {
            find(oid, attribute)?.ok_or(SignerError::AttributeMissing { attribute })
        };
        Ok(Self {
            content_type: decode(
                required(CONTENT_TYPE, "contentType")?,
                "contentType",
                ObjectIdentifier::decode,
            )?,
            message_digest: decode(
                required(MESSAGE_DIGEST, "messageDigest")?,
                "messageDigest",
                |reader| Ok(OctetStringRef::decode(reader)?.as_bytes()),
            )?,
            signing_time: find(SIGNING_TIME, "signingTime")?
                .map(|value| decode(value, "signingTime", read_time))
                .transpose()?,
            certificate: CertificateId::parse(
                required(SIGNING_CERTIFICATE_V2, "signingCertificateV2")?,
                "signingCertificateV2",
                |fields| {
                    if fields.peek_tag()? == Tag::Sequence {
                        AlgorithmIdentifierOwned::decode(fields).map(Some)
                    } else {
                        Ok(None)
                    }
                },
                HashName::Sha256,
            )?,
            certificate_v1: find(SIGNING_CERTIFICATE, "signingCertificate")?
                .map(|value| {
                    CertificateId::parse(value, "signingCertificate", |_| Ok(None), HashName::Sha1)
                })
                .transpose()?,
        })
    }

    /// The certificate of `certificates` that these attributes name.
    pub(super) fn signing_certificate<'c>(
        &self,
        certificates: &'c [Certificate],
        signer: &Signer<'_>,
    ) -> Result<&'c Certificate, Error> {
        if certificates.is_empty() {
            return Err(Error::CertificatesMissing);
        }
        let certificate = certificates
            .iter()
            .find(|certificate| self.certificate.has_hash_of(certificate))
            .ok_or(Error::SigningCertificateMissing)?;
        // The hash names the certificate; issuer and serial number, of the attribute or else of the
        // signer, must not contradict it.
        let (issuer, serial_number) = self
            .certificate
            .issuer_serial
            .unwrap_or((signer.issuer, signer.serial_number));
        let same_issuer = certificate.issuer_der() == issuer;
        if !same_issuer || certificate.serial_number() != serial_number {
            return Err(Error::SigningCertificateMismatch {
                subject: certificate.subject().to_string(),
            });
        }
        match &self.certificate_v1 {
            Some(v1) if !v1.has_hash_of(certificate) => Err(Error::SigningCertificateMismatch {
                subject: certificate.subject().to_string(),
            }),
            _ => Ok(certificate),
        }
    }
}

/// The hash algorithms of certificate identifiers.
#[derive(Debug, Clone, Copy)]
enum HashName {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// The first `ESSCertID` or `ESSCertIDv2`, which is the signer's; further ones name authorities.
#[derive(Debug)]
struct CertificateId<'a> {
    algorithm: HashName,
    hash: &'a [u8],
    /// The issuer's name in DER, and the serial number's two's complement bytes.
    issuer_serial: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> CertificateId<'a> {
    fn parse(
        value: &'a [u8],
        attribute: &'static str,
        read_algorithm: impl Fn(&mut SliceReader<'a>) -> der::Result<Option<AlgorithmIdentifierOwned>>,
        default: HashName,
    ) -> Result<Self, Error> {
        let malformed =
            |source| Error::Signer(SignerError::MalformedAttribute { attribute, source });
        let sequence = |bytes: &'a [u8]| -> der::Result<AnyRef<'a>> {
            let any = AnyRef::from_der(bytes)?;
            any.tag().assert_eq(Tag::Sequence)?;
            Ok(any)
        };
        let mut fields =
            SliceReader::new(sequence(value).map_err(malformed)?.value()).map_err(malformed)?;
        let ids = fields.tlv_bytes().map_err(malformed)?;
        let ids = sequence(ids).map_err(malformed)?.value();
        if ids.is_empty() {
            return Err(Error::AttributeEmpty { attribute });
        }
        let mut ids = SliceReader::new(ids).map_err(malformed)?;
        let first = ids.tlv_bytes().map_err(malformed)?;
        let first = sequence(first).map_err(malformed)?.value();
        let mut fields = SliceReader::new(first).map_err(malformed)?;
        let algorithm = match read_algorithm(&mut fields).map_err(malformed)? {
            None => default,
            Some(algorithm) => match sha2(&algorithm) {
                Some(HashAlgorithm::Sha256) => HashName::Sha256,
                Some(HashAlgorithm::Sha384) => HashName::Sha384,
                Some(HashAlgorithm::Sha512) => HashName::Sha512,
                None => {
                    return Err(Error::HashAlgorithm {
                        what: "certificate",
                        oid: algorithm.oid.to_string(),
                    });
                }
            },
        };
        let hash = OctetStringRef::decode(&mut fields).map_err(malformed)?;
        let issuer_serial = if fields.is_finished() {
            None
        } else {
            Some(fields.sequence(read_issuer_serial).map_err(malformed)?)
        };
        fields.finish(()).map_err(malformed)?;
        Ok(Self {
            algorithm,
            hash: hash.as_bytes(),
            issuer_serial,
        })
    }

    fn has_hash_of(&self, certificate: &Certificate) -> bool {
        use aws_lc_rs::digest;
        let algorithm = match self.algorithm {
            HashName::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            HashName::Sha256 => &digest::SHA256,
            HashName::Sha384 => &digest::SHA384,
            HashName::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, certificate.der()).as_ref() == self.hash
    }
}

fn read_issuer_serial<'a, R: Reader<'a>>(fields: &mut R) -> der::Result<(&'a [u8], &'a [u8])> {
    let issuer = fields.sequence(|names| {
        let name = AnyRef::decode(names)?;
        name.tag().assert_eq(Tag::ContextSpecific {
            constructed: true,
            number: TagNumber::N4,
        })?;
        // A directory name is explicitly tagged: inside is the name itself.
        Ok(name.value())
    })?;
    let serial_number = AnyRef::decode(fields)?;
    serial_number.tag().assert_eq(Tag::Integer)?;
    Ok((issuer, serial_number.value()))
}
