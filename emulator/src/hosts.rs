//! Host names: which ones mean this emulator, and what they mean.

use crate::{partition::is_region, registry::RegistryId};

const AWS_SUFFIXES: [&str; 6] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".amazonaws.eu",
    ".amazonwebservices.com.cn",
    ".on.aws",
];

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
    const SERVICES: [&str; 11] = [
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
    ];
    is_aws_host(host) && SERVICES.iter().any(|service| host.starts_with(service))
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
}
