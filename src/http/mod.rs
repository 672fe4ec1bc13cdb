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
mod named_server;
mod proxy;
mod redact;
mod retry;
mod roots;
#[cfg(test)]
pub(crate) mod testing;

pub use body::{Body, read_body};
pub use error::Error;
pub use proxy::Proxies;
pub(crate) use redact::host;
pub use redact::{redact, redact_in, redact_text};
pub(crate) use retry::{Lost, backoff, retry_after};
pub use roots::Roots;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::redirect;
use url::{Host, Url};

use crate::{allowance, limits};
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
}

/// A connection pool; clones share it.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    clients: Mutex<Vec<(ClientKind, reqwest::Client)>>,
    /// How TLS is spoken; read at the first request that needs it.
    tls: Arc<Mutex<Option<rustls::ClientConfig>>>,
}

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
        Self::sharing(settings, Arc::default())
    }

    fn sharing(settings: Settings, tls: Arc<Mutex<Option<rustls::ClientConfig>>>) -> Self {
        Self(Arc::new(Inner {
            settings,
            clients: Mutex::default(),
            tls,
        }))
    }

    /// A pool with other settings, but the same roots, which are read once for both.
    #[must_use]
    pub(crate) fn with(&self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = self.0.settings.clone();
        change(&mut settings);
        settings.roots = self.0.settings.roots.clone();
        Self::sharing(settings, Arc::clone(&self.0.tls))
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
        let mut kept = self.0.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = &*kept {
            return Ok(config.clone());
        }
        let config = roots::client_config(self.0.settings.roots.load()?)?;
        *kept = Some(config.clone());
        Ok(config)
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
            .proxy(reqwest::Proxy::custom(move |url| {
                proxies.select(url).map(|proxy| proxy.url().clone())
            }))
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .timeout(settings.request_timeout)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")));
        if kind.is_fresh {
            builder = builder.pool_max_idle_per_host(0);
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
        self.send_or_again(request, Lost::AskAgainIfNotBegun).await
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
        self.send_or_again(request, Lost::AskAgain).await
    }

    async fn send_or_again(
        &self,
        request: reqwest::Request,
        lost: Lost,
    ) -> Result<reqwest::Response, Error> {
        let again = request.try_clone();
        match (self.send_once(request, false).await, again) {
            (Err(error), Some(again)) if lost.is_asked_again(&error) => {
                self.send_once(again, true).await
            }
            (answer, _) => answer,
        }
    }

    async fn send_once(
        &self,
        request: reqwest::Request,
        is_fresh: bool,
    ) -> Result<reqwest::Response, Error> {
        let url = request.url().clone();
        allowance::check().map_err(|source| Error::Exhausted {
            url: redact(&url),
            source,
        })?;
        let client = self.client_of(&url, is_fresh)?;
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
        Host::Ipv6(address) => Some(match address.segments() {
            // IPv4-compatible (RFC 4291), and by way of a translator (RFC 6052).
            [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] if high != 0 => {
                let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
                IpAddr::V4(Ipv4Addr::new(a, b, c, d))
            }
            _ => address.to_canonical(),
        }),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_link_are_known_however_they_are_written() {
        let is_link = |url: &str| is_link_local(&Url::parse(url).unwrap());
        for url in [
            "http://169.254.169.254/latest",
            "http://169.254.0.1",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://[fe80::1]/",
            "http://[febf::1]/",
            "http://[fd00:ec2::254]/",
            "http://[fd00:ec2:ffff::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[::169.254.169.254]/",
            "http://[64:ff9b::a9fe:a9fe]/",
        ] {
            assert!(is_link(url), "{url}");
        }
        for url in [
            "http://169.253.1.1/",
            "http://[fec0::1]/",
            "http://[fd00:ec3::1]/",
            "http://[::1]/",
            "http://link.example/",
        ] {
            assert!(!is_link(url), "{url}");
        }
    }
}
