//! AWS KMS: keys of every spec, what they sign, their names and states, and how AWS KMS refuses.

use aws_lc_rs::{
    digest::{SHA256, SHA384, SHA512, digest},
    signature::{self, ParsedPublicKey, VerificationAlgorithm},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use countersign_emulator::{AccessKey, Emulator, Fault, FaultKind, Tamper};
use serde_json::{Value, json};

use crate::support::*;

const MESSAGE: &[u8] = b"what is signed";

/// A client of AWS KMS.
#[derive(Clone)]
struct Kms(Client);

impl Kms {
    fn of(emulator: &Emulator) -> Self {
        Self(Client {
            service: "kms",
            ..Client::of(emulator)
        })
    }

    async fn call(&self, action: &str, body: Value) -> Answer {
        let mut request = self.0.signed(
            "POST",
            "/",
            "application/x-amz-json-1.1",
            body.to_string().as_bytes(),
        );
        let target = format!("TrentService.{action}");
        request
            .headers_mut()
            .insert("x-amz-target", target.parse().unwrap());
        exchange(self.0.address, request).await.unwrap()
    }

    async fn create(&self, spec: &str, usage: &str) -> String {
        let body = json!({ "KeySpec": spec, "KeyUsage": usage });
        let answer = self.call("CreateKey", body).await.ok();
        answer["KeyMetadata"]["Arn"].as_str().unwrap().to_owned()
    }

    async fn sign(&self, key_id: &str, algorithm: &str, message: &[u8], kind: &str) -> Answer {
        let body = json!({
            "KeyId": key_id,
            "Message": STANDARD.encode(message),
            "MessageType": kind,
            "SigningAlgorithm": algorithm,
        });
        self.call("Sign", body).await
    }

    async fn public_key(&self, key_id: &str) -> Vec<u8> {
        let answer = self.call("GetPublicKey", json!({ "KeyId": key_id })).await;
        STANDARD
            .decode(answer.ok()["PublicKey"].as_str().unwrap())
            .unwrap()
    }
}

/// Code and message of a refusal, whose status is 400 as of all JSON 1.1 services.
fn refusal(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 400, "{}", answer.text());
    let body = answer.json();
    let text = |member: &str| body[member].as_str().unwrap().to_owned();
    (text("__type"), text("message"))
}

fn assert_refused(answer: &Answer, code: &str, message: &str) {
    assert_eq!(refusal(answer), (code.to_owned(), message.to_owned()));
}

fn is_good(
    algorithm: &'static dyn VerificationAlgorithm,
    public_key: &[u8],
    signature: &[u8],
) -> bool {
    ParsedPublicKey::new(algorithm, public_key)
        .unwrap()
        .verify_sig(MESSAGE, signature)
        .is_ok()
}

fn signature_of(answer: &Answer) -> Vec<u8> {
    STANDARD
        .decode(answer.ok()["Signature"].as_str().unwrap())
        .unwrap()
}

/// Every algorithm of every spec, with what verifies it.
fn algorithms(spec: &str) -> Vec<(&'static str, &'static dyn VerificationAlgorithm)> {
    match spec {
        "ECC_NIST_P256" => vec![("ECDSA_SHA_256", &signature::ECDSA_P256_SHA256_ASN1)],
        "ECC_NIST_P384" => vec![("ECDSA_SHA_384", &signature::ECDSA_P384_SHA384_ASN1)],
        "ECC_NIST_P521" => vec![("ECDSA_SHA_512", &signature::ECDSA_P521_SHA512_ASN1)],
        "ECC_SECG_P256K1" => vec![("ECDSA_SHA_256", &signature::ECDSA_P256K1_SHA256_ASN1)],
        _ => vec![
            (
                "RSASSA_PKCS1_V1_5_SHA_256",
                &signature::RSA_PKCS1_2048_8192_SHA256,
            ),
            (
                "RSASSA_PKCS1_V1_5_SHA_384",
                &signature::RSA_PKCS1_2048_8192_SHA384,
            ),
            (
                "RSASSA_PKCS1_V1_5_SHA_512",
                &signature::RSA_PKCS1_2048_8192_SHA512,
            ),
            ("RSASSA_PSS_SHA_256", &signature::RSA_PSS_2048_8192_SHA256),
            ("RSASSA_PSS_SHA_384", &signature::RSA_PSS_2048_8192_SHA384),
            ("RSASSA_PSS_SHA_512", &signature::RSA_PSS_2048_8192_SHA512),
        ],
    }
}

fn digest_of(algorithm: &str) -> Vec<u8> {
    let hash = match algorithm.rsplit('_').next().unwrap() {
        "256" => &SHA256,
        "384" => &SHA384,
        _ => &SHA512,
    };
    digest(hash, MESSAGE).as_ref().to_vec()
}

