//! Signing with a key of AWS KMS and a certificate of one's own.

mod answers;
mod certificates;
mod flags;

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use countersign::notary::EnvelopeFormat;
use countersign_emulator::{Fault, FaultKind, Tamper};
use serde_json::json;

use super::local_key::envelope;
use super::{assert_signed, writes};
use crate::support::kms::{self, KINDS};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// The key `name` in KMS; its certificates are in `NAME.crt`.
fn key(scene: &Scene, name: &str) -> String {
    kms::write_chain(scene.sandbox.home(), name);
    kms::import(&scene.emulator, name)
}

/// Signs the image with `key` and the certificates in `file`.
fn sign(scene: &Scene, key: &str, file: &str, more: &[&str]) -> Ran {
    let fixed = ["sign", "--kms-key", key, "--certificate-chain", file];
    scene.run(&[&fixed, more, &[&scene.image]].concat())
}

/// Verifies the image against a policy that trusts the last certificate of `file`.
fn verify(scene: &Scene, file: &str) -> Ran {
    let chain = std::fs::read_to_string(scene.sandbox.home().join(file)).unwrap();
    let root = chain.rfind("-----BEGIN").unwrap();
    scene
        .sandbox
        .write_config("truststore/x509/ca/own/root.crt", &chain[root..]);
    let policy = format!(
        r#"{{ "version": "1.0", "trustPolicies": [ {{
            "name": "images", "registryScopes": [ "{}" ],
            "signatureVerification": {{ "level": "strict" }},
            "trustStores": [ "ca:own" ],
            "trustedIdentities": [ "x509.subject: C=US, ST=WA, O=Notary" ]
        }} ] }}"#,
        scene.repository
    );
    scene.sandbox.write_config("trustpolicy.oci.json", policy);
    scene.run(&["verify", &scene.image])
}

/// The calls of KMS since the last time.
fn calls(scene: &Scene) -> Vec<String> {
    let mut operations = scene.operations();
    operations.retain(|name| ["GetPublicKey", "Sign"].contains(&name.as_str()));
    operations
}

/// Signs, which must fail with `code` and store nothing, and begin like every failure of a signer.
#[track_caller]
fn refused(scene: &Scene, key: &str, file: &str, code: i32) -> Ran {
    scene.emulator.clear_calls();
    let ran = sign(scene, key, file, &[]);
    ran.assert_refused(code, &format!("Error: failed to sign `{}`", scene.image));
    assert_stored_nothing(scene);
    ran
}

#[track_caller]
fn assert_stored_nothing(scene: &Scene) {
    let stored = scene.client().referrers(scene.digest());
    assert_eq!(stored["manifests"], json!([]));
}

/// Asserts that one line says what AWS said, but for its name for the request.
#[track_caller]
fn assert_aws_said(ran: &Ran, words: &str) {
    ran.assert_says(&format!("\ncaused by: AWS {words} (request `"));
}

#[test]
fn every_kind_of_key_signs_both_formats() {
    for (name, _) in KINDS {
        for (flag, format) in [("jws", EnvelopeFormat::Jws), ("cose", EnvelopeFormat::Cose)] {
            let scene = Scene::new();
            let arn = key(&scene, name);
            let file = format!("{name}.crt");
            let more = ["--signature-format", flag, "--expiry", "24h"];
            let ran = sign(&scene, &arn, &file, &more);
            let digest = assert_signed(&ran, &scene.image, "");
            assert_eq!(calls(&scene), ["GetPublicKey", "Sign"], "{name}");
            let found = envelope(&scene, &digest, format);
            let info = found.signer_info();
            assert_eq!(info.certificate_chain.len(), 3);
            let attributes = &info.signed_attributes;
            assert_eq!(
                attributes.expiry.unwrap() - attributes.signing_time,
                time::Duration::DAY
            );
            let ran = verify(&scene, &file);
            assert_eq!(ran.code, 0, "{name}: {ran:#?}");
        }
    }
}

