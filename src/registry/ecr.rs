//! Host names of Amazon ECR's private registries.
//!
//! What AWS issues goes to a host only because of its name, so that the name is read strictly: an
//! unknown suffix is no ECR host, and gets nothing.

use std::fmt;

/// The endings of ECR's host names after the region, for standard and dual-stack hosts.
const SUFFIXES: [(&str, Stack); 8] = [
    ("amazonaws.com", Stack::Ipv4),
    ("amazonaws.com.cn", Stack::Ipv4),
    ("sc2s.sgov.gov", Stack::Ipv4),
    ("c2s.ic.gov", Stack::Ipv4),
    ("cloud.adc-e.uk", Stack::Ipv4),
    ("csp.hci.ic.gov", Stack::Ipv4),
    ("on.aws", Stack::Dual),
    ("on.amazonwebservices.com.cn", Stack::Dual),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Stack {
    Ipv4,
    Dual,
}

/// A private registry of Amazon ECR, as its host name says.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EcrHost {
    account: String,
    region: String,
    fips: bool,
    stack: Stack,
    host: String,
}

impl EcrHost {
    /// Reads `ACCOUNT.dkr.ecr[-fips].REGION.SUFFIX` or `ACCOUNT.dkr-ecr[-fips].REGION.SUFFIX`;
    /// `None` for anything else, a port included.
    pub fn parse(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let (account, rest) = host.split_once('.')?;
        if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let rest = rest
            .strip_prefix("dkr.ecr")
            .or_else(|| rest.strip_prefix("dkr-ecr"))?;
        let (fips, rest) = match rest.strip_prefix("-fips") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (region, suffix) = rest.strip_prefix('.')?.split_once('.')?;
        let is_region = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if region.is_empty() || region.starts_with('-') || !region.bytes().all(is_region) {
            return None;
        }
        let (_, stack) = SUFFIXES.into_iter().find(|(known, _)| *known == suffix)?;
        Some(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            fips,
            stack,
            host: host.clone(),
        })
    }

    /// The account that the registry belongs to: twelve digits.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The region that the registry is in, for example `eu-central-1`.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Whether the host is one of the endpoints with validated cryptography.
    pub fn is_fips(&self) -> bool {
        self.fips
    }

    /// Whether the host answers on IPv6 too.
    pub fn is_dual_stack(&self) -> bool {
        self.stack == Stack::Dual
    }
}

impl fmt::Display for EcrHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_every_partition_are_read() {
        for (host, region, fips, dual_stack) in [
            (
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "eu-west-1",
                false,
                false,
            ),
            (
                "123456789012.DKR.ecr.EU-west-1.amazonaws.com",
                "eu-west-1",
                false,
                false,
            ),
            (
                "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
                "us-gov-west-1",
                true,
                false,
            ),
            (
                "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
                "cn-north-1",
                false,
                false,
            ),
            (
                "123456789012.dkr-ecr.us-east-1.on.aws",
                "us-east-1",
                false,
                true,
            ),
            (
                "123456789012.dkr-ecr-fips.us-east-1.on.aws",
                "us-east-1",
                true,
                true,
            ),
            (
                "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
                "cn-north-1",
                false,
                true,
            ),
            (
                "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov",
                "us-iso-east-1",
                false,
                false,
            ),
            (
                "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
                "us-isob-east-1",
                false,
                false,
            ),
        ] {
            let parsed = EcrHost::parse(host).unwrap();
            assert_eq!(parsed.account(), "123456789012");
            assert_eq!(
                (parsed.region(), parsed.is_fips(), parsed.is_dual_stack()),
                (region, fips, dual_stack),
                "{host}"
            );
        }
    }

    #[test]
    fn look_alikes_are_no_ecr_hosts() {
        for host in [
            "public.ecr.aws",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example",
            "123456789012.dkr.ecr.eu-west-1.evil.example",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com:443",
            "123456789012.dkr.ecr.eu-west-1.amazonaws.com.",
            "12345678901.dkr.ecr.eu-west-1.amazonaws.com",
            "x123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecrx.eu-west-1.amazonaws.com",
            "123456789012.dkr.ecr..amazonaws.com",
            "123456789012.dkr.ecr.a.b.amazonaws.com",
            "123456789012.dkr.ecr.amazonaws.com",
            "evil.123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            "",
        ] {
            assert_eq!(EcrHost::parse(host), None, "{host}");
        }
    }
}
