//! The settings that Notation passes on (`--plugin-config`), as AWS's plugin knows them.

use super::Error;
use crate::aws::{Aws, Settings};
use crate::http;
use crate::plugin_contract::PluginConfig;

const PROFILE: &str = "aws-profile";
const REGION: &str = "aws-region";
const ENDPOINT_URL: &str = "aws-signer-endpoint-url";

/// The settings that there are.
pub(in crate::plugin) const KNOWN: [&str; 3] = [PROFILE, REGION, ENDPOINT_URL];

/// AWS as the settings and the environment say. Asks nobody yet.
///
/// Settings that do not begin with `aws` are not for this plugin and are ignored, as all unknown
/// ones are by AWS's; but a misspelled one of ours would quietly sign with other credentials or in
/// another region.
pub(super) fn aws(config: &PluginConfig) -> Result<Aws, Error> {
    let unknown = config
        .keys()
        .filter(|key| !KNOWN.contains(&key.as_str()))
        .find(|key| key.to_ascii_lowercase().starts_with("aws"));
    if let Some(key) = unknown {
        return Err(Error::Setting(key.clone()));
    }
    let value = |key: &str| config.get(key).filter(|value| !value.is_empty()).cloned();
    let settings = Settings {
        profile: value(PROFILE),
        region: value(REGION),
        signer_endpoint_url: value(ENDPOINT_URL),
    };
    let pool = http::Pool::new(http::Settings::from_env().map_err(Error::Http)?);
    Aws::new(pool, settings).map_err(Error::Settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Result<Settings, Error> {
        let config = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        aws(&config).map(|aws| aws.settings().clone())
    }

    #[test]
    fn settings_are_those_of_awss_plugin() {
        let settings = with(&[
            ("aws-profile", "ci"),
            ("aws-region", "eu-west-1"),
            ("aws-signer-endpoint-url", "http://127.0.0.1:1"),
            ("timeout", "5"),
        ])
        .unwrap();
        assert_eq!(settings.profile.as_deref(), Some("ci"));
        assert_eq!(settings.region.as_deref(), Some("eu-west-1"));
        assert_eq!(
            settings.signer_endpoint_url.as_deref(),
            Some("http://127.0.0.1:1")
        );
        assert_eq!(with(&[("aws-region", "")]).unwrap(), Settings::default());
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for key in [
            "aws_region",
            "aws-Region",
            "AWS_PROFILE",
            "aws-endpoint-url",
        ] {
            assert!(matches!(with(&[(key, "x")]), Err(Error::Setting(found)) if found == key));
        }
        for (key, value) in [
            ("aws-region", "us_east_1"),
            ("aws-region", "evil.example/"),
            ("aws-signer-endpoint-url", "127.0.0.1:1"),
            ("aws-signer-endpoint-url", "file:///x"),
        ] {
            assert!(
                matches!(with(&[(key, value)]), Err(Error::Settings(_))),
                "{value}"
            );
        }
    }
}
