//! Whether a service of Amazon ECS has the gate's hook, as its description says.

use super::finding::{Check, Finding};
use crate::aws::{FunctionArn, HookTimeout, LifecycleHook, Service};
use crate::limits::DEFAULT_HOOK_TIMEOUT_MINUTES;

/// The only stage that comes before any task of the new revision.
const FIRST_STAGE: &str = "PRE_SCALE_UP";

/// What is found of a service, and the hook that calls the function.
pub(super) struct Examined<'a> {
    pub(super) findings: Vec<Finding>,
    pub(super) hook: Option<&'a LifecycleHook>,
}

/// Holds a service to what the gate needs: its hook calls `function`, in time, and no later than `max_minutes`.
pub(super) fn examine<'a>(
    service: &'a Service,
    function: &FunctionArn,
    max_minutes: u32,
) -> Examined<'a> {
    let mut findings = vec![of_service(service)];
    let hooks = service
        .deployment_configuration
        .as_ref()
        .map(|deployment| deployment.lifecycle_hooks.as_slice())
        .unwrap_or_default();
    let hook = hook_of(hooks, function);
    findings.push(of_hook(hooks, hook, function));
    if let Some(hook) = hook {
        findings.push(of_stages(hook));
        findings.push(of_timeout(hook.timeout_configuration.as_ref(), max_minutes));
    }
    Examined { findings, hook }
}

/// Who deploys it, and how.
fn of_service(service: &Service) -> Finding {
    let controller = service.deployment_controller.as_ref();
    let controller = controller.map_or("ECS", |controller| controller.kind.as_str());
    if controller != "ECS" {
        let found = format!("`{controller}` deploys it, and calls no hooks of Amazon ECS");
        let hint = "verify its images where that deploys, or have Amazon ECS deploy the service";
        return Finding::fail(Check::Service, found, "the deployment controller `ECS`")
            .advising(Some(hint.to_owned()));
    }
    if service.status != "ACTIVE" {
        let found = format!("its status is `{}`", service.status);
        return Finding::warn(Check::Service, found, "the status `ACTIVE`");
    }
    let deployment = service.deployment_configuration.as_ref();
    let strategy = deployment.and_then(|deployment| deployment.strategy.as_deref());
    match strategy.unwrap_or("ROLLING") {
        strategy @ ("BLUE_GREEN" | "LINEAR" | "CANARY") => {
            let found = format!("Amazon ECS deploys it by the strategy `{strategy}`");
            Finding::pass(Check::Service, found)
        }
        strategy => {
            let found = format!(
                "its strategy is `{strategy}`, and AWS does not document that such deployments call hooks"
            );
            let wanted = "the strategy `BLUE_GREEN`, `LINEAR` or `CANARY`";
            let hint =
                "deploy an unsigned image once, and see that it is refused; or change the strategy";
            Finding::warn(Check::Service, found, wanted).advising(Some(hint.to_owned()))
        }
    }
}

/// The hook that calls the function; of several the one that calls it first.
fn hook_of<'a>(hooks: &'a [LifecycleHook], function: &FunctionArn) -> Option<&'a LifecycleHook> {
    let calls_it = |hook: &&LifecycleHook| {
        hook.target_type
            .as_deref()
            .is_none_or(|kind| kind == "AWS_LAMBDA")
            && hook.hook_target_arn.as_deref() == Some(function.as_str())
    };
    let mut calling: Vec<&LifecycleHook> = hooks.iter().filter(calls_it).collect();
    calling.sort_by_key(|hook| !is_first(hook));
    calling.first().copied()
}

fn is_first(hook: &LifecycleHook) -> bool {
    hook.lifecycle_stages
        .iter()
        .any(|stage| stage == FIRST_STAGE)
}

fn of_hook(
    hooks: &[LifecycleHook],
    hook: Option<&LifecycleHook>,
    function: &FunctionArn,
) -> Finding {
    let wanted = format!("a hook that calls `{function}`");
    if hook.is_some() {
        return Finding::pass(Check::Hook, format!("it calls `{function}`"));
    }
    let others: Vec<String> = hooks
        .iter()
        .filter_map(|hook| hook.hook_target_arn.as_ref())
        .map(|target| format!("`{target}`"))
        .collect();
    let found = if others.is_empty() {
        "its deployments call no function".to_owned()
    } else {
        format!("its deployments call only {}", others.join(", "))
    };
    let hint = "add the hook to `deploymentConfiguration.lifecycleHooks` of the service, with the whole ARN that is \
                given here";
    Finding::fail(Check::Hook, found, wanted).advising(Some(hint.to_owned()))
}

fn of_stages(hook: &LifecycleHook) -> Finding {
    if is_first(hook) {
        return Finding::pass(Check::HookStage, format!("it is called at `{FIRST_STAGE}`"));
    }
    let found = match hook.lifecycle_stages.as_slice() {
        [] => "it is called at no stage".to_owned(),
        stages => format!("it is called only at `{}`", stages.join("`, `")),
    };
    let wanted = format!("the stage `{FIRST_STAGE}`, which alone comes before any new task");
    let hint = format!("add `{FIRST_STAGE}` to `lifecycleStages` of the hook");
    Finding::fail(Check::HookStage, found, wanted).advising(Some(hint))
}

