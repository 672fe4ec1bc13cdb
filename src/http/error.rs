//! Why a request got no answer.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use url::Url;

use super::inside::Inside;
use super::named_server::is_authority_as_server;
use super::redact::{host, redact};
use super::roots_problem::RootsProblem;
use crate::allowance::Exhausted;
use crate::causes;

/// Why a request got no answer, or none that can be read.
///
/// URLs in here are without user names, passwords and queries: a pre-signed URL's query is a
/// credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A proxy's address cannot be used.
    #[error("the proxy in `{variable}` cannot be used: {reason}")]
    Proxy {
        /// The environment variable that names the proxy.
        variable: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A file or directory with roots of TLS cannot be read.
    #[error("the TLS roots of `{origin}` cannot be read")]
    Roots {
        /// The environment variable and the path, or the system.
        origin: String,
        /// What was found there.
        #[source]
        source: Option<Arc<RootsProblem>>,
    },
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be set up")]
    Client {
        /// What reqwest says.
        #[source]
        source: reqwest::Error,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    TlsSetup {
        /// What rustls says.
        #[source]
        source: rustls::Error,
    },
    /// A server leads into this machine or its link, by a name.
    #[error("`{host}`, where a server leads, is inside this machine or its link")]
    Inside {
        /// Host and port.
        host: String,
    },
    /// The host has no address.
    #[error("the name `{host}` does not resolve")]
    Unresolved {
        /// Host and port of the request.
        host: String,
        /// What reqwest says.
        #[source]
        source: reqwest::Error,
    },
    /// No connection.
    #[error("cannot connect to `{host}`{via}")]
    Connect {
        /// Host and port of the request.
        host: String,
        /// The proxy in force, as ` through ...`; empty without one.
        via: String,
        /// What reqwest says.
        #[source]
        source: reqwest::Error,
    },
    /// The proxy answered, and not with a connection.
    #[error("the proxy refused a connection to `{host}`{via}")]
    ProxyRefused {
        /// Host and port of the request.
        host: String,
        /// The proxy in force, as ` through ...`.
        via: String,
        /// What reqwest says.
        #[source]
        source: reqwest::Error,
    },
    /// The connection stands, but its other end is not trusted or does not speak TLS.
    #[error("no trusted TLS connection to `{host}`{via} with the roots of `{roots}`")]
    Tls {
        /// Host and port of the request.
        host: String,
        /// The proxy in force, as ` through ...`; empty without one.
        via: String,
        /// Where the trusted roots came from.
        roots: String,
        /// What rustls says.
        #[source]
        source: Box<rustls::Error>,
    },
    /// No answer, or not all of it, within the time limit.
    #[error("timed out waiting for the complete response from `{url}`{via}")]
    TimedOut {
        /// The request's URL.
        url: String,
        /// The proxy in force, as ` through ...`; empty without one.
        via: String,
        /// What reqwest says.
        #[source]
        source: reqwest::Error,
    },
    /// The connection broke off before the answer was whole.
    #[error("the answer from `{url}`{via} broke off")]
    Interrupted {
        /// The request's URL.
        url: String,
        /// The proxy in force, as ` through ...`; empty without one.
        via: String,
        /// What reqwest says.
        #[source]
        source: reqwest::Error,
    },
    /// What the work that the request is part of may use is used up.
    #[error("`{url}` was given up")]
    Exhausted {
        /// The request's URL.
        url: String,
        /// What was used up.
        #[source]
        source: Exhausted,
    },
    /// A request whose body cannot be sent twice was to be repeated.
    #[error("the request to `{url}` cannot be sent again")]
    NotRepeatable {
        /// The request's URL.
        url: String,
    },
    /// A body longer than allowed.
    #[error("the answer from `{url}` is longer than {max} bytes")]
    TooLarge {
        /// The request's URL.
        url: String,
        /// The limit in bytes.
        max: u64,
    },
    /// A compressed body, which was not asked for.
    #[error("the answer from `{url}` is encoded as `{encoding}`, which was not asked for")]
    Encoded {
        /// The request's URL.
        url: String,
        /// The value of `Content-Encoding`.
        encoding: String,
    },
}

impl Error {
    /// What may help.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Proxy { variable, .. } => Some(format!(
                "set `{variable}` to `http://HOST:PORT` or `https://HOST:PORT`, or unset it"
            )),
            Self::Roots { .. } => Some(
                "install the system's CA certificates (package `ca-certificates`), or name a PEM \
                 file of roots in `SSL_CERT_FILE`"
                    .to_owned(),
            ),
            Self::ProxyRefused { host, .. } => Some(format!(
                "allow `{host}` at the proxy, and check the user name and password in the proxy's URL; hosts \
                 in `NO_PROXY` are reached without it"
            )),
            Self::Connect { via, .. } if !via.is_empty() => {
                Some("check the proxy; hosts in `NO_PROXY` are reached without it".to_owned())
            }
            Self::Unresolved { .. } => Some(
                "check the host name, and DNS and `/etc/hosts` on this machine".to_owned(),
            ),
            Self::Exhausted { source, .. } => Some(source.hint()),
            Self::Connect { source, .. } if is_refused(source) => Some(
                "nothing listens there: check the host and the port, and that the server runs"
                    .to_owned(),
            ),
            Self::Tls { source, .. } if matches!(**source, rustls::Error::InvalidMessage(_)) => {
                Some(
                    "the server does not speak TLS there; the setting `insecure-registry` allows plain HTTP"
                        .to_owned(),
                )
            }
            Self::Tls { source, .. } if is_authority_as_server(source) => Some(
                "the server's certificate is a certificate authority's: name that very certificate in \
                 `SSL_CERT_FILE` if it is the server's own, or give the server one with `CA:FALSE`"
                    .to_owned(),
            ),
            Self::Tls { source, .. }
                if matches!(**source, rustls::Error::InvalidCertificate(_)) =>
            {
                Some(
                    "if a proxy or a private CA signs this host's certificate, name its root in \
                 `SSL_CERT_FILE`"
                        .to_owned(),
                )
            }
            _ => None,
        }
    }

    /// Whether the request did not even reach the server, so that sending it again does no harm.
    pub fn is_connect(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Unresolved { .. })
    }

    /// Whether the connection was lost before anything of an answer came; what became of the request is
    /// then not known.
    pub(super) fn is_lost(&self) -> bool {
        matches!(self, Self::Interrupted { .. })
    }

    /// Whether a request in plain HTTP got no answer in HTTP, or none at all: a server of TLS does
    /// that.
    pub fn is_answer_of_no_http(&self) -> bool {
        matches!(self, Self::Interrupted { url, .. } if url.starts_with("http://"))
    }

    /// Whether the server said that it has not begun with the request: it goes away and names an earlier
    /// stream as its last one, or refuses the stream (RFC 9113, section 8.7).
    pub(super) fn was_not_begun(&self) -> bool {
        let Self::Interrupted { source, .. } = self else {
            return false;
        };
        let h2 = causes::chain(source).find_map(|error| error.downcast_ref::<h2::Error>());
        h2.is_some_and(|error| {
            let reason = error.reason();
            error.is_remote()
                && (error.is_go_away() && reason == Some(h2::Reason::NO_ERROR)
                    || error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM))
        })
    }

    /// Whether the server, not the way to it, is at fault: it sent what no server may send.
    pub fn is_lying(&self) -> bool {
        matches!(self, Self::TooLarge { .. } | Self::Encoded { .. })
    }

    pub(super) fn from_reqwest(
        url: &Url,
        proxy: Option<&impl fmt::Display>,
        roots: &impl fmt::Display,
        source: reqwest::Error,
    ) -> Self {
        let via = proxy.map_or_else(String::new, |proxy| format!(" through {proxy}"));
        // The URL is said by us, without what is secret in it.
        let source = source.without_url();
        if let Some(tls) = tls_error(&source) {
            return Self::Tls {
                host: host(url),
                via,
                roots: roots.to_string(),
                source: Box::new(tls),
            };
        }
        if !via.is_empty() && is_refused_by_proxy(&source) {
            let host = host(url);
            return Self::ProxyRefused { host, via, source };
        }
        if is_inside(&source) {
            let host = host(url);
            return Self::Inside { host };
        }
        // With a proxy it is the proxy's name that has no address.
        if source.is_dns() && via.is_empty() {
            let host = host(url);
            return Self::Unresolved { host, source };
        }
        if source.is_connect() {
            return Self::Connect {
                host: host(url),
                via,
                source,
            };
        }
        let url = redact(url);
        if source.is_timeout() {
            Self::TimedOut { url, via, source }
        } else {
            Self::Interrupted { url, via, source }
        }
    }

    pub(super) fn from_body(url: &Url, source: reqwest::Error) -> Self {
        let (url, via, source) = (redact(url), String::new(), source.without_url());
        if source.is_timeout() {
            Self::TimedOut { url, via, source }
        } else {
            Self::Interrupted { url, via, source }
        }
    }
}

/// The error of rustls in the chain of `error`. An `io::Error` hides what it was made from, so
/// that following `source` alone does not find it.
fn tls_error(error: &reqwest::Error) -> Option<rustls::Error> {
    let mut next = error.source();
    while let Some(error) = next {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return Some(tls.clone());
        }
        let inner = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

/// Whether the proxy answered the request for a connection with a status that is not 200, which only the
/// words of the HTTP library say.
fn is_refused_by_proxy(error: &reqwest::Error) -> bool {
    causes::of(error).iter().any(|cause| {
        cause.contains("tunnel error: unsuccessful") || cause.contains("tunnel error: proxy auth")
    })
}

/// Whether a resolver would not give an address.
fn is_inside(error: &reqwest::Error) -> bool {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<Inside>() {
            return true;
        }
        source = cause.source();
    }
    false
}

/// Whether the other machine answered that nothing listens on that port.
pub(super) fn is_refused(error: &reqwest::Error) -> bool {
    causes::chain(error)
        .filter_map(|error| error.downcast_ref::<std::io::Error>())
        .any(|io| io.kind() == std::io::ErrorKind::ConnectionRefused)
}
