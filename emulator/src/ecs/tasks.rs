//! Tasks: `RunTask`, `DescribeTasks`, `ListTasks`, `StopTask`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::context::{Context, client, invalid};
use super::lists::{Page, described};
use super::task_definitions;
use crate::{error::AwsError, random};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    cluster: Option<String>,
    task_definition: Option<String>,
    count: Option<usize>,
    group: Option<String>,
    launch_type: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Describe {
    cluster: Option<String>,
    tasks: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    cluster: Option<String>,
    service_name: Option<String>,
    family: Option<String>,
    desired_status: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Stop {
    cluster: Option<String>,
    task: Option<String>,
    reason: Option<String>,
}

pub(super) fn run(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Run = context.input()?;
    let count = input.count.unwrap_or(1);
    if !(1..=10).contains(&count) {
        return Err(invalid("count should be between 1 and 10."));
    }
    let name = input.task_definition.as_deref().unwrap_or_default();
    context.store.change(|store| {
        let cluster = context.cluster(store, input.cluster.as_deref())?;
        let found = task_definitions::find(store, context.caller, name)
            .cloned()
            .ok_or_else(|| client("TaskDefinition not found."))?;
        let family = found
            .get("family")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let group = input
            .group
            .clone()
            .unwrap_or_else(|| format!("family:{family}"));
        let mut tasks = Vec::new();
        for _ in 0..count {
            let id = random::hex(16);
            let arn = context.in_cluster("task", &cluster, &id);
            let task = json!({
                "taskArn": arn,
                "clusterArn": context.arn(&format!("cluster/{cluster}")),
                "taskDefinitionArn": found.get("taskDefinitionArn"),
                "containers": containers(context, &cluster, &arn, &found),
                "group": group,
                "launchType": input.launch_type.as_deref().unwrap_or("FARGATE"),
                "lastStatus": "RUNNING",
                "desiredStatus": "RUNNING",
                "createdAt": context.now.unix_timestamp(),
                "startedAt": context.now.unix_timestamp(),
                "version": 1,
            });
            store.tasks.insert(arn, task.clone());
            tasks.push(task);
        }
        Ok(json!({ "tasks": tasks, "failures": [] }))
    })
}

fn containers(context: &Context<'_>, cluster: &str, task: &str, definition: &Value) -> Vec<Value> {
    let containers = definition
        .get("containerDefinitions")
        .and_then(Value::as_array);
    containers
        .into_iter()
        .flatten()
        .map(|container| {
            let image = container
                .get("image")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let digest = image.split_once('@').map(|(_, digest)| digest);
            let id = random::uuid();
            json!({
                "containerArn": context.in_cluster("container", cluster, &id),
                "taskArn": task,
                "name": container.get("name"),
                "image": image,
                "imageDigest": digest,
                "lastStatus": "RUNNING",
            })
        })
        .collect()
}

pub(super) fn describe(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Describe = context.input()?;
    let names = input.tasks.unwrap_or_default();
    if !(1..=100).contains(&names.len()) {
        return Err(invalid("Tasks must have between 1 and 100 items."));
    }
    let store = context.store.read();
    let cluster = context.cluster(&store, input.cluster.as_deref())?;
    let arns: Vec<String> = names
        .iter()
        .map(|name| context.in_cluster("task", &cluster, name))
        .collect();
    let before = context.arn(&format!("task/{cluster}/"));
    Ok(described("tasks", &arns, |arn| {
        store.tasks.get(arn).filter(|_| arn.starts_with(&before))
    }))
}

pub(super) fn list(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: List = context.input()?;
    let page: Page = context.input()?;
    let store = context.store.read();
    let cluster = context.cluster(&store, input.cluster.as_deref())?;
    let before = context.arn(&format!("task/{cluster}/"));
    let group = match (&input.service_name, &input.family) {
        (Some(service), _) => Some(format!("service:{service}")),
        (None, Some(family)) => Some(format!("family:{family}")),
        (None, None) => None,
    };
    let status = input.desired_status.as_deref().unwrap_or("RUNNING");
    let is = |task: &Value, member: &str, wanted: &str| {
        task.get(member).and_then(Value::as_str) == Some(wanted)
    };
    let mut arns = Vec::new();
    for (arn, task) in &store.tasks {
        let is_wanted = arn.starts_with(&before)
            && is(task, "desiredStatus", status)
            && group
                .as_deref()
                .is_none_or(|group| is(task, "group", group));
        if is_wanted {
            arns.push(arn.clone());
        }
    }
    page.of("taskArns", &arns, 100)
}

pub(super) fn stop(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Stop = context.input()?;
    let name = input.task.unwrap_or_default();
    context.store.change(|store| {
        let cluster = context.cluster(store, input.cluster.as_deref())?;
        let arn = context.in_cluster("task", &cluster, &name);
        let before = context.arn(&format!("task/{cluster}/"));
        let task = store
            .tasks
            .get_mut(&arn)
            .filter(|_| arn.starts_with(&before));
        let task = task.ok_or_else(|| invalid("The referenced task was not found."))?;
        if let Some(members) = task.as_object_mut() {
            for status in ["desiredStatus", "lastStatus"] {
                members.insert(status.to_owned(), json!("STOPPED"));
            }
            members.insert("stopCode".to_owned(), json!("UserInitiated"));
            let reason = input.reason.as_deref().unwrap_or("Task stopped by user");
            members.insert("stoppedReason".to_owned(), json!(reason));
            let now = json!(context.now.unix_timestamp());
            members.insert("stoppedAt".to_owned(), now);
        }
        Ok(json!({ "task": task }))
    })
}
