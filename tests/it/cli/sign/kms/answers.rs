//! What AWS KMS is sent, and what becomes of answers that it should not give.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{PublicKeyData as _, SigningKey as _};
use serde_json::{Value, json};

use super::{assert_stored_nothing, sign};
use crate::support::hostile::{Hostile, Reply};
use crate::support::kms;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// What KMS answers about the key `ec-256`.
fn public_key() -> Value {
    json!({
        "KeyId": ARN,
        "KeySpec": "ECC_NIST_P256",
        "KeyUsage": "SIGN_VERIFY",
        "PublicKey": STANDARD.encode(kms::key_pair("ec-256").subject_public_key_info()),
        "SigningAlgorithms": ["ECDSA_SHA_256"],
    })
}

fn signature(signature: &[u8]) -> Value {
    json!({
        "KeyId": ARN,
        "Signature": STANDARD.encode(signature),
        "SigningAlgorithm": "ECDSA_SHA_256",
    })
}

/// Signs with a KMS that answers so, by the name of the operation and the request.
fn with(
    scene: &Scene,
    id: &str,
    answer: impl Fn(&str, &Value) -> Reply + Send + Sync + 'static,
) -> Ran {
    kms::write_chain(scene.sandbox.home(), "ec-256");
    let server = Hostile::start(move |seen| {
        let operation = seen.header("x-amz-target").unwrap();
        let operation = operation.strip_prefix("TrentService.").unwrap();
        answer(operation, &serde_json::from_slice(&seen.body).unwrap())
    });
    let setting = format!("aws-kms-endpoint-url=http://{}", server.host());
    sign(scene, id, "ec-256.crt", &["--plugin-config", &setting])
}

fn reply(answer: &Value) -> Reply {
    Reply::ok("application/x-amz-json-1.1", answer.to_string())
}

#[test]
fn only_the_digest_is_sent() {
    let scene = Scene::new();
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let ran = with(&scene, "alias/release", move |operation, request| {
        seen.lock()
            .unwrap()
            .push((operation.to_owned(), request.clone()));
        reply(&public_key())
    });
    ran.assert_says("caused by: AWS gave no usable answer to `kms:Sign`");
    assert_stored_nothing(&scene);
    let sent = sent.lock().unwrap();
    let [(first, asked), (second, signed)] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!((first.as_str(), second.as_str()), ("GetPublicKey", "Sign"));
    // By the name that was given: policies may ask for it.
    assert_eq!(asked, &json!({ "KeyId": "alias/release" }));
    // That it is the digest of what the envelope says, every verified signature shows.
    let digest = STANDARD.decode(signed["Message"].as_str().unwrap());
    assert_eq!(digest.unwrap().len(), 32);
    assert_eq!(
        signed,
        &json!({
            "KeyId": "alias/release",
            "Message": signed["Message"],
            "MessageType": "DIGEST",
            "SigningAlgorithm": "ECDSA_SHA_256",
        })
    );
}

#[test]
fn an_answer_about_another_key_is_refused() {
    let scene = Scene::new();
    let other = ARN.replace("1234abcd", "4321abcd");
    let about = other.clone();
    let ran = with(&scene, ARN, move |_, _| {
        let mut answer = public_key();
        answer["KeyId"] = about.clone().into();
        reply(&answer)
    });
    ran.assert_refused(3, &format!("Error: failed to sign `{}`", scene.image));
    ran.assert_says(&format!(
        "caused by: AWS gave no usable answer to `kms:GetPublicKey` on `{ARN}` in region \
         `us-east-1`: it is about the key `{other}`"
    ));

    // An alias that is pointed at another key between the two questions.
    let by = other.clone();
    let ran = with(&scene, "alias/release", move |operation, _| {
        let mut answer = if operation == "Sign" {
            signature(&[0x30, 6, 2, 1, 1, 2, 1, 1])
        } else {
            public_key()
        };
        if operation == "Sign" {
            answer["KeyId"] = by.clone().into();
        }
        reply(&answer)
    });
    ran.assert_says(&format!(
        "it signed with `{other}`, which is not the key that was checked"
    ));
    let ran = with(&scene, ARN, move |operation, _| {
        let mut answer = public_key();
        if operation == "Sign" {
            answer = signature(&[0x30, 6, 2, 1, 1, 2, 1, 1]);
            answer["SigningAlgorithm"] = "ECDSA_SHA_384".into();
        }
        reply(&answer)
    });
    ran.assert_says("it signed with the algorithm `ECDSA_SHA_384`, not with `ECDSA_SHA_256`");
    assert_stored_nothing(&scene);
}

#[test]
fn a_signature_has_one_form() {
    let scene = Scene::new();
    for (bytes, reason) in [
        (vec![], "it is not an ECDSA signature in DER"),
        (
            vec![0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0],
            "it is not an ECDSA signature in DER",
        ),
        // The fixed width that others would want.
        (vec![1; 64], "it is not an ECDSA signature in DER"),
        (
            vec![0x30, 6, 2, 1, 0, 2, 1, 1],
            "a number of the ECDSA signature is 0",
        ),
        (
            [&[0x30, 38, 2, 33][..], &[1; 33], &[2, 1, 1]].concat(),
            "a number of the ECDSA signature has 33 bytes, and the curve's have 32",
        ),
        (
            vec![0x30, 6, 2, 1, 1, 2, 1, 1],
            "it does not verify with the certificate",
        ),
    ] {
        let ran = with(&scene, ARN, move |operation, _| {
            reply(&match operation {
                "Sign" => signature(&bytes),
                _ => public_key(),
            })
        });
        ran.assert_refused(1, &format!("Error: failed to sign `{}`", scene.image));
        ran.assert_says(&format!(
            "caused by: the signature that AWS KMS made with `{ARN}` is refused\ncaused by: {reason}"
        ));
    }
    assert_stored_nothing(&scene);
}

#[test]
fn a_good_signature_over_something_else_is_refused() {
    let scene = Scene::new();
    let ran = with(&scene, ARN, |operation, request| {
        reply(&if operation == "Sign" {
            let digest = STANDARD.decode(request["Message"].as_str().unwrap());
            // The digest signed as if it were the message.
            signature(&kms::key_pair("ec-256").sign(&digest.unwrap()).unwrap())
        } else {
            public_key()
        })
    });
    ran.assert_says("caused by: it does not verify with the certificate");
    assert_stored_nothing(&scene);
}

#[test]
fn a_service_without_an_answer_is_no_signature() {
    let scene = Scene::new();
    let ran = with(&scene, ARN, |operation, _| match operation {
        "Sign" => Reply::status(503).body(
            json!({
                "__type": "DependencyTimeoutException",
                "message": "The system timed out while trying to fulfill the request.",
            })
            .to_string(),
        ),
        _ => reply(&public_key()),
    });
    ran.assert_refused(3, &format!("Error: failed to sign `{}`", scene.image));
    ran.assert_says(&format!(
        "caused by: AWS did not answer in time to `kms:Sign` on `{ARN}` in region `us-east-1`: \
         DependencyTimeoutException: The system timed out"
    ));
    let ran = with(&scene, ARN, |_, _| Reply::closed());
    ran.assert_says("caused by: AWS could not be reached for `kms:GetPublicKey`");
    ran.assert_says("that there is an endpoint for `kms`");
    assert_stored_nothing(&scene);
}
