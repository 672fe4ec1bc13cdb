//! Every rule of a gate policy: what breaks it, where, and what is said.

use super::*;

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
            "/awsSignerAnswersFor",
            json!("61m"),
            "/awsSignerAnswersFor",
            "`61m` is not greater than zero and at most 1h",
            false,
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
