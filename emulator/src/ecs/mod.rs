//! Amazon ECS (JSON 1.1), as far as what will run is asked of it: task definitions, services with their revisions, tasks.
//!
//! Requests and answers as the API model 2014-11-13 says. What is here belongs to the account and the region of the
//! caller who made it. Nothing runs: a service starts no task and calls no hook, and a task of `RunTask` runs at once and
//! until it is stopped.

mod clusters;
mod context;
mod lists;
mod services;
mod store;
mod task_definitions;
mod tasks;

use serde_json::Value;

use crate::error::AwsError;

pub(crate) use context::Context;
pub(crate) use store::Store;

/// Answers one operation: `action` is what follows the dot of `X-Amz-Target`.
pub(crate) fn handle(context: &Context<'_>, action: &str) -> Result<Value, AwsError> {
    match action {
        "RegisterTaskDefinition" => task_definitions::register(context),
        "DescribeTaskDefinition" => task_definitions::describe(context),
        "CreateCluster" => clusters::create(context),
        "ListClusters" => clusters::list(context),
        "CreateService" => services::create(context),
        "UpdateService" => services::update(context),
        "DescribeServices" => services::describe(context),
        "DescribeServiceRevisions" => services::describe_revisions(context),
        "ListServices" => services::list(context),
        "RunTask" => tasks::run(context),
        "DescribeTasks" => tasks::describe(context),
        "ListTasks" => tasks::list(context),
        "StopTask" => tasks::stop(context),
        action => Err(AwsError::unknown_operation(action)),
    }
}

/// Puts a service, a service revision or a task in the place of the one with its ARN, whatever it says.
pub(crate) fn put(context: &Context<'_>) -> Result<(), AwsError> {
    let item = context.body;
    let text = |member: &str| item.get(member).and_then(Value::as_str).map(str::to_owned);
    context.store.change(|store| {
        // A revision names its service too.
        let (items, arn) = if let Some(arn) = text("serviceRevisionArn") {
            (&mut store.revisions, arn)
        } else if let Some(arn) = text("taskArn") {
            (&mut store.tasks, arn)
        } else if let Some(arn) = text("serviceArn") {
            (&mut store.services, arn)
        } else {
            return Err(context::invalid("it has no ARN"));
        };
        items.insert(arn, item.clone());
        Ok(())
    })
}
