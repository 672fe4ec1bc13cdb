//! The line for the audit and the metrics.

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{Gated, REVISION, pre_scale_up, stage};
use crate::support::document::assert_valid;

fn counts(metrics: &Value) -> [Value; 4] {
    [
        "SignatureValidationErrors",
        "Verified",
        "Tolerated",
        "Inconclusive",
    ]
    .map(|name| metrics[name].clone())
}

#[test]
fn every_invocation_writes_a_verdict_and_its_metrics() {
    let gated = Gated::new();
    let function = gated.start();
    let asked = |event: &Value| {
        function.answer(event);
        let (verdict, metrics) = function.verdict();
        assert_valid(&verdict, "hook-verdict.v1.schema.json");
        (verdict, metrics)
    };
    let (verdict, metrics) = asked(&pre_scale_up());
    assert_eq!(
        (
            &verdict["type"],
            &verdict["action"],
            &verdict["stage"],
            &verdict["status"]
        ),
        (
            &json!("verdict"),
            &json!("ecs-deployment"),
            &json!("PRE_SCALE_UP"),
            &json!("FAILED")
        )
    );
    assert_eq!(
        (&verdict["subject"], &verdict["service"]),
        (&json!(REVISION), &json!("my-cluster/my-service"))
    );
    assert_eq!(verdict["gatePolicy"]["source"], "gate-policy.json");
    assert_eq!(verdict["results"][0]["verdict"], "unsigned");
    assert_eq!(counts(&metrics), [1, 0, 0, 0]);
    assert_eq!(
        metrics["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
        json!([["Service", "Action"], ["Action"]])
    );
    assert_eq!(
        metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"],
        "Countersign"
    );
    let named = metrics["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        .as_array()
        .unwrap();
    let named: Vec<&str> = named
        .iter()
        .map(|one| one["Name"].as_str().unwrap())
        .collect();
    assert_eq!(
        named,
        [
            "SignatureValidationErrors",
            "Verified",
            "Tolerated",
            "Inconclusive",
            "Latency"
        ]
    );
    assert!(named.iter().all(|name| metrics[name].is_u64()), "{metrics}");
    assert_eq!(
        (&metrics["Service"], &metrics["Action"]),
        (&json!("my-cluster/my-service"), &json!("ecs-deployment"))
    );

    gated.scene.sign(&gated.scene.image);
    assert_eq!(counts(&asked(&pre_scale_up()).1), [0, 1, 0, 0]);
    gated
        .scene
        .emulator
        .faults()
        .add(Fault::new(FaultKind::AccessDenied).on("DescribeServiceRevisions"));
    assert_eq!(counts(&asked(&pre_scale_up()).1), [0, 0, 0, 1]);
    gated.scene.emulator.faults().clear();
    let (verdict, metrics) = asked(&stage("PRODUCTION_TRAFFIC_SHIFT_rollback"));
    assert_eq!(
        (&verdict["error"]["code"], counts(&metrics)),
        (&json!("rollback"), [0, 0, 0, 0].map(|none| json!(none)))
    );
    let (verdict, metrics) = asked(&json!({}));
    assert_eq!(
        (&verdict["action"], &verdict["error"]["code"]),
        (&json!("unknown"), &json!("event-unusable"))
    );
    assert_eq!(counts(&metrics), [0, 0, 0, 1]);
}

#[test]
fn what_only_warns_passes_and_is_called_tolerated() {
    let gated = Gated::new();
    let policy = gated.policy(&json!({ "onFailure": "warn" }));
    gated.package.write("gate-policy.json", policy.to_string());
    let function = gated.start();
    let answer = function.answer(&pre_scale_up());
    assert_eq!(
        super::status(&answer),
        (
            "SUCCEEDED",
            "every image may run: 0 verified, 1 tolerated and not verified"
        )
    );
    let (verdict, metrics) = function.verdict();
    assert_eq!(verdict["results"][0]["verdict"], "tolerated");
    assert_eq!(counts(&metrics), [0, 0, 1, 0]);
}

#[test]
fn no_hint_names_a_setting_which_a_function_does_not_have() {
    let gated = Gated::signed();
    let other = "arn:aws:signer:us-west-2:123456789012:/signing-profiles/unrelated_team";
    let policy = gated
        .policy(&json!({ "require": { "all": [{ "name": "release", "signingProfile": other }] } }));
    gated.package.write("gate-policy.json", policy.to_string());
    let function = gated.start();
    let answer = function.answer(&pre_scale_up()).to_string();
    let verdict = function.verdict().0.to_string();
    let hint = "\"hint\":\"do not run the artifact unless you trust that profile\"";
    assert!(verdict.contains(hint), "{verdict}");
    for text in [answer, verdict] {
        assert!(
            !text.contains("`--") && !text.contains("the setting"),
            "{text}"
        );
    }
}
