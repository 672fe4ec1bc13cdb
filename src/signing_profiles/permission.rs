//! What the owner of a signing profile permits other accounts.

use std::fmt;

use aws_sdk_signer::types::Permission as Row;

use super::rules::{Principal, RuleError, StatementId};

/// What can be shared of a signing profile for container images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedAction {
    /// To sign with it.
    SignPayload,
    /// To look at it.
    GetSigningProfile,
    /// To revoke signatures that it made.
    RevokeSignature,
}

impl SharedAction {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::SignPayload,
        Self::GetSigningProfile,
        Self::RevokeSignature,
    ];

    /// The IAM action.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignPayload => "signer:SignPayload",
            Self::GetSigningProfile => "signer:GetSigningProfile",
            Self::RevokeSignature => "signer:RevokeSignature",
        }
    }

    /// Parses the IAM action, also without `signer:`.
    ///
    /// # Errors
    ///
    /// [`RuleError::Action`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let is = |action: &Self| {
            let full = action.as_str();
            let short = full.split_once(':').map_or(full, |(_, short)| short);
            text.eq_ignore_ascii_case(full) || text.eq_ignore_ascii_case(short)
        };
        let found = Self::ALL.into_iter().find(is);
        found.ok_or_else(|| RuleError::Action(text.to_owned()))
    }

    /// The ID of a permission if the user names none.
    pub fn statement_id(self, principal: &Principal) -> Result<StatementId, RuleError> {
        let action = self.as_str().trim_start_matches("signer:");
        StatementId::parse(&format!("{}-{action}", principal.short()))
    }
}

impl fmt::Display for SharedAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One permission, as AWS keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The IAM action.
    pub action: String,
    /// The account or role.
    pub principal: String,
    /// Its name.
    pub statement_id: String,
    /// The version of the profile that it is for; all versions if it is `None`.
    pub version: Option<String>,
}

impl Permission {
    pub(super) fn read(row: &Row) -> Self {
        let text = |value: Option<&str>| value.unwrap_or("unknown").to_owned();
        Self {
            action: text(row.action()),
            principal: text(row.principal()),
            statement_id: text(row.statement_id()),
            version: row.profile_version().map(str::to_owned),
        }
    }
}

/// All permissions of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// What they are changed by; `None` where there never was one.
    pub revision: Option<String>,
    /// The permissions, in AWS's order.
    pub statements: Vec<Permission>,
}

impl Permissions {
    /// The permission with this ID.
    pub fn find(&self, id: &StatementId) -> Option<&Permission> {
        let mut statements = self.statements.iter();
        statements.find(|permission| permission.statement_id == id.as_str())
    }

    /// The permission that says this of every version.
    pub fn allowing(&self, principal: &Principal, action: SharedAction) -> Option<&Permission> {
        self.statements.iter().find(|permission| {
            permission.action == action.as_str()
                && permission.principal == principal.as_str()
                && permission.version.is_none()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_one_of_three() {
        for action in SharedAction::ALL {
            assert_eq!(SharedAction::parse(action.as_str()), Ok(action));
        }
        let short = SharedAction::parse("signpayload");
        assert_eq!(short, Ok(SharedAction::SignPayload));
        for text in ["", "signer:StartSigningJob", "signer:*", "*"] {
            let error = SharedAction::parse(text).unwrap_err();
            assert_eq!(error, RuleError::Action(text.to_owned()));
        }
    }

    #[test]
    fn a_permission_has_an_id_of_its_own() {
        let principal = Principal::parse("arn:aws:iam::444455556666:role/a/ci").unwrap();
        let id = SharedAction::SignPayload.statement_id(&principal).unwrap();
        assert_eq!(id.as_str(), "444455556666-ci-SignPayload");
    }
}
