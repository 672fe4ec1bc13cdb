//! Who this program says it is: given by the user, issued by AWS, or kept by Docker.
//!
//! A credential is looked up for one registry and is never shown to another.

mod docker;
mod helper;

pub use docker::config_path as docker_config_path;
#[cfg(fuzzing)]
pub use docker::read as read_docker_config;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use tokio::sync::OnceCell;

use crate::aws::CallError;
use crate::files;
use crate::reference::EcrHost;

/// A secret: shown to its registry only, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub fn new(secret: String) -> Self {
        Self(secret)
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// What is shown to a registry, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    pub(super) proof: Proof,
    /// Where it came from, in words that follow "the credential of".
    pub(super) origin: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Proof {
    /// User name and password.
    Password { username: String, password: Secret },
    /// A refresh token, good for tokens of the registry's realm only.
    IdentityToken(Secret),
}

impl Credential {
    /// A user name and a password; `origin` says where they came from, for example `--password`.
    pub fn password(username: String, password: Secret, origin: impl Into<String>) -> Self {
        Self {
            proof: Proof::Password { username, password },
            origin: origin.into(),
        }
    }

    /// The value of `Authorization` with scheme Basic; `None` if this is no password.
    pub(super) fn basic(&self) -> Option<HeaderValue> {
        let Proof::Password { username, password } = &self.proof else {
            return None;
        };
        let pair = STANDARD.encode(format!("{username}:{}", password.expose()));
        let mut value = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Why a credential could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Docker's configuration cannot be read.
    #[error("Docker's configuration cannot be read")]
    DockerConfig {
        /// What happened.
        #[source]
        source: files::Error,
    },
    /// Docker's configuration is not what it should be.
    #[error("Docker's configuration `{}` is malformed", path.display())]
    MalformedDockerConfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// An entry of Docker's configuration is not a user name and a password.
    #[error("the entry of `{server}` in `{}` is not a user name and a password", path.display())]
    MalformedAuth {
        /// The file.
        path: PathBuf,
        /// The registry.
        server: String,
    },
    /// A credential helper's name that could lead anywhere.
    #[error("`{name}` is not the name of a credential helper")]
    HelperName {
        /// The name in the configuration.
        name: String,
    },
    /// A credential helper could not be run.
    #[error("`{program}` could not be run")]
    HelperStart {
        /// The program.
        program: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A credential helper took too long.
    #[error("`{program}` did not answer within {seconds} seconds")]
    HelperTimedOut {
        /// The program.
        program: String,
        /// The limit in seconds.
        seconds: u64,
    },
    /// A credential helper failed, or said what cannot be read.
    #[error("`{program}` gave no credential: {reason}")]
    HelperFailed {
        /// The program.
        program: String,
        /// Its own words, or what is wrong with its answer.
        reason: String,
    },
    /// AWS issued no token for Amazon ECR.
    #[error("AWS issued no token for registry `{host}`")]
    EcrToken {
        /// The registry.
        host: String,
        /// What AWS says.
        #[source]
        source: EcrTokenError,
    },
}

/// What kept AWS from issuing a token for Amazon ECR.
pub type EcrTokenError = Box<dyn std::error::Error + Send + Sync>;

impl Error {
    /// What may help.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::HelperStart { .. } => {
                "install it, or take it out of `credHelpers` or `credsStore` of Docker's \
                 configuration"
            }
            Self::EcrToken { source, .. } => {
                if let Some(error) = source.downcast_ref::<CallError>() {
                    return error.hint();
                }
                "check the AWS credentials of this environment; they need \
                 `ecr:GetAuthorizationToken` on `*`"
            }
            Self::DockerConfig { source } => return source.hint(),
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// Issues tokens for registries of Amazon ECR.
pub trait EcrTokens: fmt::Debug + Send + Sync {
    /// A token for exactly this registry, from the endpoint of its own region.
    fn token<'a>(&'a self, host: &'a EcrHost) -> BoxFuture<'a, Result<Secret, EcrTokenError>>;
}

/// Where credentials are looked for. Clones share what was found.
#[derive(Debug, Clone, Default)]
pub struct Credentials(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    explicit: Option<(String, Credential)>,
    docker_config: Option<PathBuf>,
    ecr: Option<Arc<dyn EcrTokens>>,
    /// One lookup per registry and process, whoever asks at the same time.
    found: Mutex<HashMap<String, Arc<OnceCell<Option<Credential>>>>>,
}

impl Credentials {
    /// Looks in this order: `explicit`, a server ([`Reference::server`]) and what the user gave for it
    /// and no other; `ecr` for hosts of Amazon ECR; Docker's configuration at `docker_config`, with
    /// its credential helpers.
    ///
    /// [`Reference::server`]: crate::reference::Reference::server
    pub fn new(
        explicit: Option<(String, Credential)>,
        ecr: Option<Arc<dyn EcrTokens>>,
        docker_config: Option<PathBuf>,
    ) -> Self {
        Self(Arc::new(Inner {
            explicit,
            docker_config,
            ecr,
            found: Mutex::default(),
        }))
    }

    /// The credential for the registry at `server` (host and port); `None` if there is none.
    pub(super) async fn find(
        &self,
        server: &str,
        ecr: Option<&EcrHost>,
    ) -> Result<Option<Credential>, Error> {
        if let Some((known, credential)) = &self.0.explicit
            && known.eq_ignore_ascii_case(server)
        {
            return Ok(Some(credential.clone()));
        }
        let cell = {
            let mut found = self.0.found.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(found.entry(server.to_owned()).or_default())
        };
        let credential = cell.get_or_try_init(|| self.look_up(server, ecr)).await?;
        Ok(credential.clone())
    }

    async fn look_up(
        &self,
        server: &str,
        ecr: Option<&EcrHost>,
    ) -> Result<Option<Credential>, Error> {
        let issued = match (ecr, &self.0.ecr) {
            (Some(host), Some(tokens)) => {
                Some(tokens.token(host).await.map_err(|source| Error::EcrToken {
                    host: server.to_owned(),
                    source,
                }))
            }
            _ => None,
        };
        match issued {
            Some(Ok(token)) => Ok(Some(Credential::password(
                "AWS".to_owned(),
                token,
                "the AWS identity of this environment",
            ))),
            // Pipelines that log in to ECR with Docker may have no AWS credentials of their own.
            Some(Err(error)) => match self.look_up_at_docker(server).await {
                Ok(Some(credential)) => Ok(Some(credential)),
                _ => Err(error),
            },
            None => self.look_up_at_docker(server).await,
        }
    }

    async fn look_up_at_docker(&self, server: &str) -> Result<Option<Credential>, Error> {
        let Some(path) = &self.0.docker_config else {
            return Ok(None);
        };
        docker::find(path, server).await
    }
}
