//! What is said about AWS beside its own environment and files: `--plugin-config`, or the `pluginConfig`
//! of a key.

use std::collections::BTreeMap;

use super::arn::{ArnService, is_region};
use crate::http::redact_text;
use crate::partition::Partition;

/// What the user said about AWS, over and above the environment and AWS's own configuration files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// The profile in AWS's configuration files to take credentials from; nothing else is tried.
    pub profile: Option<String>,
    /// The region to ask, whatever region a signing profile is of.
    pub region: Option<String>,
    /// The URL to ask AWS Signer at, in place of its own.
    pub signer_endpoint_url: Option<String>,
    /// The URL to ask AWS KMS at, in place of its own.
    pub kms_endpoint_url: Option<String>,
}

/// Why the settings cannot be followed.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// A region that cannot be one.
    #[error("`{0}` is not a region")]
    Region(String),
    /// An endpoint that is not an `http` or `https` URL, without what may be secret in it.
    #[error("`{0}` is not the URL of an endpoint")]
    EndpointUrl(String),
    /// A setting that is probably a misspelled one of ours.
    #[error("setting `{name}` is not known")]
    Unknown {
        /// Its name.
        name: String,
        /// The settings that there are.
        known: Vec<&'static str>,
    },
    /// The region set and the one in an ARN are of two partitions, whose profiles and signatures
    /// know nothing of each other.
    #[error(
        "`{arn}` is of partition `{partition}`, but region `{region}`, which is set explicitly, is of `{other}`"
    )]
    Partition {
        /// The ARN.
        arn: String,
        /// Its partition.
        partition: Partition,
        /// The region set.
        region: String,
        /// That region's partition.
        other: Partition,
    },
}

impl SettingsError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Region(_) => Some("a region is like `us-east-1`".to_owned()),
            Self::EndpointUrl(_) => {
                Some(
                    "an endpoint is like `https://HOST` or `http://127.0.0.1:4570`; look at the variable `AWS_ENDPOINT_URL` and \
                     those whose names begin with it"
                        .to_owned(),
                )
            }
            Self::Unknown { name, known } => Some(hint_of_unknown(name, known)),
            Self::Partition { .. } => Some(
                "omit the region; the one in the ARN is used, with credentials of that partition"
                    .to_owned(),
            ),
        }
    }
}

impl Settings {
    /// The same with the credentials of this profile in AWS's configuration files.
    #[must_use]
    pub fn with_profile(self, profile: impl Into<String>) -> Self {
        let profile = Some(profile.into());
        Self { profile, ..self }
    }

    /// The same, where this region is asked.
    #[must_use]
    pub fn with_region(self, region: impl Into<String>) -> Self {
        let region = Some(region.into());
        Self { region, ..self }
    }

    /// The same, where AWS Signer is asked at this URL.
    #[must_use]
    pub fn with_signer_endpoint_url(self, url: impl Into<String>) -> Self {
        let signer_endpoint_url = Some(url.into());
        Self {
            signer_endpoint_url,
            ..self
        }
    }

    /// The same, where AWS KMS is asked at this URL.
    #[must_use]
    pub fn with_kms_endpoint_url(self, url: impl Into<String>) -> Self {
        let kms_endpoint_url = Some(url.into());
        Self {
            kms_endpoint_url,
            ..self
        }
    }

    const PROFILE: &str = "aws-profile";
    const REGION: &str = "aws-region";
    const SIGNER_ENDPOINT_URL: &str = "aws-signer-endpoint-url";
    const KMS_ENDPOINT_URL: &str = "aws-kms-endpoint-url";

