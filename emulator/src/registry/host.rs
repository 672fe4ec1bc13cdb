//! Which registry a host name means.

use crate::{call::Call, partition::is_region};

/// One ECR registry: an account in a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RegistryId {
    /// Twelve digits.
    pub(crate) account: String,
    /// Such as `us-east-1`.
    pub(crate) region: String,
}

/// What follows the region in the names of ECR registries, all partitions, single and dual stack.
const SUFFIXES: [&str; 9] = [
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "sc2s.sgov.gov",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

impl RegistryId {
    /// The registry of an ECR host name: `111122223333.dkr.ecr.us-east-1.amazonaws.com`, `...dkr.ecr-fips...`,
    /// `111122223333.dkr-ecr.us-east-1.on.aws` and the other partitions' names.
    pub(crate) fn of_host(host: &str) -> Option<Self> {
        let (account, rest) = host.split_once('.')?;
        let service = ["dkr.ecr.", "dkr-ecr.", "dkr.ecr-fips.", "dkr-ecr-fips."]
            .into_iter()
            .find(|service| rest.starts_with(service))?;
        let (region, suffix) = rest.strip_prefix(service)?.split_once('.')?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        (is_account && is_region(region) && SUFFIXES.contains(&suffix)).then(|| Self {
            account: account.to_owned(),
            region: region.to_owned(),
        })
    }

    /// The plain (single stack, not FIPS) host name of this registry, as ECR's answers have it.
    pub(crate) fn host(&self) -> String {
        format!(
            "{}.dkr.ecr.{}.{}",
            self.account,
            self.region,
            dns_suffix(&self.region)
        )
    }
}

fn dns_suffix(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    }
}

/// The host of the bucket that ECR sends clients to for the bytes of a layer.
pub(crate) fn layer_bucket(region: &str) -> String {
    format!(
        "prod-{region}-starport-layer-bucket.s3.{region}.{}",
        dns_suffix(region)
    )
}

/// Whether `host` is a bucket's that [`layer_bucket`] names.
pub(crate) fn is_layer_bucket(host: &str) -> bool {
    let region = host
        .strip_prefix("prod-")
        .and_then(|rest| rest.split_once("-starport-layer-bucket."));
    region.is_some_and(|(region, _)| host == layer_bucket(region))
}

/// The origin (scheme, host and port) that a redirect to the bytes of a blob leads to.
///
/// Empty, so a plain path on the same server, unless the request carries credentials: ECR's redirects lead to another
/// host, where a client's HTTP library leaves the credentials out, and on the same host most libraries would not.
pub(crate) fn blob_origin(call: &Call) -> String {
    if !call
        .request
        .headers()
        .contains_key(http::header::AUTHORIZATION)
    {
        return String::new();
    }
    if let Some(registry) = RegistryId::of_host(&call.host) {
        return format!("https://{}", layer_bucket(&registry.region));
    }
    // The other name of the loopback interface: the nearest thing to another host that one server has.
    match call.host.as_str() {
        "127.0.0.1" => call.origin.replacen("127.0.0.1", "localhost", 1),
        "localhost" => call.origin.replacen("localhost", "127.0.0.1", 1),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecr_hosts_of_every_partition_are_known() {
        for (host, region) in [
            ("111122223333.dkr.ecr.us-east-1.amazonaws.com", "us-east-1"),
            (
                "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
            ),
            ("111122223333.dkr-ecr.eu-west-1.on.aws", "eu-west-1"),
            ("111122223333.dkr-ecr-fips.us-east-2.on.aws", "us-east-2"),
            (
                "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
            ),
            (
                "111122223333.dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn",
                "cn-northwest-1",
            ),
        ] {
            let id = RegistryId::of_host(host).unwrap();
            assert_eq!(
                (id.account.as_str(), id.region.as_str()),
                ("111122223333", region),
                "{host}"
            );
        }
    }

    #[test]
    fn other_hosts_are_not_ecr() {
        for host in [
            "127.0.0.1",
            "localhost",
            "11112222333.dkr.ecr.us-east-1.amazonaws.com",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com.evil.example",
            "111122223333.dkr.ecr.amazonaws.com",
            "x111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "111122223333.dkr.ecr..amazonaws.com",
            "api.ecr.us-east-1.amazonaws.com",
        ] {
            assert_eq!(RegistryId::of_host(host), None, "{host}");
        }
    }

    #[test]
    fn a_registry_and_its_layer_bucket_have_the_names_of_their_partition() {
        let id = RegistryId {
            account: "111122223333".to_owned(),
            region: "cn-north-1".to_owned(),
        };
        assert_eq!(
            id.host(),
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn"
        );
        assert!(is_layer_bucket(
            "prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com"
        ));
        assert!(is_layer_bucket(&layer_bucket("cn-north-1")));
        assert!(!is_layer_bucket(
            "prod-us-east-1-starport-layer-bucket.s3.us-east-2.amazonaws.com"
        ));
        assert!(!is_layer_bucket("prod-x.example"));
    }
}
