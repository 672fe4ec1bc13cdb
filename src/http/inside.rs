//! What is inside this machine or its link, where no server elsewhere may lead: metadata services hand out credentials
//! there, and other services trust every client on this machine.
//!
//! The host in a URL is checked before the request. The addresses of its name are checked when the name is resolved
//! for the connection, so a second lookup cannot give other addresses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;
use url::{Host, Url};

/// Whether a server at `from` may not lead to `to`, by what `to` says: into the link, or from elsewhere into this
/// machine. One on this machine may lead to this machine.
pub(crate) fn may_not_lead(from: &Url, to: &Url) -> bool {
    let leaves_for_own = is_loopback(to) && !is_loopback(from);
    from.host() != to.host() && (is_link_local(to) || leaves_for_own)
}

/// Resolves names where a server leads, as far as it may lead there.
pub(super) struct Outside {
    leader: Arc<str>,
    is_leader_own: bool,
}

impl Outside {
    pub(super) fn of(leader: &Url) -> Self {
        Self {
            leader: leader.host_str().unwrap_or_default().into(),
            is_leader_own: is_loopback(leader),
        }
    }
}

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        let (leader, is_leader_own) = (Arc::clone(&self.leader), self.is_leader_own);
        Box::pin(async move {
            let found = addresses(name.as_str()).await?;
            let any = |is: fn(IpAddr) -> bool| found.iter().any(|found| is(unpacked(found.ip())));
            let is_inside =
                any(is_of_link) || (any(is_own) && !is_leader_own && !is_own_host(&leader).await);
            if is_inside {
                return Err(Inside.into());
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

/// Whether the server that leads is on this machine itself, by another name.
async fn is_own_host(host: &str) -> bool {
    let found = addresses(host).await.unwrap_or_default();
    found.iter().any(|found| is_own(unpacked(found.ip())))
}

/// The port is the request's.
async fn addresses(host: &str) -> io::Result<Vec<SocketAddr>> {
    Ok(lookup_host((host, 0)).await?.collect())
}

/// A name has an address where no server elsewhere may lead.
#[derive(Debug, thiserror::Error)]
#[error("it has an address of this machine or its link")]
pub(super) struct Inside;

/// Whether `url`'s host is this very machine: `localhost`, `127.0.0.0/8`, `[::1]`, or an address of
/// no particular host, which reaches it too.
pub fn is_loopback(url: &Url) -> bool {
    match address(url) {
        Some(address) => is_own(address),
        None => url
            .domain()
            .is_some_and(|name| name.trim_end_matches('.').eq_ignore_ascii_case("localhost")),
    }
}

/// Whether `url`'s host is an address of the link, such as `169.254.169.254`, or one of the IPv6
/// addresses at which EC2, ECS and EKS hand out credentials.
pub fn is_link_local(url: &Url) -> bool {
    address(url).is_some_and(is_of_link)
}

fn is_own(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

fn is_of_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => {
            address.is_unicast_link_local() || matches!(address.segments(), [0xfd00, 0xec2, ..])
        }
    }
}

/// The address that `url`'s host is, an IPv4 address inside IPv6 unpacked; `None` for a name.
fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(unpacked(IpAddr::V6(address))),
        Host::Domain(_) => None,
    }
}

fn unpacked(address: IpAddr) -> IpAddr {
    let IpAddr::V6(address) = address else {
        return address;
    };
    match address.segments() {
        // IPv4-compatible (RFC 4291), and by way of a translator (RFC 6052).
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] if high != 0 => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        _ => address.to_canonical(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Error, Pool, Settings};
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    /// Looks `name` up, where a server at `leader` leads.
    async fn resolved(leader: &str, name: &str) -> Result<usize, bool> {
        let found = Outside::of(&url(leader))
            .resolve(name.parse().unwrap())
            .await;
        found
            .map(Iterator::count)
            .map_err(|error| error.is::<Inside>())
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_no_place_to_lead_to_from_elsewhere() {
        assert_eq!(
            resolved("http://192.0.2.1:5000", "localhost").await,
            Err(true)
        );
        assert_eq!(
            resolved("http://192.0.2.1:5000", "169.254.169.254").await,
            Err(true)
        );
        assert_eq!(
            resolved("http://127.0.0.1:5000", "169.254.169.254").await,
            Err(true)
        );
        assert_eq!(resolved("http://192.0.2.1:5000", "192.0.2.2").await, Ok(1));
        for leader in ["http://127.0.0.1:5000", "http://localhost:5000"] {
            assert!(resolved(leader, "localhost").await.is_ok());
        }
        // Whatever it is called, a server on this machine may lead to this machine.
        let outside = Outside {
            leader: "localhost".into(),
            is_leader_own: false,
        };
        assert!(outside.resolve("localhost".parse().unwrap()).await.is_ok());
    }

    #[tokio::test]
    async fn where_a_name_leads_inside_nothing_is_asked() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let to = url(&format!(
            "http://localhost:{}/x",
            server.local_addr().unwrap().port()
        ));
        let pool = Pool::new(Settings::default()).led(&url("http://192.0.2.1:5000"), &to);
        let request = reqwest::Request::new(reqwest::Method::GET, to);
        let error = pool.send(request).await.unwrap_err();
        assert!(
            matches!(&error, Error::Inside { host } if host.starts_with("localhost:")),
            "{error:?}"
        );
        server.set_nonblocking(true).unwrap();
        assert_eq!(
            server.accept().unwrap_err().kind(),
            io::ErrorKind::WouldBlock
        );
    }

    #[test]
    fn a_proxy_resolves_names_by_itself() {
        let settings = Settings::from_variables(|name| {
            (name == "HTTP_PROXY").then(|| "http://localhost:3128".to_owned())
        });
        let pool = Pool::new(settings.unwrap());
        let led = pool.led(&url("http://r.example"), &url("http://s.example"));
        assert!(led.0.leader.is_none());
    }

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
