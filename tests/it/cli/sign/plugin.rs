//! Signing with an installed plugin: what it makes is checked whatever it says.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::notary::EnvelopeFormat;
use countersign::payload::Payload;
use countersign::signer::local_key::KeyFile;
use countersign::signer::{Signer, Terms};
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::local_key::envelope;
use super::{assert_signed, writes};
use crate::support::sandbox::{Ran, Sandbox};
use crate::support::scene::Scene;
use crate::support::{envelopes, local_keys, script_plugin};

pub(in crate::cli) const RAW: &str = "SIGNATURE_GENERATOR.RAW";
pub(in crate::cli) const ENVELOPE: &str = "SIGNATURE_GENERATOR.ENVELOPE";

fn metadata(name: &str) -> Value {
    json!({
        "name": name, "description": "d", "version": "1.2.3", "url": "u",
        "supportedContractVersions": ["1.0"], "capabilities": [],
    })
}

/// A plugin with these capabilities and the key `ec-256`, whose every answer `change` may change.
pub(in crate::cli) fn install(
    scene: &Scene,
    capabilities: &'static [&'static str],
    change: impl Fn(&str, &Value, &mut Value) + Send + 'static,
) {
    install_as(&scene.sandbox, "p", move |command, request, answer| {
        if command == "get-plugin-metadata" {
            answer["capabilities"] = json!(capabilities);
        }
        change(command, request, answer);
    });
}

/// The same under another name, and with no capabilities of its own.
pub(in crate::cli) fn install_as(
    sandbox: &Sandbox,
    name: &'static str,
    change: impl Fn(&str, &Value, &mut Value) + Send + 'static,
) {
    let certificate = local_keys::certificate("ec-256");
    script_plugin::install(sandbox, name, move |command, request| {
        let mut answer = match command {
            "get-plugin-metadata" => metadata(name),
            "describe-key" => json!({ "keyId": request["keyId"], "keySpec": "EC-256" }),
            "generate-signature" => raw(request, &certificate),
            _ => whole(request, &certificate, now(), None),
        };
        change(command, request, &mut answer);
        match answer.get("errorCode") {
            None => Ok(answer),
            Some(_) => Err(answer),
        }
    });
}

#[expect(clippy::disallowed_methods, reason = "a plugin reads the clock")]
pub(in crate::cli) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

pub(in crate::cli) fn decode(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().unwrap()).unwrap()
}

fn der_of(pem: &str) -> Vec<u8> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    STANDARD.decode(body).unwrap()
}

pub(in crate::cli) fn raw(request: &Value, certificate: &str) -> Value {
    assert_eq!(request["contractVersion"], "1.0");
    assert_eq!(request["hashAlgorithm"], "SHA-256");
    assert_eq!(request["keySpec"], "EC-256");
    let pem = std::fs::read_to_string(local_keys::path("ec-256")).unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der_of(&pem)).unwrap();
    let signature = key
        .sign(&SystemRandom::new(), &decode(&request["payload"]))
        .unwrap();
    json!({
        "keyId": request["keyId"], "signingAlgorithm": "ECDSA-SHA-256",
        "signature": STANDARD.encode(signature),
        "certificateChain": [STANDARD.encode(der_of(certificate))],
    })
}

