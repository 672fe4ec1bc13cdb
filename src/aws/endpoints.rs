//! Where a service of AWS is asked, if environment or configuration file say so.

use aws_config::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use super::settings::{SettingsError, is_endpoint};
use crate::http::redact_text;
use crate::partition::Partition;

/// Where AWS Signer's data plane is asked.
pub(super) enum DataPlane {
    /// At the URL that is set for AWS Signer.
    Signers(String),
    /// Where the SDK's own rules lead for the data plane.
    Own,
}

impl DataPlane {
    /// `explicit` is the URL that the settings have for AWS Signer.
    pub(super) fn of(sdk: &SdkConfig, explicit: Option<&String>) -> Self {
        // Without a service's configuration, nothing was taken from variables and files.
        let is_set = || sdk.service_config().is_some() && is_set("AWS_ENDPOINT_URL_SIGNER_DATA");
        let has_its_own = || is_set() || of_service(sdk, "Signer Data").is_some();
        let signers = match explicit {
            Some(url) => Some(url.clone()),
            None if has_its_own() => None,
            None => of_service(sdk, "Signer"),
        };
        signers.map_or(Self::Own, Self::Signers)
    }

    /// The URL; `None` for AWS's own.
    pub(super) fn url(self, sdk: &SdkConfig) -> Option<String> {
        match self {
            Self::Signers(url) => Some(url),
            Self::Own => {
                of_service(sdk, "Signer Data").or_else(|| sdk.endpoint_url().map(str::to_owned))
            }
        }
    }
}

fn is_set(variable: &str) -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "the SDK does not tell an endpoint of one service from one of all if they are the same"
    )]
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// The endpoint that environment or configuration file give this one service; the one for all
/// services (`AWS_ENDPOINT_URL`), which the SDK answers with in its place, does not count.
fn of_service(sdk: &SdkConfig, service: &str) -> Option<String> {
    configured(sdk, service).filter(|url| Some(url.as_str()) != sdk.endpoint_url())
}

/// The endpoint that the SDK takes for this service, not looked at yet.
pub(super) fn configured(sdk: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id(service)
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    sdk.service_config()?.load_config(key)
}

/// The services that a verification or a gate asks, and those that give it credentials.
const ASKED_SERVICES: [&str; 11] = [
    "Signer",
    "Signer Data",
    "ECR",
    "ECS",
    "SSM",
    "Secrets Manager",
    "S3",
    "STS",
    "SSO",
    "SSO OIDC",
    "Signin",
];

/// Every URL at which one of AWS's services would be asked in place of AWS's own, each once.
pub(super) fn configured_urls(sdk: &SdkConfig) -> Vec<String> {
    let mut urls: Vec<String> = sdk.endpoint_url().map(str::to_owned).into_iter().collect();
    for service in ASKED_SERVICES {
        urls.extend(configured(sdk, service));
    }
    urls.sort();
    urls.dedup();
    urls
}

/// Whether the endpoint of this service, or of all services, is configured.
pub(crate) fn has_endpoint(sdk: &SdkConfig, service: &str) -> bool {
    sdk.endpoint_url().is_some() || of_service(sdk, service).is_some()
}

/// The URL at which `service` is asked, whose host name begins with `prefix`: the one that is configured, else
/// that of AWS.
pub(super) fn url_of(
    sdk: &SdkConfig,
    service: &str,
    prefix: &str,
    region: &str,
) -> Result<String, SettingsError> {
    check_endpoint(sdk, service)?;
    let set = of_service(sdk, service).or_else(|| sdk.endpoint_url().map(str::to_owned));
    Ok(set.unwrap_or_else(|| {
        let fips = if sdk.use_fips() == Some(true) {
            "-fips"
        } else {
            ""
        };
        let suffix = Partition::of_region(region).dns_suffix();
        format!("https://{prefix}{fips}.{region}.{suffix}")
    }))
}

/// Checks the endpoint that is configured for this service, if one is: the SDK's words for one that
/// cannot be used repeat it whole, and one without a single character ends it with a panic.
pub(crate) fn check_endpoint(sdk: &SdkConfig, service: &str) -> Result<(), SettingsError> {
    match configured(sdk, service) {
        Some(url) if !is_endpoint(&url) => Err(SettingsError::EndpointUrl(redact_text(&url))),
        _ => Ok(()),
    }
}
