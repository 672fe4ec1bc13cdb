//! Why AWS Signer was not asked, or did not do what was asked.

use super::rules::RuleError;
use crate::allowance::Exhausted;
use crate::aws::{CallError, CallErrorKind, Partition, SettingsError};

/// What an error means for the one who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What was asked cannot be asked.
    Usage,
    /// It was looked at, and cannot be.
    Refused,
    /// It could not be looked at or done: denied, throttled, unreachable.
    Inconclusive,
}

/// Why AWS Signer was not asked, or did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A value that AWS would refuse.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// The settings cannot be used.
    #[error("the settings for AWS Signer cannot be used")]
    Settings(#[source] SettingsError),
    /// A name alone, and no region to look for it in.
    #[error("no region is set to look for `{0}` in")]
    NoRegion(String),
    /// The region set and the one in the ARN differ: a change must not reach another profile of that name.
    #[error("`{arn}` is in region `{wanted}`, but region `{set}` is set explicitly")]
    OtherRegion {
        /// The ARN.
        arn: String,
        /// Its region.
        wanted: String,
        /// The region set.
        set: String,
    },
    /// AWS did not do it.
    #[error(transparent)]
    Call(CallError),
    /// The time of the command was over.
    #[error("AWS Signer gave no answer in time")]
    OutOfTime(#[source] Exhausted),
    /// There is no such profile.
    #[error("signing profile `{profile}` was not found in region `{region}`")]
    NoProfile {
        /// What was asked for.
        profile: String,
        /// Where.
        region: String,
        /// What AWS said.
        #[source]
        source: Box<CallError>,
    },
    /// There is no such job.
    #[error("signing job `{job}` was not found in region `{region}`")]
    NoJob {
        /// What was asked for.
        job: String,
        /// Where.
        region: String,
        /// What AWS said.
        #[source]
        source: Box<CallError>,
    },
    /// Another account's profile, which only that account can change.
    #[error(
        "signing profile `{profile}` is of account `{owner}`, and the credentials are of account `{caller}`"
    )]
    OtherOwner {
        /// What was asked for.
        profile: String,
        /// Its account.
        owner: String,
        /// The caller's account.
        caller: String,
    },
    /// The name is used.
    #[error("the name `{name}` is taken in region `{region}`{}", of_status(status.as_deref()))]
    NameTaken {
        /// The name.
        name: String,
        /// The region.
        region: String,
        /// The status of the profile that has it, if it could be looked at.
        status: Option<String>,
    },
    /// A version that is not the profile's current one.
    #[error(
        "version `{wanted}` of signing profile `{profile}` is not the current one, which is `{current}`"
    )]
    NotCurrent {
        /// The profile.
        profile: String,
        /// The version that was named.
        wanted: String,
        /// The current one.
        current: String,
    },
    /// A revoked profile, which cannot be canceled.
    #[error("signing profile `{0}` is revoked, and a revoked profile cannot be canceled")]
    Revoked(String),
    /// A profile that cannot be used any more cannot be shared.
    #[error("signing profile `{profile}` has the status `{status}`, wanted `Active`")]
    NotActive {
        /// The profile.
        profile: String,
        /// Its status.
        status: String,
    },
    /// A revocation that would begin later than the one that there is.
    #[error(
        "signing profile `{profile}` is revoked from `{before}` on, which is earlier than `{wanted}`"
    )]
    Later {
        /// The profile.
        profile: String,
        /// From when on it is revoked.
        before: String,
        /// The time that was asked for.
        wanted: String,
    },
    /// A profile for something else than container images.
    #[error(
        "signing profile `{profile}` is of the platform `{platform}`, wanted `{}`",
        super::PLATFORM_ID
    )]
    OtherPlatform {
        /// The profile.
        profile: String,
        /// Its platform.
        platform: String,
    },
    /// A permission with this ID says something else.
    #[error("permission `{id}` exists already, and permits `{principal}` the action `{action}`")]
    StatementTaken {
        /// The ID.
        id: String,
        /// The account or role that it permits something.
        principal: String,
        /// What it permits.
        action: String,
    },
    /// There is no such permission.
    #[error("signing profile `{profile}` does not have a permission `{id}`")]
    NoStatement {
        /// The profile.
        profile: String,
        /// The ID.
        id: String,
        /// The IDs that there are.
        known: Vec<String>,
    },
    /// Someone else changed the permissions meanwhile.
    #[error(
        "the permissions of signing profile `{profile}` were changed by another caller meanwhile"
    )]
    PermissionsChanged {
        /// The profile.
        profile: String,
        /// What AWS said.
        #[source]
        source: Box<CallError>,
    },
}