#[test]
fn several_images_ask_for_the_public_key_once() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-384");
    let other = scene.emulator.push_test_image("app", "v2").unwrap();
    let other = format!("{}@{other}", scene.repository);
    let ran = sign(&scene, &arn, "ec-384.crt", &[&other]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    ran.assert_says("Summary: signed 2, skipped 0, failed 0, not tried 0\n");
    assert_eq!(calls(&scene), ["GetPublicKey", "Sign", "Sign"]);
}

#[test]
fn what_the_key_has_signed_already_is_not_signed_again() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    assert_signed(&sign(&scene, &arn, "ec-256.crt", &[]), &scene.image, "");
    calls(&scene);
    let ran = sign(&scene, &arn, "ec-256.crt", &["--if-missing"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(calls(&scene), [""; 0]);
    let other = key(&scene, "ec-384");
    let ran = sign(&scene, &other, "ec-384.crt", &["--if-missing"]);
    assert_signed(&ran, &scene.image, "");
}

#[test]
fn a_file_is_signed_once_the_key_is_known_to_fit() {
    let scene = Scene::new();
    let arn = key(&scene, "rsa-3072");
    std::fs::write(scene.sandbox.home().join("app.tar"), "content").unwrap();
    let sign = |key: &str| {
        let signer = ["--kms-key", key, "--certificate-chain", "rsa-3072.crt"];
        scene.run(&[&["blob", "sign", "--force"], &signer[..], &["app.tar"]].concat())
    };
    let ran = sign(&arn);
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(scene.sandbox.home().join("app.tar.jws.sig").exists());
    assert_eq!(calls(&scene), ["GetPublicKey", "Sign"]);
    let other = scene.emulator.create_kms_key("RSA_3072").unwrap();
    let ran = sign(&other);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says(&format!("is not for the key `{other}`"));
    assert_eq!(calls(&scene), ["GetPublicKey"]);
}

#[test]
fn a_key_has_four_names_and_three_ways_to_say_them() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    scene
        .emulator
        .create_kms_alias("alias/release", &arn)
        .unwrap();
    let id = arn.rsplit('/').next().unwrap().to_owned();
    let alias_arn = arn.replace(&format!("key/{id}"), "alias/release");
    for name in [arn.as_str(), &id, "alias/release", &alias_arn] {
        assert_signed(&sign(&scene, name, "ec-256.crt", &[]), &scene.image, "");
        let by_plugin = [
            "sign",
            "--plugin",
            "aws-kms",
            "--id",
            name,
            "--plugin-config",
            "certificate_chain=ec-256.crt",
            &scene.image,
        ];
        assert_signed(&scene.run(&by_plugin), &scene.image, "");
        assert_eq!(calls(&scene), ["GetPublicKey", "Sign"].repeat(2), "{name}");
    }
    scene.sandbox.write_config(
        "signingkeys.json",
        json!({ "default": "release", "keys": [ {
            "name": "release", "id": alias_arn, "pluginName": "aws-kms",
            "pluginConfig": { "certificate_chain": "ec-256.crt", "aws-region": "eu-west-1" },
        } ] })
        .to_string(),
    );
    // The settings of the command line win over those of the key.
    let region = ["--plugin-config", "aws-region=us-east-1"];
    let ran = scene.run(&[&["sign"], &region[..], &[&scene.image]].concat());
    assert_signed(&ran, &scene.image, "");
    let ran = scene.run(&["sign", &scene.image]);
    ran.assert_says("is in region `us-east-1`, but region `eu-west-1` is set explicitly");
}

