//! The plugin `aws-kms`: raw signatures with a key of AWS KMS.

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use countersign::x509::Certificate;
use countersign_emulator::{Fault, FaultKind, Tamper};

use super::*;
use crate::support::kms::{self, KINDS};

static AWS_KMS: LazyLock<(tempfile::TempDir, PathBuf)> =
    LazyLock::new(|| install("notation-aws-kms"));

/// The bytes that Notation would have signed.
const MESSAGE: &[u8] = b"header.payload";

fn ask(fixture: &Fixture, command: &str, request: &Value) -> Reply {
    fixture.run_program(&AWS_KMS.1, command, request, &[])
}

/// A key in KMS, and the settings that name its certificates.
fn key(fixture: &Fixture, name: &str) -> (String, Value) {
    let arn = kms::import(&fixture.emulator, name);
    let file = kms::write_chain(fixture.home.path(), name);
    (arn, json!({ "certificate_chain": file }))
}

fn describe(key: &str, config: &Value) -> Value {
    json!({ "contractVersion": "1.0", "keyId": key, "pluginConfig": config })
}

/// The request for a signature with the key `name`, one of [`KINDS`].
fn generate(key: &str, name: &str, config: &Value) -> Value {
    json!({
        "contractVersion": "1.0",
        "keyId": key,
        "keySpec": name.to_uppercase(),
        "hashAlgorithm": match name {
            "rsa-2048" | "ec-256" => "SHA-256",
            "rsa-3072" | "ec-384" => "SHA-384",
            _ => "SHA-512",
        },
        "payload": STANDARD.encode(MESSAGE),
        "pluginConfig": config,
    })
}

#[test]
fn metadata_needs_no_environment() {
    let run = |request: &[u8]| {
        let mut command = Command::new(&AWS_KMS.1);
        command.arg("get-plugin-metadata");
        run_command(command, request, &[("SSL_CERT_FILE", "/nowhere")])
    };
    let answer = run(b"{}").answer("get-plugin-metadata.response");
    assert_eq!(
        (&answer["name"], &answer["capabilities"]),
        (&json!("aws-kms"), &json!(["SIGNATURE_GENERATOR.RAW"]))
    );
    let config = json!({ "pluginConfig": { "certificate_chain": "x" } });
    let again = run(config.to_string().as_bytes());
    assert_eq!(again.answer("get-plugin-metadata.response"), answer);
}

#[test]
fn every_kind_of_key_is_described_and_signs() {
    let fixture = Fixture::new();
    for (name, _) in KINDS {
        let (arn, config) = key(&fixture, name);
        fixture.emulator.clear_calls();
        // The certificates may come later.
        for config in [&config, &json!({}), &Value::Null] {
            let answer = ask(&fixture, "describe-key", &describe(&arn, config));
            assert_eq!(
                answer.answer("describe-key.response"),
                json!({ "keyId": arn, "keySpec": name.to_uppercase() })
            );
            assert_eq!(fixture.operations(), ["GetPublicKey"]);
        }
        let request = generate(&arn, name, &config);
        check_schema("generate-signature.request", &request);
        let answer = ask(&fixture, "generate-signature", &request);
        let answer = answer.answer("generate-signature.response");
        assert_eq!(fixture.operations(), ["GetPublicKey", "Sign"]);
        assert_eq!(answer["keyId"], arn);
        let chain: Vec<Certificate> = answer["certificateChain"]
            .as_array()
            .unwrap()
            .iter()
            .map(|der| Certificate::parse(&STANDARD.decode(der.as_str().unwrap()).unwrap()))
            .collect::<Result<_, _>>()
            .unwrap();
        assert_eq!(chain.len(), 3);
        let algorithm = chain[0].key_spec().unwrap().signature_algorithm();
        assert_eq!(answer["signingAlgorithm"], algorithm.contract_name());
        let signature = STANDARD.decode(answer["signature"].as_str().unwrap());
        chain[0]
            .verify_envelope_signature(MESSAGE, &signature.unwrap())
            .unwrap();
    }
}

