//! `sign --plugin`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{DistinguishedName, DnType};
use serde_json::{Value, json};
use time::macros::datetime;

use super::fixtures::{Fixtures, payload};
use super::signing::{write_keys, write_list};
use super::verifying::refused;
use super::{Difference, Replay, Text, recorded};
use crate::cli::sign::plugin::{ENVELOPE, RAW, decode, now, raw, whole};
use crate::support::envelopes::{Envelope, Signer};
use crate::support::sandbox::Sandbox;
use crate::support::{layout, local_keys, script_plugin};

const OWN_WORDS: &str = "our own words for what is wrong with a plugin or its answer";

const DIFFERENCES: &[Difference] = &[
    refused(
        &[
            "ENVELOPE, TAMPER_SIGNATURE_ENVELOPE junk",
            "ENVELOPE, TAMPER_SIGNATURE_ENVELOPE {}",
            "generate-envelope signs another artifact",
            "generate-envelope drops the metadata",
            "generate-envelope with a broken signature",
        ],
        Text::Begins("Error: failed to sign with the plugin "),
        OWN_WORDS,
    ),
    refused(
        &[
            "RAW, TAMPER_SIGNATURE junk",
            "plugin config on the command line adds to that of the key",
        ],
        Text::Begins(
            "Error: failed to sign with the plugin e2e-plugin: generated signature failed verification: signature is \
             invalid. Error: crypto/ecdsa: verification error",
        ),
        "the key of this plugin is of another kind than that of the recorded one",
    ),
    refused(
        &["generate-envelope with critical attributes"],
        Text::Begins(
            "Error: failed to sign with the plugin p: the envelope that plugin `p` made is refused",
        ),
        "nobody could verify it",
    ),
    refused(
        &["generate-envelope with an expired certificate"],
        Text::Begins("Error: certificate-chain is invalid, "),
        "nobody could verify it",
    ),
    refused(
        &["RAW, TAMPER_SIGNATURE_ALGORITHM junk"],
        Text::Contains("signingAlgorithm in the answer of plugin `e2e-plugin` is `junk`"),
        "the specification wants it checked",
    ),
    Difference {
        cases: &["generate-envelope adds an attribute to the descriptor"],
        exit: Some(0),
        stdout: Text::Begins("Successfully signed "),
        stderr: Text::Nothing,
        why: "the attribute is one of the specification's, and nothing is decided by it",
    },
    refused(
        &["plugin executable is a symbolic link"],
        Text::Contains("` is a symbolic link"),
        "the specification forbids it",
    ),
    refused(
        &["plugin name with a path"],
        Text::Begins("Error: `../p` is not a plugin's name"),
        "a name leads to no other directory",
    ),
];

/// Needs a timestamping authority, or a plugin that says something about its own certificate.
const NOT_HERE: &[&str] = &[
    "timestamping with an ENVELOPE plugin",
    "timestamping with a RAW plugin",
    "ENVELOPE, expired certificate",
];

fn error(message: &str) -> Value {
    json!({ "errorCode": "ERROR", "errorMessage": message })
}

fn metadata(name: &str, capabilities: &[&str]) -> Value {
    json!({
        "name": name, "description": "d", "version": "1.0.0", "url": "u",
        "supportedContractVersions": ["1.0"], "capabilities": capabilities,
    })
}

/// The name of a recorded certificate.
fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    for (part, value) in [
        (DnType::CountryName, "US"),
        (DnType::StateOrProvinceName, "WA"),
        (DnType::LocalityName, "Seattle"),
        (DnType::OrganizationName, "Notary"),
        (DnType::CommonName, common_name),
    ] {
        name.push(part, value);
    }
    name
}

