//! `--output json` of the commands that show what is there.

use serde_json::{Value, json};

use crate::support::document::document;
use crate::support::local_keys;
use crate::support::sandbox::Sandbox;
use crate::support::scene::Scene;

#[test]
fn names_of_keys_are_listed_without_keys() {
    const SCHEMA: &str = "key-list.v1.schema.json";
    let sandbox = Sandbox::new();
    let list = || sandbox.run(&["key", "list", "--output", "json"]);
    assert_eq!(document(&list(), SCHEMA)["keys"], json!([]));
    let arn = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
    let plugin = "com.amazonaws.signer.notation.plugin";
    let add = [
        "key",
        "add",
        "--plugin",
        plugin,
        "--id",
        arn,
        "--default",
        "release",
    ];
    assert_eq!(sandbox.run(&add).code, 0);
    let found = document(&list(), SCHEMA);
    let wanted = json!({ "id": arn, "isDefault": true, "name": "release", "plugin": plugin });
    assert_eq!(found["keys"], json!([wanted]));
    sandbox.write_config("signingkeys.json", "{");
    let ran = list();
    let found = document(&ran, SCHEMA);
    assert_eq!((ran.code, &found["exitCode"]), (2, &json!(2)));
    assert!(found["error"]["message"].is_string() && found.get("keys").is_none());
}

#[test]
fn certificates_of_trust_stores_are_listed_and_shown() {
    const SCHEMA: &str = "certificate-list.v1.schema.json";
    let sandbox = Sandbox::new();
    let run = |arguments: &[&str]| sandbox.run(&[&["cert"], arguments].concat());
    let list = || run(&["list", "--output", "json"]);
    assert_eq!(document(&list(), SCHEMA)["files"], json!([]));
    let ran = run(&["add", "--aws-signer"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let found = document(&list(), SCHEMA);
    let file = &found["files"][0];
    assert_eq!(file["storeType"], "signingAuthority");
    let (store, name) = (
        file["storeName"].as_str().unwrap(),
        file["name"].as_str().unwrap(),
    );
    let shown = run(&[
        "show",
        "-t",
        "signingAuthority",
        "-s",
        store,
        "--output",
        "json",
        name,
    ]);
    let shown = document(&shown, SCHEMA);
    assert_eq!(&shown["files"][0], file);
    assert_eq!(file["certificates"][0]["isCa"], true);
    let sha256 = file["certificates"][0]["sha256"].as_str().unwrap();
    assert_eq!(sha256.len(), 64, "{sha256}");
    // What keeps a store from being used is said of its file.
    sandbox.write_config(
        "truststore/x509/ca/acme/leaf.crt",
        local_keys::certificate("ec-256"),
    );
    let found = document(&list(), SCHEMA);
    let problems: Vec<_> = found["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| json!([file["name"], file.get("problem").is_some()]))
        .collect();
    assert!(problems.contains(&json!([name, false])), "{problems:?}");
    let missing = run(&[
        "show", "-t", "ca", "-s", "acme", "--output", "json", "no.crt",
    ]);
    assert_eq!(document(&missing, SCHEMA)["exitCode"], 2);
}

#[test]
fn the_trust_policy_is_shown_with_its_digest() {
    const SCHEMA: &str = "policy-document.v1.schema.json";
    let scene = Scene::new();
    let show = |words: &[&str]| scene.run(&[words, &["show", "--output", "json"]].concat());
    for words in [&["policy"][..], &["blob", "policy"]] {
        let ran = show(words);
        let found = document(&ran, SCHEMA);
        assert_eq!((ran.code, &found["exitCode"]), (1, &json!(1)));
        assert!(found["error"]["message"].is_string());
    }
    scene.write_policy("strict");
    let path = scene.sandbox.config().join("trustpolicy.oci.json");
    let bytes = std::fs::read(&path).unwrap();
    let found = document(&show(&["policy"]), SCHEMA);
    assert_eq!(
        found["policy"],
        serde_json::from_slice::<Value>(&bytes).unwrap()
    );
    assert_eq!(found["isValid"], true);
    let digest = countersign::oci::sha256_digest(&bytes);
    assert_eq!(found["sha256"], digest.digest());
    assert_eq!(found["file"], path.to_str().unwrap());
    for (text, has_policy) in [("{\"version\": \"9\"}", true), ("{", false)] {
        scene.sandbox.write_config("trustpolicy.oci.json", text);
        let ran = show(&["policy"]);
        let found = document(&ran, SCHEMA);
        assert_eq!((ran.code, &found["isValid"]), (1, &json!(false)));
        assert_eq!(found.get("policy").is_some(), has_policy);
        assert!(found["error"]["message"].is_string());
    }
}