#[test]
fn a_key_goes_by_each_of_its_names() {
    let fixture = Fixture::new();
    let (arn, config) = key(&fixture, "ec-256");
    let alias = "alias/release";
    fixture.emulator.create_kms_alias(alias, &arn).unwrap();
    for id in [arn.rsplit('/').next().unwrap(), alias] {
        let answer = ask(
            &fixture,
            "generate-signature",
            &generate(id, "ec-256", &config),
        );
        let answer = answer.answer("generate-signature.response");
        assert_eq!(answer["keyId"], id);
    }
}

/// Asserts that both commands are refused for the key `id`, with this code and reason (`CODE
/// reason`) and these words.
#[track_caller]
fn refused(fixture: &Fixture, id: &str, config: &Value, why: &str, texts: &[&str]) {
    let describe = describe(id, config);
    let generate = generate(id, "rsa-2048", config);
    for (command, request) in [("describe-key", describe), ("generate-signature", generate)] {
        let (code, message, error) = ask(fixture, command, &request).error();
        let reason = error["errorMetadata"]["reason"].as_str().unwrap_or("none");
        assert_eq!(format!("{code} {reason}"), why, "{message}");
        for text in texts {
            assert!(message.contains(text), "{message}\nlacks\n{text}");
        }
    }
}

#[test]
fn a_key_that_cannot_sign_is_refused_with_what_to_do() {
    let fixture = Fixture::new();
    let (disabled, config) = key(&fixture, "rsa-2048");
    let make = |spec, usage| kms::create(&fixture.emulator, spec, usage);
    let refused = |id: &str, reason: &str, texts: &[&str]| {
        let why = format!("VALIDATION_ERROR {reason}");
        refused(&fixture, id, &config, &why, texts);
    };

    fixture.emulator.disable_kms_key(&disabled).unwrap();
    refused(
        &disabled,
        "key-disabled",
        &[
            &format!("DisabledException: {disabled} is disabled."),
            &format!("(enable the key: `aws kms enable-key --key-id {disabled}`)"),
        ],
    );
    kms::schedule_deletion(&fixture.emulator, &disabled);
    refused(
        &disabled,
        "key-state",
        &["KMSInvalidStateException", "(check the state of the key"],
    );
    let encrypting = make(KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt);
    refused(
        &encrypting,
        "key-usage",
        &[
            &format!("key `{encrypting}` is for `ENCRYPT_DECRYPT`, wanted `SIGN_VERIFY`"),
            "(a key's usage and kind cannot be changed",
        ],
    );
    let symmetric = make(KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt);
    refused(
        &symmetric,
        "key-usage",
        &["is not an asymmetric key", "(a symmetric key cannot sign"],
    );
    let other = fixture.emulator.create_kms_key("RSA_2048").unwrap();
    refused(
        &other,
        "certificate",
        &[
            &format!("is not for the key `{other}`"),
            "(the file must begin with the certificate",
        ],
    );
}

#[test]
fn each_refusal_has_its_code_and_its_advice() {
    let fixture = Fixture::new();
    let (good, config) = key(&fixture, "rsa-2048");
    let elsewhere = good.replace("111122223333", "444455556666");
    let denied = ["`kms:GetPublicKey`", "in the key's policy"];
    refused(
        &fixture,
        &elsewhere,
        &config,
        "ACCESS_DENIED denied",
        &denied,
    );
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    let advice = format!("(check that `{id}` is in region `us-east-1`");
    let missing = ["NotFoundException", &advice];
    refused(
        &fixture,
        id,
        &config,
        "VALIDATION_ERROR key-not-found",
        &missing,
    );
    // An ARN's region is the one that is asked, and it knows no such key.
    let moved = good.replace(":us-east-1:", ":eu-west-1:");
    let missing = ["does not exist", "(check the region, the account"];
    refused(
        &fixture,
        &moved,
        &config,
        "VALIDATION_ERROR key-not-found",
        &missing,
    );
    let mut region = config.clone();
    region["aws-region"] = "eu-west-1".into();
    refused(
        &fixture,
        &good,
        &region,
        "VALIDATION_ERROR region",
        &[
            "is in region `us-east-1`, but region `eu-west-1` is set explicitly",
            "(omit the region",
        ],
    );
    for (kind, code, text) in [
        (
            FaultKind::AccessDenied,
            "ACCESS_DENIED denied",
            "in the key's policy",
        ),
        (
            FaultKind::Throttle,
            "THROTTLED throttled",
            "(the account's quota",
        ),
        (
            FaultKind::ServerError { status: 500 },
            "ERROR service-failure",
            "(try again later)",
        ),
    ] {
        fixture.emulator.faults().add(Fault::new(kind));
        refused(
            &fixture,
            &good,
            &config,
            code,
            &[text, &good, "`us-east-1`"],
        );
        fixture.emulator.faults().clear();
    }
}

