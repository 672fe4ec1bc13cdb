//! What IAM lets the caller do: by doing it where that only reads, by asking IAM where it does not.

use serde_json::Value;

use super::examination::Examination;
use super::finding::{Check, Finding, PolicyStatement, Status};
use crate::aws::{
    CallErrorKind, CallerIdentity, EvalDecision, Location, SigningProfileVersionArn, Simulated,
};
use crate::environment::Connections;
use crate::extended_validation::{Claims, Error, RevocationChecker, attribute};
use crate::notary::SigningScheme;
use crate::signer::aws_signer::SigningProfile;
use crate::trust_store;

const REVOCATION: &str = "signer:GetRevocationStatus";
const SIGN: &str = "signer:SignPayload";

/// A version and a job that no profile has: what is asked about them is answered, and means nothing.
const NO_VERSION: &str = "0000000000";
const NO_JOB: &str = "00000000-0000-0000-0000-000000000000";

/// Whether AWS Signer tells the caller what was revoked: it is asked, as a verification asks, about a job that there
/// is not.
pub(super) async fn revocation(
    examination: &Examination,
    connections: &Connections,
    profiles: &[(&SigningProfile, Option<SigningProfileVersionArn>)],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut asked: Vec<&str> = Vec::new();
    for (profile, version) in profiles {
        let location = profile.arn().location();
        if asked.contains(&location.region()) {
            continue;
        }
        asked.push(location.region());
        let version = version.as_ref().map_or_else(
            || format!("{}/{NO_VERSION}", profile.arn()),
            ToString::to_string,
        );
        let finding = may_ask(examination, connections, location, version).await;
        findings.push(finding.about(format!("{REVOCATION} in {}", location.region())));
    }
    findings
}

async fn may_ask(
    examination: &Examination,
    connections: &Connections,
    location: &Location,
    version: String,
) -> Finding {
    let wanted = "an answer of AWS Signer about revocation";
    let now = examination.environment.now();
    let version = Value::String(version);
    let job = Value::String(format!("{location}/signing-jobs/{NO_JOB}"));
    let scheme = SigningScheme::SigningAuthority.as_str();
    let claims = Claims::new(scheme, Some(now), |name| match name {
        attribute::SIGNING_PROFILE_VERSION => Some(&version),
        attribute::SIGNING_JOB => Some(&job),
        _ => None,
    });
    let root = trust_store::built_in(location.partition().as_str());
    let (claims, root) = match (claims, root) {
        (Ok(claims), Ok(root)) => (claims, root),
        (Err(error), _) => {
            return Finding::of_error(Check::Permission, Status::Unknown, &error, wanted);
        }
        (_, Err(error)) => {
            return Finding::of_error(Check::Permission, Status::Unknown, &error, wanted)
                .advising(error.hint());
        }
    };
    let chain: Vec<_> = root
        .certificates
        .iter()
        .map(|trusted| trusted.certificate.clone())
        .collect();
    let checker = RevocationChecker::new(connections.aws.clone());
    let answer = Box::pin(checker.answer(&claims, &chain, now)).await;
    let statement = PolicyStatement::new(&[REVOCATION], format!("{location}/signing-jobs/*"));
    match answer {
        Ok(_) => Finding::pass(Check::Permission, "AWS Signer answers the caller"),
        Err(Error::RevocationUnknown(error)) => {
            let finding = Finding::of_call(Check::Permission, &error, wanted);
            match error.kind() {
                CallErrorKind::Denied => finding.needing(statement),
                _ => finding,
            }
        }
        Err(error) => Finding::of_error(Check::Permission, Status::Unknown, &error, wanted)
            .advising(error.hint()),
    }
}

