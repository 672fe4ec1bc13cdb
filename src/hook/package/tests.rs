use serde_json::{Value, json};

use super::*;
use crate::causes;

const PARAMETER: &str = "arn:aws:ssm:us-west-2:111122223333:parameter/gate/policy";

fn parse(config: &Value) -> Result<Package, PackageError> {
    Package::parse(Path::new("/var/task"), config.to_string().as_bytes())
}

fn said(config: &Value) -> String {
    let error = parse(config).unwrap_err();
    assert!(error.hint().is_some());
    let mut words = vec![error.to_string()];
    words.extend(causes::beyond(&error.to_string(), &error));
    words.join(": ")
}

fn with_policy(policy: &Value) -> Value {
    json!({ "version": "1.0", "gatePolicy": policy })
}

#[test]
fn without_a_configuration_the_policy_is_in_the_package() {
    let directory = tempfile::tempdir().unwrap();
    let package = Package::read(directory.path()).unwrap();
    let wanted = directory.path().join("gate-policy.json");
    assert_eq!(package.policy, PolicySource::File(wanted));
    assert_eq!(
        (package.waits, package.stops),
        (
            Waits {
                inconclusive: true,
                not_signed: false
            },
            None
        )
    );
    assert_eq!(
        parse(&json!({ "version": "1.0" })).unwrap().waits,
        Waits::default()
    );
}

#[test]
fn a_policy_outside_is_pinned_or_says_that_it_is_not() {
    let hash = "ab".repeat(32);
    for (policy, is_pinned) in [
        (json!({ "ssmParameter": PARAMETER, "sha256": hash }), true),
        (
            json!({ "ssmParameter": PARAMETER, "unpinned": true }),
            false,
        ),
        (
            json!({ "secret": "arn:aws:secretsmanager:us-west-2:111122223333:secret:gate-a1b2c3", "unpinned": true }),
            false,
        ),
        (
            json!({ "s3Object": { "bucket": "gates", "key": "prod.json", "region": "us-west-2" }, "sha256": hash }),
            true,
        ),
    ] {
        let package = parse(&with_policy(&policy)).unwrap();
        let PolicySource::Stored { pin, region, .. } = package.policy else {
            panic!("{policy}");
        };
        assert_eq!(
            (pin.is_some(), region.as_str()),
            (is_pinned, "us-west-2"),
            "{policy}"
        );
    }
}

#[test]
fn whatever_leaves_open_who_decides_is_refused() {
    let hash = "ab".repeat(32);
    let either = "`gatePolicy` of `countersign-hook.json` must be with either `sha256`, or `unpinned` set to `true`";
    let one = "`gatePolicy` of `countersign-hook.json` must be exactly one of `file`, `ssmParameter`, `secret` and \
               `s3Object`";
    for (policy, words) in [
        (json!({}), one),
        (json!({ "file": "a.json", "ssmParameter": PARAMETER }), one),
        (json!({ "ssmParameter": PARAMETER }), either),
        (
            json!({ "ssmParameter": PARAMETER, "unpinned": false }),
            either,
        ),
        (
            json!({ "ssmParameter": PARAMETER, "sha256": hash, "unpinned": true }),
            either,
        ),
        (
            json!({ "ssmParameter": PARAMETER, "sha256": "AB".repeat(32) }),
            "`gatePolicy.sha256` of `countersign-hook.json` must be 64 lower-case hexadecimal digits",
        ),
        (
            json!({ "ssmParameter": "gate", "unpinned": true }),
            "`gatePolicy.ssmParameter` of `countersign-hook.json` must be the parameter's ARN",
        ),
        (
            json!({ "file": "../gate.json" }),
            "`gatePolicy.file` of `countersign-hook.json` must be a path inside the package",
        ),
        (
            json!({ "file": "/tmp/gate.json" }),
            "`gatePolicy.file` of `countersign-hook.json` must be a path inside the package",
        ),
        (
            json!({ "file": "gate.json", "unpinned": true }),
            "`gatePolicy` of `countersign-hook.json` must be without `sha256` and `unpinned` where it is a file of \
             the package",
        ),
    ] {
        assert_eq!(said(&with_policy(&policy)), words);
    }
}

#[test]
fn unknown_and_doubled_members_are_refused() {
    for text in [
        r#"{ "version": "1.0", "mode": "warn" }"#,
        r#"{ "version": "1.0", "version": "1.0" }"#,
        r#"{ "version": "1.0", "gatePolicy": { "file": "a", "file": "b" } }"#,
        r#"{ "version": "1.0", "waitFor": ["rejected"] }"#,
        r#"{ "version": "1.0" } x"#,
        "",
    ] {
        let error = Package::parse(Path::new("/var/task"), text.as_bytes()).unwrap_err();
        assert!(matches!(error, PackageError::Malformed(_)), "{text}");
    }
    assert_eq!(
        said(&json!({ "version": "2.0" })),
        "`version` of `countersign-hook.json` must be `1.0`"
    );
}

#[test]
fn tasks_are_stopped_only_in_clusters_with_a_name() {
    let cluster = "arn:aws:ecs:us-west-2:111122223333:cluster/prod";
    let stops = |clusters: Value, most: u64| json!({ "version": "1.0", "stopTasks": { "clusters": clusters, "mostPerHour": most } });
    let package = parse(&stops(json!([cluster]), 5)).unwrap();
    assert_eq!(package.stops.unwrap().most_per_hour, 5);
    let start = "of `countersign-hook.json`";
    for (config, words) in [
        (
            stops(json!([cluster]), 0),
            format!("`stopTasks.mostPerHour` {start} must be a number from 1 to 1000"),
        ),
        (
            stops(json!([cluster]), 1001),
            format!("`stopTasks.mostPerHour` {start} must be a number from 1 to 1000"),
        ),
        (
            stops(json!([]), 5),
            format!("`stopTasks.clusters` {start} must be a list of at least one cluster's ARN"),
        ),
        (
            stops(json!(["*"]), 5),
            format!(
                "`stopTasks.clusters` {start} cannot be used: `*` is not the ARN of an ECS cluster"
            ),
        ),
    ] {
        assert_eq!(said(&config), words);
    }
}
