//! `policy test`: what a policy decides, compared with a table.

use serde_json::json;

use super::{PROFILE, document, policy, statement, write};
use crate::support::document as schema;
use crate::support::sandbox::Sandbox;

fn home() -> Sandbox {
    let sandbox = Sandbox::new();
    let trust = |store: &str, identity: &str| {
        format!(r#", "trustStores": ["{store}"], "trustedIdentities": ["{identity}"]"#)
    };
    let aws = trust("signingAuthority:aws-signer-ts", PROFILE);
    let acme = trust("ca:acme", "x509.subject: C=US, ST=WA, O=acme");
    let everybody = trust("signingAuthority:aws-signer-ts", "*");
    let version = trust(
        "signingAuthority:aws-signer-ts",
        &format!("{PROFILE}/0123456789"),
    );
    write(
        &sandbox,
        "policy.json",
        document(&[
            statement("images", "registry.example/app", "strict", &aws),
            statement("tried", "registry.example/tried", "audit", &acme),
            statement("open", "registry.example/open", "skip", ""),
            statement("wild", "registry.example/wild", "strict", &everybody),
            statement("one", "registry.example/one", "strict", &version),
            statement("acme", "docker.io/acme", "strict", &acme),
        ]),
    );
    sandbox
}

const ACME: &str = "x509.subject: C=US, ST=WA, O=acme, CN=ci";
const OTHER: &str = "arn:aws:signer:us-west-2:111122223333:/signing-profiles/Other";

#[test]
fn statements_signers_levels_and_metadata_decide() {
    let sandbox = home();
    let case = |reference: &str, signer: Option<&str>, expected: &str, statement: Option<&str>| {
        json!({"reference": reference, "signer": signer, "expected": expected, "statement": statement,
            "userMetadata": {"env": "prod"}})
    };
    let cases = json!({"version": "1", "cases": [
        case("registry.example/app:v1", Some(PROFILE), "accept", Some("images")),
        case("REGISTRY.example:443/app", Some(&format!("{PROFILE}/0123456789")), "accept", Some("images")),
        case("registry.example/app", Some(OTHER), "reject", Some("images")),
        case("registry.example/app", Some(ACME), "reject", Some("images")),
        case("registry.example/app", None, "reject", Some("images")),
        case("registry.example/app/sub", Some(PROFILE), "reject", None),
        case("registry.example/tried", Some(ACME), "accept", Some("tried")),
        case("registry.example/tried", Some(PROFILE), "tolerate", Some("tried")),
        case("registry.example/open", None, "skip", Some("open")),
        // AWS Signer's customers all sign under one root.
        case("registry.example/wild", Some(PROFILE), "reject", Some("wild")),
        case("registry.example/one", Some(PROFILE), "reject", Some("one")),
        case("registry.example/one", Some(&format!("{PROFILE}/0123456789")), "accept", Some("one")),
        case("index.docker.io/library/acme", Some(ACME), "accept", Some("acme")),
    ]});
    schema::assert_valid(&cases, "policy-cases.v1.schema.json");
    write(&sandbox, "cases.json", cases.to_string());
    let run = |more: &[&str]| {
        let all = [
            "test",
            "--policy",
            "policy.json",
            "--output",
            "json",
            "cases.json",
        ];
        policy(&sandbox, &[&all, more].concat())
    };
    let ran = run(&[]);
    let found = schema::document(&ran, "policy-test.v1.schema.json");
    assert_eq!((ran.code, &found["failed"]), (0, &json!(0)), "{found:#}");
    assert_eq!(run(&["-m", "env=prod"]).code, 0);
    // Metadata counts at every level but `skip`.
    let ran = run(&["-m", "env=test"]);
    let found = schema::document(&ran, "policy-test.v1.schema.json");
    let decided: Vec<&str> = found["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["found"].as_str().unwrap())
        .collect();
    assert_eq!(ran.code, 1);
    assert!(
        decided.iter().all(|word| ["reject", "skip"].contains(word)),
        "{decided:?}"
    );
    assert_eq!(
        found["results"][0]["reason"],
        "the user metadata `env` must be `test` and is `prod`"
    );
}

#[test]
fn the_answer_says_what_was_judged_and_never_that_a_signature_was() {
    let sandbox = home();
    let cases = json!({"version": "1", "cases": [
        {"name": "ours", "reference": "registry.example/app", "signer": PROFILE, "expected": "accept"},
        {"reference": "registry.example/app", "signer": OTHER, "expected": "accept", "statement": "tried"},
    ]});
    write(&sandbox, "cases.json", cases.to_string());
    let ran = policy(&sandbox, &["test", "--policy", "policy.json", "cases.json"]);
    let said = "ok case 1 (ours): registry.example/app: accept by statement `images`\n\
                FAILED case 2: registry.example/app: reject by statement `images`; expected: accept by statement `tried`\n  \
                signed with `arn:aws:signer:us-west-2:111122223333:/signing-profiles/Other/0000000000`, which is not a trusted identity\n\
                policy.json: 1 as expected, 1 not; the policy was judged, not signatures: no registry, signature, \
                certificate or revocation was examined\n";
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (1, said, "")
    );
    let json = policy(
        &sandbox,
        &[
            "test",
            "--policy",
            "policy.json",
            "--output",
            "json",
            "cases.json",
        ],
    );
    assert_eq!(
        schema::document(&json, "policy-test.v1.schema.json")["judged"],
        "policy"
    );
    let help = policy(&sandbox, &["test", "--help"]);
    for text in [&ran.stdout, &json.stdout, &help.stdout] {
        assert!(!text.contains("verified"), "{text}");
    }
}

#[test]
fn cases_that_cannot_be_read_are_wrong_usage() {
    let sandbox = home();
    let profile =
        format!(r#"{{"reference": "r.example/a", "signer": "{PROFILE}", "expected": "accept"}}"#);
    for (cases, line) in [
        ("{", "Error: the cases in `cases.json` cannot be read"),
        (
            r#"[null, "1", []]"#,
            "Error: `cases.json` is an array, wanted an object with `version` and `cases`",
        ),
        (
            r#"{"version": "1", "cases": []}"#,
            "Error: `cases.json` has no cases",
        ),
        (
            &format!(r#"{{"version": "2", "cases": [{profile}]}}"#),
            "Error: the cases in `cases.json` have version `2`; allowed: `1`",
        ),
        (
            r#"{"version": "1", "cases": [{"reference": "r.example/a", "expected": "verified"}]}"#,
            "Error: the cases in `cases.json` cannot be used: `cases[0].expected`: unknown variant `verified`, \
             expected one of `accept`, `tolerate`, `reject`, `skip` at line 1 column 78",
        ),
        (
            r#"{"version": "1", "cases": [{"reference": "r.example/a", "signr": "x", "expected": "skip"}]}"#,
            "Error: the cases in `cases.json` cannot be used: `cases[0].signr`: unknown field `signr`, expected one \
             of `name`, `reference`, `signer`, `userMetadata`, `expected`, `statement`, `signatures`, `rule` at line 1 column 63",
        ),
        (
            r#"{"version": "1", "cases": [{"reference": "r.example/a", "signer": "me", "expected": "skip"}]}"#,
            "Error: found signer `me`; allowed: a signing profile's ARN, or `x509.subject: C=.., ST=.., O=..`",
        ),
    ] {
        write(&sandbox, "cases.json", cases);
        let ran = policy(&sandbox, &["test", "--policy", "policy.json", "cases.json"]);
        ran.assert_refused(2, line);
    }
}
