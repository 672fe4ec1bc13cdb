//! `gate check --output json`.

use serde_json::{Value, json};

use super::refusals::signed;
use super::{Gate, signer};

#[test]
fn the_verdict_says_which_signature_meets_which_requirement() {
    let gate = Gate::new();
    let (release, security) = (gate.profile("release"), gate.profile("security"));
    let signers = [signer("ci", &release), signer("security", &security)];
    gate.write_rule(&json!({ "require": { "all": signers } }));
    let signature = gate.sign(&release, &[]);
    let image = gate.scene.image.clone();
    let ran = gate.check(&["-o", "json", &image]);
    let document = crate::support::document::document(&ran, "gate-verdict.v1.schema.json");
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""));
    let bytes = std::fs::read(gate.scene.sandbox.home().join("gate.json")).unwrap();
    assert_eq!(
        document["gatePolicy"],
        json!({ "file": "gate.json", "sha256": countersign::oci::sha256_digest(&bytes) })
    );
    let result = &document["results"][0];
    assert_eq!(result["rule"], "images");
    assert_eq!(result["error"]["code"], "requirement-not-met");
    let examined = &result["images"][0];
    assert_eq!(
        [
            &examined["found"],
            &examined["needed"],
            &examined["met"],
            &examined["signatures"]
        ],
        [&json!(1), &json!(2), &json!(false), &json!(1)]
    );
    assert_eq!(
        examined["signers"][0],
        json!({ "name": "ci", "wanted": format!("`{release}`"), "metBy": {
            "digest": signature, "signer": gate.scene.profile.version_arn,
        } })
    );
    let missing = &examined["signers"][1];
    assert_eq!(missing["metBy"], Value::Null);
    assert_eq!(missing["notMetBy"][0]["digest"], signature.as_str());
    assert_eq!(
        missing["notMetBy"][0]["reason"]["code"],
        "signing-profile-untrusted"
    );
}

#[test]
fn several_references_are_decided_each_for_itself_and_the_worst_counts() {
    let gate = signed();
    let unsigned = gate.scene.emulator.push_test_image("app", "v2").unwrap();
    let unsigned = format!("{}@{unsigned}", gate.scene.repository);
    let image = gate.scene.image.as_str();
    let nowhere = image.replace("/app@", "/other@");
    let ran = gate.check(&["-o", "json", image, &unsigned, &nowhere, image]);
    let document = crate::support::document::document(&ran, "gate-verdict.v1.schema.json");
    let words: Vec<_> = document["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| json!([result["asked"], result["verdict"]]))
        .collect();
    assert_eq!(
        words,
        [
            json!([image, "verified"]),
            json!([unsigned, "unsigned"]),
            json!([nowhere, "rejected"]),
            json!([image, "verified"]),
        ]
    );
    assert_eq!(ran.code, 1);
}

#[test]
fn a_gate_asks_once_for_what_two_signers_need() {
    let gate = Gate::new();
    let (release, security) = (gate.profile("release"), gate.profile("security"));
    let signers = [signer("ci", &release), signer("security", &security)];
    gate.write_rule(&json!({ "require": { "all": signers } }));
    gate.sign(&release, &[]);
    gate.sign(&security, &[]);
    gate.scene.emulator.clear_calls();
    assert_eq!(gate.check_image().code, 0);
    let asked = gate.scene.operations();
    let revocation = asked.iter().filter(|one| *one == "GetRevocationStatus");
    assert_eq!(revocation.count(), 2, "{asked:?}");
}

#[test]
fn what_is_wrong_with_the_command_is_usage() {
    let gate = signed();
    for reference in ["app", "localhost/app", "http://localhost/app:v1"] {
        let ran = gate.check(&[reference]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran:#?}");
    }
    for flag in [
        "--username",
        "--plugin-config",
        "--use-installed-plugin",
        "--oci-layout",
    ] {
        let ran = gate.check(&[flag, "x", &gate.scene.image]);
        assert_eq!(ran.code, 2, "{flag}: {ran:#?}");
    }
}