/// The plugin that is told by its settings what to do.
fn configured(command: &str, request: &Value) -> Result<Value, Value> {
    let config = |name: &str| request["pluginConfig"][name].as_str();
    let certificate = || match request["keyId"].as_str() {
        Some("signer-id") => Ok(local_keys::certificate("ec-256")),
        Some("past-id") => {
            let mut params = local_keys::params("past");
            params.distinguished_name = named("past");
            params.not_after = datetime!(2025-01-01 00:00 UTC);
            Ok(local_keys::certificate_of("ec-256", &params))
        }
        id => Err(error(&format!(
            "keyPath or certPath did't find for keyId: {}",
            id.unwrap_or_default()
        ))),
    };
    let mut answer = match command {
        "get-plugin-metadata" => {
            let mut capabilities = vec!["OTHER"];
            capabilities.extend(
                [RAW, ENVELOPE]
                    .iter()
                    .filter(|name| config(name) == Some("true")),
            );
            metadata("e2e-plugin", &capabilities)
        }
        "describe-key" => {
            certificate()?;
            json!({ "keyId": request["keyId"], "keySpec": "EC-256" })
        }
        "generate-signature" => raw(request, &certificate()?),
        _ => whole(request, &certificate()?, now(), None),
    };
    let base64 = |text: &str| json!(STANDARD.encode(text));
    for (setting, field) in [
        ("TAMPER_SIGNATURE", "signature"),
        ("TAMPER_SIGNATURE_ENVELOPE", "signatureEnvelope"),
    ] {
        if let Some(value) = config(setting)
            && answer.get(field).is_some()
        {
            answer[field] = base64(value);
        }
    }
    for (setting, field) in [
        ("TAMPER_SIGNATURE_ALGORITHM", "signingAlgorithm"),
        ("TAMPER_SIGNATURE_ENVELOPE_TYPE", "signatureEnvelopeType"),
    ] {
        if let Some(value) = config(setting)
            && answer.get(field).is_some()
        {
            answer[field] = json!(value);
        }
    }
    if command == "generate-signature" {
        if let Some(id) = config("TAMPER_KEY_ID") {
            answer["keyId"] = json!(id);
        }
        if let Some(chain) = config("TAMPER_CERTIFICATE_CHAIN") {
            answer["certificateChain"] = json!([base64(chain)]);
        }
    }
    Ok(answer)
}

/// What the plugin `p` is in a case, where it does the same whatever it is asked.
fn line(case: &str) -> Option<String> {
    let said = |answer: &Value| format!("echo '{answer}'");
    let failed = |answer: &Value| format!("echo '{answer}' >&2; exit 1");
    let but = |field: &str, value: Value| {
        let mut answer = metadata("p", &[RAW]);
        answer[field] = value;
        said(&answer)
    };
    let code =
        |code: &str, message: &str| failed(&json!({"errorCode": code, "errorMessage": message}));
    Some(match case {
        "plugin that answers garbage to get-plugin-metadata" => "echo garbage".to_owned(),
        "plugin that fails silently" => "exit 3".to_owned(),
        "plugin that fails with plain text" => "echo boom >&2; exit 1".to_owned(),
        "plugin that fails with an error object" => code("ACCESS_DENIED", "no access"),
        "plugin that fails with an unknown error code" => code("ODD", "odd"),
        "plugin that fails with an error object without a code" => {
            failed(&json!({ "errorMessage": "odd" }))
        }
        "plugin with another name in its metadata" => but("name", json!("q")),
        "plugin of contract version 2.0" => but("supportedContractVersions", json!(["2.0"])),
        "plugin with an empty name" => but("name", json!("")),
        "plugin with an empty description" => but("description", json!("")),
        "plugin with an empty version" => but("version", json!("")),
        "plugin with an empty url" => but("url", json!("")),
        "plugin without capabilities" => but("capabilities", json!([])),
        "plugin without contract versions" => but("supportedContractVersions", json!([])),
        "plugin with an unknown capability" => but("capabilities", json!(["NEW.THING"])),
        "plugin that answers nothing"
        | "plugin that is not executable"
        | "plugin without an interpreter"
        | "plugin that is not a program" => "exit 0".to_owned(),
        _ => return None,
    })
}

