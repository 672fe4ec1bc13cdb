//! The name of a registry: `HOST[:PORT]`, in a spelling that a URL leaves as it is.
//!
//! The spelling of a registry must not decide who is trusted. So two spellings that reach one server are
//! either one name here or one of them is refused; what the URL parser would change is.

use std::cell::RefCell;

use url::Url;

use super::ecr::EcrHost;
use super::spelling::{RegistryNameError, check_host, check_ipv6, parse_port};

/// Other names of Docker Hub than [`DOCKER_HUB`].
const DOCKER_HUB_HOSTS: [&str; 5] = [
    "index.docker.io",
    "registry-1.docker.io",
    "registry.docker.io",
    "registry.hub.docker.com",
    DOCKER_HUB_IPV6,
];

/// The registry that Docker's images are named after, which is not the host that serves them.
const DOCKER_HUB: &str = "docker.io";

/// The host that serves Docker Hub.
pub(crate) const DOCKER_HUB_SERVER: &str = "registry-1.docker.io";

/// The host that serves it on IPv6 alone.
const DOCKER_HUB_IPV6: &str = "registry.ipv6.docker.com";

/// The public registry of Amazon ECR, and its host that answers on IPv6 too.
const PUBLIC_ECR: &str = "public.ecr.aws";
const PUBLIC_ECR_DUAL_STACK: &str = "ecr-public.aws.com";

/// How a registry is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTPS.
    Https,
    /// Plain HTTP.
    Http,
}

impl Scheme {
    /// As URLs begin.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The port of a URL that names none.
    const fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

thread_local! {
    /// The name that was read last and as what: many images of one registry name it over and over, and URLs are slow to parse.
    static LAST: RefCell<Option<(String, RegistryName)>> = const { RefCell::new(None) };
}

/// A registry: `HOST` or `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegistryName {
    /// In lower case; an IPv6 address with its brackets.
    host: String,
    port: Option<u16>,
}