#[test]
fn a_denial_says_for_programs_what_was_denied() {
    let fixture = Fixture::new();
    let (arn, config) = key(&fixture, "ec-256");
    let denied = Fault::new(FaultKind::AccessDenied).on("Sign");
    fixture.emulator.faults().add(denied);
    let reply = ask(
        &fixture,
        "generate-signature",
        &generate(&arn, "ec-256", &config),
    );
    let (code, message, error) = reply.error();
    assert_eq!(code, "ACCESS_DENIED");
    assert!(
        message.starts_with(&format!(
            "AWS denied `kms:Sign` on `{arn}` in region `us-east-1`: AccessDeniedException: User: "
        )),
        "{message}"
    );
    let metadata = &error["errorMetadata"];
    assert_eq!(
        (
            &metadata["action"],
            &metadata["resource"],
            &metadata["region"]
        ),
        (&json!("kms:Sign"), &json!(arn), &json!("us-east-1"))
    );
}

#[test]
fn a_signature_that_does_not_verify_is_not_answered() {
    let fixture = Fixture::new();
    for name in ["ec-384", "rsa-2048"] {
        let (arn, config) = key(&fixture, name);
        let what = Tamper::Signature;
        let tamper = Fault::new(FaultKind::Tamper { what }).on("Sign");
        fixture.emulator.faults().add(tamper);
        ask(
            &fixture,
            "generate-signature",
            &generate(&arn, name, &config),
        )
        .assert_error(
            "ERROR",
            &format!(
                "the signature that AWS KMS made with `{arn}` is refused: it does not verify with the \
                 certificate: signature does not match the key and the signed bytes (check which service \
                 answers in place of AWS KMS)"
            ),
        );
        fixture.emulator.faults().clear();
    }
}

