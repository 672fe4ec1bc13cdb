//! Bounded HTTP: one connection pool for registries, AWS and revocation.
//!
//! A [`Pool`] sends one request and gives back its answer. It follows no redirect (who follows one
//! decides which secrets go along), unpacks no compressed body, and goes through the proxies and
//! trusts the roots that its [`Settings`] say. The roots of TLS are read at the first `https`
//! request, because they cost milliseconds and a plugin's `get-plugin-metadata` needs none.
//!
//! Not checked here: what an answer says. Status codes and bodies are the caller's.

mod body;
mod carried;
mod error;
mod first_request;
mod flow;
#[cfg(feature = "cli")]
mod go_words;
mod inside;
mod named_server;
mod proxy;
mod redact;
mod retry;
mod roots;
mod roots_problem;
mod request_trace;
#[cfg(test)]
pub(crate) mod testing;

pub use body::{Body, read_body};
pub(crate) use carried::Carried;
pub use error::Error;
pub(crate) use inside::may_not_lead;
pub use inside::{is_link_local, is_loopback};
pub use proxy::Proxies;
pub(crate) use redact::host;
pub(crate) use redact::redact_listing;
pub use redact::{redact, redact_in, redact_text};
pub(crate) use request_trace::milliseconds;
pub(crate) use retry::{Lost, backoff, retry_after};
pub use roots::Roots;
pub use roots_problem::RootsProblem;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect;
use url::Url;

use crate::{allowance, limits};
use flow::Flows;
use request_trace::RequestTrace;
use roots::Trusted;

/// What a [`Pool`] does: proxies, roots of TLS, time limits.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which requests go through which proxy.
    pub proxies: Proxies,
    /// Where the trusted roots of TLS are.
    pub roots: Roots,
    /// Time within which a connection must stand.
    pub connect_timeout: Duration,
    /// Time within which the next bytes of an answer must come.
    pub read_timeout: Duration,
    /// Time of one request with its whole body.
    pub request_timeout: Duration,
    /// Wait before a request is sent the second time; doubles each time.
    pub retry_delay: Duration,
    /// Longest wait before a request is sent again.
    pub max_retry_delay: Duration,
}

impl Default for Settings {
    /// No proxies, the system's roots, the time limits of [`limits`].
    fn default() -> Self {
        Self {
            proxies: Proxies::default(),
            roots: Roots::default(),
            connect_timeout: limits::CONNECT_TIMEOUT,
            read_timeout: limits::READ_TIMEOUT,
            request_timeout: limits::REQUEST_TIMEOUT,
            retry_delay: limits::RETRY_DELAY,
            max_retry_delay: limits::MAX_RETRY_DELAY,
        }
    }
}

impl Settings {
    /// The settings that an environment says whose variables are these: `HTTPS_PROXY`, `HTTP_PROXY`,
    /// `ALL_PROXY`, `NO_PROXY` (upper case first, as Go does), `SSL_CERT_FILE`, `SSL_CERT_DIR` and
    /// `AWS_CA_BUNDLE`.
    ///
    /// # Errors
    ///
    /// [`Error::Proxy`] if a proxy's address cannot be used: to go on without it would send
    /// requests where they were not meant to go.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Ok(Self {
            proxies: Proxies::from_variables(variable)?,
            roots: Roots::from_variables(variable),
            ..Self::default()
        })
    }

    /// The same, where variables of this process have no say in where the system's roots are.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.roots.is_apart = true;
        self
    }
}

/// A connection pool; clones share it.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    clients: Mutex<Vec<(ClientKind, reqwest::Client)>>,
    /// The server that sent this pool to the hosts that it asks.
    leader: Option<Url>,
    /// The pools of those that lead elsewhere, each by its origin.
    led: Mutex<Vec<(url::Origin, Pool)>>,
    shared: Shared,
}

/// What a pool and those made from it share.
#[derive(Debug, Clone, Default)]
struct Shared {
    tls: Arc<Mutex<Option<Tls>>>,
    /// How many requests were sent.
    sent: Arc<AtomicU64>,
    flows: Arc<Flows>,
}

/// How TLS is spoken, read at the first request that needs it; or which roots could not be read, and why: a pipe
/// is read once, and no second request waits for one.
type Tls = Result<rustls::ClientConfig, (String, Option<Arc<RootsProblem>>)>;

