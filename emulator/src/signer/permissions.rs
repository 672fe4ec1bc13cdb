//! Permissions of other accounts on a profile.

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Context,
    input::{Input, PROFILE_NAME, PROFILE_VERSION, STRING},
    pages::page,
    platforms::NOTATION,
    store::{Permission, Profile, Store, not_found, profile_arn, validation},
};
use crate::{call::Caller, error::AwsError, random};

/// AWS's bound on the policy of one profile.
const MAX_POLICY_BYTES: usize = 20_480;

/// Fails unless `caller` may do `action` (`SignPayload`) with the profile: its own account may, another one if a
/// permission says so.
pub(super) fn check(
    store: &Store,
    caller: &Caller,
    action: &str,
    owner: &str,
    name: &str,
) -> Result<(), AwsError> {
    if caller.account == owner {
        return Ok(());
    }
    let arn = profile_arn(&caller.region, owner, name);
    let is_permitted = store.profiles.get(&arn).is_some_and(|profile| {
        profile.permissions.iter().any(|permission| {
            permission.action.strip_prefix("signer:") == Some(action)
                && is_principal(&permission.principal, caller)
                && permission
                    .profile_version
                    .as_ref()
                    .is_none_or(|version| *version == profile.version)
        })
    });
    if is_permitted {
        Ok(())
    } else {
        Err(AwsError::access_denied(
            caller,
            "signer",
            action,
            &arn,
            "resource-based",
        ))
    }
}

/// Whether a permission's principal is the caller: its account, the account's root, or its own user or role.
fn is_principal(principal: &str, caller: &Caller) -> bool {
    if principal == caller.account || principal == caller.arn {
        return true;
    }
    let Some((_, rest)) = principal.split_once(":iam::") else {
        return false;
    };
    let Some((account, resource)) = rest.split_once(':') else {
        return false;
    };
    let role_of_caller = caller
        .arn
        .split_once(":assumed-role/")
        .and_then(|(_, rest)| rest.split('/').next());
    account == caller.account
        && (resource == "root"
            || resource
                .strip_prefix("role/")
                .and_then(|role| role.rsplit('/').next())
                .is_some_and(|role| Some(role) == role_of_caller))
}

fn is_well_formed(principal: &str) -> bool {
    let is_account =
        |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_arn = principal.starts_with("arn:")
        && principal
            .split_once(":iam::")
            .and_then(|(_, rest)| rest.split_once(':'))
            .is_some_and(|(account, resource)| {
                is_account(account)
                    && (resource == "root"
                        || resource.starts_with("role/")
                        || resource.starts_with("user/"))
            });
    is_account(principal) || is_arn
}

fn actions(platform_id: &str) -> [&'static str; 3] {
    let signing = if platform_id == NOTATION {
        "signer:SignPayload"
    } else {
        "signer:StartSigningJob"
    };
    [
        signing,
        "signer:GetSigningProfile",
        "signer:RevokeSignature",
    ]
}

pub(super) fn add(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    input.check("profileName", name, PROFILE_NAME);
    let profile_version = input.optional_body_text("profileVersion", PROFILE_VERSION)?;
    let action = input.body_text("action", STRING)?;
    let principal = input.body_text("principal", STRING)?;
    let revision_id = input.optional_body_text("revisionId", STRING)?;
    let statement_id = input.body_text("statementId", STRING)?;
    input.finish()?;

    if !is_well_formed(&principal) {
        return Err(validation(format!("Invalid principal: {principal}")));
    }
    let caller = context.caller;
    context.store.change(|store| {
        let profile = store.profile_mut(&caller.region, &caller.account, name)?;
        let actions = actions(&profile.platform_id);
        if !actions.contains(&action.as_str()) {
            return Err(validation(format!(
                "Action {action} not supported for platform {}. Action must be one of [{}]",
                profile.platform_id,
                actions.join(", ")
            )));
        }
        if let Some(version) = profile_version
            .as_ref()
            .filter(|version| **version != profile.version)
        {
            return Err(not_found(format!(
                "Signing profile version {}/{version} not found",
                profile.arn()
            )));
        }
        check_revision(profile, revision_id.as_deref())?;
        if profile
            .permissions
            .iter()
            .any(|permission| permission.statement_id == statement_id)
        {
            return Err(conflict(format!(
                "Statement with id {statement_id} already exists"
            )));
        }
        let permission = Permission {
            statement_id,
            action,
            principal,
            profile_version,
        };
        if policy_bytes(profile) + permission_bytes(&permission) > MAX_POLICY_BYTES {
            return Err(AwsError::new(
                StatusCode::PAYMENT_REQUIRED,
                "ServiceLimitExceededException",
                format!("The policy of profile {name} would exceed {MAX_POLICY_BYTES} bytes"),
            ));
        }
        profile.permissions.push(permission);
        let revision_id = random::uuid();
        profile.revision_id = Some(revision_id.clone());
        Ok(json!({ "revisionId": revision_id }))
    })
}

