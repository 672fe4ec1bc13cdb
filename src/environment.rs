//! Where a verifier or a signer runs: its variables, its clock, its credentials and its connections.
//!
//! An environment is a value that is made and handed in. Only [`Environment::of_process`] reads the process;
//! one of [`Environment::of_variables`] knows nothing but what it was given, so that tests, gates and services
//! decide what counts. No request is sent before the first verification or signature.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use time::OffsetDateTime;

use crate::aws::Aws;
use crate::config::{self, Platform};
use crate::http;
use crate::plugin_host::PluginHost;
use crate::process::ChildVariables;
use crate::registry::{self, AuthFile, AuthFiles, AwsEcrTokens, Credentials};
use crate::revocation::{Cache, Checker, Network};
#[cfg(feature = "cli")]
use crate::secrets;

pub use crate::aws::{Settings as AwsSettings, SettingsError as AwsSettingsError};
pub use crate::config::{NoDirectory, NotationDirs};
pub use crate::registry::{Credential, PlainHttp, Secret};

/// Why an environment cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A proxy's address cannot be used.
    #[error(transparent)]
    Http(http::Error),
    /// A setting of AWS cannot be what it should be.
    #[error(transparent)]
    Aws(AwsSettingsError),
}

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Http(error) => error.hint(),
            Self::Aws(error) => error.hint(),
        }
    }
}

/// What time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// What the system says, again at each question.
    System,
    /// Always this.
    Fixed(OffsetDateTime),
}

impl Clock {
    /// The time now.
    pub fn now(self) -> OffsetDateTime {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the clock"
            )]
            Self::System => OffsetDateTime::now_utc(),
            Self::Fixed(time) => time,
        }
    }
}

#[derive(Clone)]
enum Variables {
    Process,
    Given(Arc<BTreeMap<OsString, OsString>>),
}

impl Variables {
    fn get(&self, name: &str) -> Option<OsString> {
        match self {
            #[expect(
                clippy::disallowed_methods,
                reason = "the one place that reads the process's variables for everything but AWS"
            )]
            Self::Process => std::env::var_os(name),
            Self::Given(all) => all.get(std::ffi::OsStr::new(name)).cloned(),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|value| value.into_string().ok())
    }

    /// Those whose names begin with `start`, without empty ones.
    fn beginning_with(&self, start: &str) -> Vec<(String, String)> {
        let keep = |(name, value): (OsString, OsString)| {
            let name = name.into_string().ok()?;
            let value = value.to_string_lossy().into_owned();
            (name.starts_with(start) && !value.is_empty()).then_some((name, value))
        };
        match self {
            Self::Process => std::env::vars_os().filter_map(keep).collect(),
            Self::Given(all) => all
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .filter_map(keep)
                .collect(),
        }
    }
}

/// Variables whose values are secret.
#[cfg(feature = "cli")]
const SECRET_VARIABLES: [&str; 4] = [
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "NOTATION_PASSWORD",
];

/// Where a verifier or a signer runs.
///
/// Verifiers and signers of one environment, and of its clones, share its connections, the credentials and
/// tokens that were fetched for them, and AWS's limits of requests. So does an environment with another clock or
/// another place for what is kept; every other change by one of the `with_` methods gives one that shares nothing
/// with the one before.
#[derive(Clone)]
pub struct Environment {
    variables: Variables,
    user: Option<u32>,
    clock: Clock,
    aws: AwsSettings,
    aws_credentials: Option<SharedCredentialsProvider>,
    credential: Option<(String, Credential)>,
    /// The files with credentials for registries, in place of those of Notation, Docker and Podman.
    credential_files: Option<Vec<PathBuf>>,
    plain_http: PlainHttp,
    cache: Option<PathBuf>,
    content_cache: Option<PathBuf>,
    connections: Arc<OnceLock<Connections>>,
}

impl fmt::Debug for Environment {
    /// Without variables, which hold secrets.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Environment")
            .field("clock", &self.clock)
            .field("aws", &self.aws)
            .finish_non_exhaustive()
    }
}

/// What an environment's verifiers and signers share.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Connections {
    /// Of HTTP.
    pub pool: http::Pool,
    /// AWS, with its credentials.
    pub aws: Aws,
    /// Registries, with theirs.
    pub registry: registry::Client,
}

impl Environment {
    /// That of this process: its variables, the system's clock, the credentials that AWS's own rules find, the
    /// credential stores of Notation, Docker and Podman.
    pub fn of_process() -> Self {
        Self::new(Variables::Process, user(), Clock::System)
    }

