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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use time::macros::datetime;

    use super::super::testing::{PAYLOAD, Signer};
    use super::super::{UnverifiedEnvelope, VerifiedEnvelope};
    use super::*;
    use crate::limits::MAX_CHAIN_CERTIFICATES;
    use crate::notary::{EnvelopeFormat, PAYLOAD_MEDIA_TYPE, SigningScheme};
    use crate::signer_info::{ExtendedAttribute, LabelKind};

    const PROTECTED: &str = r#"{"alg":"ES256","crit":["io.cncf.notary.signingScheme"],"cty":"application/vnd.cncf.notary.payload.v1+json","io.cncf.notary.signingScheme":"notary.x509","io.cncf.notary.signingTime":"2024-01-02T03:04:05Z"}"#;

    /// An envelope with this protected header, rightly signed.
    fn signed(signer: &Signer, protected: &str) -> Value {
        let protected = URL_SAFE_NO_PAD.encode(protected);
        let payload = URL_SAFE_NO_PAD.encode(PAYLOAD);
        let signature = signer.sign(format!("{protected}.{payload}").as_bytes());
        let chain = signer
            .chain()
            .map(|certificate| STANDARD.encode(certificate.der()));
        json!({
            "payload": payload,
            "protected": protected,
            "header": { "x5c": chain, "io.cncf.notary.signingAgent": "test/1", "other": [1] },
            "signature": URL_SAFE_NO_PAD.encode(signature),
        })
    }

    fn verify(text: &str) -> Result<VerifiedEnvelope, Error> {
        UnverifiedEnvelope::parse(EnvelopeFormat::Jws, text.as_bytes())?.verify()
    }

    /// The refusal with its sources, without where in the text it is.
    fn refusal(result: Result<VerifiedEnvelope, Error>) -> String {
        let error = result.unwrap_err();
        let text = crate::causes::in_one_line(&error);
        match text.split_once(" at line") {
            Some((text, _)) => text.to_owned(),
            None => text,
        }
    }

    #[test]
    fn a_whole_envelope_is_verified_and_says_what_it_says() {
        let signer = Signer::new();
        let protected = PROTECTED
            .replace("notary.x509\"", "notary.x509.signingAuthority\"")
            .replace("signingTime", "authenticSigningTime")
            .replace("2024-01-02T03:04:05Z", "2024-01-01T19:04:05-08:00")
            .replace(
                r#"Scheme"],"#,
                r#"Scheme","io.cncf.notary.authenticSigningTime","x","io.cncf.notary.expiry","io.cncf.notary.verificationPlugin"],"x":{"a":1},"y":2,"io.cncf.notary.expiry":"2025-01-02T03:04:05Z","io.cncf.notary.verificationPlugin":"plugin","#,
            );
        let mut envelope = signed(&signer, &protected);
        envelope["header"][TIMESTAMP_SIGNATURE] = json!("AQI=");
        let verified = verify(&envelope.to_string()).unwrap();
        assert_eq!(verified.payload(), PAYLOAD);
        let info = verified.signer_info();
        assert_eq!(info.certificate_chain, signer.chain());
        assert_eq!(info.signature_algorithm, SignatureAlgorithm::Es256);
        assert_eq!(
            info.unsigned_attributes,
            UnsignedAttributes {
                signing_agent: Some("test/1".to_owned()),
                timestamp_signature: Some(vec![1, 2]),
            }
        );
        let attributes = &info.signed_attributes;
        assert_eq!(attributes.content_type, PAYLOAD_MEDIA_TYPE);
        assert_eq!(attributes.signing_scheme, SigningScheme::SigningAuthority);
        assert_eq!(attributes.signing_time, datetime!(2024-01-02 03:04:05 UTC));
        assert_eq!(attributes.expiry, Some(datetime!(2025-01-02 03:04:05 UTC)));
        assert_eq!(attributes.verification_plugin.as_deref(), Some("plugin"));
        let extended = |name: &str, critical, value| ExtendedAttribute {
            name: name.to_owned(),
            label: LabelKind::Text,
            critical,
            value,
        };
        assert_eq!(
            attributes.extended,
            [
                extended("x", true, json!({"a": 1})),
                extended("y", false, json!(2))
            ]
        );
        let critical: Vec<&str> = attributes
            .critical_extended()
            .map(|a| a.name.as_str())
            .collect();
        assert_eq!(critical, ["x"]);
    }

    #[test]
    fn any_change_breaks_the_signature() {
        let signer = Signer::new();
        let good = signed(&signer, PROTECTED);
        let broken = |member: &str, text: String| {
            let mut envelope = good.clone();
            envelope[member] = json!(text);
            refusal(verify(&envelope.to_string()))
        };
        let wanted = "signature of the envelope is invalid: signature does not match the key and the signed \
                      bytes";
        let other_payload = URL_SAFE_NO_PAD.encode(br#"{"targetArtifact":{"a":1}}"#);
        assert_eq!(broken("payload", other_payload), wanted);
        let other_time = URL_SAFE_NO_PAD.encode(PROTECTED.replace("2024", "2023"));
        assert_eq!(broken("protected", other_time), wanted);
        let signature = URL_SAFE_NO_PAD
            .decode(good["signature"].as_str().unwrap())
            .unwrap();
        assert_eq!(
            broken("signature", URL_SAFE_NO_PAD.encode(&signature[1..])),
            wanted
        );
        let longer = URL_SAFE_NO_PAD.encode([&signature[..], &[0]].concat());
        assert_eq!(broken("signature", longer), wanted);
        let other_chain = signed(&Signer::new(), PROTECTED)["header"].clone();
        let mut envelope = good.clone();
        envelope["header"] = other_chain;
        assert_eq!(refusal(verify(&envelope.to_string())), wanted);
    }

    #[test]
    fn the_text_has_one_reading() {
        let good = signed(&Signer::new(), PROTECTED);
        let text = good.to_string();
        verify(&text).unwrap();
        // Escapes are part of JSON.
        verify(&text.replace("\"x5c\"", "\"x5\\u0063\"").replace('/', "\\/")).unwrap();
        let not_jws = |text: String| {
            let refusal = refusal(verify(&text));
            let prefix = "not a JSON Web Signature in flattened form: ";
            refusal.strip_prefix(prefix).unwrap_or(&refusal).to_owned()
        };
        let payload = good["payload"].as_str().unwrap();
        assert_eq!(
            not_jws(text.replacen('{', "{\"Payload\":\"\",", 1)),
            "unknown field `Payload`, expected one of `payload`, `protected`, `header`, `signature`"
        );
        assert_eq!(
            not_jws(text.replacen('{', "{\"payload\":\"\",", 1)),
            "duplicate field `payload`"
        );
        assert_eq!(not_jws(format!("{text}{{}}")), "trailing characters");
        assert_eq!(
            not_jws(text.replace("\"other\"", "\"x5c\"")),
            "invalid type: integer `1`, expected a string"
        );
        assert_eq!(
            not_jws(text.replace("\"other\":[1]", "\"x5c\":[\"\"]")),
            "duplicate field `x5c`"
        );
        assert_eq!(
            not_jws(text.replace("\"other\":[1]", "\"io.cncf.notary.signingAgent\":\"\"")),
            "duplicate field `io.cncf.notary.signingAgent`"
        );
        assert_eq!(
            not_jws(text.replace("\"other\"", "\"X5C\"")),
            "field `X5C` is not spelt `x5c`"
        );
        assert_eq!(
            not_jws(text.replace("\"signature\"", "\"signatur\"")),
            "unknown field `signatur`, expected one of `payload`, `protected`, `header`, `signature`"
        );
        let array = json!([
            payload,
            good["protected"],
            good["header"],
            good["signature"]
        ]);
        assert_eq!(
            not_jws(array.to_string()),
            "not a JSON object, as a JSON Web Signature in flattened form must be"
        );
        assert_eq!(
            not_jws(format!("\u{feff}{text}")),
            "not a JSON object, as a JSON Web Signature in flattened form must be"
        );
    }

    #[test]
    fn base64_has_one_form() {
        let good = signed(&Signer::new(), PROTECTED);
        let refusal_of = |member: &str, change: &dyn Fn(&str) -> String| {
            let mut envelope = good.clone();
            envelope[member] = json!(change(envelope[member].as_str().unwrap()));
            refusal(verify(&envelope.to_string()))
        };
        let without_last = |text: &str| {
            let mut text = text.to_owned();
            text.pop();
            text
        };
        let changes: [&dyn Fn(&str) -> String; 4] = [
            &|text| format!("{text}\n"),
            &|text| format!("{text}="),
            &|text| format!("{text}."),
            &|text| format!("{}+", without_last(text)),
        ];
        for member in ["payload", "protected", "signature"] {
            for change in changes {
                let refusal = refusal_of(member, change);
                let prefix = format!("`{member}` is not base64url without padding: ");
                assert!(refusal.starts_with(&prefix), "{refusal}");
            }
        }
        // 64 bytes leave four bits over in their last character.
        let loose_bits = |text: &str| {
            let last = text.chars().last().unwrap();
            let next = char::from_u32(u32::from(last) + 1).unwrap();
            format!("{}{next}", without_last(text))
        };
        let refusal = refusal_of("signature", &loose_bits);
        assert!(
            refusal.starts_with("`signature` is not base64url"),
            "{refusal}"
        );
    }

    #[test]
    fn certificates_are_bounded_and_whole() {
        let good = signed(&Signer::new(), PROTECTED);
        let with_chain = |chain: Value| {
            let mut envelope = good.clone();
            envelope["header"]["x5c"] = chain;
            refusal(verify(&envelope.to_string()))
        };
        let many = vec!["AAAA"; MAX_CHAIN_CERTIFICATES];
        assert_eq!(
            with_chain(json!(many)),
            "certificate 1 of the chain cannot be read: cannot be read as a certificate in DER: \
             unknown/unsupported ASN.1 DER tag: 0x00"
        );
        let too_many = vec!["AAAA"; MAX_CHAIN_CERTIFICATES + 1];
        assert_eq!(
            with_chain(json!(too_many)),
            "certificate chain has more than the 16 certificates that are read"
        );
        assert_eq!(with_chain(json!([])), "envelope has no certificate chain");
        let leaf = STANDARD
            .decode(good["header"]["x5c"][0].as_str().unwrap())
            .unwrap();
        let longer = STANDARD.encode([&leaf[..], &[0]].concat());
        assert_eq!(
            with_chain(json!([good["header"]["x5c"][0], longer])),
            "certificate 2 of the chain cannot be read: 1 bytes follow the certificate"
        );
    }

    #[test]
    fn the_protected_header_is_bounded() {
        let signer = Signer::new();
        let of_size = |bytes: usize| {
            let filler = "a".repeat(bytes - PROTECTED.len() - r#""x":"","#.len());
            PROTECTED.replacen('{', &format!(r#"{{"x":"{filler}","#), 1)
        };
        let at_limit = of_size(MAX_PROTECTED_HEADER_BYTES);
        assert_eq!(at_limit.len(), MAX_PROTECTED_HEADER_BYTES);
        verify(&signed(&signer, &at_limit).to_string()).unwrap();
        let past_it = of_size(MAX_PROTECTED_HEADER_BYTES + 1);
        assert_eq!(
            refusal(verify(&signed(&signer, &past_it).to_string())),
            "protected header has 65537 bytes, more than the 65536 that are read"
        );
    }

    #[test]
    fn an_envelope_with_escapes_has_a_limit_of_its_own() {
        let limit = length(MAX_ESCAPED_ENVELOPE_BYTES);
        let of_size = |bytes: usize| {
            let text = r#"{"payload":"\/"}"#;
            format!("{text}{}", " ".repeat(bytes - text.len()))
        };
        let parse = |text: &str| UnverifiedEnvelope::parse(EnvelopeFormat::Jws, text.as_bytes());
        assert!(matches!(
            parse(&of_size(limit)).unwrap_err(),
            Error::Json { .. }
        ));
        assert!(matches!(
            parse(&of_size(limit + 1)).unwrap_err(),
            Error::TooLarge {
                limit: MAX_ESCAPED_ENVELOPE_BYTES,
                ..
            }
        ));
        let without = of_size(limit + 1).replace('\\', "");
        assert!(matches!(parse(&without).unwrap_err(), Error::Json { .. }));
    }

    #[test]
    fn every_part_is_bounded() {
        let good = signed(&Signer::new(), PROTECTED);
        let refused_as_too_large = |member: &[&str], value: String| {
            let mut envelope = good.clone();
            let mut place = &mut envelope;
            for name in member {
                place = &mut place[*name];
            }
            *place = value.into();
            match UnverifiedEnvelope::parse(EnvelopeFormat::Jws, envelope.to_string().as_bytes()) {
                Err(Error::PartTooLarge { part, .. }) => Some(part),
                _ => None,
            }
        };
        for (member, limit) in [
            ("payload", MAX_PAYLOAD_BYTES),
            ("signature", MAX_SIGNATURE_BYTES),
        ] {
            let of_size = |bytes| URL_SAFE_NO_PAD.encode(vec![1; bytes]);
            assert_eq!(refused_as_too_large(&[member], of_size(limit)), None);
            let past_it = refused_as_too_large(&[member], of_size(limit + 1));
            assert_eq!(past_it, Some(member));
        }
        let limit = length(MAX_TIMESTAMP_BYTES);
        let token = ["header", TIMESTAMP_SIGNATURE];
        let of_size = |bytes| STANDARD.encode(vec![1; bytes]);
        assert_eq!(refused_as_too_large(&token, of_size(limit)), None);
        let past_it = refused_as_too_large(&token, of_size(limit + 1));
        assert_eq!(past_it, Some(TIMESTAMP_SIGNATURE));
        let agent = ["header", SIGNING_AGENT];
        let of_size = |bytes| "a".repeat(bytes);
        assert_eq!(
            refused_as_too_large(&agent, of_size(MAX_SIGNING_AGENT_BYTES)),
            None
        );
        let past_it = refused_as_too_large(&agent, of_size(MAX_SIGNING_AGENT_BYTES + 1));
        assert_eq!(past_it, Some(SIGNING_AGENT));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = UnverifiedEnvelope::parse(EnvelopeFormat::Jws, &bytes);
        }

        #[test]
        fn any_header_is_read_or_refused(protected in r#"\{("[a-z]{1,4}":[0-9"\[\]]{0,4},?){0,4}\}"#) {
            let _ = parse_protected(&URL_SAFE_NO_PAD.encode(protected));
        }

        #[test]
        fn every_damage_is_refused(at in 0_usize..2000, byte in 0x20_u8..0x7f) {
            static GOOD: std::sync::LazyLock<String> =
                std::sync::LazyLock::new(|| signed(&Signer::new(), PROTECTED).to_string());
            let mut text = GOOD.clone().into_bytes();
            let at = at % text.len();
            prop_assume!(text[at] != byte);
            text[at] = byte;
            // The agent and unknown members are not signed, and the root's bytes are.
            if let Ok(envelope) = UnverifiedEnvelope::parse(EnvelopeFormat::Jws, &text)
                && let Ok(verified) = envelope.verify()
            {
                prop_assert_eq!(verified.payload(), PAYLOAD);
                let info = verified.signer_info();
                prop_assert_eq!(info.signed_attributes.signing_time, datetime!(2024-01-02 03:04:05 UTC));
            }
        }
    }
}
