//! One certificate, parsed once.
//!
//! Input: exactly one DER `Certificate`, nothing after it. Output: what the rest of the program asks
//! of it. Whether it is trusted, and whether it fits a chain, is decided elsewhere.

use std::fmt;
use std::sync::Arc;

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Reader as _, SliceReader, Tag};
use time::OffsetDateTime;
use x509_cert::ext::Extension;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::Time;

use super::constraints::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use super::key::PublicKey;
use super::known::KnownResults;
use super::rfc5280::{repeated, time_of};
use super::{DistinguishedName, Error, bounded};
use crate::algorithm::{HashAlgorithm, KeySpec};
use crate::limits::{MAX_CERTIFICATE_BYTES, MAX_KNOWN_CERTIFICATE_BYTES};
use crate::oci::hex;

/// Those that were parsed before.
static KNOWN: KnownResults<Certificate> = KnownResults::new();

struct Parsed {
    der: Vec<u8>,
    sha256: Vec<u8>,
    /// Where the signed part lies in `der`.
    tbs: std::ops::Range<usize>,
    certificate: x509_cert::Certificate,
    subject: DistinguishedName,
    issuer: DistinguishedName,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    key: PublicKey,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedKeyUsage>,
}

/// A certificate. Cloning is cheap; two are equal if their bytes are.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.0.subject.to_string())
            .field("sha256", &self.sha256_fingerprint())
            .finish_non_exhaustive()
    }
}

impl Certificate {
    /// Parses `der`, which must be one certificate and nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] past [`MAX_CERTIFICATE_BYTES`], [`Error::TrailingBytes`] if bytes follow,
    /// and otherwise what is wrong with the certificate.
    pub fn parse(der: &[u8]) -> Result<Self, Error> {
        if u64::try_from(der.len()).unwrap_or(u64::MAX) > MAX_CERTIFICATE_BYTES {
            return Err(Error::TooLarge {
                bytes: der.len(),
                limit: MAX_CERTIFICATE_BYTES,
            });
        }
        if der.len() > MAX_KNOWN_CERTIFICATE_BYTES {
            return Self::parse_anew(der);
        }
        KNOWN.get(der, || Self::parse_anew(der))
    }

    fn parse_anew(der: &[u8]) -> Result<Self, Error> {
        let malformed = |source| Error::Malformed { source };
        let (whole, rest) = split_first(der).map_err(malformed)?;
        if !rest.is_empty() {
            return Err(Error::TrailingBytes { bytes: rest.len() });
        }
        let certificate: x509_cert::Certificate = bounded::decode(whole)?;
        let tbs = tbs_range(whole).map_err(malformed)?;
        let fields = &certificate.tbs_certificate;
        if fields.signature != certificate.signature_algorithm {
            return Err(Error::AlgorithmsDiffer);
        }
        let extensions = fields.extensions.as_deref().unwrap_or_default();
        if let Some(extension) = repeated(extensions) {
            return Err(Error::DuplicateExtension {
                oid: extension.extn_id.to_string(),
            });
        }
        let to_time = |time: Time| time_of(time.to_unix_duration()).ok_or(Error::TimeOutOfRange);
        Ok(Self(Arc::new(Parsed {
            subject: DistinguishedName::decode(&fields.subject)?,
            issuer: DistinguishedName::decode(&fields.issuer)?,
            not_before: to_time(fields.validity.not_before)?,
            not_after: to_time(fields.validity.not_after)?,
            key: PublicKey::parse(&fields.subject_public_key_info)?,
            basic_constraints: BasicConstraints::find(extensions)?,
            key_usage: KeyUsage::find(extensions)?,
            extended_key_usage: ExtendedKeyUsage::find(extensions)?,
            der: whole.to_vec(),
            sha256: HashAlgorithm::Sha256.hash(whole),
            tbs,
            certificate,
        })))
    }

    /// The certificate's bytes.
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The bytes that its issuer signed (`TBSCertificate`).
    pub fn tbs_der(&self) -> &[u8] {
        self.0.der.get(self.0.tbs.clone()).unwrap_or_default()
    }

    /// The name of its owner.
    pub fn subject(&self) -> &DistinguishedName {
        &self.0.subject
    }

