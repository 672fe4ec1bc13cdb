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
use super::rfc5280::{repeated, time_of};
use super::{DistinguishedName, Error, bounded};
use crate::algorithm::{HashAlgorithm, KeySpec};
use crate::limits::MAX_CERTIFICATE_BYTES;
use crate::oci::hex;

struct Parsed {
    der: Vec<u8>,
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

    /// Whom it is for.
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

    /// The SHA-256 of its bytes in lower-case hexadecimal.
    pub fn sha256_fingerprint(&self) -> String {
        hex(&HashAlgorithm::Sha256.hash(&self.0.der))
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
mod tests {
    use der::{Any, Encode as _};
    use time::Duration;
    use time::macros::datetime;

    use super::*;
    use crate::limits::{MAX_SEQUENCE_ELEMENTS, MAX_SET_ELEMENTS};
    use crate::x509::DerError;
    use crate::x509::testing::{
        BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, KEY_USAGE, NOT_AFTER, NOT_BEFORE, Request,
        self_signed,
    };

    #[test]
    fn a_certificate_says_what_it_is() {
        let root = Request::authority("root").self_signed().certificate;
        let again = Certificate::parse(root.der()).unwrap();
        assert_eq!(root, again);
        assert_eq!(root.subject().to_string(), "CN=root");
        assert_eq!(root.key_spec().unwrap(), KeySpec::Ec256);
        assert_eq!(root.sha256_fingerprint().len(), 64);
        assert_eq!(
            root.sha256_fingerprint(),
            hex(&HashAlgorithm::Sha256.hash(root.der()))
        );
        assert!(root.is_ca() && root.is_self_signed() && root.is_self_issued());
        assert!(
            root.der()
                .windows(root.tbs_der().len())
                .any(|part| part == root.tbs_der())
        );
        assert!(!self_signed("leaf").is_ca());
    }

    #[test]
    fn validity_includes_both_ends() {
        let certificate = self_signed("leaf");
        assert_eq!(certificate.not_before(), NOT_BEFORE);
        assert_eq!(certificate.not_after(), NOT_AFTER);
        assert!(certificate.is_valid_at(NOT_BEFORE));
        assert!(certificate.is_valid_at(NOT_AFTER));
        assert!(!certificate.is_valid_at(NOT_BEFORE - Duration::SECOND));
        assert!(!certificate.is_valid_at(NOT_AFTER + Duration::MILLISECOND));
    }

    #[test]
    fn no_certificate_is_older_than_1970() {
        let from = |time| Request::leaf("leaf").valid_from(time).self_signed_der();
        Certificate::parse(&from(datetime!(1970-01-01 00:00:00 UTC))).unwrap();
        let error = Certificate::parse(&from(datetime!(1969-12-31 23:59:59 UTC))).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
    }

    #[test]
    fn a_name_alone_does_not_make_a_root() {
        let root = Request::authority("root").self_signed();
        let impostor = Request::authority("root").issued_by(&root).certificate;
        assert!(impostor.is_self_issued());
        assert!(!impostor.is_self_signed());
        let error = impostor.verify_signed_by(&impostor).unwrap_err();
        assert!(matches!(error, Error::SignatureMismatch));
        impostor.verify_signed_by(&root.certificate).unwrap();
    }

    #[test]
    fn exactly_one_certificate_is_parsed() {
        let der = self_signed("leaf").der().to_vec();
        let error = Certificate::parse(&[der.as_slice(), &[0]].concat()).unwrap_err();
        assert_eq!(error.to_string(), "1 bytes follow the certificate");
        for bytes in [&der[..der.len() - 1], &[], &[0x30, 0x80, 0, 0], b"x"] {
            let error = Certificate::parse(bytes).unwrap_err();
            assert!(matches!(error, Error::Malformed { .. }), "{error}");
        }
        let limit = usize::try_from(MAX_CERTIFICATE_BYTES).unwrap();
        let error = Certificate::parse(&vec![0; limit]).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error}");
        let error = Certificate::parse(&vec![0; limit + 1]).unwrap_err();
        assert!(matches!(error, Error::TooLarge { bytes, .. } if bytes == limit + 1));
    }

    #[test]
    fn an_extension_that_counts_must_be_readable() {
        for (oid, content) in [
            (KEY_USAGE, &[0x04, 0x00][..]),
            (KEY_USAGE, &[0x03, 0x02, 0x07, 0x80, 0x00]),
            (KEY_USAGE, &[0x03, 0x02, 0x08, 0x80]),
            (BASIC_CONSTRAINTS, &[0x30, 0x03, 0x02, 0x01, 0xff]),
            (BASIC_CONSTRAINTS, &[0x01, 0x01, 0xff]),
            (EXTENDED_KEY_USAGE, &[0x30, 0x02, 0x05, 0x00]),
        ] {
            let der = Request::leaf("leaf").extension(oid, true, content);
            let Err(error) = Certificate::parse(&der.self_signed_der()) else {
                panic!("{oid} {content:02x?}");
            };
            assert!(
                matches!(&error, Error::MalformedExtension { oid: found, .. } if found == oid),
                "{error}"
            );
        }
        let der = Request::leaf("leaf").extension("1.2.3.4.5", true, &[0xff]);
        Certificate::parse(&der.self_signed_der()).unwrap();
    }

    #[test]
    fn an_extension_occurs_once() {
        let der =
            Request::leaf("leaf").another_extension(KEY_USAGE, true, &[0x03, 0x02, 0x07, 0x80]);
        let error = Certificate::parse(&der.self_signed_der()).unwrap_err();
        assert_eq!(error.to_string(), "extension `2.5.29.15` occurs twice");
    }

    #[test]
    fn a_changed_algorithm_outside_the_signed_part_is_refused() {
        let mut der = self_signed("leaf").der().to_vec();
        // ecdsa-with-SHA256 occurs inside and then outside: the last one is outside.
        let oid = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
        let at = der
            .windows(oid.len())
            .rposition(|part| part == oid)
            .unwrap();
        der[at + oid.len() - 1] = 0x03;
        let error = Certificate::parse(&der).unwrap_err();
        assert!(matches!(error, Error::AlgorithmsDiffer), "{error}");
    }

    /// `certificate` with `part` of its signed part in place of `with`, in well-formed DER.
    fn replace(certificate: &Certificate, part: &[u8], with: &[u8]) -> Vec<u8> {
        let sequence = |content: &[u8]| Any::new(Tag::Sequence, content).unwrap().to_der().unwrap();
        let content = |der: &[u8]| Any::from_der(der).unwrap().value().to_vec();
        let (whole, tbs) = (content(certificate.der()), content(certificate.tbs_der()));
        let at = tbs
            .windows(part.len())
            .rposition(|here| here == part)
            .unwrap();
        let tbs = sequence(&[&tbs[..at], with, &tbs[at + part.len()..]].concat());
        sequence(&[&tbs, &whole[certificate.tbs_der().len()..]].concat())
    }

    fn name(rdns: usize, attributes: usize) -> Vec<u8> {
        let encode = |tag, content: &[u8]| Any::new(tag, content).unwrap().to_der().unwrap();
        let attribute = |number: usize| {
            let value = encode(Tag::Utf8String, format!("{number:04}").as_bytes());
            encode(Tag::Sequence, &[&[6, 3, 0x55, 4, 3][..], &value].concat())
        };
        // In falling order, which a sort by insertion likes least.
        let rdn: Vec<u8> = (0..attributes).rev().flat_map(attribute).collect();
        encode(Tag::Sequence, &encode(Tag::Set, &rdn).repeat(rdns))
    }

    #[test]
    fn what_costs_more_than_one_look_is_bounded_before_it_is_decoded() {
        let certificate = self_signed("leaf");
        let parse = |name: &[u8]| {
            let der = replace(&certificate, certificate.subject_der(), name);
            match Certificate::parse(&der) {
                Err(Error::Excessive { source }) => Some(source.to_string()),
                _ => None,
            }
        };
        let set = "a set has more than the 16 elements that are read";
        let list = "a list has more than the 64 elements that are read";
        for (rdns, attributes, wanted) in [
            // At the limit the decoder is asked: it wants sets in order.
            (1, MAX_SET_ELEMENTS, None),
            (1, MAX_SET_ELEMENTS + 1, Some(set)),
            (MAX_SEQUENCE_ELEMENTS, 1, None),
            (MAX_SEQUENCE_ELEMENTS + 1, 1, Some(list)),
            (1, 4_000, Some(set)),
            (4_000, 1, Some(list)),
        ] {
            assert_eq!(
                parse(&name(rdns, attributes)).as_deref(),
                wanted,
                "{rdns} of {attributes}"
            );
        }
    }

    #[test]
    fn extensions_and_what_is_in_them_are_bounded() {
        let with = |count: usize| {
            let extensions = (0..count).fold(Request::authority("a"), |request, number| {
                request.extension(&format!("1.2.3.{number}"), false, &[5, 0])
            });
            Certificate::parse(&extensions.self_signed_der())
        };
        let own = with(0)
            .unwrap()
            .as_x509_cert()
            .tbs_certificate
            .extensions
            .as_ref()
            .unwrap()
            .len();
        with(MAX_SEQUENCE_ELEMENTS - own).unwrap();
        let error = with(MAX_SEQUENCE_ELEMENTS - own + 1).unwrap_err();
        assert!(matches!(error, Error::Excessive { .. }), "{error}");

        let purposes = |count: usize| {
            let request = Request::leaf("leaf").purposes(false, &vec!["1.2.3.4"; count]);
            Certificate::parse(&request.self_signed_der())
        };
        purposes(MAX_SEQUENCE_ELEMENTS).unwrap();
        let error = purposes(MAX_SEQUENCE_ELEMENTS + 1).unwrap_err();
        assert!(
            matches!(
                &error,
                Error::MalformedExtension {
                    source: DerError::LongList { .. },
                    ..
                }
            ),
            "{error}"
        );
        let mut bits = vec![0x03, 0x82, 0x80, 0x01, 0x00, 0x80];
        bits.resize(bits.len() + 0x7fff, 0xff);
        let usage = Request::leaf("leaf").extension(KEY_USAGE, true, &bits);
        let certificate = Certificate::parse(&usage.self_signed_der()).unwrap();
        assert_eq!(
            certificate.key_usage().unwrap().bits.len(),
            KeyUsage::NAMES.len()
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = Certificate::parse(&bytes);
        }

        #[test]
        fn any_damage_is_read_or_refused(at in 0_usize..400, byte: u8) {
            let mut der = self_signed("leaf").der().to_vec();
            let at = at % der.len();
            der[at] = byte;
            let _ = Certificate::parse(&der).map(|certificate| certificate.is_self_signed());
        }
    }
}