impl RegistryName {
    /// Reads a name, letter case aside in the one spelling that it has.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, RegistryNameError> {
        let known = LAST.with_borrow(|last| {
            let same = last.as_ref().filter(|(read, _)| read == text);
            same.map(|(_, name)| name.clone())
        });
        if let Some(name) = known {
            return Ok(name);
        }
        let name = Self::read(text)?;
        LAST.set(Some((text.to_owned(), name.clone())));
        Ok(name)
    }

    fn read(text: &str) -> Result<Self, RegistryNameError> {
        if text.contains('%') {
            return Err(RegistryNameError::Percent);
        }
        if !text.is_ascii() {
            return Err(RegistryNameError::NotAscii);
        }
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']').ok_or(RegistryNameError::Form)?;
            check_ipv6(address)?;
            let port = match rest.strip_prefix(':') {
                None if rest.is_empty() => None,
                None => return Err(RegistryNameError::Form),
                port => port,
            };
            (format!("[{address}]"), port)
        } else {
            let (host, port) = match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            };
            check_host(host)?;
            (host.to_ascii_lowercase(), port)
        };
        let name = Self {
            host,
            port: port.map(parse_port).transpose()?,
        };
        // Whatever rules the URL parser has besides.
        if name.is_kept_by_urls() {
            Ok(name)
        } else {
            Err(RegistryNameError::Changed)
        }
    }

    /// Whether requests go to the very host and port that this name says.
    fn is_kept_by_urls(&self) -> bool {
        let written = match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        };
        [Scheme::Https, Scheme::Http].into_iter().all(|scheme| {
            let url = Url::parse(&format!("{}://{written}/", scheme.as_str()));
            url.is_ok_and(|url| {
                url.host_str() == Some(self.host.as_str())
                    && url.port() == self.port.filter(|port| *port != scheme.default_port())
                    && url.path() == "/"
                    && url.username().is_empty()
            })
        })
    }

    /// The scheme for this registry if the user asks for `wished`: Amazon ECR always over HTTPS;
    /// what is called `localhost`, at whatever port, over plain HTTP, as notation does. An address
    /// such as `127.0.0.1` is not called so.
    pub fn scheme(&self, wished: Scheme) -> Scheme {
        if EcrHost::parse(&self.host).is_some() {
            Scheme::Https
        } else if self.host == "localhost" {
            Scheme::Http
        } else {
            wished
        }
    }

    /// The scheme that the port belongs to, where one is written that does.
    #[doc(hidden)]
    pub fn scheme_of_port(&self) -> Option<Scheme> {
        [Scheme::Https, Scheme::Http]
            .into_iter()
            .find(|scheme| self.port == Some(scheme.default_port()))
    }

    /// Whether it is a host of Amazon ECR, private or public, at whatever port.
    pub fn is_amazon_ecr(&self) -> bool {
        EcrHost::parse(&self.host).is_some()
            || [PUBLIC_ECR, PUBLIC_ECR_DUAL_STACK].contains(&self.host.as_str())
    }

    /// The registry of Amazon ECR that has this name, if it is one.
    #[doc(hidden)]
    pub fn ecr(&self) -> Option<EcrHost> {
        match self.port_over(Scheme::Https) {
            None => EcrHost::parse(&self.host),
            Some(_) => None,
        }
    }

    /// Whether it is Docker Hub, which gives repositories of one word their `library/`.
    pub(super) fn is_docker_hub(&self) -> bool {
        matches!(self.port, None | Some(80 | 443)) && is_docker_hub(&self.host)
    }

    /// The host, with its port if it is another one than the scheme's own, that requests go to. Docker
    /// Hub is served by a host of another name than its own.
    #[doc(hidden)]
    pub fn server(&self, wished: Scheme) -> String {
        match self.port_over(wished) {
            None if is_docker_hub(&self.host) && self.host != DOCKER_HUB_IPV6 => {
                DOCKER_HUB_SERVER.to_owned()
            }
            None => self.host.clone(),
            Some(port) => format!("{}:{port}", self.host),
        }
    }

    /// The one name by which all spellings are compared that reach the same registry.
    #[doc(hidden)]
    pub fn canonical(&self, wished: Scheme) -> String {
        if let Some(port) = self.port_over(wished) {
            return format!("{}:{port}", self.host);
        }
        if is_docker_hub(&self.host) {
            DOCKER_HUB.to_owned()
        } else if self.host == PUBLIC_ECR_DUAL_STACK {
            PUBLIC_ECR.to_owned()
        } else if let Some(ecr) = EcrHost::parse(&self.host) {
            ecr.canonical()
        } else {
            self.host.clone()
        }
    }

    /// The port, if it is another one than that of the scheme.
    fn port_over(&self, wished: Scheme) -> Option<u16> {
        let default = self.scheme(wished).default_port();
        self.port.filter(|port| *port != default)
    }
}

