//! AWS IAM (query protocol): `SimulatePrincipalPolicy`. Every action is allowed unless a test says otherwise.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    call::Caller,
    error::AwsError,
    protocol::{Protocol, xml},
    random,
    sts::Form,
};

/// The version of IAM's API, by which a form is told from one for STS.
pub(crate) const VERSION: &str = "2010-05-08";

/// What IAM decides about an action.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Decision {
    /// The policies allow it.
    #[default]
    Allowed,
    /// No policy allows it.
    ImplicitDeny,
    /// A policy denies it.
    ExplicitDeny,
    /// No policy allows it as far as IAM was told of the request: a condition wants to know more.
    MissingContext,
}

/// What IAM decides by action, and the principals that it knows besides the caller.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    by_action: Mutex<BTreeMap<String, Decision>>,
    principals: Mutex<BTreeSet<String>>,
}

impl Decisions {
    pub(crate) fn set(&self, action: &str, decision: Decision) {
        let mut decisions = self
            .by_action
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        decisions.insert(action.to_owned(), decision);
    }

    pub(crate) fn add_principal(&self, arn: &str) {
        let mut principals = self
            .principals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        principals.insert(arn.to_owned());
    }

    fn has_principal(&self, arn: &str) -> bool {
        let principals = self
            .principals
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        principals.contains(arn)
    }

    fn of(&self, action: &str) -> Decision {
        let decisions = self
            .by_action
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        decisions.get(action).copied().unwrap_or_default()
    }
}

/// Answers one operation.
pub(crate) fn handle(
    decisions: &Decisions,
    caller: &Caller,
    form: &Form,
) -> Result<Response<Bytes>, AwsError> {
    if form.action() != "SimulatePrincipalPolicy" {
        return Err(AwsError::client(
            "InvalidAction",
            format!(
                "Could not find operation {} for version {VERSION}",
                form.action()
            ),
        ));
    }
    let principal = form.required("PolicySourceArn")?;
    let is_known =
        decisions.has_principal(principal) || known(caller).is_some_and(|arn| arn == principal);
    if !is_known {
        return Err(AwsError::new(
            StatusCode::NOT_FOUND,
            "NoSuchEntity",
            format!("The user or role {principal} cannot be found."),
        ));
    }
    let actions = form.list("ActionNames.member.");
    if actions.is_empty() {
        form.required("ActionNames")?;
    }
    let mut resources = form.list("ResourceArns.member.");
    if resources.is_empty() {
        resources.push("*");
    }
    let mut results = String::new();
    for resource in resources {
        for action in &actions {
            results.push_str(&result(action, resource, decisions.of(action)));
        }
    }
    Ok(answer(&results))
}

/// The user or role that a caller's policies are of.
fn known(caller: &Caller) -> Option<String> {
    let Some((_, session)) = caller.arn.split_once(":assumed-role/") else {
        return Some(caller.arn.clone());
    };
    let partition = caller.arn.split(':').nth(1)?;
    let role = session.split('/').next()?;
    Some(format!(
        "arn:{partition}:iam::{}:role/{role}",
        caller.account
    ))
}

fn result(action: &str, resource: &str, decision: Decision) -> String {
    let word = match decision {
        Decision::Allowed => "allowed",
        Decision::ImplicitDeny | Decision::MissingContext => "implicitDeny",
        Decision::ExplicitDeny => "explicitDeny",
    };
    let missing = if decision == Decision::MissingContext {
        "<MissingContextValues>\n        <member>aws:SourceIp</member>\n      </MissingContextValues>"
    } else {
        "<MissingContextValues/>"
    };
    format!(
        "      <member>\n      <MatchedStatements/>\n      {missing}\n      <EvalResourceName>{}</EvalResourceName>\n      \
         <EvalDecision>{word}</EvalDecision>\n      <EvalActionName>{}</EvalActionName>\n      </member>\n",
        xml(resource),
        xml(action)
    )
}

fn answer(results: &str) -> Response<Bytes> {
    let request_id = random::uuid();
    let body = format!(
        "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\n  \
         <SimulatePrincipalPolicyResult>\n    <IsTruncated>false</IsTruncated>\n    <EvaluationResults>\n{results}    \
         </EvaluationResults>\n  </SimulatePrincipalPolicyResult>\n  <ResponseMetadata>\n    \
         <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n</SimulatePrincipalPolicyResponse>\n"
    );
    Protocol::Query.response_with_id(StatusCode::OK, body.into_bytes(), &request_id)
}
