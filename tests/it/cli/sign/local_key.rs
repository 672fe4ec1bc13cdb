//! Signing with keys of `signingkeys.json`.

use std::process::Stdio;

use countersign::envelope::UnverifiedEnvelope;
use countersign::notary::EnvelopeFormat;

use super::{assert_signed, writes};
use crate::support::local_keys;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// Adds the key `name` with a certificate of its own.
pub(in crate::cli) fn add(scene: &Scene, name: &str, more: &[&str]) {
    let of = name.split('.').next().unwrap();
    let certificate = scene.sandbox.write_config(
        &format!("localkeys/{name}.crt"),
        local_keys::certificate(of),
    );
    let key = local_keys::path(name);
    let files = ["key", "add", "--key-file", key.to_str().unwrap()];
    let certificates = ["--certificates", certificate.to_str().unwrap(), name];
    let ran = scene.run(&[&files[..], &certificates, more].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");
}

/// Verifies the image against a policy that trusts the certificate of `key`.
fn verify(scene: &Scene, key: &str) -> Ran {
    let file = scene.sandbox.config().join(format!("localkeys/{key}.crt"));
    let certificate = std::fs::read(file).unwrap();
    scene
        .sandbox
        .write_config("truststore/x509/ca/local/root.crt", certificate);
    let policy = format!(
        r#"{{ "version": "1.0", "trustPolicies": [ {{
            "name": "images", "registryScopes": [ "{}" ],
            "signatureVerification": {{ "level": "strict" }},
            "trustStores": [ "ca:local" ],
            "trustedIdentities": [ "x509.subject: C=US, ST=WA, O=Notary" ]
        }} ] }}"#,
        scene.repository
    );
    scene.sandbox.write_config("trustpolicy.oci.json", policy);
    scene.run(&["verify", &scene.image])
}

/// The envelope of the signature `digest`.
pub(super) fn envelope(scene: &Scene, digest: &str, format: EnvelopeFormat) -> UnverifiedEnvelope {
    let client = scene.client();
    let manifest = client.manifest(digest);
    assert_eq!(manifest["layers"][0]["mediaType"], format.media_type());
    let blob = client.blob(manifest["layers"][0]["digest"].as_str().unwrap());
    UnverifiedEnvelope::parse(format, &blob).unwrap()
}

