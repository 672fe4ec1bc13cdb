//! Requests and answers, held against `schemas/`.

use countersign::plugin_contract as contract;
use serde::de::DeserializeOwned;

use super::*;

#[test]
fn metadata_needs_no_environment() {
    let answer = run(&["get-plugin-metadata"], b"{}", &[]).answer("get-plugin-metadata.response");
    assert_eq!(answer["name"], "com.amazonaws.signer.notation.plugin");
    assert_eq!(
        answer["capabilities"],
        json!([
            "SIGNATURE_GENERATOR.ENVELOPE",
            "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB",
            TRUSTED_IDENTITY,
            REVOCATION_CHECK
        ])
    );
    // What the specification sends, what a proxy setting breaks elsewhere, and unknown fields.
    let request =
        json!({ "contractVersion": "1.0", "pluginConfig": { "aws-region": "x" }, "y": 1 });
    let again = run(
        &["get-plugin-metadata"],
        request.to_string().as_bytes(),
        &[("HTTPS_PROXY", "ftp://x"), ("SSL_CERT_FILE", "/nowhere")],
    );
    assert_eq!(again.answer("get-plugin-metadata.response"), answer);
}

#[test]
fn the_file_name_makes_the_plugin() {
    // The same program under its own name is not a plugin.
    let reply = run_command(Command::new(env!("CARGO_BIN_EXE_countersign")), b"{}", &[]);
    assert!(!reply.stderr.contains("errorCode"), "{}", reply.stderr);
    assert!(!reply.stdout.contains("capabilities"), "{}", reply.stdout);

    let reply = run(&["version"], b"", &[]);
    assert_eq!((reply.status, reply.stderr.as_str()), (Some(0), ""));
    assert!(
        reply
            .stdout
            .starts_with("com.amazonaws.signer.notation.plugin - "),
        "{}",
        reply.stdout
    );
    assert!(
        reply
            .stdout
            .ends_with(concat!("+countersign.", env!("CARGO_PKG_VERSION"), "\n")),
        "{}",
        reply.stdout
    );
}

#[test]
fn raw_signatures_are_refused_with_the_plugin_that_makes_them() {
    let request = json!({
        "contractVersion": "1.0", "keyId": "k", "keySpec": "EC-384", "hashAlgorithm": "SHA-384", "payload": "em9w",
    });
    let reply = run(&["generate-signature"], request.to_string().as_bytes(), &[]);
    reply.assert_error(
        "VALIDATION_ERROR",
        "AWS Signer makes whole envelopes and no raw signatures, so `generate-signature` is not supported \
         (use `generate-envelope`; raw signatures with your own AWS KMS key come from the plugin `aws-kms`)",
    );
}

#[test]
fn every_schema_is_a_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("plugin.") {
            let schema: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            jsonschema::meta::validate(&schema).unwrap();
            count += 1;
        }
    }
    assert_eq!(count, 11);
}

/// Every document near `document`: each member left out, and each value replaced by others.
fn variants(document: &Value) -> Vec<Value> {
    let others = [
        json!(null),
        json!(true),
        json!(7),
        json!(-7),
        json!("x"),
        json!(""),
        json!([]),
        json!(["x"]),
        json!([7]),
        json!({}),
        json!({ "x": "y" }),
        json!({ "x": 7 }),
        json!("TQ=="),
        json!("TQ="),
        json!("2024-01-02T03:04:05Z"),
        json!("0001-01-01T00:00:00Z"),
        json!("1.0"),
    ];
    let mut found = others.to_vec();
    match document {
        Value::Object(members) => {
            for (name, value) in members {
                let mut without = members.clone();
                without.remove(name);
                found.push(Value::Object(without));
                for variant in variants(value) {
                    let mut with = members.clone();
                    with.insert(name.clone(), variant);
                    found.push(Value::Object(with));
                }
                let mut renamed = members.clone();
                let value = renamed.remove(name).unwrap();
                renamed.insert(name.to_uppercase(), value);
                found.push(Value::Object(renamed));
            }
        }
        Value::Array(elements) => {
            for index in 0..elements.len() {
                for variant in variants(&elements[index]) {
                    let mut with = elements.clone();
                    with[index] = variant;
                    found.push(Value::Array(with));
                }
            }
        }
        _ => {}
    }
    found
}

