//! `policy test --gate-policy`: a gate policy is judged by a table, and no request is sent.

use serde_json::{Value, json};

use super::{Gate, signer};
use crate::support::document::{assert_valid, document};
use crate::support::sandbox::Ran;

const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/";

fn profile(name: &str) -> String {
    format!("{PROFILE}{name}")
}

fn test(gate: &Gate, cases: &Value, more: &[&str]) -> Ran {
    let table = json!({ "version": "1", "cases": cases });
    let path = gate.scene.sandbox.home().join("cases.json");
    std::fs::write(path, table.to_string()).unwrap();
    let fixed = ["policy", "test", "--gate-policy", "gate.json"];
    gate.scene.run(&[&fixed, more, &["cases.json"]].concat())
}

fn two_stages() -> (Gate, String) {
    let gate = Gate::new();
    let mut ci = signer("ci", &profile("ci"));
    ci["userMetadata"] = json!({ "commit": true });
    let mut security = signer("security", &profile("security"));
    security["maxAge"] = json!("24h");
    gate.write_rule(&json!({ "require": { "all": [ci, security] } }));
    let image = gate.scene.image.clone();
    (gate, image)
}

#[test]
fn signers_ages_and_metadata_decide_and_nobody_is_asked() {
    let (gate, image) = two_stages();
    let ci = json!({ "signer": profile("ci"), "userMetadata": { "commit": "abc" } });
    let security = |age: &str| json!({ "signer": profile("security/0123456789"), "age": age });
    let case = |signatures: Value, expected: &str| json!({ "reference": image, "signatures": signatures, "expected": expected, "rule": "images" });
    let cases = json!([
        case(json!([ci, security("23h")]), "accept"),
        case(json!([security("23h"), ci]), "accept"),
        case(json!([ci, security("25h")]), "reject"),
        case(json!([ci, { "signer": profile("security") }]), "reject"),
        case(json!([{ "signer": profile("ci") }, security("1h")]), "reject"),
        case(json!([ci, ci]), "reject"),
        case(json!([]), "reject"),
        { "reference": image, "signer": profile("ci"), "userMetadata": { "commit": "a" }, "expected": "reject" },
        { "reference": format!("{}:v1", gate.scene.repository), "signatures": [ci, security("1h")], "expected": "reject" },
        { "reference": gate.scene.repository, "signatures": [ci, security("1h")], "expected": "accept" },
        { "reference": "elsewhere.example/app", "signatures": [ci, security("1h")], "expected": "reject" },
    ]);
    assert_valid(
        &json!({ "version": "1", "cases": cases }),
        "policy-cases.v1.schema.json",
    );
    gate.scene.operations();
    let ran = test(&gate, &cases, &["--output", "json"]);
    let found = document(&ran, "policy-test.v1.schema.json");
    assert_eq!((ran.code, &found["failed"]), (0, &json!(0)), "{found:#}");
    assert_eq!(found["results"][0]["rule"], "images");
    assert!(!ran.stdout.contains("verified"), "{ran:#?}");
    assert_eq!(gate.scene.operations(), [""; 0]);
}

