//! Every fault of the emulator at every call that a gate makes: a refusal or a wait, never a pass.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign_emulator::{Fault, FaultKind};
use serde_json::json;

use super::{Gated, pre_scale_up, status};
use crate::support::lambda::Posted;

const PARAMETER: &str = "arn:aws:ssm:us-west-2:123456789012:parameter/gate/policy";

/// A signed image whose policy is in AWS too, so that every call is made.
fn gated() -> Gated {
    let gated = Gated::signed();
    let policy = gated.policy(&json!({ "tags": "resolve" })).to_string();
    gated
        .scene
        .emulator
        .put_parameter("/gate/policy", &policy)
        .unwrap();
    gated.configure(&json!({ "gatePolicy": { "ssmParameter": PARAMETER, "unpinned": true } }));
    let tagged = format!("{}:v1", gated.scene.repository);
    gated.deploy(&[("web", &tagged)], &json!([]));
    gated
}

/// The calls of an invocation in a new process.
fn calls(gated: &Gated) -> BTreeSet<String> {
    gated.scene.operations();
    assert_eq!(
        status(&gated.start().answer(&pre_scale_up())).0,
        "SUCCEEDED"
    );
    gated.scene.operations().into_iter().collect()
}

/// With the fault at each call in turn, in a new process each time.
fn every_call(kind: FaultKind) {
    let gated = gated();
    let calls = calls(&gated);
    for wanted in [
        "GetParameter",
        "DescribeServiceRevisions",
        "DescribeTaskDefinition",
        "GetRevocationStatus",
    ] {
        assert!(calls.contains(wanted), "{wanted} is not in {calls:?}");
    }
    assert!(calls.len() >= 7, "{calls:?}");
    for operation in calls {
        gated
            .scene
            .emulator
            .faults()
            .add(Fault::new(kind).on(&operation));
        let function = gated.start();
        match function.invoke_within(&pre_scale_up(), Duration::from_secs(6)) {
            Posted::Answer(answer) => {
                let (found, reason) = status(&answer);
                assert!(
                    matches!(found, "FAILED" | "IN_PROGRESS"),
                    "{kind:?} at {operation}: {answer}"
                );
                assert!(!reason.is_empty());
            }
            Posted::Error(error) => panic!("{kind:?} at {operation}: {error}"),
        }
        gated.scene.emulator.faults().clear();
    }
    // The faults were all there was.
    assert_eq!(
        status(&gated.start().answer(&pre_scale_up())).0,
        "SUCCEEDED"
    );
}

#[test]
fn throttled() {
    every_call(FaultKind::Throttle);
}

#[test]
fn failing() {
    every_call(FaultKind::ServerError { status: 503 });
}

#[test]
fn denied() {
    every_call(FaultKind::AccessDenied);
}

#[test]
fn reset() {
    every_call(FaultKind::ConnectionReset);
}

#[test]
fn slow() {
    every_call(FaultKind::Latency {
        milliseconds: 60_000,
    });
}

#[test]
fn truncated() {
    every_call(FaultKind::TruncatedBody);
}