#[tokio::test]
async fn every_algorithm_of_every_spec_by_message_and_by_digest() {
    let emulator = start();
    let kms = Kms::of(&emulator);
    for spec in [
        "RSA_2048",
        "RSA_3072",
        "ECC_NIST_P256",
        "ECC_NIST_P384",
        "ECC_NIST_P521",
        "ECC_SECG_P256K1",
    ] {
        let arn = kms.create(spec, "SIGN_VERIFY").await;
        let described = kms.call("DescribeKey", json!({ "KeyId": arn })).await.ok();
        let metadata = &described["KeyMetadata"];
        let names: Vec<_> = algorithms(spec).iter().map(|(name, _)| *name).collect();
        assert_eq!(metadata["SigningAlgorithms"], json!(names));
        assert_eq!(metadata["KeySpec"], spec);
        assert_eq!(metadata["KeyState"], "Enabled");
        let public_key = kms.public_key(&arn).await;
        for (name, verifier) in algorithms(spec) {
            let by_message = kms.sign(&arn, name, MESSAGE, "RAW").await;
            assert_eq!(by_message.ok()["KeyId"], arn);
            let by_digest = kms.sign(&arn, name, &digest_of(name), "DIGEST").await;
            for answer in [by_message, by_digest] {
                let signature = signature_of(&answer);
                assert!(is_good(verifier, &public_key, &signature), "{spec} {name}");
            }
        }
    }
}

/// A key that is given needs no generating.
#[tokio::test]
async fn a_given_private_key() {
    let emulator = start();
    let kms = Kms::of(&emulator);
    let algorithm = &signature::ECDSA_P384_SHA384_ASN1_SIGNING;
    let key = signature::EcdsaKeyPair::generate(algorithm).unwrap();
    let pkcs8 = key.to_pkcs8v1().unwrap();
    let arn = emulator
        .import_kms_key("ECC_NIST_P384", pkcs8.as_ref())
        .unwrap();
    let signature = signature_of(&kms.sign(&arn, "ECDSA_SHA_384", MESSAGE, "RAW").await);
    let public_key = signature::KeyPair::public_key(&key).as_ref();
    assert!(is_good(
        &signature::ECDSA_P384_SHA384_ASN1,
        public_key,
        &signature
    ));

    let refused = emulator
        .import_kms_key("ECC_NIST_P256", pkcs8.as_ref())
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "ImportKeyMaterial was refused: The key is no PKCS #8 key of spec ECC_NIST_P256"
    );

    let body = json!({ "key_spec": "ECC_NIST_P384", "pkcs8": STANDARD.encode(pkcs8.as_ref()) });
    let answer = kms.0.send("POST", "/_emulator/kms-keys", &body).await.ok();
    let public_key = kms.public_key(answer["arn"].as_str().unwrap()).await;
    assert_eq!(public_key, kms.public_key(&arn).await);
}

#[tokio::test]
async fn a_key_by_each_of_its_names() {
    let emulator = start();
    let kms = Kms::of(&emulator);
    let arn = emulator.create_kms_key("ECC_NIST_P256").unwrap();
    emulator.create_kms_alias("alias/images", &arn).unwrap();
    let id = arn.rsplit('/').next().unwrap();
    let alias_arn = "arn:aws:kms:us-east-1:111122223333:alias/images";
    let public_key = kms.public_key(&arn).await;
    for name in [id, "alias/images", alias_arn] {
        assert_eq!(kms.public_key(name).await, public_key, "{name}");
        let answer = kms.sign(name, "ECDSA_SHA_256", MESSAGE, "RAW").await;
        assert_eq!(answer.ok()["KeyId"], arn);
    }

    let listed = kms.call("ListAliases", json!({ "KeyId": arn })).await.ok();
    assert_eq!(listed["Aliases"][0]["AliasArn"], alias_arn);
    assert_eq!(listed["Aliases"][0]["TargetKeyId"], id);
    let again = json!({ "AliasName": "alias/images", "TargetKeyId": id });
    assert_refused(
        &kms.call("CreateAlias", again).await,
        "AlreadyExistsException",
        &format!("An alias with the name {alias_arn} already exists"),
    );
    let body = json!({ "AliasName": "alias/images" });
    assert_eq!(kms.call("DeleteAlias", body).await.ok(), json!({}));
    let missing = kms
        .call("DescribeKey", json!({ "KeyId": "alias/images" }))
        .await;
    let message = format!("Alias {alias_arn} is not found.");
    assert_refused(&missing, "NotFoundException", &message);
}