    /// Who signed it.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.0.issuer
    }

    /// The first second at which it is valid.
    pub fn not_before(&self) -> OffsetDateTime {
        self.0.not_before
    }

    /// The last second at which it is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        self.0.not_after
    }

    /// Whether `time` is within its validity, both ends included.
    pub fn is_valid_at(&self, time: OffsetDateTime) -> bool {
        (self.0.not_before..=self.0.not_after).contains(&time)
    }

    /// The serial number, as its two's complement bytes.
    pub fn serial_number(&self) -> &[u8] {
        self.0.certificate.tbs_certificate.serial_number.as_bytes()
    }

    /// The SHA-256 of its bytes.
    pub(super) fn sha256(&self) -> &[u8] {
        &self.0.sha256
    }

    /// The SHA-256 of its bytes in lower-case hexadecimal.
    pub fn sha256_fingerprint(&self) -> String {
        hex(self.sha256())
    }

    /// The kind and size of its key, if such a key may sign.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedSigningKey`] for any key that the specification's table does not have, by
    /// the exact number of bits.
    pub fn key_spec(&self) -> Result<KeySpec, Error> {
        self.0.key.key_spec()
    }

    /// Whether both have the same public key, however it is encoded.
    pub fn has_key_of(&self, other: &Self) -> bool {
        self.0.key == other.0.key
    }

    /// Whether its key is the one in `info`, a `SubjectPublicKeyInfo` in DER.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedKey`] if there is no public key in `info`.
    pub fn has_public_key(&self, info: &[u8]) -> Result<bool, Error> {
        let info = SubjectPublicKeyInfoOwned::from_der(info).map_err(|_| Error::MalformedKey)?;
        Ok(PublicKey::parse(&info)? == self.0.key)
    }

    /// Whether its basic constraints say that it is a certificate authority.
    pub fn is_ca(&self) -> bool {
        self.0
            .basic_constraints
            .is_some_and(|constraints| constraints.is_ca)
    }

    /// Whether it is its own issuer: by name, and its signature fits its own key.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.verify_signed_by(self).is_ok()
    }

    /// Whether issuer and subject are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.0.issuer.is_encoded_like(&self.0.subject)
    }

    /// Checks that `issuer`'s key signed this certificate. Names are not compared.
    ///
    /// # Errors
    ///
    /// [`Error::SignatureMismatch`], or why the signature cannot be checked: a broken hash, an
    /// algorithm or a key that is not supported.
    pub fn verify_signed_by(&self, issuer: &Self) -> Result<(), Error> {
        let certificate = &self.0.certificate;
        let signature = certificate
            .signature
            .as_bytes()
            .ok_or(Error::SignatureMismatch)?;
        issuer.verify_signature(&certificate.signature_algorithm, self.tbs_der(), signature)
    }

    /// Checks a signature of this certificate's key over `message`, of the kind that certificates,
    /// revocation lists and the like have. The purpose of the key is not looked at.
    ///
    /// # Errors
    ///
    /// As for [`Certificate::verify_signed_by`].
    pub fn verify_signature(
        &self,
        algorithm: &AlgorithmIdentifierOwned,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Error> {
        self.0.key.verify_signed(algorithm, message, signature)
    }

    /// Checks a signature envelope's signature over `message` with the only algorithm that this
    /// certificate's key signs with.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedSigningKey`] or [`Error::SignatureMismatch`].
    pub fn verify_envelope_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        self.0.key.verify(message, signature)
    }

    /// The extension of this type.
    pub fn extension(&self, oid: &ObjectIdentifier) -> Option<&Extension> {
        let extensions = self.0.certificate.tbs_certificate.extensions.as_deref();
        extensions?
            .iter()
            .find(|extension| extension.extn_id == *oid)
    }

    /// The certificate as the library `x509-cert` has it, for further protocols.
    pub fn as_x509_cert(&self) -> &x509_cert::Certificate {
        &self.0.certificate
    }

    pub(super) fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.0.basic_constraints
    }

    pub(super) fn key_usage(&self) -> Option<&KeyUsage> {
        self.0.key_usage.as_ref()
    }

    pub(super) fn extended_key_usage(&self) -> Option<&ExtendedKeyUsage> {
        self.0.extended_key_usage.as_ref()
    }
}

/// The first DER element of `bytes` and what follows it.
pub(super) fn split_first(bytes: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(bytes)?;
    reader.peek_header()?.tag.assert_eq(Tag::Sequence)?;
    let first = reader.tlv_bytes()?;
    let rest = reader.read_slice(reader.remaining_len())?;
    Ok((first, rest))
}

/// Where the first element of the outer sequence lies.
fn tbs_range(der: &[u8]) -> der::Result<std::ops::Range<usize>> {
    let mut reader = SliceReader::new(der)?;
    let header = der::Header::decode(&mut reader)?;
    header.tag.assert_eq(Tag::Sequence)?;
    let start = usize::try_from(reader.position())?;
    let length = reader.tlv_bytes()?.len();
    Ok(start..start.saturating_add(length))
}

#[cfg(test)]
mod tests;
