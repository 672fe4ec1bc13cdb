//! Amazon ECS and AWS Lambda.

use countersign::aws::{CallErrorKind, EcsArn, EcsKind, FunctionArn};
use serde_json::{Value, json};

use super::{Cloud, REGION, throttled, under_faults};

const DIGEST: &str = "sha256:9d78f5b8e5f1d9f5a1f3c1b2a4f5e6d7c8b9a0f1e2d3c4b5a6f7e8d9c0b1a2f3";

/// A cluster with a service and a task; the service's answer.
fn service(cloud: &Cloud) -> Value {
    let emulator = &cloud.emulator;
    let image = format!(
        "{}.dkr.ecr.{REGION}.amazonaws.com/app@{DIGEST}",
        emulator.account()
    );
    let request = json!({
        "family": "app",
        "containerDefinitions": [
            { "name": "app", "image": image },
            { "name": "sidecar", "image": "public.ecr.aws/x/proxy:1" },
        ],
    });
    emulator.register_task_definition(&request).unwrap();
    emulator
        .ecs("CreateCluster", &json!({ "clusterName": "prod" }))
        .unwrap();
    let hook = json!({
        "targetType": "AWS_LAMBDA",
        "hookTargetArn": format!("arn:aws:lambda:{REGION}:{}:function:gate", emulator.account()),
        "roleArn": format!("arn:aws:iam::{}:role/ecs-hook", emulator.account()),
        "lifecycleStages": ["PRE_SCALE_UP"],
        "timeoutConfiguration": { "timeoutInMinutes": 15, "action": "ROLLBACK" },
    });
    let request = json!({
        "cluster": "prod",
        "serviceName": "web",
        "taskDefinition": "app",
        "deploymentConfiguration": { "strategy": "BLUE_GREEN", "lifecycleHooks": [hook] },
    });
    let answer = emulator.ecs("CreateService", &request).unwrap();
    answer["service"].clone()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_service_has_its_hooks_and_its_revision_its_images() {
    let cloud = Cloud::new();
    let made = service(&cloud);
    let arn = EcsArn::new(EcsKind::Service, &text(&made, "/serviceArn")).unwrap();
    let service = cloud.aws.describe_service(&arn).await.unwrap();
    assert_eq!(cloud.last_host(), "ecs.us-east-1.amazonaws.com");
    let deployment = service.deployment_configuration.unwrap();
    let [hook] = deployment.lifecycle_hooks.as_slice() else {
        panic!("{deployment:?}");
    };
    assert_eq!(hook.lifecycle_stages, ["PRE_SCALE_UP"]);
    let timeout = hook.timeout_configuration.clone().unwrap();
    assert_eq!(
        (timeout.timeout_in_minutes, timeout.action.as_deref()),
        (Some(15), Some("ROLLBACK"))
    );

    let revision = text(&made, "/currentServiceRevisions/0/arn");
    let revision = EcsArn::new(EcsKind::ServiceRevision, &revision).unwrap();
    let found = cloud
        .aws
        .describe_service_revision(&revision)
        .await
        .unwrap();
    assert_eq!(found.task_definition, cloud.arn("task-definition/app:1"));
    assert_eq!(found.service_arn, arn.as_str());
    let digests: Vec<Option<&str>> = found
        .container_images
        .iter()
        .map(|image| image.image_digest.as_deref())
        .collect();
    assert_eq!(digests, [Some(DIGEST), None]);
    assert!(!found.guard_duty_enabled && !found.service_connect_configuration.enabled);

    let cluster = arn.cluster_arn();
    let aws = &cloud.aws;
    assert_eq!(aws.list_clusters(REGION).await.unwrap(), [cluster.as_str()]);
    assert_eq!(aws.list_services(&cluster).await.unwrap(), [arn.as_str()]);
    throttled(&cloud, "DescribeServices", aws.describe_service(&arn)).await;
    under_faults(&cloud, "DescribeServices", || aws.describe_service(&arn)).await;
    under_faults(&cloud, "DescribeServiceRevisions", || {
        aws.describe_service_revision(&revision)
    })
    .await;
    under_faults(&cloud, "ListServices", || aws.list_services(&cluster)).await;
}

#[tokio::test]
async fn a_task_is_described_and_stopped() {
    let cloud = Cloud::new();
    service(&cloud);
    let request = json!({ "cluster": "prod", "taskDefinition": "app:1", "group": "service:web" });
    let ran = cloud.emulator.ecs("RunTask", &request).unwrap();
    let task = EcsArn::new(EcsKind::Task, &text(&ran, "/tasks/0/taskArn")).unwrap();
    let aws = &cloud.aws;
    let found = aws.describe_task(&task).await.unwrap();
    assert_eq!(found.group.as_deref(), Some("service:web"));
    assert_eq!(found.containers[0].image_digest.as_deref(), Some(DIGEST));
    assert_eq!(
        (found.last_status.as_str(), found.desired_status.as_str()),
        ("RUNNING", "RUNNING")
    );
    let service = EcsArn::new(EcsKind::Service, &cloud.arn("service/prod/web")).unwrap();
    for of in [&service, &task.cluster_arn()] {
        assert_eq!(aws.list_tasks(of).await.unwrap(), [task.as_str()]);
    }
    under_faults(&cloud, "DescribeTasks", || aws.describe_task(&task)).await;
    under_faults(&cloud, "StopTask", || aws.stop_task(&task, "not signed")).await;
    assert_eq!(
        aws.describe_task(&task).await.unwrap().desired_status,
        "STOPPED"
    );
    assert!(aws.list_tasks(&service).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_there_and_what_is_something_else_is_an_error() {
    let cloud = Cloud::new();
    let made = service(&cloud);
    let aws = &cloud.aws;
    let service = |name: &str| EcsArn::new(EcsKind::Service, &cloud.arn(name)).unwrap();
    let error = aws
        .describe_service(&service("service/prod/other"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (CallErrorKind::NotFound, Some("MISSING"))
    );
    let error = aws
        .describe_service(&service("service/none/web"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::NotFound, "{error}");

    // A revision that says that it is of another service.
    let revision = text(&made, "/currentServiceRevisions/0/arn");
    let arn = EcsArn::new(EcsKind::ServiceRevision, &revision).unwrap();
    let mut other = json!({
        "serviceRevisionArn": revision,
        "serviceArn": cloud.arn("service/prod/other"),
        "taskDefinition": cloud.arn("task-definition/app:1"),
    });
    for (member, value) in [
        ("serviceArn", json!(cloud.arn("service/prod/other"))),
        ("taskDefinition", json!(7)),
        ("containerImages", json!([{ "image": "x" }])),
        ("guardDutyEnabled", json!("yes")),
    ] {
        other["serviceArn"] = made["serviceArn"].clone();
        let mut odd = other.clone();
        odd[member] = value;
        cloud.emulator.put_ecs(&odd).unwrap();
        let error = aws.describe_service_revision(&arn).await.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Malformed, "{member}: {error}");
    }
    cloud.emulator.put_ecs(&other).unwrap();
    let found = aws.describe_service_revision(&arn).await.unwrap();
    assert!(found.container_images.is_empty());
}

#[tokio::test]
async fn lists_have_pages() {
    let cloud = Cloud::new();
    service(&cloud);
    for number in 0..120 {
        let request = json!({
            "cluster": "prod", "serviceName": format!("more-{number:03}"), "taskDefinition": "app",
        });
        cloud.emulator.ecs("CreateService", &request).unwrap();
    }
    let cluster = EcsArn::new(EcsKind::Cluster, &cloud.arn("cluster/prod")).unwrap();
    cloud.emulator.clear_calls();
    assert_eq!(cloud.aws.list_services(&cluster).await.unwrap().len(), 121);
    assert_eq!(cloud.emulator.calls().len(), 2);
}

#[tokio::test]
async fn a_function_has_its_role() {
    let cloud = Cloud::new();
    let role = format!("arn:aws:iam::{}:role/gate", cloud.emulator.account());
    let request = json!({
        "FunctionName": "gate", "Role": role, "Runtime": "provided.al2023", "Handler": "bootstrap",
        "Timeout": 60,
    });
    let arn = cloud.emulator.create_function(&request).unwrap();
    let aws = &cloud.aws;
    for name in [arn.clone(), format!("{arn}:live")] {
        let function = FunctionArn::new(&name).unwrap();
        let found = aws.function_configuration(&function).await.unwrap();
        assert_eq!(
            (found.function_arn, found.role, found.timeout),
            (name, role.clone(), 60)
        );
        assert_eq!(
            found.code_sha256,
            "8Bq/uRv0p/eRZbiWClXuMqQItbgRyYciAlcFyXzgwHw="
        );
    }
    assert_eq!(cloud.last_host(), "lambda.us-east-1.amazonaws.com");
    let function = FunctionArn::new(&arn).unwrap();
    under_faults(&cloud, "GetFunctionConfiguration", || {
        aws.function_configuration(&function)
    })
    .await;
    let other = FunctionArn::new(&arn.replace("gate", "other")).unwrap();
    let error = aws.function_configuration(&other).await.unwrap_err();
    assert_eq!(error.kind(), CallErrorKind::NotFound);
}
