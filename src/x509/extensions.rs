//! What revocation and timestamping ask of a certificate (RFC 5280 section 4.2, RFC 6960).

use der::asn1::ObjectIdentifier;
use der::{Reader as _, SliceReader, Tag};
use x509_cert::ext::pkix::AuthorityInfoAccessSyntax;
use x509_cert::ext::pkix::crl::dp::DistributionPoint as EncodedPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};

use super::constraints::KeyUsage;
use super::{Certificate, DerError, Error, bounded};

const AUTHORITY_INFO_ACCESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.1");
const OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const OCSP_NO_CHECK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.31");
const FRESHEST_CRL: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.46");
const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

const CRL_SIGN: usize = 6;

/// Where fields lie in a `TBSCertificate`, its version not counted.
const ISSUER: usize = 2;
const SUBJECT: usize = 4;

/// One place where a CRL is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionPoint {
    /// Its URIs, all for the same CRL; of any scheme.
    pub uris: Vec<String>,
    /// Whether its CRL is for some reasons of revocation only.
    pub some_reasons: bool,
    /// Whether its CRL is signed by another authority than the certificate's issuer.
    pub other_issuer: bool,
}

/// Reads `CRLDistributionPoints`, which is also the form of a freshest CRL extension.
///
/// # Errors
///
/// Where `der` departs from DER, or has more in it than is read.
pub fn parse_distribution_points(der: &[u8]) -> Result<Vec<DistributionPoint>, DerError> {
    let points: Vec<EncodedPoint> = bounded::decode(der)?;
    let read = |point: EncodedPoint| DistributionPoint {
        uris: point.distribution_point.map(uris).unwrap_or_default(),
        some_reasons: point.reasons.is_some(),
        other_issuer: point.crl_issuer.is_some(),
    };
    Ok(points.into_iter().map(read).collect())
}

/// The URIs of a distribution point's name; none if it is relative to the issuer's.
pub(crate) fn uris(name: DistributionPointName) -> Vec<String> {
    let DistributionPointName::FullName(names) = name else {
        return Vec::new();
    };
    let uri = |name| match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
        _ => None,
    };
    names.into_iter().filter_map(uri).collect()
}

impl Certificate {
    /// The issuer's name, the bytes that the certificate has.
    pub fn issuer_der(&self) -> &[u8] {
        self.tbs_field(ISSUER)
    }

    /// The subject's name, the bytes that the certificate has.
    pub fn subject_der(&self) -> &[u8] {
        self.tbs_field(SUBJECT)
    }

    /// The public key's bits, without its algorithm.
    pub fn public_key_bits(&self) -> &[u8] {
        let key = &self.as_x509_cert().tbs_certificate.subject_public_key_info;
        key.subject_public_key.raw_bytes()
    }

    /// Whether its key may be used for `purpose`: its extended key usage is absent, or has it or any.
    pub fn allows_purpose(&self, purpose: &ObjectIdentifier) -> bool {
        self.extended_key_usage().is_none_or(|extension| {
            extension.purposes.contains(purpose) || extension.purposes.contains(&ANY_PURPOSE)
        })
    }

    /// Whether its key usage, if it has one, allows to sign CRLs.
    pub fn may_sign_crls(&self) -> bool {
        self.key_usage().is_none_or(|usage| usage.allows(CRL_SIGN))
    }

    /// Whether its issuer made it an OCSP responder (RFC 6960 section 4.2.2.2): by the purpose
    /// `OCSPSigning` itself, and a key usage that, if there is one, allows signatures.
    pub fn is_ocsp_responder(&self) -> bool {
        let has_purpose = self
            .extended_key_usage()
            .is_some_and(|extension| extension.purposes.contains(&OCSP_SIGNING));
        let may_sign = self
            .key_usage()
            .is_none_or(|usage| usage.allows(KeyUsage::DIGITAL_SIGNATURE));
        has_purpose && may_sign
    }

    /// Whether its issuer says that it need not be checked for revocation as an OCSP responder.
    pub fn has_ocsp_no_check(&self) -> bool {
        self.extension(&OCSP_NO_CHECK).is_some()
    }

    /// Where OCSP responders for it are, of any scheme, in its order.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedExtension`] if its authority information access cannot be read.
    pub fn ocsp_urls(&self) -> Result<Vec<String>, Error> {
        let Some(access) = self.decode_extension(AUTHORITY_INFO_ACCESS, |der| {
            bounded::decode::<AuthorityInfoAccessSyntax>(der)
        })?
        else {
            return Ok(Vec::new());
        };
        let responders = access
            .0
            .into_iter()
            .filter(|entry| entry.access_method == OCSP);
        let uri = |location| match location {
            GeneralName::UniformResourceIdentifier(uri) => Some(uri.as_str().to_owned()),
            _ => None,
        };
        Ok(responders
            .filter_map(|entry| uri(entry.access_location))
            .collect())
    }

