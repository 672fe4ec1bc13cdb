//! What Amazon ECS says of services, their revisions and tasks: only what is asked for here (API model 2014-11-13).

use serde::Deserialize;

/// A service (shape `Service`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Service {
    /// Its ARN.
    pub service_arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// The ARN of the task definition that new tasks have; some controllers have none here.
    pub task_definition: Option<String>,
    /// Who deploys it.
    pub deployment_controller: Option<DeploymentController>,
    /// How it is deployed.
    pub deployment_configuration: Option<DeploymentConfiguration>,
}

/// Who deploys a service (shape `DeploymentController`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeploymentController {
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// How a service is deployed (shape `DeploymentConfiguration`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentConfiguration {
    /// `ROLLING`, `BLUE_GREEN`, `LINEAR` or `CANARY`.
    pub strategy: Option<String>,
    /// What is asked during a deployment.
    #[serde(default)]
    pub lifecycle_hooks: Vec<LifecycleHook>,
}

/// What is asked during a deployment (shape `DeploymentLifecycleHook`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LifecycleHook {
    /// `AWS_LAMBDA` or `PAUSE`.
    pub target_type: Option<String>,
    /// The ARN of the function.
    pub hook_target_arn: Option<String>,
    /// The role with which Amazon ECS calls the function.
    pub role_arn: Option<String>,
    /// When it is asked: `PRE_SCALE_UP` and others.
    #[serde(default)]
    pub lifecycle_stages: Vec<String>,
    /// How long it may take.
    pub timeout_configuration: Option<HookTimeout>,
}

/// How long a hook may take (shape `DeploymentLifecycleHookTimeoutConfiguration`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HookTimeout {
    /// Minutes; 1440 where it is not set.
    pub timeout_in_minutes: Option<u32>,
    /// `ROLLBACK` or `CONTINUE`; `ROLLBACK` where it is not set.
    pub action: Option<String>,
}

/// What a deployment of a service starts (shape `ServiceRevision`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceRevision {
    /// Its ARN.
    pub service_revision_arn: String,
    /// The service's ARN.
    pub service_arn: String,
    /// The task definition's ARN.
    pub task_definition: String,
    /// The images as far as Amazon ECS has looked them up.
    #[serde(default)]
    pub container_images: Vec<RevisionImage>,
    /// Whether the container of `GuardDuty` runs in each task.
    #[serde(default)]
    pub guard_duty_enabled: bool,
    /// Service Connect, whose proxy runs in each task.
    #[serde(default)]
    pub service_connect_configuration: ServiceConnect,
}

/// Service Connect of a service (shape `ServiceConnectConfiguration`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ServiceConnect {
    /// Whether its proxy runs in each task.
    #[serde(default)]
    pub enabled: bool,
}

/// An image of a service revision (shape `ContainerImage`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RevisionImage {
    /// The container's name.
    pub container_name: String,
    /// The image as the task definition has it.
    pub image: String,
    /// What its tag resolved to, once a task of the revision was started: `sha256:...`.
    pub image_digest: Option<String>,
}

/// A task (shape `Task`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Its ARN.
    pub task_arn: String,
    /// The cluster's ARN.
    pub cluster_arn: String,
    /// The task definition's ARN.
    pub task_definition_arn: String,
    /// `service:NAME` or `family:NAME`.
    pub group: Option<String>,
    /// `PROVISIONING`, `RUNNING`, `STOPPED` and others.
    pub last_status: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// Its containers.
    #[serde(default)]
    pub containers: Vec<TaskContainer>,
}

/// A container of a task (shape `Container`).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskContainer {
    /// Its name.
    pub name: String,
    /// The image as the task definition has it; containers that AWS adds may have none.
    pub image: Option<String>,
    /// The digest of what runs: `sha256:...`; `None` until the image was pulled.
    pub image_digest: Option<String>,
}
