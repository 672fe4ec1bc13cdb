//! Amazon ECS, as far as what will run is asked of it.
//!
//! Each answer is about exactly what was asked about, or it is an error: what Amazon ECS has not
//! (`failures`), what it describes in the place of something else, and lists that do not end.

mod answers;
mod arn;
mod names;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::context::Aws;
use super::error::{Call, CallError};
use super::signed_call::{Service as Api, decoded};
use crate::limits::{MAX_ARN_BYTES, MAX_ECS_PAGES};

pub use answers::{
    DeploymentConfiguration, DeploymentController, HookTimeout, LifecycleHook, RevisionImage,
    Service, ServiceConnect, ServiceRevision, Task, TaskContainer,
};
pub use arn::{EcsArn, EcsArnError, EcsKind, is_name as is_ecs_name};
pub use names::{TaskDefinitionName, TaskDefinitionNameError};

const ECS: Api = Api {
    id: "ECS",
    name: "ecs",
    target: "AmazonEC2ContainerServiceV20141113",
};

/// What was asked about and not described (shape `Failure`).
#[derive(Debug, Deserialize)]
struct Failure {
    reason: Option<String>,
}

impl Aws {
    /// AWS's answer about a task definition, as it came (`DescribeTaskDefinition`). Whether it is about this one
    /// is not checked: [`TaskDefinitionName::is_of`].
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer.
    pub async fn describe_task_definition(
        &self,
        name: &TaskDefinitionName,
        region: &str,
    ) -> Result<Vec<u8>, CallError> {
        let call = Call {
            action: "ecs:DescribeTaskDefinition",
            resource: name.to_string(),
            region: region.to_owned(),
        };
        let body = json!({ "taskDefinition": name.to_string() }).to_string();
        Box::pin(self.ask(ECS, call, "DescribeTaskDefinition", &body)).await
    }

