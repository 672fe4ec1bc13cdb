//! Which rule an image falls under: scopes, their ranks, and those that say less than they seem to.

use super::*;

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

#[test]
fn a_more_specific_scope_that_asks_less_is_warned_of() {
    let other = json!({ "name": "sec", "signingProfile": format!("{PROFILE}2") });
    let aged = |age: &str| json!({ "name": "a", "signingProfile": PROFILE, "maxAge": age });
    let with_metadata = |value: Value| json!({ "name": "a", "signingProfile": PROFILE, "userMetadata": { "k": value } });
    let versioned =
        |version: &str| json!({ "name": "a", "signingProfile": format!("{PROFILE}/{version}") });
    let under =
        |statement: &str| json!({ "name": "a", "statement": statement, "identity": PROFILE });
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
        (one(), json!({ "all": [versioned("AAAAAAAAAA")] }), true),
        (json!({ "all": [versioned("AAAAAAAAAA")] }), one(), false),
        (
            json!({ "all": [versioned("AAAAAAAAAA")] }),
            json!({ "all": [versioned("BBBBBBBBBB")] }),
            true,
        ),
        (
            json!({ "all": [under("strict")] }),
            json!({ "all": [under("strict")] }),
            false,
        ),
        (
            json!({ "all": [under("lax")] }),
            json!({ "all": [under("strict")] }),
            true,
        ),
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