#[test]
fn a_name_without_a_region_is_looked_for_where_the_environment_says() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    let id = arn.rsplit('/').next().unwrap().to_owned();
    let regions = ["AWS_REGION", "AWS_DEFAULT_REGION"];
    let scene = scene.without_variables(&regions);
    // The ARN needs no other region.
    assert_signed(&sign(&scene, &arn, "ec-256.crt", &[]), &scene.image, "");
    let region = ["--plugin-config", "aws-region=us-east-1"];
    let ran = sign(&scene, &id, "ec-256.crt", &region);
    assert_signed(&ran, &scene.image, "");
    calls(&scene);
    let ran = sign(&scene, &id, "ec-256.crt", &[]);
    ran.assert_refused(1, &format!("Error: failed to sign `{}`", scene.image));
    ran.assert_says(&format!(
        "caused by: the region of the key `{id}` is not known\nhint: name the key by its ARN, or set \
         `AWS_REGION` or `--plugin-config aws-region=REGION`"
    ));
    assert_eq!(calls(&scene), [""; 0]);

    // A variable that is empty is not set: in the second place, in the files, and nowhere.
    let scene = scene.with_variable("AWS_REGION", "");
    let nowhere = sign(&scene, &id, "ec-256.crt", &[]);
    nowhere.assert_says(&format!(
        "caused by: the region of the key `{id}` is not known\nhint: "
    ));
    let files = scene.sandbox.home().join("aws-config");
    std::fs::write(&files, "[default]\nregion = us-east-1\n").unwrap();
    let scene = scene.with_variable("AWS_CONFIG_FILE", files.to_str().unwrap());
    let ran = sign(&scene, &id, "ec-256.crt", &[]);
    assert_signed(&ran, &scene.image, "");
    std::fs::write(&files, "").unwrap();
    let scene = scene.with_variable("AWS_DEFAULT_REGION", "us-east-1");
    let ran = sign(&scene, &id, "ec-256.crt", &[]);
    assert_signed(&ran, &scene.image, "");
    calls(&scene);

    let scene = scene.with_variable("AWS_REGION", "eu-west-1");
    let ran = refused_in(&scene, &id);
    assert_aws_said(
        &ran,
        &format!(
            "found no such resource for `kms:GetPublicKey` on `{id}` in region `eu-west-1`: \
             NotFoundException: Key 'arn:aws:kms:eu-west-1:111122223333:key/{id}' does not exist"
        ),
    );
    ran.assert_says(&format!(
        "hint: check that `{id}` is in region `eu-west-1`, an alias is written `alias/NAME`"
    ));
}

fn refused_in(scene: &Scene, id: &str) -> Ran {
    sign(scene, id, "ec-256.crt", &["--signature-format", "jws"])
}

#[test]
fn a_region_that_is_not_the_keys_is_refused_before_kms_is_asked() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    let with = |region: &str| {
        let setting = format!("aws-region={region}");
        sign(&scene, &arn, "ec-256.crt", &["--plugin-config", &setting])
    };
    let ran = with("eu-west-1");
    ran.assert_refused(1, &format!("Error: failed to sign `{}`", scene.image));
    ran.assert_says(&format!(
        "caused by: key `{arn}` is in region `us-east-1`, but region `eu-west-1` is set explicitly\nhint: \
         omit the region, or name the key by its ARN in that region"
    ));
    let ran = with("us-gov-west-1");
    ran.assert_says("which is set explicitly, is of `aws-us-gov`");
    assert_eq!(calls(&scene), [""; 0]);
    assert_stored_nothing(&scene);
}

#[test]
fn a_key_that_cannot_sign_is_said_not_to() {
    let scene = Scene::new();
    key(&scene, "rsa-2048");
    let make = |spec, usage| kms::create(&scene.emulator, spec, usage);
    let encrypting = make(KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt);
    let ran = refused(&scene, &encrypting, "rsa-2048.crt", 1);
    ran.assert_says(&format!(
        "caused by: key `{encrypting}` is for `ENCRYPT_DECRYPT`, wanted `SIGN_VERIFY`\n\
         hint: a key's usage and kind cannot be changed"
    ));
    let koblitz = make(KeySpec::EccSecgP256K1, KeyUsageType::SignVerify);
    let ran = refused(&scene, &koblitz, "rsa-2048.crt", 1);
    ran.assert_says(&format!(
        "caused by: key `{koblitz}` is `ECC_SECG_P256K1`, wanted RSA of 2048, 3072 or 4096 bits"
    ));
    let symmetric = make(KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt);
    let ran = refused(&scene, &symmetric, "rsa-2048.crt", 1);
    assert_aws_said(
        &ran,
        &format!(
            "refused as invalid `kms:GetPublicKey` on `{symmetric}` in region `us-east-1`: \
             UnsupportedOperationException: {symmetric} is not an asymmetric key."
        ),
    );
    ran.assert_says("hint: a symmetric key cannot sign: create an asymmetric one");

    let disabled = key(&scene, "rsa-2048");
    scene.emulator.disable_kms_key(&disabled).unwrap();
    let ran = refused(&scene, &disabled, "rsa-2048.crt", 1);
    assert_aws_said(
        &ran,
        &format!(
            "refused as invalid `kms:GetPublicKey` on `{disabled}` in region `us-east-1`: \
             DisabledException: {disabled} is disabled."
        ),
    );
    ran.assert_says(&format!(
        "hint: enable the key: `aws kms enable-key --key-id {disabled}`"
    ));
    kms::schedule_deletion(&scene.emulator, &disabled);
    let ran = refused(&scene, &disabled, "rsa-2048.crt", 1);
    ran.assert_says("KMSInvalidStateException");
    ran.assert_says("hint: check the state of the key");
    assert_eq!(writes(&scene), [""; 0]);
}

