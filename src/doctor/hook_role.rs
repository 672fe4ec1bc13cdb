//! What IAM lets the roles of a hook do: that with which Amazon ECS calls the function, and the function's own.

use time::OffsetDateTime;

use super::finding::{Check, Finding, PolicyStatement};
use crate::aws::{Aws, CallErrorKind, EvalDecision, Simulated};

/// Whether the policies of `role` allow `actions` on `resource`, as IAM says.
pub(super) async fn may(
    aws: &Aws,
    role: &str,
    actions: &[&'static str],
    resource: &str,
    now: OffsetDateTime,
) -> Finding {
    let statement = PolicyStatement::new(actions, resource);
    let answer = Box::pin(aws.simulate(role, actions, resource, now)).await;
    let finding = match answer {
        Ok(results) => of_results(&results, role, statement),
        Err(error) => {
            let hint = match error.kind() {
                CallErrorKind::Denied => Some(format!(
                    "allow `iam:SimulatePrincipalPolicy` on `{role}` to have it looked up"
                )),
                _ => error.hint(),
            };
            let found = format!("IAM did not say what the role may do: {error}");
            let wanted = "a policy of the role that allows it";
            Finding::unknown(Check::Permission, found, wanted)
                .needing(statement)
                .advising(hint)
        }
    };
    finding.about(format!("{} by {role}", actions.join(", ")))
}

fn of_results(results: &[Simulated], role: &str, statement: PolicyStatement) -> Finding {
    let wanted = "policies of the role that allow it";
    let denied: Vec<&'static str> = statement
        .actions
        .iter()
        .copied()
        .filter(|action| {
            let mut of_action = results.iter().filter(|one| one.action == *action);
            of_action.any(|one| one.decision != EvalDecision::Allowed)
        })
        .collect();
    if results.iter().any(|one| one.is_conditional) {
        let found =
            format!("the policies of `{role}` have conditions that only a real request meets");
        let hint = "deploy a signed image once, and read the hook's log".to_owned();
        return Finding::unknown(Check::Permission, found, wanted)
            .needing(statement)
            .advising(Some(hint));
    }
    if denied.is_empty() {
        return Finding::pass(
            Check::Permission,
            format!("the policies of `{role}` allow it"),
        );
    }
    let found = format!(
        "the policies of `{role}` do not allow `{}`",
        denied.join("`, `")
    );
    let hint =
        "add the statement to a policy of the role, and look for one that denies it".to_owned();
    Finding::fail(Check::Permission, found, wanted)
        .needing(PolicyStatement::new(&denied, statement.resource))
        .advising(Some(hint))
}
