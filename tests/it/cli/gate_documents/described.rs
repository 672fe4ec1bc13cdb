//! Task definitions that Amazon ECS describes, and documents on stdin.

use countersign_emulator::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{Gate, TASK};
use crate::support::document;
use crate::support::sandbox::Ran;

/// A registered task definition; its ARN.
fn register(gate: &Gate) -> String {
    let text = TASK.replace("REPO", &gate.scene.repository);
    let mut request: Value = serde_json::from_str(&text).unwrap();
    request.as_object_mut().unwrap().remove("unknown");
    gate.scene
        .emulator
        .register_task_definition(&request)
        .unwrap()
}

#[test]
fn a_registered_task_definition_is_verified_by_arn_and_by_family() {
    let gate = Gate::new();
    let arn = register(&gate);
    for name in [arn.as_str(), "app", "app:1"] {
        gate.scene.operations();
        let ran = gate.run("task-definition", &["--pin", name]);
        assert_eq!(ran.code, 0, "{ran:#?}");
        let pinned: Value = serde_json::from_str(&ran.stdout).unwrap();
        let containers = &pinned["taskDefinition"]["containerDefinitions"];
        let images = [0, 1, 2].map(|number| containers[number]["image"].clone());
        let (first, second) = (&gate.scene.image, &gate.second);
        assert_eq!(images, [first, second, first].map(|image| json!(image)));
        assert_eq!(pinned["taskDefinition"]["taskDefinitionArn"], arn);
        assert_eq!(gate.scene.operations()[0], "DescribeTaskDefinition");
        // Which revision it was: a newer one may be registered before the deployment.
        let warning = format!(
            "Warning: the family `app` may have a newer revision when it is deployed; only `{arn}` was checked\n"
        );
        assert_eq!(ran.stderr.contains(&warning), name == "app", "{ran:#?}");
        let ran = gate.run("task-definition", &["--output", "json", name]);
        let found = document::document(&ran, "run-document.v1.schema.json");
        assert_eq!(
            (&found["document"], &found["taskDefinition"]),
            (&json!(name), &json!(arn))
        );
    }
}

#[test]
fn a_name_that_ecs_does_not_know_is_not_decided() {
    let gate = Gate::new();
    register(&gate);
    let region = "us-east-1";
    for (name, region) in [
        ("application", region),
        ("app:2", region),
        (
            "arn:aws:ecs:eu-west-1:111122223333:task-definition/app:1",
            "eu-west-1",
        ),
    ] {
        let ran = gate.run("task-definition", &[name]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        ran.assert_says(&format!(
            "`ecs:DescribeTaskDefinition` on `{name}` in region `{region}`"
        ));
        ran.assert_says("ClientException: Unable to describe task definition.");
        ran.assert_says("hint: check the family, the revision, the account and the region of the task definition\n");
    }
    let ran = gate.run("task-definition", &["arn:aws:ecs:us-west-2:1:service/x"]);
    ran.assert_refused(
        2,
        "Error: `arn:aws:ecs:us-west-2:1:service/x` is not the ARN of an ECS task definition",
    );
    gate.write("app", TASK);
    let ran = gate.run("task-definition", &["app"]);
    ran.assert_refused(
        2,
        "Error: `app` may be a file or a family of task definitions",
    );
    let ran = gate.run("task-definition", &["./app"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn every_fault_of_ecs_is_not_decided_and_one_that_passes_is_waited_for() {
    let gate = Gate::new();
    let arn = register(&gate);
    for (kind, words) in [
        (
            FaultKind::AccessDenied,
            "AWS denied `ecs:DescribeTaskDefinition`",
        ),
        (
            FaultKind::Throttle,
            "AWS throttled `ecs:DescribeTaskDefinition`",
        ),
        (
            FaultKind::ServerError { status: 503 },
            "AWS failed during `ecs:DescribeTaskDefinition`",
        ),
        (
            FaultKind::ConnectionReset,
            "AWS could not be reached for `ecs:DescribeTaskDefinition`",
        ),
    ] {
        gate.scene
            .emulator
            .faults()
            .add(Fault::new(kind).on("DescribeTaskDefinition"));
        let ran = gate.run("task-definition", &[&arn]);
        assert_eq!(ran.code, 3, "{ran:#?}");
        ran.assert_says(words);
        gate.scene.emulator.faults().clear();
    }
    let passing = Fault::new(FaultKind::Throttle)
        .on("DescribeTaskDefinition")
        .times(1);
    gate.scene.emulator.faults().add(passing);
    let ran = gate.run("task-definition", &[&arn]);
    assert_eq!(ran.code, 0, "{ran:#?}");
}

#[test]
fn a_document_may_come_by_stdin() {
    let gate = Gate::new();
    gate.write("task.json", TASK);
    let program = env!("CARGO_BIN_EXE_countersign");
    let line = format!(
        "{program} gate task-definition --gate-policy gate.json --trust-anchor root.crt - < task.json"
    );
    let mut shell = gate.scene.sandbox.command("/bin/sh".as_ref());
    let ran = Ran::of(shell.args(["-c", &line]));
    assert_eq!(ran.code, 0, "{ran:#?}");
}
