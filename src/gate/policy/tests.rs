use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::limits::{MAX_EXEMPTION_TIME, MAX_GATE_AGE, MAX_GATE_SIGNERS, MAX_POLICY_PROBLEMS};

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
                signer: RoleSigner::SigningProfile(
                    crate::aws::SigningProfile::parse(PROFILE).unwrap()
                ),
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
    assert_eq!(found.exemptions()[0].reason, "sidecar of AWS");
}

/// Each rule that is broken, where it is broken, and in which words; and that the schema refuses it, too, unless it
/// cannot say so.
#[test]
#[expect(clippy::too_many_lines, reason = "a table of every rule")]
fn every_rule_is_held() {
    let first = "/rules/0/require/all/0";
    let long = "x".repeat(201);
    for (pointer, value, place, words, in_schema) in [
        (
            "/version",
            json!("2"),
            "/version",
            "version `2` is not supported, wanted `1.0`",
            true,
        ),
        (
            "/version",
            json!(1),
            "/version",
            "found a number, wanted a string",
            true,
        ),
        ("/rule", json!([]), "/rule", "unknown member `rule`", true),
        ("/rules", json!([]), "/rules", "the list is empty", true),
        (
            "/rules",
            json!({}),
            "/rules",
            "found an object, wanted an array",
            true,
        ),
        (
            "/rules",
            Value::Null,
            "/rules",
            "found null, wanted an array",
            true,
        ),
        (
            "/rules/0",
            json!("x"),
            "/rules/0",
            "found a string, wanted an object",
            true,
        ),
        (
            "/rules/0/name",
            json!(" "),
            "/rules/0/name",
            "the text is empty",
            true,
        ),
        (
            "/rules/0/nane",
            json!("x"),
            "/rules/0/nane",
            "unknown member `nane`",
            true,
        ),
        (
            "/rules/0/$schema",
            json!("x"),
            "/rules/0/$schema",
            "unknown member `$schema`",
            true,
        ),
        (
            "/rules/0/scopes",
            json!([]),
            "/rules/0/scopes",
            "the list is empty",
            true,
        ),
        (
            "/rules/0/scopes",
            json!(["*"]),
            "/rules/0/scopes/0",
            "`*` is not a scope",
            true,
        ),
        (
            "/rules/0/scopes",
            json!(["r.io/te*"]),
            "/rules/0/scopes/0",
            "`r.io/te*` is not a scope",
            true,
        ),
        (
            "/rules/0/scopes",
            json!(["r.io/a:v1"]),
            "/rules/0/scopes/0",
            "`r.io/a:v1` is not a scope",
            true,
        ),
        (
            "/rules/0/scopes",
            json!([7]),
            "/rules/0/scopes/0",
            "found a number, wanted a string",
            true,
        ),
        (
            "/rules/0/onFailure",
            json!("block"),
            "/rules/0/onFailure",
            "found `block`, wanted `enforce` or `warn`",
            true,
        ),
        (
            "/rules/0/onFailure",
            json!("Warn"),
            "/rules/0/onFailure",
            "found `Warn`, wanted `enforce` or `warn`",
            true,
        ),
        (
            "/rules/0/onFailure",
            json!(false),
            "/rules/0/onFailure",
            "found a boolean, wanted a string",
            true,
        ),
        (
            "/rules/0/tags",
            json!("allow"),
            "/rules/0/tags",
            "found `allow`, wanted `refuse` or `resolve`",
            true,
        ),
        (
            "/rules/0/signedIndexCovers",
            json!("nothing"),
            "/rules/0/signedIndexCovers",
            "found `nothing`, wanted `image` or `index`",
            true,
        ),
        (
            "/rules/0/revocation",
            json!("skip"),
            "/rules/0/revocation",
            "found `skip`, wanted `required` or `asStatement`",
            true,
        ),
        (
            "/rules/0/wildcardStatement",
            json!(true),
            "/rules/0/wildcardStatement",
            "found a boolean, wanted a string",
            true,
        ),
        (
            "/rules/0/require",
            json!([]),
            "/rules/0/require",
            "found an array, wanted an object",
            true,
        ),
        (
            "/rules/0/require",
            json!({}),
            "/rules/0/require",
            "a requirement is `all`, `any`, or `atLeast` and `of`",
            true,
        ),
        (
            "/rules/0/require/any",
            json!([signer()]),
            "/rules/0/require",
            "a requirement is `all`, `any`, or `atLeast` and `of`",
            true,
        ),
        (
            "/rules/0/require",
            json!({ "of": [signer()] }),
            "/rules/0/require",
            "a requirement is `all`, `any`, or `atLeast` and `of`",
            true,
        ),
        (
            "/rules/0/require",
            json!({ "all": [] }),
            "/rules/0/require/all",
            "the list is empty",
            true,
        ),
        (
            "/rules/0/require",
            json!({ "atLeast": 0, "of": [signer()] }),
            "/rules/0/require/atLeast",
            "`atLeast` is 0, wanted 1 to 1, the number of signers",
            true,
        ),
        (
            "/rules/0/require",
            json!({ "atLeast": 2, "of": [signer()] }),
            "/rules/0/require/atLeast",
            "`atLeast` is 2, wanted 1 to 1, the number of signers",
            false,
        ),
        (
            "/rules/0/require",
            json!({ "atLeast": 1.5, "of": [signer()] }),
            "/rules/0/require/atLeast",
            "`atLeast` is 1.5, wanted 1 to 1, the number of signers",
            true,
        ),
        (
            "/rules/0/require",
            json!({ "atLeast": "1", "of": [signer()] }),
            "/rules/0/require/atLeast",
            "found a string, wanted a number",
            true,
        ),
        (
            first,
            json!({ "name": "x" }),
            first,
            "a signer is a `signingProfile`, or a `statement` with an `identity`",
            true,
        ),
        (
            "/rules/0/require/all/0/statement",
            json!("s"),
            first,
            "a signer is a `signingProfile`, or a `statement` with an `identity`",
            true,
        ),
        (
            first,
            json!({ "name": "x", "identity": "y:z" }),
            first,
            "a signer is a `signingProfile`, or a `statement` with an `identity`",
            true,
        ),
        (
            first,
            json!({ "signingProfile": PROFILE }),
            first,
            "the member `name` is missing",
            true,
        ),
        (
            "/rules/0/require/all/0/signingProfile",
            json!("release"),
            "/rules/0/require/all/0/signingProfile",
            "not the ARN of a signing profile",
            true,
        ),
        (
            "/rules/0/require/all/0/signingProfile",
            json!("arn:aws:signer:us-east-1:111122223333:/signing-jobs/a"),
            "/rules/0/require/all/0/signingProfile",
            "not the ARN of a signing profile",
            true,
        ),
        (
            first,
            json!({ "name": "x", "statement": "s", "identity": "*" }),
            "/rules/0/require/all/0/identity",
            "`*` names no signer",
            true,
        ),
        (
            first,
            json!({ "name": "x", "statement": "s", "identity": "x509.subject: CN=a" }),
            "/rules/0/require/all/0/identity",
            "not a subject that can be trusted",
            false,
        ),
        (
            "/rules/0/require/all/0/maxAge",
            json!("30d"),
            "/rules/0/require/all/0/maxAge",
            "unknown unit \"d\" in duration \"30d\"",
            true,
        ),
        (
            "/rules/0/require/all/0/maxAge",
            json!("0s"),
            "/rules/0/require/all/0/maxAge",
            "`0s` is not greater than zero and at most 87672h",
            false,
        ),
        (
            "/rules/0/require/all/0/maxAge",
            json!("-1h"),
            "/rules/0/require/all/0/maxAge",
            "`-1h` is not greater than zero and at most 87672h",
            true,
        ),
        (
            "/rules/0/require/all/0/maxAge",
            json!("87673h"),
            "/rules/0/require/all/0/maxAge",
            "`87673h` is not greater than zero and at most 87672h",
            false,
        ),
        (
            "/rules/0/require/all/0/maxAge",
            json!(720),
            "/rules/0/require/all/0/maxAge",
            "found a number, wanted a string",
            true,
        ),
        (
            "/rules/0/require/all/0/userMetadata",
            json!({}),
            "/rules/0/require/all/0/userMetadata",
            "the list is empty",
            true,
        ),
        (
            "/rules/0/require/all/0/userMetadata",
            json!({ "a": false }),
            "/rules/0/require/all/0/userMetadata/a",
            "found a boolean, wanted the value, or `true` for any value",
            true,
        ),
        (
            "/rules/0/require/all/0/userMetadata",
            json!({ "a": "" }),
            "/rules/0/require/all/0/userMetadata/a",
            "the text is empty",
            true,
        ),
        (
            "/rules/0/require/all/0/userMetadata",
            json!({ "a": 1 }),
            "/rules/0/require/all/0/userMetadata/a",
            "found a number, wanted the value, or `true` for any value",
            true,
        ),
        (
            "/plugins",
            json!([{ "name": "../x", "directory": "/p" }]),
            "/plugins/0/name",
            "`../x` is not the name of a plugin that can be added",
            true,
        ),
        (
            "/plugins",
            json!([{ "name": long, "directory": "/p" }]),
            "/plugins/0/name",
            &format!("`{long}` is not the name of a plugin that can be added"),
            true,
        ),
        (
            "/plugins",
            json!([{ "name": "com.amazonaws.signer.notation.plugin", "directory": "/p" }]),
            "/plugins/0/name",
            "`com.amazonaws.signer.notation.plugin` is not the name of a plugin that can be added",
            false,
        ),
        (
            "/plugins",
            json!([{ "name": "x", "directory": "plugins" }]),
            "/plugins/0/directory",
            "`plugins` is not an absolute path",
            true,
        ),
        (
            "/plugins",
            json!([{ "name": "x" }]),
            "/plugins/0",
            "the member `directory` is missing",
            true,
        ),
        (
            "/plugins",
            json!([{ "name": "x", "directory": "/a" }, { "name": "x", "directory": "/b" }]),
            "/plugins/1/name",
            "the name `x` is taken",
            false,
        ),
        (
            "/awsEndpoints",
            json!(["vpce.example"]),
            "/awsEndpoints/0",
            "`vpce.example` is not the URL of an endpoint",
            true,
        ),
        (
            "/awsEndpoints",
            json!(["https://u:p@h"]),
            "/awsEndpoints/0",
            "`https://h/` is not the URL of an endpoint",
            false,
        ),
    ] {
        let changed = if pointer == first {
            let mut changed = policy();
            *changed.pointer_mut(first).unwrap() = value;
            changed
        } else if pointer == "/rules/0" {
            json!({ "version": "1.0", "rules": [value] })
        } else {
            with(pointer, value)
        };
        assert_eq!(
            problem(&changed),
            (place.to_owned(), words.to_owned()),
            "{changed:#}"
        );
        assert_eq!(!fits_schema(&changed), in_schema, "{changed:#}");
    }
    for name in ["version", "rules"] {
        let mut lacking = policy();
        lacking.as_object_mut().unwrap().remove(name);
        let words = format!("the member `{name}` is missing");
        assert_eq!(problem(&lacking), (String::new(), words));
    }
    for name in ["name", "scopes", "require"] {
        let mut lacking = policy();
        lacking["rules"][0].as_object_mut().unwrap().remove(name);
        let words = format!("the member `{name}` is missing");
        assert_eq!(problem(&lacking), ("/rules/0".to_owned(), words));
    }
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
    // More problems help nobody.
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

fn two_rules(one: &str, other: &str) -> Value {
    let mut policy = policy();
    policy["rules"][0]["scopes"] = json!([one]);
    let mut second = rule();
    second["name"] = json!("second");
    second["scopes"] = json!([other]);
    policy["rules"].as_array_mut().unwrap().push(second);
    policy
}

#[test]
fn two_scopes_of_equal_rank_are_refused_however_they_are_spelled() {
    for (one, other) in [
        ("r.io/team/app", "r.io/team/app"),
        ("r.io/team/*", "R.IO:443/team/*"),
        ("docker.io/nginx", "index.docker.io/library/nginx"),
        (
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/*",
            "111122223333.dkr-ecr.us-east-1.on.aws/*",
        ),
    ] {
        assert_eq!(
            problem(&two_rules(one, other)),
            (
                "/rules/1/scopes/0".to_owned(),
                format!("`{other}` covers the same repositories as `{one}` of the rule `r`")
            )
        );
    }
    read(&two_rules("r.io/team/*", "r.io/team/app")).unwrap();
    read(&two_rules("r.io/team", "r.io/team/*")).unwrap();
    let mut same_name = two_rules("r.io/a", "r.io/b");
    same_name["rules"][1]["name"] = json!("r");
    assert_eq!(
        problem(&same_name),
        (
            "/rules/1/name".to_owned(),
            "the name `r` is taken".to_owned()
        )
    );
    let twice = with("/rules/0/scopes", json!(["r.io/a", "r.io/a"]));
    assert_eq!(problem(&twice).0, "/rules/0/scopes/1");
}

#[test]
fn exact_beats_prefix_and_longer_beats_shorter() {
    let mut policy = policy();
    let named = |name: &str, scope: &str| {
        let mut rule = rule();
        rule["name"] = json!(name);
        rule["scopes"] = json!([scope]);
        rule
    };
    policy["rules"] = json!([
        named("host", "r.io/*"),
        named("app", "r.io/team/app"),
        named("team", "r.io/team/*"),
    ]);
    let policy = read(&policy).unwrap();
    for (repository, wanted) in [
        ("r.io/team/app", Some("app")),
        ("r.io/team/app/x", Some("team")),
        ("r.io/team/other", Some("team")),
        ("r.io/team", Some("host")),
        ("r.io/teams/app", Some("host")),
        ("r.io.evil.test/team/app", None),
        ("other.io/team/app", None),
    ] {
        let found = policy.rule(&reference(repository), Scheme::Https);
        assert_eq!(
            found.ok().map(|rule| rule.name.as_str()),
            wanted,
            "{repository}"
        );
    }
    let none = policy
        .rule(&reference("other.io/a"), Scheme::Https)
        .unwrap_err();
    assert_eq!(
        none.to_string(),
        "no rule of the gate policy `g.json` covers `other.io/a`"
    );
}

#[test]
fn a_port_that_only_one_scheme_has_makes_two_rules_alike() {
    let policy = read(&two_rules("r.io/team/*", "r.io:80/team/*")).unwrap();
    let reference = reference("r.io/team/app");
    assert_eq!(policy.rule(&reference, Scheme::Https).unwrap().name, "r");
    let error = policy.rule(&reference, Scheme::Http).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the rules `r` and `second` of the gate policy `g.json` cover `r.io/team/app` alike"
    );
}

fn exempting(changes: &Value) -> Value {
    let mut exemption = json!({ "repository": "public.ecr.aws/aws/x", "digest": DIGEST,
        "reason": "sidecar", "until": "2027-02-01T00:00:00Z" });
    for (name, value) in changes.as_object().unwrap() {
        exemption[name] = value.clone();
    }
    with("/exemptions", json!([exemption]))
}

#[test]
fn an_exemption_is_for_one_image_and_at_most_90_days() {
    for (changes, pointer, words) in [
        (
            json!({ "repository": "public.ecr.aws/aws/*" }),
            "repository",
            "an exemption is for one repository, not for `public.ecr.aws/aws/*`",
        ),
        (
            json!({ "digest": "sha256:7" }),
            "digest",
            "`sha256:7` is not a digest",
        ),
        (
            json!({ "digest": "latest" }),
            "digest",
            "`latest` is not a digest",
        ),
        (json!({ "reason": "" }), "reason", "the text is empty"),
        (
            json!({ "until": "2027-02-01" }),
            "until",
            "`2027-02-01` is not a time in RFC 3339",
        ),
        (
            json!({ "until": "2027-02-27T12:00:01Z" }),
            "until",
            "`2027-02-27T12:00:01Z` is more than 90 days from now",
        ),
        (
            json!({ "until": "9999-12-31T23:59:59Z" }),
            "until",
            "`9999-12-31T23:59:59Z` is more than 90 days from now",
        ),
    ] {
        let place = format!("/exemptions/0/{pointer}");
        assert_eq!(problem(&exempting(&changes)), (place, words.to_owned()));
    }
    for name in ["repository", "digest", "reason", "until"] {
        let mut lacking = exempting(&json!({}));
        lacking["exemptions"][0]
            .as_object_mut()
            .unwrap()
            .remove(name);
        assert_eq!(
            problem(&lacking).1,
            format!("the member `{name}` is missing")
        );
        assert!(!fits_schema(&lacking));
    }
    let mut twice = exempting(&json!({}));
    let again = twice["exemptions"][0].clone();
    twice["exemptions"].as_array_mut().unwrap().push(again);
    assert_eq!(
        problem(&twice).1,
        "the same repository and digest are exempted above"
    );
    // At the limit, and one that has ended.
    assert_eq!(MAX_EXEMPTION_TIME.as_secs(), 90 * 86_400);
    read(&exempting(&json!({ "until": "2027-02-27T12:00:00Z" }))).unwrap();
    read(&exempting(&json!({ "until": "2026-01-01T00:00:00Z" }))).unwrap();
}

#[test]
fn an_exemption_covers_its_repository_and_digest_until_it_ends() {
    let until = datetime!(2027-02-01 00:00 UTC);
    let policy = read(&exempting(&json!({}))).unwrap();
    let exempts = |text: &str, now| {
        let reference = Reference::parse(text).unwrap();
        policy.exemption(&reference, Scheme::Https, now).is_some()
    };
    let image = format!("public.ecr.aws/aws/x@{DIGEST}");
    assert!(exempts(&image, NOW));
    assert!(exempts(&image, until - time::Duration::SECOND));
    assert!(!exempts(&image, until));
    assert!(exempts(
        &format!("ecr-public.aws.com/aws/x:v1@{DIGEST}"),
        NOW
    ));
    let other = DIGEST.replace('7', "8");
    for text in [
        format!("public.ecr.aws/aws/x@{other}"),
        format!("public.ecr.aws/aws/y@{DIGEST}"),
        format!("public.ecr.aws/aws/x/y@{DIGEST}"),
        "public.ecr.aws/aws/x:v1".to_owned(),
    ] {
        assert!(!exempts(&text, NOW), "{text}");
    }
    let over = Reference::parse(&image).unwrap();
    let none = policy.rule(&over, Scheme::Https).unwrap_err();
    assert!(
        none.hint()
            .starts_with("the exemption of this image ended on 2027-02-01T00:00:00Z")
    );
    assert_eq!(policy.warnings(until).len(), 1);
    assert_eq!(policy.warnings(NOW), []);
}

#[test]
fn a_more_specific_scope_that_asks_less_is_warned_of() {
    let other = json!({ "name": "sec", "signingProfile": format!("{PROFILE}2") });
    let aged = |age: &str| json!({ "name": "a", "signingProfile": PROFILE, "maxAge": age });
    let with_metadata = |value: Value| json!({ "name": "a", "signingProfile": PROFILE, "userMetadata": { "k": value } });
    let require = |narrow: Value, wide: Value| {
        let mut policy = two_rules("r.io/team/app", "r.io/team/*");
        policy["rules"][0]["require"] = narrow;
        policy["rules"][1]["require"] = wide;
        read(&policy).unwrap().warnings(NOW)
    };
    let both = || json!({ "all": [signer(), other] });
    let any = || json!({ "any": [signer(), other] });
    let one = || json!({ "all": [signer()] });
    for (narrow, wide, asks_less) in [
        (one(), both(), true),
        (any(), both(), true),
        (any(), one(), true),
        (both(), one(), false),
        (one(), any(), false),
        (both(), both(), false),
        (any(), any(), false),
        (
            json!({ "atLeast": 1, "of": [signer(), other] }),
            any(),
            false,
        ),
        (
            json!({ "all": [aged("24h")] }),
            json!({ "all": [aged("48h")] }),
            false,
        ),
        (
            json!({ "all": [aged("48h")] }),
            json!({ "all": [aged("24h")] }),
            true,
        ),
        (one(), json!({ "all": [aged("24h")] }), true),
        (
            json!({ "all": [with_metadata(json!("v"))] }),
            json!({ "all": [with_metadata(json!(true))] }),
            false,
        ),
        (
            json!({ "all": [with_metadata(json!(true))] }),
            json!({ "all": [with_metadata(json!("v"))] }),
            true,
        ),
        (one(), json!({ "all": [with_metadata(json!(true))] }), true),
    ] {
        let warnings = require(narrow.clone(), wide.clone());
        assert_eq!(
            !warnings.is_empty(),
            asks_less,
            "{narrow} {wide}: {warnings:?}"
        );
    }
    for (name, lax) in [
        ("onFailure", "warn"),
        ("tags", "resolve"),
        ("signedIndexCovers", "index"),
        ("revocation", "asStatement"),
        ("wildcardStatement", "accept"),
    ] {
        let mut policy = two_rules("r.io/team/app", "r.io/*");
        policy["rules"][0][name] = json!(lax);
        let warnings = read(&policy).unwrap().warnings(NOW);
        assert_eq!(
            warnings[0].to_string(),
            format!(
                "the scope `r.io/team/app` of the rule `r` asks less than the wider scope `r.io/*` of the rule `second`: {name}"
            )
        );
        // The wider rule may ask less.
        policy["rules"][1][name] = json!(lax);
        policy["rules"][0].as_object_mut().unwrap().remove(name);
        assert_eq!(read(&policy).unwrap().warnings(NOW), []);
    }
}