/// Clients differ in what they know and keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ClientKind {
    /// Without TLS no roots are read, and none are trusted.
    with_tls: bool,
    /// Whether every request has a connection of its own.
    is_fresh: bool,
}

impl Pool {
    /// A pool with these settings. Reads nothing and connects nowhere yet.
    pub fn new(settings: Settings) -> Self {
        Self::sharing(settings, Shared::default(), None)
    }

    fn sharing(settings: Settings, shared: Shared, leader: Option<Url>) -> Self {
        Self(Arc::new(Inner {
            settings,
            clients: Mutex::default(),
            leader,
            led: Mutex::default(),
            shared,
        }))
    }

    /// The pool for a request to `to`, where the server at `from` leads: one that does not connect to addresses
    /// that [`may_not_lead`] refuses, whatever name they have. A proxy, which resolves names by itself, is asked as always.
    pub(crate) fn led(&self, from: &Url, to: &Url) -> Self {
        if from.host() == to.host() || self.0.settings.proxies.select(to).is_some() {
            return self.clone();
        }
        let mut led = self.0.led.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = from.origin();
        if let Some((_, pool)) = led.iter().find(|(known, _)| *known == origin) {
            return pool.clone();
        }
        let pool = Self::sharing(
            self.0.settings.clone(),
            self.0.shared.clone(),
            Some(from.clone()),
        );
        led.push((origin, pool.clone()));
        pool
    }