fn of_status(status: Option<&str>) -> String {
    status.map_or_else(String::new, |status| {
        format!(", by a signing profile with the status `{status}`")
    })
}

/// Calls that change something, for which a missing answer does not mean that nothing happened.
const CHANGES: [&str; 6] = [
    "signer:PutSigningProfile",
    "signer:CancelSigningProfile",
    "signer:RevokeSigningProfile",
    "signer:AddProfilePermission",
    "signer:RemoveProfilePermission",
    "signer:RevokeSignature",
];

impl Error {
    /// What it means for the one who asked.
    pub fn class(&self) -> Class {
        match self {
            Self::Rule(_) | Self::Settings(_) | Self::NoRegion(_) | Self::OtherRegion { .. } => {
                Class::Usage
            }
            Self::Call(source) => match source.kind() {
                CallErrorKind::Invalid | CallErrorKind::NotFound => Class::Refused,
                _ => Class::Inconclusive,
            },
            Self::OutOfTime(_) | Self::PermissionsChanged { .. } => Class::Inconclusive,
            _ => Class::Refused,
        }
    }

    /// A name for programs to branch on; it does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rule(_) => "against-a-rule",
            Self::Settings(_) | Self::NoRegion(_) => "not-configured",
            Self::OtherRegion { .. } => "other-region",
            Self::Call(_) => "aws-refused",
            Self::OutOfTime(source) => source.code(),
            Self::NoProfile { .. } => "profile-not-found",
            Self::NoJob { .. } => "job-not-found",
            Self::OtherOwner { .. } => "other-account",
            Self::NameTaken { .. } => "name-taken",
            Self::NotCurrent { .. } => "other-version",
            Self::Revoked(_) => "revoked",
            Self::NotActive { .. } => "not-active",
            Self::Later { .. } => "later-than-before",
            Self::OtherPlatform { .. } => "other-platform",
            Self::StatementTaken { .. } => "permission-exists",
            Self::NoStatement { .. } => "permission-not-found",
            Self::PermissionsChanged { .. } => "changed-meanwhile",
        }
    }

    /// Whether the call may have done what was asked, although it failed.
    pub fn may_be_done(&self) -> bool {
        let Self::Call(source) = self else {
            return false;
        };
        let is_change = CHANGES.contains(&source.call().action);
        is_change && (source.may_be_done() || source.kind() == CallErrorKind::ServiceFailure)
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Rule(source) => return source.hint(),
            Self::Settings(source) => return source.hint(),
            Self::OutOfTime(source) => source.hint(),
            Self::NoRegion(_) => "set `AWS_REGION`, or name the profile by its ARN; \
                                  the setting `plugin-config aws-region=REGION` sets it for one command"
                .to_owned(),
            Self::OtherRegion { .. } => "omit the region; the one in the ARN is used".to_owned(),
            Self::Call(source) => return hint_of_call(source, self.may_be_done().then_some(MAY_BE_DONE)),
            Self::NoProfile { region, .. } => format!(
                "`countersign profile list --all` shows the profiles of the caller's account in region `{region}`; \
                 a profile is in one region, which the setting `plugin-config aws-region=REGION` sets; another account's \
                 profile is named by its ARN"
            ),
            Self::NoJob { .. } => "a job is in one region and visible to its owner and to the account that asked for it; \
                                   `countersign inspect IMAGE` shows the ARN of each signature's job"
                .to_owned(),
            Self::OtherOwner { owner, .. } => format!(
                "use credentials of account `{owner}`: AWS Signer lets only the owner change a profile"
            ),
            Self::NameTaken { .. } => {
                "choose another name: AWS never frees one, and a profile's settings cannot be changed".to_owned()
            }
            Self::NotCurrent { .. } => "name the profile without a version, or with the current one".to_owned(),
            Self::Revoked(_) => "there is nothing left to cancel: a revoked profile makes no signature".to_owned(),
            Self::NotActive { .. } => "a canceled or revoked profile makes no signature; create another profile with \
                                       `countersign profile create`"
                .to_owned(),
            Self::Later { .. } => "signatures from the earlier time on are rejected already; AWS takes an earlier time, \
                                   never a later one"
                .to_owned(),
            Self::OtherPlatform { .. } => "only profiles for container images can be shared here".to_owned(),
            Self::StatementTaken { .. } => "choose another ID with the setting `statement-id`".to_owned(),
            Self::NoStatement { known, .. } if known.is_empty() => "the profile has no permissions for other accounts".to_owned(),
            Self::NoStatement { known, .. } => format!("the permissions are: {}", known.join(", ")),
            Self::PermissionsChanged { .. } => "look at the permissions, and run the same command again".to_owned(),
        })
    }
}

