//! Host names of Amazon ECR's private registries.
//!
//! What AWS issues goes to a host only because of its name, so that the name is read strictly: a region
//! of another form, or a suffix of another partition than the region's, is not an ECR host and gets
//! nothing.

use std::fmt;

use crate::partition::Partition;

/// The endings of ECR's host names after the region, for standard and dual-stack hosts. The first one
/// of a partition is the one that its registries are compared by.
const SUFFIXES: [(Partition, &str, Stack); 12] = [
    (Partition::Aws, "amazonaws.com", Stack::Ipv4),
    (Partition::Aws, "on.aws", Stack::Dual),
    (Partition::AwsUsGov, "amazonaws.com", Stack::Ipv4),
    (Partition::AwsUsGov, "on.aws", Stack::Dual),
    (Partition::AwsCn, "amazonaws.com.cn", Stack::Ipv4),
    (Partition::AwsCn, "on.amazonwebservices.com.cn", Stack::Dual),
    (Partition::AwsEusc, "amazonaws.eu", Stack::Ipv4),
    (Partition::AwsEusc, "on.amazonwebservices.eu", Stack::Dual),
    (Partition::AwsIso, "c2s.ic.gov", Stack::Ipv4),
    (Partition::AwsIsoB, "sc2s.sgov.gov", Stack::Ipv4),
    (Partition::AwsIsoE, "cloud.adc-e.uk", Stack::Ipv4),
    (Partition::AwsIsoF, "csp.hci.ic.gov", Stack::Ipv4),
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
        // What cannot be one is not copied.
        if host.as_bytes().get(12) != Some(&b'.') {
            return None;
        }
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
        if !is_region(region) {
            return None;
        }
        let partition = Partition::of_region(region);
        let (_, _, stack) = SUFFIXES
            .into_iter()
            .find(|(of, known, _)| *of == partition && *known == suffix)?;
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

    /// The one name by which all hosts of this registry are compared: the standard host's.
    pub(super) fn canonical(&self) -> String {
        let partition = Partition::of_region(&self.region);
        let suffix = SUFFIXES
            .into_iter()
            .find(|(of, ..)| *of == partition)
            .map_or("", |(_, suffix, _)| suffix);
        format!("{}.dkr.ecr.{}.{suffix}", self.account, self.region)
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

/// Whether a text has the form of a region's name: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn is_region(text: &str) -> bool {
    let labels: Vec<&str> = text.split('-').collect();
    let [first, middle @ .., number] = labels.as_slice() else {
        return false;
    };
    let is_word = |word: &&str| {
        !word.is_empty() && word.len() <= 16 && word.bytes().all(|byte| byte.is_ascii_lowercase())
    };
    (2..=4).contains(&first.len())
        && is_word(first)
        && (1..=3).contains(&middle.len())
        && middle.iter().all(is_word)
        && matches!(
            number.as_bytes(),
            [b'1'..=b'9'] | [b'1'..=b'9', b'0'..=b'9']
        )
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
    fn a_host_is_shown_as_it_is() {
        let host = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
        assert_eq!(EcrHost::parse(host).unwrap().to_string(), host);
    }

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
                "123456789012.dkr-ecr-fips.us-gov-west-1.on.aws",
                "us-gov-west-1",
                true,
                true,
            ),
            (
                "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu",
                "eusc-de-east-1",
                false,
                false,
            ),
            (
                "123456789012.dkr-ecr.eusc-de-east-1.on.amazonwebservices.eu",
                "eusc-de-east-1",
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

    #[test]
    fn region_and_suffix_belong_to_one_partition() {
        for rest in [
            "us-east-1.cloud.adc-e.uk",
            "us-east-1.c2s.ic.gov",
            "us-east-1.sc2s.sgov.gov",
            "us-east-1.csp.hci.ic.gov",
            "us-east-1.amazonaws.com.cn",
            "us-east-1.amazonaws.eu",
            "us-east-1.on.amazonwebservices.com.cn",
            "us-gov-west-1.amazonaws.com.cn",
            "cn-north-1.amazonaws.com",
            "cn-north-1.on.aws",
            "eusc-de-east-1.amazonaws.com",
            "eusc-de-east-1.on.aws",
            "us-iso-east-1.amazonaws.com",
            "us-iso-east-1.sc2s.sgov.gov",
            "us-isob-east-1.c2s.ic.gov",
            "eu-isoe-west-1.csp.hci.ic.gov",
            "us-isof-south-1.cloud.adc-e.uk",
            // Of the right suffix, and no region.
            "s3.amazonaws.com",
            "evil.on.aws",
            "us-east.amazonaws.com",
            "us-1.amazonaws.com",
            "us-east-0.amazonaws.com",
            "us-east-01.amazonaws.com",
            "us-east-111.amazonaws.com",
            "us--1.amazonaws.com",
            "-us-east-1.amazonaws.com",
            "us-east-1-.amazonaws.com",
            "us-ea5t-1.amazonaws.com",
            "u-east-1.amazonaws.com",
            "bucket-east-1.amazonaws.com",
            "us-a-b-c-d-1.amazonaws.com",
        ] {
            for kind in ["dkr.ecr", "dkr-ecr", "dkr.ecr-fips", "dkr-ecr-fips"] {
                let host = format!("123456789012.{kind}.{rest}");
                assert_eq!(EcrHost::parse(&host), None, "{host}");
            }
        }
    }

    #[test]
    fn every_host_of_a_registry_has_one_name() {
        for (region, suffixes, name) in [
            ("us-east-1", ["amazonaws.com", "on.aws"], "amazonaws.com"),
            (
                "us-gov-west-1",
                ["amazonaws.com", "on.aws"],
                "amazonaws.com",
            ),
            (
                "cn-north-1",
                ["amazonaws.com.cn", "on.amazonwebservices.com.cn"],
                "amazonaws.com.cn",
            ),
        ] {
            for suffix in suffixes {
                for kind in ["dkr.ecr", "dkr-ecr", "dkr.ecr-fips", "dkr-ecr-fips"] {
                    let host = format!("123456789012.{kind}.{region}.{suffix}");
                    assert_eq!(
                        EcrHost::parse(&host).unwrap().canonical(),
                        format!("123456789012.dkr.ecr.{region}.{name}"),
                        "{host}"
                    );
                }
            }
        }
    }
}
