//! `policy explain`: which statement applies, why, and what it asks.

use super::{PROFILE, at_home, document, policy, statement};
use crate::support::document as schema;
use crate::support::sandbox::Sandbox;

fn home() -> Sandbox {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.run(&["cert", "add", "--aws-signer"]).code, 0);
    let trust = format!(
        r#", "trustStores": ["signingAuthority:aws-signer-ts"], "trustedIdentities": ["{PROFILE}"]"#
    );
    let rest = r#", "trustStores": ["ca:none"], "trustedIdentities": ["*"]"#;
    let policies = document(&[
        statement(
            "images",
            "111122223333.dkr.ecr.us-west-2.amazonaws.com/app",
            "strict",
            &trust,
        ),
        statement("open", "docker.io/library/open", "skip", ""),
        statement("rest", "*", "audit", rest).replace(
            r#""level": "audit""#,
            r#""level": "audit", "override": {"authenticity": "enforce", "revocation": "skip"}"#,
        ),
    ]);
    sandbox.write_config("trustpolicy.oci.json", policies);
    sandbox
}

#[test]
fn a_statement_is_explained_whole() {
    let sandbox = home();
    let reference = "111122223333.dkr-ecr.us-west-2.on.aws/app:v1";
    let ran = policy(&sandbox, &["explain", reference]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let said = at_home(&sandbox, &ran.stdout);
    assert_eq!(said, include_str!("explain.txt"));
    let ran = policy(&sandbox, &["explain", "--output", "json", reference]);
    let found = schema::document(&ran, "policy-explanation.v1.schema.json");
    assert_eq!(found["statement"]["name"], "images");
    assert_eq!(
        found["reference"]["normalized"],
        "111122223333.dkr.ecr.us-west-2.amazonaws.com/app"
    );
}

#[test]
fn what_is_wrong_with_stores_what_is_changed_and_what_is_near_is_said() {
    let sandbox = home();
    let ran = policy(
        &sandbox,
        &[
            "explain",
            "--output",
            "json",
            "111122223333.dkr.ecr.us-west-2.amazonaws.com/app/sub",
        ],
    );
    let found = schema::document(&ran, "policy-explanation.v1.schema.json");
    let statement = &found["statement"];
    assert_eq!(
        statement["because"],
        "no other statement names this repository, and its scope is `*`; \
         `111122223333.dkr.ecr.us-west-2.amazonaws.com/app` of statement `images` is another repository"
    );
    assert_eq!(
        statement["trustStores"][0]["problem"],
        "the trust store `ca:none` does not exist"
    );
    assert_eq!(found["policy"]["trustStoreSha256"], serde_json::Value::Null);
    let plans: Vec<(&str, &str, bool)> = statement["validations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| {
            (
                plan["validation"].as_str().unwrap(),
                plan["action"].as_str().unwrap(),
                plan["isOverride"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        plans,
        [
            ("integrity", "enforce", false),
            ("authenticity", "enforce", true),
            ("expiry", "log", false),
            ("authenticTimestamp", "log", false),
            ("revocation", "skip", true),
        ]
    );
    let ran = policy(&sandbox, &["explain", "docker.io/open"]);
    assert_eq!(ran.code, 0);
    for line in [
        "  compared as: docker.io/library/open\n",
        "    integrity (skip): nothing\n",
        "  no trust store and no identity: no signature is examined\n",
    ] {
        assert!(ran.stdout.contains(line), "{ran:#?}");
    }
}

#[test]
fn without_a_statement_the_nearest_scope_is_named() {
    let sandbox = home();
    let trust = r#", "trustStores": ["ca:none"], "trustedIdentities": ["*"]"#;
    let only = document(&[statement(
        "images",
        "registry.example/team/app",
        "strict",
        trust,
    )]);
    let file = sandbox.write_config("trustpolicy.oci.json", only);
    let ran = policy(&sandbox, &["explain", "registry.example/team/apq"]);
    ran.assert_refused(
        1,
        &format!(
            "Error: no statement of the trust policy `{}` has the scope `registry.example/team/apq`",
            file.display()
        ),
    );
    ran.assert_says(
        "hint: the nearest scope is `registry.example/team/app` of statement `images`; add `registry.example/team/apq` \
         to the `registryScopes` of a statement",
    );
    let ran = policy(
        &sandbox,
        &["explain", "--output", "json", "registry.example/team/apq"],
    );
    let found = schema::document(&ran, "policy-explanation.v1.schema.json");
    assert_eq!(found["error"]["code"], "no-statement");
    assert_eq!(found["reference"]["scheme"], "https");
    let ran = policy(&sandbox, &["explain", "not a reference"]);
    assert_eq!(ran.code, 2, "{ran:#?}");
    let ran = policy(
        &sandbox,
        &["explain", "--output", "json", "not a reference"],
    );
    let found = schema::document(&ran, "policy-explanation.v1.schema.json");
    assert_eq!(found["error"]["code"], "not-begun");
}
