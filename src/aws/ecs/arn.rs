//! The ARNs of what runs in a cluster, in the form that has the cluster's name.

use std::fmt;

use crate::aws::arn::{is_account, is_region};
use crate::limits::MAX_ARN_BYTES;
use crate::partition::Partition;

/// What an ARN of Amazon ECS names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EcsKind {
    /// `cluster/CLUSTER`.
    Cluster,
    /// `service/CLUSTER/SERVICE`.
    Service,
    /// `service-revision/CLUSTER/SERVICE/ID`.
    ServiceRevision,
    /// `service-deployment/CLUSTER/SERVICE/ID`.
    ServiceDeployment,
    /// `task/CLUSTER/ID`.
    Task,
}

impl EcsKind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Service => "service",
            Self::ServiceRevision => "service-revision",
            Self::ServiceDeployment => "service-deployment",
            Self::Task => "task",
        }
    }

    /// How many names follow the word.
    const fn names(self) -> usize {
        match self {
            Self::Cluster => 1,
            Self::Service | Self::Task => 2,
            Self::ServiceRevision | Self::ServiceDeployment => 3,
        }
    }
}

/// The ARN of something in a cluster of Amazon ECS: `arn:aws:ecs:us-west-2:111122223333:service/prod/web`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EcsArn {
    text: String,
    kind: EcsKind,
    region: String,
    account: String,
    names: Vec<String>,
}

/// Why a text is not such an ARN.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("`{text}` is not the ARN of an ECS {}", .kind.word())]
pub struct EcsArnError {
    text: String,
    kind: EcsKind,
}

impl EcsArnError {
    /// What such an ARN looks like.
    pub fn hint(&self) -> String {
        let names = match self.kind {
            EcsKind::Cluster => "prod",
            EcsKind::Service => "prod/web",
            EcsKind::ServiceRevision | EcsKind::ServiceDeployment => "prod/web/4217842319842109842",
            EcsKind::Task => "prod/0123456789abcdef0123456789abcdef",
        };
        let word = self.kind.word();
        format!("such an ARN is like `arn:aws:ecs:us-east-1:111122223333:{word}/{names}`")
    }
}

impl EcsArn {
    /// Reads the ARN of a `kind`.
    ///
    /// # Errors
    ///
    /// [`EcsArnError`] for anything else, also for the old form without the cluster's name.
    pub fn new(kind: EcsKind, text: &str) -> Result<Self, EcsArnError> {
        Self::read(kind, text).ok_or_else(|| EcsArnError {
            text: text.chars().take(MAX_ARN_BYTES).collect(),
            kind,
        })
    }

    fn read(kind: EcsKind, text: &str) -> Option<Self> {
        if text.len() > MAX_ARN_BYTES {
            return None;
        }
        let parts: Vec<&str> = text.split(':').collect();
        let ["arn", partition, "ecs", region, account, resource] = parts.as_slice() else {
            return None;
        };
        let mut names = resource.split('/');
        let is_right = names.next() == Some(kind.word())
            && Partition::from_name(partition) == Some(Partition::of_region(region))
            && is_region(region)
            && is_account(account);
        let names: Vec<String> = names.map(str::to_owned).collect();
        let is_named = names.len() == kind.names() && names.iter().all(|name| is_name(name));
        (is_right && is_named).then(|| Self {
            text: text.to_owned(),
            kind,
            region: (*region).to_owned(),
            account: (*account).to_owned(),
            names,
        })
    }

    /// The ARN of the cluster with this name, in the account and region of `self`.
    #[must_use]
    pub fn cluster_arn(&self) -> Self {
        self.other(EcsKind::Cluster, 1)
    }

    /// The ARN of the service that a revision or a deployment is of; `None` for what belongs to no service.
    pub fn service_arn(&self) -> Option<Self> {
        let is_of_service = !matches!(self.kind, EcsKind::Cluster | EcsKind::Task);
        is_of_service.then(|| self.other(EcsKind::Service, 2))
    }

    fn other(&self, kind: EcsKind, count: usize) -> Self {
        let names: Vec<String> = self.names.iter().take(count).cloned().collect();
        let before = self.text.rsplit_once(':').map_or("", |(before, _)| before);
        Self {
            text: format!("{before}:{}/{}", kind.word(), names.join("/")),
            kind,
            names,
            ..self.clone()
        }
    }

    /// What it names.
    pub fn kind(&self) -> EcsKind {
        self.kind
    }

    /// The region.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account's twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The cluster's name.
    pub fn cluster(&self) -> &str {
        self.names.first().map_or("", String::as_str)
    }

    /// The service's name; empty for what belongs to no service.
    pub fn service(&self) -> &str {
        match self.kind {
            EcsKind::Cluster | EcsKind::Task => "",
            _ => self.names.get(1).map_or("", String::as_str),
        }
    }

    /// The whole ARN.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for EcsArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether this is the name of a cluster, service, task or revision (`CreateService`, member `serviceName`).
pub fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "arn:aws:ecs:us-west-2:111122223333";

    #[test]
    fn an_arn_names_cluster_and_service() {
        let text = format!("{BEFORE}:service-revision/prod/web/42");
        let arn = EcsArn::new(EcsKind::ServiceRevision, &text).unwrap();
        assert_eq!((arn.cluster(), arn.service()), ("prod", "web"));
        assert_eq!((arn.region(), arn.account()), ("us-west-2", "111122223333"));
        assert_eq!(arn.to_string(), text);
        let service = arn.service_arn().unwrap();
        assert_eq!(service.as_str(), format!("{BEFORE}:service/prod/web"));
        assert_eq!(
            Ok(service.clone()),
            EcsArn::new(EcsKind::Service, service.as_str())
        );
        assert_eq!(arn.cluster_arn().as_str(), format!("{BEFORE}:cluster/prod"));
        let task = EcsArn::new(EcsKind::Task, &format!("{BEFORE}:task/prod/0af")).unwrap();
        assert_eq!((task.service(), task.service_arn()), ("", None));
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "",
            "arn:aws:ecs:us-west-2:111122223333:service/web",
            "arn:aws:ecs:us-west-2:111122223333:service/prod/web/",
            "arn:aws:ecs:us-west-2:111122223333:service/prod/web/1",
            "arn:aws:ecs:us-west-2:111122223333:service/prod/../x",
            "arn:aws:ecs:us-west-2:111122223333:task/prod/web",
            "arn:aws-cn:ecs:us-west-2:111122223333:service/prod/web",
            "arn:aws:ecs:us-west-2:11112222333:service/prod/web",
            "arn:aws:ecs::111122223333:service/prod/web",
            "arn:aws:eks:us-west-2:111122223333:service/prod/web",
            "arn:aws:ecs:us-west-2:111122223333:service/prod/web:1",
        ] {
            let error = EcsArn::new(EcsKind::Service, wrong).unwrap_err();
            let words = format!("`{wrong}` is not the ARN of an ECS service");
            assert_eq!(error.to_string(), words);
        }
        let error = EcsArn::new(EcsKind::Task, "x").unwrap_err();
        assert!(
            error
                .hint()
                .ends_with(":task/prod/0123456789abcdef0123456789abcdef`")
        );
        assert!(
            EcsArn::new(
                EcsKind::Cluster,
                &format!("{BEFORE}:cluster/{}", "x".repeat(256))
            )
            .is_err()
        );
    }
}
