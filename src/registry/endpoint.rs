//! A repository of a registry as requests reach it: its URLs, where it may lead, and what its failures are.

use http::StatusCode;
use reqwest::Response;
use url::Url;

use super::error::Error;
use super::words::Words;
use crate::http as web;
use crate::reference::{EcrHost, RegistryName};

/// What is to be done in a repository.
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
        // Both are `http` or `https`, whose origin these three are.
        url.scheme() == self.base.scheme()
            && url.host_str() == self.base.host_str()
            && url.port_or_known_default() == self.base.port_or_known_default()
    }

    /// Whether `url` points at this machine or its link, where a registry elsewhere must not lead.
    /// A registry on this machine may lead to this machine, but not to its link.
    pub(super) fn may_not_lead_to(&self, url: &Url) -> bool {
        web::may_not_lead(&self.base, url)
    }
}

/// A repository of a registry, and what is to be done there.
#[derive(Debug)]
pub(super) struct Endpoint {
    pub(super) registry: Registry,
    pub(super) repository: String,
    pub(super) access: Access,
    pub(super) pool: web::Pool,
}

impl Endpoint {
    /// The URL of `path`, which begins after `/v2/REPOSITORY/`.
    pub(super) fn url(&self, path: &str) -> Url {
        let mut url = self.registry.base.clone();
        url.set_path(&format!("/v2/{}/{path}", self.repository));
        url
    }

    /// What `url` is called in messages: `registry/repository@digest` or `registry/repository:tag`.
    pub(super) fn called(&self, target: &str) -> String {
        let separator = if target.contains(':') { '@' } else { ':' };
        format!(
            "{}/{}{separator}{target}",
            self.registry.name, self.repository
        )
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
            source: source.into(),
        }
    }

    /// Where a redirect, or an upload's `Location`, leads to, if it may.
    pub(super) fn check_redirect(&self, from: &Url, location: &str) -> Result<Url, Error> {
        let misbehaved = |fault: String| Error::Misbehaved {
            url: web::redact(from),
            fault,
        };
        let next = from
            .join(location)
            .map_err(|_| misbehaved("redirects to something that is not a URL".to_owned()))?;
        match next.scheme() {
            "https" => {}
            "http" if from.scheme() == "http" => {}
            _ => {
                return Err(misbehaved(format!(
                    "redirects to `{}`, which is not `https`",
                    web::redact(&next)
                )));
            }
        }
        if self.registry.may_not_lead_to(&next) {
            return Err(misbehaved(format!(
                "redirects to `{}`, inside this machine or its link",
                web::redact(&next)
            )));
        }
        if !next.username().is_empty() || next.password().is_some() {
            return Err(misbehaved(format!(
                "redirects to `{}` with a password",
                web::redact(&next)
            )));
        }
        Ok(next)
    }

    /// The error that `response` is, from the registry or a server that answers for it, apart from what
    /// the status says of the content asked for.
    pub(super) async fn status_error(&self, response: Response) -> Error {
        let registry = self.registry.name.clone();
        let status = response.status();
        let url = web::redact(response.url());
        let retry_after = web::retry_after(response.headers());
        let said = Words::of(response).await;
        match status {
            StatusCode::TOO_MANY_REQUESTS => Error::RateLimited {
                registry,
                retry_after,
                said,
            },
            status if status.is_server_error() => Error::Unavailable {
                registry,
                status: status.as_u16(),
                said,
            },
            status => Error::UnexpectedStatus {
                url,
                status: status.as_u16(),
                said,
            },
        }
    }
}
