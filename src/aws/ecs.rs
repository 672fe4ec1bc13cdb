//! Amazon ECS, as far as what will run is asked of it.

use std::fmt;

use super::context::Aws;
use super::error::{Call, CallError};
use super::signed_call::Service;
use crate::partition::Partition;

const ECS: Service = Service {
    id: "ECS",
    name: "ecs",
    target: "AmazonEC2ContainerServiceV20141113",
};

/// A task definition's name: its ARN, or a family with or without a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDefinitionName {
    text: String,
    region: Option<String>,
}

/// Why a text is not the name of a task definition.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{0}` is not the ARN of an ECS task definition")]
pub struct TaskDefinitionNameError(String);

impl TaskDefinitionNameError {
    /// What such an ARN looks like.
    pub fn hint(&self) -> String {
        "such an ARN is like `arn:aws:ecs:us-east-1:111122223333:task-definition/app:7`".to_owned()
    }
}

impl TaskDefinitionName {
    /// An ARN; its region is where it is asked about.
    ///
    /// # Errors
    ///
    /// [`TaskDefinitionNameError`] for anything else.
    pub fn arn(text: &str) -> Result<Self, TaskDefinitionNameError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let is_name = |name: &str| Self::family(name).is_some();
        match parts.as_slice() {
            ["arn", partition, "ecs", region, account, resource]
                if Partition::from_name(partition) == Some(Partition::of_region(region))
                    && super::arn::is_region(region)
                    && account.len() == 12
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && resource
                        .strip_prefix("task-definition/")
                        .is_some_and(is_name) =>
            {
                Ok(Self {
                    text: text.to_owned(),
                    region: Some((*region).to_owned()),
                })
            }
            _ => Err(TaskDefinitionNameError(text.to_owned())),
        }
    }

    /// `FAMILY` or `FAMILY:REVISION`; `None` for what cannot be one.
    pub fn family(text: &str) -> Option<Self> {
        let (family, revision) = match text.split_once(':') {
            Some((family, revision)) => (family, Some(revision)),
            None => (text, None),
        };
        let is_family = (1..=255).contains(&family.len())
            && family
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let is_revision = revision.is_none_or(|revision| {
            (1..=10).contains(&revision.len()) && revision.bytes().all(|byte| byte.is_ascii_digit())
        });
        (is_family && is_revision).then(|| Self {
            text: text.to_owned(),
            region: None,
        })
    }

    /// The region, where an ARN names it.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

impl fmt::Display for TaskDefinitionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Aws {
    /// AWS's answer about a task definition, as it came (`DescribeTaskDefinition`). Whether it is about this one
    /// is not checked.
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
        let body = serde_json::json!({ "taskDefinition": name.to_string() }).to_string();
        Box::pin(self.ask(ECS, call, "DescribeTaskDefinition", &body)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_arns_or_families() {
        let arn = "arn:aws:ecs:eu-west-1:111122223333:task-definition/app:7";
        let name = TaskDefinitionName::arn(arn).unwrap();
        assert_eq!(
            (name.to_string().as_str(), name.region()),
            (arn, Some("eu-west-1"))
        );
        for wrong in [
            "arn:aws-cn:ecs:eu-west-1:111122223333:task-definition/app:7",
            "arn:aws:ecs:eu-west-1:11112222333:task-definition/app:7",
            "arn:aws:ecs:eu-west-1:111122223333:service/app",
            "arn:aws:ecs:eu-west-1:111122223333:task-definition/app/7",
            "arn:aws:ecs::111122223333:task-definition/app",
            "app",
        ] {
            let error = TaskDefinitionName::arn(wrong).unwrap_err();
            let words = format!("`{wrong}` is not the ARN of an ECS task definition");
            assert_eq!(error.to_string(), words);
        }
        for family in ["app", "App_2-x", "app:12"] {
            assert!(TaskDefinitionName::family(family).is_some(), "{family}");
        }
        for wrong in [
            "",
            "a.b",
            "a/b",
            "app:",
            "app:x",
            "app:1:2",
            "app:12345678901",
            "ü",
        ] {
            assert!(TaskDefinitionName::family(wrong).is_none(), "{wrong}");
        }
    }
}
