//! JSON Web Signatures in the flattened serialisation (`signature-envelope-jws.md`).
//!
//! Exactly one reading of the bytes: no unknown, repeated or differently spelt members at the top, no
//! repeated member in the protected header, base64 in its only form.

mod flattened;
mod write;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use flattened::Flattened;
pub(super) use write::{signing_input, write, write_protected};

use super::headers::{Headers, Label, check_range};
use super::{
    Error, Parts, PayloadBytes, check_chain_length, check_part, length, parse_chain, rfc3339,
};
use crate::algorithm::SignatureAlgorithm;
use crate::json;
use crate::limits::{
    MAX_CERTIFICATE_BYTES, MAX_ESCAPED_ENVELOPE_BYTES, MAX_PAYLOAD_BYTES,
    MAX_PROTECTED_HEADER_BYTES, MAX_SIGNATURE_BYTES, MAX_SIGNING_AGENT_BYTES, MAX_TIMESTAMP_BYTES,
};
use crate::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME,
    TIMESTAMP_SIGNATURE, VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION,
};
use crate::signer_info::UnsignedAttributes;

const ALGORITHM: &str = "alg";
const CONTENT_TYPE: &str = "cty";
const CRITICAL: &str = "crit";

pub(super) fn parse(bytes: &[u8]) -> Result<Parts, Error> {
    // `serde` would also read the members from an array.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::NotAnObject);
    }
    if bytes.len() > length(MAX_ESCAPED_ENVELOPE_BYTES) && bytes.contains(&b'\\') {
        return Err(Error::TooLarge {
            bytes: bytes.len(),
            limit: MAX_ESCAPED_ENVELOPE_BYTES,
        });
    }
    let envelope: Flattened<'_> =
        serde_json::from_slice(bytes).map_err(|source| Error::Json { source })?;
    let chain = envelope.header.x5c.ok_or(Error::NoCertificate)?.0;
    check_chain_length(chain.len())?;
    let chain: Vec<Vec<u8>> = chain
        .iter()
        .map(|certificate| decode_base64("x5c", certificate, length(MAX_CERTIFICATE_BYTES)))
        .collect::<Result<_, _>>()?;
    let token = envelope.header.timestamp_signature;
    let agent = envelope.header.signing_agent;
    check_part(
        SIGNING_AGENT,
        agent.as_ref().map_or(0, |agent| agent.len()),
        MAX_SIGNING_AGENT_BYTES,
    )?;
    let unsigned_attributes = UnsignedAttributes {
        signing_agent: agent.map(Cow::into_owned),
        timestamp_signature: token
            .map(|token| decode_base64(TIMESTAMP_SIGNATURE, &token, length(MAX_TIMESTAMP_BYTES)))
            .transpose()?,
    };
    Ok(Parts {
        payload: PayloadBytes::Decoded(decode_base64url(
            "payload",
            &envelope.payload,
            MAX_PAYLOAD_BYTES,
        )?),
        signature: decode_base64url("signature", &envelope.signature, MAX_SIGNATURE_BYTES)?,
        headers: parse_protected(&envelope.protected)?,
        // RFC 7515 section 5.2: what is signed is the encoded text.
        signed_bytes: [
            envelope.protected.as_bytes(),
            b".",
            envelope.payload.as_bytes(),
        ]
        .concat(),
        unsigned_attributes,
        certificate_chain: parse_chain(&chain)?,
    })
}

fn decode_base64url(member: &'static str, text: &str, limit: usize) -> Result<Vec<u8>, Error> {
    check_part(member, decoded_length(text), limit)?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|source| Error::Base64Url { member, source })
}

fn decode_base64(member: &'static str, text: &str, limit: usize) -> Result<Vec<u8>, Error> {
    check_part(member, decoded_length(text.trim_end_matches('=')), limit)?;
    STANDARD
        .decode(text)
        .map_err(|source| Error::Base64 { member, source })
}

/// How many bytes `text`, base64 without padding, stands for.
fn decoded_length(text: &str) -> usize {
    text.len() / 4 * 3 + text.len() % 4 * 3 / 4
}

fn parse_protected(encoded: &str) -> Result<Headers, Error> {
    const KNOWN: [&str; 9] = [
        ALGORITHM,
        CONTENT_TYPE,
        CRITICAL,
        SIGNING_SCHEME,
        SIGNING_TIME,
        AUTHENTIC_SIGNING_TIME,
        EXPIRY,
        VERIFICATION_PLUGIN,
        VERIFICATION_PLUGIN_MIN_VERSION,
    ];
    let limit = MAX_PROTECTED_HEADER_BYTES;
    let bytes = decoded_length(encoded);
    if bytes > limit {
        return Err(Error::HeaderTooLarge { bytes, limit });
    }
    let bytes = decode_base64url("protected", encoded, limit)?;
    let header_json = |source| Error::HeaderJson { source };
    let mut members = json::parse_object(&bytes).map_err(header_json)?;
    json::check_case(&members, &KNOWN).map_err(header_json)?;

    let algorithm =
        take_string(&mut members, ALGORITHM)?.ok_or(Error::MissingHeader { header: ALGORITHM })?;
    let algorithm = SignatureAlgorithm::ALL
        .into_iter()
        .find(|known| known.jws_name() == algorithm)
        .ok_or(Error::UnsupportedAlgorithm { found: algorithm })?;
    Ok(Headers {
        algorithm,
        content_type: take_string(&mut members, CONTENT_TYPE)?.unwrap_or_default(),
        critical: take_critical(&mut members)?,
        signing_scheme: take_string(&mut members, SIGNING_SCHEME)?.ok_or(Error::MissingHeader {
            header: SIGNING_SCHEME,
        })?,
        signing_time: take_time(&mut members, SIGNING_TIME)?,
        authentic_signing_time: take_time(&mut members, AUTHENTIC_SIGNING_TIME)?,
        expiry: take_time(&mut members, EXPIRY)?,
        others: members
            .into_iter()
            .map(|(name, value)| (Label::Text(name), value))
            .collect(),
    })
}

fn take_string(
    members: &mut Map<String, Value>,
    header: &'static str,
) -> Result<Option<String>, Error> {
    match members.remove(header) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong_kind(header, &other, "a string")),
    }
}

fn take_time(
    members: &mut Map<String, Value>,
    header: &'static str,
) -> Result<Option<OffsetDateTime>, Error> {
    let Some(text) = take_string(members, header)? else {
        return Ok(None);
    };
    let time = rfc3339::parse(&text).ok_or_else(|| Error::NotATime {
        header: header.to_owned(),
        found: text.clone(),
    })?;
    check_range(header, time).map(Some)
}

/// The list of critical headers; empty without that header.
fn take_critical(members: &mut Map<String, Value>) -> Result<Vec<Label>, Error> {
    const WANTED: &str = "an array of strings";
    let values = match members.remove(CRITICAL) {
        None => return Ok(Vec::new()),
        Some(Value::Array(values)) => values,
        Some(other) => return Err(wrong_kind(CRITICAL, &other, WANTED)),
    };
    let labels = values.into_iter().map(|value| match value {
        Value::String(name) => Ok(Label::Text(name)),
        _ => Err(Error::WrongKind {
            header: CRITICAL.to_owned(),
            found: "an array of other values",
            wanted: WANTED,
        }),
    });
    labels.collect()
}

fn wrong_kind(header: &str, found: &Value, wanted: &'static str) -> Error {
    Error::WrongKind {
        header: header.to_owned(),
        found: json::kind(found),
        wanted,
    }
}

#[cfg(test)]
mod tests;
