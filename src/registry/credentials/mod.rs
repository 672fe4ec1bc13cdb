//! Who this program says it is: given by the user, issued by AWS, or kept by Notation, Docker or Podman.
//!
//! A credential is looked up for one registry and is never shown to another.

mod auth_file;
mod helper;
mod key;
mod places;
mod store;

pub use auth_file::AuthFile;
#[cfg(fuzzing)]
pub use auth_file::read as read_docker_config;
pub use places::{auth_files, docker_config, native_helper};
pub use store::{Login, LoginStore};

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use tokio::sync::OnceCell;

use crate::aws::CallError;
use crate::files;
use crate::process::ChildVariables;
use crate::reference::{EcrHost, RegistryName, Scheme};

/// A secret: shown to its registry only, never printed. It cannot be a part of an event:
///
/// ```compile_fail,E0277
/// let secret = countersign::registry::Secret::new("x".to_owned());
/// tracing::info!(secret, "an event");
/// ```
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

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Shows it to a function of this program, for example one that keeps it from being printed.
    #[cfg(feature = "cli")]
    pub(crate) fn with<T>(&self, seen: impl FnOnce(&str) -> T) -> T {
        seen(&self.0)
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
    /// A token for the registry itself.
    RegistryToken(Secret),
}

impl Credential {
    /// A user name and a password; `origin` says where they came from, for example `--password`.
    pub fn password(username: String, password: Secret, origin: impl Into<String>) -> Self {
        Self {
            proof: Proof::Password { username, password },
            origin: origin.into(),
        }
    }

    /// A token that stands for a user, good for tokens of the registry's realm only.
    pub fn identity_token(token: Secret, origin: impl Into<String>) -> Self {
        Self {
            proof: Proof::IdentityToken(token),
            origin: origin.into(),
        }
    }

    /// What is shown, in words.
    pub(super) const fn kind(&self) -> &'static str {
        match self.proof {
            Proof::Password { .. } => "password",
            Proof::IdentityToken(_) => "identity token",
            Proof::RegistryToken(_) => "registry token",
        }
    }

    /// The value of `Authorization` with scheme Basic; `None` if this is not a password.
    pub(super) fn basic(&self) -> Option<HeaderValue> {
        let Proof::Password { username, password } = &self.proof else {
            return None;
        };
        let pair = STANDARD.encode(format!("{username}:{}", password.expose()));
        let mut value = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The value of `Authorization` with scheme Bearer; `None` if this is not a token for the registry.
    pub(super) fn bearer(&self) -> Option<HeaderValue> {
        let Proof::RegistryToken(token) = &self.proof else {
            return None;
        };
        let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose())).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

/// Why a credential could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file with credentials cannot be read.
    #[error("could not read a credentials file")]
    Unreadable {
        /// What happened; names the file.
        #[source]
        source: files::Error,
    },
    /// A file with credentials is not what it should be.
    #[error("the credentials file `{}` is malformed: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// An entry for the registry that cannot be read.
    #[error("the entry `{key}` of the credentials file `{}` is malformed", path.display())]
    MalformedEntry {
        /// The file.
        path: PathBuf,
        /// The entry's key.
        key: String,
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
    /// A credential helper did not do what it was told.
    #[error("`{program}` refused: {said}")]
    HelperRefused {
        /// The program.
        program: String,
        /// Its own words, or how it ended.
        said: String,
    },
    /// A credential that a file keeps in the clear could not be removed from it.
    #[error("could not write a credentials file")]
    Unwritable {
        /// What happened; names the file.
        #[source]
        source: files::Error,
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
                "install it, or remove it from `credHelpers` or `credsStore` of the `config.json` of \
                 Docker, Podman or Notation"
            }
            Self::EcrToken { source, .. } => {
                if let Some(error) = source.downcast_ref::<CallError>() {
                    return error.hint();
                }
                "check the AWS credentials of this environment; they need \
                 `ecr:GetAuthorizationToken` on `*`"
            }
            Self::Unreadable { source } => {
                let parent = source.path().parent();
                return match parent.filter(|parent| parent.is_file()) {
                    Some(parent) => Some(format!(
                        "`{}` is a file; `DOCKER_CONFIG` names the directory with Docker's \
                         `config.json`",
                        parent.display()
                    )),
                    None => source.hint(),
                };
            }
            Self::Malformed { .. } => {
                "correct the file, or log in again so that it is written again"
            }
            Self::MalformedEntry { .. } => {
                "log in again; an entry has `auth`, which is `USER:PASSWORD` in base64, or a token"
            }
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

/// What a credential is looked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct CredentialRequest<'a> {
    pub(super) name: &'a RegistryName,
    pub(super) scheme: Scheme,
    /// [`RegistryName::server`].
    pub(super) server: &'a str,
    pub(super) repository: &'a str,
    pub(super) ecr: Option<&'a EcrHost>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub(super) struct CredentialLookup {
    pub(super) credential: Option<Credential>,
    /// The first file that could not be read, where no other one has a credential. The registry may let
    /// an anonymous request in; if it does not, this is why there is no credential.
    pub(super) unread: Option<Arc<Error>>,
}

