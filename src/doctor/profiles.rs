//! A signing profile, as AWS Signer describes it.

use super::examination::Examination;
use super::finding::{Check, Finding, PolicyStatement, Status};
use crate::aws::{CallErrorKind, CallerIdentity, SigningProfileVersionArn};
use crate::environment::Connections;
use crate::signer::aws_signer::{self, Error, SigningProfile};

/// AWS's word for a profile that signs no more, and whose signatures hold.
const CANCELLED: &str = "Canceled";

/// The profile's current version, if AWS says it; and what was found of the profile.
pub(super) async fn check(
    examination: &Examination,
    connections: &Connections,
    profile: &SigningProfile,
    caller: Option<&CallerIdentity>,
) -> (Option<SigningProfileVersionArn>, Vec<Finding>) {
    let description = Box::pin(aws_signer::description(&connections.aws, profile)).await;
    let mut findings = Vec::new();
    let mut version = None;
    let finding = match description {
        Ok(found) => {
            let validity = found.validity.map_or_else(String::new, |validity| {
                format!(", signatures hold {validity}")
            });
            let said = format!(
                "active, for container images, version `{}`{validity}",
                found.version.version()
            );
            version = Some(found.version);
            Finding::pass(Check::SigningProfile, said)
        }
        Err(error) => of_error(&error, profile, examination.only_verifies),
    };
    findings.push(finding.about(profile.to_string()));
    let owner = profile.arn().location().account();
    // Only the owner may list them.
    if version.is_some() && caller.is_some_and(|caller| caller.account == owner) {
        findings.push(
            permissions(connections, profile)
                .await
                .about(profile.to_string()),
        );
    }
    (version, findings)
}

fn of_error(error: &Error, profile: &SigningProfile, only_verifies: bool) -> Finding {
    let wanted = "an active signing profile for container images";
    match error {
        Error::Call(call) if call.kind() == CallErrorKind::Denied => {
            Finding::of_call(Check::SigningProfile, call, wanted)
                .with_status(Status::Unknown)
                .needing(PolicyStatement::new(
                    &["signer:GetSigningProfile"],
                    profile.arn().to_string(),
                ))
        }
        Error::Call(call) => Finding::of_call(Check::SigningProfile, call, wanted),
        error => {
            // Signatures of another version, or made before a profile was cancelled, still count.
            let is_of_signing = match error {
                Error::NotCurrent { .. } => true,
                Error::NotActive { status, .. } => status == CANCELLED,
                _ => false,
            };
            let status = if is_of_signing && only_verifies {
                Status::Warn
            } else {
                Status::Fail
            };
            Finding::of_error(Check::SigningProfile, status, error, wanted).advising(error.hint())
        }
    }
}

/// Who else may use it.
async fn permissions(connections: &Connections, profile: &SigningProfile) -> Finding {
    let wanted = "no permission for every account";
    let (found, has_more) = match Box::pin(aws_signer::permissions(&connections.aws, profile)).await
    {
        Ok(found) => found,
        Err(Error::Call(call)) => {
            let finding = Finding::of_call(Check::ProfilePermissions, &call, wanted);
            return match call.kind() {
                CallErrorKind::Denied => {
                    finding
                        .with_status(Status::Unknown)
                        .needing(PolicyStatement::new(
                            &["signer:ListProfilePermissions"],
                            profile.arn().to_string(),
                        ))
                }
                _ => finding.with_status(Status::Unknown),
            };
        }
        Err(error) => {
            return Finding::of_error(Check::ProfilePermissions, Status::Unknown, &error, wanted)
                .advising(error.hint());
        }
    };
    if found.is_empty() {
        return Finding::pass(Check::ProfilePermissions, "no other account may use it");
    }
    let each: Vec<String> = found
        .iter()
        .map(|permission| format!("`{}` may `{}`", permission.principal, permission.action))
        .collect();
    let more = if has_more { ", and more" } else { "" };
    let said = format!("{}{more}", each.join(", "));
    if found.iter().any(|permission| permission.principal == "*") {
        let name = profile.arn().name();
        return Finding::warn(Check::ProfilePermissions, said, wanted).advising(Some(format!(
            "remove it with `aws signer remove-profile-permission --profile-name {name} --statement-id ID --revision-id ID`"
        )));
    }
    Finding::pass(Check::ProfilePermissions, said)
}