fn of_timeout(timeout: Option<&HookTimeout>, max_minutes: u32) -> Finding {
    let wanted = format!("`ROLLBACK` after at most {max_minutes} minutes");
    let hint = format!(
        "set `timeoutConfiguration` of the hook to `{{\"timeoutInMinutes\": {max_minutes}, \"action\": \"ROLLBACK\"}}`"
    );
    let action = timeout.and_then(|timeout| timeout.action.as_deref());
    let minutes = timeout.and_then(|timeout| timeout.timeout_in_minutes);
    match action.unwrap_or("ROLLBACK") {
        "ROLLBACK" => {}
        "CONTINUE" => {
            let found = "the deployment goes on where the hook does not answer in time";
            return Finding::fail(Check::HookTimeout, found, wanted).advising(Some(hint));
        }
        other => {
            let found = format!("where the hook does not answer in time, `{other}` follows");
            return Finding::unknown(Check::HookTimeout, found, wanted).advising(Some(hint));
        }
    }
    let shown = minutes.unwrap_or(DEFAULT_HOOK_TIMEOUT_MINUTES);
    if shown <= max_minutes {
        let found = format!("`ROLLBACK` after {shown} minutes");
        return Finding::pass(Check::HookTimeout, found);
    }
    let found = format!("a hook that does not answer holds the deployment for {shown} minutes");
    Finding::warn(Check::HookTimeout, found, wanted).advising(Some(hint))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::finding::Status;
    use super::*;

    const FUNCTION: &str = "arn:aws:lambda:us-west-2:111122223333:function:gate:live";

    fn hook() -> Value {
        json!({
            "targetType": "AWS_LAMBDA",
            "hookTargetArn": FUNCTION,
            "lifecycleStages": ["POST_SCALE_UP", "PRE_SCALE_UP"],
            "timeoutConfiguration": { "timeoutInMinutes": 15, "action": "ROLLBACK" },
        })
    }

    fn service(hooks: &[Value]) -> Value {
        json!({
            "serviceArn": "arn:aws:ecs:us-west-2:111122223333:service/prod/web",
            "status": "ACTIVE",
            "deploymentController": { "type": "ECS" },
            "deploymentConfiguration": { "strategy": "BLUE_GREEN", "lifecycleHooks": hooks },
        })
    }

    /// What did not pass.
    fn others(service: Value) -> Vec<(&'static str, Status, String)> {
        let service: Service = serde_json::from_value(service).unwrap();
        let function = FunctionArn::new(FUNCTION).unwrap();
        let examined = examine(&service, &function, 15);
        let others = examined
            .findings
            .into_iter()
            .filter(|finding| finding.status != Status::Pass);
        others
            .map(|finding| (finding.check.code(), finding.status, finding.found))
            .collect()
    }

    fn changed(pointer: &str, value: Value) -> Value {
        let mut hook = hook();
        *hook.pointer_mut(pointer).unwrap() = value;
        service(&[hook])
    }

    #[test]
    fn a_hook_as_it_should_be_passes() {
        assert_eq!(others(service(&[hook()])), []);
        let mut late = hook();
        late["lifecycleStages"] = json!(["POST_SCALE_UP"]);
        assert_eq!(others(service(&[late, hook()])), []);
        let mut short = hook();
        short["timeoutConfiguration"] = json!({ "timeoutInMinutes": 5 });
        short.as_object_mut().unwrap().remove("targetType");
        assert_eq!(others(service(&[short])), []);
    }

    #[test]
    fn what_lets_something_past_fails_and_what_only_waits_warns() {
        let fails = |service, check, found: &str| {
            assert_eq!(others(service), [(check, Status::Fail, found.to_owned())]);
        };
        fails(service(&[]), "hook", "its deployments call no function");
        let other = "arn:aws:lambda:us-west-2:111122223333:function:gate";
        let only = format!("its deployments call only `{other}`");
        fails(changed("/hookTargetArn", json!(other)), "hook", &only);
        let only = format!("its deployments call only `{FUNCTION}`");
        fails(changed("/targetType", json!("PAUSE")), "hook", &only);
        let late = changed("/lifecycleStages", json!(["POST_SCALE_UP"]));
        fails(late, "hook-stage", "it is called only at `POST_SCALE_UP`");
        let none = changed("/lifecycleStages", json!([]));
        fails(none, "hook-stage", "it is called at no stage");
        let goes_on = changed("/timeoutConfiguration/action", json!("CONTINUE"));
        let found = "the deployment goes on where the hook does not answer in time";
        fails(goes_on, "hook-timeout", found);
        let mut by_other = service(&[hook()]);
        by_other["deploymentController"]["type"] = json!("CODE_DEPLOY");
        let found = "`CODE_DEPLOY` deploys it, and calls no hooks of Amazon ECS";
        fails(by_other, "service", found);

        let is = |service, check, status| {
            let others = others(service);
            assert_eq!(others.len(), 1, "{others:?}");
            assert_eq!((others[0].0, others[0].1), (check, status));
        };
        let stops = changed("/timeoutConfiguration/action", json!("STOP"));
        is(stops, "hook-timeout", Status::Unknown);
        let long = changed("/timeoutConfiguration/timeoutInMinutes", json!(16));
        is(long, "hook-timeout", Status::Warn);
        is(
            changed("/timeoutConfiguration", json!({})),
            "hook-timeout",
            Status::Warn,
        );
        let mut rolling = service(&[hook()]);
        rolling["deploymentConfiguration"]
            .as_object_mut()
            .unwrap()
            .remove("strategy");
        is(rolling, "service", Status::Warn);
        let mut ended = service(&[hook()]);
        ended["status"] = json!("INACTIVE");
        is(ended, "service", Status::Warn);
    }
}
