//! Services and their revisions: `CreateService`, `UpdateService`, `DescribeServices`, `DescribeServiceRevisions`,
//! `ListServices`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::context::{Context, client, invalid, is_name};
use super::lists::{Page, described};
use super::store::Store;
use super::task_definitions;
use crate::{error::AwsError, random};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    cluster: Option<String>,
    service_name: Option<String>,
    task_definition: Option<String>,
    #[serde(default)]
    desired_count: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Update {
    cluster: Option<String>,
    service: Option<String>,
    task_definition: Option<String>,
    desired_count: Option<u32>,
    deployment_configuration: Option<Value>,
    #[serde(default)]
    force_new_deployment: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    cluster: Option<String>,
    services: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeRevisions {
    service_revision_arns: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct InCluster {
    cluster: Option<String>,
}

/// Members of the request that a service has as they are.
const KEPT: [&str; 8] = [
    "launchType",
    "platformVersion",
    "networkConfiguration",
    "loadBalancers",
    "schedulingStrategy",
    "deploymentController",
    "deploymentConfiguration",
    "serviceConnectConfiguration",
];

pub(super) fn create(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Create = context.input()?;
    let name = input.service_name.unwrap_or_default();
    if !is_name(&name) {
        return Err(invalid("Invalid service name."));
    }
    let wanted = input.task_definition.unwrap_or_default();
    context.store.change(|store| {
        let cluster = context.cluster(store, input.cluster.as_deref())?;
        let arn = context.in_cluster("service", &cluster, &name);
        if store.services.contains_key(&arn) {
            return Err(invalid("Creation of service was not idempotent."));
        }
        let task_definition = task_definition(context, store, &wanted)?;
        let mut service: Map<String, Value> = Map::new();
        for member in KEPT {
            if let Some(value) = context.body.get(member) {
                service.insert(member.to_owned(), value.clone());
            }
        }
        let usual = json!({
            "schedulingStrategy": "REPLICA",
            "deploymentController": { "type": "ECS" },
            "deploymentConfiguration": { "strategy": "ROLLING", "maximumPercent": 200, "minimumHealthyPercent": 100 },
        });
        for (member, value) in usual.as_object().into_iter().flatten() {
            service.entry(member).or_insert_with(|| value.clone());
        }
        let own = json!({
            "serviceArn": arn,
            "serviceName": name,
            "clusterArn": context.arn(&format!("cluster/{cluster}")),
            "status": "ACTIVE",
            "desiredCount": input.desired_count,
            "runningCount": 0,
            "pendingCount": 0,
            "events": [],
            "createdAt": context.now.unix_timestamp(),
            "createdBy": context.caller.arn,
        });
        service.extend(own.as_object().cloned().unwrap_or_default());
        let mut service = Value::Object(service);
        deploy(context, store, &mut service, &task_definition);
        store.services.insert(arn.clone(), service.clone());
        Ok(json!({ "service": service }))
    })
}

pub(super) fn update(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Update = context.input()?;
    let name = input.service.unwrap_or_default();
    context.store.change(|store| {
        let cluster = context.cluster(store, input.cluster.as_deref())?;
        let arn = context.in_cluster("service", &cluster, &name);
        let not_found = || AwsError::client("ServiceNotFoundException", "Service not found.");
        let mut service = store.services.get(&arn).cloned().ok_or_else(not_found)?;
        let wanted = match (&input.task_definition, input.force_new_deployment) {
            (Some(name), _) => Some(task_definition(context, store, name)?),
            (None, true) => service.get("taskDefinition").cloned(),
            (None, false) => None,
        };
        if let Some(members) = service.as_object_mut() {
            if let Some(count) = input.desired_count {
                members.insert("desiredCount".to_owned(), json!(count));
            }
            if let Some(configuration) = &input.deployment_configuration {
                let member = "deploymentConfiguration".to_owned();
                members.insert(member, configuration.clone());
            }
        }
        if let Some(wanted) = wanted {
            deploy(context, store, &mut service, &wanted);
        }
        store.services.insert(arn.clone(), service.clone());
        Ok(json!({ "service": service }))
    })
}

/// The ARN of a task definition, which must be there.
fn task_definition(context: &Context<'_>, store: &Store, name: &str) -> Result<Value, AwsError> {
    let found = task_definitions::find(store, context.caller, name);
    let arn = found.and_then(|found| found.get("taskDefinitionArn"));
    arn.cloned()
        .ok_or_else(|| client("Unable to describe task definition."))
}

/// A new revision of `service`, which it now has. The digest of an image is known where the task definition has it:
/// tags are looked up when a task starts.
fn deploy(context: &Context<'_>, store: &mut Store, service: &mut Value, task_definition: &Value) {
    let text = |value: &Value, member: &str| {
        let text = value.get(member).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    let arn = text(service, "serviceArn");
    let resource = arn.rsplit(':').next().unwrap_or_default();
    let of_service = resource.strip_prefix("service/").unwrap_or_default();
    let id = u64::from_be_bytes(random::bytes()) >> 1;
    let revision = context.arn(&format!("service-revision/{of_service}/{id:019}"));
    let deployment = random::alphanumeric(21);
    let deployment = context.arn(&format!("service-deployment/{of_service}/{deployment}"));
    let name = task_definition.as_str().unwrap_or_default();
    let containers = task_definitions::find(store, context.caller, name)
        .and_then(|found| found.get("containerDefinitions"))
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let images: Vec<Value> = containers
        .iter()
        .map(|container| {
            let image = text(container, "image");
            let digest = image.split_once('@').map(|(_, digest)| digest.to_owned());
            json!({ "containerName": text(container, "name"), "image": image, "imageDigest": digest })
        })
        .collect();
    let entry = json!({
        "serviceRevisionArn": revision,
        "serviceArn": arn,
        "clusterArn": service.get("clusterArn"),
        "taskDefinition": task_definition,
        "launchType": service.get("launchType"),
        "containerImages": images,
        "guardDutyEnabled": false,
        "serviceConnectConfiguration": service.get("serviceConnectConfiguration"),
        "createdAt": context.now.unix_timestamp(),
    });
    store.revisions.insert(revision.clone(), entry);
    if let Some(members) = service.as_object_mut() {
        members.insert("taskDefinition".to_owned(), task_definition.clone());
        members.insert("currentServiceDeployment".to_owned(), json!(deployment));
        members.insert(
            "currentServiceRevisions".to_owned(),
            json!([{ "arn": revision, "requestedTaskCount": 0, "runningTaskCount": 0, "pendingTaskCount": 0 }]),
        );
    }
}

pub(super) fn describe(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Describe = context.input()?;
    let names = input.services.unwrap_or_default();
    if !(1..=10).contains(&names.len()) {
        return Err(invalid("Services must have between 1 and 10 items."));
    }
    let store = context.store.read();
    let cluster = context.cluster(&store, input.cluster.as_deref())?;
    let arns: Vec<String> = names
        .iter()
        .map(|name| context.in_cluster("service", &cluster, name))
        .collect();
    // A service of another cluster is not found.
    let before = context.arn(&format!("service/{cluster}/"));
    Ok(described("services", &arns, |arn| {
        store.services.get(arn).filter(|_| arn.starts_with(&before))
    }))
}

pub(super) fn describe_revisions(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: DescribeRevisions = context.input()?;
    let arns = input.service_revision_arns.unwrap_or_default();
    if !(1..=20).contains(&arns.len()) {
        return Err(invalid(
            "serviceRevisionArns must have between 1 and 20 items.",
        ));
    }
    let own = context.arn("");
    let store = context.store.read();
    Ok(described("serviceRevisions", &arns, |arn| {
        store.revisions.get(arn).filter(|_| arn.starts_with(&own))
    }))
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: InCluster = context.input()?;
    let page: Page = context.input()?;
    let store = context.store.read();
    let cluster = context.cluster(&store, input.cluster.as_deref())?;
    let before = context.arn(&format!("service/{cluster}/"));
    let arns: Vec<String> = store.services.keys().cloned().collect();
    let arns: Vec<String> = arns
        .into_iter()
        .filter(|arn| arn.starts_with(&before))
        .collect();
    page.of("serviceArns", &arns, 10)
}