impl From<Credential> for CredentialLookup {
    fn from(credential: Credential) -> Self {
        Self {
            credential: Some(credential),
            unread: None,
        }
    }
}

/// Where credentials are looked for. Clones share what was found.
#[derive(Debug, Clone, Default)]
pub struct Credentials(Arc<Inner>);

/// One credential and one process for all who ask at the same time.
type Once = Arc<OnceCell<Option<Credential>>>;

#[derive(Debug, Default)]
struct Inner {
    explicit: Option<(String, Credential)>,
    files: Vec<KeptFile>,
    native: Option<String>,
    /// What the helpers are given.
    variables: ChildVariables,
    ecr: Option<Arc<dyn EcrTokens>>,
    /// Answers of AWS by server, and of helpers by their name and server.
    asked: Mutex<HashMap<(String, String), Once>>,
}

/// A file that is read once for all callers, as helpers are asked once. One that cannot be read is tried again.
#[derive(Debug)]
struct KeptFile {
    file: AuthFile,
    /// `None` within: there is no such file.
    content: OnceLock<Option<auth_file::Content>>,
}

impl KeptFile {
    fn content(&self) -> Result<Option<&auth_file::Content>, Error> {
        let content = if let Some(content) = self.content.get() {
            content
        } else {
            let read = self.file.read()?;
            self.content.get_or_init(|| read)
        };
        Ok(content.as_ref())
    }
}

impl From<AuthFile> for KeptFile {
    fn from(file: AuthFile) -> Self {
        Self {
            file,
            content: OnceLock::new(),
        }
    }
}

/// Files that are asked one after the other.
#[derive(Debug, Clone, Default)]
pub struct AuthFiles {
    files: Vec<AuthFile>,
    native: Option<String>,
    /// What the helpers are given.
    variables: ChildVariables,
}

impl AuthFiles {
    /// The same with the credential helper of the system, which counts if no file names another and none keeps
    /// credentials itself, as in notation.
    #[must_use]
    pub fn with_native(self, native: Option<String>) -> Self {
        Self { native, ..self }
    }

    /// The same, whose credential helpers are given these variables in place of the process's.
    #[must_use]
    pub fn with_variables(self, variables: ChildVariables) -> Self {
        Self { variables, ..self }
    }
}

/// The file of Docker's or Podman's at this path, if there is one.
impl From<Option<PathBuf>> for AuthFiles {
    fn from(path: Option<PathBuf>) -> Self {
        Self::from(path.into_iter().map(AuthFile::current).collect::<Vec<_>>())
    }
}

impl From<Vec<AuthFile>> for AuthFiles {
    fn from(files: Vec<AuthFile>) -> Self {
        Self {
            files,
            native: None,
            variables: ChildVariables::OfProcess,
        }
    }
}

