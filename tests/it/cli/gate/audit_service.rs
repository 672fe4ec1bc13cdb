//! `gate audit-service`: whether services of Amazon ECS call the gate.

use countersign_emulator::{Decision, Fault, FaultKind};
use serde_json::{Value, json};

use crate::support::document;
use crate::support::sandbox::Ran;
use crate::support::scene::Scene;

const INVOKE: &str = "lambda:InvokeFunction";

/// A cluster with a service whose deployments call the gate, as they should.
pub(in crate::cli) struct Deployed {
    pub(in crate::cli) scene: Scene,
    pub(in crate::cli) function: String,
}

impl Deployed {
    pub(in crate::cli) fn new() -> Self {
        let scene = Scene::new();
        let emulator = &scene.emulator;
        let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", emulator.account());
        for name in ["gate", "ecs-hook"] {
            emulator.add_principal(&role(name));
        }
        let request = json!({
            "FunctionName": "gate", "Role": role("gate"), "Runtime": "provided.al2023", "Timeout": 60,
        });
        let function = emulator.create_function(&request).unwrap();
        let request = json!({
            "family": "app",
            "containerDefinitions": [{ "name": "app", "image": scene.image }],
        });
        emulator.register_task_definition(&request).unwrap();
        emulator
            .ecs("CreateCluster", &json!({ "clusterName": "prod" }))
            .unwrap();
        let deployed = Self { scene, function };
        deployed.create("web", &[deployed.hook()]);
        deployed
    }

    pub(in crate::cli) fn hook(&self) -> Value {
        json!({
            "targetType": "AWS_LAMBDA",
            "hookTargetArn": self.function,
            "roleArn": format!("arn:aws:iam::{}:role/ecs-hook", self.scene.emulator.account()),
            "lifecycleStages": ["PRE_SCALE_UP"],
            "timeoutConfiguration": { "timeoutInMinutes": 15, "action": "ROLLBACK" },
        })
    }

    pub(in crate::cli) fn create(&self, name: &str, hooks: &[Value]) {
        let request = json!({
            "cluster": "prod",
            "serviceName": name,
            "taskDefinition": "app",
            "deploymentConfiguration": { "strategy": "BLUE_GREEN", "lifecycleHooks": hooks },
        });
        self.scene.emulator.ecs("CreateService", &request).unwrap();
    }

    fn audit(&self, more: &[&str]) -> Ran {
        let fixed = ["gate", "audit-service", "--function", &self.function];
        self.scene.run(&[&fixed, more].concat())
    }

    /// What did not pass, with the exit code, in both forms.
    #[track_caller]
    fn others(&self, code: i32, more: &[&str]) -> Vec<(String, String, String)> {
        let ran = self.audit(more);
        assert_eq!(ran.code, code, "{ran:#?}");
        let ran = self.audit(&[more, &["--output", "json"]].concat());
        let document = document::document(&ran, "doctor.v1.schema.json");
        assert_eq!(document["exitCode"], code);
        let findings = document["findings"].as_array().unwrap();
        let text = |finding: &Value, name: &str| finding[name].as_str().unwrap().to_owned();
        findings
            .iter()
            .filter(|finding| finding["status"] != "pass")
            .map(|finding| {
                (
                    text(finding, "check"),
                    text(finding, "status"),
                    text(finding, "found"),
                )
            })
            .collect()
    }
}

fn finding(check: &str, status: &str, found: impl Into<String>) -> (String, String, String) {
    (check.to_owned(), status.to_owned(), found.into())
}

#[test]
fn a_service_that_calls_the_gate_passes() {
    let deployed = Deployed::new();
    let ran = deployed.audit(&["prod/web"]);
    assert_eq!(ran.code, 0, "{ran:#?}");
    let account = deployed.scene.emulator.account();
    let role = format!("arn:aws:iam::{account}:role/ecs-hook");
    for line in [
        "pass     service prod/web: Amazon ECS deploys it by the strategy `BLUE_GREEN`".to_owned(),
        format!("pass     hook prod/web: it calls `{}`", deployed.function),
        "pass     hook-stage prod/web: it is called at `PRE_SCALE_UP`".to_owned(),
        "pass     hook-timeout prod/web: `ROLLBACK` after 15 minutes".to_owned(),
        format!(
            "pass     permission prod/web: {INVOKE} by {role}: the policies of `{role}` allow it"
        ),
        "8 passed, 0 with a warning, 0 failed, 0 not known".to_owned(),
    ] {
        assert!(
            ran.stdout.lines().any(|found| found == line),
            "{line}\n{ran:#?}"
        );
    }
    let arn = format!("arn:aws:ecs:us-east-1:{account}:service/prod/web");
    assert_eq!(deployed.audit(&[&arn]).code, 0);
    let reading = [
        "GetFunctionConfiguration",
        "DescribeServices",
        "SimulatePrincipalPolicy",
    ];
    for call in deployed.scene.emulator.calls() {
        assert!(reading.contains(&call.operation.as_str()), "{call:#?}");
    }
}