#[test]
fn a_service_that_is_too_slow_is_a_timeout() {
    let fixture = Fixture::new();
    let (arn, config) = key(&fixture, "ec-256");
    let server = crate::support::hostile::Hostile::start(|_| {
        crate::support::hostile::Reply::status(503)
            .body(r#"{"__type": "DependencyTimeoutException", "message": "too slow"}"#)
    });
    let mut config = config;
    config["aws-kms-endpoint-url"] = format!("http://{}", server.host()).into();
    ask(&fixture, "describe-key", &describe(&arn, &config)).assert_error(
        "TIMEOUT",
        &format!("AWS did not answer in time to `kms:GetPublicKey` on `{arn}`"),
    );
}

#[test]
fn a_request_that_does_not_fit_is_refused_before_anybody_is_asked() {
    let fixture = Fixture::new();
    let (arn, config) = key(&fixture, "ec-256");
    fixture.emulator.clear_calls();
    let chain = config["certificate_chain"].clone();
    let good = generate(&arn, "ec-256", &config);
    let with = |changes: Value| {
        let mut request = good.clone();
        for (name, value) in changes.as_object().unwrap() {
            request[name] = value.clone();
        }
        ask(&fixture, "generate-signature", &request)
    };
    with(json!({ "keyId": "release key" })).assert_error(
        "VALIDATION_ERROR",
        "the key is not one of AWS KMS: `release key` does not name a key of AWS KMS (give the \
         ARN of a key or of an alias, a key's identifier, or `alias/NAME`)",
    );
    with(json!({ "keySpec": "EC-384" })).assert_error(
        "VALIDATION_ERROR",
        "`keySpec` is `EC-384`, but the certificate's key needs `EC-256`",
    );
    with(json!({ "hashAlgorithm": "SHA-384" })).assert_error(
        "VALIDATION_ERROR",
        "`hashAlgorithm` is `SHA-384`, but the certificate's key needs `SHA-256`",
    );
    with(json!({ "pluginConfig": {} })).assert_error(
        "VALIDATION_ERROR",
        "the plugin's settings cannot be used: setting `certificate_chain` is missing (give \
         `--plugin-config certificate_chain=FILE`",
    );
    for (name, meant) in [
        ("certificateChain", "did you mean `certificate_chain`? "),
        ("aws_region", "did you mean `aws-region`? "),
        ("aws-signer-endpoint-url", ""),
    ] {
        with(json!({ "pluginConfig": { "certificate_chain": chain, (name): "x" } })).assert_error(
            "VALIDATION_ERROR",
            &format!(
                "the plugin's settings cannot be used: setting `{name}` is not known ({meant}the \
                 settings are `certificate_chain`, `aws-profile`, `aws-region`, \
                 `aws-kms-endpoint-url`)"
            ),
        );
    }
    with(json!({ "pluginConfig": { "certificate_chain": "/nowhere.crt" } })).assert_error(
        "VALIDATION_ERROR",
        "the certificate chain in `/nowhere.crt` cannot be used: it cannot be read",
    );
    for (changes, reason) in [
        (json!({ "keyId": "release key" }), "key-id"),
        (json!({ "keySpec": "EC-384" }), "request"),
        (json!({ "contractVersion": "2.0" }), "request"),
        (json!({ "pluginConfig": {} }), "settings"),
        (
            json!({ "pluginConfig": { "certificate_chain": chain, "aws-region": "x y" } }),
            "region",
        ),
        (
            json!({ "pluginConfig": { "certificate_chain": "/nowhere.crt" } }),
            "certificate",
        ),
    ] {
        let (_, message, error) = with(changes).error();
        assert_eq!(error["errorMetadata"]["reason"], reason, "{message}");
    }
    assert_eq!(fixture.operations(), [""; 0]);
}

#[test]
fn the_page_about_kms_names_every_reason_of_the_schema() {
    let schema = schema("error");
    let reasons = &schema["properties"]["errorMetadata"]["properties"]["reason"]["enum"];
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/kms.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, table) = page.split_once("| `errorCode` | `reason` |").unwrap();
    for reason in reasons.as_array().unwrap() {
        let reason = reason.as_str().unwrap();
        assert!(table.contains(&format!("`{reason}`")), "{reason}");
    }
}

#[test]
fn whole_envelopes_and_verification_are_notations() {
    for (command, request) in [
        ("generate-envelope", envelope_request("alias/release")),
        (
            "verify-signature",
            json!({
                "contractVersion": "1.0",
                "signature": {
                    "criticalAttributes": { "contentType": "x", "signingScheme": "x" },
                    "certificateChain": [],
                },
                "trustPolicy": { "signatureVerification": [TRUSTED_IDENTITY] },
            }),
        ),
    ] {
        let mut program = Command::new(&AWS_KMS.1);
        program.arg(command);
        run_command(program, request.to_string().as_bytes(), &[]).assert_error(
            "VALIDATION_ERROR",
            &format!(
                "AWS KMS makes raw signatures and nothing else, so `{command}` is not supported"
            ),
        );
    }
}

#[test]
fn a_plugin_that_this_program_is_not_answers_with_the_contracts_error() {
    let (_folder, other) = install("notation-aws-kmz");
    for command in ["get-plugin-metadata", "describe-key", "verify-signature"] {
        let mut program = Command::new(&other);
        program.arg(command);
        run_command(program, b"{}", &[]).assert_error(
            "ERROR",
            "this program does not implement plugin `aws-kmz` (name the executable \
             `notation-com.amazonaws.signer.notation.plugin` or `notation-aws-kms`)",
        );
    }
    // People get the command line.
    let mut program = Command::new(&other);
    program.arg("--version");
    let reply = run_command(program, b"", &[]);
    assert_eq!((reply.status, reply.stderr.as_str()), (Some(0), ""));
}
