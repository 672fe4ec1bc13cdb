//! A `COSE_Sign1` as notation writes it: deterministic CBOR (RFC 8949 section 4.2.1).

use std::collections::BTreeMap;

use minicbor::data::Tag;
use minicbor::encode::Encoder;
use serde_json::Value;
use time::OffsetDateTime;

use super::super::Error;
use super::super::headers::Label;
use super::{ALGORITHM, CONTENT_TYPE, CRITICAL, EPOCH_TIME_TAG, SIGN1_TAG, X5CHAIN};
use crate::algorithm::SignatureAlgorithm;
use crate::notary::SigningScheme;
use crate::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_AGENT, SIGNING_SCHEME, SIGNING_TIME,
    TIMESTAMP_SIGNATURE, VERIFICATION_PLUGIN, VERIFICATION_PLUGIN_MIN_VERSION,
};
use crate::signer_info::{ExtendedAttribute, LabelKind, SignedAttributes, UnsignedAttributes};
use crate::x509::Certificate;

/// A map whose keys are kept sorted by their encoding.
struct Entries(BTreeMap<Vec<u8>, Vec<u8>>);

impl Entries {
    fn add(&mut self, label: &Label, value: Vec<u8>) -> Result<(), Error> {
        match self.0.insert(encode_label(label), value) {
            None => Ok(()),
            Some(_) => Err(Error::AttributeTwice {
                header: label.to_string(),
            }),
        }
    }

    fn into_bytes(self) -> Vec<u8> {
        let mut bytes = encode(|encoder| encoder.map(length(self.0.len())).map(drop));
        for (key, value) in self.0 {
            bytes.extend(key);
            bytes.extend(value);
        }
        bytes
    }
}

/// The protected header, the critical labels in notation's order.
pub(in crate::envelope) fn write_protected(
    attributes: &SignedAttributes,
    algorithm: SignatureAlgorithm,
) -> Result<Vec<u8>, Error> {
    let text = |name: &str| Label::Text(name.to_owned());
    let mut entries = Entries(BTreeMap::new());
    let mut critical = vec![text(SIGNING_SCHEME)];

    entries.add(
        &ALGORITHM,
        encode(|encoder| encoder.i64(algorithm.cose_number()).map(drop)),
    )?;
    entries.add(&CONTENT_TYPE, encode_text(&attributes.content_type))?;
    entries.add(
        &text(SIGNING_SCHEME),
        encode_text(attributes.signing_scheme.as_str()),
    )?;
    let time = match attributes.signing_scheme {
        SigningScheme::X509 => SIGNING_TIME,
        SigningScheme::SigningAuthority => {
            critical.push(text(AUTHENTIC_SIGNING_TIME));
            AUTHENTIC_SIGNING_TIME
        }
    };
    entries.add(&text(time), encode_time(attributes.signing_time))?;
    if let Some(expiry) = attributes.expiry {
        entries.add(&text(EXPIRY), encode_time(expiry))?;
        critical.push(text(EXPIRY));
    }
    let plugin = [
        (VERIFICATION_PLUGIN, &attributes.verification_plugin),
        (
            VERIFICATION_PLUGIN_MIN_VERSION,
            &attributes.verification_plugin_min_version,
        ),
    ];
    for (name, value) in plugin {
        if let Some(value) = value {
            entries.add(&text(name), encode_text(value))?;
            critical.push(text(name));
        }
    }
    for attribute in &attributes.extended {
        let label = label_of(attribute)?;
        entries.add(&label, encode_value(&attribute.value))?;
        if attribute.critical {
            critical.push(label);
        }
    }
    let labels = critical.iter().flat_map(encode_label).collect();
    let array = encode(|encoder| encoder.array(length(critical.len())).map(drop));
    entries.add(&CRITICAL, [array, labels].concat())?;
    Ok(entries.into_bytes())
}

pub(in crate::envelope) fn write(
    protected: &[u8],
    payload: &[u8],
    signature: &[u8],
    chain: &[Certificate],
    attributes: &UnsignedAttributes,
) -> Vec<u8> {
    let chain = encode(|encoder| {
        encoder.array(length(chain.len()))?;
        for certificate in chain {
            encoder.bytes(certificate.der())?;
        }
        Ok(())
    });
    let mut unprotected = BTreeMap::from([(encode_label(&X5CHAIN), chain)]);
    if let Some(token) = &attributes.timestamp_signature {
        let token = encode(|encoder| encoder.bytes(token).map(drop));
        unprotected.insert(encode_text(TIMESTAMP_SIGNATURE), token);
    }
    if let Some(agent) = &attributes.signing_agent {
        unprotected.insert(encode_text(SIGNING_AGENT), encode_text(agent));
    }
    let head = encode(|encoder| {
        encoder.tag(Tag::new(SIGN1_TAG))?.array(4)?;
        encoder.bytes(protected).map(drop)
    });
    let tail = encode(|encoder| encoder.bytes(payload)?.bytes(signature).map(drop));
    [head, Entries(unprotected).into_bytes(), tail].concat()
}

fn label_of(attribute: &ExtendedAttribute) -> Result<Label, Error> {
    match attribute.label {
        LabelKind::Text => Ok(Label::Text(attribute.name.clone())),
        LabelKind::Integer => {
            attribute
                .name
                .parse()
                .map(Label::Integer)
                .map_err(|_| Error::NotInFormat {
                    header: attribute.name.clone(),
                })
        }
    }
}

type EncoderError = minicbor::encode::Error<std::convert::Infallible>;

/// What `write` writes.
fn encode(write: impl FnOnce(&mut Encoder<Vec<u8>>) -> Result<(), EncoderError>) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    // Writing to memory cannot fail.
    let _ = write(&mut encoder);
    encoder.into_writer()
}

fn encode_label(label: &Label) -> Vec<u8> {
    match label {
        Label::Text(text) => encode_text(text),
        Label::Integer(number) => encode(|encoder| encoder.i64(*number).map(drop)),
    }
}

fn encode_text(text: &str) -> Vec<u8> {
    encode(|encoder| encoder.str(text).map(drop))
}

fn encode_time(time: OffsetDateTime) -> Vec<u8> {
    encode(|encoder| {
        encoder
            .tag(Tag::new(EPOCH_TIME_TAG))?
            .i64(time.unix_timestamp())
            .map(drop)
    })
}

fn encode_value(value: &Value) -> Vec<u8> {
    match value {
        Value::Null => encode(|encoder| encoder.null().map(drop)),
        Value::Bool(value) => encode(|encoder| encoder.bool(*value).map(drop)),
        Value::Number(number) => encode(|encoder| {
            match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), ..) => encoder.i64(number),
                (None, Some(number), _) => encoder.u64(number),
                (None, None, number) => encoder.f64(number.unwrap_or_default()),
            }
            .map(drop)
        }),
        Value::String(text) => encode_text(text),
        Value::Array(values) => {
            let mut bytes = encode(|encoder| encoder.array(length(values.len())).map(drop));
            bytes.extend(values.iter().flat_map(encode_value));
            bytes
        }
        Value::Object(members) => {
            let entries = members
                .iter()
                .map(|(name, value)| (encode_text(name), encode_value(value)));
            Entries(entries.collect()).into_bytes()
        }
    }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