/// An envelope over the request's payload, or over another.
pub(in crate::cli) fn whole(
    request: &Value,
    certificate: &str,
    now: OffsetDateTime,
    other: Option<&Payload>,
) -> Value {
    assert_eq!(
        request["payloadType"],
        "application/vnd.cncf.notary.payload.v1+json"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.crt");
    std::fs::write(&file, certificate).unwrap();
    let key = KeyFile::read(&local_keys::path("ec-256"), &file, now).unwrap();
    let signer = Signer::LocalKey(key.open(None).unwrap());
    let media_type = request["signatureEnvelopeType"].as_str().unwrap();
    let terms = Terms {
        format: EnvelopeFormat::from_media_type(media_type).unwrap(),
        expiry: request["expiryDurationInSeconds"]
            .as_u64()
            .map(std::time::Duration::from_secs),
        timestamping: None,
        now,
    };
    let payload = Payload::parse(&decode(&request["payload"])).unwrap();
    let made = signer
        .sign(other.unwrap_or(&payload), &terms)
        .now_or_never();
    let bytes = made.unwrap().unwrap().envelope.bytes().to_vec();
    json!({
        "signatureEnvelope": STANDARD.encode(bytes), "signatureEnvelopeType": media_type,
        "annotations": { "from": "plugin" },
    })
}

fn sign(scene: &Scene, more: &[&str]) -> Ran {
    scene.run(
        &[
            &["sign", "--plugin", "p", "--id", "k"],
            more,
            &[&scene.image],
        ]
        .concat(),
    )
}

#[test]
fn both_kinds_of_plugin_sign_in_both_formats() {
    for (capabilities, is_raw) in [
        (&[RAW][..], true),
        (&[ENVELOPE], false),
        (&[ENVELOPE, RAW, "NEW.THING"], true),
    ] {
        let scene = Scene::new();
        install(&scene, capabilities, |_, _, _| {});
        for (format, name) in [(EnvelopeFormat::Jws, "jws"), (EnvelopeFormat::Cose, "cose")] {
            let ran = sign(
                &scene,
                &["--signature-format", name, "-e", "1h", "-m", "a=b"],
            );
            let digest = assert_signed(&ran, &scene.image, "");
            let found = envelope(&scene, &digest, format).verify().unwrap();
            let info = found.signer_info();
            let attributes = &info.signed_attributes;
            assert_eq!(
                attributes.expiry.unwrap() - attributes.signing_time,
                Duration::HOUR
            );
            let payload = Payload::parse(found.payload()).unwrap();
            assert_eq!(payload.target_artifact.annotations["a"], "b");
            let manifest = scene.client().manifest(&digest);
            let ours = concat!("countersign/", env!("CARGO_PKG_VERSION"));
            let agent = info.unsigned_attributes.signing_agent.clone().unwrap();
            if is_raw {
                assert_eq!(agent, format!("{ours} p/1.2.3"));
                assert_eq!(manifest["annotations"]["from"], Value::Null);
            } else {
                assert_eq!(manifest["annotations"]["from"], "plugin");
            }
        }
    }
}

#[test]
fn a_named_keys_settings_are_completed_by_the_command_line() {
    let scene = Scene::new();
    install(&scene, &[RAW], |command, request, _| {
        let config = &request["pluginConfig"];
        // `key add` asks what the plugin is.
        let is_adding = command == "get-plugin-metadata" && config["b"] == "key";
        if !is_adding {
            assert_eq!(*config, json!({ "a": "key", "b": "line", "c": "line" }));
        }
        assert!(request.get("keyId").is_none_or(|id| id == "k"));
    });
    let config = ["--plugin-config", "a=key", "--plugin-config", "b=key"];
    let add = [
        "key",
        "add",
        "--plugin",
        "p",
        "--id",
        "k",
        "--default",
        "pk",
    ];
    assert_eq!(scene.run(&[&add[..], &config].concat()).code, 0);
    let ran = scene.run(&[
        "sign",
        "--plugin-config",
        "b=line",
        "--plugin-config",
        "c=line",
        &scene.image,
    ]);
    assert_signed(&ran, &scene.image, "");
}

/// Changes one answer of a plugin; nothing may be pushed, and the reason is one of these lines.
#[track_caller]
fn assert_refused(
    capabilities: &'static [&'static str],
    change: impl Fn(&str, &Value, &mut Value) + Send + 'static,
    code: i32,
    reason: &str,
) {
    let scene = Scene::new();
    install(&scene, capabilities, change);
    scene.emulator.clear_calls();
    let ran = sign(&scene, &["-m", "a=b"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{ran:#?}");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    let said = |line: &&str| line.contains(reason);
    assert!(lines.iter().any(said), "`{reason}` is not in {ran:#?}");
    assert_eq!(writes(&scene), [""; 0]);
}

/// Puts a field into the answer to `command`.
fn put(
    command: &'static str,
    field: &'static str,
    value: impl Into<Value>,
) -> impl Fn(&str, &Value, &mut Value) + Send + 'static {
    let value = value.into();
    move |asked, _, answer| {
        if asked == command {
            answer[field] = value.clone();
        }
    }
}

#[test]
fn a_raw_signature_that_is_not_what_was_asked_for_is_refused() {
    let begin = "Error: failed to sign with the plugin p: ";
    let generate = "generate-signature";
    assert_refused(
        &[RAW],
        put("describe-key", "keyId", "z"),
        1,
        &format!("{begin}keyId in the answer of plugin `p` is `z`, wanted `k`"),
    );
    assert_refused(
        &[RAW],
        put("describe-key", "keySpec", "RSA-1024"),
        1,
        &format!("{begin}plugin `p` says that its key is `RSA-1024`, which cannot sign"),
    );
    assert_refused(
        &[RAW],
        put("get-plugin-metadata", "capabilities", json!(["NEW.THING"])),
        1,
        &format!("{begin}plugin `p` does not have signing capabilities"),
    );
    assert_refused(
        &[RAW],
        put(generate, "keyId", "other"),
        1,
        &format!("{begin}keyId in the answer of plugin `p` is `other`, wanted `k`"),
    );
    assert_refused(
        &[RAW],
        put(generate, "signingAlgorithm", "junk"),
        1,
        &format!(
            "{begin}signingAlgorithm in the answer of plugin `p` is `junk`, wanted `ECDSA-SHA-256`"
        ),
    );
    assert_refused(
        &[RAW],
        put(generate, "signature", STANDARD.encode([7; 64])),
        1,
        "generated signature failed verification",
    );
    assert_refused(
        &[RAW],
        put(generate, "certificateChain", json!([])),
        1,
        "certificate",
    );
    assert_refused(
        &[RAW],
        put(
            generate,
            "certificateChain",
            json!([STANDARD.encode("junk")]),
        ),
        1,
        &format!("{begin}certificate 1 of plugin `p` cannot be used"),
    );
    let other = STANDARD.encode(der_of(&local_keys::certificate("ec-384")));
    assert_refused(
        &[RAW],
        put(generate, "certificateChain", json!([other])),
        1,
        "key of the first certificate in the answer of plugin `p` is `EC-384`, wanted `EC-256`",
    );
    let mut past = local_keys::params("past");
    past.not_after = time::macros::datetime!(2021-01-01 00:00 UTC);
    let past = local_keys::certificate_of("ec-256", &past);
    assert_refused(
        &[RAW],
        put(
            generate,
            "certificateChain",
            json!([STANDARD.encode(der_of(&past))]),
        ),
        1,
        &format!("{begin}certificate-chain is invalid, "),
    );
}

#[test]
fn the_plugins_own_words_are_passed_on() {
    for (code, exit) in [
        ("ERROR", 1),
        ("VALIDATION_ERROR", 1),
        ("ACCESS_DENIED", 3),
        ("THROTTLED", 3),
    ] {
        assert_refused(
            &[RAW],
            move |command, _, answer| {
                if command == "generate-signature" {
                    *answer = json!({ "errorCode": code, "errorMessage": "the reason" });
                }
            },
            exit,
            &format!(
                "Error: failed to sign with the plugin p: plugin `p` failed at \
                 `generate-signature` with {code}: the reason"
            ),
        );
    }
}

#[test]
fn an_envelope_that_is_not_what_was_asked_for_is_refused() {
    let generate = "generate-envelope";
    let refused =
        "Error: failed to sign with the plugin p: the envelope that plugin `p` made is refused";
    assert_refused(
        &[ENVELOPE],
        put(generate, "signatureEnvelopeType", "application/cose"),
        1,
        "signatureEnvelopeType in the answer of plugin `p` is `application/cose`, wanted \
         `application/jose+json`",
    );
    for junk in ["junk", "{}"] {
        assert_refused(
            &[ENVELOPE],
            put(generate, "signatureEnvelope", STANDARD.encode(junk)),
            1,
            refused,
        );
    }
    let certificate = local_keys::certificate("ec-256");
    let over_another = move |change: fn(&mut Payload)| {
        let certificate = certificate.clone();
        move |command: &str, request: &Value, answer: &mut Value| {
            if command == "generate-envelope" {
                let mut payload = Payload::parse(&decode(&request["payload"])).unwrap();
                change(&mut payload);
                *answer = whole(request, &certificate, now(), Some(&payload));
            }
        }
    };
    assert_refused(
        &[ENVELOPE],
        over_another(|payload| payload.target_artifact.size += 1),
        1,
        "caused by: its envelope is for size",
    );
    assert_refused(
        &[ENVELOPE],
        over_another(|payload| payload.target_artifact.annotations.clear()),
        1,
        "caused by: its envelope does not have the annotation `a` as it was sent",
    );
    // Notation takes an envelope whose certificate has expired.
    assert_refused(
        &[ENVELOPE],
        |command, request, answer| {
            if command == "generate-envelope" {
                let [from, then, to] = [
                    time::macros::datetime!(2020-01-01 00:00 UTC),
                    time::macros::datetime!(2020-06-01 00:00 UTC),
                    time::macros::datetime!(2021-01-01 00:00 UTC),
                ];
                let past = envelopes::Signer::rsa_between("past", from, to);
                *answer = own_envelope(request, &past, |envelope| envelope.signing_time = then);
            }
        },
        1,
        "Error: certificate-chain is invalid, ",
    );
}

/// An envelope of the payload asked for, changed by `change`.
fn own_envelope(
    request: &Value,
    signer: &envelopes::Signer,
    change: impl Fn(&mut envelopes::Envelope),
) -> Value {
    let payload = serde_json::from_slice(&decode(&request["payload"])).unwrap();
    let mut envelope = envelopes::Envelope::new(&payload, "plugin");
    envelope.signing_time = now().replace_nanosecond(0).unwrap();
    change(&mut envelope);
    json!({
        "signatureEnvelope": STANDARD.encode(envelope.jws(signer)),
        "signatureEnvelopeType": request["signatureEnvelopeType"],
    })
}

/// Answers with [`own_envelope`].
fn envelope_with(
    change: fn(&mut envelopes::Envelope),
) -> impl Fn(&str, &Value, &mut Value) + Send + 'static {
    move |command, request, answer| {
        if command == "generate-envelope" {
            *answer = own_envelope(request, &envelopes::Signer::ec("plugin"), change);
        }
    }
}

#[test]
fn an_envelope_that_verify_would_refuse_is_refused() {
    let refuse = |change, cause| assert_refused(&[ENVELOPE], envelope_with(change), 1, cause);
    refuse(
        |envelope| envelope.extended = vec![("foo", json!(1), true)],
        "caused by: `verify` would refuse its envelope",
    );
    refuse(
        |envelope| envelope.extended = vec![("foo", json!(1), true)],
        "`foo`",
    );
    refuse(
        |envelope| {
            envelope.signing_time -= Duration::HOUR;
            envelope.expiry = Some(envelope.signing_time + Duration::MINUTE);
        },
        "caused by: digital signature has expired on ",
    );
    refuse(
        |envelope| {
            let version = "io.cncf.notary.verificationPluginMinVersion";
            envelope.extended = vec![(version, json!("1.0.0"), true)];
        },
        "`io.cncf.notary.verificationPluginMinVersion`",
    );
    refuse(
        |envelope| {
            envelope.scheme = Some("notary.x509.signingAuthority");
            envelope.signing_time += Duration::minutes(10);
        },
        "caused by: `verify` would refuse its envelope",
    );

    // What the plugin that it names processes is not known here, and what is not critical may be
    // ignored.
    let good: [fn(&mut envelopes::Envelope); 3] = [
        |envelope| {
            let plugin = "io.cncf.notary.verificationPlugin";
            envelope.extended = vec![(plugin, json!("other"), true), ("foo", json!(1), true)];
        },
        |envelope| envelope.extended = vec![("foo", json!(1), false)],
        |envelope| envelope.expiry = Some(envelope.signing_time + Duration::HOUR),
    ];
    for change in good {
        let scene = Scene::new();
        install(&scene, &[ENVELOPE], envelope_with(change));
        assert_signed(&sign(&scene, &[]), &scene.image, "");
    }
}

#[test]
fn what_a_whole_envelope_cannot_have_is_not_silently_left_out() {
    let scene = Scene::new();
    install(&scene, &[ENVELOPE], |_, _, _| {});
    let root = scene.sandbox.home().join("tsa.crt");
    let tsa = crate::support::pki::Entity::root(crate::support::pki::authority("TSA"));
    std::fs::write(&root, tsa.certificate.der()).unwrap();
    let arguments = [
        "--timestamp-url",
        "http://localhost:1/",
        "--timestamp-root-cert",
    ];
    let ran = sign(
        &scene,
        &[&arguments[..], &[root.to_str().unwrap()]].concat(),
    );
    ran.assert_refused(
        1,
        "Error: failed to sign with the plugin p: plugin `p` makes whole envelopes, to which no \
         timestamp can be added",
    );

    // A plugin that does not know of expiry.
    let scene = Scene::new();
    let certificate = local_keys::certificate("ec-256");
    install(&scene, &[ENVELOPE], move |command, request, answer| {
        if command == "generate-envelope" {
            assert_eq!(request["expiryDurationInSeconds"], 3_600);
            let mut request = request.clone();
            request
                .as_object_mut()
                .unwrap()
                .remove("expiryDurationInSeconds");
            *answer = whole(&request, &certificate, now(), None);
        }
    });
    let ran = sign(&scene, &["-e", "1h"]);
    ran.assert_refused(
        1,
        "Error: failed to sign with the plugin p: the envelope that plugin `p` made expires \
         never, and after 3600 seconds was asked for",
    );
}