    /// A pool with other settings, but the same roots, which are read once for both.
    #[must_use]
    pub(crate) fn with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.0.settings.clone();
        change(&mut settings);
        settings.roots = self.0.settings.roots.clone();
        Self::sharing(settings, self.0.shared.clone(), self.0.leader.clone())
    }

    /// How many requests were sent so far, by this pool and those that share its roots. One that is sent again counts again.
    pub fn requests(&self) -> u64 {
        self.0.shared.sent.load(Ordering::Relaxed)
    }

    /// The settings that this pool was made with.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// The client for requests to `url`: no redirects, no decompression, bounded in time.
    ///
    /// # Errors
    ///
    /// [`Error::Roots`] if TLS is needed and its roots cannot be read, [`Error::Client`] if the
    /// client cannot be built.
    pub fn client(&self, url: &Url) -> Result<reqwest::Client, Error> {
        self.client_of(url, false)
    }

    fn client_of(&self, url: &Url, is_fresh: bool) -> Result<reqwest::Client, Error> {
        let proxied_by_tls = self
            .0
            .settings
            .proxies
            .select(url)
            .is_some_and(|proxy| proxy.url().scheme() == "https");
        let kind = ClientKind {
            with_tls: url.scheme() != "http" || proxied_by_tls,
            is_fresh,
        };
        let mut clients = self
            .0
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, client)) = clients.iter().find(|(known, _)| *known == kind) {
            return Ok(client.clone());
        }
        let client = self.build(kind)?;
        clients.push((kind, client.clone()));
        Ok(client)
    }

    fn tls_config(&self, with_tls: bool) -> Result<rustls::ClientConfig, Error> {
        if !with_tls {
            return roots::client_config(Trusted::nobody());
        }
        let mut kept = self
            .0
            .shared
            .tls
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let failed = |(origin, source)| Error::Roots { origin, source };
        if let Some(tls) = &*kept {
            return tls.clone().map_err(failed);
        }
        let tls = match self.0.settings.roots.load() {
            Ok(trusted) => Ok(roots::client_config(trusted)?),
            Err(Error::Roots { origin, source }) => Err((origin, source)),
            Err(other) => return Err(other),
        };
        kept.insert(tls).clone().map_err(failed)
    }

    fn build(&self, kind: ClientKind) -> Result<reqwest::Client, Error> {
        let settings = &self.0.settings;
        let proxies = settings.proxies.clone();
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls_config(kind.with_tls)?)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            // Turns off what reqwest itself would read from the environment.
            .no_proxy()
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.request_timeout)
            .pool_max_idle_per_host(limits::MAX_IDLE_CONNECTIONS)
            // Every wait has an end of its own, and each of many connections needs four calls less.
            .tcp_keepalive(None)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")));
        if !proxies.is_empty() {
            builder = builder.proxy(reqwest::Proxy::custom(move |url| {
                proxies.select(url).map(|proxy| proxy.url().clone())
            }));
        }
        if kind.is_fresh {
            builder = builder.pool_max_idle_per_host(0);
        }
        if let Some(leader) = &self.0.leader {
            builder = builder.dns_resolver(inside::Outside::of(leader));
        }
        builder.build().map_err(|source| Error::Client { source })
    }

    /// Sends `request` and gives back the answer's head, whatever its status. It is sent once more, on a
    /// new connection, only where the server said that it has not begun with it.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`], [`Error::Tls`], [`Error::TimedOut`] or [`Error::Interrupted`];
    /// [`Error::Exhausted`] if it may not be sent any more; and those of [`Pool::client`].
    pub async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        self.send_whole(request, Lost::AskAgainIfNotBegun).await
    }

    /// The same for a request that does no harm when it arrives twice: it is sent once more, on a new
    /// connection, wherever the connection was lost before the answer began. Servers close connections
    /// that they have kept open, just as the next request arrives on them.
    ///
    /// # Errors
    ///
    /// As [`Pool::send`].
    pub async fn send_harmless(
        &self,
        request: reqwest::Request,
    ) -> Result<reqwest::Response, Error> {
        self.send_whole(request, Lost::AskAgain).await
    }

    async fn send_whole(
        &self,
        request: reqwest::Request,
        lost: Lost,
    ) -> Result<reqwest::Response, Error> {
        let is_stream = request.body().is_some_and(|body| body.as_bytes().is_none());
        if is_stream {
            return self.send_once(request, false).await;
        }
        self.send_or_again(&request, lost).await
    }

    /// Sends a copy of `request`, and another one where `lost` says so.
    async fn send_or_again(
        &self,
        request: &reqwest::Request,
        lost: Lost,
    ) -> Result<reqwest::Response, Error> {
        let copy = || {
            request.try_clone().ok_or_else(|| Error::NotRepeatable {
                url: redact(request.url()),
            })
        };
        match self.send_once(copy()?, false).await {
            Err(error) if lost.is_asked_again(&error) => self.send_once(copy()?, true).await,
            answer => answer,
        }
    }

    async fn send_once(
        &self,
        request: reqwest::Request,
        is_fresh: bool,
    ) -> Result<reqwest::Response, Error> {
        let url = request.url().clone();
        let check_allowance = || {
            let checked = allowance::check();
            checked.map_err(|source| Error::Exhausted {
                url: redact(&url),
                source,
            })
        };
        check_allowance()?;
        let client = self.client_of(&url, is_fresh)?;
        let carried = Carried::of(&request);
        let method = request.method().clone();
        let turn = self.0.shared.flows.turn(&url).await;
        // Waiting may have taken the command's time.
        check_allowance()?;
        let trace = RequestTrace::of(&request, || self.via(&url));
        self.0.shared.sent.fetch_add(1, Ordering::Relaxed);
        let mut response = match client.execute(request).await {
            Ok(response) => response,
            Err(source) => {
                let error = self.error(&url, source);
                trace.failed(&error);
                if error.is_connect() {
                    turn.not_connected();
                }
                return Err(error);
            }
        };
        trace.answered(&response);
        let longest = self.0.settings.max_retry_delay;
        let turn = turn.answered(&method, response.status(), response.headers(), longest);
        let extensions = response.extensions_mut();
        // Nearly all are `GET`, which is what is taken for granted.
        if method != reqwest::Method::GET {
            extensions.insert(method);
        }
        if !carried.is_empty() {
            extensions.insert(carried);
        }
        // It ends with the body.
        if let Some(turn) = turn {
            extensions.insert(Arc::new(turn));
        }
        Ok(response)
    }

    /// How the request was made that `response` answers.
    pub(crate) fn method_of(response: &reqwest::Response) -> reqwest::Method {
        response.extensions().get().cloned().unwrap_or_default()
    }

    /// The proxy in force for `url`, as ` through ...`; empty without one.
    pub(crate) fn via(&self, url: &Url) -> String {
        let proxy = self.0.settings.proxies.select(url);
        proxy.map_or_else(String::new, |proxy| format!(" through {proxy}"))
    }

    /// What `source`, which a client of this pool gave for a request to `url`, means.
    pub fn error(&self, url: &Url, source: reqwest::Error) -> Error {
        let via = self.0.settings.proxies.select(url);
        Error::from_reqwest(url, via, &self.0.settings.roots, source)
    }
}
