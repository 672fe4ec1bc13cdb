//! COSE envelopes: what is read, and what is refused.

use coset::cbor::value::Value as Cbor;
use coset::iana::{Algorithm, EnumI64 as _};
use coset::{CborSerializable as _, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable as _};
use proptest::prelude::*;
use serde_json::json;
use time::macros::datetime;

use super::super::testing::{PAYLOAD, Signer};
use super::super::{UnverifiedEnvelope, VerifiedEnvelope};
use super::*;
use crate::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME,
    TIMESTAMP_SIGNATURE,
};
use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE, SigningScheme};
use crate::signer_info::{ExtendedAttribute, LabelKind, UnsignedAttributes};

use crate::limits::{MAX_SIGNING_AGENT_BYTES, MAX_TIMESTAMP_BYTES};

const TIME: i64 = 1_704_164_645;

fn tagged(tag: u64, value: impl Into<Cbor>) -> Cbor {
    Cbor::Tag(tag, Box::new(value.into()))
}

fn map(entries: Vec<(Cbor, Cbor)>) -> Vec<u8> {
    let mut bytes = Vec::new();
    coset::cbor::ser::into_writer(&Cbor::Map(entries), &mut bytes).unwrap();
    bytes
}

/// A protected header that is right, with these entries in place of or beside its own.
fn protected(changes: &[(Cbor, Cbor)]) -> Vec<u8> {
    let mut entries: Vec<(Cbor, Cbor)> = vec![
        (1.into(), (-7).into()),
        (2.into(), Cbor::Array(vec![SIGNING_SCHEME.into()])),
        (3.into(), PAYLOAD_MEDIA_TYPE.into()),
        (SIGNING_SCHEME.into(), "notary.x509".into()),
        (SIGNING_TIME.into(), tagged(1, TIME)),
    ];
    entries.retain(|(label, _)| !changes.iter().any(|(other, _)| other == label));
    entries.extend(
        changes
            .iter()
            .filter(|(_, value)| !value.is_null())
            .cloned(),
    );
    map(entries)
}

fn chain(signer: &Signer) -> Cbor {
    let certificates = signer.chain().map(|c| Cbor::Bytes(c.der().to_vec()));
    Cbor::Array(certificates.to_vec())
}

/// An envelope of these headers, rightly signed.
fn signed(signer: &Signer, protected: &[u8], unprotected: &[u8]) -> Vec<u8> {
    let signature = signer.sign(&signature_structure(protected, PAYLOAD));
    let mut encoder = Encoder::new(vec![0xd2, 0x84]);
    encoder.bytes(protected).unwrap();
    encoder.writer_mut().extend_from_slice(unprotected);
    encoder.bytes(PAYLOAD).unwrap().bytes(&signature).unwrap();
    encoder.into_writer()
}

fn verify(bytes: &[u8]) -> Result<VerifiedEnvelope, Error> {
    UnverifiedEnvelope::parse(EnvelopeFormat::Cose, bytes)?.verify()
}

fn verify_headers(protected: &[u8], more: &[(Cbor, Cbor)]) -> Result<VerifiedEnvelope, Error> {
    let signer = Signer::new();
    let mut entries = vec![(33.into(), chain(&signer))];
    entries.retain(|(label, _): &(Cbor, Cbor)| !more.iter().any(|(other, _)| other == label));
    entries.extend_from_slice(more);
    verify(&signed(&signer, protected, &map(entries)))
}

/// The refusal with its sources.
fn refusal(result: Result<VerifiedEnvelope, Error>) -> String {
    crate::causes::in_one_line(&result.unwrap_err())
}

