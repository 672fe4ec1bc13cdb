//! A JWS as notation writes it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Serialize;
use serde_json::Value;

use super::super::Error;
use super::{ALGORITHM, CONTENT_TYPE, CRITICAL};
use crate::algorithm::SignatureAlgorithm;
use crate::json;
use crate::notary::attribute::{
    AUTHENTIC_SIGNING_TIME, EXPIRY, SIGNING_SCHEME, SIGNING_TIME, VERIFICATION_PLUGIN,
    VERIFICATION_PLUGIN_MIN_VERSION,
};
use crate::notary::{SigningScheme, rfc3339};
use crate::signer_info::{LabelKind, SignedAttributes, UnsignedAttributes};
use crate::x509::Certificate;

/// The flattened serialisation, in notation's order.
#[derive(Serialize)]
struct Flattened<'a> {
    payload: String,
    protected: String,
    header: Unprotected<'a>,
    signature: String,
}

#[derive(Serialize)]
struct Unprotected<'a> {
    #[serde(
        rename = "io.cncf.notary.timestampSignature",
        skip_serializing_if = "Option::is_none"
    )]
    timestamp_signature: Option<String>,
    x5c: Vec<String>,
    #[serde(
        rename = "io.cncf.notary.signingAgent",
        skip_serializing_if = "Option::is_none"
    )]
    signing_agent: Option<&'a str>,
}

/// The protected header: sorted names, the critical ones in notation's order.
pub(in crate::envelope) fn write_protected(
    attributes: &SignedAttributes,
    algorithm: SignatureAlgorithm,
) -> Result<Vec<u8>, Error> {
    let mut header = BTreeMap::new();
    let mut critical = vec![SIGNING_SCHEME];
    let mut add = |name: &str, value: Value| match header.insert(name.to_owned(), value) {
        None => Ok(()),
        Some(_) => Err(Error::AttributeTwice {
            header: name.to_owned(),
        }),
    };
    let plugin = [
        (VERIFICATION_PLUGIN, &attributes.verification_plugin),
        (
            VERIFICATION_PLUGIN_MIN_VERSION,
            &attributes.verification_plugin_min_version,
        ),
    ];
    for (name, value) in plugin {
        if let Some(value) = value {
            add(name, value.as_str().into())?;
            critical.push(name);
        }
    }
    for attribute in &attributes.extended {
        if attribute.label != LabelKind::Text {
            return Err(Error::NotInFormat {
                header: attribute.name.clone(),
            });
        }
        add(&attribute.name, attribute.value.clone())?;
        if attribute.critical {
            critical.push(&attribute.name);
        }
    }
    let time = match attributes.signing_scheme {
        SigningScheme::X509 => SIGNING_TIME,
        SigningScheme::SigningAuthority => {
            critical.push(AUTHENTIC_SIGNING_TIME);
            AUTHENTIC_SIGNING_TIME
        }
    };
    let whole_seconds = |time: time::OffsetDateTime| rfc3339(time.truncate_to_second()).into();
    add(time, whole_seconds(attributes.signing_time))?;
    if let Some(expiry) = attributes.expiry {
        add(EXPIRY, whole_seconds(expiry))?;
        critical.push(EXPIRY);
    }
    add(ALGORITHM, algorithm.jws_name().into())?;
    add(CONTENT_TYPE, attributes.content_type.as_str().into())?;
    add(SIGNING_SCHEME, attributes.signing_scheme.as_str().into())?;
    add(CRITICAL, critical.into())?;
    Ok(json::to_text(&header).into_bytes())
}

/// RFC 7515 section 5.1: what is signed is the encoded text.
pub(in crate::envelope) fn signing_input(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let [protected, payload] = [protected, payload].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{protected}.{payload}").into_bytes()
}

pub(in crate::envelope) fn write(
    protected: &[u8],
    payload: &[u8],
    signature: &[u8],
    chain: &[Certificate],
    attributes: &UnsignedAttributes,
) -> Vec<u8> {
    let token = attributes.timestamp_signature.as_ref();
    let envelope = Flattened {
        payload: URL_SAFE_NO_PAD.encode(payload),
        protected: URL_SAFE_NO_PAD.encode(protected),
        header: Unprotected {
            timestamp_signature: token.map(|token| STANDARD.encode(token)),
            x5c: chain
                .iter()
                .map(|certificate| STANDARD.encode(certificate.der()))
                .collect(),
            signing_agent: attributes.signing_agent.as_deref(),
        },
        signature: URL_SAFE_NO_PAD.encode(signature),
    };
    json::to_text(&envelope).into_bytes()
}
