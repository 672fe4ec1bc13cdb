//! What goes with the requests to one repository: nothing, a credential, or a token for it; and how a challenge
//! is answered.
//!
//! The first request goes without credentials (to Amazon ECR with them: its scheme is known). What
//! answers its challenge is kept for the process; requests that were challenged at the same time
//! share one answer.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use reqwest::Response;
use tokio::time::Instant;

use super::challenge::{self, Bearer, Challenge};
use super::credentials::{
    Credential, CredentialLookup, CredentialRequest, Credentials, Error as CredentialsError,
};
use super::endpoint::Endpoint;
use super::error::Error;
use super::token::{self, TokenError};
use super::words::Words;
use crate::http as web;
use crate::reference::Scheme;

/// What goes with every request.
#[derive(Debug)]
pub(super) struct Authorization {
    /// The value of `Authorization`; `None` once it is known that none is needed.
    pub(super) header: Option<HeaderValue>,
    /// What it rests on, in words: "the credential of ..." or "an anonymous request".
    shown: String,
    /// When it is good no longer.
    expires: Option<Instant>,
}

impl Authorization {
    fn anonymous() -> Self {
        Self {
            header: None,
            shown: in_words(None),
            expires: None,
        }
    }

    /// Whether a challenge in answer to it can be met with something better.
    fn is_worth_renewing(&self) -> bool {
        self.header.is_none()
            || self
                .expires
                .is_some_and(|expires| Instant::now() >= expires)
    }
}

/// What is shown to a registry, in words that fit after "denied".
fn in_words(credential: Option<&Credential>) -> String {
    match credential {
        Some(credential) => format!("the credential of {}", credential.origin),
        None => "an anonymous request".to_owned(),
    }
}

/// What shows a user name and a password; `None` if the credential has none.
fn basic(credential: &Credential) -> Option<Authorization> {
    Some(Authorization {
        header: Some(credential.basic()?),
        shown: in_words(Some(credential)),
        expires: None,
    })
}

/// Authorizes the requests to one endpoint.
#[derive(Debug)]
pub(super) struct Authorizer {
    endpoint: Arc<Endpoint>,
    credentials: Credentials,
    current: Mutex<Option<Arc<Authorization>>>,
    unread: Mutex<Option<Arc<CredentialsError>>>,
    /// Held by the one who answers a challenge.
    gate: tokio::sync::Mutex<()>,
}

impl Authorizer {
    pub(super) fn new(endpoint: Arc<Endpoint>, credentials: Credentials) -> Self {
        Self {
            endpoint,
            credentials,
            current: Mutex::new(None),
            unread: Mutex::new(None),
            gate: tokio::sync::Mutex::new(()),
        }
    }

    fn current(&self) -> Option<Arc<Authorization>> {
        let current = self.current.lock();
        current.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, authorization: Authorization) -> Arc<Authorization> {
        let kept = Arc::new(authorization);
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        *current = Some(Arc::clone(&kept));
        kept
    }

    /// What goes with the next request; `None` while nothing is known.
    pub(super) async fn authorization(&self) -> Result<Option<Arc<Authorization>>, Error> {
        if let Some(current) = self.current() {
            return Ok(Some(current));
        }
        if self.endpoint.registry.ecr.is_none() {
            return Ok(None);
        }
        let _gate = self.gate.lock().await;
        if let Some(current) = self.current() {
            return Ok(Some(current));
        }
        // Amazon ECR takes Basic and nothing else, so no challenge need be waited for.
        let credential = self.credential().await?;
        let authorization = credential.as_ref().and_then(basic);
        Ok(authorization.map(|authorization| self.keep(authorization)))
    }

    /// What the registry was last shown, in words.
    pub(super) fn shown(&self) -> String {
        self.current()
            .map_or_else(|| in_words(None), |current| current.shown.clone())
    }

    /// Remembers that the registry answered a request without credentials.
    pub(super) fn settle_anonymous(&self) {
        if self.current().is_none() {
            self.keep(Authorization::anonymous());
        }
    }

    /// Whether several first requests may go at the same time, because none of them will be
    /// challenged: the scheme is known, or there is nothing to show.
    pub(super) async fn may_go_at_once(&self) -> bool {
        if self.current().is_some() || self.endpoint.registry.ecr.is_some() {
            return true;
        }
        self.endpoint.registry.is_plain_http()
            && matches!(
                self.find().await,
                Ok(CredentialLookup {
                    credential: None,
                    ..
                })
            )
    }

