//! Every row of the table of stages.

use serde_json::{Value, json};

use super::{Gated, stage, status};

/// The recorded event of each stage; `RECONCILE_SERVICE` has no recorded one.
fn events() -> Vec<Value> {
    let mut reconcile = stage("PRE_SCALE_UP");
    reconcile["lifecycleStage"] = json!("RECONCILE_SERVICE");
    let names = [
        "PRE_SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT",
        "POST_TEST_TRAFFIC_SHIFT_with_hookDetails",
        // The target has no traffic yet, which is not a rollback.
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "PRODUCTION_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
    ];
    let mut events = vec![reconcile];
    events.extend(names.map(stage));
    events
}

#[test]
fn every_stage_checks_the_images() {
    let gated = Gated::signed();
    let function = gated.start();
    for event in events() {
        let answer = function.answer(&event);
        assert_eq!(
            answer,
            json!({
                "hookStatus": "SUCCEEDED",
                "hookDetails": { "reason": "every image may run: 1 verified" },
            }),
            "{event}"
        );
    }
}

#[test]
fn an_unsigned_image_fails_at_every_stage_and_never_the_way_back() {
    let gated = Gated::new();
    let function = gated.start();
    let reason = format!(
        "{}: the image has no signature; do not run the image: signing it belongs in the pipeline that builds it",
        gated.scene.image
    );
    for event in events() {
        let answer = function.answer(&event);
        assert_eq!(status(&answer), ("FAILED", reason.as_str()), "{event}");
        assert_eq!(answer.get("callBackDelay"), None);
    }
    let mut after = stage("PRODUCTION_TRAFFIC_SHIFT_rollback");
    after["lifecycleStage"] = json!("POST_PRODUCTION_TRAFFIC_SHIFT");
    for event in [stage("PRODUCTION_TRAFFIC_SHIFT_rollback"), after] {
        let answer = function.answer(&event);
        let words = "the deployment is rolled back, and this revision gets no traffic";
        assert_eq!(status(&answer), ("SUCCEEDED", words), "{event}");
    }
    // A weight of nothing is a rollback at those two stages alone.
    for name in [
        "TEST_TRAFFIC_SHIFT",
        "PRE_PRODUCTION_TRAFFIC_SHIFT",
        "PRE_SCALE_UP",
    ] {
        let mut event = stage("PRODUCTION_TRAFFIC_SHIFT_rollback");
        event["lifecycleStage"] = json!(name);
        assert_eq!(status(&function.answer(&event)).0, "FAILED", "{name}");
    }
}

#[test]
fn anything_unexpected_fails() {
    let gated = Gated::signed();
    let function = gated.start();
    let mut unknown = stage("PRE_SCALE_UP");
    unknown["lifecycleStage"] = json!("PRE_SCALE_DOWN");
    let mut two = stage("PRE_SCALE_UP");
    two["references"] = json!([gated.scene.image]);
    let mut other = stage("PRE_SCALE_UP");
    other["executionDetails"]["serviceArn"] =
        json!("arn:aws:ecs:us-west-2:123456789012:service/my-cluster/other");
    for (event, words) in [
        (unknown, "the stage `PRE_SCALE_DOWN` is unknown"),
        (
            two,
            "the event has `lifecycleStage` and `references`, which belong to different kinds of event",
        ),
        (
            other,
            "`targetServiceRevisionArn` and `serviceArn` of the event are not of one service",
        ),
        (
            json!({}),
            "the event is neither a deployment hook, a known EventBridge event nor a list of references",
        ),
    ] {
        assert_eq!(status(&function.answer(&event)), ("FAILED", words));
    }
    let text = r#"{ "lifecycleStage": "PRE_SCALE_UP", "lifecycleStage": "PRE_SCALE_UP" }"#;
    let posted = function.invoke_text(text, std::time::Duration::from_mins(1));
    let crate::support::lambda::Posted::Answer(answer) = posted else {
        panic!("{posted:?}");
    };
    let words = "the event cannot be read: member `lifecycleStage` occurs twice";
    assert_eq!(status(&answer), ("FAILED", words));
    // Text that is not JSON at all is not even an event.
    let posted = function.invoke_text("{", std::time::Duration::from_mins(1));
    assert!(
        matches!(posted, crate::support::lambda::Posted::Error(_)),
        "{posted:?}"
    );
    assert_eq!(
        status(&function.answer(&stage("PRE_SCALE_UP"))).0,
        "SUCCEEDED"
    );
}

