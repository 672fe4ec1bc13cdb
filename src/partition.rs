//! AWS's partitions: worlds apart, with their own accounts, endpoints and roots.

use std::fmt;

/// A partition of AWS.
///
/// Signatures of AWS Signer are good in their own partition only: no other one can be asked
/// whether they were revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Partition {
    /// The commercial regions.
    Aws,
    /// China.
    AwsCn,
    /// GovCloud (US).
    AwsUsGov,
    /// The European Sovereign Cloud.
    AwsEusc,
    /// US, isolated.
    AwsIso,
    /// US, isolated, secret.
    AwsIsoB,
    /// Europe, isolated.
    AwsIsoE,
    /// US, isolated, further.
    AwsIsoF,
}

/// Each partition, its name, and how its regions begin. All others are [`Partition::Aws`].
const PARTITIONS: [(Partition, &str, Option<&str>); 8] = [
    (Partition::Aws, "aws", None),
    (Partition::AwsCn, "aws-cn", Some("cn-")),
    (Partition::AwsUsGov, "aws-us-gov", Some("us-gov-")),
    (Partition::AwsEusc, "aws-eusc", Some("eusc-")),
    (Partition::AwsIso, "aws-iso", Some("us-iso-")),
    (Partition::AwsIsoB, "aws-iso-b", Some("us-isob-")),
    (Partition::AwsIsoE, "aws-iso-e", Some("eu-isoe-")),
    (Partition::AwsIsoF, "aws-iso-f", Some("us-isof-")),
];

impl Partition {
    /// The partition of this exact name; `None` for any other.
    pub fn from_name(name: &str) -> Option<Self> {
        PARTITIONS
            .iter()
            .find(|(_, known, _)| *known == name)
            .map(|(partition, ..)| *partition)
    }

    /// The partition that a region of this name belongs to, by the region's beginning.
    pub fn of_region(region: &str) -> Self {
        PARTITIONS
            .iter()
            .find(|(_, _, prefix)| prefix.is_some_and(|prefix| region.starts_with(prefix)))
            .map_or(Self::Aws, |(partition, ..)| *partition)
    }

    /// The name in ARNs, for example `aws-us-gov`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsEusc => "aws-eusc",
            Self::AwsIso => "aws-iso",
            Self::AwsIsoB => "aws-iso-b",
            Self::AwsIsoE => "aws-iso-e",
            Self::AwsIsoF => "aws-iso-f",
        }
    }

    /// What the host names of its services end with, behind `SERVICE.REGION.`.
    pub const fn dns_suffix(self) -> &'static str {
        match self {
            Self::Aws | Self::AwsUsGov => "amazonaws.com",
            Self::AwsCn => "amazonaws.com.cn",
            Self::AwsEusc => "amazonaws.eu",
            Self::AwsIso => "c2s.ic.gov",
            Self::AwsIsoB => "sc2s.sgov.gov",
            Self::AwsIsoE => "cloud.adc-e.uk",
            Self::AwsIsoF => "csp.hci.ic.gov",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_belong_to_partitions() {
        for (region, partition) in [
            ("us-east-1", Partition::Aws),
            ("eu-central-2", Partition::Aws),
            ("cn-northwest-1", Partition::AwsCn),
            ("us-gov-east-1", Partition::AwsUsGov),
            ("eusc-de-east-1", Partition::AwsEusc),
            ("us-iso-east-1", Partition::AwsIso),
            ("us-isob-east-1", Partition::AwsIsoB),
            ("eu-isoe-west-1", Partition::AwsIsoE),
            ("us-isof-south-1", Partition::AwsIsoF),
        ] {
            assert_eq!(Partition::of_region(region), partition, "{region}");
            assert_eq!(Partition::from_name(partition.as_str()), Some(partition));
        }
        assert_eq!(Partition::from_name("AWS"), None);
    }
}