#[test]
fn every_service_is_looked_at_and_the_one_without_the_hook_fails() {
    let deployed = Deployed::new();
    assert_eq!(deployed.others(0, &["--all"]), []);
    deployed.create("bare", &[]);
    let mut goes_on = deployed.hook();
    goes_on["timeoutConfiguration"]["action"] = json!("CONTINUE");
    goes_on["lifecycleStages"] = json!(["POST_SCALE_UP"]);
    deployed.create("late", &[goes_on]);
    assert_eq!(
        deployed.others(1, &["--all"]),
        [
            finding("hook", "fail", "its deployments call no function"),
            finding("hook-stage", "fail", "it is called only at `POST_SCALE_UP`"),
            finding(
                "hook-timeout",
                "fail",
                "the deployment goes on where the hook does not answer in time"
            ),
        ]
    );
    let ran = deployed.audit(&["--all"]);
    let line = "fail     hook prod/bare: its deployments call no function\n";
    assert!(ran.stdout.contains(line), "{ran:#?}");
    let found = "a hook that does not answer holds the deployment for 15 minutes";
    assert_eq!(
        deployed.others(0, &["--max-hook-timeout", "14", "prod/web"]),
        [finding("hook-timeout", "warn", found)]
    );
}

#[test]
fn what_cannot_be_looked_at_is_not_known_and_not_a_pass() {
    let deployed = Deployed::new();
    let faults = deployed.scene.emulator.faults();
    for (operation, more, check, count) in [
        ("DescribeServices", &["prod/web"][..], "service", 1),
        ("ListClusters", &["--all"], "service", 1),
        ("ListServices", &["--all"], "service", 1),
        ("GetFunctionConfiguration", &["prod/web"], "function", 1),
        ("SimulatePrincipalPolicy", &["prod/web"], "permission", 3),
    ] {
        faults.add(Fault::new(FaultKind::AccessDenied).on(operation));
        let others = deployed.others(3, more);
        assert_eq!(others.len(), count, "{operation}: {others:#?}");
        for (found, status, _) in others {
            assert_eq!((found.as_str(), status.as_str()), (check, "unknown"));
        }
        faults.clear();
    }
    let others = deployed.others(1, &["prod/none"]);
    assert_eq!(
        (others[0].0.as_str(), others[0].1.as_str()),
        ("service", "fail")
    );
    let emulator = &deployed.scene.emulator;
    emulator.simulate(INVOKE, Decision::ImplicitDeny);
    emulator.simulate("ecs:DescribeTaskDefinition", Decision::MissingContext);
    emulator.simulate("ecs:DescribeServiceRevisions", Decision::ExplicitDeny);
    let others = deployed.others(1, &["prod/web"]);
    let statuses: Vec<&str> = others
        .iter()
        .map(|(_, status, _)| status.as_str())
        .collect();
    assert_eq!(statuses, ["unknown", "fail", "fail"], "{others:#?}");
    let account = emulator.account();
    let ran = deployed.audit(&["prod/web"]);
    let resource = format!("arn:aws:ecs:us-east-1:{account}:service-revision/prod/web/0");
    let statement = format!(
        r#"statement: {{"Action":["ecs:DescribeServiceRevisions"],"Effect":"Allow","Resource":"{resource}"}}"#
    );
    assert!(ran.stdout.contains(&statement), "{ran:#?}");
}

#[test]
fn names_that_are_none_are_refused() {
    let deployed = Deployed::new();
    for (more, words) in [
        (&["web"][..], "`web` is not the ARN of an ECS service"),
        (&["a/b/c"], "`a/b/c` is not the ARN of an ECS service"),
    ] {
        deployed
            .audit(more)
            .assert_refused(2, &format!("Error: {words}"));
    }
    let ran = deployed
        .scene
        .run(&["gate", "audit-service", "--function", "gate", "prod/web"]);
    ran.assert_refused(2, "Error: `gate` is not the ARN of a Lambda function");
    assert_eq!(deployed.audit(&[]).code, 2);
    assert_eq!(deployed.audit(&["--all", "prod/web"]).code, 2);
}