    /// Answers the challenge of `response`, status 401, which came straight from the registry in
    /// answer to `used`; or says why it cannot be answered.
    pub(super) async fn answer_challenge(
        &self,
        used: Option<&Arc<Authorization>>,
        response: Response,
    ) -> Result<Arc<Authorization>, Error> {
        let challenges = challenge::parse(response.headers());
        let bearer = challenges.iter().find_map(|challenge| match challenge {
            Challenge::Bearer(bearer) => Some(bearer),
            Challenge::Basic => None,
        });
        if self.endpoint.registry.ecr.is_some() && bearer.is_some() {
            // What AWS issued would go where the challenge says.
            return Err(Error::Misbehaved {
                url: web::redact(response.url()),
                fault: "asks for a Bearer token, which Amazon ECR never does".to_owned(),
            });
        }
        let _gate = self.gate.lock().await;
        if let Some(current) = self.current()
            && !used.is_some_and(|used| Arc::ptr_eq(used, &current))
        {
            return Ok(current);
        }
        if used.is_some_and(|used| !used.is_worth_renewing()) {
            return Err(self.unauthorized(used, response).await);
        }
        if let Some(wanted) = bearer {
            return Ok(self.keep(self.bearer(wanted).await?));
        }
        if !challenges.contains(&Challenge::Basic) {
            return Err(self.unauthorized(used, response).await);
        }
        let Some(credential) = self.credential().await? else {
            return Err(self.unauthorized(used, response).await);
        };
        if let Some(authorization) = basic(&credential) {
            return Ok(self.keep(authorization));
        }
        let shown = format!(
            "{} (it wants a user name and a password, and {} has only a token)",
            in_words(None),
            credential.origin
        );
        Err(self.denied(shown, Words::of(response).await))
    }

    /// Looks up the credential, and says in words what would be shown.
    pub(super) async fn log_in(&self) -> Result<String, Error> {
        Ok(in_words(self.credential().await?.as_ref()))
    }

    async fn credential(&self) -> Result<Option<Credential>, Error> {
        let found = self.find().await.map_err(|source| Error::Credentials {
            registry: self.endpoint.registry.name.clone(),
            source: source.into(),
        })?;
        tracing::info!(
            registry = self.endpoint.registry.name,
            from = found
                .credential
                .as_ref()
                .map(|credential| credential.origin.as_str()),
            kind = found.credential.as_ref().map(Credential::kind),
            "registry credential sought"
        );
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        *unread = found.unread;
        Ok(found.credential)
    }

    async fn find(&self) -> Result<CredentialLookup, CredentialsError> {
        let registry = &self.endpoint.registry;
        let scheme = if registry.is_plain_http() {
            Scheme::Http
        } else {
            Scheme::Https
        };
        let asked = CredentialRequest {
            name: &registry.canonical,
            scheme,
            server: &registry.server,
            repository: &self.endpoint.repository,
            ecr: registry.ecr.as_ref(),
        };
        self.credentials.find(&asked).await
    }

    /// What kept a credential from being found, if the last search found none.
    fn unread(&self) -> Option<Arc<CredentialsError>> {
        let unread = self.unread.lock();
        unread.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The token of the credential, or one that the realm hands out for it.
    async fn bearer(&self, wanted: &Bearer) -> Result<Authorization, Error> {
        let credential = self.credential().await?;
        let shown = in_words(credential.as_ref());
        if let Some(header) = credential.as_ref().and_then(Credential::bearer) {
            return Ok(Authorization {
                header: Some(header),
                shown,
                expires: None,
            });
        }
        match token::fetch(&self.endpoint, wanted, credential.as_ref()).await {
            Ok(token) => Ok(Authorization {
                header: Some(token.header),
                shown,
                expires: token.expires,
            }),
            Err(TokenError::Denied(said)) => Err(self.denied(shown, said)),
            Err(TokenError::Failed(error)) => Err(error),
        }
    }

    /// The error for `response`, status 401, in answer to `used`.
    pub(super) async fn unauthorized(
        &self,
        used: Option<&Arc<Authorization>>,
        response: Response,
    ) -> Error {
        let shown = used.map_or_else(|| in_words(None), |used| used.shown.clone());
        self.denied(shown, Words::of(response).await)
    }

    /// The registry, or its realm, wants other credentials than what was `shown`.
    fn denied(&self, shown: String, said: Words) -> Error {
        Error::Unauthorized {
            registry: self.endpoint.registry.name.clone(),
            repository: self.endpoint.repository.clone(),
            credential: shown,
            said,
            unread: self.unread(),
        }
    }
}
