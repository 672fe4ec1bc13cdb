//! `countersign cert generate-test --kms-key`: a certificate for a key that never leaves AWS KMS.

use std::os::unix::fs::PermissionsExt as _;

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use countersign_emulator::{Fault, FaultKind, Tamper};
use serde_json::{Value, json};

use crate::support::kms::{self, KINDS};
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

fn generate(scene: &Scene, key: &str, more: &[&str]) -> Ran {
    scene.run(&[&["cert", "generate-test", "--kms-key", key], more].concat())
}

fn calls(scene: &Scene) -> Vec<String> {
    let mut operations = scene.operations();
    operations.retain(|name| ["GetPublicKey", "Sign"].contains(&name.as_str()));
    operations
}

#[test]
fn every_kind_of_key_gets_a_certificate_that_signs_and_verifies() {
    for (name, _) in KINDS {
        let scene = Scene::new();
        let arn = kms::import(&scene.emulator, name);
        let ran = generate(&scene, &arn, &["--default", "trial"]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
        assert_eq!(calls(&scene), ["GetPublicKey", "Sign"], "{name}");
        let config = scene.sandbox.config();
        let certificate = config.join("localkeys/trial.crt");
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert!(lines[1].starts_with("generated certificate expiring on 2"));
        assert_eq!(
            (lines[0], &lines[2..]),
            (
                format!("using AWS KMS key {arn} ({})", name.to_uppercase()).as_str(),
                &[
                    format!("wrote certificate: {}", certificate.display()).as_str(),
                    "Successfully added trial.crt to named store trial of type ca",
                    "trial: added to the key list",
                    "trial: marked as default signing key",
                ][..]
            )
        );
        assert!(!config.join("localkeys/trial.key").exists());
        for (file, wanted) in [
            ("localkeys/trial.crt", 0o644),
            ("truststore/x509/ca/trial/trial.crt", 0o600),
        ] {
            let metadata = std::fs::metadata(config.join(file)).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, wanted, "{file}");
        }
        let keys = std::fs::read(config.join("signingkeys.json")).unwrap();
        assert_eq!(
            serde_json::from_slice::<Value>(&keys).unwrap(),
            json!({ "default": "trial", "keys": [ {
                "name": "trial", "id": arn, "pluginName": "aws-kms",
                "pluginConfig": { "certificate_chain": certificate },
            } ] })
        );

        let ran = scene.run(&["sign", &scene.image]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let policy = r#"{ "version": "1.0", "trustPolicies": [ {
            "name": "images", "registryScopes": [ "*" ],
            "signatureVerification": { "level": "strict" },
            "trustStores": [ "ca:trial" ],
            "trustedIdentities": [ "x509.subject: C=US, ST=WA, L=Seattle, O=Notary, CN=trial" ]
        } ] }"#;
        scene.sandbox.write_config("trustpolicy.oci.json", policy);
        let ran = scene.run(&["verify", &scene.image]);
        assert_eq!(ran.code, 0, "{name}: {ran:#?}");
    }
}

