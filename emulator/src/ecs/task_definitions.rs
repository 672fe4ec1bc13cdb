//! `RegisterTaskDefinition` and `DescribeTaskDefinition`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::context::{Context, client, is_name};
use super::store::Store;
use crate::{call::Caller, error::AwsError, partition::partition};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Describe {
    task_definition: Option<String>,
}

pub(super) fn register(context: &Context<'_>) -> Result<Value, AwsError> {
    let member = |name: &str| context.body.get(name);
    let family = member("family").and_then(Value::as_str).unwrap_or_default();
    if !is_name(family) {
        return Err(client("Family contains invalid characters."));
    }
    let containers = member("containerDefinitions").and_then(Value::as_array);
    let Some(containers) = containers.filter(|containers| !containers.is_empty()) else {
        return Err(client("Container list cannot be empty."));
    };
    let mut definitions = Vec::new();
    for container in containers {
        definitions.push(with_defaults(container)?);
    }
    let arn = arn(context.caller, family);
    context.store.change(|store| {
        let revisions = store.families.entry(arn.clone()).or_default();
        let revision = revisions.len() + 1;
        let mut definition: Map<String, Value> =
            context.body.as_object().cloned().unwrap_or_default();
        definition.remove("tags");
        let answer = json!({
            "taskDefinitionArn": format!("{arn}:{revision}"),
            "containerDefinitions": definitions,
            "revision": revision,
            "status": "ACTIVE",
            "registeredAt": context.now.unix_timestamp(),
            "registeredBy": context.caller.arn,
        });
        definition.extend(answer.as_object().cloned().unwrap_or_default());
        for name in ["volumes", "placementConstraints"] {
            definition.entry(name).or_insert_with(|| json!([]));
        }
        let definition = Value::Object(definition);
        revisions.push(definition.clone());
        Ok(json!({ "taskDefinition": definition }))
    })
}

pub(super) fn describe(context: &Context<'_>) -> Result<Value, AwsError> {
    let input: Describe = context.input()?;
    let name = input.task_definition.unwrap_or_default();
    if name.is_empty() {
        return Err(client("Task definition can not be blank."));
    }
    let store = context.store.read();
    let found = find(&store, context.caller, &name)
        .ok_or_else(|| client("Unable to describe task definition."))?;
    Ok(json!({ "taskDefinition": found, "tags": [] }))
}

/// The task definition of the caller's account and region that a family, a revision or an ARN names.
pub(super) fn find<'a>(store: &'a Store, caller: &Caller, name: &str) -> Option<&'a Value> {
    // An ARN of another account or region is not found, whether or not it exists.
    let name = match name.strip_prefix(&arn(caller, "")) {
        Some(name) => name,
        None if name.starts_with("arn:") => return None,
        None => name,
    };
    let (family, revision) = match name.split_once(':') {
        Some((family, revision)) => (family, Some(revision)),
        None => (name, None),
    };
    let revisions = store.families.get(&arn(caller, family))?;
    match revision {
        None => revisions.last(),
        Some(revision) => {
            let number: usize = revision.parse().ok()?;
            revisions.get(number.checked_sub(1)?)
        }
    }
}

/// A container with the members that AWS adds.
fn with_defaults(container: &Value) -> Result<Value, AwsError> {
    let text = |name: &str| {
        container
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    if text("name").is_empty() {
        return Err(client("Container.name should not be null or empty."));
    }
    if text("image").is_empty() {
        return Err(client("Container.image should not be null or empty."));
    }
    let mut members: Map<String, Value> = container.as_object().cloned().unwrap_or_default();
    members.entry("cpu").or_insert_with(|| json!(0));
    members.entry("essential").or_insert_with(|| json!(true));
    for name in [
        "environment",
        "mountPoints",
        "portMappings",
        "systemControls",
        "volumesFrom",
    ] {
        members.entry(name).or_insert_with(|| json!([]));
    }
    Ok(Value::Object(members))
}

/// The ARN of a family of the caller's, without a revision.
fn arn(caller: &Caller, family: &str) -> String {
    let Caller {
        account, region, ..
    } = caller;
    format!(
        "arn:{}:ecs:{region}:{account}:task-definition/{family}",
        partition(region)
    )
}
