//! The headers of both buckets, taken out and typed.

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::super::cbor::Item;
use super::super::headers::{Headers, Label, check_range};
use super::super::{Error, check_chain_length, check_part, length};
use super::{
    ALGORITHM, Bucket, CONTENT_TYPE, CRITICAL, EPOCH_TIME_TAG, X5CHAIN, label, wrong_kind,
};
use crate::algorithm::SignatureAlgorithm;
use crate::limits::{MAX_SIGNING_AGENT_BYTES, MAX_TIMESTAMP_BYTES};
use crate::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME,
    TIMESTAMP_SIGNATURE,
};
use crate::signer_info::UnsignedAttributes;

pub(super) fn parse_headers(mut bucket: Bucket<'_>) -> Result<Headers, Error> {
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

/// The list of critical headers; empty without that header.
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
        // A float that is not finite, or is beyond all times, gives no duration.
        Item::Float(seconds) => Duration::checked_seconds_f64(*seconds)
            .and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since)),
        other => return Err(wrong_kind(&label, other, WANTED)),
    };
    check_range(header, time.ok_or_else(out_of_range)?).map(Some)
}

pub(super) fn take_chain<'a>(unprotected: &mut Bucket<'a>) -> Result<Vec<&'a [u8]>, Error> {
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

pub(super) fn take_unsigned_attributes(
    unprotected: &mut Bucket<'_>,
) -> Result<UnsignedAttributes, Error> {
    let token = text(TIMESTAMP_SIGNATURE);
    let timestamp_signature = match unprotected.remove(&token) {
        None => None,
        Some(Item::Bytes(bytes)) => {
            check_part(
                TIMESTAMP_SIGNATURE,
                bytes.len(),
                length(MAX_TIMESTAMP_BYTES),
            )?;
            Some(bytes.to_vec())
        }
        Some(other) => return Err(wrong_kind(&token, &other, "bytes")),
    };
    // Off-spec: an agent that is not text is passed over, as in notation; it is only shown.
    let signing_agent = match unprotected.remove(&text(SIGNING_AGENT)) {
        Some(Item::Text(agent)) => {
            check_part(SIGNING_AGENT, agent.len(), MAX_SIGNING_AGENT_BYTES)?;
            Some(agent.to_owned())
        }
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