    /// Names of the settings for these services, as Notation passes them on (`--plugin-config`).
    pub fn names(services: &[ArnService]) -> Vec<&'static str> {
        let endpoints = services.iter().filter_map(|service| match service {
            ArnService::Signer => Some(Self::SIGNER_ENDPOINT_URL),
            ArnService::Kms => Some(Self::KMS_ENDPOINT_URL),
            ArnService::Lambda => None,
        });
        [Self::PROFILE, Self::REGION]
            .into_iter()
            .chain(endpoints)
            .collect()
    }

    /// The settings for these services among those that Notation passes on (`--plugin-config`), as AWS's
    /// plugin knows those of AWS Signer.
    ///
    /// Settings of other plugins are passed over, as all unknown ones are by AWS's plugin; but a misspelled
    /// one of ours would quietly ask with other credentials or in another region.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Unknown`] for one that begins with `aws`, or is nearly one of ours.
    pub fn from_plugin_config(
        config: &BTreeMap<String, String>,
        services: &[ArnService],
    ) -> Result<Self, SettingsError> {
        Self::read(config, services, |name, known| {
            name.to_ascii_lowercase().starts_with("aws") || near(name, known).is_some()
        })
    }

    /// The same, where no other plugin reads them.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Unknown`] for every other setting.
    pub fn from_own_config(
        config: &BTreeMap<String, String>,
        services: &[ArnService],
    ) -> Result<Self, SettingsError> {
        Self::read(config, services, |_, _| true)
    }

    fn read(
        config: &BTreeMap<String, String>,
        services: &[ArnService],
        refuses: impl Fn(&str, &[&'static str]) -> bool,
    ) -> Result<Self, SettingsError> {
        let known = Self::names(services);
        let unknown = config
            .keys()
            .filter(|key| !known.contains(&key.as_str()))
            .find(|key| refuses(key, &known));
        if let Some(name) = unknown {
            let name = name.clone();
            return Err(SettingsError::Unknown { name, known });
        }
        let value = |key: &str| config.get(key).filter(|value| !value.is_empty()).cloned();
        Ok(Self {
            profile: value(Self::PROFILE),
            region: value(Self::REGION),
            signer_endpoint_url: value(Self::SIGNER_ENDPOINT_URL),
            kms_endpoint_url: value(Self::KMS_ENDPOINT_URL),
        })
    }

    /// Checks that each setting can be what it should be.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Region`] and [`SettingsError::EndpointUrl`].
    pub fn check(&self) -> Result<(), SettingsError> {
        if let Some(region) = &self.region
            && !is_region(region)
        {
            return Err(SettingsError::Region(region.clone()));
        }
        for text in [&self.signer_endpoint_url, &self.kms_endpoint_url]
            .into_iter()
            .flatten()
        {
            if !is_endpoint(text) {
                return Err(SettingsError::EndpointUrl(redact_text(text)));
            }
        }
        Ok(())
    }
}

/// Whether AWS can be asked at `text`: both parsers must take it, that of our requests and the SDK's.
pub(super) fn is_endpoint(text: &str) -> bool {
    let is_url = url::Url::parse(text)
        .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    is_url && text.parse::<http::Uri>().is_ok()
}

/// The setting that was probably meant by `name`: the same letters, without `aws`, or two letters changed.
fn near(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let letters = |name: &str| -> String {
        let lower = name.to_ascii_lowercase();
        lower.chars().filter(char::is_ascii_alphanumeric).collect()
    };
    let name = letters(name);
    known.iter().copied().find(|known| {
        let known = letters(known);
        let is_end = name.len() >= "region".len() && known.ends_with(&name);
        is_end || strsim::levenshtein(&name, &known) <= 2
    })
}

/// What to do about a setting that is called `name`, which is not among `known`.
pub(crate) fn hint_of_unknown(name: &str, known: &[&'static str]) -> String {
    let all = format!("the settings are `{}`", known.join("`, `"));
    match near(name, known) {
        Some(near) => format!("did you mean `{near}`? {all}"),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_those_of_the_services_in_question() {
        let with = |pairs: &[(&str, &str)], services: &[ArnService]| {
            let config = pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            Settings::from_plugin_config(&config, services)
        };
        let pairs = [
            ("aws-profile", "ci"),
            ("aws-region", "eu-west-1"),
            ("timeout", "5"),
        ];
        let signer = [&pairs[..], &[("aws-signer-endpoint-url", "http://s:1")]].concat();
        let kms = [&pairs[..], &[("aws-kms-endpoint-url", "http://k:1")]].concat();
        let settings = Settings {
            profile: Some("ci".to_owned()),
            region: Some("eu-west-1".to_owned()),
            ..Settings::default()
        };
        assert_eq!(
            with(&signer, &[ArnService::Signer]).unwrap(),
            Settings {
                signer_endpoint_url: Some("http://s:1".to_owned()),
                ..settings.clone()
            }
        );
        assert_eq!(
            with(&kms, &[ArnService::Kms]).unwrap(),
            Settings {
                kms_endpoint_url: Some("http://k:1".to_owned()),
                ..settings
            }
        );
        let empty = with(&[("aws-region", "")], &[ArnService::Kms]).unwrap();
        assert_eq!(empty, Settings::default());
        for (pairs, service) in [
            (&kms[..], ArnService::Signer),
            (&signer[..], ArnService::Kms),
            (&[("aws_region", "x")], ArnService::Kms),
            (&[("aws-Region", "x")], ArnService::Kms),
            (&[("AWS_PROFILE", "x")], ArnService::Signer),
            (&[("aws-endpoint-url", "x")], ArnService::Signer),
        ] {
            let known = Settings::names(&[service]);
            let error = with(pairs, &[service]).unwrap_err();
            assert!(
                matches!(&error, SettingsError::Unknown { known: said, .. } if *said == known),
                "{error}"
            );
        }
    }

    #[test]
    fn an_unknown_setting_is_refused_with_the_near_one() {
        let services = &[ArnService::Signer];
        for (name, meant) in [
            ("region", Some("aws-region")),
            ("Region", Some("aws-region")),
            ("profile", Some("aws-profile")),
            ("AWS_PROFILE", Some("aws-profile")),
            ("aws-regoin", Some("aws-region")),
            ("endpoint-url", Some("aws-signer-endpoint-url")),
            ("aws-kms-endpoint-url", None),
            ("timeout", None),
            ("url", None),
        ] {
            let config = BTreeMap::from([(name.to_owned(), "x".to_owned())]);
            let error = Settings::from_own_config(&config, services).unwrap_err();
            let hint = error.hint().unwrap();
            let meant_words = meant.map(|meant| format!("did you mean `{meant}`? "));
            assert!(hint.starts_with(&meant_words.unwrap_or_default()), "{hint}");
            assert_eq!(hint.contains("did you mean"), meant.is_some(), "{hint}");
            let passes = Settings::from_plugin_config(&config, services).is_ok();
            assert_eq!(
                passes,
                meant.is_none() && !name.starts_with("aws"),
                "{name}"
            );
        }
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let region = |region: &str| Settings {
            region: Some(region.to_owned()),
            ..Settings::default()
        };
        for text in ["us_east_1", "evil.example/"] {
            let error = region(text).check().unwrap_err();
            assert_eq!(error, SettingsError::Region(text.to_owned()));
        }
        for text in ["127.0.0.1:1", "file:///x", "http://a b", "http://"] {
            for settings in [
                Settings {
                    signer_endpoint_url: Some(text.to_owned()),
                    ..Settings::default()
                },
                Settings {
                    kms_endpoint_url: Some(text.to_owned()),
                    ..Settings::default()
                },
            ] {
                let error = settings.check().unwrap_err();
                assert_eq!(error, SettingsError::EndpointUrl(text.to_owned()));
            }
        }
        let secret = Settings {
            signer_endpoint_url: Some("ftp://user:word@host/?token".to_owned()),
            ..Settings::default()
        };
        assert_eq!(
            secret.check().unwrap_err().to_string(),
            "`ftp://host/?...` is not the URL of an endpoint"
        );
    }
}
