//! Keys, certificates and files that cannot be used: the sentence names the thing and the way out.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair};

use crate::support::local_keys;
use crate::support::pki;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

/// A root, an intermediate, and a leaf with these parameters of the key `ec-256`, in PEM.
fn chain(leaf: &CertificateParams) -> [String; 3] {
    let root_key = KeyPair::generate().unwrap();
    let root = pki::authority("root");
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let root = Issuer::new(root, root_key);
    let between_key = KeyPair::generate().unwrap();
    let between = pki::authority("between");
    let between_pem = between.signed_by(&between_key, &root).unwrap().pem();
    let between = Issuer::new(between, between_key);
    let pem = std::fs::read_to_string(local_keys::path("ec-256")).unwrap();
    let leaf_key = KeyPair::from_pem(&pem).unwrap();
    let leaf_pem = leaf.signed_by(&leaf_key, &between).unwrap().pem();
    [leaf_pem, between_pem, root_pem]
}

/// Signs with `ec-256` and these certificates as the default key.
fn sign_with(scene: &Scene, certificates: &str) -> Ran {
    let key = local_keys::path("ec-256");
    let certificates = scene.sandbox.write_config("localkeys/a.crt", certificates);
    let keys = serde_json::json!({
        "default": "a",
        "keys": [{ "name": "a", "keyPath": key, "certPath": certificates }],
    });
    scene
        .sandbox
        .write_config("signingkeys.json", keys.to_string());
    scene.emulator.clear_calls();
    scene.run(&["sign", &scene.image])
}

/// Signs images and a file with these certificates, which must fail for `problem` before a request
/// is sent or a file read.
#[track_caller]
fn assert_chain_refused(scene: &Scene, certificates: &str, problem: &str, hint: &str) {
    let ran = sign_with(scene, certificates);
    let images = scene.run(&["sign", "--keep-going", &scene.image, &scene.image]);
    // Reading this file would take longer than the tests may.
    let file = scene.sandbox.home().join("large");
    let large = std::fs::File::create(&file).unwrap();
    large.set_len(1 << 40).unwrap();
    let blob = scene.run(&["blob", "sign", file.to_str().unwrap()]);
    for ran in [ran, images, blob] {
        let sentence = format!(
            "Error: key `a`: the certificate chain in `{}/localkeys/a.crt` cannot be used",
            scene.sandbox.config().display()
        );
        ran.assert_refused(2, &sentence);
        assert_eq!(ran.stderr.matches("Error: ").count(), 1, "{ran:#?}");
        ran.assert_says(
            "\ncaused by: the chain is not valid for code signing\ncaused by: certificate ",
        );
        ran.assert_says(&format!("\ncaused by: {problem}"));
        ran.assert_says(&format!("\nhint: {hint}"));
    }
    assert_eq!(scene.operations(), [""; 0]);
}

#[test]
fn a_chain_begins_with_the_signer_and_ends_with_the_root() {
    let scene = Scene::new();
    let [leaf, between, root] = chain(&local_keys::params("leaf"));
    let ran = sign_with(&scene, &[&leaf[..], &between, &root].concat());
    assert_eq!(ran.code, 0, "{ran:#?}");

    // The order is another, or one is left out.
    let hint = "a chain is the signer's certificate first, then each issuer, up to the root";
    let next = "its issuer is `CN=between` and the next certificate's subject is `CN=root`";
    let last = "it is the last certificate and was issued by `CN=root`";
    let missing =
        "add the certificate of `CN=root` at the end of the file, and so on up to the root";
    for (order, problem, hint) in [
        (&[&leaf, &root, &between][..], next, hint),
        (&[&root, &between, &leaf], "it is self-signed", hint),
        (&[&between, &leaf, &root], "its issuer is `CN=root`", hint),
        (&[&leaf, &root], next, hint),
        (&[&leaf, &between], last, missing),
    ] {
        let certificates: String = order.iter().map(|pem| pem.as_str()).collect();
        assert_chain_refused(&scene, &certificates, problem, hint);
    }
}

#[test]
fn a_certificate_for_another_use_does_not_sign() {
    let scene = Scene::new();
    let mut server = local_keys::params("server");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let mut encipherer = local_keys::params("encipherer");
    encipherer.key_usages = vec![rcgen::KeyUsagePurpose::KeyEncipherment];
    let mut future = local_keys::params("future");
    future.not_before = time::macros::datetime!(2119-01-01 00:00 UTC);
    let code_signing = "request a certificate for code signing";
    for (params, problem, hint) in [
        (
            server,
            "its extended key usage has `serverAuth`",
            code_signing,
        ),
        (
            encipherer,
            "its key usage lacks `digitalSignature`",
            code_signing,
        ),
        (
            future,
            "it is valid from 2119-01-01T00:00:00Z to 2120-01-01T00:00:00Z, not at 20",
            "the certificate is not valid yet: wait until it is, or check this machine's clock",
        ),
    ] {
        assert_chain_refused(&scene, &chain(&params).concat(), problem, hint);
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let scene = Scene::new();
    let directory = scene.sandbox.home().join("directory");
    std::fs::create_dir(&directory).unwrap();
    let missing = scene.sandbox.home().join("missing");
    for path in [directory, missing] {
        let path = path.to_str().unwrap();
        let keys = serde_json::json!({
            "default": "a",
            "keys": [{ "name": "a", "keyPath": local_keys::path("ec-256"), "certPath": path }],
        });
        scene
            .sandbox
            .write_config("signingkeys.json", keys.to_string());
        let ran = scene.run(&["sign", &scene.image]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
        ran.assert_says(&format!("`{path}`"));

        let arguments = ["sign", "--signing-profile", &scene.profile.arn];
        let missing = ["--if-missing", "--trust-anchor", path, &scene.image];
        let ran = scene.run(&[&arguments[..], &missing].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
        ran.assert_says(path);
    }
    assert_eq!(scene.operations(), [""; 0]);
}
