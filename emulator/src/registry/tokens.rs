//! What the registry hands out and believes later: ECR passwords, bearer tokens, the addresses of layers.
//!
//! Each carries what it allows, and an HMAC over that, so that nothing needs to be remembered.

use aws_lc_rs::hmac;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::{name::Digest, state::RepositoryKey};
use crate::hosts::RegistryId;
use crate::random;

/// How long an ECR password is valid (ECR's `GetAuthorizationToken`).
pub(crate) const PASSWORD_LIFETIME: Duration = Duration::hours(12);

/// How long a bearer token is valid; what most registries choose.
pub(super) const BEARER_LIFETIME: Duration = Duration::minutes(5);

/// How long the address of a layer is valid; what ECR's redirects have.
const LAYER_LIFETIME: Duration = Duration::hours(1);

/// The key of one emulator.
pub(crate) struct Tokens {
    key: hmac::Key,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tokens")
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenRefusal {
    /// Not made by this emulator, or for something else.
    Invalid,
    Expired,
}

/// What an ECR password says.
#[derive(Serialize, Deserialize)]
struct Password {
    /// Random; real ones are some 1,700 characters long, and so are ours.
    payload: String,
    region: String,
    expiration: i64,
    mac: String,
}

/// What a bearer token says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Bearer {
    pub(super) scopes: Vec<String>,
    expiration: i64,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()),
        }
    }

    fn mac(&self, purpose: &str, parts: &[&str]) -> String {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(purpose.as_bytes());
        for part in parts {
            context.update(b"\n");
            context.update(part.as_bytes());
        }
        random::to_hex(context.sign().as_ref())
    }

    /// A password for the user `AWS`, valid in one region.
    pub(crate) fn password(&self, region: &str, now: OffsetDateTime) -> String {
        let payload = STANDARD.encode(random::bytes::<768>());
        let expiration = (now + PASSWORD_LIFETIME).unix_timestamp();
        let mac = self.mac("password", &[&payload, region, &expiration.to_string()]);
        STANDARD.encode(
            json!(Password {
                payload,
                region: region.to_owned(),
                expiration,
                mac
            })
            .to_string(),
        )
    }

    /// Whether `password` opens `registry`.
    pub(super) fn check_password(
        &self,
        password: &str,
        registry: &RegistryId,
        now: OffsetDateTime,
    ) -> Result<(), TokenRefusal> {
        let decoded = STANDARD
            .decode(password)
            .map_err(|_| TokenRefusal::Invalid)?;
        let password: Password =
            serde_json::from_slice(&decoded).map_err(|_| TokenRefusal::Invalid)?;
        let expiration = password.expiration.to_string();
        let mac = self.mac(
            "password",
            &[&password.payload, &password.region, &expiration],
        );
        if mac != password.mac || password.region != registry.region {
            return Err(TokenRefusal::Invalid);
        }
        not_expired(password.expiration, now)
    }

    /// A bearer token for scopes such as `repository:app:pull`.
    pub(super) fn bearer(&self, scopes: Vec<String>, now: OffsetDateTime) -> String {
        let expiration = (now + BEARER_LIFETIME).unix_timestamp();
        let said = URL_SAFE_NO_PAD.encode(json!(Bearer { scopes, expiration }).to_string());
        let mac = self.mac("bearer", &[&said]);
        format!("{said}.{mac}")
    }

    /// What a bearer token allows.
    pub(super) fn check_bearer(
        &self,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<Bearer, TokenRefusal> {
        let (said, mac) = token.split_once('.').ok_or(TokenRefusal::Invalid)?;
        if self.mac("bearer", &[said]) != mac {
            return Err(TokenRefusal::Invalid);
        }
        let said = URL_SAFE_NO_PAD
            .decode(said)
            .map_err(|_| TokenRefusal::Invalid)?;
        let bearer: Bearer = serde_json::from_slice(&said).map_err(|_| TokenRefusal::Invalid)?;
        not_expired(bearer.expiration, now)?;
        Ok(bearer)
    }

    /// Path and query of the bytes of a blob, valid without credentials for an hour.
    pub(super) fn layer_path(
        &self,
        repository: &RepositoryKey,
        digest: &Digest,
        now: OffsetDateTime,
    ) -> String {
        let expires = (now + LAYER_LIFETIME).unix_timestamp().to_string();
        let signature = self.layer_mac(repository, digest, &expires);
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("account", &repository.registry.account)
            .append_pair("region", &repository.registry.region)
            .append_pair("repository", &repository.name)
            .append_pair("expires", &expires)
            .append_pair("signature", &signature)
            .finish();
        format!("/_registry/blobs/{digest}?{query}")
    }

    /// Whether these are the values of a [`Self::layer_path`].
    pub(super) fn check_layer(
        &self,
        repository: &RepositoryKey,
        digest: &Digest,
        expires: &str,
        signature: &str,
        now: OffsetDateTime,
    ) -> Result<(), TokenRefusal> {
        if self.layer_mac(repository, digest, expires) != signature {
            return Err(TokenRefusal::Invalid);
        }
        not_expired(expires.parse().map_err(|_| TokenRefusal::Invalid)?, now)
    }

    fn layer_mac(&self, repository: &RepositoryKey, digest: &Digest, expires: &str) -> String {
        let RegistryId { account, region } = &repository.registry;
        let digest = digest.to_string();
        self.mac(
            "layer",
            &[account, region, &repository.name, &digest, expires],
        )
    }
}

