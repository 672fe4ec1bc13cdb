//! Bounded HTTP: one connection pool for registries, AWS and revocation.
//!
//! A [`Pool`] sends one request and gives back its answer. It follows no redirect (who follows one
//! decides which secrets go along), unpacks no compressed body, and goes through the proxies and
//! trusts the roots that its [`Settings`] say. The roots of TLS are read at the first `https`
//! request, because they cost milliseconds and a plugin's `get-plugin-metadata` needs none.
//!
//! Not checked here: what an answer says. Status codes and bodies are the caller's.

mod body;
mod error;
mod proxy;
mod redact;
mod retry;
mod roots;

pub use body::read_body;
pub use error::Error;
pub use proxy::Proxies;
pub(crate) use redact::host;
pub use redact::{redact, redact_in, redact_text};
pub(crate) use retry::{backoff, retry_after};
pub use roots::Roots;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect;
use url::{Host, Url};

use crate::limits;

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
    /// The settings that the environment says: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`
    /// (upper case first, as Go does), `SSL_CERT_FILE`, `SSL_CERT_DIR` and `AWS_CA_BUNDLE`.
    ///
    /// # Errors
    ///
    /// [`Error::Proxy`] if a proxy's address cannot be used: to go on without it would send
    /// requests where they were not meant to go.
    pub fn from_env() -> Result<Self, Error> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this module reads the environment for HTTP"
        )]
        Self::from_variables(|name| {
            std::env::var_os(name).and_then(|value| value.into_string().ok())
        })
    }

    /// As [`Settings::from_env`], with the variables that `variable` knows.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_env`].
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        Ok(Self {
            proxies: Proxies::from_variables(variable)?,
            roots: Roots::from_variables(variable),
            ..Self::default()
        })
    }
}

/// A connection pool; clones share it.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    /// For `http` without any TLS: built at once needed, knows no roots.
    plain: Mutex<Option<reqwest::Client>>,
    /// For everything with TLS: built at the first such request.
    tls: Mutex<Option<reqwest::Client>>,
}

impl Pool {
    /// A pool with these settings. Reads nothing and connects nowhere yet.
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(Inner {
            settings,
            plain: Mutex::new(None),
            tls: Mutex::new(None),
        }))
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
        let proxied_by_tls = self
            .0
            .settings
            .proxies
            .select(url)
            .is_some_and(|proxy| proxy.url().scheme() == "https");
        let with_tls = url.scheme() != "http" || proxied_by_tls;
        let slot = if with_tls { &self.0.tls } else { &self.0.plain };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let client = self.build(with_tls)?;
        *slot = Some(client.clone());
        Ok(client)
    }

    fn build(&self, with_tls: bool) -> Result<reqwest::Client, Error> {
        let settings = &self.0.settings;
        // Without TLS the roots stay empty, so that nothing is read and nothing is trusted.
        let roots = if with_tls {
            settings.roots.load()?
        } else {
            rustls::RootCertStore::empty()
        };
        let proxies = settings.proxies.clone();
        reqwest::Client::builder()
            .tls_backend_preconfigured(roots::client_config(roots)?)
            .redirect(redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            // Turns off what reqwest itself would read from the environment.
            .no_proxy()
            .proxy(reqwest::Proxy::custom(move |url| {
                proxies.select(url).map(|proxy| proxy.url().clone())
            }))
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.request_timeout)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|source| Error::Client { source })
    }

    /// Sends `request` once and gives back the answer's head, whatever its status.
    ///
    /// # Errors
    ///
    /// [`Error::Connect`], [`Error::Tls`], [`Error::TimedOut`] or [`Error::Interrupted`]; and those
    /// of [`Pool::client`].
    pub async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Error> {
        let url = request.url().clone();
        let client = self.client(&url)?;
        client
            .execute(request)
            .await
            .map_err(|source| self.error(&url, source))
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

/// Whether `url`'s host is this very machine: `localhost`, `127.0.0.0/8`, `[::1]`, or an address of
/// no particular host, which reaches it too.
pub fn is_loopback(url: &Url) -> bool {
    match address(url) {
        Some(address) => address.is_loopback() || address.is_unspecified(),
        None => url
            .domain()
            .is_some_and(|name| name.trim_end_matches('.').eq_ignore_ascii_case("localhost")),
    }
}

/// Whether `url`'s host is an address of the link, such as `169.254.169.254`, or one of the IPv6
/// addresses at which EC2, ECS and EKS hand out credentials.
pub fn is_link_local(url: &Url) -> bool {
    match address(url) {
        Some(IpAddr::V4(address)) => address.is_link_local(),
        Some(IpAddr::V6(address)) => {
            address.is_unicast_link_local() || matches!(address.segments(), [0xfd00, 0xec2, ..])
        }
        None => false,
    }
}

/// The address that `url`'s host is, an IPv4 address inside IPv6 unpacked; `None` for a name.
fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(address.to_canonical()),
        Host::Domain(_) => None,
    }
}