/// The plugin `p` in the cases that need a key.
fn by_case(case: &str, signer: &Signer, command: &str, request: &Value) -> Result<Value, Value> {
    let is_envelope = case.starts_with("generate-envelope");
    let certificate = local_keys::certificate("ec-256");
    match command {
        "get-plugin-metadata" => {
            return Ok(metadata("p", &[if is_envelope { ENVELOPE } else { RAW }]));
        }
        "describe-key" => {
            return match case {
                "describe-key fails" => Err(error("no such key")),
                "describe-key answers garbage" => Ok(json!("garbage")),
                "describe-key answers another key" => {
                    Ok(json!({ "keyId": "z", "keySpec": "EC-256" }))
                }
                "describe-key answers an unknown key spec" => {
                    Ok(json!({ "keyId": "k", "keySpec": "RSA-1024" }))
                }
                _ => Ok(json!({ "keyId": "k", "keySpec": "EC-256" })),
            };
        }
        "generate-signature" => {
            if let Some(code) = case.strip_prefix("generate-signature fails with ") {
                return Err(json!({ "errorCode": code, "errorMessage": "the reason" }));
            }
            let mut answer = raw(request, &certificate);
            answer["certificateChain"] = json!([]);
            return Ok(answer);
        }
        _ => {}
    }
    let mut sent: Value = serde_json::from_slice(&decode(&request["payload"])).unwrap();
    match case {
        "generate-envelope fails" => return Err(error("the reason")),
        "generate-envelope signs another artifact" => {
            sent = payload(&layout::image("v2"), &json!({}));
        }
        "generate-envelope adds an attribute to the descriptor" => {
            sent["targetArtifact"]["platform"] = json!("x");
        }
        "generate-envelope adds annotations" => {
            sent["targetArtifact"]["annotations"] = json!({ "x": "y" });
        }
        "generate-envelope drops the metadata" => {
            let target = sent["targetArtifact"].as_object_mut().unwrap();
            target.remove("annotations");
        }
        _ => {}
    }
    let mut envelope = Envelope::new(&sent, "p/1.0.0");
    let past = Signer::rsa_between(
        "past",
        datetime!(2024-01-01 00:00 UTC),
        datetime!(2025-01-01 00:00 UTC),
    );
    let mut signer = signer;
    match case {
        "generate-envelope with a broken signature" => envelope.spoilt = true,
        "generate-envelope with another payload type" => envelope.content_type = "text/plain",
        "generate-envelope with an expired certificate" => {
            envelope.signing_time = datetime!(2024-06-01 00:00 UTC);
            signer = &past;
        }
        "generate-envelope with critical attributes" => {
            envelope.extended = vec![("com.example.critical", json!("yes"), true)];
        }
        _ => {}
    }
    Ok(json!({
        "signatureEnvelope": STANDARD.encode(envelope.jws(signer)),
        "signatureEnvelopeType": request["signatureEnvelopeType"],
    }))
}

#[test]
fn plugins_sign_as_they_do_for_notation() {
    let fixtures = Fixtures::start();
    let mut replay = Replay::new(Sandbox::new(), &fixtures.placeholders, DIFFERENCES);
    write_keys(&replay);
    let config = replay.sandbox.config();
    write_list(&config, None, &[]);
    script_plugin::install(&replay.sandbox, "e2e-plugin", configured);
    let current = Arc::new(Mutex::new(String::new()));
    let mut is_by_case = false;
    for case in recorded("sign-plugin") {
        if NOT_HERE.contains(&case.name.as_str()) {
            replay.skip(&case);
            continue;
        }
        current.lock().unwrap().clone_from(&case.name);
        if let Some(line) = line(&case.name) {
            let program = script_plugin::install_line(&replay.sandbox, "p", &line);
            let mode =
                |mode| fs::set_permissions(&program, fs::Permissions::from_mode(mode)).unwrap();
            match case.name.as_str() {
                "plugin that is not executable" => mode(0o644),
                "plugin without an interpreter" => fs::write(&program, "#!/nowhere\n").unwrap(),
                "plugin that is not a program" => fs::write(&program, "text\n").unwrap(),
                _ => {}
            }
        } else if !is_by_case && case.name.starts_with("describe-key") {
            is_by_case = true;
            let signer = Signer::rsa("signer");
            let current = Arc::clone(&current);
            script_plugin::install(&replay.sandbox, "p", move |command, request| {
                let case = current.lock().unwrap().clone();
                by_case(&case, &signer, command, request)
            });
        }
        if case.name == "default key of a plugin" {
            let list = json!({"default": "pk", "keys": [
                {"name": "pk", "id": "signer-id", "pluginName": "e2e-plugin", "pluginConfig": {RAW: "true"}},
                {"name": "gone", "id": "x", "pluginName": "gone"},
            ]});
            fs::write(config.join("signingkeys.json"), list.to_string()).unwrap();
        }
        if case.name == "plugin executable is a symbolic link" {
            let program = config.join("plugins/e2e-plugin/notation-e2e-plugin");
            let real = program.with_file_name("real");
            fs::rename(&program, &real).unwrap();
            symlink(real, program).unwrap();
        }
        replay.run(&case);
    }
    replay.finish("sign-plugin");
}