fn not_expired(expiration: i64, now: OffsetDateTime) -> Result<(), TokenRefusal> {
    if now.unix_timestamp() < expiration {
        Ok(())
    } else {
        Err(TokenRefusal::Expired)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-02 03:04:05 UTC);

    fn registry(region: &str) -> RegistryId {
        RegistryId {
            account: "111122223333".to_owned(),
            region: region.to_owned(),
        }
    }

    #[test]
    fn a_password_is_good_for_twelve_hours_in_its_region() {
        let tokens = Tokens::new();
        let password = tokens.password("eu-west-1", NOW);
        let here = registry("eu-west-1");
        let last = NOW + PASSWORD_LIFETIME - Duration::seconds(1);
        assert_eq!(tokens.check_password(&password, &here, NOW), Ok(()));
        assert_eq!(tokens.check_password(&password, &here, last), Ok(()));
        let after = last + Duration::seconds(1);
        assert_eq!(
            tokens.check_password(&password, &here, after),
            Err(TokenRefusal::Expired)
        );
        let elsewhere = registry("us-east-1");
        assert_eq!(
            tokens.check_password(&password, &elsewhere, NOW),
            Err(TokenRefusal::Invalid)
        );
    }

    #[test]
    fn a_password_that_was_not_issued_here_is_refused() {
        let foreign = Tokens::new().password("eu-west-1", NOW);
        for password in ["", "secret", "e30=", foreign.as_str()] {
            let checked = Tokens::new().check_password(password, &registry("eu-west-1"), NOW);
            assert_eq!(checked, Err(TokenRefusal::Invalid));
        }
    }

    #[test]
    fn a_bearer_token_says_its_scopes_until_it_expires() {
        let tokens = Tokens::new();
        let token = tokens.bearer(vec!["repository:app:pull".to_owned()], NOW);
        let bearer = tokens.check_bearer(&token, NOW).unwrap();
        assert_eq!(bearer.scopes, ["repository:app:pull"]);
        let expired = tokens
            .check_bearer(&token, NOW + BEARER_LIFETIME)
            .unwrap_err();
        assert_eq!(expired, TokenRefusal::Expired);
        let changed = format!("A{token}");
        assert_eq!(
            tokens.check_bearer(&changed, NOW).unwrap_err(),
            TokenRefusal::Invalid
        );
        assert_eq!(
            tokens.check_bearer("", NOW).unwrap_err(),
            TokenRefusal::Invalid
        );
    }
}
