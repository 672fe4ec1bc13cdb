//! What this program has shown to one registry for one repository, and what it learnt.
//!
//! The first request goes without credentials (to Amazon ECR with them: its scheme is known). What
//! answers its challenge is kept for the process; requests that were challenged at the same time
//! share one answer.

use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderValue;
use reqwest::Response;
use tokio::time::Instant;
use url::Url;

use super::challenge::{self, Challenge};
use super::credentials::{
    Asked, Credential, CredentialLookup, Credentials, Error as CredentialsError,
};
use super::error::Error;
use super::token::Wanted;
use crate::http as web;
use crate::reference::{EcrHost, RegistryName, Scheme};

/// What somebody means to do in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// To read.
    Pull,
    /// To read and to write.
    PullAndPush,
}

impl Access {
    /// The actions in a token's scope.
    pub(super) const fn actions(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::PullAndPush => "pull,push",
        }
    }
}

/// Where a registry is.
#[derive(Debug, Clone)]
pub(super) struct Registry {
    /// As it is shown: the registry of the reference.
    pub(super) name: String,
    /// As it is compared.
    pub(super) canonical: RegistryName,
    /// Host and port that requests go to; the key of its credentials.
    pub(super) server: String,
    /// `https://server/` or `http://server/`.
    pub(super) base: Url,
    /// If it is Amazon ECR, where of it.
    pub(super) ecr: Option<EcrHost>,
}

impl Registry {
    pub(super) fn is_plain_http(&self) -> bool {
        self.base.scheme() == "http"
    }

    /// Whether `url` is this registry itself.
    pub(super) fn serves(&self, url: &Url) -> bool {
        url.origin() == self.base.origin()
    }

    /// Whether `url` points at this machine or its link, where a registry elsewhere has no business
    /// sending anybody. One on this machine may lead to this machine, and to its link as little.
    pub(super) fn may_not_lead_to(&self, url: &Url) -> bool {
        web::may_not_lead(&self.base, url)
    }
}

/// What goes with every request.
#[derive(Debug)]
pub(super) struct Authorization {
    /// The value of `Authorization`; `None` once it is known that none is needed.
    pub(super) header: Option<HeaderValue>,
    /// What it rests on, in words: "the credential of ..." or "an anonymous request".
    pub(super) shown: String,
    /// When it is of no use any more.
    pub(super) expires: Option<Instant>,
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
pub(super) fn in_words(credential: Option<&Credential>) -> String {
    match credential {
        Some(credential) => format!("the credential of {}", credential.origin),
        None => "an anonymous request".to_owned(),
    }
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) registry: Registry,
    pub(super) repository: String,
    pub(super) access: Access,
    pub(super) pool: web::Pool,
    credentials: Credentials,
    current: Mutex<Option<Arc<Authorization>>>,
    unread: Mutex<Option<Arc<CredentialsError>>>,
    /// Held by the one who answers a challenge.
    gate: tokio::sync::Mutex<()>,
}

impl Session {
    pub(super) fn new(
        registry: Registry,
        repository: String,
        access: Access,
        pool: web::Pool,
        credentials: Credentials,
    ) -> Self {
        Self {
            registry,
            repository,
            access,
            pool,
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
        if self.registry.ecr.is_none() {
            return Ok(None);
        }
        let _gate = self.gate.lock().await;
        if let Some(current) = self.current() {
            return Ok(Some(current));
        }
        // Amazon ECR takes Basic and nothing else, so that no challenge need be waited for.
        let authorization = self.basic().await?;
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
        if self.current().is_some() || self.registry.ecr.is_some() {
            return true;
        }
        self.registry.is_plain_http()
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
            Challenge::Bearer {
                realm,
                service,
                scope,
            } => Some(Wanted {
                realm,
                service: service.as_deref(),
                scope: scope.as_deref(),
            }),
            Challenge::Basic => None,
        });
        if self.registry.ecr.is_some() && bearer.is_some() {
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
        let authorization = if let Some(wanted) = bearer {
            let credential = self.credential().await?;
            match credential.as_ref().and_then(Credential::bearer) {
                Some(header) => Some(Authorization {
                    header: Some(header),
                    shown: in_words(credential.as_ref()),
                    expires: None,
                }),
                None => Some(self.fetch_token(&wanted, credential.as_ref()).await?),
            }
        } else if challenges.contains(&Challenge::Basic) {
            self.basic().await?
        } else {
            None
        };
        match authorization {
            Some(authorization) => Ok(self.keep(authorization)),
            None => Err(self.unauthorized(used, response).await),
        }
    }

    pub(super) async fn credential(&self) -> Result<Option<Credential>, Error> {
        let found = self.find().await.map_err(|source| Error::Credentials {
            registry: self.registry.name.clone(),
            source,
        })?;
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        *unread = found.unread;
        Ok(found.credential)
    }

    async fn find(&self) -> Result<CredentialLookup, CredentialsError> {
        let registry = &self.registry;
        let scheme = if registry.is_plain_http() {
            Scheme::Http
        } else {
            Scheme::Https
        };
        let asked = Asked {
            name: &registry.canonical,
            scheme,
            server: &registry.server,
            repository: &self.repository,
            ecr: registry.ecr.as_ref(),
        };
        self.credentials.find(&asked).await
    }

    /// What kept a credential from being found, if the last search found none.
    pub(super) fn unread(&self) -> Option<Arc<CredentialsError>> {
        let unread = self.unread.lock();
        unread.unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn basic(&self) -> Result<Option<Authorization>, Error> {
        let credential = self.credential().await?;
        Ok(credential.and_then(|credential| {
            Some(Authorization {
                header: Some(credential.basic()?),
                shown: in_words(Some(&credential)),
                expires: None,
            })
        }))
    }

    /// The error for `response`, status 401, in answer to `used`.
    pub(super) async fn unauthorized(
        &self,
        used: Option<&Arc<Authorization>>,
        response: Response,
    ) -> Error {
        Error::Unauthorized {
            registry: self.registry.name.clone(),
            repository: self.repository.clone(),
            credential: used.map_or_else(|| in_words(None), |used| used.shown.clone()),
            said: super::transport::words(response).await,
            unread: self.unread(),
        }
    }

    /// The pool for a request to `url`, where this registry leads.
    pub(super) fn pool_for(&self, url: &Url) -> web::Pool {
        self.pool.led(&self.registry.base, url)
    }

    pub(super) fn request_error(&self, source: web::Error) -> Error {
        if let web::Error::Inside { host } = &source {
            return Error::Misbehaved {
                url: web::redact(&self.registry.base),
                fault: format!("leads to `{host}`, inside this machine or its link"),
            };
        }
        Error::Request {
            registry: self.registry.name.clone(),
            source,
        }
    }
}
