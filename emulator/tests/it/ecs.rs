//! Amazon ECS: task definitions, by every name, and how Amazon ECS refuses.

use countersign_emulator::Emulator;
use serde_json::{Value, json};

use crate::support::*;

/// A client of Amazon ECS.
struct Ecs(Client);

impl Ecs {
    fn of(emulator: &Emulator) -> Self {
        Self(Client {
            service: "ecs",
            ..Client::of(emulator)
        })
    }

    async fn call(&self, action: &str, body: Value) -> Answer {
        let body = body.to_string();
        let json = "application/x-amz-json-1.1";
        let mut request = self.0.signed("POST", "/", json, body.as_bytes());
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        request
            .headers_mut()
            .insert("x-amz-target", target.parse().unwrap());
        exchange(self.0.address, request).await.unwrap()
    }

    async fn describe(&self, name: &str) -> Answer {
        let body = json!({ "taskDefinition": name });
        self.call("DescribeTaskDefinition", body).await
    }
}

#[track_caller]
fn assert_refused(answer: &Answer, message: &str) {
    let body = answer.json();
    let found = (
        answer.status,
        body["__type"].clone(),
        body["message"].clone(),
    );
    assert_eq!(
        found,
        (
            400.try_into().unwrap(),
            json!("ClientException"),
            json!(message)
        )
    );
}

#[tokio::test]
async fn a_task_definition_is_described_as_it_was_registered() {
    let emulator = start();
    let ecs = Ecs::of(&emulator);
    let mut arns = Vec::new();
    for image in ["r.io/a:1", "r.io/a:2"] {
        let containers = json!([{ "name": "a", "image": image, "cpu": 7 }]);
        let body = json!({ "family": "app", "containerDefinitions": containers, "cpu": "256" });
        let answer = ecs.call("RegisterTaskDefinition", body).await.ok();
        let definition = &answer["taskDefinition"];
        assert_eq!(definition["status"], "ACTIVE");
        assert_eq!(definition["containerDefinitions"][0]["cpu"], 7);
        assert_eq!(definition["containerDefinitions"][0]["essential"], true);
        arns.push(definition["taskDefinitionArn"].as_str().unwrap().to_owned());
    }
    assert!(arns[0].ends_with(":task-definition/app:1"), "{arns:?}");
    for (name, image) in [
        (arns[0].as_str(), "r.io/a:1"),
        ("app:1", "r.io/a:1"),
        ("app:2", "r.io/a:2"),
        ("app", "r.io/a:2"),
    ] {
        let answer = ecs.describe(name).await.ok();
        let definition = &answer["taskDefinition"];
        assert_eq!(
            definition["containerDefinitions"][0]["image"], image,
            "{name}"
        );
        assert_eq!(definition["cpu"], "256");
        assert_eq!(answer["tags"], json!([]));
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_whole_is_refused() {
    let emulator = start();
    let ecs = Ecs::of(&emulator);
    emulator
        .register_task_definition(&json!({ "family": "app", "containerDefinitions": [{ "name": "a", "image": "r.io/a:1" }] }))
        .unwrap();
    for name in [
        "other",
        "app:0",
        "app:2",
        "app:x",
        "arn:aws:ecs:eu-west-1:111122223333:task-definition/app:1",
        "arn:aws:ecs:us-west-2:444455556666:task-definition/app:1",
    ] {
        assert_refused(
            &ecs.describe(name).await,
            "Unable to describe task definition.",
        );
    }
    assert_refused(&ecs.describe("").await, "Task definition can not be blank.");
    for (body, message) in [
        (
            json!({ "family": "a.b" }),
            "Family contains invalid characters.",
        ),
        (json!({ "family": "a" }), "Container list cannot be empty."),
        (
            json!({ "family": "a", "containerDefinitions": [{ "name": "a" }] }),
            "Container.image should not be null or empty.",
        ),
        (
            json!({ "family": "a", "containerDefinitions": [{ "image": "a" }] }),
            "Container.name should not be null or empty.",
        ),
    ] {
        assert_refused(&ecs.call("RegisterTaskDefinition", body).await, message);
    }
}
