//! Whether the hook of the gate stands as it should in services of Amazon ECS; changes nothing.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::finding::{Check, Finding};
use super::hook::examine;
use super::hook_role::may;
use crate::aws::{Aws, CallError, EcsArn, EcsKind, FunctionArn};
use crate::limits::MAX_AUDITED_SERVICES;

/// What the function needs for every deployment and what has no resource. Which repositories and signing jobs it asks
/// about depends on what is deployed.
const WITHOUT_RESOURCE: [&str; 2] = ["ecs:DescribeTaskDefinition", "ecr:GetAuthorizationToken"];

/// What it needs for the deployments of one service.
const OF_SERVICE: [&str; 1] = ["ecs:DescribeServiceRevisions"];

/// With what Amazon ECS calls it.
const OF_HOOK: [&str; 1] = ["lambda:InvokeFunction"];

/// Which services are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditedServices {
    /// These.
    Named(Vec<EcsArn>),
    /// Those of all clusters of the function's account and region.
    All,
}

/// An audit of services, whose deployments must call `function`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookAudit {
    /// The gate's function, as hooks must name it.
    pub function: FunctionArn,
    /// The services.
    pub services: AuditedServices,
    /// Minutes that a deployment may wait for it.
    pub max_minutes: u32,
}

impl HookAudit {
    /// Everything that is found: of the function first, then of each service.
    pub async fn findings(&self, aws: &Aws, now: OffsetDateTime) -> Vec<Finding> {
        let (role, mut findings) = self.of_function(aws, now).await;
        let services = match &self.services {
            AuditedServices::Named(services) => services.clone(),
            AuditedServices::All => {
                let (services, found) = self.all(aws).await;
                findings.extend(found);
                services
            }
        };
        // One role calls the function for many services.
        let mut roles = BTreeMap::new();
        for service in &services {
            let subject = format!("{}/{}", service.cluster(), service.service());
            let mut found = self.of_service(aws, service, &mut roles, now).await;
            if let Some(role) = &role {
                let revision = service
                    .as_str()
                    .replacen(":service/", ":service-revision/", 1);
                let revision = format!("{revision}/0");
                found.push(may(aws, role, &OF_SERVICE, &revision, now).await);
            }
            findings.extend(found.into_iter().map(|finding| {
                let subject = match &finding.subject {
                    Some(more) => format!("{subject}: {more}"),
                    None => subject.clone(),
                };
                finding.about(subject)
            }));
        }
        findings
    }

    /// The function's role, and what is found of the function.
    async fn of_function(&self, aws: &Aws, now: OffsetDateTime) -> (Option<String>, Vec<Finding>) {
        let wanted = "a function that the hooks can call";
        let found = match Box::pin(aws.function_configuration(&self.function)).await {
            Ok(found) => found,
            Err(error) => {
                let finding = of_call(Check::Function, &error, wanted);
                return (None, vec![finding.about(self.function.as_str())]);
            }
        };
        let (timeout, digest) = (found.timeout, &found.code_sha256);
        let words = format!("it may take {timeout} seconds, and its package is `{digest}`");
        let function = Finding::pass(Check::Function, words).about(self.function.as_str());
        let permission = may(aws, &found.role, &WITHOUT_RESOURCE, "*", now).await;
        (Some(found.role), vec![function, permission])
    }

    async fn of_service(
        &self,
        aws: &Aws,
        service: &EcsArn,
        roles: &mut BTreeMap<String, Finding>,
        now: OffsetDateTime,
    ) -> Vec<Finding> {
        let described = match Box::pin(aws.describe_service(service)).await {
            Ok(described) => described,
            Err(error) => {
                return vec![of_call(
                    Check::Service,
                    &error,
                    "a service that Amazon ECS describes",
                )];
            }
        };
        let examined = examine(&described, &self.function, self.max_minutes);
        let mut findings = examined.findings;
        let Some(hook) = examined.hook else {
            return findings;
        };
        let Some(role) = &hook.role_arn else {
            let wanted = "a role with which Amazon ECS calls the function";
            findings.push(Finding::fail(
                Check::Permission,
                "the hook has no role",
                wanted,
            ));
            return findings;
        };
        if !roles.contains_key(role) {
            let found = may(aws, role, &OF_HOOK, self.function.as_str(), now).await;
            roles.insert(role.clone(), found);
        }
        findings.extend(roles.get(role).cloned());
        findings
    }

    /// The services of all clusters, and what kept any from being found.
    async fn all(&self, aws: &Aws) -> (Vec<EcsArn>, Vec<Finding>) {
        let wanted = "a list of all services";
        let mut services = Vec::new();
        let mut findings = Vec::new();
        let clusters = match Box::pin(aws.list_clusters(self.function.region())).await {
            Ok(clusters) => clusters,
            Err(error) => return (services, vec![of_call(Check::Service, &error, wanted)]),
        };
        for cluster in &clusters {
            let listed = match EcsArn::new(EcsKind::Cluster, cluster) {
                Ok(cluster) => Box::pin(aws.list_services(&cluster)).await,
                Err(error) => {
                    let found = error.to_string();
                    findings.push(Finding::unknown(Check::Service, found, wanted));
                    continue;
                }
            };
            match listed {
                Ok(listed) => {
                    for arn in listed {
                        match EcsArn::new(EcsKind::Service, &arn) {
                            Ok(service) => services.push(service),
                            Err(error) => {
                                let found = error.to_string();
                                findings.push(Finding::unknown(Check::Service, found, wanted));
                            }
                        }
                    }
                }
                Err(error) => {
                    let finding = of_call(Check::Service, &error, wanted);
                    findings.push(finding.about(cluster.as_str()));
                }
            }
        }
        if services.len() > MAX_AUDITED_SERVICES {
            services.truncate(MAX_AUDITED_SERVICES);
            let found = format!("only the first {MAX_AUDITED_SERVICES} services are examined");
            findings.push(Finding::unknown(Check::Service, found, wanted));
        }
        if services.is_empty() && findings.is_empty() {
            let found = format!("there is no service in region `{}`", self.function.region());
            findings.push(Finding::warn(Check::Service, found, "services"));
        }
        (services, findings)
    }
}

/// What came of a call that failed. That the caller may not look is not a fault of the hook.
fn of_call(check: Check, error: &CallError, wanted: &str) -> Finding {
    use crate::aws::CallErrorKind::NotFound;
    if error.kind() == NotFound {
        return Finding::fail(check, error.to_string(), wanted).advising(error.hint());
    }
    Finding::unknown(check, error.to_string(), wanted).advising(error.hint())
}
