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
mod tests;
