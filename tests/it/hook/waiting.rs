//! How long a deployment is held, and for what.

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{Gated, pre_scale_up, status};

fn deny(gated: &Gated) {
    let fault = Fault::new(FaultKind::AccessDenied).on("DescribeServiceRevisions");
    gated.scene.emulator.faults().add(fault);
}

/// The same event with what the answer before gave back.
fn next(event: &Value, answer: &Value) -> Value {
    let mut event = event.clone();
    event["hookDetails"] = answer["hookDetails"].clone();
    event
}

#[test]
fn what_could_not_be_looked_at_holds_the_deployment_with_a_counter_and_a_time() {
    let gated = Gated::signed();
    let function = gated.start();
    deny(&gated);
    let first = function.answer(&pre_scale_up());
    let (found, reason) = status(&first);
    assert_eq!(
        (found, &first["callBackDelay"]),
        ("IN_PROGRESS", &json!(30)),
        "{first}"
    );
    assert!(
        reason.starts_with(
            "what is deployed could not be examined: AWS denied `ecs:DescribeServiceRevisions`"
        ),
        "{reason}"
    );
    let state = &first["hookDetails"]["countersign"];
    assert_eq!(state["calls"], 1);
    let since = state["firstCall"].as_str().unwrap().to_owned();

    let second = function.answer(&next(&pre_scale_up(), &first));
    let state = &second["hookDetails"]["countersign"];
    assert_eq!(
        (state["calls"].clone(), state["firstCall"].clone()),
        (json!(2), json!(since))
    );

    gated.scene.emulator.faults().clear();
    let third = function.answer(&next(&pre_scale_up(), &second));
    assert_eq!(status(&third).0, "SUCCEEDED");
    assert_eq!(third["hookDetails"].get("countersign"), None);
}

#[test]
fn time_that_is_spent_a_lost_state_and_an_odd_one_fail() {
    let gated = Gated::signed();
    deny(&gated);
    let function = gated.start();
    let with = |state: Value| {
        let mut event = pre_scale_up();
        event["hookDetails"] =
            json!({ "countersign": state, "mode": "warn", "verdict": "verified" });
        status(&function.answer(&event)).0.to_owned()
    };
    let long_ago = json!({ "calls": 3, "firstCall": "2026-01-01T00:00:00Z" });
    let to_come = json!({ "calls": 3, "firstCall": "2126-01-01T00:00:00Z" });
    for state in [
        long_ago,
        to_come,
        json!({ "calls": 3 }),
        json!({}),
        json!("verified"),
        Value::Null,
    ] {
        assert_eq!(with(state.clone()), "FAILED", "{state}");
    }
    // The execution was told to wait, and comes back without its state.
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "IN_PROGRESS");
    assert_eq!(status(&function.answer(&pre_scale_up())).0, "FAILED");
    let mut other = pre_scale_up();
    other["executionId"] = json!("another");
    assert_eq!(status(&function.answer(&other)).0, "IN_PROGRESS");
}

#[test]
fn the_package_says_what_is_waited_for() {
    let gated = Gated::new();
    for (words, unsigned, denied) in [
        (json!([]), "FAILED", "FAILED"),
        (json!(["not-signed"]), "IN_PROGRESS", "FAILED"),
        (json!(["inconclusive"]), "FAILED", "IN_PROGRESS"),
    ] {
        gated.configure(&json!({ "waitFor": words }));
        let function = gated.start();
        let mut event = pre_scale_up();
        assert_eq!(status(&function.answer(&event)).0, unsigned, "{words}");
        deny(&gated);
        event["executionId"] = json!("another");
        assert_eq!(status(&function.answer(&event)).0, denied, "{words}");
        gated.scene.emulator.faults().clear();
    }
    // What was waited for comes; until then it is not an error.
    gated.configure(&json!({ "waitFor": ["not-signed"] }));
    let function = gated.start();
    let first = function.answer(&pre_scale_up());
    let (_, metrics) = function.verdict();
    let counted = ["SignatureValidationErrors", "Inconclusive"].map(|name| metrics[name].as_u64());
    assert_eq!(counted, [Some(0), Some(1)]);
    gated.scene.sign(&gated.scene.image);
    let second = function.answer(&next(&pre_scale_up(), &first));
    assert_eq!(status(&second).0, "SUCCEEDED");
}