fn is_docker_hub(host: &str) -> bool {
    host == DOCKER_HUB || DOCKER_HUB_HOSTS.contains(&host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str, wished: Scheme) -> String {
        RegistryName::parse(text).unwrap().canonical(wished)
    }

    #[test]
    fn hosts_of_amazon_ecr_are_known_at_whatever_port() {
        for (text, wanted) in [
            ("111122223333.dkr.ecr.us-east-1.amazonaws.com", true),
            ("111122223333.dkr.ecr.us-east-1.amazonaws.com:5000", true),
            ("public.ecr.aws", true),
            ("ecr-public.aws.com:443", true),
            ("r.example", false),
            ("111122223333.dkr.ecr.us-east-1.example", false),
        ] {
            let name = RegistryName::parse(text).unwrap();
            assert_eq!(name.is_amazon_ecr(), wanted, "{text}");
        }
    }

    #[test]
    fn spellings_that_urls_change_are_refused_and_the_hint_says_what_to_write() {
        use RegistryNameError as E;
        let ipv6 = |canonical: Option<&str>| E::Ipv6 {
            canonical: canonical.map(str::to_owned),
        };
        for (text, wanted) in [
            ("registry%2eexample", E::Percent),
            ("r.example%00", E::Percent),
            ("[fe80::1%25eth0]", E::Percent),
            ("r\u{e9}g.example", E::NotAscii),
            ("r.example\u{3002}", E::NotAscii),
            ("\u{ff52}.example", E::NotAscii),
            ("r.example.", E::TrailingDot),
            ("r.example.:5000", E::TrailingDot),
            ("127.0.0.1.", E::TrailingDot),
            ("r.example..", E::Form),
            (".r.example", E::Form),
            ("r..example", E::Form),
            ("", E::Form),
            (".", E::Form),
            ("r_x.example", E::Form),
            ("-r.example", E::Form),
            ("r.example-", E::Form),
            ("r.example ", E::Form),
            ("r.example\t", E::Form),
            ("r.exa\nmple", E::Form),
            ("u@r.example", E::Form),
            ("r.example\\x", E::Form),
            ("[::1", E::Form),
            ("[::1]x", E::Form),
            ("r.example:", E::Port),
            ("r.example:0", E::Port),
            ("r.example:0443", E::Port),
            ("r.example:00", E::Port),
            ("r.example:65536", E::Port),
            ("r.example:99999999999999999999", E::Port),
            ("r.example:+443", E::Port),
            ("r.example:4 43", E::Port),
            ("r.example:443:443", E::Port),
            ("[::1]:", E::Port),
            ("[::1]:0443", E::Port),
            ("127.1", E::Ipv4),
            ("127.0.1", E::Ipv4),
            ("2130706433", E::Ipv4),
            ("0x7f.1", E::Ipv4),
            ("0x7f000001", E::Ipv4),
            ("0X7F.0.0.1", E::Ipv4),
            ("127.0.0.0x1", E::Ipv4),
            ("127.0.0.0x", E::Ipv4),
            ("0177.0.0.1", E::Ipv4),
            ("127.0.0.01", E::Ipv4),
            ("127.000.0.1", E::Ipv4),
            ("256.0.0.1", E::Ipv4),
            ("1.2.3.4.5", E::Ipv4),
            ("r.example.1", E::Ipv4),
            ("[::0:1]", ipv6(Some("[::1]"))),
            ("[0:0:0:0:0:0:0:1]", ipv6(Some("[::1]"))),
            ("[::0001]:5000", ipv6(Some("[::1]"))),
            ("[2001:DB8::1]", ipv6(Some("[2001:db8::1]"))),
            ("[2001:db8:0:0:1::1]", ipv6(Some("[2001:db8::1:0:0:1]"))),
            ("[::ffff:127.0.0.1]", ipv6(Some("127.0.0.1"))),
            ("[::ffff:7f00:1]", ipv6(Some("127.0.0.1"))),
            ("[::127.0.0.1]", ipv6(Some("[::7f00:1]"))),
            ("[]", ipv6(None)),
            ("[v1.x]", ipv6(None)),
            ("[127.0.0.1]", ipv6(None)),
            // Punycode that decodes to nothing, to ASCII, or to what is spelled otherwise.
            ("xn--.example", E::Form),
            ("xn--a.example", E::Changed),
            ("xn--example-.org", E::Form),
            ("xn--zca.xn--a", E::Changed),
        ] {
            let error = RegistryName::parse(text).unwrap_err();
            assert_eq!(error, wanted, "{text}");
            assert!(!error.hint().is_empty());
        }
        let at_length = format!("{}.example", vec!["a"; 123].join("."));
        assert_eq!(at_length.len(), 253);
        assert!(RegistryName::parse(&at_length).is_ok());
        let too_long = RegistryName::parse(&format!("a{at_length}"));
        assert_eq!(too_long.unwrap_err(), E::Form);
        assert!(RegistryName::parse(&"a".repeat(63)).is_ok());
        let too_long = RegistryName::parse(&"a".repeat(64));
        assert_eq!(too_long.unwrap_err(), E::Form);
    }

    #[test]
    fn what_reaches_one_server_has_one_name() {
        use Scheme::{Http, Https};
        for (text, wished, wanted) in [
            ("R.Example", Https, "r.example"),
            ("r.example:443", Https, "r.example"),
            ("r.example:443", Http, "r.example:443"),
            ("r.example:80", Http, "r.example"),
            ("r.example:80", Https, "r.example:80"),
            ("r.example:5000", Https, "r.example:5000"),
            ("xn--bcher-kva.example", Https, "xn--bcher-kva.example"),
            ("192.0.2.10:443", Https, "192.0.2.10"),
            ("[2001:db8::1]:443", Https, "[2001:db8::1]"),
            ("[2001:db8::1]:80", Http, "[2001:db8::1]"),
            // Plain HTTP whatever is wished; its addresses are other registries.
            ("localhost:80", Https, "localhost"),
            ("LOCALHOST", Https, "localhost"),
            ("localhost:443", Https, "localhost:443"),
            ("127.0.0.1", Https, "127.0.0.1"),
            ("[::1]", Https, "[::1]"),
            ("localhost.example:80", Https, "localhost.example:80"),
            ("docker.io", Https, "docker.io"),
            ("Index.Docker.io:443", Https, "docker.io"),
            ("registry-1.docker.io", Http, "docker.io"),
            ("registry.docker.io", Https, "docker.io"),
            ("registry.hub.docker.com:443", Https, "docker.io"),
            ("registry.ipv6.docker.com", Https, "docker.io"),
            // No registries, or others.
            ("hub.docker.com", Https, "hub.docker.com"),
            (
                "registry.scout.docker.com",
                Https,
                "registry.scout.docker.com",
            ),
            ("docker.io:5000", Https, "docker.io:5000"),
            ("docker.io.example", Https, "docker.io.example"),
            ("public.ecr.aws:443", Https, "public.ecr.aws"),
            ("ecr-public.aws.com", Https, "public.ecr.aws"),
            ("ECR-public.aws.com:443", Https, "public.ecr.aws"),
        ] {
            assert_eq!(canonical(text, wished), wanted, "{text}");
        }
        for host in [
            "111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "111122223333.DKR.ecr.us-EAST-1.amazonaws.com:443",
            "111122223333.dkr-ecr.us-east-1.amazonaws.com",
            "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
            "111122223333.dkr-ecr-fips.us-east-1.amazonaws.com:443",
            "111122223333.dkr-ecr.us-east-1.on.aws",
            "111122223333.dkr-ecr-fips.us-east-1.on.aws:443",
            "111122223333.dkr.ecr.us-east-1.on.aws",
        ] {
            for wished in [Https, Http] {
                assert_eq!(
                    canonical(host, wished),
                    "111122223333.dkr.ecr.us-east-1.amazonaws.com",
                    "{host}"
                );
            }
            assert!(RegistryName::parse(host).unwrap().ecr().is_some());
        }
    }

    #[test]
    fn requests_go_where_the_name_says() {
        use Scheme::{Http, Https};
        for (text, wished, wanted) in [
            ("R.Example:443", Https, "r.example"),
            ("r.example:80", Https, "r.example:80"),
            ("docker.io:443", Https, "registry-1.docker.io"),
            ("registry.hub.docker.com", Https, "registry-1.docker.io"),
            (
                "registry.ipv6.docker.com",
                Https,
                "registry.ipv6.docker.com",
            ),
            ("docker.io:5000", Https, "docker.io:5000"),
            ("localhost:80", Https, "localhost"),
            ("ecr-public.aws.com", Https, "ecr-public.aws.com"),
            (
                "111122223333.dkr-ecr.us-east-1.on.aws:443",
                Http,
                "111122223333.dkr-ecr.us-east-1.on.aws",
            ),
            (
                "111122223333.dkr-ecr.us-east-1.on.aws:80",
                Http,
                "111122223333.dkr-ecr.us-east-1.on.aws:80",
            ),
        ] {
            let name = RegistryName::parse(text).unwrap();
            assert_eq!(name.server(wished), wanted, "{text}");
        }
    }

    #[test]
    fn only_localhost_and_never_amazon_ecr_is_spoken_to_in_plain_http_unasked() {
        use Scheme::{Http, Https};
        for (text, over_https, over_http) in [
            ("localhost", Http, Http),
            ("LOCALHOST:5000", Http, Http),
            ("127.0.0.1:5000", Https, Http),
            ("[::1]:5000", Https, Http),
            ("localhost.example", Https, Http),
            ("111122223333.dkr.ecr.us-east-1.amazonaws.com", Https, Https),
            (
                "111122223333.dkr.ecr.us-east-1.amazonaws.com:80",
                Https,
                Https,
            ),
        ] {
            let name = RegistryName::parse(text).unwrap();
            assert_eq!(name.scheme(Https), over_https, "{text}");
            assert_eq!(name.scheme(Http), over_http, "{text}");
        }
    }
}
