//! Which requests go through which proxy, with the rules of Go's `net/http`, which notation has.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::{Error, is_link_local, is_loopback};

/// A proxy, and the environment variable that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    variable: String,
    url: ProxyUrl,
}

/// A proxy's address, which may hold a password.
#[derive(Clone, PartialEq, Eq)]
struct ProxyUrl(Url);

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::redact(&self.0))
    }
}

impl Proxy {
    pub(super) fn url(&self) -> &Url {
        &self.url.0
    }

    fn parse(variable: &str, value: &str) -> Result<Self, Error> {
        let error = |reason| Error::Proxy {
            variable: variable.to_owned(),
            reason,
        };
        // `host:port` alone means `http`, as in Go.
        let url = if value.contains("://") {
            Url::parse(value)
        } else {
            Url::parse(&format!("http://{value}"))
        }
        .map_err(|_| error("it is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(error("its scheme is neither `http` nor `https`"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(error("it names no host"));
        }
        Ok(Self {
            variable: variable.to_owned(),
            url: ProxyUrl(url),
        })
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = &self.url.0;
        write!(f, "proxy `{}://", url.scheme())?;
        f.write_str(url.host_str().unwrap_or_default())?;
        if let Some(port) = url.port() {
            write!(f, ":{port}")?;
        }
        write!(f, "` of `{}`", self.variable)
    }
}

/// Which requests go through which proxy. The default: none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    exceptions: Vec<Exception>,
}

impl Proxies {
    /// The proxies of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper case first
    /// and else in lower case.
    ///
    /// # Errors
    ///
    /// [`Error::Proxy`] if an address cannot be used.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let either_case = |name: &str| {
            [name.to_owned(), name.to_ascii_lowercase()]
                .into_iter()
                .find_map(|name| {
                    let value = variable(&name).filter(|value| !value.is_empty())?;
                    Some((name, value))
                })
        };
        let proxy = |name: &str| {
            either_case(name)
                .or_else(|| either_case("ALL_PROXY"))
                .map(|(name, value)| Proxy::parse(&name, value.trim()))
                .transpose()
        };
        let no_proxy = either_case("NO_PROXY").map(|(_, value)| value);
        Ok(Self {
            http: proxy("HTTP_PROXY")?,
            https: proxy("HTTPS_PROXY")?,
            exceptions: no_proxy
                .unwrap_or_default()
                .split(',')
                .filter_map(Exception::parse)
                .collect(),
        })
    }

    /// Whether no request goes through any.
    pub(super) const fn is_empty(&self) -> bool {
        self.http.is_none() && self.https.is_none()
    }

    /// The proxy for requests to `url`; `None` for none.
    pub(super) fn select(&self, url: &Url) -> Option<&Proxy> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            _ => self.http.as_ref(),
        }?;
        // This machine, and the addresses at which AWS hands out credentials, are not behind a
        // proxy; to send such a request to one would give the credentials away.
        if is_loopback(url) || is_link_local(url) {
            return None;
        }
        let excepted = self.exceptions.iter().any(|e| e.matches(url));
        (!excepted).then_some(proxy)
    }
}

/// One entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    /// `*`
    All,
    /// `10.0.0.0/8`
    Network { address: IpAddr, bits: u32 },
    /// `10.0.0.1` or `10.0.0.1:8080`
    Address { address: IpAddr, port: Option<u16> },
    /// `example.com` (and below), `.example.com` (only below), with or without a port
    Domain {
        name: String,
        and_itself: bool,
        port: Option<u16>,
    },
}

impl Exception {
    /// As Go: what cannot be read is passed over.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text == "*" {
            return Some(Self::All);
        }
        if let Some((address, bits)) = text.split_once('/')
            && let (Ok(address), Ok(bits)) = (address.parse::<IpAddr>(), bits.parse())
        {
            let longest = if address.is_ipv4() { 32 } else { 128 };
            return (bits <= longest).then_some(Self::Network { address, bits });
        }
        if let Ok(address) = text.parse() {
            return Some(Self::Address {
                address,
                port: None,
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text.as_str(), None),
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse() {
            return Some(Self::Address { address, port });
        }
        let host = host
            .strip_prefix('*')
            .filter(|rest| rest.starts_with('.'))
            .unwrap_or(host);
        let name = host.strip_prefix('.').unwrap_or(host);
        (!name.is_empty()).then(|| Self::Domain {
            name: name.to_owned(),
            and_itself: name.len() == host.len(),
            port,
        })
    }

    fn matches(&self, url: &Url) -> bool {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        let is_port = |port: Option<u16>| port.is_none() || port == url.port_or_known_default();
        match self {
            Self::All => true,
            Self::Network {
                address: network,
                bits,
            } => address.is_some_and(|address| is_in_network(address, *network, *bits)),
            Self::Address {
                address: excepted,
                port,
            } => address == Some(*excepted) && is_port(*port),
            Self::Domain {
                name,
                and_itself,
                port,
            } => {
                let host = url.host_str().unwrap_or_default();
                let below = host
                    .strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.ends_with('.'));
                (below || (*and_itself && host == name)) && is_port(*port)
            }
        }
    }
}

