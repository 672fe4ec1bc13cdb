//! JSON Web Signatures in the flattened serialisation (`signature-envelope-jws.md`).
//!
//! Exactly one reading of the bytes: no unknown, repeated or differently spelt members at the top, no
//! repeated member in the protected header, base64 in its only form.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::headers::{Headers, Label, check_range};
use super::{Error, Parts, check_chain_length, parse_chain, rfc3339};
use crate::algorithm::SignatureAlgorithm;
use crate::json;
use crate::limits::{MAX_CHAIN_CERTIFICATES, MAX_PROTECTED_HEADER_BYTES};
use crate::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME,
    TIMESTAMP_SIGNATURE, VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION,
};
use crate::signer_info::UnsignedAttributes;

const X5C: &str = "x5c";
const ALGORITHM: &str = "alg";
const CONTENT_TYPE: &str = "cty";
const CRITICAL: &str = "crit";

/// The flattened serialisation; `serde` refuses unknown and repeated members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Flattened<'a> {
    #[serde(borrow)]
    payload: Cow<'a, str>,
    #[serde(borrow)]
    protected: Cow<'a, str>,
    #[serde(borrow)]
    header: Unprotected<'a>,
    #[serde(borrow)]
    signature: Cow<'a, str>,
}

/// The unprotected header. Members that are not known are ignored: anybody can add them.
#[derive(Default)]
struct Unprotected<'a> {
    x5c: Option<Chain<'a>>,
    timestamp_signature: Option<Cow<'a, str>>,
    signing_agent: Option<Cow<'a, str>>,
}

/// The certificates in base64, one more than are allowed at most.
struct Chain<'a>(Vec<Cow<'a, str>>);

/// Text that is borrowed wherever JSON has no escapes in it.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Unprotected<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Unprotected<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the unprotected header, an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut header = Unprotected::default();
                while let Some(Text(name)) = access.next_key()? {
                    let repeated = match name.as_ref() {
                        X5C => header.x5c.replace(access.next_value()?).is_some(),
                        TIMESTAMP_SIGNATURE => {
                            let Text(token) = access.next_value()?;
                            header.timestamp_signature.replace(token).is_some()
                        }
                        SIGNING_AGENT => {
                            let Text(agent) = access.next_value()?;
                            header.signing_agent.replace(agent).is_some()
                        }
                        _ => {
                            access.next_value::<IgnoredAny>()?;
                            false
                        }
                    };
                    if repeated {
                        return Err(A::Error::custom(format!("duplicate field `{name}`")));
                    }
                }
                Ok(header)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Chain<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Certificates;

        impl<'de> Visitor<'de> for Certificates {
            type Value = Chain<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of certificates in base64")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut certificates = Vec::new();
                while let Some(Text(certificate)) = access.next_element()? {
                    // The rest of too long a chain is read over and not kept.
                    if certificates.len() <= MAX_CHAIN_CERTIFICATES {
                        certificates.push(certificate);
                    }
                }
                Ok(Chain(certificates))
            }
        }

        deserializer.deserialize_seq(Certificates)
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Parts, Error> {
    // `serde` would also read the members from an array.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::NotAnObject);
    }
    let envelope: Flattened<'_> =
        serde_json::from_slice(bytes).map_err(|source| Error::Json { source })?;
    let chain = envelope.header.x5c.ok_or(Error::NoCertificate)?.0;
    check_chain_length(chain.len())?;
    let chain: Vec<Vec<u8>> = chain
        .iter()
        .map(|certificate| decode_base64(X5C, certificate))
        .collect::<Result<_, _>>()?;
    let token = envelope.header.timestamp_signature;
    let unsigned_attributes = UnsignedAttributes {
        signing_agent: envelope.header.signing_agent.map(Cow::into_owned),
        timestamp_signature: token
            .map(|token| decode_base64(TIMESTAMP_SIGNATURE, &token))
            .transpose()?,
    };
    Ok(Parts {
        payload: decode_base64url("payload", &envelope.payload)?,
        signature: decode_base64url("signature", &envelope.signature)?,
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

fn decode_base64url(member: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|source| Error::Base64Url { member, source })
}

fn decode_base64(member: &'static str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD
        .decode(text)
        .map_err(|source| Error::Base64 { member, source })
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
    let bytes = decode_base64url("protected", encoded)?;
    if bytes.len() > MAX_PROTECTED_HEADER_BYTES {
        return Err(Error::HeaderTooLarge {
            bytes: bytes.len(),
            limit: MAX_PROTECTED_HEADER_BYTES,
        });
    }
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

/// The list of critical headers; empty where there is none.
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
