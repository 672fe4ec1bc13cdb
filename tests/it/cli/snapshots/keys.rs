//! `key`, `cert`, `plugin`, `login`, `logout`.

use super::transcript::Transcript;
use crate::cli::login;
use crate::support::archives::{plugin, zip};
use crate::support::scene::Scene;

#[test]
fn keys_are_named_and_forgotten() {
    let mut transcript = Transcript::new();
    transcript.run(&[
        "no keys: key list",
        "a key: key add --plugin com.amazonaws.signer.notation.plugin --id PROFILE --default release",
        "the same name: key add --plugin com.amazonaws.signer.notation.plugin --id PROFILE release",
        "no identifier: key add --plugin com.amazonaws.signer.notation.plugin other",
        "the keys: key list",
        "no such key: key update --default other",
        "the default: key update --default release",
        "deleted: key delete release",
        "deleted already: key delete release",
    ]);
    transcript
        .scene
        .sandbox
        .write_config("signingkeys.json", "{\"keys\": [");
    transcript.run(&["a file that is cut off: key list"]);
    transcript.assert_snapshot("keys");
}

#[test]
fn certificates_are_added_shown_and_deleted() {
    let mut transcript = Transcript::new();
    let home = transcript.scene.sandbox.home();
    std::fs::write(home.join("words.txt"), "not a certificate\n").unwrap();
    transcript.run(&[
        "no stores: cert list",
        "AWS's roots: cert add --aws-signer",
        "a certificate: cert add --type ca --store acme root.crt",
        "added already: cert add --type ca --store acme root.crt",
        "not a certificate: cert add --type ca --store acme words.txt",
        "not there: cert add --type ca --store acme none.crt",
        "an unknown type: cert add --type root --store acme root.crt",
        "the certificates: cert list",
        "an unknown type to list: cert list --type root",
        "of AWS: cert show --type signingAuthority --store aws-signer-ts aws-signer-notation-root.crt",
        "no such certificate: cert show --type ca --store acme none.crt",
        "deleted without a question: cert delete --type ca --store acme -y root.crt",
        "deleted already: cert delete --type ca --store acme -y root.crt",
        "nothing is chosen: cert delete --type ca --store acme -y",
        "a test key: cert generate-test --default wabbit-networks.io",
        "a test key of the same name: cert generate-test wabbit-networks.io",
        "a short key: cert generate-test --bits 1024 other.example",
        "no confirmation: cert cleanup-test wabbit-networks.io",
        "a test key is removed: cert cleanup-test --yes wabbit-networks.io",
        "not a name: cert cleanup-test --yes wabbit/networks",
    ]);
    transcript
        .scene
        .sandbox
        .write_config("truststore/x509/ca/spoilt/words.crt", "not a certificate\n");
    transcript.run(&["a store that is spoilt: cert list"]);
    let stores = transcript.scene.sandbox.config().join("truststore");
    std::fs::remove_dir_all(&stores).unwrap();
    std::fs::write(stores, "not a directory\n").unwrap();
    transcript.run(&["not a directory: cert list"]);
    transcript.assert_snapshot("certificates");
}

#[test]
fn plugins_are_installed_listed_and_removed() {
    let mut transcript = Transcript::new();
    let home = transcript.scene.sandbox.home().to_owned();
    let example = |version| plugin("example", version);
    for (name, version) in [
        ("example.zip", "1.0.0"),
        ("older.zip", "0.9.0"),
        ("newer.zip", "1.1.0"),
    ] {
        let file = (
            "notation-example",
            0o100_755,
            &*example(version).into_bytes(),
        );
        std::fs::write(home.join(name), zip(&[file])).unwrap();
    }
    std::fs::write(home.join("words.txt"), "not a plugin\n").unwrap();
    transcript.run(&[
        "no plugins: plugin list",
        "a plugin: plugin install --file example.zip",
        "the same version: plugin install --file example.zip",
        "a lower version: plugin install --file older.zip",
        "a higher version: plugin install newer.zip",
        "not a plugin: plugin install words.txt",
        "not there: plugin install none.zip",
        "no source: plugin install",
        "another checksum: plugin install --force --sha256sum 00 example.zip",
        "not HTTPS: plugin install --url http://example.com/example.zip --sha256sum 00",
        "the plugins: plugin list",
        "for programs: plugin list --output json",
        "no terminal: plugin uninstall example",
        "removed: plugin uninstall --yes example",
        "removed already: plugin uninstall --yes example",
    ]);
    let plugins = transcript.scene.sandbox.config().join("plugins");
    std::fs::remove_dir_all(&plugins).unwrap();
    std::fs::write(plugins, "not a directory\n").unwrap();
    transcript.run(&["not a directory: plugin list"]);
    transcript.assert_snapshot("plugins");
}

#[test]
fn who_logs_in_without_a_helper_is_told_how() {
    let mut transcript = Transcript::new();
    transcript.run(&[
        "without a helper: login -u user -p password localhost:1",
        "no password: login -u user localhost:1",
        "not a registry: login -u user -p password https://registry.example",
        "not logged in: logout registry.example",
        "no registry: logout",
    ]);
    transcript.assert_snapshot("logins");
}

#[test]
fn who_logs_in_with_a_helper_is_remembered() {
    let (registry, scene) = (login::registry(false), Scene::new());
    let path = login::helper(&scene.sandbox, login::KEEPS);
    let mut transcript = Transcript::of(scene.with_variable("PATH", path));
    transcript.naming("REGISTRY", &registry.host());
    transcript.showing(&registry.host(), "REGISTRY");
    transcript.naming("PASSWORD", login::PASSWORD);
    transcript.showing(login::PASSWORD, "PASSWORD");
    transcript.run(&[
        "with a helper: login -u user -p PASSWORD REGISTRY",
        "a wrong password: login -u user -p guessed REGISTRY",
        "nobody listens: login -u user -p PASSWORD localhost:1",
        "no longer: logout REGISTRY",
    ]);
    transcript.assert_snapshot("logins-kept");
}
