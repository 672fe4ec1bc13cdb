//! Registries by name: how the software that people have differs from the specification in what concerns signatures.
//!
//! Facts are from public reports, which each value names; what is not from a report says so. Only what a client of
//! signatures meets is played: lists of referrers, the header `OCI-Subject`, tags; no accounts, quotas or words.

use std::str::FromStr;

use super::{ListedSize, ListedType, ReferrersApi, RegistryOptions, SubjectHeader};

/// A registry that can be played: `RegistryOptions::playing(Software::GitLab)`, or by name `"gitlab".parse()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Software {
    /// No referrers API; a tag `sha256-HEX` that is not there is read as the digest (oras-project/oras-go#1396).
    GitLab,
    /// Harbor of version 2.MINOR, from 2.6 to 2.13.
    ///
    /// To 2.7 the path of the referrers API is answered with 401 and no challenge (goharbor/harbor#18305 says it of 2.7; 2.6
    /// is assumed). From 2.8 to 2.10 it filters and lists by the type of the configuration (#19867), and gives the size of
    /// everything together (#20187); both are mended in 2.11. That `OCI-Subject` comes from 2.8 on is assumed.
    Harbor(u8),
    /// 406 for the referrers API (google/go-containerregistry#2026 and #1962).
    Artifactory,
    /// 400 for the referrers API (quay/quay#3071), no `OCI-Subject` (opencontainers/distribution-spec#563).
    Quay,
    /// No referrers API. Not from a report.
    Nexus,
    /// Lists without types (Azure/acr#784). That the filter is ignored is assumed.
    Acr,
    /// Amazon ECR, as this emulator plays it anyway.
    Ecr,
}

impl Software {
    /// All that can be played.
    pub const ALL: [Self; 14] = [
        Self::GitLab,
        Self::Harbor(6),
        Self::Harbor(7),
        Self::Harbor(8),
        Self::Harbor(9),
        Self::Harbor(10),
        Self::Harbor(11),
        Self::Harbor(12),
        Self::Harbor(13),
        Self::Artifactory,
        Self::Quay,
        Self::Nexus,
        Self::Acr,
        Self::Ecr,
    ];

    /// The name that it is called by: `gitlab`, `harbor-2.8`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::GitLab => "gitlab".to_owned(),
            Self::Harbor(minor) => format!("harbor-2.{minor}"),
            Self::Artifactory => "artifactory".to_owned(),
            Self::Quay => "quay".to_owned(),
            Self::Nexus => "nexus".to_owned(),
            Self::Acr => "acr".to_owned(),
            Self::Ecr => "ecr".to_owned(),
        }
    }
}

impl FromStr for Software {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = || Self::ALL.map(Self::name).join(", ");
        Self::ALL
            .into_iter()
            .find(|software| software.name() == name)
            .ok_or_else(|| format!("unknown registry; known are {}", known()))
    }
}

impl RegistryOptions {
    /// How `software` behaves.
    #[must_use]
    pub fn playing(software: Software) -> Self {
        let default = Self::default();
        let without_api = |referrers| Self {
            referrers,
            ..Self::default()
        };
        match software {
            Software::GitLab => Self {
                dash_tag_is_digest: true,
                ..without_api(ReferrersApi::Absent)
            },
            Software::Harbor(..=7) => without_api(ReferrersApi::Refusing { status: 401 }),
            Software::Harbor(8..=10) => Self {
                listed_type: ListedType::Configuration,
                listed_size: ListedSize::WithContent,
                ..default
            },
            Software::Harbor(_) | Software::Ecr => default,
            Software::Artifactory => without_api(ReferrersApi::Refusing { status: 406 }),
            Software::Quay => without_api(ReferrersApi::Refusing { status: 400 }),
            Software::Nexus => without_api(ReferrersApi::Absent),
            Software::Acr => Self {
                referrers: ReferrersApi::Unfiltered,
                listed_type: ListedType::Missing,
                subject_header: SubjectHeader::WithApi,
                ..default
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_registry_has_a_name() {
        for software in Software::ALL {
            assert_eq!(software.name().parse(), Ok(software));
        }
        let unknown = "harbor-2.5".parse::<Software>().unwrap_err();
        assert!(
            unknown.starts_with("unknown registry; known are gitlab, harbor-2.6, "),
            "{unknown}"
        );
    }
}