pub(super) fn list(context: &Context<'_>, name: &str) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    input.check("profileName", name, PROFILE_NAME);
    let token = input.optional_query_text("nextToken", STRING);
    input.finish()?;

    let caller = context.caller;
    let store = context.store.read();
    let profile = store.profile(&caller.region, &caller.account, name)?;
    if profile.permissions.is_empty() {
        return Err(not_found(format!(
            "No permissions found for signing profile {name}"
        )));
    }
    let mut rows: Vec<_> = profile
        .permissions
        .iter()
        .map(|permission| {
            let row = json!({
                "action": permission.action,
                "principal": permission.principal,
                "statementId": permission.statement_id,
                "profileVersion": permission.profile_version,
            });
            (permission.statement_id.clone(), row)
        })
        .collect();
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let (permissions, next) = page(rows, token.as_deref(), 25)?;
    Ok(json!({
        "revisionId": profile.revision_id,
        "policySizeBytes": policy_bytes(profile),
        "permissions": permissions,
        "nextToken": next,
    }))
}

pub(super) fn remove(
    context: &Context<'_>,
    name: &str,
    statement_id: &str,
) -> Result<Value, AwsError> {
    let mut input = Input::of(context.request)?;
    input.check("profileName", name, PROFILE_NAME);
    let revision_id = input.query_text("revisionId", STRING);
    input.finish()?;

    let caller = context.caller;
    context.store.change(|store| {
        let profile = store.profile_mut(&caller.region, &caller.account, name)?;
        let position = profile
            .permissions
            .iter()
            .position(|permission| permission.statement_id == statement_id);
        let position = position
            .ok_or_else(|| not_found(format!("Statement with id {statement_id} not found")))?;
        check_revision(profile, Some(&revision_id))?;
        profile.permissions.remove(position);
        let revision_id = random::uuid();
        profile.revision_id = Some(revision_id.clone());
        Ok(json!({ "revisionId": revision_id }))
    })
}

/// Fails if a revision is given and is not the present one.
fn check_revision(profile: &Profile, given: Option<&str>) -> Result<(), AwsError> {
    if given.is_some() && given != profile.revision_id.as_deref() {
        return Err(conflict(
            "The revisionId does not match the current revision of the signing profile's policy",
        ));
    }
    Ok(())
}

fn conflict(message: impl Into<String>) -> AwsError {
    AwsError::new(StatusCode::CONFLICT, "ConflictException", message)
}

fn policy_bytes(profile: &Profile) -> usize {
    profile.permissions.iter().map(permission_bytes).sum()
}

/// About what a statement takes in the policy document.
fn permission_bytes(permission: &Permission) -> usize {
    120 + permission.statement_id.len() + permission.action.len() + permission.principal.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(arn: &str) -> Caller {
        Caller {
            account: "444455556666".into(),
            arn: arn.into(),
            user_id: "AROA".into(),
            region: "us-east-1".into(),
        }
    }

    #[test]
    fn principals() {
        let caller = caller("arn:aws:sts::444455556666:assumed-role/builder/session");
        for principal in [
            "444455556666",
            "arn:aws:iam::444455556666:root",
            "arn:aws:iam::444455556666:role/ci/builder",
        ] {
            assert!(is_well_formed(principal), "{principal}");
            assert!(is_principal(principal, &caller), "{principal}");
        }
        for principal in [
            "111122223333",
            "arn:aws:iam::444455556666:role/other",
            "arn:aws:iam::111122223333:role/builder",
        ] {
            assert!(is_well_formed(principal), "{principal}");
            assert!(!is_principal(principal, &caller), "{principal}");
        }
        for principal in [
            "",
            "*",
            "44445555666",
            "arn:aws:s3:::bucket",
            "arn:aws:iam::444455556666:group/x",
        ] {
            assert!(!is_well_formed(principal), "{principal}");
        }
    }
}