impl Credentials {
    /// Looks in this order: `explicit`, a server ([`RegistryName::server`]) and what the user gave for it
    /// and no other; `ecr` for hosts of Amazon ECR; the files, with their credential helpers.
    pub fn new(
        explicit: Option<(String, Credential)>,
        ecr: Option<Arc<dyn EcrTokens>>,
        files: impl Into<AuthFiles>,
    ) -> Self {
        let AuthFiles {
            files,
            native,
            variables,
        } = files.into();
        Self(Arc::new(Inner {
            explicit,
            files: files.into_iter().map(KeptFile::from).collect(),
            native,
            variables,
            ecr,
            asked: Mutex::default(),
        }))
    }

    /// The credential for what is asked.
    pub(super) async fn find(
        &self,
        asked: &CredentialRequest<'_>,
    ) -> Result<CredentialLookup, Error> {
        if let Some((known, credential)) = &self.0.explicit
            && known.eq_ignore_ascii_case(asked.server)
        {
            return Ok(credential.clone().into());
        }
        let issued = match (asked.ecr, &self.0.ecr) {
            (Some(host), Some(tokens)) => {
                let once = self.once("", asked.server);
                let token = once.get_or_try_init(|| async {
                    let token = tokens.token(host).await;
                    let token = token.map_err(|source| Error::EcrToken {
                        host: asked.server.to_owned(),
                        source,
                    })?;
                    Ok(Some(Credential::password(
                        "AWS".to_owned(),
                        token,
                        "the AWS identity of this environment",
                    )))
                });
                match token.await {
                    Ok(Some(token)) => return Ok(token.clone().into()),
                    Ok(None) => Ok(()),
                    Err(error) => Err(error),
                }
            }
            _ => Ok(()),
        };
        let kept = self.find_in_files(asked).await;
        match issued {
            Ok(()) => kept,
            // Pipelines that log in to ECR with Docker may have no AWS credentials of their own.
            Err(error) => match kept {
                Ok(found) if found.credential.is_some() => Ok(found),
                _ => Err(error),
            },
        }
    }

    async fn find_in_files(
        &self,
        asked: &CredentialRequest<'_>,
    ) -> Result<CredentialLookup, Error> {
        let mut unread = None;
        let mut is_configured = false;
        for file in &self.0.files {
            let (content, answer) = match file.content().and_then(|content| {
                let answer = content.map(|content| content.answer(asked));
                Ok((content, answer.transpose()?))
            }) {
                Ok((Some(content), Some(answer))) => (content, answer),
                Ok(_) => continue,
                Err(error) => {
                    unread.get_or_insert(Arc::new(error));
                    continue;
                }
            };
            is_configured |= content.is_configured();
            let credential = match answer {
                auth_file::FileLookup::Nothing => None,
                auth_file::FileLookup::Credential(credential) => Some(credential),
                auth_file::FileLookup::Helper(name, entry) => {
                    let server = key::of_helper(asked);
                    let once = self.once(&name, server);
                    let said = once
                        .get_or_try_init(|| helper::find(&name, server, &self.0.variables))
                        .await?;
                    said.clone().or(entry)
                }
            };
            if let Some(credential) = credential {
                return Ok(credential.into());
            }
            // As in notation: its own stores, if there are any, are the only ones.
            if file.file.kind == auth_file::Kind::Notation && content.is_configured() {
                break;
            }
        }
        let mut credential = None;
        if let Some(native) = self.0.native.as_deref().filter(|_| !is_configured) {
            let server = key::of_helper(asked);
            let once = self.once(native, server);
            let found = once.get_or_try_init(|| helper::find(native, server, &self.0.variables));
            match found.await {
                Ok(found) => credential.clone_from(found),
                // The user did not name this helper, and the registry may allow an anonymous request.
                Err(error) => {
                    unread.get_or_insert(Arc::new(error));
                }
            }
        }
        Ok(CredentialLookup { credential, unread })
    }

    fn once(&self, from: &str, server: &str) -> Once {
        let mut asked = self.0.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (from.to_owned(), server.to_owned());
        Arc::clone(asked.entry(key).or_default())
    }
}
