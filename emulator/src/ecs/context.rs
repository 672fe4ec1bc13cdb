//! One call of Amazon ECS, and the names in it.

use super::store::Store;
use crate::{call::Caller, error::AwsError, partition::partition, signed_call::SignedCall};

/// One signed call of Amazon ECS, and what it works on.
pub(crate) type Context<'a> = SignedCall<'a, Store>;

impl Context<'_> {
    /// `arn:aws:ecs:REGION:ACCOUNT:RESOURCE` of the caller's.
    pub(super) fn arn(&self, resource: &str) -> String {
        let Caller {
            account, region, ..
        } = self.caller;
        format!(
            "arn:{}:ecs:{region}:{account}:{resource}",
            partition(region)
        )
    }

    /// The name of the cluster that a request means by name or ARN; `default` where it names none. It must be there.
    pub(super) fn cluster(&self, store: &Store, cluster: Option<&str>) -> Result<String, AwsError> {
        let before = self.arn("cluster/");
        let text = cluster.unwrap_or("default");
        let name = text.strip_prefix(&before).unwrap_or(text);
        let is_there = name == "default" || store.clusters.contains(&format!("{before}{name}"));
        if is_there && is_name(name) {
            Ok(name.to_owned())
        } else {
            Err(AwsError::client(
                "ClusterNotFoundException",
                "Cluster not found.",
            ))
        }
    }

    /// The ARN of a service or a task that a request means by name or ARN.
    pub(super) fn in_cluster(&self, kind: &str, cluster: &str, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        self.arn(&format!("{kind}/{cluster}/{name}"))
    }
}

pub(super) fn client(message: &str) -> AwsError {
    AwsError::client("ClientException", message)
}

pub(super) fn invalid(message: &str) -> AwsError {
    AwsError::client("InvalidParameterException", message)
}

/// Whether a family, a cluster or a service may have this name.
pub(super) fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