#[tokio::test]
async fn aliases_page_by_page() {
    let emulator = start();
    let kms = Kms::of(&emulator);
    let arn = emulator.create_kms_key("ECC_NIST_P256").unwrap();
    for name in ["alias/a", "alias/b", "alias/c"] {
        emulator.create_kms_alias(name, &arn).unwrap();
    }
    let names = |answer: &Value| -> Vec<String> {
        let aliases = answer["Aliases"].as_array().unwrap().iter();
        aliases
            .map(|alias| alias["AliasName"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = kms.call("ListAliases", json!({ "Limit": 2 })).await.ok();
    assert_eq!(names(&first), ["alias/a", "alias/b"]);
    assert_eq!(first["Truncated"], true);
    let body = json!({ "Limit": 2, "Marker": first["NextMarker"] });
    let second = kms.call("ListAliases", body).await.ok();
    assert_eq!(names(&second), ["alias/c"]);
    assert_eq!(second["Truncated"], false);
    for (name, code) in [
        ("images", "ValidationException"),
        ("alias/aws/images", "InvalidAliasNameException"),
        ("alias/with space", "ValidationException"),
    ] {
        let body = json!({ "AliasName": name, "TargetKeyId": arn });
        let answer = kms.call("CreateAlias", body).await;
        assert_eq!(refusal(&answer).0, code, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_sign_says_why() {
    let emulator = start();
    let kms = Kms::of(&emulator);
    let arn = kms.create("ECC_NIST_P256", "SIGN_VERIFY").await;
    let sha256 = digest_of("256");

    let algorithm = kms
        .sign(&arn, "RSASSA_PSS_SHA_256", &sha256, "DIGEST")
        .await;
    assert_refused(
        &algorithm,
        "InvalidKeyUsageException",
        "Algorithm RSASSA_PSS_SHA_256 is incompatible with key spec ECC_NIST_P256.",
    );
    let length = kms
        .sign(&arn, "ECDSA_SHA_256", &digest_of("384"), "DIGEST")
        .await;
    assert_refused(
        &length,
        "ValidationException",
        "Digest is invalid length for algorithm ECDSA_SHA_256.",
    );
    let longest = kms.sign(&arn, "ECDSA_SHA_256", &[0; 4_096], "RAW").await;
    longest.ok();
    let too_long = kms.sign(&arn, "ECDSA_SHA_256", &[0; 4_097], "RAW").await;
    assert_refused(
        &too_long,
        "ValidationException",
        "1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length less than \
         or equal to 4096",
    );

    let usage = kms.create("RSA_2048", "ENCRYPT_DECRYPT").await;
    let answer = kms
        .sign(&usage, "RSASSA_PSS_SHA_256", &sha256, "DIGEST")
        .await;
    assert_refused(
        &answer,
        "InvalidKeyUsageException",
        &format!("{usage} key usage is ENCRYPT_DECRYPT which is not valid for Sign."),
    );
    let symmetric = kms.create("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT").await;
    let answer = kms
        .call("GetPublicKey", json!({ "KeyId": symmetric }))
        .await;
    assert_refused(
        &answer,
        "UnsupportedOperationException",
        &format!("{symmetric} is not an asymmetric key."),
    );
    let incompatible = json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT" });
    assert_refused(
        &kms.call("CreateKey", incompatible).await,
        "ValidationException",
        "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256",
    );
}

#[tokio::test]
async fn the_states_of_a_key() {
    let emulator = start();
    let kms = Kms::of(&emulator);
    let arn = emulator.create_kms_key("ECC_NIST_P256").unwrap();
    let key = json!({ "KeyId": arn });
    let sign = || kms.sign(&arn, "ECDSA_SHA_256", MESSAGE, "RAW");
    let state = || async {
        let described = kms.call("DescribeKey", key.clone()).await.ok();
        described["KeyMetadata"]["KeyState"].clone()
    };

    emulator.disable_kms_key(&arn).unwrap();
    assert_eq!(state().await, "Disabled");
    let disabled = format!("{arn} is disabled.");
    assert_refused(&sign().await, "DisabledException", &disabled);
    let public_key = kms.call("GetPublicKey", key.clone()).await;
    assert_refused(&public_key, "DisabledException", &disabled);
    kms.call("EnableKey", key.clone()).await.ok();
    sign().await.ok();

    let mut deletion = key.clone();
    deletion["PendingWindowInDays"] = json!(7);
    let scheduled = kms.call("ScheduleKeyDeletion", deletion).await.ok();
    assert_eq!(scheduled["KeyState"], "PendingDeletion");
    let pending = format!("{arn} is pending deletion.");
    assert_refused(&sign().await, "KMSInvalidStateException", &pending);
    let enable = kms.call("EnableKey", key.clone()).await;
    assert_refused(&enable, "KMSInvalidStateException", &pending);
    kms.call("CancelKeyDeletion", key.clone()).await.ok();
    assert_eq!(state().await, "Disabled");

    kms.call("ScheduleKeyDeletion", key.clone()).await.ok();
    emulator.set_clock_offset(time::Duration::days(31));
    let gone = kms.call("DescribeKey", key).await;
    let message = format!("Key '{arn}' does not exist");
    assert_refused(&gone, "NotFoundException", &message);
}

#[tokio::test]
async fn another_region_and_another_account() {
    let other = AccessKey::new("444455556666", "other", "AKIAOTHER", "secret");
    let emulator = Emulator::builder()
        .access_key(AccessKey::generate("111122223333", "ci"))
        .access_key(other.clone())
        .start_blocking()
        .unwrap();
    let arn = emulator.create_kms_key("ECC_NIST_P256").unwrap();
    let kms = Kms::of(&emulator);
    let elsewhere = Kms(kms.0.clone().in_region("eu-west-1"));
    let key = json!({ "KeyId": arn });
    assert_refused(
        &elsewhere.call("DescribeKey", key.clone()).await,
        "NotFoundException",
        "Invalid arn us-east-1",
    );
    let foreign = Kms(Client {
        service: "kms",
        ..Client::with_key(&emulator, &other)
    });
    assert_refused(
        &foreign.call("DescribeKey", key).await,
        "AccessDeniedException",
        "User: arn:aws:iam::444455556666:user/other is not authorized to perform: kms:DescribeKey on this resource \
         because the resource does not exist in this Region, no resource-based policies allow access, or a \
         resource-based policy explicitly denies access",
    );
    let unknown = json!({ "KeyId": "1234abcd-12ab-34cd-56ef-1234567890ab" });
    assert_refused(
        &kms.call("DescribeKey", unknown).await,
        "NotFoundException",
        "Key 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' does not exist",
    );
}

#[tokio::test]
async fn faults_have_the_words_of_kms_and_calls_are_counted() {
    let emulator = start();
    let kms = Kms::of(&emulator);
    let arn = emulator.create_kms_key("ECC_NIST_P256").unwrap();
    emulator.create_kms_alias("alias/images", &arn).unwrap();
    let sign = || kms.sign("alias/images", "ECDSA_SHA_256", MESSAGE, "RAW");
    let fault = |kind| {
        emulator.faults().add(Fault::new(kind).on("Sign").times(1));
    };

    fault(FaultKind::Throttle);
    assert_refused(
        &sign().await,
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
    );
    fault(FaultKind::AccessDenied);
    assert_refused(
        &sign().await,
        "AccessDeniedException",
        &format!(
            "User: arn:aws:iam::111122223333:user/emulator is not authorized to perform: kms:Sign on resource: {arn} \
             because no identity-based policy allows the kms:Sign action"
        ),
    );
    fault(FaultKind::ServerError { status: 500 });
    let internal = sign().await;
    assert_eq!(internal.status, 500);
    assert_eq!(internal.json()["__type"], "KMSInternalException");
    fault(FaultKind::Tamper {
        what: Tamper::Signature,
    });
    let wrong = signature_of(&sign().await);
    let good = signature_of(&sign().await);
    let public_key = kms.public_key(&arn).await;
    let algorithm = &signature::ECDSA_P256_SHA256_ASN1;
    assert!(!is_good(algorithm, &public_key, &wrong));
    assert!(is_good(algorithm, &public_key, &good));

    let wrong_secret = Kms(Client {
        secret: "wrong".to_owned(),
        ..kms.0.clone()
    });
    let answer = wrong_secret.sign(&arn, "ECDSA_SHA_256", MESSAGE, "RAW");
    assert_eq!(refusal(&answer.await).0, "InvalidSignatureException");

    let calls = emulator.calls();
    let statuses: Vec<_> = calls
        .iter()
        .filter(|call| call.operation == "Sign")
        .map(|call| call.status.unwrap())
        .collect();
    assert_eq!(statuses, [400, 400, 500, 200, 200, 400]);
}

#[tokio::test]
async fn keys_and_aliases_survive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let start = || {
        Emulator::builder()
            .data_dir(directory.path())
            .start_blocking()
            .unwrap()
    };
    let emulator = start();
    let arn = emulator.create_kms_key("ECC_NIST_P256").unwrap();
    emulator.create_kms_alias("alias/images", &arn).unwrap();
    let public_key = Kms::of(&emulator).public_key(&arn).await;
    drop(emulator);
    let emulator = start();
    let kms = Kms::of(&emulator);
    assert_eq!(kms.public_key("alias/images").await, public_key);
}
