//! `COSE_Sign1` (`signature-envelope-cose.md`, RFC 9052).

use std::collections::HashMap;

use minicbor::encode::Encoder;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::cbor::{Item, Reader, Tags};
use super::headers::{Headers, Label, check_range};
use super::{Error, Parts, check_chain_length, parse_chain};
use crate::algorithm::SignatureAlgorithm;
use crate::limits::MAX_PROTECTED_HEADER_BYTES;
use crate::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME,
    TIMESTAMP_SIGNATURE,
};
use crate::signer_info::UnsignedAttributes;

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
        payload: payload.to_vec(),
        signed_bytes: signature_structure(protected, payload),
        headers,
        certificate_chain: parse_chain(&take_chain(&mut unprotected)?)?,
        unsigned_attributes: take_unsigned_attributes(&mut unprotected)?,
        signature: signature.to_vec(),
    })
}

/// The bytes that are signed: RFC 9052 section 4.4, without external data.
fn signature_structure(protected: &[u8], payload: &[u8]) -> Vec<u8> {
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

fn parse_headers(mut bucket: Bucket<'_>) -> Result<Headers, Error> {
    let algorithm = match bucket.remove(&ALGORITHM) {
        Some(Item::Integer(number)) => SignatureAlgorithm::ALL
            .into_iter()
            .find(|known| i128::from(known.cose_number()) == number)
            .ok_or_else(|| Error::UnsupportedAlgorithm {
                found: number.to_string(),
            })?,
        Some(other) => return Err(wrong_kind(&ALGORITHM, &other, "an integer")),
        None => return Err(Error::MissingHeader { header: "1 (alg)" }),
    };
    let content_type = match bucket.remove(&CONTENT_TYPE) {
        Some(Item::Text(text)) => text.to_owned(),
        Some(other) => return Err(wrong_kind(&CONTENT_TYPE, &other, "text")),
        None => {
            return Err(Error::MissingHeader {
                header: "3 (content type)",
            });
        }
    };
    // The specification allows the chain in either bucket, and every program writes and reads it in
    // the unprotected one.
    if bucket.contains_key(&X5CHAIN) {
        return Err(Error::ProtectedChain);
    }
    let critical = take_critical(&mut bucket)?;
    let scheme = text(SIGNING_SCHEME);
    let signing_scheme = match bucket.remove(&scheme) {
        Some(Item::Text(text)) => text.to_owned(),
        Some(other) => return Err(wrong_kind(&scheme, &other, "text")),
        None => {
            return Err(Error::MissingHeader {
                header: SIGNING_SCHEME,
            });
        }
    };
    Ok(Headers {
        algorithm,
        content_type,
        critical,
        signing_scheme,
        signing_time: take_time(&mut bucket, SIGNING_TIME)?,
        authentic_signing_time: take_time(&mut bucket, AUTHENTIC_SIGNING_TIME)?,
        expiry: take_time(&mut bucket, EXPIRY)?,
        others: others(bucket)?,
    })
}

/// The remaining headers in JSON, sorted by name.
fn others(bucket: Bucket<'_>) -> Result<Vec<(Label, Value)>, Error> {
    let mut others = Vec::with_capacity(bucket.len());
    for (label, item) in bucket {
        let value = item.to_json().ok_or_else(|| Error::NotInJson {
            header: label.describe(),
        })?;
        others.push((label, value));
    }
    others.sort_by_key(|(label, _)| label.to_string());
    // The number 1 and the text `1` would become one name for everybody who is told of them.
    let alike = others
        .iter()
        .zip(others.iter().skip(1))
        .find(|((one, _), (next, _))| one.to_string() == next.to_string());
    if let Some(((label, _), _)) = alike {
        return Err(Error::AmbiguousLabel {
            header: label.describe(),
        });
    }
    Ok(others)
}

/// The list of critical headers; empty where there is none.
fn take_critical(bucket: &mut Bucket<'_>) -> Result<Vec<Label>, Error> {
    const WANTED: &str = "an array of text and integers";
    let items = match bucket.remove(&CRITICAL) {
        None => return Ok(Vec::new()),
        Some(Item::Array(items)) => items,
        Some(other) => return Err(wrong_kind(&CRITICAL, &other, WANTED)),
    };
    let labels = items.iter().map(|item| {
        label(item).ok_or_else(|| Error::WrongKind {
            header: CRITICAL.describe(),
            found: "an array of other values",
            wanted: WANTED,
        })
    });
    labels.collect()
}

/// A time: tag 1 with whole seconds, or a float, of which whole milliseconds count.
fn take_time(
    bucket: &mut Bucket<'_>,
    header: &'static str,
) -> Result<Option<OffsetDateTime>, Error> {
    const WANTED: &str = "a number of seconds with tag 1";
    let label = text(header);
    let Some(item) = bucket.remove(&label) else {
        return Ok(None);
    };
    let Item::Tagged(EPOCH_TIME_TAG, content) = &item else {
        return Err(wrong_kind(&label, &item, WANTED));
    };
    let out_of_range = || Error::TimeOutOfRange {
        header: header.to_owned(),
    };
    let time = match content.as_ref() {
        Item::Integer(seconds) => i64::try_from(*seconds)
            .ok()
            .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
        // A float that is not finite, and one that is no time, give no duration.
        Item::Float(seconds) => Duration::checked_seconds_f64(*seconds)
            .and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since)),
        other => return Err(wrong_kind(&label, other, WANTED)),
    };
    check_range(header, time.ok_or_else(out_of_range)?).map(Some)
}

fn take_chain<'a>(unprotected: &mut Bucket<'a>) -> Result<Vec<&'a [u8]>, Error> {
    const WANTED: &str = "an array of bytes";
    let items = match unprotected.remove(&X5CHAIN) {
        None => return Err(Error::NoCertificate),
        Some(Item::Array(items)) => items,
        Some(other) => return Err(wrong_kind(&X5CHAIN, &other, WANTED)),
    };
    check_chain_length(items.len())?;
    let certificates = items.iter().map(|item| {
        item.as_bytes().ok_or_else(|| Error::WrongKind {
            header: X5CHAIN.describe(),
            found: "an array of other values",
            wanted: WANTED,
        })
    });
    certificates.collect()
}

fn take_unsigned_attributes(unprotected: &mut Bucket<'_>) -> Result<UnsignedAttributes, Error> {
    let token = text(TIMESTAMP_SIGNATURE);
    let timestamp_signature = match unprotected.remove(&token) {
        None => None,
        Some(Item::Bytes(bytes)) => Some(bytes.to_vec()),
        Some(other) => return Err(wrong_kind(&token, &other, "bytes")),
    };
    // Off-spec: an agent that is not text is no agent, as in notation; it is only shown.
    let signing_agent = match unprotected.remove(&text(SIGNING_AGENT)) {
        Some(Item::Text(agent)) => Some(agent.to_owned()),
        _ => None,
    };
    Ok(UnsignedAttributes {
        signing_agent,
        timestamp_signature,
    })
}

fn text(name: &str) -> Label {
    Label::Text(name.to_owned())
}

fn wrong_kind(label: &Label, found: &Item<'_>, wanted: &'static str) -> Error {
    Error::WrongKind {
        header: label.describe(),
        found: found.kind(),
        wanted,
    }
}
