use serde_json::json;

use super::*;
use crate::causes;

const ARN: &str = "arn:aws:ecs:us-west-2:123456789012";

fn deployment(stage: &str) -> Value {
    json!({
        "executionId": "e8d5a28f",
        "lifecycleStage": stage,
        "resourceArn": format!("{ARN}:service-deployment/prod/web/EZe5RNVLH6PPzHXINuP28"),
        "executionDetails": {
            "serviceArn": format!("{ARN}:service/prod/web"),
            "targetServiceRevisionArn": format!("{ARN}:service-revision/prod/web/93"),
            "testTrafficWeights": {},
            "productionTrafficWeights": {},
        },
    })
}

fn push() -> Value {
    json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action",
        "account": "123456789012", "region": "us-west-2",
        "detail": {
            "result": "SUCCESS", "repository-name": "team/app", "action-type": "PUSH",
            "image-digest": format!("sha256:{}", "ab".repeat(32)), "image-tag": "latest",
        },
    })
}

fn said(event: &Value) -> String {
    let error = Event::read(event).unwrap_err();
    let mut words = vec![error.to_string()];
    words.extend(causes::beyond(&error.to_string(), &error));
    words.join(": ")
}

#[test]
fn a_deployment_is_read_and_its_weight_tells_a_rollback() {
    for (weights, taken) in [
        (json!({}), false),
        (
            json!({ format!("{ARN}:service-revision/prod/web/93"): 100 }),
            false,
        ),
        (
            json!({ format!("{ARN}:service-revision/prod/web/93"): 0 }),
            true,
        ),
        (
            json!({ format!("{ARN}:service-revision/prod/web/94"): 0 }),
            false,
        ),
        // A canary's share may be small; only `0` is nothing.
        (
            json!({ format!("{ARN}:service-revision/prod/web/93"): 0.1 }),
            false,
        ),
        (
            json!({ format!("{ARN}:service-revision/prod/web/93"): 0.0 }),
            false,
        ),
        (
            json!({ format!("{ARN}:service-revision/prod/web/93"): 1e-300 }),
            false,
        ),
    ] {
        let mut event = deployment("PRODUCTION_TRAFFIC_SHIFT");
        event["executionDetails"]["productionTrafficWeights"] = weights;
        let Event::Deployment(found) = Event::read(&event).unwrap() else {
            panic!("a deployment");
        };
        assert_eq!(found.takes_traffic_away, taken, "{event}");
        assert_eq!(found.stage, Stage::ProductionTrafficShift);
        assert_eq!(found.details, None);
    }
}

#[test]
fn what_is_odd_in_a_deployment_is_refused() {
    let with = |pointer: &str, value: Value| {
        let mut event = deployment("PRE_SCALE_UP");
        *event.pointer_mut(pointer).unwrap() = value;
        said(&event)
    };
    let details = "/executionDetails";
    assert_eq!(
        with("/lifecycleStage", json!("PRE_SCALE")),
        "the stage `PRE_SCALE` is unknown"
    );
    assert_eq!(
        with("/executionId", json!(7)),
        "`executionId` of the event is missing or is not a text"
    );
    assert_eq!(
        with("/resourceArn", json!("x")),
        "`resourceArn` cannot be used: `x` is not the ARN of an ECS service-deployment"
    );
    assert_eq!(
        with(
            &format!("{details}/serviceArn"),
            json!(format!("{ARN}:service/prod/other"))
        ),
        "`targetServiceRevisionArn` and `serviceArn` of the event are not of one service"
    );
    assert_eq!(
        with(
            "/resourceArn",
            json!(format!("{ARN}:service-deployment/prod/other/1"))
        ),
        "`resourceArn` and `serviceArn` of the event are not of one service"
    );
    for weight in [
        json!(-1),
        json!(-0.5),
        json!("0"),
        json!(101),
        json!(100.1),
        Value::Null,
    ] {
        assert_eq!(
            with(
                &format!("{details}/productionTrafficWeights"),
                json!({ "x": weight })
            ),
            "`productionTrafficWeights` of the event is missing or is not an object of percentages"
        );
    }
}

#[test]
fn an_event_fits_exactly_one_shape() {
    let mut two = deployment("PRE_SCALE_UP");
    two["detail"] = json!({});
    assert_eq!(
        said(&two),
        "the event has `lifecycleStage` and `detail`, which belong to different kinds of event"
    );
    let two = json!({ "references": [], "hookDetails": {} });
    assert_eq!(
        said(&two),
        "the event has `hookDetails` and `references`, which belong to different kinds of event"
    );
    for unknown in [
        json!({}),
        json!([]),
        json!("x"),
        Value::Null,
        json!({ "Records": [] }),
    ] {
        assert_eq!(
            said(&unknown),
            "the event is neither a deployment hook, a known EventBridge event nor a list of references"
        );
    }
}

#[test]
fn a_push_names_the_image_by_its_digest() {
    let Event::Push(image) = Event::read(&push()).unwrap() else {
        panic!("a push");
    };
    let digest = format!("sha256:{}", "ab".repeat(32));
    assert_eq!(
        image.to_string(),
        format!("123456789012.dkr.ecr.us-west-2.amazonaws.com/team/app@{digest}")
    );
    let with = |pointer: &str, value: &str| {
        let mut event = push();
        *event.pointer_mut(pointer).unwrap() = json!(value);
        said(&event)
    };
    assert_eq!(
        with("/detail/action-type", "DELETE"),
        "`action-type` is `DELETE`, which is not answered"
    );
    assert_eq!(
        with("/detail/result", "FAILURE"),
        "`result` is `FAILURE`, which is not answered"
    );
    assert_eq!(
        with("/source", "own.app"),
        "`detail-type` is `ECR Image Action`, which is not answered"
    );
    for (pointer, value) in [
        ("/account", "1"),
        ("/region", "evil.test/x"),
        ("/detail/image-digest", "sha256:ab"),
        ("/detail/repository-name", "../x"),
        ("/detail/repository-name", "a:b"),
    ] {
        with(pointer, value);
    }
}

#[test]
fn direct_references_stand_alone() {
    let image = format!("r.example/app@sha256:{}", "ab".repeat(32));
    let found = Event::read(&json!({ "references": [image] })).unwrap();
    assert_eq!(found.action(), "direct");
    for wrong in [
        json!({ "references": [] }),
        json!({ "references": [7] }),
        json!({ "references": ["x"] }),
        json!({ "references": "x" }),
        json!({ "references": [image], "policy": "mine" }),
        json!({ "references": vec![image.clone(); 101] }),
    ] {
        assert!(Event::read(&wrong).is_err(), "{wrong}");
    }
}