#[test]
fn the_default_key_and_a_named_one_sign_and_verify() {
    let scene = Scene::new();
    add(&scene, "ec-384", &["--default"]);
    add(&scene, "rsa-2048", &[]);
    let digest = assert_signed(&scene.run(&["sign", &scene.image]), &scene.image, "");
    envelope(&scene, &digest, EnvelopeFormat::Jws);
    let ran = verify(&scene, "ec-384");
    assert_eq!(ran.code, 0, "{ran:#?}");

    let scene = Scene::new();
    add(&scene, "ec-384", &["--default"]);
    add(&scene, "rsa-2048", &[]);
    let arguments = [
        "sign",
        "-k",
        "rsa-2048",
        "--signature-format",
        "cose",
        "-e",
        "1h30m",
    ];
    let ran = scene.run(&[&arguments[..], &[&scene.image]].concat());
    let digest = assert_signed(&ran, &scene.image, "");
    let found = envelope(&scene, &digest, EnvelopeFormat::Cose);
    let attributes = &found.signer_info().signed_attributes;
    assert_eq!(
        attributes.expiry.unwrap() - attributes.signing_time,
        time::Duration::minutes(90)
    );
    let ran = verify(&scene, "rsa-2048");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert_eq!(
        scene.client().referrers(scene.digest())["manifests"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn the_format_is_the_flags_then_that_of_the_configuration() {
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    scene
        .sandbox
        .write_config("config.json", r#"{"signatureFormat":"COSE"}"#);
    let digest = assert_signed(&scene.run(&["sign", &scene.image]), &scene.image, "");
    envelope(&scene, &digest, EnvelopeFormat::Cose);
    let ran = scene.run(&["sign", "--signature-format", "jws", &scene.image]);
    let digest = assert_signed(&ran, &scene.image, "");
    envelope(&scene, &digest, EnvelopeFormat::Jws);
}

#[test]
fn a_passphrase_comes_from_a_descriptor_and_never_from_nothing() {
    let scene = Scene::new();
    add(&scene, "ec-256.aes256", &["--default"]);
    let ran = scene.run(&["sign", &scene.image]);
    let key = local_keys::path("ec-256.aes256");
    let key = format!(
        "Error: key `ec-256.aes256`: the key file `{}`",
        key.display()
    );
    ran.assert_refused(2, &format!("{key} is encrypted and there is no passphrase"));
    ran.assert_says("--key-passphrase-fd N");
    let with = |passphrase: &str| {
        let file = scene.sandbox.home().join("passphrase");
        std::fs::write(&file, passphrase).unwrap();
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_countersign"));
        let mut command = scene.sandbox.command(program);
        command.args(["sign", "--key-passphrase-fd", "0", &scene.image]);
        Ran::of(command.stdin(Stdio::from(std::fs::File::open(file).unwrap())))
    };
    let wrong = with("other\n");
    wrong.assert_refused(
        2,
        &format!("{key} cannot be decrypted: the passphrase is wrong, or the file is damaged"),
    );
    wrong.assert_says("hint: try the passphrase with `openssl pkey");
    assert_eq!(writes(&scene), [""; 0]);
    for passphrase in ["secret", "secret\n", "secret\r\nmore"] {
        assert_signed(&with(passphrase), &scene.image, "");
    }
    let long = "x".repeat(4_096);
    with(&long).assert_says("caused by: its first line is longer than 4095 bytes\n");
    assert_signed(&with(&format!("secret\n{long}")), &scene.image, "");
}

#[test]
fn what_is_wrong_with_a_key_is_said_before_anything_is_asked() {
    let scene = Scene::new();
    let crt = scene
        .sandbox
        .write_config("localkeys/a.crt", local_keys::certificate("ec-256"));
    let key = local_keys::path("ec-256");
    let other = local_keys::path("rsa-2048");
    let (crt, key, other) = (
        crt.to_str().unwrap(),
        key.to_str().unwrap(),
        other.to_str().unwrap(),
    );
    let missing = scene.sandbox.config().join("none.key");
    let missing = missing.to_str().unwrap();
    for (entry, sentence) in [
        (
            format!(r#""keyPath":"{other}","certPath":"{crt}""#),
            format!(
                "Error: key `a`: the private key in `{other}` does not match the public key of the \
                 first certificate in `{crt}`, `CN=ec-256,O=Notary,ST=WA,C=US` (EC-256)"
            ),
        ),
        (
            format!(r#""keyPath":"{crt}","certPath":"{crt}""#),
            format!(
                "Error: key `a`: the key file `{crt}` has no private key in PEM, but `CERTIFICATE`"
            ),
        ),
        (
            format!(r#""keyPath":"{key}","certPath":"{key}""#),
            format!("Error: key `a`: the certificate chain in `{key}` cannot be used"),
        ),
        (
            format!(r#""keyPath":"{missing}","certPath":"{crt}""#),
            format!("Error: key `a`: the key file `{missing}` cannot be read"),
        ),
        (
            format!(r#""keyPath":"{key}","certPath":"{missing}""#),
            format!("Error: key `a`: the certificate chain in `{missing}` cannot be used"),
        ),
        (
            format!(r#""keyPath":"","certPath":"{crt}""#),
            "Error: key path not specified".to_owned(),
        ),
        (
            format!(r#""keyPath":"{key}","certPath":"""#),
            "Error: certificate path not specified".to_owned(),
        ),
        (
            r#""pluginName":"gone","id":"i""#.to_owned(),
            format!(
                "Error: plugin `gone` is not installed: there is no `{}/plugins/gone/notation-gone`",
                scene.sandbox.config().display()
            ),
        ),
        (
            r#""pluginName":"gone""#.to_owned(),
            "Error: key `a` has no id".to_owned(),
        ),
        (
            r#""x":1"#.to_owned(),
            "Error: unsupported key, either provide a local key and certificate file paths, or a \
             key name in config.json, check \
             https://notaryproject.dev/docs/user-guides/how-to/notation-config-file/ for details"
                .to_owned(),
        ),
    ] {
        scene.sandbox.write_config(
            "signingkeys.json",
            format!(r#"{{"default":"a","keys":[{{"name":"a",{entry}}}]}}"#),
        );
        scene.emulator.clear_calls();
        scene
            .run(&["sign", &scene.image])
            .assert_refused(2, &sentence);
        assert_eq!(scene.operations(), [""; 0], "{entry}");
    }
}

#[test]
fn a_certificate_that_may_not_sign_now_pushes_nothing() {
    let scene = Scene::new();
    add(&scene, "ec-256", &["--default"]);
    let mut params = local_keys::params("past");
    params.not_after = time::macros::datetime!(2021-01-01 00:00 UTC);
    scene.sandbox.write_config(
        "localkeys/ec-256.crt",
        local_keys::certificate_of("ec-256", &params),
    );
    scene.emulator.clear_calls();
    let ran = scene.run(&["sign", &scene.image]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("Error: key `ec-256`: the certificate chain in `");
    assert_eq!(writes(&scene), [""; 0]);
}

#[test]
fn a_key_of_the_built_in_plugin_is_a_signing_profile() {
    let scene = Scene::new();
    let arn = scene.profile.arn.clone();
    let ran = scene.run(&[
        "key",
        "add",
        "--plugin",
        super::PLUGIN,
        "--id",
        &arn,
        "--default",
        "aws",
    ]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (0, "aws: marked as default\n"),
        "{ran:#?}"
    );
    assert_signed(&scene.run(&["sign", &scene.image]), &scene.image, "");
    assert_eq!(scene.verify(&scene.image).code, 0);
    let ran = scene.run(&["sign", "--signature-format", "cose", &scene.image]);
    ran.assert_refused(
        2,
        "Error: AWS Signer makes JWS envelopes only; leave out `--signature-format cose`",
    );
}
