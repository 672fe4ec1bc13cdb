//! JWS envelopes: what is read, and what is refused.

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