#[test]
fn a_denial_names_the_action_the_key_and_the_region() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    for (action, operation) in [("kms:GetPublicKey", "GetPublicKey"), ("kms:Sign", "Sign")] {
        let denied = Fault::new(FaultKind::AccessDenied).on(operation);
        scene.emulator.faults().add(denied);
        let ran = refused(&scene, &arn, "ec-256.crt", 3);
        scene.emulator.faults().clear();
        ran.assert_says(&format!(
            "caused by: AWS denied `{action}` on `{arn}` in region `us-east-1`: \
             AccessDeniedException: User: arn:aws:iam::111122223333:user/emulator is not \
             authorized to perform: {action}"
        ));
        ran.assert_says(&format!(
            "hint: allow `arn:aws:iam::111122223333:user/emulator` `kms:GetPublicKey` and \
             `kms:Sign` on `{arn}` in the key's policy"
        ));
    }
}

#[test]
fn throttling_is_waited_out_and_then_said() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    let throttle = || Fault::new(FaultKind::Throttle).on("Sign");
    scene.emulator.faults().add(throttle().times(2));
    assert_signed(&sign(&scene, &arn, "ec-256.crt", &[]), &scene.image, "");
    assert_eq!(calls(&scene), ["GetPublicKey", "Sign", "Sign", "Sign"]);

    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    scene.emulator.faults().add(throttle());
    let ran = refused(&scene, &arn, "ec-256.crt", 3);
    ran.assert_says("caused by: AWS throttled `kms:Sign` on");
    ran.assert_says("hint: the account's quota for this action is used up; try again later");
    assert_eq!(calls(&scene), ["GetPublicKey", "Sign", "Sign", "Sign"]);
}

#[test]
fn a_signature_that_does_not_verify_is_not_stored() {
    for name in ["ec-256", "rsa-2048"] {
        let scene = Scene::new();
        let arn = key(&scene, name);
        let what = Tamper::Signature;
        let tamper = Fault::new(FaultKind::Tamper { what }).on("Sign");
        scene.emulator.faults().add(tamper);
        let ran = refused(&scene, &arn, &format!("{name}.crt"), 1);
        ran.assert_says(&format!(
            "caused by: the signature that AWS KMS made with `{arn}` is refused\n\
             caused by: it does not verify with the certificate"
        ));
    }
}

#[test]
fn the_endpoint_of_kms_alone_can_be_another() {
    let scene = Scene::new();
    let arn = key(&scene, "ec-256");
    let endpoint = scene.emulator.endpoint();
    let scene = scene.with_variable("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let setting = format!("aws-kms-endpoint-url={endpoint}");
    let ran = sign(&scene, &arn, "ec-256.crt", &["--plugin-config", &setting]);
    assert_signed(&ran, &scene.image, "");
    let scene = scene.with_variable("AWS_ENDPOINT_URL_KMS", endpoint);
    assert_signed(&sign(&scene, &arn, "ec-256.crt", &[]), &scene.image, "");
}
