//! `policy explain --gate-policy`.

use serde_json::json;

use super::{Gate, signer};
use crate::support::document::document;

const SCHEMA: &str = "gate-explanation.v1.schema.json";

#[test]
fn the_rule_its_scope_and_its_signers_are_explained_and_nobody_is_asked() {
    let gate = Gate::new();
    let release = gate.profile("release");
    let mut ci = signer("ci", &release);
    ci["maxAge"] = json!("24h");
    ci["userMetadata"] = json!({ "commit": true, "env": "prod" });
    let security = json!({ "name": "security", "statement": "images", "identity": release });
    let mut policy =
        gate.policy(&json!({ "require": { "atLeast": 1, "of": [ci] }, "tags": "resolve" }));
    let wide = json!({
        "name": "all of them", "scopes": [format!("{}/*", gate.scene.registry())],
        "require": { "all": [security] },
    });
    policy["rules"].as_array_mut().unwrap().push(wide);
    gate.write(&policy);
    gate.scene.write_policy("strict");
    gate.scene.operations();
    let explain = |more: &[&str]| {
        let fixed = ["policy", "explain", "--gate-policy", "gate.json"];
        gate.scene.run(&[&fixed[..], more].concat())
    };
    let (repository, registry) = (&gate.scene.repository, gate.scene.registry());
    let bytes = std::fs::read(gate.scene.sandbox.home().join("gate.json")).unwrap();
    let digest = countersign::oci::sha256_digest(&bytes);
    let ran = explain(&[repository]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (
            0,
            format!(
                "reference: {repository}\ngate policy: gate.json\n  digest: {digest}\nrule: images\n  decides because its \
                 scope `{repository}` covers the repository\n  `{registry}/*` of rule `all of them` is wider and does not \
                 count\n  onFailure: enforce\n  revocation: required\n  signedIndexCovers: image\n  tags: resolve\n  \
                 wildcardStatement: refuse\n  signers: 1 of 1\n    `ci`: `{release}`\n      at most 86400 seconds old\n      \
                 user metadata `commit`: any value\n      user metadata `env`: `prod`\n"
            )
            .as_str()
        ),
        "{ran:#?}"
    );
    // The statement does not apply to the other repository.
    let other = format!("{registry}/other");
    let found = document(&explain(&["--output", "json", &other]), SCHEMA);
    assert_eq!(found["rule"]["name"], "all of them");
    let problem = found["rule"]["signers"][0]["problem"].as_str().unwrap();
    assert!(
        problem.starts_with("no statement of the trust policy applies"),
        "{problem}"
    );
    let ran = explain(&["--output", "json", "elsewhere.example/app"]);
    assert_eq!(ran.code, 1, "{ran:#?}");
    assert_eq!(document(&ran, SCHEMA)["error"]["code"], "no-rule");
    assert_eq!(gate.scene.operations(), [""; 0]);
}