#[test]
fn the_images_are_those_of_the_definition_and_those_that_the_revision_adds() {
    let gated = Gated::signed();
    let function = gated.start();
    let image = &gated.scene.image;
    let digest = gated.scene.digest();
    let other = format!("sha256:{}", "ab".repeat(32));
    let of_ecs = |name: &str, image: &str, digest: &str| json!([{ "containerName": name, "image": image, "imageDigest": digest }]);
    let agent = format!("{}/agent:1", gated.scene.registry());
    for (found, wanted, words) in [
        (
            of_ecs("web", image, digest),
            "SUCCEEDED",
            "every image may run: 1 verified".to_owned(),
        ),
        (
            of_ecs("web", image, &other),
            "FAILED",
            format!(
                "Amazon ECS runs the digest `{other}` for `{image}`; name the image by its digest"
            ),
        ),
        (
            of_ecs("aws-agent", &agent, &other),
            "FAILED",
            format!(
                "{}@{other}: no rule of the gate policy",
                agent.replace(":1", "")
            ),
        ),
    ] {
        gated.deploy(&[("web", image)], &found);
        let answer = function.answer(&stage("POST_SCALE_UP"));
        let (status, reason) = status(&answer);
        assert_eq!(status, wanted, "{answer}");
        assert!(reason.starts_with(&words), "{reason}");
    }
    // A sidecar that the policy names.
    let mut policy = gated.policy(&json!({}));
    policy["exemptions"] = json!([{
        "repository": agent.replace(":1", ""), "digest": other, "reason": "sidecar of AWS",
        "until": in_a_month(),
    }]);
    gated.package.write("gate-policy.json", policy.to_string());
    let function = gated.start();
    let answer = function.answer(&stage("POST_SCALE_UP"));
    let words = "every image may run: 1 verified, 1 exempted by the gate policy";
    assert_eq!(status(&answer), ("SUCCEEDED", words));
}

fn in_a_month() -> String {
    let time = time::OffsetDateTime::now_utc() + time::Duration::days(30);
    time.format(&time::format_description::well_known::Rfc3339)
        .unwrap()
}

#[test]
fn a_tag_that_leads_elsewhere_than_amazon_ecs_saw_fails() {
    let gated = Gated::signed();
    let tagged = format!("{}:v1", gated.scene.repository);
    gated.package.write(
        "gate-policy.json",
        gated.policy(&json!({ "tags": "resolve" })).to_string(),
    );
    let function = gated.start();
    let of_ecs =
        |digest: &str| json!([{ "containerName": "web", "image": tagged, "imageDigest": digest }]);
    gated.deploy(&[("web", &tagged)], &of_ecs(gated.scene.digest()));
    assert_eq!(
        status(&function.answer(&stage("POST_SCALE_UP"))).0,
        "SUCCEEDED"
    );
    let other = format!("sha256:{}", "ab".repeat(32));
    gated.deploy(&[("web", &tagged)], &of_ecs(&other));
    let answer = function.answer(&stage("POST_SCALE_UP"));
    let words = format!("{tagged}: Amazon ECS runs the digest `{other}` for `{tagged}`");
    assert_eq!(status(&answer), ("FAILED", words.as_str()));

    gated
        .package
        .write("gate-policy.json", gated.policy(&json!({})).to_string());
    gated.deploy(&[("web", &tagged)], &json!([]));
    let function = gated.start();
    let answer = function.answer(&stage("PRE_SCALE_UP"));
    let (found, reason) = status(&answer);
    assert_eq!(found, "FAILED");
    assert!(reason.contains("the tag `v1` can be moved"), "{reason}");
}
