//! Certificates as they are read, and what is refused.

use der::{Any, Encode as _};
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::limits::{MAX_SEQUENCE_ELEMENTS, MAX_SET_ELEMENTS};
use crate::x509::DerError;
use crate::x509::testing::{
    BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, KEY_USAGE, NOT_AFTER, NOT_BEFORE, Request, self_signed,
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
    let der = Request::leaf("leaf").another_extension(KEY_USAGE, true, &[0x03, 0x02, 0x07, 0x80]);
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
