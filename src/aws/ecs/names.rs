//! The names of task definitions.

use std::fmt;

use crate::aws::arn::{is_account, is_region};
use crate::partition::Partition;

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
                    && is_region(region)
                    && is_account(account)
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

    /// Whether a task definition with this ARN is the one that is named; a family without a revision is its newest
    /// one.
    pub fn is_of(&self, arn: &str) -> bool {
        let of_arn = arn.rsplit_once('/').map_or("", |(_, name)| name);
        let named = self
            .text
            .rsplit_once('/')
            .map_or(self.text.as_str(), |(_, name)| name);
        let is_same_family = of_arn.split(':').next() == named.split(':').next();
        is_same_family
            && (named == of_arn || !named.contains(':'))
            && (self.region.is_none() || arn.split('/').next() == self.text.split('/').next())
    }

    /// Whether it names one revision; a family without one is its newest, whichever that is when AWS is asked.
    pub fn has_revision(&self) -> bool {
        let name = self.text.rsplit_once('/');
        name.map_or(self.text.as_str(), |(_, name)| name)
            .contains(':')
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
