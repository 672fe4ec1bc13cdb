//! `COSE_Sign1` (`signature-envelope-cose.md`, RFC 9052).

mod headers;
mod write;

use std::collections::HashMap;

use minicbor::encode::Encoder;

pub(super) use write::{write, write_protected};

use headers::{parse_headers, take_chain, take_unsigned_attributes};

use super::cbor::{Item, Reader, Tags};
use super::headers::Label;
use super::{Error, Parts, PayloadBytes, check_part, parse_chain};
use crate::limits::{MAX_PAYLOAD_BYTES, MAX_PROTECTED_HEADER_BYTES, MAX_SIGNATURE_BYTES};

const SIGN1_TAG: u64 = 18;
const EPOCH_TIME_TAG: u64 = 1;

const ALGORITHM: Label = Label::Integer(1);
const CRITICAL: Label = Label::Integer(2);
const CONTENT_TYPE: Label = Label::Integer(3);
const X5CHAIN: Label = Label::Integer(33);

/// Labels of RFC 9052 whose values are bytes: key identifier, IV, partial IV.
const BYTES_LABELS: [Label; 3] = [Label::Integer(4), Label::Integer(5), Label::Integer(6)];

/// The headers of one bucket.
type Bucket<'a> = HashMap<Label, Item<'a>>;

pub(super) fn parse(bytes: &[u8]) -> Result<Parts, Error> {
    let syntax = |source| Error::Cbor {
        part: "envelope",
        source,
    };
    let mut reader = Reader::new(bytes);
    if reader.tag().map_err(syntax)? != Some(SIGN1_TAG)
        || reader.array().map_err(syntax)? != Some(4)
    {
        return Err(Error::NotSign1);
    }
    let mut element = || reader.item(Tags::Refused).map_err(syntax);
    let [protected, unprotected, payload, signature] =
        [element()?, element()?, element()?, element()?];
    reader.finish().map_err(syntax)?;

    let protected = bytes_of("protected header", &protected)?;
    let payload = bytes_of("payload", &payload)?;
    let signature = bytes_of("signature", &signature)?;
    check_part("payload", payload.len(), MAX_PAYLOAD_BYTES)?;
    check_part("signature", signature.len(), MAX_SIGNATURE_BYTES)?;
    let headers = parse_protected_bucket(protected)?;
    let mut unprotected = bucket("unprotected header", unprotected)?;
    // RFC 9052 section 3: a label is in one bucket only.
    if let Some(label) = unprotected.keys().find(|label| headers.contains_key(label)) {
        return Err(Error::InBothHeaders {
            header: label.describe(),
        });
    }
    for label in [CRITICAL, ALGORITHM] {
        if unprotected.contains_key(&label) {
            return Err(Error::NotProtected {
                header: label.describe(),
            });
        }
    }
    let headers = parse_headers(headers)?;
    Ok(Parts {
        payload: PayloadBytes::EndOfSignedBytes(payload.len()),
        signed_bytes: signature_structure(protected, payload),
        headers,
        certificate_chain: parse_chain(&take_chain(&mut unprotected)?)?,
        unsigned_attributes: take_unsigned_attributes(&mut unprotected)?,
        signature: signature.to_vec(),
    })
}

/// The bytes that are signed: RFC 9052 section 4.4, without external data.
pub(super) fn signature_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let capacity = protected
        .len()
        .saturating_add(payload.len())
        .saturating_add(64);
    let mut encoder = Encoder::new(Vec::with_capacity(capacity));
    let _infallible = encoder
        .array(4)
        .and_then(|encoder| encoder.str("Signature1"))
        .and_then(|encoder| encoder.bytes(protected))
        .and_then(|encoder| encoder.bytes(&[]))
        .and_then(|encoder| encoder.bytes(payload));
    encoder.into_writer()
}

/// The content of a byte string that must be there; an empty one counts as missing later, where the
/// formats meet.
fn bytes_of<'a>(part: &'static str, item: &Item<'a>) -> Result<&'a [u8], Error> {
    item.as_bytes().ok_or_else(|| Error::WrongPart {
        part,
        found: item.kind(),
        wanted: "bytes",
    })
}

fn parse_protected_bucket(bytes: &[u8]) -> Result<Bucket<'_>, Error> {
    if bytes.len() > MAX_PROTECTED_HEADER_BYTES {
        return Err(Error::HeaderTooLarge {
            bytes: bytes.len(),
            limit: MAX_PROTECTED_HEADER_BYTES,
        });
    }
    if bytes.is_empty() {
        return Ok(Bucket::new());
    }
    let part = "protected header";
    let syntax = |source| Error::Cbor { part, source };
    let mut reader = Reader::new(bytes);
    let item = reader.item(Tags::Allowed).map_err(syntax)?;
    reader.finish().map_err(syntax)?;
    bucket(part, item)
}

fn bucket<'a>(part: &'static str, item: Item<'a>) -> Result<Bucket<'a>, Error> {
    let entries = match item {
        Item::Map(entries) => entries,
        other => {
            return Err(Error::WrongPart {
                part,
                found: other.kind(),
                wanted: "a map",
            });
        }
    };
    let headers = entries.into_iter().map(|(key, value)| {
        let label = label(&key).ok_or_else(|| Error::BadLabel {
            part,
            found: key.kind(),
        })?;
        if BYTES_LABELS.contains(&label) && value.as_bytes().is_none() {
            return Err(wrong_kind(&label, &value, "bytes"));
        }
        Ok((label, value))
    });
    headers.collect()
}

fn label(key: &Item<'_>) -> Option<Label> {
    match key {
        Item::Text(text) => Some(Label::Text((*text).to_owned())),
        Item::Integer(number) => i64::try_from(*number).ok().map(Label::Integer),
        _ => None,
    }
}

fn wrong_kind(label: &Label, found: &Item<'_>, wanted: &'static str) -> Error {
    Error::WrongKind {
        header: label.describe(),
        found: found.kind(),
        wanted,
    }
}

#[cfg(test)]
mod tests {
    use coset::cbor::value::Value as Cbor;
    use coset::iana::{Algorithm, EnumI64 as _};
    use coset::{
        CborSerializable as _, CoseSign1Builder, HeaderBuilder, TaggedCborSerializable as _,
    };
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
        let verified =
            verify_headers(&protected(&[(SIGNING_TIME.into(), half_float)]), &[]).unwrap();
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
}