fn is_in_network(address: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            address.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, Error> {
        Proxies::from_variables(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn selected(proxies: &Proxies, url: &str) -> Option<String> {
        let url = Url::parse(url).unwrap();
        proxies.select(&url).map(ToString::to_string)
    }

    #[test]
    fn upper_case_wins_and_all_proxy_stands_in() {
        let chosen = proxies(&[
            ("HTTPS_PROXY", "http://user:word@upper.example:3128"),
            ("https_proxy", "http://lower.example"),
            ("all_proxy", "all.example:8080"),
        ])
        .unwrap();
        assert_eq!(
            selected(&chosen, "https://registry.example/v2/").as_deref(),
            Some("proxy `http://upper.example:3128` of `HTTPS_PROXY`")
        );
        assert_eq!(
            selected(&chosen, "http://registry.example/v2/").as_deref(),
            Some("proxy `http://all.example:8080` of `all_proxy`")
        );
        assert!(!format!("{chosen:?}").contains("word"), "{chosen:?}");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_an_error_without_its_password() {
        for (value, wanted) in [
            (
                "socks5://u:word@h:1",
                "its scheme is neither `http` nor `https`",
            ),
            ("http://", "it is not a URL"),
            ("a b", "it is not a URL"),
        ] {
            let Err(Error::Proxy { variable, reason }) = proxies(&[("HTTPS_PROXY", value)]) else {
                panic!("{value} was accepted");
            };
            assert_eq!(
                (variable.as_str(), reason),
                ("HTTPS_PROXY", wanted),
                "{value}"
            );
        }
    }

    #[test]
    fn this_machine_and_the_link_are_never_proxied() {
        let all = proxies(&[("ALL_PROXY", "http://proxy.example")]).unwrap();
        for url in [
            "http://localhost:5000/",
            "https://127.8.9.10/",
            "http://[::1]:5000/",
            "http://169.254.169.254/latest/",
            "http://169.254.170.2/v2/credentials/x",
            "http://169.254.170.23/v1/credentials",
            "http://[::ffff:169.254.169.254]/latest/",
            "http://[fd00:ec2::254]/latest/",
            "http://[fd00:ec2::23]/v1/credentials",
            "http://[fe80::1]/",
        ] {
            assert_eq!(selected(&all, url), None, "{url}");
        }
        for url in [
            "http://10.0.0.1/",
            "http://signer.us-east-1.amazonaws.com/",
            "http://169.253.169.254/",
            "http://[fd00:ec3::254]/",
        ] {
            assert!(selected(&all, url).is_some(), "{url}");
        }
    }

    #[test]
    fn no_proxy_is_read_as_go_reads_it() {
        let rows = [
            ("*", "https://a.example/", true),
            ("example.com", "https://example.com/", true),
            ("example.com", "https://a.b.example.com/", true),
            ("example.com", "https://notexample.com/", false),
            (".example.com", "https://example.com/", false),
            (".example.com", "https://a.example.com/", true),
            ("*.example.com", "https://a.example.com/", true),
            ("*.example.com", "https://example.com/", false),
            ("EXAMPLE.com:443", "https://example.com/", true),
            ("example.com:8443", "https://example.com/", false),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("0.0.0.0/0", "https://11.1.2.3/", true),
            ("10.0.0.1:80", "http://10.0.0.1/", true),
            ("10.0.0.1:81", "http://10.0.0.1/", false),
            ("[fd12::1]:443", "https://[fd12::1]/", true),
            ("fd12::/16", "https://[fd12::9]/", true),
            ("other, ,example.com", "https://example.com/", true),
            ("", "https://example.com/", false),
            ("10.0.0.0/33", "https://10.0.0.0/", false),
            (":443", "https://example.com/", false),
        ];
        for (no_proxy, url, direct) in rows {
            let chosen = proxies(&[
                ("ALL_PROXY", "http://proxy.example"),
                ("no_proxy", no_proxy),
            ])
            .unwrap();
            assert_eq!(selected(&chosen, url).is_none(), direct, "{no_proxy} {url}");
        }
    }
}
