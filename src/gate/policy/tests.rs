use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::limits::{MAX_EXEMPTION_TIME, MAX_GATE_AGE, MAX_GATE_SIGNERS, MAX_POLICY_PROBLEMS};

mod exemptions;
mod rules;
mod scopes;

const NOW: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);
const PROFILE: &str = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/release";
const DIGEST: &str = "sha256:7777777777777777777777777777777777777777777777777777777777777777";

fn signer() -> Value {
    json!({ "name": "ci", "signingProfile": PROFILE })
}

fn rule() -> Value {
    json!({ "name": "r", "scopes": ["r.io/team/app"], "require": { "all": [signer()] } })
}

fn policy() -> Value {
    json!({ "version": "1.0", "rules": [rule()] })
}

/// The policy with a value at this JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut policy = policy();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match policy.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.insert(name.to_owned(), value)),
        Value::Array(array) => array.insert(name.parse().unwrap(), value),
        _ => unreachable!(),
    }
    policy
}

fn read(policy: &Value) -> Result<GatePolicy, GatePolicyError> {
    GatePolicy::parse(Path::new("g.json"), policy.to_string().as_bytes(), NOW)
}

/// Whether the schema takes the document.
fn fits_schema(policy: &Value) -> bool {
    let schema = include_str!("../../../schemas/gate-policy.v1.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    jsonschema::validator_for(&schema).unwrap().is_valid(policy)
}

/// The first problem: where it is, and what.
#[track_caller]
fn problem(policy: &Value) -> (String, String) {
    match read(policy) {
        Err(GatePolicyError::Invalid { problems }) => {
            (problems[0].pointer.clone(), problems[0].fault.to_string())
        }
        other => panic!("{other:?}: {policy:#}"),
    }
}

fn reference(repository: &str) -> Reference {
    Reference::parse(&format!("{repository}@{DIGEST}")).unwrap()
}

#[test]
fn a_policy_has_its_defaults() {
    let found = read(&policy()).unwrap();
    assert!(fits_schema(&policy()));
    let [rule] = found.rules() else {
        panic!("{found:?}");
    };
    assert_eq!(
        *rule,
        GateRule {
            name: "r".to_owned(),
            scopes: vec![GateScope::parse("r.io/team/app").unwrap()],
            need: Need::All,
            roles: vec![Role {
                name: "ci".to_owned(),
                signer: RoleSigner::SigningProfile(SigningProfile::parse(PROFILE).unwrap()),
                max_age: None,
                user_metadata: BTreeMap::new(),
            }],
            on_failure: OnFailure::Enforce,
            tags: Tags::Refuse,
            signed_index_covers: SignedIndexCovers::Image,
            revocation: RevocationNeed::Required,
            wildcard_statement: WildcardStatement::Refuse,
        }
    );
    assert!(found.plugins().is_empty() && found.exemptions().is_empty());
    assert!(!found.names_statements());
    assert_eq!(
        *found.sha256(),
        oci::sha256_digest(policy().to_string().as_bytes())
    );
}

#[test]
fn everything_that_a_policy_may_say_is_read() {
    let policy = json!({
        "$schema": "https://example.test/schema",
        "version": "1.0",
        "rules": [{
            "name": "team",
            "scopes": ["r.io/team/*", "r.io/other/app"],
            "require": { "atLeast": 2, "of": [
                { "name": "ci", "signingProfile": PROFILE, "maxAge": "720h",
                  "userMetadata": { "commit": true, "env": "prod" } },
                { "name": "sec", "statement": "s", "identity": "x509.subject: C=US, ST=WA, O=Sec" },
                { "name": "rel", "statement": "s", "identity": format!("{PROFILE}2/abcdefghij") },
            ] },
            "onFailure": "warn", "tags": "resolve", "signedIndexCovers": "index",
            "revocation": "asStatement", "wildcardStatement": "accept",
        }],
        "exemptions": [{ "repository": "public.ecr.aws/xray/daemon", "digest": DIGEST,
            "reason": "sidecar of AWS", "until": "2027-01-31T00:00:00Z" }],
        "plugins": [{ "name": "hsm", "directory": "/opt/plugins" }],
        "awsEndpoints": ["https://vpce.example/"],
        "awsSignerAnswersFor": "5m",
    });
    assert!(fits_schema(&policy));
    let found = read(&policy).unwrap();
    let rule = &found.rules()[0];
    assert_eq!(
        (rule.need, rule.needed(), rule.roles.len()),
        (Need::AtLeast(2), 2, 3)
    );
    assert_eq!(rule.roles[0].max_age, Some(Duration::from_hours(720)));
    assert_eq!(rule.roles[0].user_metadata["commit"], MetadataNeed::Present);
    assert_eq!(
        rule.roles[0].user_metadata["env"],
        MetadataNeed::Value("prod".to_owned())
    );
    assert_eq!(rule.on_failure, OnFailure::Warn);
    assert_eq!(rule.tags, Tags::Resolve);
    assert_eq!(rule.signed_index_covers, SignedIndexCovers::Index);
    assert_eq!(rule.revocation, RevocationNeed::AsStatement);
    assert_eq!(rule.wildcard_statement, WildcardStatement::Accept);
    assert!(found.names_statements());
    assert_eq!(found.plugins()["hsm"], Path::new("/opt/plugins"));
    assert!(found.allows_endpoint("HTTPS://VPCE.example:443"));
    assert!(!found.allows_endpoint("http://vpce.example"));
    assert_eq!(found.aws_signer_answers_for(), Some(Duration::from_mins(5)));
    assert_eq!(found.exemptions()[0].reason, "sidecar of AWS");
}

#[test]
fn an_unknown_member_has_its_place_and_the_near_one() {
    let text = "{\n  \"version\": \"1.0\",\n  \"rules\": [],\n  \"exemption\": []\n}";
    let error = GatePolicy::parse(Path::new("g.json"), text.as_bytes(), NOW).unwrap_err();
    let last = error.problems().iter().map(ToString::to_string);
    let all: Vec<String> = last.collect();
    assert_eq!(
        all,
        [
            "`g.json`, line 4, column 3: `/exemption`: unknown member `exemption`",
            "`g.json`, line 3, column 12: `/rules`: the list is empty",
        ]
    );
    assert_eq!(error.hint().as_deref(), Some("did you mean `exemptions`?"));
    assert_eq!(
        error.to_string(),
        format!("gate policy {} (and 1 more problem)", all[0])
    );
    let far = read(&with("/rules/0/threshold", json!(1))).unwrap_err();
    assert!(
        far.hint()
            .unwrap()
            .starts_with("the members are `name`, `scopes`")
    );
}

#[test]
fn what_is_no_document_is_refused() {
    let parse = |text: &[u8]| GatePolicy::parse(Path::new("g.json"), text, NOW).unwrap_err();
    assert_eq!(parse(b"{").to_string(), "malformed gate policy `g.json`");
    let twice = parse(br#"{"version": "1.0", "version": "1.0", "rules": []}"#);
    assert!(
        matches!(twice, GatePolicyError::Malformed { .. }),
        "{twice}"
    );
    assert!(matches!(parse(b"[]"), GatePolicyError::Invalid { .. }));
    let length = usize::try_from(MAX_GATE_POLICY_BYTES).unwrap();
    let long = vec![b' '; length + 1];
    assert!(matches!(parse(&long), GatePolicyError::TooLong { .. }));
    assert!(matches!(
        parse(&long[1..]),
        GatePolicyError::Malformed { .. }
    ));
    // A longer list of problems does not help.
    let rules: Vec<Value> = (0..MAX_POLICY_PROBLEMS + 5)
        .map(|_| json!({ "x": 1 }))
        .collect();
    let many = json!({ "version": "1.0", "rules": rules }).to_string();
    assert_eq!(parse(many.as_bytes()).problems().len(), MAX_POLICY_PROBLEMS);
}

#[test]
fn two_roles_for_one_signer_are_refused_where_both_may_be_needed() {
    let version = format!("{PROFILE}/abcdefghij");
    let subject =
        |name: &str, text: &str| json!({ "name": name, "statement": "s", "identity": text });
    for (one, other) in [
        (signer(), json!({ "name": "b", "signingProfile": version })),
        (signer(), subject("b", PROFILE)),
        (
            subject("a", "x509.subject: C=US, ST=WA, O=N"),
            subject("b", "x509.subject:O=N,S=WA,C=US"),
        ),
    ] {
        let name = one["name"].as_str().unwrap();
        let words = format!("the signer `{name}` is the same; one signer fills one role");
        let all = with("/rules/0/require", json!({ "all": [one, other] }));
        assert_eq!(
            problem(&all),
            ("/rules/0/require/all/1".to_owned(), words.clone())
        );
        let of = with(
            "/rules/0/require",
            json!({ "atLeast": 1, "of": [one, other] }),
        );
        assert_eq!(problem(&of), ("/rules/0/require/of/1".to_owned(), words));
        read(&with("/rules/0/require", json!({ "any": [one, other] }))).unwrap();
    }
    // A wider and a narrower identity may be two signers'.
    let two = [
        subject("a", "x509.subject: C=US, ST=WA, O=N"),
        subject("b", "x509.subject: C=US, ST=WA, O=N, CN=x"),
    ];
    read(&with("/rules/0/require", json!({ "all": two }))).unwrap();
    let same_name = [
        signer(),
        json!({ "name": "ci", "signingProfile": format!("{PROFILE}2") }),
    ];
    let all = with("/rules/0/require", json!({ "all": same_name }));
    assert_eq!(
        problem(&all),
        (
            "/rules/0/require/all/1".to_owned(),
            "the name `ci` is taken".to_owned()
        )
    );
}

#[test]
fn a_rule_has_so_many_signers_at_most() {
    let signers = |count: usize| -> Value {
        let signers: Vec<Value> = (0..count)
            .map(|n| json!({ "name": format!("{n}"), "signingProfile": format!("{PROFILE}{n}") }))
            .collect();
        with("/rules/0/require", json!({ "all": signers }))
    };
    read(&signers(MAX_GATE_SIGNERS)).unwrap();
    assert_eq!(
        problem(&signers(MAX_GATE_SIGNERS + 1)),
        (
            "/rules/0/require/all".to_owned(),
            "the list has more than 16 elements".to_owned()
        )
    );
    assert!(!fits_schema(&signers(MAX_GATE_SIGNERS + 1)));
    assert_eq!(MAX_GATE_AGE.as_secs() / 3_600, 87_672);
}
