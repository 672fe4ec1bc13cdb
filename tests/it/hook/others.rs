//! Tasks, pushes and direct invocations.

use serde_json::{Value, json};

use super::{Gated, event};

const TASK: &str = "arn:aws:ecs:us-west-2:123456789012:task/my-cluster/a1173316d40a45dea9";
const CLUSTER: &str = "arn:aws:ecs:us-west-2:123456789012:cluster/my-cluster";

/// The recorded event, about a task of the emulator's region.
fn task_event() -> Value {
    let mut event = event("ecs-task-state-change.fargate");
    event["detail"]["taskArn"] = json!(TASK);
    event["detail"]["clusterArn"] = json!(CLUSTER);
    event
}

fn put_task(gated: &Gated, containers: &Value) {
    let task = json!({
        "taskArn": TASK, "clusterArn": CLUSTER, "lastStatus": "RUNNING", "desiredStatus": "RUNNING",
        "taskDefinitionArn": "arn:aws:ecs:us-west-2:123456789012:task-definition/app:1",
        "group": "family:app", "containers": containers,
    });
    gated.scene.emulator.put_ecs(&task).unwrap();
}

/// Whether Amazon ECS was told to stop the task, by the calls since the last time.
fn stops(gated: &Gated) -> usize {
    let operations = gated.scene.operations();
    operations
        .iter()
        .filter(|operation| *operation == "StopTask")
        .count()
}

#[test]
fn a_task_is_judged_by_what_amazon_ecs_says_of_it_and_not_by_the_event() {
    let gated = Gated::signed();
    let function = gated.start();
    let tagged = format!("{}:other", gated.scene.repository);
    let containers =
        json!([{ "name": "web", "image": tagged, "imageDigest": gated.scene.digest() }]);
    put_task(&gated, &containers);
    let verdict = function.answer(&task_event());
    assert_eq!(
        (&verdict["status"], &verdict["action"]),
        (&json!("SUCCEEDED"), &json!("ecs-task")),
        "{verdict}"
    );
    assert_eq!(verdict["results"][0]["asked"], gated.scene.image);
    assert_eq!(
        (verdict["subject"].as_str(), verdict["service"].as_str()),
        (Some(TASK), Some("my-cluster"))
    );

    // A container whose digest is not known yet, and one that AWS added.
    let containers = json!([{ "name": "web", "image": tagged }, { "name": "aws-guardduty-agent" }]);
    put_task(&gated, &containers);
    let verdict = function.answer(&task_event());
    assert_eq!(verdict["status"], "FAILED");
    assert_eq!(
        verdict["error"]["message"],
        "Amazon ECS does not say which image runs in `web`, `aws-guardduty-agent`"
    );
    assert_eq!(stops(&gated), 0);
}

#[test]
fn a_task_is_stopped_only_by_setting_in_named_clusters_and_so_many_an_hour() {
    let gated = Gated::new();
    let containers =
        json!([{ "name": "web", "image": gated.scene.image, "imageDigest": gated.scene.digest() }]);
    put_task(&gated, &containers);
    // No setting: reported.
    let verdict = gated.start().answer(&task_event());
    assert_eq!(
        (
            verdict["status"].as_str(),
            verdict.get("stop"),
            stops(&gated)
        ),
        (Some("FAILED"), None, 0)
    );
    // Another cluster.
    let other = "arn:aws:ecs:us-west-2:123456789012:cluster/other";
    gated.configure(&json!({ "stopTasks": { "clusters": [other], "mostPerHour": 1 } }));
    let verdict = gated.start().answer(&task_event());
    assert_eq!(
        verdict["stop"],
        json!({ "reason": format!("the package does not name the cluster `{CLUSTER}` in `stopTasks`"), "stopped": false })
    );
    assert_eq!(stops(&gated), 0);
    // This one, once an hour.
    gated.configure(&json!({ "stopTasks": { "clusters": [CLUSTER], "mostPerHour": 1 } }));
    let function = gated.start();
    let verdict = function.answer(&task_event());
    assert_eq!(
        (&verdict["stop"], stops(&gated)),
        (&json!({ "stopped": true }), 1),
        "{verdict}"
    );
    put_task(&gated, &containers);
    let verdict = function.answer(&task_event());
    assert_eq!(
        (&verdict["stop"], stops(&gated)),
        (
            &json!({ "reason": "the limit of 1 stopped tasks in an hour is reached", "stopped": false }),
            0
        )
    );
}

#[test]
fn what_could_not_be_looked_at_is_never_stopped() {
    use countersign_emulator::{Fault, FaultKind};
    let gated = Gated::signed();
    let containers =
        json!([{ "name": "web", "image": gated.scene.image, "imageDigest": gated.scene.digest() }]);
    put_task(&gated, &containers);
    gated.configure(&json!({ "stopTasks": { "clusters": [CLUSTER], "mostPerHour": 1 } }));
    let function = gated.start();
    for operation in ["GetRevocationStatus", "DescribeTasks"] {
        gated
            .scene
            .emulator
            .faults()
            .add(Fault::new(FaultKind::AccessDenied).on(operation));
        let verdict = function.answer(&task_event());
        assert_eq!(
            (verdict["status"].as_str(), verdict.get("stop")),
            (Some("FAILED"), None),
            "{verdict}"
        );
        gated.scene.emulator.faults().clear();
        assert_eq!(stops(&gated), 0, "{operation}");
    }
}

#[test]
fn a_push_and_a_direct_invocation_are_answered_with_the_verdict() {
    let gated = Gated::signed();
    let function = gated.start();
    // The recorded digest is not one.
    let mut push = event("ecr-image-action-push");
    let verdict = function.answer(&push);
    assert_eq!(verdict["hookStatus"], "FAILED", "{verdict}");
    push["detail"]["image-digest"] = json!(format!("sha256:{}", "ab".repeat(32)));
    let verdict = function.answer(&push);
    assert_eq!(
        (&verdict["status"], &verdict["action"]),
        (&json!("FAILED"), &json!("ecr-push"))
    );
    assert_eq!(
        verdict["results"][0]["error"]["code"], "no-rule",
        "{verdict}"
    );

    let verdict = function.answer(&json!({ "references": [gated.scene.image] }));
    assert_eq!(
        (&verdict["status"], &verdict["action"]),
        (&json!("SUCCEEDED"), &json!("direct"))
    );
    let other = format!("{}@sha256:{}", gated.scene.repository, "ab".repeat(32));
    let verdict = function.answer(&json!({ "references": [gated.scene.image, other] }));
    assert_eq!(verdict["status"], "FAILED");
    let verdicts = [0, 1].map(|number| verdict["results"][number]["verdict"].clone());
    assert_eq!(
        verdicts,
        [json!("verified"), json!("rejected")],
        "{verdict}"
    );
}