    /// Where CRLs for it are, in its order.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedExtension`] if the extension cannot be read.
    pub fn crl_distribution_points(&self) -> Result<Vec<DistributionPoint>, Error> {
        self.decode_extension(CRL_DISTRIBUTION_POINTS, parse_distribution_points)
            .map(Option::unwrap_or_default)
    }

    /// Where delta CRLs for it are; `None` if it does not say.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedExtension`] if the extension cannot be read.
    pub fn freshest_crl(&self) -> Result<Option<Vec<DistributionPoint>>, Error> {
        self.decode_extension(FRESHEST_CRL, parse_distribution_points)
    }

    fn decode_extension<T>(
        &self,
        oid: ObjectIdentifier,
        decode: impl FnOnce(&[u8]) -> Result<T, DerError>,
    ) -> Result<Option<T>, Error> {
        self.extension(&oid)
            .map(|extension| decode(extension.extn_value.as_bytes()))
            .transpose()
            .map_err(|source| Error::MalformedExtension {
                oid: oid.to_string(),
                source,
            })
    }

    /// The bytes of a field; empty only if the certificate had not been parsed.
    fn tbs_field(&self, index: usize) -> &[u8] {
        let read = || {
            SliceReader::new(self.tbs_der())?.sequence(|fields| {
                if fields.peek_tag()? != Tag::Integer {
                    fields.tlv_bytes()?;
                }
                for _ in 0..index {
                    fields.tlv_bytes()?;
                }
                let field = fields.tlv_bytes()?;
                fields.read_slice(fields.remaining_len())?;
                Ok(field)
            })
        };
        read().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, CrlDistributionPoint, CustomExtension, DnType, ExtendedKeyUsagePurpose,
        KeyPair, KeyUsagePurpose,
    };

    use super::*;