const MAY_BE_DONE: &str = "AWS may have done it: look with `countersign profile show` or `countersign signature show` before another \
         attempt";

/// What to do about a call that failed: what its error says, and `more`. Without more, the smallest statement that allows a call
/// that was denied.
pub fn hint_of_call(error: &CallError, more: Option<&str>) -> Option<String> {
    let hint = error.hint();
    let more = match more {
        Some(more) => more.to_owned(),
        None if error.kind() == CallErrorKind::Denied => {
            let statement = smallest_statement(error);
            format!("the smallest statement that is needed is `{statement}`")
        }
        None => return hint,
    };
    Some(match hint {
        Some(hint) => format!("{hint}; {more}"),
        None => more,
    })
}

/// The smallest statement of an IAM policy that allows the call.
fn smallest_statement(error: &CallError) -> String {
    let call = error.call();
    let account = error.principal().and_then(|arn| arn.split(':').nth(4));
    // A name alone leaves the account open, which AWS's words may say.
    let resource = match account {
        Some(account) => call.resource.replacen(":*:", &format!(":{account}:"), 1),
        None => call.resource.clone(),
    };
    // Policies name an object of Amazon S3 by its ARN.
    let resource = match resource.strip_prefix("s3://") {
        Some(object) => format!("arn:{}:s3:::{object}", Partition::of_region(&call.region)),
        None => resource,
    };
    format!(
        "{{\"Effect\":\"Allow\",\"Action\":\"{}\",\"Resource\":\"{resource}\"}}",
        call.action
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::{Call, call_error};

    #[test]
    fn the_smallest_statement_has_the_account_that_aws_names() {
        let denied = |message| call_error(CallErrorKind::Denied, "AccessDeniedException", message);
        let named = denied("User: arn:aws:iam::444455556666:user/ci is not authorized");
        let wanted = "{\"Effect\":\"Allow\",\"Action\":\"signer:SignPayload\",\
                      \"Resource\":\"arn:aws:signer:us-west-2:111122223333:/signing-profiles/Images\"}";
        assert_eq!(smallest_statement(&named), wanted);
        let call = Call {
            resource: "arn:aws:signer:us-west-2:*:/signing-profiles/Images".to_owned(),
            ..named.call().clone()
        };
        let open = CallError::malformed(call.clone(), "x", None);
        assert!(smallest_statement(&open).contains(":us-west-2:*:/signing-profiles/"));
        let call = Call {
            resource: "s3://zips/a.zip".to_owned(),
            region: "us-gov-west-1".to_owned(),
            ..call
        };
        let object = smallest_statement(&CallError::malformed(call, "x", None));
        assert!(
            object.contains("\"arn:aws-us-gov:s3:::zips/a.zip\""),
            "{object}"
        );
    }

    #[test]
    fn could_not_look_is_not_refused() {
        use CallErrorKind as K;
        for (kind, class) in [
            (K::Denied, Class::Inconclusive),
            (K::Throttled, Class::Inconclusive),
            (K::Unreachable, Class::Inconclusive),
            (K::NoCredentials, Class::Inconclusive),
            (K::Malformed, Class::Inconclusive),
            (K::NotAws, Class::Inconclusive),
            (K::Invalid, Class::Refused),
            (K::NotFound, Class::Refused),
        ] {
            let error = Error::Call(call_error(kind, "Code", "message"));
            assert_eq!(error.class(), class, "{kind:?}");
        }
    }
}
