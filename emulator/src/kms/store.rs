//! Keys and aliases, and how a `KeyId` finds one.

use std::collections::BTreeMap;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    material::Material,
    spec::{KeySpec, KeyUsage},
};
use crate::{call::Caller, error::AwsError, partition::partition};

/// What `kms.json` holds.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Store {
    /// By ARN.
    pub(super) keys: BTreeMap<String, Key>,
    /// By ARN.
    pub(super) aliases: BTreeMap<String, Alias>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) account: String,
    pub(super) region: String,
    pub(super) spec: KeySpec,
    pub(super) usage: KeyUsage,
    pub(super) description: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created_at: OffsetDateTime,
    pub(super) state: State,
    /// `EXTERNAL` for a key that was given, as AWS calls imported key material.
    pub(super) is_imported: bool,
    /// None for a key that is not asymmetric.
    pub(super) material: Option<Material>,
}

/// `KeyState` of the API model, as far as a key here can get into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Enabled,
    Disabled,
    PendingDeletion {
        #[serde(with = "time::serde::rfc3339")]
        deleted_at: OffsetDateTime,
    },
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion { .. } => "PendingDeletion",
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Alias {
    /// `alias/...`
    pub(super) name: String,
    /// The ARN of the key.
    pub(super) target: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(super) created_at: OffsetDateTime,
}

impl Key {
    pub(super) fn arn(&self) -> String {
        arn(&self.region, &self.account, &format!("key/{}", self.id))
    }

    /// Fails unless the key is enabled.
    pub(super) fn check_enabled(&self) -> Result<(), AwsError> {
        match self.state {
            State::Enabled => Ok(()),
            State::Disabled => Err(AwsError::client(
                "DisabledException",
                format!("{} is disabled.", self.arn()),
            )),
            State::PendingDeletion { .. } => Err(self.pending_deletion()),
        }
    }

    pub(super) fn pending_deletion(&self) -> AwsError {
        AwsError::client(
            "KMSInvalidStateException",
            format!("{} is pending deletion.", self.arn()),
        )
    }
}

/// An ARN of AWS KMS: `resource` is `key/ID` or `alias/NAME`.
pub(super) fn arn(region: &str, account: &str, resource: &str) -> String {
    format!(
        "arn:{}:kms:{region}:{account}:{resource}",
        partition(region)
    )
}

/// The ARN that a `KeyId` (key id, key ARN, alias, alias ARN) means in the region of the caller. Nothing is looked up.
pub(super) fn resolve(caller: &Caller, key_id: &str) -> Result<String, AwsError> {
    let own = |resource: &str| arn(&caller.region, &caller.account, resource);
    if key_id.starts_with("alias/") {
        return Ok(own(key_id));
    }
    if !key_id.starts_with("arn:") {
        return if is_key_id(key_id) {
            Ok(own(&format!("key/{key_id}")))
        } else {
            Err(not_found(format!("Invalid keyId '{key_id}'")))
        };
    }
    let parts: Vec<_> = key_id.splitn(6, ':').collect();
    let ["arn", _, "kms", region, _, resource] = *parts.as_slice() else {
        return Err(not_found(format!("Invalid keyId '{key_id}'")));
    };
    if region != caller.region {
        return Err(not_found(format!("Invalid arn {region}")));
    }
    if !resource.starts_with("key/") && !resource.starts_with("alias/") {
        return Err(not_found(format!("Invalid keyId '{key_id}'")));
    }
    Ok(key_id.to_owned())
}

/// A UUID, or that of a multi-Region key.
fn is_key_id(text: &str) -> bool {
    let digits = text.strip_prefix("mrk-").unwrap_or(text);
    (32..=36).contains(&digits.len())
        && digits
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

pub(super) fn not_found(message: impl Into<String>) -> AwsError {
    AwsError::client("NotFoundException", message)
}

/// What AWS says of another account's key, whether there is one or not.
fn foreign(caller: &Caller, action: &str) -> AwsError {
    AwsError::new(
        StatusCode::FORBIDDEN,
        "AccessDeniedException",
        format!(
            "User: {} is not authorized to perform: kms:{action} on this resource because the resource does not exist in \
             this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access",
            caller.arn
        ),
    )
}

impl Store {
    /// The ARN of the key that `key_id` means, aliases followed.
    pub(super) fn key_arn(
        &self,
        caller: &Caller,
        action: &str,
        key_id: &str,
        now: OffsetDateTime,
    ) -> Result<String, AwsError> {
        let arn = resolve(caller, key_id)?;
        if !arn.contains(&format!(":{}:", caller.account)) {
            return Err(foreign(caller, action));
        }
        let arn = if arn.contains(":alias/") {
            let alias = self.aliases.get(&arn);
            let alias = alias.ok_or_else(|| not_found(format!("Alias {arn} is not found.")))?;
            alias.target.clone()
        } else {
            arn
        };
        let is_gone = self.keys.get(&arn).is_none_or(
            |key| matches!(key.state, State::PendingDeletion { deleted_at } if deleted_at <= now),
        );
        if is_gone {
            return Err(not_found(format!("Key '{arn}' does not exist")));
        }
        Ok(arn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller() -> Caller {
        Caller {
            account: "111122223333".into(),
            arn: "arn:aws:iam::111122223333:user/emulator".into(),
            user_id: "AIDA".into(),
            region: "us-gov-west-1".into(),
        }
    }

    #[test]
    fn the_four_names_of_a_key() {
        const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
        let key = format!("arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/{ID}");
        let alias = "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/web";
        let resolved = |key_id: &str| resolve(&caller(), key_id).unwrap();
        assert_eq!(resolved(ID), key);
        assert_eq!(resolved(&key), key);
        assert_eq!(resolved("alias/web"), alias);
        assert_eq!(resolved(alias), alias);
    }

    #[test]
    fn names_of_nothing() {
        for (key_id, message) in [
            ("web", "Invalid keyId 'web'"),
            (
                "arn:aws:signer:us-gov-west-1:111122223333:key/1",
                "Invalid keyId 'arn:aws:signer:us-gov-west-1:111122223333:key/1'",
            ),
            (
                "arn:aws:kms:us-east-1:111122223333:alias/web",
                "Invalid arn us-east-1",
            ),
        ] {
            let error = resolve(&caller(), key_id).unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.message.as_str()),
                ("NotFoundException", message)
            );
        }
    }
}