/// Whether the caller may sign with each profile: only signing would show it, so IAM is asked.
pub(super) async fn signing(
    examination: &Examination,
    connections: &Connections,
    profiles: &[SigningProfile],
    caller: Option<&CallerIdentity>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for profile in profiles {
        let resource = profile.arn().to_string();
        let finding = may(examination, connections, caller, &[SIGN], &resource).await;
        let owner = profile.arn().location().account();
        let is_others = caller.is_some_and(|caller| caller.account != owner);
        let finding = if is_others && finding.status == Status::Pass {
            let found = format!(
                "{}; whether account `{owner}`, which owns the profile, permits it is not known",
                finding.found
            );
            let name = profile.arn().name();
            Finding::unknown(Check::Permission, found, "a permission of the profile")
                .needing(PolicyStatement::new(&[SIGN], resource.clone()))
                .advising(Some(format!(
                    "ask its owner to look with `aws signer list-profile-permissions --profile-name {name}`"
                )))
        } else {
            finding
        };
        findings.push(finding.about(format!("{SIGN} on {resource}")));
    }
    findings
}

/// Whether the caller's policies allow `actions` on `resource`, as IAM says.
pub(super) async fn may(
    examination: &Examination,
    connections: &Connections,
    caller: Option<&CallerIdentity>,
    actions: &[&'static str],
    resource: &str,
) -> Finding {
    let statement = PolicyStatement::new(actions, resource);
    let unknown = |found: String, hint: &str| {
        Finding::unknown(Check::Permission, found, "a policy that allows it")
            .needing(statement.clone())
            .advising(Some(hint.to_owned()))
    };
    let Some(caller) = caller else {
        let found = "AWS did not say who the caller is";
        return unknown(
            found.to_owned(),
            "get an answer from AWS first: see `credentials`",
        );
    };
    let Some(principal) = caller.policy_source() else {
        let found = format!("IAM cannot be asked about the policies of `{}`", caller.arn);
        return unknown(found, "ask as a user or as a role; or try it");
    };
    let now = examination.environment.now();
    let answer = Box::pin(connections.aws.simulate(&principal, actions, resource, now)).await;
    match answer {
        Ok(results) => of_results(&results, &principal, statement),
        Err(error) => {
            let hint = match error.kind() {
                CallErrorKind::Denied => format!(
                    "allow `iam:SimulatePrincipalPolicy` on `{principal}` to have it looked up, or try it"
                ),
                CallErrorKind::NotFound => {
                    "a role with a path is not found by its session's name; try it".to_owned()
                }
                _ => error.hint().unwrap_or_else(|| "try it".to_owned()),
            };
            unknown(format!("only doing it would show: {error}"), &hint)
        }
    }
}

fn of_results(results: &[Simulated], principal: &str, statement: PolicyStatement) -> Finding {
    let is_denied = |action: &&'static str| {
        let mut denied = results
            .iter()
            .filter(|one| one.decision != EvalDecision::Allowed);
        denied.any(|one| one.action == **action)
    };
    let named = |decisions: &[EvalDecision]| -> Vec<String> {
        results
            .iter()
            .filter(|simulated| decisions.contains(&simulated.decision))
            .map(|simulated| format!("`{}`", simulated.action))
            .collect()
    };
    let wanted = "policies that allow it";
    let of_principal = format!("the policies of `{principal}`");
    let is_conditional = results.iter().any(|simulated| simulated.is_conditional);
    let explicit = named(&[EvalDecision::ExplicitDeny]);
    let denied = named(&[EvalDecision::ImplicitDeny, EvalDecision::ExplicitDeny]);
    if is_conditional {
        let found = format!("{of_principal} have conditions that only a real request meets");
        return Finding::unknown(Check::Permission, found, wanted)
            .needing(statement)
            .advising(Some("try it".to_owned()));
    }
    if denied.is_empty() {
        return Finding::pass(Check::Permission, format!("{of_principal} allow it"));
    }
    let (found, hint) = if explicit.is_empty() {
        (
            format!("{of_principal} do not allow {}", denied.join(", ")),
            "add the statement to a policy of the caller; where the caller only verifies, give the setting `verify-only`",
        )
    } else {
        (
            format!("{of_principal} deny {}", explicit.join(", ")),
            "find the statement that denies it, which no other can outweigh; where the caller only verifies, give the setting `verify-only`",
        )
    };
    let actions: Vec<&'static str> = statement
        .actions
        .iter()
        .copied()
        .filter(is_denied)
        .collect();
    Finding::fail(Check::Permission, found, wanted)
        .needing(PolicyStatement::new(&actions, statement.resource))
        .advising(Some(hint.to_owned()))
}