/// The schema and the parser take and refuse the same documents.
fn agree<T: DeserializeOwned>(name: &str, example: &Value) {
    let validator = jsonschema::validator_for(&schema(name)).unwrap();
    assert!(validator.is_valid(example), "{name}: {example}");
    let mut refused = 0;
    for document in variants(example).into_iter().chain([example.clone()]) {
        let by_schema = validator.is_valid(&document);
        let by_parser = contract::parse_request::<T>(document.to_string().as_bytes());
        assert_eq!(
            by_schema,
            by_parser.is_ok(),
            "{name}: {document}\n{:?}",
            by_parser.err()
        );
        refused += usize::from(!by_schema);
    }
    assert!(
        refused > 10,
        "{name}: only {refused} documents were refused"
    );
}

#[test]
fn schemas_and_parsers_agree() {
    let config = json!({ "aws-region": "us-east-1" });
    agree::<contract::GetPluginMetadataRequest>(
        "get-plugin-metadata.request",
        &json!({ "contractVersion": "1.0", "pluginConfig": config }),
    );
    agree::<contract::DescribeKeyRequest>(
        "describe-key.request",
        &json!({ "contractVersion": "1.0", "keyId": "k", "pluginConfig": config }),
    );
    agree::<contract::GenerateSignatureRequest>(
        "generate-signature.request",
        &json!({
            "contractVersion": "1.0", "keyId": "k", "keySpec": "EC-384", "hashAlgorithm": "SHA-384",
            "payload": "TQ==", "pluginConfig": config,
        }),
    );
    agree::<contract::GenerateEnvelopeRequest>(
        "generate-envelope.request",
        &json!({
            "contractVersion": "1.0", "keyId": "k", "payloadType": PAYLOAD_TYPE,
            "signatureEnvelopeType": JWS, "payload": "TQ==", "expiryDurationInSeconds": 0,
            "pluginConfig": config,
        }),
    );
    agree::<contract::VerifySignatureRequest>(
        "verify-signature.request",
        &json!({
            "contractVersion": "1.0",
            "signature": {
                "criticalAttributes": {
                    "contentType": PAYLOAD_TYPE,
                    "signingScheme": "notary.x509.signingAuthority",
                    "expiry": "2035-11-17T00:00:00Z",
                    "authenticSigningTime": "2022-11-17T00:00:00Z",
                    "extendedAttributes": { "a": "b" },
                },
                "unprocessedAttributes": ["a"],
                "certificateChain": ["TQ=="],
            },
            "trustPolicy": {
                "trustedIdentities": ["i"],
                "signatureVerification": [TRUSTED_IDENTITY],
            },
            "pluginConfig": config,
        }),
    );
}

#[test]
fn requests_that_notation_wrote_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/generated/plugin");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.starts_with("request_") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        count += 1;
        if name == "request_get-plugin-metadata.json" {
            run(&["get-plugin-metadata"], &bytes, &[]).answer("get-plugin-metadata.response");
            continue;
        }
        check_schema(
            "verify-signature.request",
            &serde_json::from_slice(&bytes).unwrap(),
        );
        // They are of other signers, which is as far as this plugin goes with them.
        let message = match name.as_str() {
            "request_sa.json" => "lacks the attribute `com.amazonaws.signer.signingProfileVersion`",
            _ => "signing scheme `notary.x509` is not AWS Signer's",
        };
        run(&["verify-signature"], &bytes, &[]).assert_error("VALIDATION_ERROR", message);
    }
    assert_eq!(count, 9);
}
