//! Host names: which ones mean this emulator, and what they mean.

use crate::partition::is_region;

const AWS_SUFFIXES: [&str; 6] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".amazonaws.eu",
    ".amazonwebservices.com.cn",
    ".on.aws",
];

/// One ECR registry: an account in a region.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RegistryId {
    /// Twelve digits.
    pub(crate) account: String,
    /// Such as `us-east-1`.
    pub(crate) region: String,
}

/// What follows the region in the names of ECR registries, all partitions, single and dual stack.
const REGISTRY_SUFFIXES: [&str; 9] = [
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
        (is_account && is_region(region) && REGISTRY_SUFFIXES.contains(&suffix)).then(|| Self {
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

fn is_aws_host(host: &str) -> bool {
    AWS_SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

/// The region that an AWS endpoint's host names: `us-east-1` of `data-signer.us-east-1.amazonaws.com`.
pub(crate) fn region_of_host(host: &str) -> Option<&str> {
    if !is_aws_host(host) {
        return None;
    }
    host.split('.').find(|label| is_region(label))
}

/// Whether this is a private registry of Amazon ECR: `111122223333.dkr.ecr.us-east-1.amazonaws.com`, with its FIPS,
/// dual-stack (`.dkr-ecr.REGION.on.aws`) and China forms.
pub(crate) fn is_registry_host(host: &str) -> bool {
    RegistryId::of_host(host).is_some()
}

/// Whether this is an endpoint of a service that the emulator has, registries apart.
pub(crate) fn is_service_host(host: &str) -> bool {
    const SERVICES: [&str; 21] = [
        "signer.",
        "signer-fips.",
        "data-signer.",
        "data-signer-fips.",
        "verification.signer.",
        "verification.signer-fips.",
        "sts.",
        "iam.",
        "api.ecr.",
        "kms.",
        "kms-fips.",
        "ecs.",
        "ecs-fips.",
        "ssm.",
        "ssm-fips.",
        "secretsmanager.",
        "secretsmanager-fips.",
        "lambda.",
        "lambda-fips.",
        "s3.",
        "s3-fips.",
    ];
    let is_bucket = host.contains(".s3.") || host.contains(".s3-fips.");
    is_aws_host(host) && (is_bucket || SERVICES.iter().any(|service| host.starts_with(service)))
}

/// Whether this is a loopback name, or what an AWS client makes of one: `data-127.0.0.1`, `verification.127.0.0.1`.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    let name = ["data-", "verification."]
        .iter()
        .find_map(|prefix| host.strip_prefix(prefix))
        .unwrap_or(host);
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Host (lower case) and port of an authority.
pub(crate) fn split(authority: &str) -> (String, Option<u16>) {
    let parsed = authority
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse().ok()?)));
    // `[::1]` ends with what looks like a port.
    match parsed.filter(|(host, _)| !host.starts_with('[') || host.ends_with(']')) {
        Some((host, port)) => (host.to_ascii_lowercase(), Some(port)),
        None => (authority.to_ascii_lowercase(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_with_a_region() {
        assert_eq!(
            region_of_host("verification.signer.us-west-2.amazonaws.com"),
            Some("us-west-2")
        );
        assert_eq!(
            region_of_host("data-signer-fips.us-gov-west-1.api.aws"),
            Some("us-gov-west-1")
        );
        assert_eq!(region_of_host("sts.amazonaws.com"), None);
        assert_eq!(region_of_host("data-127.0.0.1"), None);
        assert_eq!(region_of_host("us-east-1.example.com"), None);
    }

    #[test]
    fn registries() {
        for host in [
            "111122223333.dkr.ecr.us-east-1.amazonaws.com",
            "111122223333.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "111122223333.dkr-ecr.us-east-1.on.aws",
            "111122223333.dkr-ecr-fips.us-east-1.on.aws",
            "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
        ] {
            assert!(is_registry_host(host), "{host}");
        }
        for host in [
            "11112222333.dkr.ecr.us-east-1.amazonaws.com",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com.example.com",
            "111122223333.dkr.ecr.amazonaws.com",
            "111122223333.s3.us-east-1.amazonaws.com",
            "public.ecr.aws",
        ] {
            assert!(!is_registry_host(host), "{host}");
        }
    }

    #[test]
    fn loopback_and_its_prefixes() {
        for host in [
            "127.0.0.1",
            "localhost",
            "data-127.0.0.1",
            "verification.localhost",
            "[::1]",
            "data-[::1]",
        ] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in [
            "data-data-127.0.0.1",
            "127.0.0.1.example.com",
            "signer.127.0.0.1",
        ] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }

    #[test]
    fn authorities() {
        assert_eq!(
            split("Data-127.0.0.1:4570"),
            ("data-127.0.0.1".to_owned(), Some(4570))
        );
        assert_eq!(split("[::1]:80"), ("[::1]".to_owned(), Some(80)));
        assert_eq!(split("[::1]"), ("[::1]".to_owned(), None));
        assert_eq!(split("example.com"), ("example.com".to_owned(), None));
    }

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