    /// One that knows these variables and this clock, and nothing of the process: no credentials of AWS before
    /// [`Self::with_aws_credentials`], and AWS's own endpoints unless [`Self::with_aws_settings`] names others. Plugins
    /// and credential helpers are given these variables and no others.
    ///
    /// The roots of TLS are the system's unless `SSL_CERT_FILE` or `SSL_CERT_DIR` is among the variables. On macOS
    /// and Windows they cannot be read while the process itself has one of these two; requests over TLS fail then.
    pub fn of_variables<K, V>(variables: impl IntoIterator<Item = (K, V)>, clock: Clock) -> Self
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self::new(Variables::Given(Arc::new(variables)), None, clock)
    }

    fn new(variables: Variables, user: Option<u32>, clock: Clock) -> Self {
        Self {
            variables,
            user,
            clock,
            aws: AwsSettings::default(),
            aws_credentials: None,
            credential: None,
            credential_files: None,
            plain_http: PlainHttp::AlsoThese(Vec::new()),
            cache: None,
            content_cache: None,
            connections: Arc::default(),
        }
    }

    /// The same with another clock, over the same connections.
    #[must_use]
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The same with these settings of AWS: profile, region, endpoints.
    #[must_use]
    pub fn with_aws_settings(self, aws: AwsSettings) -> Self {
        Self {
            aws,
            connections: Arc::default(),
            ..self
        }
    }

    /// The same with these credentials of AWS and no others.
    #[must_use]
    pub fn with_aws_credentials(self, credentials: impl ProvideCredentials + 'static) -> Self {
        Self {
            aws_credentials: Some(SharedCredentialsProvider::new(credentials)),
            connections: Arc::default(),
            ..self
        }
    }

    /// The same with this credential for the registry at `server`, a host with its port if it has one, before
    /// every other.
    #[must_use]
    pub fn with_registry_credential(self, server: String, credential: Credential) -> Self {
        Self {
            credential: Some((server, credential)),
            connections: Arc::default(),
            ..self
        }
    }

    /// The same, where answers are kept in this directory, whatever the variables say, over the same connections.
    #[must_use]
    pub fn with_cache(self, directory: PathBuf) -> Self {
        Self {
            cache: Some(directory),
            ..self
        }
    }

    /// The same, where signatures that were fetched before are kept in this directory, and read from it. Whether a
    /// signature is there still is asked of the registry every time; bytes count by their digest alone. The
    /// connections are the same.
    #[must_use]
    pub fn with_content_cache(self, directory: PathBuf) -> Self {
        Self {
            content_cache: Some(directory),
            ..self
        }
    }

    /// The directory of signatures that were fetched before, where there is one.
    pub(crate) fn content_cache(&self) -> Option<PathBuf> {
        self.content_cache.clone()
    }

    /// The same with the credentials for registries in these files and in no other ones. They have the form of
    /// Docker's `config.json`; one that names a credential helper cannot be used, so no program is run.
    #[must_use]
    pub fn with_registry_credential_files(self, files: Vec<PathBuf>) -> Self {
        Self {
            credential_files: Some(files),
            connections: Arc::default(),
            ..self
        }
    }

    /// The same, where these registries are asked over plain HTTP; `localhost` always is.
    #[must_use]
    pub fn with_plain_http(self, plain_http: PlainHttp) -> Self {
        Self {
            plain_http,
            connections: Arc::default(),
            ..self
        }
    }

    /// The value of a variable, if it is text.
    pub fn variable(&self, name: &str) -> Option<String> {
        self.variables.text(name)
    }

    /// From here on, no output repeats the secrets that the variables have, wherever it comes from.
    #[cfg(feature = "cli")]
    pub(crate) fn remember_secrets(&self) {
        for variable in SECRET_VARIABLES {
            if let Some(secret) = self.variable(variable) {
                secrets::remember(&secret);
            }
        }
        // The last part of a container's path is all that its credentials are asked for with.
        if let Some(path) = self.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            secrets::remember(path.rsplit('/').next().unwrap_or_default());
        }
    }

    /// Every URL at which AWS would be asked in place of its own endpoints, with where it is set: a variable, or
    /// AWS's configuration files and settings. Variables count even where AWS's own rules pass over them.
    ///
    /// # Errors
    ///
    /// As [`Environment::connections`].
    pub async fn aws_endpoint_urls(&self) -> Result<Vec<(String, String)>, Error> {
        let set = self
            .variables
            .beginning_with("AWS_ENDPOINT_URL")
            .into_iter();
        let mut found: Vec<_> = set.map(|(name, url)| (format!("`{name}`"), url)).collect();
        found.sort();
        for url in self.connections()?.aws.endpoint_urls().await {
            if !found.iter().any(|(_, known)| *known == url) {
                found.push(("`endpoint_url` of AWS's configuration".to_owned(), url));
            }
        }
        Ok(found)
    }

    /// The time now.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Where Notation keeps its files.
    ///
    /// # Errors
    ///
    /// As [`NotationDirs::new`].
    pub fn notation_directories(&self) -> Result<NotationDirs, NoDirectory> {
        NotationDirs::new(Platform::current(), |name| self.variables.get(name))
    }

    /// Where answers are kept, if there is a place for it.
    pub fn cache(&self) -> Option<PathBuf> {
        if self.cache.is_some() {
            return self.cache.clone();
        }
        match self.notation_directories() {
            Ok(directories) => directories.cache,
            Err(error) => error.cache,
        }
    }

    /// The directory of Notation's plugins.
    ///
    /// # Errors
    ///
    /// As [`NotationDirs::new`], where no variable of its own names it either.
    pub fn plugins(&self) -> Result<PathBuf, NoDirectory> {
        match self.notation_directories() {
            Ok(directories) => Ok(directories.plugins()),
            Err(error) => match &error.libexec {
                Some(libexec) => Ok(config::plugins(Path::new(libexec))),
                None => Err(error),
            },
        }
    }

    /// The plugins that are installed, which are given this environment's variables.
    ///
    /// # Errors
    ///
    /// As [`Self::plugins`].
    pub(crate) fn plugin_host(&self) -> Result<PluginHost, NoDirectory> {
        let host = PluginHost::new(self.plugins()?);
        Ok(host.with_variables(self.child_variables()))
    }

    /// What programs are given that run for it.
    pub(crate) fn child_variables(&self) -> ChildVariables {
        match &self.variables {
            Variables::Process => ChildVariables::OfProcess,
            Variables::Given(all) => ChildVariables::Given(Arc::clone(all)),
        }
    }

    /// Its connections, made at the first call. Connects nowhere yet.
    ///
    /// # Errors
    ///
    /// [`Error`].
    #[doc(hidden)]
    pub fn connections(&self) -> Result<Connections, Error> {
        if let Some(connections) = self.connections.get() {
            return Ok(connections.clone());
        }
        let settings = http::Settings::from_variables(|name| self.variables.text(name));
        let settings = match (settings.map_err(Error::Http)?, &self.variables) {
            (settings, Variables::Process) => settings,
            (settings, Variables::Given(_)) => settings.apart(),
        };
        let pool = http::Pool::new(settings);
        let aws = self.aws_over(&pool).map_err(Error::Aws)?;
        let files = AuthFiles::from(self.auth_files())
            .with_native(self.native_helper())
            .with_variables(self.child_variables());
        let credentials = Credentials::new(
            self.credential.clone(),
            Some(Arc::new(AwsEcrTokens::new(aws.clone()))),
            files,
        );
        let registry = registry::Client::new(pool.clone(), credentials, self.plain_http.clone());
        let made = Connections {
            pool,
            aws,
            registry,
        };
        Ok(self.connections.get_or_init(|| made).clone())
    }

    /// The files that may have credentials for registries, in the order in which they count.
    fn auth_files(&self) -> Vec<AuthFile> {
        if let Some(files) = &self.credential_files {
            let files = files.iter().cloned();
            return files.map(AuthFile::without_helpers).collect();
        }
        let mut files = Vec::new();
        if let Ok(directories) = self.notation_directories() {
            files.push(AuthFile::of_notation(directories.config_file()));
        }
        files.extend(registry::auth_files(
            |name| self.variables.text(name),
            self.user,
        ));
        files
    }

    /// The credential helper that this system has by itself. Where the files are named, no program may be run.
    fn native_helper(&self) -> Option<String> {
        match self.credential_files {
            Some(_) => None,
            None => registry::native_helper(|name| self.variables.text(name)),
        }
    }

    /// Where a login is kept.
    #[cfg(feature = "cli")]
    pub(crate) fn login_store(&self) -> Result<registry::LoginStore, NoDirectory> {
        Ok(registry::LoginStore::new(
            self.notation_directories()?.config_file(),
            registry::docker_config(|name| self.variables.text(name)),
            self.native_helper(),
        ))
    }

    /// Asks about revocation over `connections`, with the cache of CRLs if there is a place for it.
    pub(crate) fn revocation(&self, connections: &Connections) -> Checker {
        let network = Network::new(connections.pool.clone());
        let checker = Checker::new(Arc::new(network));
        match self.cache() {
            Some(cache) => checker.with_cache(Cache::new(&cache)),
            None => checker,
        }
    }

    fn aws_over(&self, pool: &http::Pool) -> Result<Aws, AwsSettingsError> {
        let settings = self.aws.clone();
        match (&self.variables, &self.aws_credentials) {
            (Variables::Process, None) => Aws::new(pool.clone(), settings),
            (Variables::Process, Some(credentials)) => Aws::new(pool.clone(), settings)
                .map(|aws| aws.with_credentials(credentials.clone())),
            (Variables::Given(_), credentials) => {
                Aws::apart(pool.clone(), settings, credentials.clone())
            }
        }
    }
}

/// The number of this process's user.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there is no number")]
fn user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// The number of this process's user.
#[cfg(not(unix))]
fn user() -> Option<u32> {
    None
}