    fn certificate(change: impl FnOnce(&mut CertificateParams)) -> Certificate {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "x");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Certificate::parse(params.self_signed(&key).unwrap().der()).unwrap()
    }

    fn custom(oid: &[u64], der: &[u8]) -> CustomExtension {
        CustomExtension::from_oid_content(oid, der.to_vec())
    }

    #[test]
    fn names_are_the_bytes_of_the_certificate() {
        let certificate = certificate(|_| ());
        let name = [
            0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, b'x',
        ];
        assert_eq!(certificate.subject_der(), name);
        assert_eq!(certificate.issuer_der(), name);
        assert_eq!(certificate.public_key_bits().first(), Some(&4));
    }

    #[test]
    fn purposes_and_usages_limit_a_key() {
        let time_stamping = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
        let plain = certificate(|_| ());
        assert!(plain.allows_purpose(&time_stamping));
        assert!(plain.may_sign_crls());
        assert!(!plain.is_ocsp_responder());
        assert!(!plain.has_ocsp_no_check());
        let purposes = |purposes: &[ExtendedKeyUsagePurpose], usages: &[KeyUsagePurpose]| {
            certificate(|params| {
                params.extended_key_usages = purposes.to_vec();
                params.key_usages = usages.to_vec();
            })
        };
        let any = purposes(&[ExtendedKeyUsagePurpose::Any], &[]);
        assert!(any.allows_purpose(&time_stamping));
        // RFC 6960 wants the purpose itself.
        assert!(!any.is_ocsp_responder());
        let responder = purposes(&[ExtendedKeyUsagePurpose::OcspSigning], &[]);
        assert!(responder.is_ocsp_responder());
        assert!(!responder.allows_purpose(&time_stamping));
        let cannot_sign = purposes(
            &[ExtendedKeyUsagePurpose::OcspSigning],
            &[KeyUsagePurpose::CrlSign],
        );
        assert!(!cannot_sign.is_ocsp_responder());
        assert!(cannot_sign.may_sign_crls());
        let no_crls = purposes(&[], &[KeyUsagePurpose::DigitalSignature]);
        assert!(!no_crls.may_sign_crls());
        let no_check = certificate(|params| {
            let extension = custom(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], &[5, 0]);
            params.custom_extensions.push(extension);
        });
        assert!(no_check.has_ocsp_no_check());
    }

    #[test]
    fn addresses_are_read_in_order() {
        let certificate = certificate(|params| {
            params.crl_distribution_points = vec![
                CrlDistributionPoint {
                    uris: vec!["ldap://a".to_owned(), "http://a".to_owned()],
                },
                CrlDistributionPoint {
                    uris: vec!["http://b".to_owned()],
                },
            ];
            // A responder at `o`, an issuer's certificate at `i`.
            let access = [
                0x30, 0x1e, 0x30, 0x0d, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 48, 2, 0x86, 1, b'i',
                0x30, 0x0d, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 48, 1, 0x86, 1, b'o',
            ];
            params
                .custom_extensions
                .push(custom(&[1, 3, 6, 1, 5, 5, 7, 1, 1], &access));
        });
        assert_eq!(certificate.ocsp_urls().unwrap(), ["o"]);
        let points = certificate.crl_distribution_points().unwrap();
        let uris: Vec<_> = points.iter().map(|point| point.uris.as_slice()).collect();
        assert_eq!(uris, [&["ldap://a", "http://a"][..], &["http://b"]]);
        assert!(!points[0].some_reasons && !points[0].other_issuer);
        assert_eq!(certificate.freshest_crl().unwrap(), None);
    }

    #[test]
    fn reasons_and_other_issuers_are_told() {
        // One point at `u` for reason bit 1, one without a name and signed by another.
        let points = parse_distribution_points(&[
            0x30, 0x16, 0x30, 0x0b, 0xa0, 0x05, 0xa0, 0x03, 0x86, 1, b'u', 0x81, 2, 6, 0x40, 0x30,
            0x07, 0xa2, 0x05, 0xa4, 0x03, 0x30, 1, 0,
        ]);
        assert!(points.is_err(), "an empty relative name is no name");
        let points = parse_distribution_points(&[
            0x30, 0x15, 0x30, 0x0b, 0xa0, 0x05, 0xa0, 0x03, 0x86, 1, b'u', 0x81, 2, 6, 0x40, 0x30,
            0x06, 0xa2, 0x04, 0xa4, 0x02, 0x30, 0,
        ])
        .unwrap();
        assert_eq!(
            points,
            [
                DistributionPoint {
                    uris: vec!["u".to_owned()],
                    some_reasons: true,
                    other_issuer: false,
                },
                DistributionPoint {
                    uris: vec![],
                    some_reasons: false,
                    other_issuer: true,
                },
            ]
        );
    }

    #[test]
    fn a_set_in_a_name_in_an_extension_is_bounded() {
        let element = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            let head = match length {
                [0, short @ 0..0x80] => vec![tag, short],
                [0, long] => vec![tag, 0x81, long],
                [high, low] => vec![tag, 0x82, high, low],
            };
            [&head, content].concat()
        };
        // `C=US`, as often as it takes.
        let attribute = [0x30, 9, 6, 3, 0x55, 4, 6, 0x13, 2, b'U', b'S'];
        for relative in [false, true] {
            let point = |count: usize| {
                let attributes = attribute.repeat(count);
                let name = if relative {
                    element(0xa1, &attributes)
                } else {
                    let name = element(0x30, &element(0x31, &attributes));
                    element(0xa0, &element(0xa4, &name))
                };
                element(0x30, &element(0x30, &element(0xa0, &name)))
            };
            parse_distribution_points(&point(1)).unwrap();
            let error = parse_distribution_points(&point(4_000)).unwrap_err();
            assert!(
                matches!(error, DerError::LargeSet { .. } | DerError::LongList { .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn a_malformed_extension_is_said_and_not_skipped() {
        let broken = certificate(|params| {
            for oid in [
                &[1, 3, 6, 1, 5, 5, 7, 1, 1][..],
                &[2, 5, 29, 31],
                &[2, 5, 29, 46],
            ] {
                params.custom_extensions.push(custom(oid, &[0x30, 1]));
            }
        });
        let oid = |result: Result<(), Error>| match result {
            Err(Error::MalformedExtension { oid, .. }) => oid,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            oid(broken.ocsp_urls().map(|_| ())),
            AUTHORITY_INFO_ACCESS.to_string()
        );
        assert_eq!(
            oid(broken.crl_distribution_points().map(|_| ())),
            CRL_DISTRIBUTION_POINTS.to_string()
        );
        assert_eq!(
            oid(broken.freshest_crl().map(|_| ())),
            FRESHEST_CRL.to_string()
        );
    }

    proptest::proptest! {
        #[test]
        fn any_extension_is_read_or_refused(bytes: Vec<u8>) {
            let _ = parse_distribution_points(&bytes);
            let _ = bounded::decode::<AuthorityInfoAccessSyntax>(&bytes);
        }
    }
}