#[test]
fn an_alias_is_kept_as_the_key_that_it_stands_for() {
    let scene = Scene::new();
    let arn = kms::import(&scene.emulator, "ec-256");
    scene
        .emulator
        .create_kms_alias("alias/release", &arn)
        .unwrap();
    let endpoint = scene.emulator.endpoint();
    let scene = scene.with_variable("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    let setting = format!("aws-kms-endpoint-url={endpoint}");
    let ran = generate(
        &scene,
        "alias/release",
        &["--plugin-config", &setting, "trial"],
    );
    assert_eq!(ran.code, 0, "{ran:#?}");
    let keys = std::fs::read(scene.sandbox.config().join("signingkeys.json")).unwrap();
    let keys: Value = serde_json::from_slice(&keys).unwrap();
    assert_eq!(keys["keys"][0]["id"], arn);
    assert_eq!(
        keys["keys"][0]["pluginConfig"]["aws-kms-endpoint-url"],
        endpoint
    );
    let ran = scene.run(&["sign", "--key", "trial", &scene.image]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn it_is_cleaned_up_as_every_test_key_is() {
    let scene = Scene::new();
    let arn = kms::import(&scene.emulator, "ec-256");
    assert_eq!(generate(&scene, &arn, &["trial"]).code, 0);
    let ran = scene.run(&["cert", "cleanup-test", "--yes", "trial"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let config = scene.sandbox.config();
    assert!(!config.join("localkeys/trial.crt").exists());
    assert!(
        !config
            .join("truststore/x509/ca/trial")
            .join("trial.crt")
            .exists()
    );
    let keys = std::fs::read_to_string(config.join("signingkeys.json")).unwrap();
    assert!(!keys.contains("trial"), "{keys}");
}

#[test]
fn what_cannot_be_made_leaves_nothing_behind() {
    let scene = Scene::new();
    let config = scene.sandbox.config();
    let arn = kms::import(&scene.emulator, "ec-256");
    let make = |spec, usage| kms::create(&scene.emulator, spec, usage);
    let encrypting = make(KeySpec::Rsa2048, KeyUsageType::EncryptDecrypt);
    scene.emulator.clear_calls();
    for (key, more, first_line) in [
        (
            "release key",
            &["x"][..],
            "Error: `release key` does not name a key of AWS KMS",
        ),
        (
            "",
            &["x"],
            "Error: a value is required for '--kms-key <KEY>' but none was supplied",
        ),
        (
            &arn,
            &["--bits", "2048", "x"],
            "Error: the argument '--kms-key <KEY>' cannot be used with '--bits <BITS>'",
        ),
        (
            &arn,
            &["--plugin-config", "certificate_chain=x", "x"],
            "Error: the certificate is made here; leave out `certificate_chain`",
        ),
        (
            &arn,
            &["--plugin-config", "timeout=x", "x"],
            "Error: setting `timeout` is not known",
        ),
        (
            &arn,
            &["--plugin-config", "x", "x"],
            "Error: could not parse flag plugin-config: key-value pair requires \"=\" as separator",
        ),
    ] {
        generate(&scene, key, more).assert_refused(2, first_line);
        assert!(!config.exists(), "{more:?}");
    }
    assert_eq!(calls(&scene), [""; 0]);

    let ran = generate(&scene, &encrypting, &["x"]);
    ran.assert_refused(
        1,
        &format!("Error: key `{encrypting}` is for `ENCRYPT_DECRYPT`, wanted `SIGN_VERIFY`"),
    );
    let what = Tamper::Signature;
    let tamper = Fault::new(FaultKind::Tamper { what }).on("Sign");
    scene.emulator.faults().add(tamper);
    let ran = generate(&scene, &arn, &["x"]);
    scene.emulator.faults().clear();
    ran.assert_refused(
        1,
        &format!("Error: the signature that AWS KMS made with `{arn}` is refused"),
    );
    let denied = Fault::new(FaultKind::AccessDenied).on("GetPublicKey");
    scene.emulator.faults().add(denied);
    let ran = generate(&scene, &arn, &["x"]);
    assert_eq!(ran.code, 3, "{ran:#?}");
    ran.assert_says("hint: allow `arn:aws:iam::111122223333:user/emulator` `kms:GetPublicKey`");
    assert!(!config.exists());
}

#[test]
fn what_was_made_for_a_key_in_kms_is_cleaned_up() {
    let scene = Scene::new();
    let arn = kms::import(&scene.emulator, KINDS[0].0);
    assert_eq!(generate(&scene, &arn, &["trial"]).code, 0);
    let ran = scene.run(&["cert", "cleanup-test", "--yes", "trial"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:#?}");
    let local = scene.sandbox.config().join("localkeys");
    let local = local.display();
    assert_eq!(
        ran.stdout,
        format!(
            "Successfully deleted trial.crt from trust store trial of type ca\n\
             Successfully removed key trial from the key list\n\
             Key file {local}/trial.key does not exist\n\
             Successfully deleted certificate file: {local}/trial.crt\n\
             Cleanup completed successfully\n"
        )
    );
    // The key itself stays.
    assert_eq!(generate(&scene, &arn, &["trial"]).code, 0);
}