    /// What a deployment starts (`DescribeServiceRevisions`). It is of the service that its ARN names.
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about it.
    pub async fn describe_service_revision(
        &self,
        revision: &EcsArn,
    ) -> Result<ServiceRevision, CallError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            #[serde(default)]
            service_revisions: Vec<ServiceRevision>,
            #[serde(default)]
            failures: Vec<Failure>,
        }
        let call = call("ecs:DescribeServiceRevisions", revision);
        let body = json!({ "serviceRevisionArns": [revision.as_str()] });
        let answer: Body = self
            .of_ecs(&call, "DescribeServiceRevisions", &body)
            .await?;
        let found = only(&call, answer.service_revisions, &answer.failures)?;
        let service = revision.service_arn().map(|arn| arn.to_string());
        let is_asked = found.service_revision_arn == revision.as_str()
            && service.as_deref() == Some(found.service_arn.as_str());
        about(&call, is_asked, &found.service_revision_arn)?;
        Ok(found)
    }

    /// A service (`DescribeServices`).
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about it.
    pub async fn describe_service(&self, service: &EcsArn) -> Result<Service, CallError> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            services: Vec<Service>,
            #[serde(default)]
            failures: Vec<Failure>,
        }
        let call = call("ecs:DescribeServices", service);
        let cluster = service.cluster_arn();
        let body = json!({ "cluster": cluster.as_str(), "services": [service.as_str()] });
        let answer: Body = self.of_ecs(&call, "DescribeServices", &body).await?;
        let found = only(&call, answer.services, &answer.failures)?;
        about(
            &call,
            found.service_arn == service.as_str(),
            &found.service_arn,
        )?;
        Ok(found)
    }

    /// A task (`DescribeTasks`).
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no answer about it.
    pub async fn describe_task(&self, task: &EcsArn) -> Result<Task, CallError> {
        #[derive(Deserialize)]
        struct Body {
            #[serde(default)]
            tasks: Vec<Task>,
            #[serde(default)]
            failures: Vec<Failure>,
        }
        let call = call("ecs:DescribeTasks", task);
        let cluster = task.cluster_arn();
        let body = json!({ "cluster": cluster.as_str(), "tasks": [task.as_str()] });
        let answer: Body = self.of_ecs(&call, "DescribeTasks", &body).await?;
        let found = only(&call, answer.tasks, &answer.failures)?;
        let is_asked = found.task_arn == task.as_str() && found.cluster_arn == cluster.as_str();
        about(&call, is_asked, &found.task_arn)?;
        Ok(found)
    }

    /// Stops a task (`StopTask`); to stop it twice does no harm.
    ///
    /// # Errors
    ///
    /// [`CallError`] where AWS does not say that it stops.
    pub async fn stop_task(&self, task: &EcsArn, reason: &str) -> Result<(), CallError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Stopped {
            task_arn: String,
        }
        #[derive(Deserialize)]
        struct Body {
            task: Stopped,
        }
        let call = call("ecs:StopTask", task);
        let body = json!({
            "cluster": task.cluster_arn().as_str(), "task": task.as_str(), "reason": reason,
        });
        let answer: Body = self.of_ecs(&call, "StopTask", &body).await?;
        let stopped = answer.task.task_arn;
        about(&call, stopped == task.as_str(), &stopped)
    }

    /// The tasks of a cluster, or of one of its services, that run or are to run (`ListTasks`).
    ///
    /// # Errors
    ///
    /// [`CallError`] where there is no whole list.
    pub async fn list_tasks(&self, of: &EcsArn) -> Result<Vec<String>, CallError> {
        let mut body = json!({ "cluster": of.cluster_arn().as_str(), "desiredStatus": "RUNNING" });
        if let ("service", service) = (of.kind().word(), of.service()) {
            set(&mut body, "serviceName", json!(service));
        }
        let call = call("ecs:ListTasks", of);
        self.list(&call, "ListTasks", "taskArns", body).await
    }

    /// The services of a cluster (`ListServices`).
    ///
    /// # Errors
    ///
    /// As [`Aws::list_tasks`].
    pub async fn list_services(&self, cluster: &EcsArn) -> Result<Vec<String>, CallError> {
        let body = json!({ "cluster": cluster.as_str(), "maxResults": 100 });
        let call = call("ecs:ListServices", cluster);
        self.list(&call, "ListServices", "serviceArns", body).await
    }

    /// The clusters of the caller's account in `region` (`ListClusters`).
    ///
    /// # Errors
    ///
    /// As [`Aws::list_tasks`].
    pub async fn list_clusters(&self, region: &str) -> Result<Vec<String>, CallError> {
        let call = Call {
            action: "ecs:ListClusters",
            resource: "*".to_owned(),
            region: region.to_owned(),
        };
        self.list(&call, "ListClusters", "clusterArns", json!({}))
            .await
    }

    /// All pages of a list.
    async fn list(
        &self,
        call: &Call,
        operation: &str,
        member: &str,
        mut body: Value,
    ) -> Result<Vec<String>, CallError> {
        let mut found = Vec::new();
        for _ in 0..MAX_ECS_PAGES {
            let mut answer: Value = self.of_ecs(call, operation, &body).await?;
            let items = answer.get_mut(member).map(Value::take);
            let items: Option<Vec<String>> = serde_json::from_value(items.unwrap_or_default()).ok();
            let Some(items) = items else {
                let problem = format!("`{member}` is not a list of ARNs");
                return Err(CallError::malformed(call.clone(), problem, None));
            };
            found.extend(items);
            match answer.get("nextToken") {
                None | Some(Value::Null) => return Ok(found),
                Some(token) => set(&mut body, "nextToken", token.clone()),
            }
        }
        let problem = format!("its list has more than {MAX_ECS_PAGES} pages");
        Err(CallError::malformed(call.clone(), problem, None))
    }

    async fn of_ecs<T: DeserializeOwned>(
        &self,
        call: &Call,
        operation: &str,
        body: &Value,
    ) -> Result<T, CallError> {
        let body = body.to_string();
        let answer = Box::pin(self.ask(ECS, call.clone(), operation, &body)).await?;
        decoded(call, &answer)
    }
}

fn call(action: &'static str, resource: &EcsArn) -> Call {
    Call {
        action,
        resource: resource.to_string(),
        region: resource.region().to_owned(),
    }
}

/// The one that was asked about.
fn only<T>(call: &Call, mut found: Vec<T>, failures: &[Failure]) -> Result<T, CallError> {
    match (found.pop(), failures) {
        (Some(one), []) if found.is_empty() => Ok(one),
        (None, [failure]) => {
            let reason = failure.reason.as_deref().unwrap_or("no reason");
            if reason == "MISSING" {
                return Err(CallError::not_found(call.clone(), reason));
            }
            let problem = format!("it describes nothing: {reason}");
            Err(CallError::malformed(call.clone(), problem, None))
        }
        (None, []) => {
            let problem = "it describes nothing, and gives no reason";
            Err(CallError::malformed(call.clone(), problem, None))
        }
        _ => {
            let problem = "it describes more than what was asked about";
            Err(CallError::malformed(call.clone(), problem, None))
        }
    }
}

fn about(call: &Call, is_asked: bool, found: &str) -> Result<(), CallError> {
    if is_asked {
        return Ok(());
    }
    let found: String = found.chars().take(MAX_ARN_BYTES).collect();
    let problem = format!("it describes `{found}`");
    Err(CallError::malformed(call.clone(), problem, None))
}

/// Sets a member of an object.
fn set(body: &mut Value, member: &str, value: Value) {
    if let Value::Object(members) = body {
        members.insert(member.to_owned(), value);
    }
}
