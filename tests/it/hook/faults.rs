//! Every fault of the emulator at every call that a gate makes: a refusal or a wait, never a pass.

use std::collections::BTreeMap;
use std::time::Duration;

use countersign_emulator::{Emulator, Fault, FaultKind, SignatureClock};
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
    gated.configure_stored(&json!({ "ssmParameter": PARAMETER, "unpinned": true }));
    let tagged = format!("{}:v1", gated.scene.repository);
    gated.deploy(&[("web", &tagged)], &json!([]));
    gated
}

/// The calls of an invocation in a new process, each with the status of its answer.
fn calls(gated: &Gated) -> BTreeMap<String, Option<u16>> {
    gated.scene.emulator.clear_calls();
    assert_eq!(
        status(&gated.start().answer(&pre_scale_up())).0,
        "SUCCEEDED"
    );
    let calls = gated.scene.emulator.calls().into_iter();
    calls.map(|call| (call.operation, call.status)).collect()
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
        assert!(calls.contains_key(wanted), "{wanted} is not in {calls:?}");
    }
    assert!(calls.len() >= 7, "{calls:?}");
    for (operation, status_of_answer) in calls {
        // A redirect has no body that could be cut off; where it leads to is a call of its own.
        if kind == FaultKind::TruncatedBody && status_of_answer == Some(307) {
            continue;
        }
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

#[test]
fn a_clock_that_is_off() {
    let gated = Gated::with(Emulator::builder().signature_clock(SignatureClock::Emulator));
    gated.scene.sign(&gated.scene.image);
    let function = gated.start();
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "SUCCEEDED");
    for hours in [1, -1] {
        gated
            .scene
            .emulator
            .set_clock_offset(time::Duration::hours(hours));
        let mut event = pre_scale_up();
        event["executionId"] = json!(format!("off by {hours}"));
        let answer = function.answer(&event);
        assert!(
            matches!(status(&answer).0, "FAILED" | "IN_PROGRESS"),
            "{answer}"
        );
    }
}