#[test]
fn a_case_that_is_not_as_expected_says_what_is_missing() {
    let (gate, image) = two_stages();
    let signature = json!({ "signer": profile("security"), "age": "30h" });
    let cases = json!([{ "reference": image, "signatures": [signature], "expected": "accept", "rule": "others" }]);
    let ran = test(&gate, &cases, &[]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    let first: Vec<_> = ran.stdout.lines().take(2).collect();
    assert_eq!(
        first[0],
        format!(
            "FAILED case 1: {image}: reject by rule `images`; expected: accept by rule `others`"
        )
    );
    assert!(
        first[1].starts_with("  signers: 0 of 2 needed; missing `ci`: "),
        "{ran:#?}"
    );
    assert!(
        first[1].ends_with("`security`: signed 108000 seconds ago; at most 86400 seconds"),
        "{ran:#?}"
    );
}

#[test]
fn one_signer_fills_one_role_and_roles_are_matched() {
    let gate = Gate::new();
    let wide = "x509.subject: C=US, ST=WA, O=Notary";
    let narrow = "x509.subject: C=US, ST=WA, O=Notary, CN=ci";
    let policy = json!({ "version": "1.0", "trustPolicies": [{
        "name": "images", "registryScopes": [gate.scene.repository],
        "signatureVerification": { "level": "strict" }, "trustStores": ["ca:acme"],
        "trustedIdentities": [wide],
    }] });
    gate.scene
        .sandbox
        .write_config("trustpolicy.oci.json", policy.to_string());
    let role = |name: &str, identity: &str| json!({ "name": name, "statement": "images", "identity": identity });
    let roles = json!([role("anyone", wide), role("ci", narrow)]);
    gate.write_rule(&json!({ "require": { "all": roles }, "onFailure": "warn" }));
    let image = &gate.scene.image;
    let (ci, other) = (
        json!({ "signer": narrow }),
        json!({ "signer": format!("{wide}, CN=other") }),
    );
    let case = |signatures: Value, expected: &str| json!({ "reference": image, "signatures": signatures, "expected": expected });
    let cases = json!([
        case(json!([ci, other]), "accept"),
        case(json!([other, ci]), "accept"),
        case(json!([ci, ci]), "tolerate"),
        case(json!([other, other]), "tolerate"),
    ]);
    let ran = test(&gate, &cases, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn identities_are_those_of_the_trust_policy() {
    let gate = Gate::new();
    let security =
        json!({ "name": "security", "statement": "images", "identity": gate.scene.profile.arn });
    gate.write_rule(&json!({ "require": { "all": [security] } }));
    gate.scene.write_policy("strict");
    let case = |signer: &str, expected: &str| json!({ "reference": gate.scene.image, "signer": signer, "expected": expected });
    let cases = json!([
        case(&gate.scene.profile.arn, "accept"),
        case(&profile("other"), "reject"),
        case("x509.subject: C=US, ST=WA, O=Example", "reject"),
    ]);
    let ran = test(&gate, &cases, &[]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let skipping = r#"{ "level": "strict", "override": { "revocation": "skip" } }"#;
    gate.scene
        .write_policy_with(skipping, &gate.scene.profile.arn);
    let cases = json!([case(&gate.scene.profile.arn, "reject")]);
    assert_eq!(test(&gate, &cases, &[]).code, 0);
}

#[test]
fn what_is_about_the_other_policy_is_refused() {
    let (gate, image) = two_stages();
    for (more, says) in [
        (
            json!({ "statement": "images" }),
            "`statement` is about a trust policy",
        ),
        (
            json!({ "signatures": [], "signer": profile("stage") }),
            "both say who signed",
        ),
        (
            json!({ "signatures": [{ "signer": profile("stage"), "age": "old" }] }),
            "invalid value `old` for `age`",
        ),
        (
            json!({ "signatures": [{ "signer": "me" }] }),
            "found signer `me`",
        ),
    ] {
        let mut case = json!({ "reference": image, "expected": "reject" });
        case.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let ran = test(&gate, &json!([case]), &[]);
        assert_eq!(ran.code, 2, "{ran:#?}");
        ran.assert_says(says);
        ran.assert_says("`cases.json`, case 1");
    }
    let cases = json!([{ "reference": image, "signatures": [], "expected": "reject" }]);
    let table = json!({ "version": "1", "cases": cases });
    std::fs::write(
        gate.scene.sandbox.home().join("cases.json"),
        table.to_string(),
    )
    .unwrap();
    gate.scene.write_policy("strict");
    let ran = gate.scene.run(&["policy", "test", "cases.json"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    ran.assert_says("`signatures` is about a gate policy");
}
