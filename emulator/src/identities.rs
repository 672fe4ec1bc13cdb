//! Access keys and whose they are.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::{call::Caller, partition::partition, random};

/// Temporary credentials beyond this many push out those that end first.
const MAX_TEMPORARY: usize = 1_000;

/// A long-term access key of a user.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AccessKey {
    /// Twelve digits.
    pub account: String,
    /// The IAM user's name: `arn:aws:iam::ACCOUNT:user/NAME` in messages and revocation records.
    pub user: String,
    /// `AKIA...`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
}

impl AccessKey {
    /// A random access key of `user` in `account` (twelve digits).
    pub fn generate(account: &str, user: &str) -> Self {
        Self::new(
            account,
            user,
            &random::aws_id("AKIA"),
            &random::alphanumeric(40),
        )
    }

    /// A given access key.
    pub fn new(account: &str, user: &str, access_key_id: &str, secret_access_key: &str) -> Self {
        Self {
            account: account.to_owned(),
            user: user.to_owned(),
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
        }
    }
}

impl std::fmt::Debug for AccessKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("AccessKey")
            .field("account", &self.account)
            .field("user", &self.user)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// Credentials of an assumed role.
#[derive(Clone)]
pub(crate) struct TemporaryCredentials {
    pub(crate) account: String,
    pub(crate) role: String,
    pub(crate) session: String,
    pub(crate) role_id: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) session_token: String,
    pub(crate) expiration: OffsetDateTime,
}

impl std::fmt::Debug for TemporaryCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("TemporaryCredentials")
            .field("account", &self.account)
            .field("role", &self.role)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// What a signature is checked with.
#[derive(Debug, Clone)]
pub(crate) enum Credentials {
    LongTerm(AccessKey),
    Temporary(TemporaryCredentials),
}

impl Credentials {
    pub(crate) fn secret_access_key(&self) -> &str {
        match self {
            Self::LongTerm(key) => &key.secret_access_key,
            Self::Temporary(temporary) => &temporary.secret_access_key,
        }
    }

    pub(crate) fn session_token(&self) -> Option<&str> {
        match self {
            Self::LongTerm(_) => None,
            Self::Temporary(temporary) => Some(&temporary.session_token),
        }
    }

    pub(crate) fn expiration(&self) -> Option<OffsetDateTime> {
        match self {
            Self::LongTerm(_) => None,
            Self::Temporary(temporary) => Some(temporary.expiration),
        }
    }

    /// Who this is, in the partition of `region`.
    pub(crate) fn caller(&self, region: &str) -> Caller {
        let partition = partition(region);
        match self {
            Self::LongTerm(key) => Caller {
                account: key.account.clone(),
                arn: format!("arn:{partition}:iam::{}:user/{}", key.account, key.user),
                user_id: key.access_key_id.replacen("AKIA", "AIDA", 1),
                region: region.to_owned(),
            },
            Self::Temporary(temporary) => Caller {
                account: temporary.account.clone(),
                arn: format!(
                    "arn:{partition}:sts::{}:assumed-role/{}/{}",
                    temporary.account, temporary.role, temporary.session
                ),
                user_id: format!("{}:{}", temporary.role_id, temporary.session),
                region: region.to_owned(),
            },
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Identities {
    long_term: BTreeMap<String, AccessKey>,
    temporary: Mutex<BTreeMap<String, TemporaryCredentials>>,
}

impl Identities {
    pub(crate) fn new(keys: impl IntoIterator<Item = AccessKey>) -> Self {
        let long_term = keys
            .into_iter()
            .map(|key| (key.access_key_id.clone(), key))
            .collect();
        Self {
            long_term,
            temporary: Mutex::default(),
        }
    }

    pub(crate) fn find(&self, access_key_id: &str) -> Option<Credentials> {
        if let Some(key) = self.long_term.get(access_key_id) {
            return Some(Credentials::LongTerm(key.clone()));
        }
        let temporary = self
            .temporary
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        temporary
            .get(access_key_id)
            .cloned()
            .map(Credentials::Temporary)
    }

    /// New credentials of `role` in `account`, good for `life` from `now`.
    pub(crate) fn assume_role(
        &self,
        account: &str,
        role: &str,
        session: &str,
        now: OffsetDateTime,
        life: Duration,
    ) -> TemporaryCredentials {
        let credentials = TemporaryCredentials {
            account: account.to_owned(),
            role: role.to_owned(),
            session: session.to_owned(),
            role_id: random::aws_id("AROA"),
            access_key_id: random::aws_id("ASIA"),
            secret_access_key: random::alphanumeric(40),
            session_token: random::alphanumeric(240),
            expiration: now + life,
        };
        let mut temporary = self
            .temporary
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if temporary.len() >= MAX_TEMPORARY {
            let oldest = temporary
                .values()
                .min_by_key(|credentials| credentials.expiration);
            if let Some(oldest) = oldest.map(|credentials| credentials.access_key_id.clone()) {
                temporary.remove(&oldest);
            }
        }
        temporary.insert(credentials.access_key_id.clone(), credentials.clone());
        credentials
    }
}