#[test]
fn every_part_is_bounded() {
    let signer = Signer::new();
    let refused = |payload: usize, signature: usize, more: &[(Cbor, Cbor)]| {
        let unprotected = [&[(33.into(), chain(&signer))], more].concat();
        let mut encoder = Encoder::new(vec![0xd2, 0x84]);
        encoder.bytes(&protected(&[])).unwrap();
        encoder.writer_mut().extend(map(unprotected));
        encoder.bytes(&vec![1; payload]).unwrap();
        encoder.bytes(&vec![1; signature]).unwrap();
        match UnverifiedEnvelope::parse(EnvelopeFormat::Cose, &encoder.into_writer()) {
            Err(Error::PartTooLarge { part, .. }) => Some(part),
            Err(error) => panic!("{error}"),
            Ok(_) => None,
        }
    };
    let token = |bytes: usize| [(TIMESTAMP_SIGNATURE.into(), Cbor::Bytes(vec![1; bytes]))];
    let agent = |bytes: usize| [(SIGNING_AGENT.into(), "a".repeat(bytes).into())];
    let max_token = usize::try_from(MAX_TIMESTAMP_BYTES).unwrap();
    for (found, wanted) in [
        (refused(MAX_PAYLOAD_BYTES, MAX_SIGNATURE_BYTES, &[]), None),
        (refused(MAX_PAYLOAD_BYTES + 1, 1, &[]), Some("payload")),
        (refused(1, MAX_SIGNATURE_BYTES + 1, &[]), Some("signature")),
        (refused(1, 1, &token(max_token)), None),
        (
            refused(1, 1, &token(max_token + 1)),
            Some(TIMESTAMP_SIGNATURE),
        ),
        (refused(1, 1, &agent(MAX_SIGNING_AGENT_BYTES)), None),
        (
            refused(1, 1, &agent(MAX_SIGNING_AGENT_BYTES + 1)),
            Some(SIGNING_AGENT),
        ),
    ] {
        assert_eq!(found, wanted);
    }
}

#[test]
fn what_another_library_signs_is_verified() {
    let signer = Signer::new();
    let text = |text: &str| Cbor::Text(text.to_owned());
    let protected = HeaderBuilder::new()
        .algorithm(Algorithm::from_i64(-7).unwrap())
        .content_type(PAYLOAD_MEDIA_TYPE.to_owned())
        .add_critical_label(coset::RegisteredLabelWithPrivate::Text(
            SIGNING_SCHEME.to_owned(),
        ))
        .add_critical_label(coset::RegisteredLabelWithPrivate::Text(
            AUTHENTIC_SIGNING_TIME.to_owned(),
        ))
        .add_critical_label(coset::RegisteredLabelWithPrivate::Text(EXPIRY.to_owned()))
        .text_value(
            SIGNING_SCHEME.to_owned(),
            text("notary.x509.signingAuthority"),
        )
        .text_value(AUTHENTIC_SIGNING_TIME.to_owned(), tagged(1, TIME))
        .text_value(EXPIRY.to_owned(), tagged(1, TIME + 1))
        .text_value("x".to_owned(), Cbor::Bytes(vec![0]))
        .value(1000, text("v"))
        .build();
    let unprotected = HeaderBuilder::new()
        .value(33, chain(&signer))
        .text_value(SIGNING_AGENT.to_owned(), text("test/1"))
        .text_value(TIMESTAMP_SIGNATURE.to_owned(), Cbor::Bytes(vec![1, 2]))
        .text_value("other".to_owned(), Cbor::Array(vec![]))
        .build();
    let envelope = CoseSign1Builder::new()
        .protected(protected)
        .unprotected(unprotected)
        .payload(PAYLOAD.to_vec())
        .create_signature(&[], |message| signer.sign(message))
        .build();
    let verified = verify(&envelope.clone().to_tagged_vec().unwrap()).unwrap();
    assert_eq!(verified.payload(), PAYLOAD);
    let info = verified.signer_info();
    assert_eq!(info.certificate_chain, signer.chain());
    assert_eq!(info.signature, envelope.signature);
    assert_eq!(
        info.unsigned_attributes,
        UnsignedAttributes {
            signing_agent: Some("test/1".to_owned()),
            timestamp_signature: Some(vec![1, 2]),
        }
    );
    let attributes = &info.signed_attributes;
    assert_eq!(attributes.signing_scheme, SigningScheme::SigningAuthority);
    assert_eq!(attributes.signing_time, datetime!(2024-01-02 03:04:05 UTC));
    assert_eq!(attributes.expiry, Some(datetime!(2024-01-02 03:04:06 UTC)));
    let extended = |name: &str, label, value| ExtendedAttribute {
        name: name.to_owned(),
        label,
        critical: false,
        value,
    };
    assert_eq!(
        attributes.extended,
        [
            extended("1000", LabelKind::Integer, json!("v")),
            extended("x", LabelKind::Text, json!("AA==")),
        ]
    );
    assert!(verify(&envelope.to_vec().unwrap()).is_err_and(|e| matches!(e, Error::NotSign1)));
}

