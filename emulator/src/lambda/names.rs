//! Names and ARNs of functions, layers and code signing configurations.

use http::StatusCode;

use super::store::{Function, Store};
use crate::{call::Caller, error::AwsError, partition::partition};

/// `arn:PARTITION:lambda:REGION:ACCOUNT:` and what follows.
pub(super) fn arn(caller: &Caller, resource: &str) -> String {
    let Caller {
        account, region, ..
    } = caller;
    format!(
        "arn:{}:lambda:{region}:{account}:{resource}",
        partition(region)
    )
}

/// A function's ARN and the qualifier that is named with it: by name, by `ACCOUNT:function:NAME`, or by ARN.
pub(super) fn function_arn(caller: &Caller, name: &str) -> (String, Option<String>) {
    let own = arn(caller, "function:");
    let partial = format!("{}:function:", caller.account);
    let rest = name
        .strip_prefix(&own)
        .or_else(|| name.strip_prefix(&partial))
        .unwrap_or(name);
    // Another account's or region's ARN is nothing here.
    let (name, qualifier) = match rest.split_once(':') {
        Some((name, qualifier)) if !rest.starts_with("arn:") && !name.is_empty() => {
            (name, Some(qualifier.to_owned()))
        }
        _ => (rest, None),
    };
    if name.starts_with("arn:") {
        return (name.to_owned(), qualifier);
    }
    (format!("{own}{name}"), qualifier)
}

/// The function of this ARN.
pub(super) fn find<'s>(store: &'s Store, arn: &str) -> Result<&'s Function, AwsError> {
    store
        .functions
        .get(arn)
        .ok_or_else(|| not_found(&format!("Function not found: {arn}")))
}

/// The same, to be changed.
pub(super) fn find_mut<'s>(store: &'s mut Store, arn: &str) -> Result<&'s mut Function, AwsError> {
    store
        .functions
        .get_mut(arn)
        .ok_or_else(|| not_found(&format!("Function not found: {arn}")))
}

pub(super) fn not_found(message: &str) -> AwsError {
    AwsError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

pub(super) fn conflict(message: &str) -> AwsError {
    AwsError::new(StatusCode::CONFLICT, "ResourceConflictException", message)
}

pub(super) fn invalid(message: &str) -> AwsError {
    AwsError::client("InvalidParameterValueException", message)
}

/// Whether a text is the ARN of a signing profile's version.
pub(super) fn is_profile_version(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", _, "signer", region, account, resource] = parts.as_slice() else {
        return false;
    };
    let name = resource.strip_prefix("/signing-profiles/");
    let parts = name.and_then(|name| name.split_once('/'));
    !region.is_empty()
        && account.len() == 12
        && parts.is_some_and(|(name, version)| {
            name.len() >= 2
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && version.len() == 10
                && version.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_named_in_three_ways() {
        let caller = Caller {
            account: "111122223333".to_owned(),
            arn: String::new(),
            user_id: String::new(),
            region: "us-east-1".to_owned(),
        };
        let arn = "arn:aws:lambda:us-east-1:111122223333:function:app";
        for (name, qualifier) in [
            ("app", None),
            ("app:live", Some("live")),
            ("111122223333:function:app", None),
            (arn, None),
            (
                "arn:aws:lambda:us-east-1:111122223333:function:app:7",
                Some("7"),
            ),
        ] {
            let found = function_arn(&caller, name);
            assert_eq!(
                found,
                (arn.to_owned(), qualifier.map(str::to_owned)),
                "{name}"
            );
        }
        let other = "arn:aws:lambda:us-west-2:111122223333:function:app";
        assert_eq!(function_arn(&caller, other).0, other);
    }

    #[test]
    fn only_a_profile_with_its_version_may_publish() {
        let profile = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/zips";
        assert!(is_profile_version(&format!("{profile}/awUPb84ibN")));
        for wrong in [
            profile,
            "zips",
            &format!("{profile}/a"),
            &format!("{profile}/awUPb84ib/"),
        ] {
            assert!(!is_profile_version(wrong), "{wrong}");
        }
    }
}
