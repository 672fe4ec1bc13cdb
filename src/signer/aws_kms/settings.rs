//! The settings of a key, as they are given to the plugin `aws-kms` (`--plugin-config`, or the key's
//! `pluginConfig` in `signingkeys.json`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::aws::{self, ArnService};

/// The name of the plugin whose keys are those of AWS KMS.
pub const PLUGIN_NAME: &str = "aws-kms";

/// What is said about a key beside its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The region, endpoint and identity for AWS.
    pub aws: aws::Settings,
    /// The file with the certificate chain.
    pub certificate_chain: Option<PathBuf>,
}

/// Why settings cannot be followed.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingsError {
    /// A setting that does not exist. All such settings are refused: what was meant cannot be known.
    #[error("setting `{name}` is not known")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A setting of AWS that there is not.
    #[error(transparent)]
    Aws(aws::SettingsError),
    /// No certificates, without which there is no envelope.
    #[error("setting `{}` is missing", Settings::CERTIFICATE_CHAIN)]
    NoCertificateChain,
}

impl SettingsError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Aws(source) => return source.hint(),
            Self::Unknown { name } => aws::hint_of_unknown(name, &Settings::names()),
            Self::NoCertificateChain => format!(
                "give the setting `plugin-config {}=FILE`, a file with the certificate of the key and those \
                 of its issuers",
                Settings::CERTIFICATE_CHAIN
            ),
        })
    }
}

impl Settings {
    /// The name of the setting with the certificate chain's file.
    pub const CERTIFICATE_CHAIN: &'static str = "certificate_chain";

    fn names() -> Vec<&'static str> {
        let mut names = vec![Self::CERTIFICATE_CHAIN];
        names.extend(aws::Settings::names(&[ArnService::Kms]));
        names
    }

    /// The settings as they are passed on to the plugin.
    ///
    /// # Errors
    ///
    /// [`SettingsError::Unknown`].
    pub fn from_plugin_config(config: &BTreeMap<String, String>) -> Result<Self, SettingsError> {
        let names = Self::names();
        if let Some(name) = config.keys().find(|name| !names.contains(&name.as_str())) {
            return Err(SettingsError::Unknown { name: name.clone() });
        }
        let certificate_chain = config
            .get(Self::CERTIFICATE_CHAIN)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from);
        Ok(Self {
            aws: aws::Settings::from_plugin_config(config, &[ArnService::Kms])
                .map_err(SettingsError::Aws)?,
            certificate_chain,
        })
    }

    /// The file with the certificate chain.
    ///
    /// # Errors
    ///
    /// [`SettingsError::NoCertificateChain`].
    pub fn certificate_chain(&self) -> Result<&PathBuf, SettingsError> {
        self.certificate_chain
            .as_ref()
            .ok_or(SettingsError::NoCertificateChain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let config = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        Settings::from_plugin_config(&config)
    }

    #[test]
    fn settings_are_read_by_their_names() {
        let settings = with(&[
            ("certificate_chain", "release.crt"),
            ("aws-profile", "ci"),
            ("aws-region", "eu-west-1"),
            ("aws-kms-endpoint-url", "http://127.0.0.1:1"),
        ])
        .unwrap();
        assert_eq!(
            settings.certificate_chain().unwrap(),
            &PathBuf::from("release.crt")
        );
        assert_eq!(settings.aws.profile.as_deref(), Some("ci"));
        assert_eq!(settings.aws.region.as_deref(), Some("eu-west-1"));
        assert_eq!(
            settings.aws.kms_endpoint_url.as_deref(),
            Some("http://127.0.0.1:1")
        );
    }

    #[test]
    fn what_is_unknown_or_missing_is_said() {
        for name in [
            "certificate-chain",
            "certificateChain",
            "aws_region",
            "aws-signer-endpoint-url",
            "timeout",
        ] {
            let error = with(&[("certificate_chain", "x"), (name, "x")]).unwrap_err();
            assert_eq!(error.to_string(), format!("setting `{name}` is not known"));
            let hint = error.hint().unwrap();
            let (_, all) = hint.split_at(hint.find("the settings").unwrap());
            assert_eq!(
                all,
                "the settings are `certificate_chain`, `aws-profile`, `aws-region`, \
                 `aws-kms-endpoint-url`"
            );
        }
        for pairs in [&[][..], &[("certificate_chain", "")]] {
            let settings = with(pairs).unwrap();
            assert_eq!(
                settings.certificate_chain(),
                Err(SettingsError::NoCertificateChain)
            );
        }
    }
}