#[test]
fn headers_that_do_not_belong_are_refused() {
    let number = |number: i64| Cbor::Integer(number.into());
    let critical = |labels: &[Cbor]| {
        let scheme: Cbor = SIGNING_SCHEME.into();
        (2.into(), Cbor::Array([&[scheme], labels].concat()))
    };
    let cases: Vec<(Vec<(Cbor, Cbor)>, &str)> = vec![
        (
            vec![critical(&[SIGNING_TIME.into()])],
            "header `io.cncf.notary.signingTime` must not be marked critical",
        ),
        (
            vec![critical(&[number(1)])],
            "header `1 (alg)` must not be marked critical",
        ),
        (
            vec![critical(&[number(8)]), (number(8), "x".into())],
            "header `8` must not be marked critical",
        ),
        (
            vec![critical(&["missing".into()])],
            "header `missing` is marked critical and missing",
        ),
        (
            vec![critical(&[SIGNING_SCHEME.into()])],
            "header `io.cncf.notary.signingScheme` is marked critical twice",
        ),
        (
            vec![(33.into(), Cbor::Array(vec![]))],
            "header `33 (x5chain)` is in the protected and in the unprotected header",
        ),
        (
            vec![(number(4), "kid".into())],
            "header `4 (kid)` is text, wanted bytes",
        ),
        (
            vec![("1000".into(), 1.into()), (number(1000), 1.into())],
            "header `1000` occurs as a number and as text",
        ),
        (
            vec![("x".into(), Cbor::Float(f64::NAN))],
            "header `x` has a value that JSON cannot express",
        ),
        (
            vec![(1.into(), "ES256".into())],
            "header `1 (alg)` is text, wanted an integer",
        ),
        (
            vec![(SIGNING_SCHEME.into(), Cbor::Null)],
            "header `io.cncf.notary.signingScheme` is missing",
        ),
        (
            vec![(SIGNING_TIME.into(), tagged(1, Cbor::Float(f64::INFINITY)))],
            "header `io.cncf.notary.signingTime` has a time out of range",
        ),
        (
            vec![(Cbor::Bool(true), 1.into())],
            "label in the protected header is a boolean, wanted text or an integer of 64 bits",
        ),
    ];
    for (changes, wanted) in cases {
        let result = verify_headers(&protected(&changes), &[]);
        assert_eq!(refusal(result), wanted);
    }
    verify_headers(&protected(&[(number(1000), 1.into())]), &[]).unwrap();
    let half_float = tagged(1, Cbor::Float(1.5));
    let verified = verify_headers(&protected(&[(SIGNING_TIME.into(), half_float)]), &[]).unwrap();
    assert_eq!(
        verified.signer_info().signed_attributes.signing_time,
        datetime!(1970-01-01 00:00:01.5 UTC)
    );
}

#[test]
fn unprotected_headers_are_typed_where_they_are_used() {
    let many = |count: usize| vec![(33.into(), Cbor::Array(vec![Cbor::Bytes(vec![0]); count]))];
    let cases: Vec<(Vec<(Cbor, Cbor)>, &str)> = vec![
        (
            vec![(TIMESTAMP_SIGNATURE.into(), "text".into())],
            "header `io.cncf.notary.timestampSignature` is text, wanted bytes",
        ),
        (
            vec![(2.into(), Cbor::Array(vec![]))],
            "header `2 (crit)` is in the protected and in the unprotected header",
        ),
        (
            vec![(SIGNING_TIME.into(), tagged(1, TIME))],
            "envelope cannot be read: tag at byte",
        ),
        (
            many(17),
            "certificate chain has more than the 16 certificates that are read",
        ),
        (
            many(16),
            "certificate 1 of the chain cannot be read: cannot be read as a certificate in DER: ",
        ),
    ];
    for (more, wanted) in cases {
        let refusal = refusal(verify_headers(&protected(&[]), &more));
        assert!(refusal.starts_with(wanted), "{refusal}");
    }
    let signer = Signer::new();
    let headers = protected(&[(33.into(), chain(&signer))]);
    let error = verify(&signed(&signer, &headers, &[0xa0])).unwrap_err();
    assert!(matches!(error, Error::ProtectedChain));
}

