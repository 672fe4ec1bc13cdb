//! Rows of kind `sign vector`: the protected headers that the reference writes for fixed inputs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign::algorithm::SignatureAlgorithm;
use countersign::envelope::UnsignedEnvelope;
use countersign::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE, SigningScheme};
use countersign::oci::hex;
use countersign::signer_info::{
    ExtendedAttribute, LabelKind, SignedAttributes, UnsignedAttributes,
};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::datetime;

use super::{Answer, Case};

pub(super) fn answer(case: &Case) -> Answer {
    let vector: Value = serde_json::from_slice(&case.read()).unwrap();
    if case.path.contains("/jws/") {
        jws(&vector)
    } else {
        cose(&vector)
    }
}

/// The inputs, which the reference keeps in its test's code.
fn jws(vector: &Value) -> Answer {
    let names = [
        "signedCritKey1",
        "signedKey1",
        "signedKey2",
        "signedKey3",
        "signedKey4",
    ];
    let mut extended: Vec<ExtendedAttribute> =
        names.map(|name| attribute(name, "signedValue1")).to_vec();
    extended[0] = attribute("signedCritKey1", "signedCritValue1");
    let attributes = attributes(
        datetime!(2022-08-29 13:50:00 UTC),
        datetime!(2099-08-30 13:50:00 UTC),
        extended,
    );
    let payload = br#"{"key":"hello JWS"}"#.to_vec();
    let algorithm = SignatureAlgorithm::Es256;
    let envelope = UnsignedEnvelope::new(EnvelopeFormat::Jws, payload, &attributes, algorithm);
    let written = String::from_utf8(envelope.unwrap().signed_bytes()).unwrap();
    let (protected, payload) = written.split_once('.').unwrap();
    if vector["protected"] == protected && vector["payload"] == payload {
        return Answer::accept();
    }
    let protected = URL_SAFE_NO_PAD.decode(protected).unwrap();
    Answer::wrong(String::from_utf8(protected).unwrap())
}

fn cose(vector: &Value) -> Answer {
    let time =
        |name: &str| OffsetDateTime::from_unix_timestamp(vector[name].as_i64().unwrap()).unwrap();
    let extended = vec![
        attribute("signedKey1", "signedValue1"),
        attribute("signedCritKey1", "signedCritValue1"),
    ];
    let attributes = attributes(time("signingTime"), time("expiry"), extended);
    let payload = b"hello COSE".to_vec();
    let algorithm = SignatureAlgorithm::Ps384;
    let envelope = UnsignedEnvelope::new(EnvelopeFormat::Cose, payload, &attributes, algorithm);
    let written = hex(&envelope
        .unwrap()
        .into_bytes(b"", &[], &UnsignedAttributes::default()))
    .to_uppercase();
    let wanted = vector["expectedOutput"]["cborHex"].as_str().unwrap();
    let protected = vector["protectedHeaders"]["cborHex"].as_str().unwrap();
    let head = wanted.find(protected).unwrap() + protected.len();
    if written.starts_with(wanted.get(..head).unwrap()) {
        Answer::accept()
    } else {
        Answer::wrong(written)
    }
}

fn attribute(name: &str, value: &str) -> ExtendedAttribute {
    ExtendedAttribute {
        name: name.to_owned(),
        label: LabelKind::Text,
        critical: name.starts_with("signedCrit"),
        value: value.into(),
    }
}

fn attributes(
    signing_time: OffsetDateTime,
    expiry: OffsetDateTime,
    extended: Vec<ExtendedAttribute>,
) -> SignedAttributes {
    SignedAttributes {
        content_type: PAYLOAD_MEDIA_TYPE.to_owned(),
        signing_scheme: SigningScheme::X509,
        signing_time,
        expiry: Some(expiry),
        verification_plugin: None,
        verification_plugin_min_version: None,
        extended,
    }
}