#[test]
fn the_frame_has_one_form() {
    let signer = Signer::new();
    let unprotected = map(vec![(33.into(), chain(&signer))]);
    let headers = protected(&[]);
    let good = signed(&signer, &headers, &unprotected);
    verify(&good).unwrap();
    let replaced_head = |head: &[u8]| [head, &good[2..]].concat();
    for head in [
        &[0x84][..],
        &[0xd1, 0x84],
        &[0xd8, 0x62, 0x84],
        &[0xd2, 0x83],
    ] {
        let error = verify(&replaced_head(head)).unwrap_err();
        assert!(matches!(error, Error::NotSign1), "{head:02x?}");
    }
    for (bytes, wanted) in [
        (
            replaced_head(&[0xd8, 0x12, 0x84]),
            "envelope cannot be read: item at byte 0 is not in its shortest form",
        ),
        (
            replaced_head(&[0xd2, 0x98, 0x04]),
            "envelope cannot be read: item at byte 1 is not in its shortest form",
        ),
        (
            [&good[..], &[0]].concat(),
            "envelope cannot be read: 1 bytes follow",
        ),
        (
            // The protected header's length in three bytes; two were enough.
            [&[0xd2, 0x84, 0x59, 0], &good[3..]].concat(),
            "envelope cannot be read: item at byte 2 is not in its shortest form",
        ),
    ] {
        assert_eq!(good[2], 0x58, "a length of one byte");
        assert_eq!(refusal(verify(&bytes)), wanted);
    }
    // The order of the headers is free: the signature is over the bytes as they are.
    let mut entries = match coset::cbor::de::from_reader(headers.as_slice()).unwrap() {
        Cbor::Map(entries) => entries,
        other => panic!("{other:?}"),
    };
    entries.reverse();
    verify(&signed(&signer, &map(entries), &unprotected)).unwrap();
}

#[test]
fn the_protected_header_is_bounded() {
    let of_size = |bytes: usize| {
        let smallest = protected(&[("x".into(), Cbor::Bytes(vec![0; 60_000]))]).len();
        protected(&[("x".into(), Cbor::Bytes(vec![0; 60_000 + bytes - smallest]))])
    };
    let at_limit = of_size(MAX_PROTECTED_HEADER_BYTES);
    assert_eq!(at_limit.len(), MAX_PROTECTED_HEADER_BYTES);
    verify_headers(&at_limit, &[]).unwrap();
    let error = verify_headers(&of_size(MAX_PROTECTED_HEADER_BYTES + 1), &[]).unwrap_err();
    assert!(matches!(
        error,
        Error::HeaderTooLarge { bytes, .. } if bytes == MAX_PROTECTED_HEADER_BYTES + 1
    ));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = UnverifiedEnvelope::parse(EnvelopeFormat::Cose, &bytes);
        let framed = [&[0xd2, 0x84, 0x40, 0xa0][..], &bytes].concat();
        let _ = UnverifiedEnvelope::parse(EnvelopeFormat::Cose, &framed);
    }

    #[test]
    fn every_damage_is_refused(at in 0_usize..2000, byte: u8) {
        static GOOD: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            let signer = Signer::new();
            signed(&signer, &protected(&[]), &map(vec![(33.into(), chain(&signer))]))
        });
        let mut bytes = GOOD.clone();
        let at = at % bytes.len();
        prop_assume!(bytes[at] != byte);
        bytes[at] = byte;
        prop_assert!(verify(&bytes).is_err());
    }
}
